// SPDX-License-Identifier: GPL-2.0-or-later
/* Who owns an address: the table of guest memory and the log, cut to one range */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/addr.h>

#include "base/grow.h"
#include "check/comparison.h"
#include "mtree/path.h"
#include "view/fold.h"
#include "view/slot_index.h"

/* As QEMU calls those that it has KVM listen on */
static const char *const spaces[] = { "memory", "KVM-SMRAM" };

const char *addr_space_name(uint16_t as_id)
{
	return as_id < sizeof(spaces) / sizeof(spaces[0]) ? spaces[as_id] :
							    NULL;
}

struct finder {
	const struct addr_input *input;
	const struct addr_query *query;
	struct addr_answer *out;
	bool nomem;
};

static const struct mtree_flatview *flat_of(const struct addr_input *input,
					    uint16_t as_id)
{
	const char *name = addr_space_name(as_id);

	return input->flat && name ? mtree_flatviews_find(input->flat, name) :
				     NULL;
}

/* The first that ends at or behind @gpa */
static const struct mtree_range *flat_from(const struct mtree_flatview *view,
					   gpa_t gpa)
{
	size_t low = 0, high = view ? view->nr_ranges : 0, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (view->ranges[mid].last < gpa)
			low = mid + 1;
		else
			high = mid;
	}
	return view && low < view->nr_ranges ? &view->ranges[low] : NULL;
}

/* MODEL's, at a place with a row */
static const struct row_cell *meant_cell(const struct addr_input *input,
					 const struct addr_place *place)
{
	const struct comparison *c = input->comparison;
	const struct row_cell *cell;

	if (place->row == ADDR_NO_ROW)
		return NULL;
	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (!(comparison_party(c, view)->traits & PARTY_MEANS))
			continue;
		cell = check_row_cell(input->rows,
				      &input->rows->rows[place->row], view);
		if (cell->kind == ROW_CELL_SLOT)
			return cell;
	}
	return NULL;
}

/* What was read a moment later may be of another: the name and offset tell */
static bool is_of_model(const struct addr_input *input,
			const struct addr_place *place,
			const struct mtree_range *flat)
{
	const struct row_cell *cell = meant_cell(input, place);
	const struct check_row *row;

	if (!cell || !cell->slot->name)
		return true;
	row = &input->rows->rows[place->row];
	return !strcmp(cell->slot->name, flat->name) &&
	       cell->slot->offset + cell->offset + (place->gpa - row->gpa) ==
		       flat->offset + (place->gpa - flat->first);
}

static void find_flat(const struct addr_input *input, struct addr_place *place)
{
	const struct mtree_range *flat;

	flat = flat_from(flat_of(input, place->as_id), place->gpa);
	if (flat && flat->first <= place->gpa &&
	    is_of_model(input, place, flat))
		place->flat = flat;
}

/* From the cell of a ground, or of what holds slots, else of what is meant */
static void find_ground(const struct addr_input *input,
			struct addr_place *place)
{
	const struct comparison *c = input->comparison;
	const struct check_row *row = &input->rows->rows[place->row];
	const uint64_t in_row = place->gpa - row->gpa;
	const struct row_cell *cell;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		cell = check_row_cell(input->rows, row, view);
		if (cell->kind == ROW_CELL_SLOT && !place->hva &&
		    comparison_state(c, view)->coverage.fields &
			    ~cell->slot->unknown & SLOT_FIELD_HVA)
			place->hva = cell->slot->hva + cell->offset + in_row;
	}
	for (size_t view = 0; view < c->input->nr_views; view++) {
		cell = check_row_cell(input->rows, row, view);
		if (cell->kind != ROW_CELL_MAPPED)
			continue;
		place->range = cell->range;
		place->hva = cell->range->start + cell->offset + in_row;
		return;
	}
}

