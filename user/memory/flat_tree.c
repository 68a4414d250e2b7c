// SPDX-License-Identifier: GPL-2.0-or-later
/* The nodes of a flat view: making, sharing, going, looking up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/flat_tree.h"
#include "memory/flat_view.h"
#include "memory/render.h"

_Static_assert(FLAT_MIN >= 2 && FLAT_MAX < 256,
	       "or it grows too high, or wide");

void flat_node_unref(struct flat_node *node)
{
	unsigned int i;

	if (!node || --node->refs)
		return;
	for (i = 0; i < node->nr; i++) {
		if (node->height)
			flat_node_unref(node->children[i].node);
		else
			memory_region_unref(node->ranges[i].region);
	}
	free(node);
}

static struct flat_node *make_leaf(const struct flat_range *ranges,
				   unsigned int nr)
{
	struct flat_node *leaf = malloc(sizeof(*leaf) + nr * sizeof(*ranges));
	unsigned int i;

	if (!leaf)
		return NULL;
	*leaf = (struct flat_node){ .refs = 1, .nr = nr, .nr_ranges = nr };
	memcpy(leaf->ranges, ranges, nr * sizeof(*ranges));
	for (i = 0; i < nr; i++) {
		memory_region_ref(leaf->ranges[i].region);
		leaf->ranges[i].ends_leaf = i + 1 == nr;
	}
	return leaf;
}

/* Takes over the references to @nodes */
static struct flat_node *make_node(struct flat_node *const *nodes,
				   unsigned int nr)
{
	struct flat_node *node;
	unsigned int i;

	node = malloc(sizeof(*node) + nr * sizeof(node->children[0]));
	if (!node)
		return NULL;
	*node = (struct flat_node){ .refs = 1,
				    .nr = nr,
				    .height = nodes[0]->height + 1 };
	for (i = 0; i < nr; i++) {
		node->children[i].node = nodes[i];
		node->children[i].start = nodes[i]->height ?
						  nodes[i]->children[0].start :
						  nodes[i]->ranges[0].addr;
		node->nr_ranges += nodes[i]->nr_ranges;
	}
	return node;
}

void flat_builder_init(struct flat_builder *builder)
{
	unsigned int i;

	builder->nr_ranges = 0;
	for (i = 0; i < FLAT_HEIGHTS; i++)
		builder->level[i].nr = 0;
}

static int close_some(struct flat_builder *builder, unsigned int height,
		      unsigned int nr);

/* Takes over the reference */
static int append_node(struct flat_builder *builder, struct flat_node *node)
{
	struct flat_pending *level = &builder->level[node->height];
	int r = 0;

	if (level->nr == 2 * FLAT_MAX)
		r = close_some(builder, node->height + 1, FLAT_MAX);
	if (r)
		flat_node_unref(node);
	else
		level->nodes[level->nr++] = node;
	return r;
}

/* How many wait to be in a node of @height */
static unsigned int *nr_waiting(struct flat_builder *builder,
				unsigned int height)
{
	return height ? &builder->level[height - 1].nr : &builder->nr_ranges;
}

/* The first @nr that wait become a node of @height */
static int close_some(struct flat_builder *builder, unsigned int height,
		      unsigned int nr)
{
	unsigned int left = *nr_waiting(builder, height) - nr;
	struct flat_node **nodes, *node;

	if (height == FLAT_HEIGHTS)
		return -E2BIG;
	if (height) {
		nodes = builder->level[height - 1].nodes;
		node = make_node(nodes, nr);
		if (node)
			memmove(nodes, nodes + nr, left * sizeof(*nodes));
	} else {
		node = make_leaf(builder->ranges, nr);
		memmove(builder->ranges, builder->ranges + nr,
			left * sizeof(*builder->ranges));
	}
	if (!node)
		return -ENOMEM;
	*nr_waiting(builder, height) = left;
	return append_node(builder, node);
}

