// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "picture/lanes.h"
#include "picture/rows.h"

static struct lane *add_lane(struct lanes *out, enum lane_kind kind,
			     enum party_id party)
{
	struct lane *lane = &out->lane[out->nr++];

	*lane = (struct lane){ .kind = kind, .party = party };
	return lane;
}

/* Is any of it within the zoom? What is outside is cut off */
static bool cut_to_zoom(const struct lanes_input *input, uint64_t *first,
			uint64_t *last)
{
	if (!input->zoom)
		return true;
	if (*last < input->first || *first > input->last)
		return false;
	if (*first < input->first)
		*first = input->first;
	if (*last > input->last)
		*last = input->last;
	return true;
}

/* What lies outside of a zoom is no box */
static int add_box(const struct lanes_input *input, struct lane *lane,
		   const struct lane_box *box)
{
	struct lane_box *boxes, new = *box;

	if (!cut_to_zoom(input, &new.first, &new.last))
		return 0;
	new.offset += new.first - box->first;
	boxes = grown(lane->boxes, lane->nr, &lane->cap, sizeof(*boxes));
	if (!boxes)
		return -ENOMEM;
	lane->boxes = boxes;
	boxes[lane->nr++] = new;
	return 0;
}

/*
 * Regions
 */

static enum lane_box_kind region_kind(const struct lanes_input *input,
				      const struct place *place)
{
	const struct memory_region_info *info =
		memory_region_info(place->region);

	if (!info->terminates)
		return LANE_BOX_CONTAINER;
	/* QEMU before 2.9 tells no kinds */
	if (input->rights)
		return LANE_BOX_NOT_TOLD;
	if (info->rom_device)
		return info->romd_mode ? LANE_BOX_ROM : LANE_BOX_IO;
	if (info->ram || info->ram_device)
		return place->readonly ? LANE_BOX_ROM : LANE_BOX_RAM;
	return LANE_BOX_IO;
}

/* An alias and what it shows are one box, called as the alias is */
static int add_place(const struct lanes_input *input, struct lane *lane,
		     const struct places *places, size_t at)
{
	const struct place *place = &places->list[at], *what = place;
	struct lane_box box;

	if (place->off || place->empty || place->shown)
		return 0;
	while (memory_region_info(what->region)->alias)
		if ((++what)->empty)
			return 0;
	box = (struct lane_box){
		.first = what->first,
		.last = what->last,
		.kind = region_kind(input, what),
		.name = memory_region_info(place->region)->name,
		.offset = place->offset + (what->first - place->first),
		.place = at,
	};
	return add_box(input, lane, &box);
}

/* From front to back, containers behind all else */
static int from_front(const void *a, const void *b, void *places)
{
	const struct lane_box *x = a, *y = b;
	const struct place *list = places;
	const size_t p = list[x->place].order, q = list[y->place].order;
	const bool c = x->kind == LANE_BOX_CONTAINER;
	const bool d = y->kind == LANE_BOX_CONTAINER;

	if (c != d)
		return c - d;
	return (p > q) - (p < q);
}

static int put_in_rows(struct lane *lane, const struct places *places)
{
	size_t front = 0;
	int ret;

	if (!lane->nr)
		return 0;
	qsort_r(lane->boxes, lane->nr, sizeof(*lane->boxes), from_front,
		places->list);
	while (front < lane->nr &&
	       lane->boxes[front].kind != LANE_BOX_CONTAINER)
		front++;
	ret = rows_of_boxes(lane->boxes, front, 0, &lane->front);
	if (!ret)
		ret = rows_of_boxes(lane->boxes + front, lane->nr - front,
				    lane->front, &lane->rows);
	return ret;
}

static int regions_lane(const struct lanes_input *input, struct lanes *out)
{
	struct lane *lane = add_lane(out, LANE_REGIONS, PARTY_MODEL);
	const struct model_space *space;
	int ret = 0;

	if (!input->layout || !input->layout->model) {
		lane->none = input->no_layout;
		return 0;
	}
	space = input->as_id < QEMU_SPACES ?
			&input->layout->spaces[input->as_id] :
			NULL;
	if (!space || !space->as) {
		lane->none = "the tree does not have this address space";
		return 0;
	}
	for (size_t i = 0; i < space->places.nr && !ret; i++)
		ret = add_place(input, lane, &space->places, i);
	return ret ? ret : put_in_rows(lane, &space->places);
}

/*
 * The flat view
 */

