// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of guest memory, as data */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "check/comparison.h"
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
	const struct comparison *comparison;
	size_t nr_views;
	struct check_rows *out;
	struct spans *slots; /* of each view, as it says */
	struct spans *blind;
	struct span_cursor *slot_cursors;
	struct span_cursor *blind_cursors;
	struct edges edges;
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

static const struct view *view_of(const struct builder *b, size_t view)
{
	return &b->comparison->input->views[view];
}

static int collect_view(struct builder *b, size_t view)
{
	const struct slot_state *state = view_of(b, view)->slots;
	const struct spans *left_out = &b->comparison->views[view].blind;
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
	for (size_t i = 0; i < left_out->nr && !ret; i++)
		ret = spans_add(&b->blind[view], &left_out->items[i]);
	spans_join(&b->blind[view]);
	for (size_t i = 0; i < b->blind[view].nr && !ret; i++) {
		span = b->blind[view].items[i];
		ret = add_edges(b, span.as_id, span.gpa, span.last);
	}
	return ret;
}

/*
 * The view whose host addresses a ground lies under: of what KVM holds, at first
 * hand or else from a log; @i counts them. NULL: no more
 */
static const struct slot_state *above(const struct builder *b, size_t *view,
				      unsigned int i)
{
	static const struct {
		uint32_t has;
		uint32_t lacks;
	} order[] = {
		{ PARTY_HOLDS, PARTY_FOLLOWS },
		{ PARTY_HOLDS | PARTY_FOLLOWS, 0 },
		{ 0, PARTY_HOLDS },
	};
	uint32_t traits;

	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++) {
		for (size_t v = 0; v < b->nr_views; v++) {
			traits = comparison_party(b->comparison, v)->traits;
			if (!view_of(b, v)->slots ||
			    (traits & order[o].has) != order[o].has ||
			    traits & order[o].lacks || i--)
				continue;
			*view = v;
			return view_of(b, v)->slots;
		}
	}
	return NULL;
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

