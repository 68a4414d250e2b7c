// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/regions.h"

#define KIND(kind)    (1U << (kind))
#define KINDS_NO_SLOT (KIND(MTREE_IO) | KIND(MTREE_CONTAINER))
#define KINDS_ROM     (KIND(MTREE_ROM) | KIND(MTREE_ROMD))

static int order_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

static int order_nodes(const struct mtree_node *a, const struct mtree_node *b)
{
	int ret = strcmp(a->name, b->name);

	ret = ret ? ret : order_text(a->owner, b->owner);
	ret = ret ? ret : order_text(a->parent_object, b->parent_object);
	return ret ? ret :
		     (a->priority > b->priority) - (a->priority < b->priority);
}

static int order_groups(const void *a, const void *b)
{
	const struct region_group *x = a, *y = b;

	return order_nodes(x->node, y->node);
}

int regions_init(struct regions *regions, const struct mtree_tree *tree,
		 const struct mtree_match *match)
{
	struct region_group *groups, *last;
	size_t i, nr = 0;

	*regions = (struct regions){ .owned = tree->owned };
	groups = calloc(tree->nr_nodes + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	for (i = 0; i < tree->nr_nodes; i++) {
		/* A flat view shows what terminates; an alias never does */
		if (tree->nodes[i].alias)
			continue;
		groups[nr++] = (struct region_group){
			.node = &tree->nodes[i],
			.kinds = KIND(tree->nodes[i].kind),
			.class = match ? match->class[i] : -1,
		};
	}
	qsort(groups, nr, sizeof(*groups), order_groups);
	for (i = 0; i < nr; i++) {
		last = regions->nr ? &groups[regions->nr - 1] : NULL;
		if (last && !order_groups(last, &groups[i])) {
			last->kinds |= groups[i].kinds;
			if (last->class != groups[i].class)
				last->class = -1;
		} else {
			groups[regions->nr++] = groups[i];
		}
	}
	regions->groups = groups;
	return 0;
}

void regions_deinit(struct regions *regions)
{
	free(regions->groups);
	*regions = (struct regions){ 0 };
}

const struct region_group *regions_find(const struct regions *regions,
					const struct mtree_range *range)
{
	struct mtree_node node = {
		.name = range->name,
		.owner = range->owner,
		.parent_object = range->parent,
		.priority = range->priority,
	};
	struct region_group key = { .node = &node };

	return bsearch(&key, regions->groups, regions->nr, sizeof(key),
		       order_groups);
}

enum range_slot regions_slot(const struct regions *regions,
			     const struct mtree_range *range)
{
	const struct region_group *group;

	switch (range->kind) {
	case MTREE_IO:
	case MTREE_CONTAINER:
		return RANGE_NO_SLOT;
	case MTREE_RAM:
	case MTREE_RAMD:
		return RANGE_SLOT;
	case MTREE_ROMD:
		return RANGE_SLOT_READONLY;
	default:
		break;
	}
	group = regions_find(regions, range);
	if (!group)
		return RANGE_UNKNOWN;
	if (!(group->kinds & ~KINDS_NO_SLOT))
		return RANGE_NO_SLOT;
	if (group->kinds & KINDS_NO_SLOT)
		return RANGE_UNKNOWN;
	if (!(group->kinds & ~KINDS_ROM))
		return RANGE_SLOT_READONLY;
	if (group->kinds == KIND(MTREE_RAM))
		return RANGE_SLOT;
	/* Several alike; or a RAM device, which is never printed as "rom" */
	return RANGE_SLOT_EITHER;
}