static bool has_any(const struct addr_input *input,
		    const struct addr_place *place)
{
	const struct check_row *row;

	if (place->flat || place->range)
		return true;
	if (place->row == ADDR_NO_ROW)
		return false;
	row = &input->rows->rows[place->row];
	for (size_t i = 0; i < input->comparison->input->nr_views; i++)
		if (check_row_cell(input->rows, row, i)->kind == ROW_CELL_SLOT)
			return true;
	return false;
}

static void add_place(struct finder *f, struct addr_place place)
{
	struct addr_answer *out = f->out;
	struct addr_place *items;

	if (place.guest)
		find_flat(f->input, &place);
	if (place.row != ADDR_NO_ROW)
		find_ground(f->input, &place);
	items = grown(out->places, out->nr, &out->cap, sizeof(*items));
	if (!items) {
		f->nomem = true;
		return;
	}
	out->places = items;
	items[out->nr++] = place;
	out->owned |= has_any(f->input, &place);
}

static uint64_t size_of(gpa_t gpa, gpa_t last)
{
	return last - gpa == UINT64_MAX ? UINT64_MAX : last - gpa + 1;
}

/* No view of slots has anything there: registers, or nothing at all */
static void add_gap(struct finder *f, enum addr_kind by, uint16_t as_id,
		    gpa_t gpa, gpa_t last, bool named_only)
{
	const struct mtree_flatview *view = flat_of(f->input, as_id);
	const struct mtree_range *flat;
	struct addr_place place = {
		.by = by, .guest = true, .as_id = as_id, .row = ADDR_NO_ROW
	};
	gpa_t end;

	for (;; gpa = end + 1) {
		flat = flat_from(view, gpa);
		end = last;
		if (flat && flat->first > gpa && flat->first <= last)
			end = flat->first - 1;
		else if (flat && flat->first <= gpa && flat->last < last)
			end = flat->last;
		place.gpa = gpa;
		place.size = size_of(gpa, end);
		if (!named_only || (flat && flat->first <= gpa))
			add_place(f, place);
		if (end == last)
			return;
	}
}

/* Of one address space: rows, and what lies between them */
static void add_range(struct finder *f, enum addr_kind by, uint16_t as_id,
		      gpa_t gpa, gpa_t last, bool gaps)
{
	const struct check_rows *rows = f->input->rows;
	const struct check_row *row;
	gpa_t row_last, end;

	for (size_t i = 0; i < rows->nr; i++) {
		row = &rows->rows[i];
		row_last = row->gpa + (row->size - 1);
		if (row->as_id != as_id || row_last < gpa)
			continue;
		if (row->gpa > last)
			break;
		if (row->gpa > gpa) {
			add_gap(f, by, as_id, gpa, row->gpa - 1, !gaps);
			gpa = row->gpa;
		}
		end = row_last < last ? row_last : last;
		add_place(f, (struct addr_place){ .by = by,
						  .guest = true,
						  .as_id = as_id,
						  .gpa = gpa,
						  .size = size_of(gpa, end),
						  .row = i });
		if (end == last)
			return;
		gpa = end + 1;
	}
	add_gap(f, by, as_id, gpa, last, !gaps);
}

static size_t nr_spaces(const struct finder *f)
{
	const struct comparison *c = f->input->comparison;
	const struct slot_state *state;
	size_t nr = 1;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		state = comparison_state(c, view);
		if (state && state->nr_as > nr)
			nr = state->nr_as;
	}
	return nr;
}

static bool is_asked(const struct finder *f, uint16_t as_id)
{
	return f->query->as_id < 0 || f->query->as_id == as_id;
}

/* That nothing is there is said once, of the address space that was meant */
static void find_gpa(struct finder *f)
{
	const size_t nr = nr_spaces(f);

	for (size_t as_id = 0; as_id < nr; as_id++)
		if (is_asked(f, as_id))
			add_range(f, ADDR_GPA, as_id, f->query->first,
				  f->query->last,
				  as_id == 0 ||
					  f->query->as_id == (int32_t)as_id);
	if (f->query->as_id >= 0 && (size_t)f->query->as_id >= nr)
		add_gap(f, ADDR_GPA, f->query->as_id, f->query->first,
			f->query->last, false);
}