static enum lane_box_kind range_kind(enum mtree_kind kind)
{
	switch (kind) {
	case MTREE_RAM:
	case MTREE_RAMD:
		return LANE_BOX_RAM;
	case MTREE_ROM:
	case MTREE_ROMD:
		return LANE_BOX_ROM;
	case MTREE_RIGHTS:
		return LANE_BOX_NOT_TOLD;
	default:
		return LANE_BOX_IO;
	}
}

static const struct mtree_flatview *view_of(const struct lanes_input *input)
{
	return input->as_id < input->nr_views ? input->views[input->as_id] :
						NULL;
}

static int flat_lane(const struct lanes_input *input, struct lanes *out)
{
	struct lane *lane = add_lane(out, LANE_FLAT, PARTY_MODEL);
	const struct mtree_flatview *view = view_of(input);
	const struct mtree_range *range;
	struct lane_box box;
	int ret = 0;

	if (!view) {
		lane->none = input->no_views ?
				     input->no_views :
				     "there is none of this address space";
		return 0;
	}
	for (size_t i = 0; i < view->nr_ranges && !ret; i++) {
		range = &view->ranges[i];
		box = (struct lane_box){
			.first = range->first,
			.last = range->last,
			.kind = range_kind(range->kind),
			.name = range->name,
			.offset = range->offset,
			.flat = range,
		};
		ret = add_box(input, lane, &box);
	}
	lane->rows = !!lane->nr;
	return ret;
}

/*
 * Views
 */

/* Has @cell, of the row behind @box, more of the same? */
static bool goes_on(const struct lane *lane, const struct lane_box *box,
		    const struct check_row *row, const struct lane_box *next)
{
	if (box->last + 1 != row->gpa || box->kind != next->kind)
		return false;
	switch (next->kind) {
	case LANE_BOX_SLOT:
		return box->slot == next->slot;
	case LANE_BOX_MAPPED:
		return box->mapping == next->mapping &&
		       box->offset + (row->gpa - box->first) == next->offset;
	default:
		return lane->kind == LANE_SLOTS || lane->kind == LANE_HOST;
	}
}

/* What a view has in a row; false: nothing that is to be drawn */
static bool box_of_cell(const struct lane *lane, const struct check_row *row,
			const struct row_cell *cell, struct lane_box *box)
{
	*box = (struct lane_box){ .first = row->gpa,
				  .last = row->gpa + (row->size - 1) };
	switch (cell->kind) {
	case ROW_CELL_SLOT:
		box->kind = LANE_BOX_SLOT;
		box->name = cell->slot->name;
		box->offset = cell->slot->offset + cell->offset;
		box->slot = cell->slot;
		return true;
	case ROW_CELL_MAPPED:
		box->kind = LANE_BOX_MAPPED;
		box->name = cell->range->path;
		box->offset = cell->range->offset + cell->offset;
		box->mapping = cell->range;
		return true;
	case ROW_CELL_UNKNOWN:
		box->kind = LANE_BOX_UNSEEN;
		return true;
	case ROW_CELL_ABSENT:
		/* What has no slot needs nothing under it */
		box->kind = LANE_BOX_UNSEEN;
		return lane->kind == LANE_SLOTS;
	default:
		return false;
	}
}

static int fill_view(const struct lanes_input *input, struct lane *lane,
		     size_t view)
{
	const struct check_row *row;
	struct lane_box box, last = {};
	bool open = false;
	int ret = 0;

	for (size_t i = 0; i < input->rows->nr && !ret; i++) {
		row = &input->rows->rows[i];
		if (row->as_id != input->as_id ||
		    !box_of_cell(lane, row,
				 check_row_cell(input->rows, row, view), &box))
			continue;
		if (open && goes_on(lane, &last, row, &box)) {
			last.last = box.last;
			continue;
		}
		if (open)
			ret = add_box(input, lane, &last);
		last = box;
		open = true;
	}
	return open && !ret ? add_box(input, lane, &last) : ret;
}

/* Whether a view is known to have nothing somewhere */
static bool has_none(const struct lanes_input *input, size_t view)
{
	const struct check_row *row;

	for (size_t i = 0; i < input->rows->nr; i++) {
		row = &input->rows->rows[i];
		if (row->as_id == input->as_id &&
		    check_row_cell(input->rows, row, view)->kind ==
			    ROW_CELL_NONE)
			return true;
	}
	return false;
}

