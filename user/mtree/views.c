// SPDX-License-Identifier: GPL-2.0-or-later
/* The flat views of a model, as info mtree -f has them; and their lines. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "mtree/views.h"

enum mtree_kind mtree_kind_of(const struct memory_region_info *info)
{
	while (info->alias)
		info = memory_region_info(info->alias);
	if (info->ram_device)
		return MTREE_RAMD;
	if (info->rom_device && info->romd_mode)
		return MTREE_ROMD;
	if (info->ram)
		return info->readonly ? MTREE_ROM : MTREE_RAM;
	return MTREE_IO;
}

uint64_t mtree_extent(memory_size_t size)
{
	return size ? (uint64_t)(size - 1) : 0;
}

static void add_range(struct mtree_flatview *view, const struct flat_range *r)
{
	const struct memory_region_info *info = memory_region_info(r->region);

	view->ranges[view->nr_ranges++] = (struct mtree_range){
		.first = r->addr,
		.last = r->addr + mtree_extent(r->size),
		.priority = info->priority,
		.kind = r->readonly ? MTREE_ROM : mtree_kind_of(info),
		.nonvolatile = r->nonvolatile,
		.name = info->name,
		.offset = r->offset_in_region,
		.owner = info->owner,
		.parent = info->parent,
	};
}

static int add_view(struct mtree_flatviews *out, const struct flat_view *view)
{
	const struct memory_region *root = flat_view_root(view);
	struct mtree_flatview *v = &out->views[out->nr++];
	const struct flat_range *range;

	v->root = root ? memory_region_info(root)->name : "(none)";
	v->ranges = calloc(flat_view_nr(view) + 1, sizeof(*v->ranges));
	if (!v->ranges)
		return -ENOMEM;
	flat_view_for_each(range, view)
		add_range(v, range);
	return 0;
}

static int add_space(struct mtree_flatview *view, struct address_space *as)
{
	const struct memory_region_info *root =
		memory_region_info(address_space_root(as));
	void *grown = view->as;

	/* Doubles at each power of two, so that no capacity need be kept */
	if (!(view->nr_as & (view->nr_as - 1)))
		grown = reallocarray(view->as,
				     view->nr_as ? view->nr_as * 2 : 1,
				     sizeof(*view->as));
	if (!grown)
		return -ENOMEM;
	view->as = grown;
	view->as[view->nr_as++] = (struct mtree_flatview_as){
		.name = address_space_name(as),
		.root = root->name,
		.alias = root->alias ? memory_region_info(root->alias)->name :
				       NULL,
	};
	return 0;
}

int mtree_flatviews_from_model(const struct memory_model *model,
			       struct mtree_flatviews *out)
{
	struct mtree_flatviews views = { .owned = true };
	const struct flat_view **seen, *view;
	struct address_space *as;
	size_t i, n = 0;
	int ret = 0;

	for (as = address_space_first(model); as; as = address_space_next(as))
		n++;
	seen = calloc(n + 1, sizeof(*seen));
	views.views = calloc(n + 1, sizeof(*views.views));
	if (!seen || !views.views)
		ret = -ENOMEM;
	for (as = address_space_first(model); as && !ret;
	     as = address_space_next(as)) {
		view = address_space_get_flat_view(as);
		for (i = 0; i < views.nr && seen[i] != view; i++)
			;
		seen[i] = view;
		if (i == views.nr)
			ret = add_view(&views, view);
		if (!ret)
			ret = add_space(&views.views[i], as);
		/* The address space holds it, as long as nothing changes */
		flat_view_unref(view);
	}
	free(seen);
	if (ret)
		mtree_flatviews_deinit(&views);
	else
		*out = views;
	return ret;
}

void mtree_flatviews_forget_kinds(struct mtree_flatviews *views)
{
	size_t i, j;

	for (i = 0; i < views->nr; i++)
		for (j = 0; j < views->views[i].nr_ranges; j++)
			views->views[i].ranges[j].kind = MTREE_RIGHTS;
}

void mtree_print_owner(FILE *out, const char *owner, const char *parent)
{
	if (!owner && !parent)
		fputs(" orphan", out);
	if (owner)
		fprintf(out, " owner:{%s}", owner);
	if (parent)
		fprintf(out, " parent:{%s}", parent);
}

static void print_range(FILE *out, const struct mtree_range *range, bool owned)
{
	fprintf(out,
		"  %016" PRIx64 "-%016" PRIx64 " (prio %" PRId32 ", %s%s): %s",
		range->first, range->last, range->priority,
		range->nonvolatile ? "nv-" : "", mtree_kind_name(range->kind),
		range->name);
	if (range->offset)
		fprintf(out, " @%016" PRIx64, range->offset);
	if (owned)
		mtree_print_owner(out, range->owner, range->parent);
	fputc('\n', out);
}

void mtree_flatview_print(FILE *out, const struct mtree_flatview *view,
			  bool owned)
{
	size_t i;

	for (i = 0; i < view->nr_as; i++) {
		fprintf(out, " AS \"%s\", root: %s", view->as[i].name,
			view->as[i].root);
		if (view->as[i].alias)
			fprintf(out, ", alias %s", view->as[i].alias);
		fputc('\n', out);
	}
	/* A text that was cut off may lack it */
	if (view->root)
		fprintf(out, " Root memory region: %s\n", view->root);
	if (!view->nr_ranges)
		fputs("  No rendered FlatView\n", out);
	for (i = 0; i < view->nr_ranges; i++)
		print_range(out, &view->ranges[i], owned);
}