/* The part of @slot's range [first, last] of what it counts from @base on */
static void add_span(struct finder *f, struct spans *spans,
		     const struct slot *slot, uint64_t base)
{
	const uint64_t first = f->query->first, last = f->query->last;
	const uint64_t end = base + (slot->size - 1);
	struct span span = { .as_id = slot->as_id };

	if (end < first || base > last || !is_asked(f, slot->as_id))
		return;
	span.gpa = slot->gpa + (first > base ? first - base : 0);
	span.last = slot->gpa + ((last < end ? last : end) - base);
	f->nomem |= spans_add(spans, &span);
}

static void add_spans(struct finder *f, enum addr_kind by, struct spans *spans)
{
	spans_join(spans);
	for (size_t i = 0; i < spans->nr && !f->nomem; i++)
		add_range(f, by, spans->items[i].as_id, spans->items[i].gpa,
			  spans->items[i].last, true);
	spans_deinit(spans);
}

/* Memory of the VMM that no slot has, or no view of slots tells of */
static void add_host(struct finder *f, hva_t first, hva_t last)
{
	const struct comparison *c = f->input->comparison;
	const struct host_map *map;
	const struct host_range *range;
	struct addr_place place = { .by = ADDR_HVA, .row = ADDR_NO_ROW };
	hva_t end;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		map = c->input->views[view].map;
		for (size_t i = map ? host_map_from(map, first) : 0;
		     map && i < map->nr && map->ranges[i].start <= last; i++) {
			range = &map->ranges[i];
			place.range = range;
			place.hva = first > range->start ? first : range->start;
			end = range->end - 1 < last ? range->end - 1 : last;
			place.size = end - place.hva + 1;
			add_place(f, place);
		}
	}
}

static void find_hva(struct finder *f)
{
	const struct comparison *c = f->input->comparison;
	const struct slot_state *state;
	const struct slot *slot;
	struct spans spans = { 0 };

	for (size_t view = 0; view < c->input->nr_views; view++) {
		state = comparison_state(c, view);
		for (size_t i = 0; state && i < state->nr_slots; i++) {
			slot = &state->slots[i];
			if (state->coverage.fields & ~slot->unknown &
				    SLOT_FIELD_HVA &&
			    slot->hva + (slot->size - 1) >= slot->hva)
				add_span(f, &spans, slot, slot->hva);
		}
	}
	if (spans.nr)
		add_spans(f, ADDR_HVA, &spans);
	else
		add_host(f, f->query->first, f->query->last);
}

/* Registers have no slot: of these the flat view alone tells */
static void find_flat_region(struct finder *f, struct spans *spans)
{
	const size_t nr = nr_spaces(f);
	const struct mtree_flatview *view;
	const struct mtree_range *range;
	struct slot part = { 0 };

	for (size_t as_id = 0; as_id < nr; as_id++) {
		view = flat_of(f->input, as_id);
		for (size_t i = 0; view && i < view->nr_ranges; i++) {
			range = &view->ranges[i];
			if (strcmp(range->name, f->query->name))
				continue;
			part.as_id = as_id;
			part.gpa = range->first;
			part.size = size_of(range->first, range->last);
			add_span(f, spans, &part, range->offset);
		}
	}
}

static void find_region(struct finder *f)
{
	const struct comparison *c = f->input->comparison;
	const struct slot_state *state;
	const struct slot *slot;
	struct spans spans = { 0 };

	for (size_t view = 0; view < c->input->nr_views; view++) {
		state = comparison_state(c, view);
		for (size_t i = 0; state && i < state->nr_slots; i++) {
			slot = &state->slots[i];
			if (slot->name && !strcmp(slot->name, f->query->name))
				add_span(f, &spans, slot, slot->offset);
		}
	}
	find_flat_region(f, &spans);
	add_spans(f, ADDR_REGION, &spans);
}

