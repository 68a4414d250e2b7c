// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of guest memory, as data */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "check/ranges.h"
#include "check/say.h"

/* Where a row may have to end: the place after is another thing */
struct edge {
	uint16_t as_id;
	gpa_t gpa;
};

struct edges {
	struct edge *items;
	size_t nr;
	size_t cap;
};

struct builder {
	const struct check_input *input;
	const struct findings *findings;
	struct check_rows *out;
	struct spans slots[VIEW_SOURCES];
	struct spans blind[VIEW_SOURCES];
	struct edges edges;
	uint32_t usable; /* views that take part in the verdict */
};

static int add_edge(struct builder *b, uint16_t as_id, gpa_t gpa)
{
	struct edge *items;

	items = grown(b->edges.items, b->edges.nr, &b->edges.cap,
		      sizeof(*items));
	if (!items)
		return -ENOMEM;
	b->edges.items = items;
	items[b->edges.nr++] = (struct edge){ as_id, gpa };
	return 0;
}

static int add_edges(struct builder *b, uint16_t as_id, gpa_t gpa, gpa_t last)
{
	int ret = add_edge(b, as_id, gpa);

	if (!ret && last != UINT64_MAX)
		ret = add_edge(b, as_id, last + 1);
	return ret;
}

static int by_place(const void *a, const void *b)
{
	const struct edge *x = a;
	const struct edge *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

static int collect_view(struct builder *b, enum view_source view)
{
	const struct slot_state *state = b->input->views[view];
	const struct slot *slot;
	struct span span;
	int ret = 0;

	for (size_t i = 0; i < state->nr_slots && !ret; i++) {
		slot = &state->slots[i];
		span = (struct span){ slot->as_id, slot->gpa, slot_last(slot),
				      slot };
		ret = spans_add(&b->slots[view], &span);
		if (!ret)
			ret = add_edges(b, span.as_id, span.gpa, span.last);
	}
	if (!ret)
		ret = spans_add_blind(&b->blind[view], &state->coverage);
	for (size_t i = 0; i < b->blind[view].nr && !ret; i++) {
		span = b->blind[view].items[i];
		ret = add_edges(b, span.as_id, span.gpa, span.last);
	}
	return ret;
}

/* The view whose host addresses BACKING is asked for */
static const struct slot_state *holder(const struct builder *b)
{
	const struct slot_state *const *views = b->input->views;

	if (views[VIEW_KERNEL])
		return views[VIEW_KERNEL];
	return views[VIEW_TRACED] ? views[VIEW_TRACED] : views[VIEW_MODEL];
}

/* Two mappings that people would call one */
static bool is_one_mapping(const struct host_range *a,
			   const struct host_range *b)
{
	if (a->end != b->start || a->read != b->read || a->write != b->write ||
	    a->shared != b->shared || !a->path != !b->path)
		return false;
	return !a->path || (!strcmp(a->path, b->path) && a->inode == b->inode &&
			    a->offset + (a->end - a->start) == b->offset);
}

static int add_edges_of_mappings(struct builder *b, const struct slot *slot)
{
	const struct host_map *map = b->input->backing;
	hva_t last = slot->hva + (slot->size - 1);
	const struct host_range *range;
	size_t at;
	int ret = 0;

	if (!slot->hva || last < slot->hva)
		return 0;
	at = host_map_from(map, slot->hva);
	for (; at < map->nr && map->ranges[at].start <= last && !ret; at++) {
		range = &map->ranges[at];
		if (range->start > slot->hva &&
		    !(at && is_one_mapping(range - 1, range)))
			ret = add_edge(b, slot->as_id,
				       slot->gpa + (range->start - slot->hva));
		if (!ret && range->end <= last &&
		    !(at + 1 < map->nr && is_one_mapping(range, range + 1)))
			ret = add_edge(b, slot->as_id,
				       slot->gpa + (range->end - slot->hva));
	}
	return ret;
}

static int collect(struct builder *b)
{
	const struct finding *finding;
	const struct slot_state *state;
	int ret = 0;

	for (int view = 0; view < VIEW_SOURCES && !ret; view++) {
		if (b->input->views[view])
			ret = collect_view(b, view);
	}
	for (size_t i = 0; i < b->findings->nr && !ret; i++) {
		finding = &b->findings->items[i];
		if (finding->size)
			ret = add_edges(b, finding->as_id, finding->gpa,
					finding->gpa + (finding->size - 1));
	}
	state = b->input->backing ? holder(b) : NULL;
	for (size_t i = 0; state && i < state->nr_slots && !ret; i++)
		ret = add_edges_of_mappings(b, &state->slots[i]);
	if (b->edges.nr > 1)
		qsort(b->edges.items, b->edges.nr, sizeof(*b->edges.items),
		      by_place);
	return ret;
}

static void fill_backing(const struct builder *b, struct check_row *row)
{
	const struct host_map *map = b->input->backing;
	const struct row_cell *cell = NULL;
	hva_t hva;

	for (int view = VIEW_SOURCES; view-- && !cell;) {
		if (row->cell[view].kind == ROW_CELL_SLOT)
			cell = &row->cell[view];
		/* what KVM does not have needs no backing, but for the MODEL's */
		else if (view != VIEW_MODEL &&
			 row->cell[view].kind == ROW_CELL_NONE)
			return;
	}
	if (!map || !map->nr || !cell || !cell->slot->hva)
		return;
	hva = cell->slot->hva + cell->offset;
	row->range = host_map_find(map, hva);
	if (row->range) {
		row->backing = ROW_BACKING_MAPPED;
		row->offset = hva - row->range->start;
	} else if (map->truncated && hva >= map->ranges[map->nr - 1].end) {
		row->backing = ROW_BACKING_UNKNOWN;
	} else {
		row->backing = ROW_BACKING_NONE;
	}
}

/* Without a finding; those are painted over it */
static enum row_verdict judge(const struct builder *b,
			      const struct check_row *row)
{
	unsigned int speaking = 0;
	const struct slot_state *state;
	const struct slot *slot;
	bool own = false;

	for (int view = 0; view < VIEW_SOURCES; view++) {
		if (row->cell[view].kind == ROW_CELL_ABSENT ||
		    !(b->usable & 1U << view))
			continue;
		speaking++;
		if (row->cell[view].kind != ROW_CELL_SLOT)
			continue;
		slot = row->cell[view].slot;
		state = b->input->views[view];
		if (slot->flags & SLOT_INVALID ||
		    (slot->as_id < state->nr_as &&
		     state->as[slot->as_id].updating))
			return ROW_TRANSITION;
		own |= slot->hidden;
	}
	if (own)
		return ROW_OWN;
	/* BACKING says something of what KVM holds, and of nothing else */
	if (row->backing == ROW_BACKING_MAPPED &&
	    (row->cell[VIEW_KERNEL].kind == ROW_CELL_SLOT ||
	     row->cell[VIEW_TRACED].kind == ROW_CELL_SLOT))
		speaking++;
	return speaking > 1 ? ROW_AGREE : ROW_ALONE;
}

static int add_row(struct check_rows *out, const struct check_row *row)
{
	struct check_row *rows;

	rows = grown(out->rows, out->nr, &out->cap, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	out->rows = rows;
	rows[out->nr++] = *row;
	return 0;
}

/* One row for each stretch between edges where any view has anything */
static int build(struct builder *b)
{
	struct span_cursor slots[VIEW_SOURCES];
	struct span_cursor blind[VIEW_SOURCES];
	const struct slot_state *state;
	const struct span *span;
	struct check_row row;
	struct edge *edge;
	gpa_t until;
	bool any;

	for (int view = 0; view < VIEW_SOURCES; view++) {
		slots[view] = (struct span_cursor){ &b->slots[view], 0 };
		blind[view] = (struct span_cursor){ &b->blind[view], 0 };
	}
	for (size_t i = 0; i < b->edges.nr; i++) {
		edge = &b->edges.items[i];
		if (i && !by_place(edge - 1, edge))
			continue;
		memset(&row, 0, sizeof(row));
		row.as_id = edge->as_id;
		row.gpa = edge->gpa;
		row.finding = FINDING_NO_CAUSE;
		until = UINT64_MAX;
		any = false;
		for (int view = 0; view < VIEW_SOURCES; view++) {
			state = b->input->views[view];
			if (!state || !state_covers(state, row.as_id))
				continue;
			span = span_cursor_at(&slots[view], row.as_id, row.gpa,
					      &until);
			if (span) {
				row.cell[view].kind = ROW_CELL_SLOT;
				row.cell[view].slot = span->slot;
				row.cell[view].offset = row.gpa - span->gpa;
				any = true;
			} else if (!span_cursor_at(&blind[view], row.as_id,
						   row.gpa, &until)) {
				row.cell[view].kind = ROW_CELL_NONE;
			}
		}
		for (size_t j = i + 1; j < b->edges.nr; j++) {
			if (!by_place(edge, &b->edges.items[j]))
				continue;
			if (b->edges.items[j].as_id == row.as_id)
				until = b->edges.items[j].gpa - 1;
			break;
		}
		if (!any)
			continue;
		row.size = until - row.gpa + 1;
		fill_backing(b, &row);
		row.verdict = judge(b, &row);
		if (add_row(b->out, &row))
			return -ENOMEM;
	}
	return 0;
}

/* Lower is shown rather than higher, where several findings meet */
static int rank(const struct finding *finding)
{
	switch (finding->id) {
	case FINDING_IGNORED_FAILURE:
		return 1; /* what follows from it says more of the row */
	case FINDING_LOST:
	case FINDING_UNREAD:
		return 2;
	case FINDING_UNALIGNED:
		return 3;
	case FINDING_HIDDEN:
		return 4;
	case FINDING_REFUSED:
		return 6; /* says nothing of what stands */
	default:
		return finding_id_kind(finding->id) == FINDING_NOTE ? 5 : 0;
	}
}

static size_t first_row(const struct check_rows *rows, uint16_t as_id,
			gpa_t gpa)
{
	const struct check_row *row;
	size_t high = rows->nr;
	size_t low = 0;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		row = &rows->rows[mid];
		if (row->as_id < as_id ||
		    (row->as_id == as_id && row->gpa + (row->size - 1) < gpa))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void paint(const struct builder *b, size_t at)
{
	const struct finding *finding = &b->findings->items[at];
	struct check_rows *out = b->out;
	struct check_row *row;
	gpa_t last;

	if (!finding->size || rank(finding) > 5)
		return;
	last = finding->gpa + (finding->size - 1);
	for (size_t i = first_row(out, finding->as_id, finding->gpa);
	     i < out->nr; i++) {
		row = &out->rows[i];
		if (row->as_id != finding->as_id || row->gpa > last)
			break;
		/* of one rank the first in the list counts */
		if (row->finding != FINDING_NO_CAUSE &&
		    rank(&b->findings->items[row->finding]) <= rank(finding))
			continue;
		row->finding = at;
		row->verdict = ROW_FINDING;
	}
}

static bool cell_goes_on(const struct row_cell *a, const struct row_cell *b,
			 uint64_t size)
{
	const struct slot *x = a->slot;
	const struct slot *y = b->slot;

	if (a->kind != b->kind)
		return false;
	if (a->kind != ROW_CELL_SLOT || x == y)
		return true;
	/* a MODEL's ranges have no number to tell them apart */
	return x->id < 0 && y->id < 0 && x->name && y->name &&
	       !strcmp(x->name, y->name) && x->flags == y->flags &&
	       x->unknown == y->unknown && x->hidden == y->hidden &&
	       x->hva + a->offset + size == y->hva + b->offset &&
	       x->offset + a->offset + size == y->offset + b->offset;
}

static bool goes_on(const struct check_row *a, const struct check_row *b)
{
	if (a->as_id != b->as_id || a->gpa + (a->size - 1) + 1 != b->gpa ||
	    a->verdict != b->verdict || a->finding != b->finding ||
	    a->backing != b->backing)
		return false;
	for (int view = 0; view < VIEW_SOURCES; view++) {
		if (!cell_goes_on(&a->cell[view], &b->cell[view], a->size))
			return false;
	}
	if (a->backing != ROW_BACKING_MAPPED)
		return true;
	if (a->range == b->range)
		return a->offset + a->size == b->offset;
	/* mappings in between were made one when edges were collected */
	for (const struct host_range *range = a->range; range != b->range;
	     range++) {
		if (range > b->range || !is_one_mapping(range, range + 1))
			return false;
	}
	return a->range->start + a->offset + a->size ==
	       b->range->start + b->offset;
}

static void join(struct check_rows *out)
{
	struct check_row *prev;
	size_t kept = 0;

	for (size_t i = 0; i < out->nr; i++) {
		prev = kept ? &out->rows[kept - 1] : NULL;
		if (prev && goes_on(prev, &out->rows[i]))
			prev->size += out->rows[i].size;
		else
			out->rows[kept++] = out->rows[i];
	}
	out->nr = kept;
}

static uint32_t usable_views(const struct check_input *input)
{
	uint32_t usable = 0;

	for (int view = 0; view < VIEW_SOURCES; view++) {
		if (input->views[view] && !input->unsettled &&
		    !(view == VIEW_TRACED && input->views[view]->coverage.lost))
			usable |= 1U << view;
	}
	return usable;
}

int check_rows(const struct check_input *input, const struct findings *findings,
	       struct check_rows *out)
{
	struct builder b = { .input = input,
			     .findings = findings,
			     .out = out,
			     .usable = usable_views(input) };
	int ret;

	memset(out, 0, sizeof(*out));
	ret = collect(&b);
	if (!ret)
		ret = build(&b);
	for (size_t i = 0; i < findings->nr && !ret; i++)
		paint(&b, i);
	join(out);
	for (int view = 0; view < VIEW_SOURCES; view++) {
		spans_deinit(&b.slots[view]);
		spans_deinit(&b.blind[view]);
	}
	free(b.edges.items);
	return ret;
}

void check_rows_deinit(struct check_rows *rows)
{
	free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}
