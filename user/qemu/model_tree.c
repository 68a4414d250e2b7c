// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "qemu/model_tree.h"

const char *const qemu_spaces[QEMU_SPACES] = { "memory", "KVM-SMRAM" };

void model_told_deinit(struct model_told *told)
{
	mtree_tree_deinit(&told->tree);
	mtree_flatviews_deinit(&told->views);
	*told = (struct model_told){};
}

struct model_tree model_tree_told(const struct model_told *told)
{
	struct model_tree tree = { .tree = &told->tree,
				   .rights = told->tree.rights };

	for (size_t i = 0; i < QEMU_SPACES; i++)
		tree.views[i] =
			mtree_flatviews_find(&told->views, qemu_spaces[i]);
	return tree;
}

/* Of an address space by its name; -1: KVM has no slots of it */
static int as_id_of(const char *name)
{
	for (int i = 0; i < QEMU_SPACES; i++)
		if (!strcmp(name, qemu_spaces[i]))
			return i;
	return -1;
}

/*
 * A text without address spaces has one for each region that it shows, and "memory"
 * begins with the region "system"
 */
static const struct address_space *find_space(const struct memory_model *model,
					      int as_id)
{
	const struct address_space *system = NULL, *as;

	for (as = address_space_first(model); as; as = address_space_next(as)) {
		if (as_id_of(address_space_name(as)) == as_id)
			return as;
		if (!strcmp(address_space_name(as), "system"))
			system = as;
	}
	return as_id ? NULL : system;
}

static int compare_seen(const void *a, const void *b)
{
	const struct model_seen *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int list_seen(struct model_space *space)
{
	const struct places *places = &space->places;

	space->seen = calloc(places->nr_pieces + 1, sizeof(*space->seen));
	if (!space->seen)
		return -ENOMEM;
	for (size_t i = 0; i < places->nr; i++) {
		const struct place *place = &places->list[i];

		for (size_t k = 0; k < place->nr_pieces; k++) {
			const struct place_piece *piece =
				&places->pieces[place->pieces + k];

			if (piece->why == PLACE_SEEN)
				space->seen[space->nr_seen++] =
					(struct model_seen){ piece->first,
							     piece->last, i };
		}
	}
	qsort(space->seen, space->nr_seen, sizeof(*space->seen), compare_seen);
	return 0;
}

static bool same_there(const struct model_space *space,
		       const struct mtree_range *range,
		       const struct model_seen *seen, uint64_t at)
{
	const struct place *place;

	if (!range || !seen)
		return !range && !seen;
	place = &space->places.list[seen->place];
	return !strcmp(range->name, memory_region_info(place->region)->name) &&
	       range->offset + (at - range->first) ==
		       place->offset + (at - place->first) &&
	       (range->kind == MTREE_RIGHTS ||
		(range->kind == MTREE_ROM) == place->readonly);
}

static int add_differs(struct model_space *space, uint64_t first, uint64_t last)
{
	const size_t nr = space->nr_differs;
	void *grow;

	if (nr && space->differs[nr - 1].last + 1 == first) {
		space->differs[nr - 1].last = last;
		return 0;
	}
	grow = grown(space->differs, nr, &space->differs_cap,
		     sizeof(*space->differs));
	if (!grow)
		return -ENOMEM;
	space->differs = grow;
	space->differs[space->nr_differs++] =
		(struct model_range){ first, last };
	return 0;
}

/* From address to address where either of the two may be another */
static int compare_view(struct model_space *space,
			const struct mtree_flatview *view)
{
	const struct mtree_range *range;
	const struct model_seen *seen;
	uint64_t at = 0, last;
	size_t i = 0, k = 0;
	int ret = 0;

	for (;; at = last + 1) {
		last = UINT64_MAX;
		while (i < view->nr_ranges && view->ranges[i].last < at)
			i++;
		while (k < space->nr_seen && space->seen[k].last < at)
			k++;
		range = i < view->nr_ranges ? &view->ranges[i] : NULL;
		seen = k < space->nr_seen ? &space->seen[k] : NULL;
		if (range && range->first > at) {
			last = range->first - 1;
			range = NULL;
		} else if (range) {
			last = range->last;
		}
		if (seen && seen->first > at) {
			last = seen->first - 1 < last ? seen->first - 1 : last;
			seen = NULL;
		} else if (seen && seen->last < last) {
			last = seen->last;
		}
		if (!same_there(space, range, seen, at))
			ret = add_differs(space, at, last);
		if (ret || last == UINT64_MAX)
			return ret;
	}
}

static int lay_out_space(const struct model_tree *tree, int as_id,
			 struct model_layout *out)
{
	struct model_space *space = &out->spaces[as_id];
	int ret;

	space->as = find_space(out->model, as_id);
	if (!space->as)
		return 0;
	ret = places_find(address_space_root(space->as), &space->places,
			  &out->not_built);
	if (!ret)
		ret = list_seen(space);
	if (ret || tree->rendered)
		return ret;
	return tree->views[as_id] ? compare_view(space, tree->views[as_id]) :
				    add_differs(space, 0, UINT64_MAX);
}

int model_tree_lay_out(const struct model_tree *tree, struct model_layout *out)
{
	int ret = 0;

	*out = (struct model_layout){ .model = tree->model };
	if (!out->model && tree->tree && tree->tree->nr_nodes) {
		ret = mtree_build(tree->tree, MTREE_ALLOW_MISSING, NULL,
				  &out->built, &out->not_built);
		out->model = ret ? NULL : out->built;
	}
	for (int i = 0; i < QEMU_SPACES && out->model && !ret; i++)
		ret = lay_out_space(tree, i, out);
	if (!ret || ret == -ENOMEM)
		return ret;
	out->model = NULL;
	return 0;
}

void model_layout_deinit(struct model_layout *layout)
{
	for (int i = 0; i < QEMU_SPACES; i++) {
		places_deinit(&layout->spaces[i].places);
		free(layout->spaces[i].seen);
		free(layout->spaces[i].differs);
	}
	memory_model_destroy(layout->built);
	*layout = (struct model_layout){};
}