static bool touches(uint64_t first, uint64_t size, uint64_t at,
		    uint64_t at_size)
{
	return size && at_size && first <= at + (at_size - 1) &&
	       at <= first + (size - 1);
}

static bool touches_slot(const struct addr_place *place,
			 const struct slot *slot)
{
	return slot->as_id == place->as_id &&
	       touches(slot->gpa, slot->size, place->gpa, place->size);
}

static bool is_about_guest(const struct slot_event *event,
			   const struct addr_place *place)
{
	switch (event->type) {
	case SLOT_EVENT_BASE:
		return touches_slot(place, &event->base);
	case SLOT_EVENT_REQUEST:
		return !event->request.unread &&
		       event->request.slot >> 16 == place->as_id &&
		       touches(event->request.gpa, event->request.size,
			       place->gpa, place->size);
	case SLOT_EVENT_CHANGE:
		return touches_slot(place, &event->change.before) ||
		       touches_slot(place, &event->change.after);
	case SLOT_EVENT_EXIT:
		/* Of which address space is not known */
		return touches(event->exit.gpa, event->exit.len, place->gpa,
			       place->size);
	case SLOT_EVENT_FAULT:
		return touches(event->fault.gpa, 1, place->gpa, place->size);
	case SLOT_EVENT_CALL:
		return (event->kvm_call.kind == SLOT_CALL_ATTRIBUTES ||
			event->kvm_call.kind == SLOT_CALL_PRE_FAULT) &&
		       !event->kvm_call.unread &&
		       touches(event->kvm_call.start, event->kvm_call.size,
			       place->gpa, place->size);
	default:
		return false;
	}
}

static bool is_about(const struct slot_event *event,
		     const struct addr_place *place)
{
	if (place->guest && is_about_guest(event, place))
		return true;
	return event->type == SLOT_EVENT_MAPPING && place->hva &&
	       touches(event->mapping.hva, event->mapping.size, place->hva,
		       place->size);
}

/*
 * A request to delete names no range, and one to move not the old one: it is about
 * what the slot was before it, if requests alone tell what there was
 */
struct was_there {
	const struct addr_answer *out;
	const struct slot_log *log;
	bool *about; /* by place in the log */
};

static int note_request(void *opaque, const struct slot_event *event,
			const struct slot_state *before,
			const struct slot_index *index)
{
	struct was_there *was = opaque;
	const struct slot_request *request = &event->request;
	size_t at;

	if (!before || request->unread)
		return 0;
	at = slot_index_find(index, request->slot >> 16,
			     request->slot & 0xffff);
	if (at == SIZE_MAX)
		return 0;
	for (size_t p = 0; p < was->out->nr; p++)
		if (was->out->places[p].guest &&
		    touches_slot(&was->out->places[p], &before->slots[at]))
			was->about[event - was->log->events] = true;
	return 0;
}

/* Return: by place in the log, to be freed; NULL: out of memory */
static bool *find_requests(const struct check_input *input,
			   const struct addr_answer *out)
{
	struct was_there was = { out, input->log,
				 calloc(input->log->nr + 1, sizeof(bool)) };
	const struct fold_watcher watcher = { note_request, &was, false };
	const struct vm_id vm = { .fd = -1, .serial = input->serial };
	struct slot_state state;

	if (!was.about)
		return NULL;
	if (fold_watched(input->log, &vm, &state, &watcher)) {
		free(was.about);
		was.about = NULL;
	}
	slot_state_deinit(&state);
	return was.about;
}

/* Where changes are told, too: it is about that of the change that it made */
static bool is_call_of(const struct finder *f, const struct slot_event *event)
{
	const struct addr_answer *out = f->out;

	if (event->type != SLOT_EVENT_REQUEST || !event->call)
		return false;
	for (size_t i = out->nr_events; i-- > 0;)
		if (out->events[i]->call == event->call)
			return true;
	return false;
}

