// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses from words, and what views have there in words */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/addr.h>

#include "base/size_text.h"
#include "check/comparison.h"
#include "check/say.h"

const char *addr_kind_name(enum addr_kind kind)
{
	static const char *const names[] = {
		[ADDR_ANY] = "any",
		[ADDR_GPA] = "gpa",
		[ADDR_HVA] = "hva",
		[ADDR_REGION] = "region",
	};

	return names[kind];
}

/* With k, M, G or T behind it; @end: what follows */
static bool parse_number(const char *text, uint64_t *out, char **end)
{
	static const char units[] = "kMGT";
	const char *unit;
	int shift;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(text, end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (errno || *end == text)
		return false;
	unit = **end ? strchr(units, **end) : NULL;
	if (!unit)
		return true;
	shift = 10 * (int)(unit - units + 1);
	if (*out << shift >> shift != *out)
		return false;
	*out <<= shift;
	++*end;
	return true;
}

/* The number, then nothing, "-LAST" or "+SIZE" */
static bool parse_range(const char *text, struct addr_query *out)
{
	char *end;
	uint64_t more;

	if (!parse_number(text, &out->first, &end))
		return false;
	out->last = out->first;
	if (!*end)
		return true;
	if (*end == '-' && parse_number(end + 1, &out->last, &end))
		return !*end && out->last >= out->first;
	if (*end != '+' || !parse_number(end + 1, &more, &end) || *end || !more)
		return false;
	out->last = out->first + (more - 1);
	return out->last >= out->first;
}

/* A name may have a plus sign in it, but no number behind that */
static void parse_region(const char *text, struct addr_query *out)
{
	const char *plus = strrchr(text, '+');
	size_t len = strlen(text);
	char *end;

	out->kind = ADDR_REGION;
	out->first = 0;
	out->last = UINT64_MAX;
	if (plus && plus > text && parse_number(plus + 1, &out->first, &end) &&
	    !*end) {
		out->last = out->first;
		len = plus - text;
	} else {
		out->first = 0;
	}
	snprintf(out->name, sizeof(out->name), "%.*s", (int)len, text);
}

int addr_parse(const char *text, struct addr_query *out,
	       struct slotscope_error *err)
{
	const char *number = text;

	*out = (struct addr_query){ .as_id = -1 };
	if (!strncmp(text, "gpa:", 4))
		out->kind = ADDR_GPA;
	else if (!strncmp(text, "hva:", 4))
		out->kind = ADDR_HVA;
	if (out->kind)
		number += 4;
	if (parse_range(number, out))
		return 0;
	if (!out->kind && *text && strlen(text) < ADDR_NAME_MAX &&
	    (text[0] < '0' || text[0] > '9')) {
		parse_region(text, out);
		return 0;
	}
	error_set(err, EINVAL, "read the address \"%.80s\"", text);
	error_why(err, "it is no address, no range, and no region's name");
	return error_next(err, "give 0x1000, 0x1000-0x1fff, 0x1000+4k, or the "
			       "name of a region");
}

static char *say_slot(const struct slot_state *state, const struct slot *slot,
		      uint64_t offset)
{
	const uint32_t known = state->coverage.fields & ~slot->unknown;
	uint32_t flags = SLOT_FIELD_READONLY;
	char name[128] = "", hva[64] = "", made[48] = "";
	char *text;

	if (slot->name)
		snprintf(name, sizeof(name), "%.60s+0x%" PRIx64, slot->name,
			 slot->offset + offset);
	else
		snprintf(name, sizeof(name), "%s%s",
			 slot->hidden ? "KVM's own " : "", SAY_WHAT(slot));
	if (known & SLOT_FIELD_HVA)
		snprintf(hva, sizeof(hva), ", host address 0x%" PRIx64,
			 slot->hva + offset);
	if (slot->seq)
		snprintf(made, sizeof(made), ", by #%" PRIu64, slot->seq);
	if (slot->flags & SLOT_LOG_DIRTY)
		flags |= SLOT_FIELD_LOG_DIRTY;
	if (slot->flags & SLOT_GUEST_MEMFD)
		flags |= SLOT_FIELD_GUEST_MEMFD;
	flags &= known;
	if (asprintf(&text, "%s of %s%s%s%s%s%s", name,
		     SAY_RANGE(slot->gpa, slot->size), hva, flags ? ", " : "",
		     SAY_FLAGS(slot->flags, flags),
		     slot->flags & SLOT_INVALID ? ", under update" : "",
		     made) < 0)
		return NULL;
	return text;
}

static char *say_mapping(const struct host_range *range, hva_t hva)
{
	const uint64_t in = hva - range->start;
	const bool ends = range->file == HOST_FILE_REGULAR ||
			  range->file == HOST_FILE_BLOCK;
	char file[160] = "", end[96] = "", pages[64] = "";
	char *text;

	if (range->inode)
		snprintf(file, sizeof(file),
			 ", offset 0x%" PRIx64 " of inode "
			 "%" PRIu64,
			 range->offset + in, range->inode);
	if (ends && range->reach != UINT64_MAX)
		snprintf(end, sizeof(end), "%s at 0x%" PRIx64,
			 range->offset + in >= range->reach ?
				 ", BEYOND the file's end" :
				 ", which ends",
			 range->reach);
	if (range->page_size > 4096)
		snprintf(pages, sizeof(pages), ", pages of %s",
			 SIZE_IN_TEXT(range->page_size));
	if (asprintf(&text, "%c%c%c 0x%" PRIx64 "-0x%" PRIx64 " %.200s%s%s%s%s",
		     range->read ? 'r' : '-', range->write ? 'w' : '-',
		     range->shared ? 's' : 'p', range->start, range->end - 1,
		     range_name_of(range), file, end, pages,
		     range->vm_flags & HOST_UFFD ?
			     ", registered with userfaultfd" :
			     "") < 0)
		return NULL;
	return text;
}

/* Where no view has anything there is no row to read it in */
static char *say_nothing(const struct comparison *c, size_t view,
			 const struct addr_place *place)
{
	const struct slot_state *state = comparison_state(c, view);

	if (!place->guest || !state || !c->views[view].usable ||
	    !c->views[view].absence || !state_covers(state, place->as_id) ||
	    coverage_is_blind(&state->coverage, place->as_id, place->gpa))
		return NULL;
	return strdup(comparison_party(c, view)->nothing);
}

/* The first reason for which it is blind anywhere in the place */
static const char *blind_at(const struct coverage *coverage,
			    const struct addr_place *place)
{
	const gpa_t last = place->gpa + (place->size - 1);
	const struct blind_range *range;

	for (size_t i = 0; i < coverage->nr_blind; i++) {
		range = &coverage->blind[i];
		if (range->as_id == place->as_id && range->gpa <= last &&
		    range->gpa + (range->size - 1) >= place->gpa)
			return range->why;
	}
	return NULL;
}

const char *addr_unseen(const struct addr_input *input,
			const struct addr_place *place, size_t view)
{
	const struct slot_state *state =
		comparison_state(input->comparison, view);
	const struct check_rows *rows = input->rows;

	if (!state || !place->guest)
		return NULL;
	if (state->gone)
		return "the VM had ended by then";
	if (place->row != ADDR_NO_ROW &&
	    check_row_cell(rows, &rows->rows[place->row], view)->kind ==
		    ROW_CELL_SLOT)
		return NULL;
	if (!state_covers(state, place->as_id))
		return "nothing tells which slots this address space had";
	return blind_at(&state->coverage, place);
}

char *addr_says(const struct addr_input *input, const struct addr_place *place,
		size_t view)
{
	const struct comparison *c = input->comparison;
	const struct row_cell *cell;
	const struct check_row *row;
	char *text;

	if (c->input->views[view].map) {
		if (place->range)
			return say_mapping(place->range, place->hva);
		if (place->row == ADDR_NO_ROW || !place->hva)
			return NULL;
	}
	if (place->row == ADDR_NO_ROW)
		return say_nothing(c, view, place);
	row = &input->rows->rows[place->row];
	cell = check_row_cell(input->rows, row, view);
	switch (cell->kind) {
	case ROW_CELL_SLOT:
		return say_slot(comparison_state(c, view), cell->slot,
				cell->offset + (place->gpa - row->gpa));
	case ROW_CELL_NONE:
		if (!c->input->views[view].map)
			return strdup(comparison_party(c, view)->nothing);
		return asprintf(&text, "0x%" PRIx64 " is not mapped",
				place->hva) < 0 ?
			       NULL :
			       text;
	default:
		return NULL;
	}
}