static int view_lane(const struct lanes_input *input, struct lanes *out,
		     size_t at)
{
	const struct view *view = &input->comparison->input->views[at];
	const bool ground = party_of(view->party)->traits & PARTY_GROUND;
	struct lane *lane =
		add_lane(out, ground ? LANE_HOST : LANE_SLOTS, view->party);
	int ret;

	if (!view->slots && !view->map) {
		lane->none = view->unread ? view->unread :
			     view->none	  ? view->none :
					    "it was not asked for";
		return 0;
	}
	ret = fill_view(input, lane, at);
	lane->rows = !!lane->nr;
	if (ground && view->map->nr && !lane->nr && input->rows->nr)
		lane->none = has_none(input, at) ?
				     "nothing is mapped where the slots have "
				     "guest memory" :
				     "no view that is here tells where in it "
				     "guest memory is";
	return ret;
}

/*
 * Page tables: how much of each row they map. Where exactly changes at each touch
 */

static uint64_t common(uint64_t first, uint64_t last,
		       const struct stage2_mapping *map)
{
	const uint64_t end = map->gpa + (map->size - 1);
	const uint64_t from = map->gpa > first ? map->gpa : first;
	const uint64_t to = end < last ? end : last;

	return from <= to ? to - from + 1 : 0;
}

/* Where no view has anything, what is mapped is all there is to see */
static int add_strays(const struct lanes_input *input, struct lane *lane)
{
	const size_t begin = lane->nr;
	const struct stage2_mapping *map;
	struct lane_box *before;
	int ret = 0;

	for (size_t i = 0; i < input->nr_stage2 && !ret; i++) {
		struct lane_box box = { .kind = LANE_BOX_MAPPED };

		map = &input->stage2[i].map;
		box.first = map->gpa;
		box.last = map->gpa + (map->size - 1);
		if (map->as_id != input->as_id ||
		    lanes_row_at(input, map->gpa) ||
		    !cut_to_zoom(input, &box.first, &box.last))
			continue;
		box.filled = box.last - box.first + 1;
		before = lane->nr > begin ? &lane->boxes[lane->nr - 1] : NULL;
		if (before && before->last + 1 == box.first) {
			before->last = box.last;
			before->filled += box.filled;
			continue;
		}
		ret = add_box(input, lane, &box);
	}
	return ret;
}

/* Both are ascending: each is walked once */
static int fill_stage2(const struct lanes_input *input, struct lane *lane)
{
	const struct stage2_mapping *map;
	const struct check_row *row;
	size_t first = 0;
	int ret = 0;

	for (size_t r = 0; r < input->rows->nr && !ret; r++) {
		struct lane_box box = { .kind = LANE_BOX_MAPPED };

		row = &input->rows->rows[r];
		box.first = row->gpa;
		box.last = row->gpa + (row->size - 1);
		if (row->as_id != input->as_id ||
		    !cut_to_zoom(input, &box.first, &box.last))
			continue;
		for (size_t i = first; i < input->nr_stage2; i++) {
			map = &input->stage2[i].map;
			if (map->as_id != input->as_id)
				continue;
			if (map->gpa > box.last)
				break;
			if (map->gpa + (map->size - 1) < box.first)
				first = i + 1;
			box.filled += common(box.first, box.last, map);
		}
		if (box.filled)
			ret = add_box(input, lane, &box);
	}
	return ret ? ret : add_strays(input, lane);
}