/* All that wait, as one node or as two halves */
static int close_all(struct flat_builder *builder, unsigned int height)
{
	unsigned int nr = *nr_waiting(builder, height);
	int r = 0;

	if (nr > FLAT_MAX)
		r = close_some(builder, height, nr / 2);
	if (!r && nr)
		r = close_some(builder, height, *nr_waiting(builder, height));
	return r;
}

int flat_builder_add_range(struct flat_builder *builder,
			   const struct flat_range *range)
{
	struct flat_range *end = builder->ranges + builder->nr_ranges;
	int r;

	if (builder->nr_ranges && flat_ranges_can_merge(end - 1, range)) {
		end[-1].size += range->size;
		return 0;
	}
	if (builder->nr_ranges == 2 * FLAT_MAX) {
		r = close_some(builder, 0, FLAT_MAX);
		if (r)
			return r;
	}
	builder->ranges[builder->nr_ranges++] = *range;
	return 0;
}

/* One by one: the first of them join what waits */
static int add_parts(struct flat_builder *builder, struct flat_node *node)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < node->nr && !r; i++)
		r = node->height ?
			    flat_builder_add_node(builder,
						  node->children[i].node) :
			    flat_builder_add_range(builder, &node->ranges[i]);
	return r;
}

int flat_builder_add_node(struct flat_builder *builder, struct flat_node *node)
{
	unsigned int height, nr;
	int r;

	/* What waits below comes first: close it, if it is enough for a node */
	for (height = 0; height <= node->height; height++) {
		nr = *nr_waiting(builder, height);
		if (nr && nr < FLAT_MIN)
			return add_parts(builder, node);
		r = close_all(builder, height);
		if (r)
			return r;
	}
	node->refs++;
	return append_node(builder, node);
}

int flat_builder_end(struct flat_builder *builder, struct flat_node **tree)
{
	unsigned int height, top = 0;
	int r;

	*tree = NULL;
	for (height = 0; height < FLAT_HEIGHTS; height++)
		if (builder->level[height].nr)
			top = height + 1;
	if (!top && !builder->nr_ranges)
		return 0;
	/* Up to where one node is all; each step may make the tree higher */
	for (height = 0;; height++) {
		if (height && height >= top &&
		    builder->level[height - 1].nr == 1)
			break;
		r = close_all(builder, height);
		if (r)
			return r;
	}
	*tree = builder->level[height - 1].nodes[0];
	builder->level[height - 1].nr = 0;
	return 0;
}

void flat_builder_deinit(struct flat_builder *builder)
{
	unsigned int height, i;

	for (height = 0; height < FLAT_HEIGHTS; height++)
		for (i = 0; i < builder->level[height].nr; i++)
			flat_node_unref(builder->level[height].nodes[i]);
	flat_builder_init(builder);
}

/* The last child that begins at or below @addr; the first if none does */
static unsigned int child_of(const struct flat_node *node, gpa_t addr)
{
	unsigned int low = 0, high = node->nr;

	while (high - low > 1) {
		unsigned int mid = (low + high) / 2;

		if (node->children[mid].start <= addr)
			low = mid;
		else
			high = mid;
	}
	return low;
}

const struct flat_range *flat_tree_at_or_behind(const struct flat_node *tree,
						gpa_t addr)
{
	const struct flat_node *node = tree, *right = NULL;
	unsigned int low = 0, high, i;

	if (!node)
		return NULL;
	while (node->height) {
		i = child_of(node, addr);
		if (i + 1 < node->nr)
			right = node->children[i + 1].node;
		node = node->children[i].node;
	}
	for (high = node->nr; low < high;) {
		i = (low + high) / 2;
		if (range_end(&node->ranges[i]) <= addr)
			low = i + 1;
		else
			high = i;
	}
	if (low < node->nr)
		return &node->ranges[low];
	/* All in this leaf is below: then it is the next one's first */
	while (right && right->height)
		right = right->children[0].node;
	return right ? &right->ranges[0] : NULL;
}