static int add_edges_of_mappings(struct builder *b, const struct host_map *map,
				 const struct slot *slot)
{
	hva_t last = slot->hva + (slot->size - 1);
	const struct host_range *range;
	size_t at;
	int ret = 0;

	if (slot->unknown & SLOT_FIELD_HVA || last < slot->hva)
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

static int collect_ground(struct builder *b, const struct host_map *map)
{
	const struct slot_state *state;
	size_t view;
	int ret = 0;

	state = above(b, &view, 0);
	for (size_t i = 0; state && i < state->nr_slots && !ret; i++)
		ret = add_edges_of_mappings(b, map, &state->slots[i]);
	return ret;
}

static int collect_finding(struct builder *b, const struct finding *finding)
{
	const uint64_t more = finding->size - 1;
	int ret;

	if (!finding->size)
		return 0;
	ret = add_edges(b, finding->as_id, finding->gpa, finding->gpa + more);
	if (!ret && finding->elsewhere)
		ret = add_edges(b, finding->other_as_id, finding->other_gpa,
				finding->other_gpa + more);
	return ret;
}

static int collect(struct builder *b)
{
	const struct findings *findings = &b->comparison->findings;
	const struct view *view;
	int ret = 0;

	for (size_t i = 0; i < b->nr_views && !ret; i++) {
		view = view_of(b, i);
		if (view->slots)
			ret = collect_view(b, i);
		else if (view->map)
			ret = collect_ground(b, view->map);
	}
	for (size_t i = 0; i < findings->nr && !ret; i++)
		ret = collect_finding(b, &findings->items[i]);
	if (b->edges.nr > 1)
		qsort(b->edges.items, b->edges.nr, sizeof(*b->edges.items),
		      by_place);
	return ret;
}

/* The host address of a row's memory; false if it has none, or needs none */
static bool find_hva(const struct builder *b, const struct row_cell *cells,
		     hva_t *hva)
{
	const struct slot_state *state;
	const struct row_cell *cell;
	size_t view;

	for (unsigned int i = 0; (state = above(b, &view, i)); i++) {
		cell = &cells[view];
		if (cell->kind == ROW_CELL_SLOT) {
			*hva = cell->slot->hva + cell->offset;
			return state->coverage.fields & ~cell->slot->unknown &
			       SLOT_FIELD_HVA;
		}
		/* what KVM does not have needs nothing under it */
		if (cell->kind == ROW_CELL_NONE &&
		    party_of(state->party)->traits & PARTY_HOLDS)
			return false;
	}
	return false;
}

static void fill_ground(const struct host_map *map, hva_t hva,
			struct row_cell *cell)
{
	if (!map->nr)
		return;
	cell->range = host_map_find(map, hva);
	if (cell->range) {
		cell->kind = ROW_CELL_MAPPED;
		cell->offset = hva - cell->range->start;
	} else if (map->truncated && hva >= map->ranges[map->nr - 1].end) {
		cell->kind = ROW_CELL_UNKNOWN;
	} else {
		cell->kind = ROW_CELL_NONE;
	}
}

static void fill_grounds(const struct builder *b, struct row_cell *cells)
{
	hva_t hva;

	if (!find_hva(b, cells, &hva))
		return;
	for (size_t view = 0; view < b->nr_views; view++) {
		if (view_of(b, view)->map)
			fill_ground(view_of(b, view)->map, hva, &cells[view]);
	}
}

static bool is_updating(const struct builder *b, size_t view, uint16_t as_id)
{
	const struct slot_state *state = view_of(b, view)->slots;

	return as_id < state->nr_as &&
	       (state->as[as_id].updating || state->as[as_id].torn);
}

/* Without a finding; those are painted over it */
static enum row_verdict judge(const struct builder *b,
			      const struct check_row *row,
			      const struct row_cell *cells)
{
	const struct comparison *c = b->comparison;
	gpa_t last = row->gpa + (row->size - 1);
	const struct row_cell *cell;
	bool updating = false;
	bool own = false;

	for (size_t view = 0; view < b->nr_views; view++) {
		cell = &cells[view];
		if (cell->kind != ROW_CELL_SLOT || !c->views[view].usable)
			continue;
		if (cell->slot->flags & SLOT_INVALID)
			return ROW_TRANSITION;
		own |= cell->slot->hidden;
		updating |= is_updating(b, view, row->as_id);
	}
	if (own)
		return ROW_OWN;
	for (size_t i = 0; i < c->nr_pairs; i++) {
		if (spans_cover(&c->pairs[i].agree, row->as_id, row->gpa, last))
			return ROW_AGREE;
	}
	return updating ? ROW_TRANSITION : ROW_NOT_COMPARED;
}

/* Room for one more row; its cells are empty. NULL: out of memory */
static struct row_cell *new_row(struct builder *b)
{
	struct check_rows *out = b->out;
	struct check_row *rows;
	struct row_cell *cells;
	size_t nr = out->nr_cells + b->nr_views;

	rows = grown(out->rows, out->nr, &out->cap, sizeof(*rows));
	if (!rows)
		return NULL;
	out->rows = rows;
	if (nr > out->cap_cells) {
		cells = reallocarray(out->cells, 2 * nr, sizeof(*cells));
		if (!cells)
			return NULL;
		out->cells = cells;
		out->cap_cells = 2 * nr;
	}
	cells = &out->cells[out->nr_cells];
	memset(cells, 0, b->nr_views * sizeof(*cells));
	return cells;
}

/* What the views have at an edge, up to @until at most; false: nothing */
static bool fill_slots(struct builder *b, const struct edge *edge,
		       struct row_cell *cells, gpa_t *until)
{
	const struct slot_state *state;
	const struct span *span;
	bool any = false;

	for (size_t view = 0; view < b->nr_views; view++) {
		state = view_of(b, view)->slots;
		if (!state || !state_covers(state, edge->as_id))
			continue;
		span = span_cursor_at(&b->slot_cursors[view], edge->as_id,
				      edge->gpa, until);
		if (span) {
			cells[view].kind = ROW_CELL_SLOT;
			cells[view].slot = span->slot;
			cells[view].offset = edge->gpa - span->gpa;
			any = true;
		} else if (!span_cursor_at(&b->blind_cursors[view], edge->as_id,
					   edge->gpa, until)) {
			cells[view].kind = ROW_CELL_NONE;
		}
	}
	return any;
}

/* One row for each stretch between edges where any view has anything */
static int build(struct builder *b)
{
	const struct edge *end = b->edges.items + b->edges.nr;
	const struct edge *next;
	struct row_cell *cells;
	struct check_row *row;
	gpa_t until;

	for (const struct edge *edge = b->edges.items; edge < end;
	     edge = next) {
		for (next = edge + 1; next < end && !by_place(edge, next);)
			next++;
		cells = new_row(b);
		if (!cells)
			return -ENOMEM;
		until = UINT64_MAX;
		if (!fill_slots(b, edge, cells, &until))
			continue;
		if (next < end && next->as_id == edge->as_id)
			until = next->gpa - 1;
		row = &b->out->rows[b->out->nr++];
		*row = (struct check_row){ .as_id = edge->as_id,
					   .gpa = edge->gpa,
					   .size = until - edge->gpa + 1,
					   .cells = b->out->nr_cells,
					   .finding = FINDING_NO_CAUSE };
		b->out->nr_cells += b->nr_views;
		fill_grounds(b, cells);
		row->verdict = judge(b, row, cells);
	}
	return 0;
}

#define RANKS 6

/* Lower is shown rather than higher, where several findings meet */
static int rank(const struct finding *finding)
{
	switch (finding->id) {
	case FINDING_ANSWERED:
	case FINDING_IGNORED_FAILURE:
	case FINDING_FATAL_REFUSAL:
		return 1; /* what follows from it says more of the row */
	case FINDING_LOST:
	case FINDING_UNREAD:
		return 2;
	case FINDING_UNALIGNED:
		return 3;
	case FINDING_HIDDEN:
		return 4;
	case FINDING_REFUSED:
	case FINDING_ALIASED:
	case FINDING_HUGEPAGE:
	case FINDING_GAP:
		return RANKS; /* says nothing against what stands */
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

/* The first row from @at on that has no finding; shortens the way to it */
static size_t bare_from(size_t *next, size_t at)
{
	size_t end = at;
	size_t step;

	while (next[end] != end)
		end = next[end];
	for (; next[at] != end; at = step) {
		step = next[at];
		next[at] = end;
	}
	return end;
}

static void paint(const struct builder *b, size_t *next, size_t finding,
		  uint16_t as_id, gpa_t gpa)
{
	uint64_t size = b->comparison->findings.items[finding].size;
	gpa_t last = gpa + (size - 1);
	struct check_rows *out = b->out;
	struct check_row *row;

	for (size_t i = bare_from(next, first_row(out, as_id, gpa));
	     i < out->nr; i = bare_from(next, i)) {
		row = &out->rows[i];
		if (row->as_id != as_id || row->gpa > last)
			break;
		row->finding = finding;
		row->verdict = ROW_FINDING;
		next[i] = i + 1;
	}
}

/* By rank; of one rank the first in the list counts. Each row is painted once */
static int paint_all(const struct builder *b)
{
	const struct findings *findings = &b->comparison->findings;
	const struct finding *finding;
	size_t *next;

	next = calloc(b->out->nr + 1, sizeof(*next));
	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i <= b->out->nr; i++)
		next[i] = i;
	for (int r = 0; r < RANKS; r++) {
		for (size_t i = 0; i < findings->nr; i++) {
			finding = &findings->items[i];
			if (!finding->size || rank(finding) != r)
				continue;
			paint(b, next, i, finding->as_id, finding->gpa);
			if (finding->elsewhere)
				paint(b, next, i, finding->other_as_id,
				      finding->other_gpa);
		}
	}
	free(next);
	return 0;
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

/* Mappings in between were made one when edges were collected */
static bool ground_goes_on(const struct row_cell *a, const struct row_cell *b,
			   uint64_t size)
{
	if (a->range == b->range)
		return a->offset + size == b->offset;
	for (const struct host_range *range = a->range; range != b->range;
	     range++) {
		if (range > b->range || !is_one_mapping(range, range + 1))
			return false;
	}
	return a->range->start + a->offset + size ==
	       b->range->start + b->offset;
}

static bool goes_on(const struct check_rows *rows, size_t nr_views,
		    const struct check_row *a, const struct check_row *b)
{
	const struct row_cell *x = &rows->cells[a->cells];
	const struct row_cell *y = &rows->cells[b->cells];

	if (a->as_id != b->as_id || a->gpa + (a->size - 1) + 1 != b->gpa ||
	    a->verdict != b->verdict || a->finding != b->finding)
		return false;
	for (size_t view = 0; view < nr_views; view++) {
		if (!cell_goes_on(&x[view], &y[view], a->size))
			return false;
		if (x[view].kind == ROW_CELL_MAPPED &&
		    !ground_goes_on(&x[view], &y[view], a->size))
			return false;
	}
	return true;
}

static void join(struct check_rows *out, size_t nr_views)
{
	struct check_row *prev;
	size_t kept = 0;

	for (size_t i = 0; i < out->nr; i++) {
		prev = kept ? &out->rows[kept - 1] : NULL;
		if (prev && goes_on(out, nr_views, prev, &out->rows[i]))
			prev->size += out->rows[i].size;
		else
			out->rows[kept++] = out->rows[i];
	}
	out->nr = kept;
}

static int builder_init(struct builder *b)
{
	const size_t nr = b->nr_views + 1;

	b->slots = calloc(nr, sizeof(*b->slots));
	b->blind = calloc(nr, sizeof(*b->blind));
	b->slot_cursors = calloc(nr, sizeof(*b->slot_cursors));
	b->blind_cursors = calloc(nr, sizeof(*b->blind_cursors));
	if (!b->slots || !b->blind || !b->slot_cursors || !b->blind_cursors)
		return -ENOMEM;
	for (size_t view = 0; view < b->nr_views; view++) {
		b->slot_cursors[view].spans = &b->slots[view];
		b->blind_cursors[view].spans = &b->blind[view];
	}
	return 0;
}

static void builder_deinit(struct builder *b)
{
	for (size_t view = 0; view < b->nr_views; view++) {
		if (b->slots)
			spans_deinit(&b->slots[view]);
		if (b->blind)
			spans_deinit(&b->blind[view]);
	}
	free(b->slots);
	free(b->blind);
	free(b->slot_cursors);
	free(b->blind_cursors);
	free(b->edges.items);
}

int check_rows(const struct comparison *comparison, struct check_rows *out)
{
	struct builder b = { .comparison = comparison,
			     .nr_views = comparison->input->nr_views,
			     .out = out };
	int ret;

	memset(out, 0, sizeof(*out));
	ret = builder_init(&b);
	if (!ret)
		ret = collect(&b);
	if (!ret)
		ret = build(&b);
	if (!ret)
		ret = paint_all(&b);
	if (!ret)
		join(out, b.nr_views);
	builder_deinit(&b);
	return ret;
}

void check_rows_deinit(struct check_rows *rows)
{
	free(rows->rows);
	free(rows->cells);
	memset(rows, 0, sizeof(*rows));
}