static int by_first(const void *a, const void *b)
{
	const struct lane_box *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static int stage2_lane(const struct lanes_input *input, struct lanes *out)
{
	struct lane *lane = add_lane(out, LANE_STAGE2, PARTY_KERNEL);
	int ret;

	if (!input->stage2) {
		lane->none = input->no_stage2 ? input->no_stage2 :
						"it was not asked for";
		return 0;
	}
	ret = fill_stage2(input, lane);
	if (ret || !lane->nr)
		return ret;
	qsort(lane->boxes, lane->nr, sizeof(*lane->boxes), by_first);
	return rows_of_boxes(lane->boxes, lane->nr, 0, &lane->rows);
}

/*
 * All of them
 */

static int views_lanes(const struct lanes_input *input, struct lanes *out)
{
	const struct check_input *views = input->comparison->input;
	bool stage2 = false;
	uint32_t traits;
	int ret = 0;

	for (size_t i = 0; i < views->nr_views && !ret; i++) {
		traits = party_of(views->views[i].party)->traits;
		/* The flat view is what MODEL is made of, and more */
		if (traits & PARTY_MEANS && view_of(input))
			continue;
		if (traits & PARTY_GROUND && !stage2) {
			ret = stage2_lane(input, out);
			stage2 = true;
		}
		if (!ret)
			ret = view_lane(input, out, i);
	}
	if (!ret && !stage2)
		ret = stage2_lane(input, out);
	return ret;
}

static void add_range(const struct lanes_input *input,
		      struct scale_range *ranges, size_t *nr, uint64_t first,
		      uint64_t last)
{
	if (cut_to_zoom(input, &first, &last))
		ranges[(*nr)++] = (struct scale_range){ first, last };
}

static int make_scale(const struct lanes_input *input, struct lanes *out)
{
	const struct findings *findings = &input->comparison->findings;
	size_t room = input->rows->nr + findings->nr, nr = 0;
	struct scale_range *ranges;
	const struct check_row *row;
	const struct finding *finding;
	uint64_t last = 0;
	int ret;

	for (size_t i = 0; i < out->nr; i++)
		room += out->lane[i].nr;
	ranges = calloc(room + 1, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; i < out->nr; i++)
		for (size_t b = 0; b < out->lane[i].nr; b++)
			if (out->lane[i].boxes[b].kind != LANE_BOX_CONTAINER)
				add_range(input, ranges, &nr,
					  out->lane[i].boxes[b].first,
					  out->lane[i].boxes[b].last);
	for (size_t i = 0; i < input->rows->nr; i++) {
		row = &input->rows->rows[i];
		if (row->as_id == input->as_id)
			add_range(input, ranges, &nr, row->gpa,
				  row->gpa + (row->size - 1));
	}
	for (size_t i = 0; i < findings->nr; i++) {
		finding = &findings->items[i];
		if (finding->size && finding->as_id == input->as_id)
			add_range(input, ranges, &nr, finding->gpa,
				  finding->gpa + (finding->size - 1));
	}
	for (size_t i = 0; i < nr; i++)
		if (ranges[i].last > last)
			last = ranges[i].last;
	ret = !nr ? 0 :
		    scale_make(ranges, nr, input->zoom ? input->first : 0,
			       input->zoom ? input->last : last, &out->scale);
	free(ranges);
	return ret;
}

int lanes_make(const struct lanes_input *input, struct lanes *out)
{
	int ret;

	*out = (struct lanes){ .as_id = input->as_id };
	ret = regions_lane(input, out);
	if (!ret)
		ret = flat_lane(input, out);
	if (!ret)
		ret = views_lanes(input, out);
	if (!ret)
		ret = make_scale(input, out);
	return ret;
}

void lanes_deinit(struct lanes *lanes)
{
	for (size_t i = 0; i < lanes->nr; i++)
		free(lanes->lane[i].boxes);
	scale_deinit(&lanes->scale);
	lanes->nr = 0;
}

uint16_t lanes_spaces(const struct lanes_input *input)
{
	const struct check_rows *rows = input->rows;
	uint16_t nr = rows->nr ? rows->rows[rows->nr - 1].as_id + 1 : 0;

	for (size_t i = nr; i < input->nr_views; i++)
		if (input->views[i])
			nr = i + 1;
	return nr;
}

const char *lane_title(const struct lane *lane)
{
	uint32_t traits;

	switch (lane->kind) {
	case LANE_REGIONS:
		return "regions";
	case LANE_FLAT:
		return "flat view";
	case LANE_STAGE2:
		return "stage 2";
	case LANE_HOST:
		return "host";
	default:
		traits = party_of(lane->party)->traits;
		return traits & PARTY_MEANS   ? "meant" :
		       traits & PARTY_FOLLOWS ? "asked" :
						"held";
	}
}

const struct lane_box *lane_box_at(const struct lane *lane, unsigned int row,
				   uint64_t addr)
{
	size_t low = 0, high = lane->nr, at;
	const struct lane_box *box;

	while (low < high) {
		at = low + (high - low) / 2;
		box = &lane->boxes[at];
		if (box->row < row || (box->row == row && box->last < addr))
			low = at + 1;
		else
			high = at;
	}
	box = &lane->boxes[low];
	return low < lane->nr && box->row == row && box->first <= addr ? box :
									 NULL;
}

const struct check_row *lanes_row_at(const struct lanes_input *input,
				     uint64_t addr)
{
	const struct check_row *rows = input->rows->rows, *row;
	size_t low = 0, high = input->rows->nr, at;

	while (low < high) {
		at = low + (high - low) / 2;
		row = &rows[at];
		if (row->as_id < input->as_id ||
		    (row->as_id == input->as_id &&
		     row->gpa + (row->size - 1) < addr))
			low = at + 1;
		else
			high = at;
	}
	row = &rows[low];
	return low < input->rows->nr && row->as_id == input->as_id &&
			       row->gpa <= addr ?
		       row :
		       NULL;
}