static void find_events(struct finder *f)
{
	const struct check_input *input = f->input->comparison->input;
	struct addr_answer *out = f->out;
	const struct slot_event *event, **events;
	size_t cap = 0;
	bool about, *asked;

	if (!input->log)
		return;
	asked = find_requests(input, out);
	f->nomem |= !asked;
	for (size_t i = 0; i < input->log->nr && !f->nomem; i++) {
		event = &input->log->events[i];
		if (event->serial != input->serial)
			continue;
		about = asked[i] || is_call_of(f, event);
		for (size_t p = 0; p < out->nr && !about; p++)
			about = is_about(event, &out->places[p]);
		if (!about)
			continue;
		events = grown(out->events, out->nr_events, &cap,
			       sizeof(struct slot_event *));
		if (!events) {
			f->nomem = true;
			break;
		}
		out->events = events;
		events[out->nr_events++] = event;
	}
	free(asked);
}

int addr_find(const struct addr_input *input, const struct addr_query *query,
	      struct addr_answer *out)
{
	struct finder f = { input, query, out, false };
	size_t nr;

	*out = (struct addr_answer){ 0 };
	if (query->kind == ADDR_GPA || query->kind == ADDR_ANY)
		find_gpa(&f);
	nr = out->nr;
	if (query->kind == ADDR_HVA)
		find_hva(&f);
	if (query->kind == ADDR_ANY && query->as_id < 0) {
		const bool guest = out->owned;

		find_hva(&f);
		/* That the guest has nothing there is no answer, if the VMM has */
		if (!guest && out->owned) {
			memmove(out->places, out->places + nr,
				(out->nr - nr) * sizeof(*out->places));
			out->nr -= nr;
		}
	}
	if (query->kind == ADDR_REGION)
		find_region(&f);
	find_events(&f);
	return f.nomem ? -ENOMEM : 0;
}

void addr_answer_deinit(struct addr_answer *answer)
{
	free(answer->places);
	free(answer->events);
	*answer = (struct addr_answer){ 0 };
}

int addr_path(const struct addr_input *input, const struct addr_place *place,
	      const char *names[ADDR_PATH_MAX], bool alias[ADDR_PATH_MAX])
{
	const struct mtree_range *flat = place->flat;
	int32_t path[MTREE_PATH_MAX];
	int nr;

	if (!input->tree || !flat)
		return 0;
	nr = mtree_path(input->tree, addr_space_name(place->as_id), place->gpa,
			flat->name, flat->offset + (place->gpa - flat->first),
			path);
	for (int i = 0; i < nr; i++) {
		names[i] = input->tree->nodes[path[i]].name;
		alias[i] = input->tree->nodes[path[i]].alias;
	}
	return nr;
}

/* A device's block is called as its region, behind the device's own name */
static bool is_called(const struct addr_block *block, const char *region)
{
	const size_t len = strlen(block->name), tail = strlen(region);

	return len >= tail && !strcmp(block->name + (len - tail), region) &&
	       (len == tail || block->name[len - tail - 1] == '/');
}

const struct addr_block *addr_block_of(const struct addr_input *input,
				       const struct addr_place *place,
				       uint64_t *offset)
{
	const struct addr_block *found = NULL, *block;
	const char *name = place->flat ? place->flat->name : NULL;

	for (size_t i = 0; i < input->nr_blocks; i++) {
		block = &input->blocks[i];
		if (block->hva && place->hva && place->hva >= block->hva &&
		    place->hva - block->hva < block->total) {
			*offset = place->hva - block->hva;
			return block;
		}
		if (!name || block->hva || !is_called(block, name))
			continue;
		if (found)
			return NULL;
		found = block;
	}
	if (!found || place->flat->kind == MTREE_IO)
		return NULL;
	*offset = place->flat->offset + (place->gpa - place->flat->first);
	return *offset < found->total ? found : NULL;
}
