// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/views.h"

/* Regions that aliases show, in order of first use; each gets a section */
struct targets {
	struct memory_region **regions;
	size_t nr;
	size_t cap;
};

struct printer {
	FILE *out;
	unsigned int flags;
	struct targets targets;
};

static int add_target(struct targets *t, struct memory_region *region)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->regions[i] == region)
			return 0;
	if (t->nr == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16;
		void *p = reallocarray(t->regions, cap, sizeof(*t->regions));

		if (!p)
			return -ENOMEM;
		t->regions = p;
		t->cap = cap;
	}
	t->regions[t->nr++] = region;
	return 0;
}

static void print_line(const struct printer *p,
		       const struct memory_region_info *info,
		       unsigned int level, uint64_t start)
{
	uint64_t last = mtree_extent(info->size);

	fprintf(p->out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %" PRId32 ", ",
		level * 2, "", start, start + last, info->priority);
	fprintf(p->out, "%s%s): ", info->nonvolatile ? "nv-" : "",
		mtree_kind_name(mtree_kind_of(info)));
	if (info->alias)
		fprintf(p->out, "alias %s @%s %016" PRIx64 "-%016" PRIx64,
			info->name, memory_region_info(info->alias)->name,
			info->alias_offset, info->alias_offset + last);
	else
		fputs(info->name, p->out);
	if (!info->enabled)
		fputs(" [disabled]", p->out);
	if (p->flags & MTREE_OWNER)
		mtree_print_owner(p->out, info->owner, info->parent);
	fputc('\n', p->out);
}

struct child {
	struct memory_region *region;
	size_t nr;
};

/* By address; at one address as they hide each other, which is their own order */
static int compare_children(const void *a, const void *b)
{
	const struct child *x = a, *y = b;
	gpa_t ax = memory_region_info(x->region)->addr;
	gpa_t ay = memory_region_info(y->region)->addr;

	if (ax != ay)
		return ax < ay ? -1 : 1;
	return x->nr < y->nr ? -1 : 1;
}

static int sort_children(const struct memory_region *region,
			 struct child **children, size_t *nr)
{
	struct memory_region *r;
	size_t n = 0;

	*nr = 0;
	*children = NULL;
	for (r = memory_region_first_child(region); r;
	     r = memory_region_next_sibling(r))
		n++;
	if (!n)
		return 0;
	*children = malloc(n * sizeof(**children));
	if (!*children)
		return -ENOMEM;
	for (r = memory_region_first_child(region); r;
	     r = memory_region_next_sibling(r)) {
		(*children)[*nr] = (struct child){ r, *nr };
		++*nr;
	}
	qsort(*children, n, sizeof(**children), compare_children);
	return 0;
}

/* @base wraps, as QEMU's does */
static int print_region(struct printer *p, const struct memory_region *region,
			unsigned int level, uint64_t base)
{
	const struct memory_region_info *info = memory_region_info(region);
	uint64_t start = base + info->addr;
	struct child *children;
	size_t i, nr;
	int ret;

	if (start < base || start + mtree_extent(info->size) < start)
		fputs("[DETECTED OVERFLOW!] ", p->out);
	/* A target gets its section even if the alias is not shown */
	ret = info->alias ? add_target(&p->targets, info->alias) : 0;
	if (ret)
		return ret;
	if (info->enabled || p->flags & MTREE_DISABLED)
		print_line(p, info, level, start);

	ret = sort_children(region, &children, &nr);
	for (i = 0; i < nr && !ret; i++)
		ret = print_region(p, children[i].region, level + 1, start);
	free(children);
	return ret;
}

/* All address spaces of a model, in an array; the caller frees it */
static int list_spaces(const struct memory_model *model,
		       struct address_space ***list, size_t *nr)
{
	struct address_space *as;
	size_t n = 0;

	for (as = address_space_first(model); as; as = address_space_next(as))
		n++;
	*nr = 0;
	*list = malloc((n + 1) * sizeof(**list));
	if (!*list)
		return -ENOMEM;
	for (as = address_space_first(model); as; as = address_space_next(as))
		(*list)[(*nr)++] = as;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(address_space_name(*(struct address_space *const *)a),
		      address_space_name(*(struct address_space *const *)b));
}

/* Those of @list[i...] with the root of @list[i], by name; the rest follows */
static size_t gather_root(struct address_space **list, size_t i, size_t nr)
{
	struct memory_region *root = address_space_root(list[i]);
	size_t j, n = i;

	for (j = i; j < nr; j++) {
		struct address_space *as = list[j];

		if (address_space_root(as) != root)
			continue;
		/* Those between keep their order */
		memmove(&list[n + 1], &list[n], (j - n) * sizeof(*list));
		list[n++] = as;
	}
	qsort(&list[i], n - i, sizeof(*list), compare_names);
	return n;
}

static int print_tree(struct printer *p, const struct memory_model *model)
{
	struct address_space **list;
	size_t i, n, nr;
	int ret = list_spaces(model, &list, &nr);

	for (i = 0; i < nr && !ret; i = n) {
		n = gather_root(list, i, nr);
		for (; i < n; i++)
			fprintf(p->out, "address-space: %s\n",
				address_space_name(list[i]));
		ret = print_region(p, address_space_root(list[n - 1]), 1, 0);
		fputc('\n', p->out);
	}
	for (i = 0; i < p->targets.nr && !ret; i++) {
		const struct memory_region *r = p->targets.regions[i];

		fprintf(p->out, "memory-region: %s\n",
			memory_region_info(r)->name);
		ret = print_region(p, r, 1, 0);
		fputc('\n', p->out);
	}
	free(list);
	free(p->targets.regions);
	return ret;
}

static int print_views(const struct printer *p,
		       const struct memory_model *model)
{
	struct mtree_flatviews views;
	int ret = mtree_flatviews_from_model(model, &views);
	size_t i;

	if (ret)
		return ret;
	for (i = 0; i < views.nr; i++) {
		fprintf(p->out, "FlatView #%zu\n", i);
		mtree_flatview_print(p->out, &views.views[i],
				     p->flags & MTREE_OWNER);
		fputc('\n', p->out);
	}
	mtree_flatviews_deinit(&views);
	return 0;
}

int mtree_print(FILE *out, const struct memory_model *model, unsigned int flags)
{
	struct printer p = { .out = out, .flags = flags };
	int ret;

	ret = flags & MTREE_FLATVIEW ? print_views(&p, model) :
				       print_tree(&p, model);
	if (!ret && ferror(out))
		ret = -EIO;
	return ret;
}
