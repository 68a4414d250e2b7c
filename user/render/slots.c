// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "render/document.h"
#include "render/flags.h"
#include "render/slot_details.h"
#include "render/slots.h"
#include "render/style.h"
#include "view/json.h"

/*
 * There may be 32,764 a space, so no table is made of them in memory: a first pass
 * finds how wide each column is, a second writes each line from its numbers.
 */
enum column { AS, ID, GPA, SIZE, HVA, FLAGS, GMEM, COLUMNS };

const struct table_column slot_columns[COLUMNS] = {
	[AS] = { "as", "AS", true },
	[ID] = { "slot", "SLOT", true },
	[GPA] = { "gpa", "GUEST ADDRESSES", false },
	[SIZE] = { "size", "SIZE", true },
	[HVA] = { "hva", "HOST ADDRESS", true },
	[FLAGS] = { "flags", "FLAGS", false },
	[GMEM] = { "guest_memfd", "GUEST_MEMFD", false },
};

/* As it stands above the column */
static const char *name_of(enum column column)
{
	return render_style.raw ? slot_columns[column].key :
				  slot_columns[column].head;
}

#define GPA_DIGITS 16
#define GPA_WIDTH  (2 * GPA_DIGITS + 1)
/* Even if somebody wants the widest of them in each place */
#define LINE_BYTES (TABLE_COLUMNS * (GPA_WIDTH + FLAGS_TEXT + GMEM_TEXT))

/* The flags of most slots are those of the one before */
struct flags_cell {
	char text[FLAGS_TEXT];
	size_t len;
	uint32_t flags;
	bool hidden;
};

struct table {
	const struct slot_state *state;
	size_t width[COLUMNS];
	size_t order[TABLE_COLUMNS];
	size_t nr;
	size_t at; /* in @order, of what is being printed */
	struct flags_cell flags;
};

/* Lines that wait to be written */
struct lines {
	char text[16 * LINE_BYTES];
	size_t len;
};

static bool has_gmem(const struct slot_state *state)
{
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (state->slots[i].flags & SLOT_GUEST_MEMFD)
			return true;
	}
	return false;
}

static const struct flags_cell *flags_cell(struct table *table,
					   const struct slot *slot)
{
	struct flags_cell *cell = &table->flags;

	if (cell->len && cell->flags == slot->flags &&
	    cell->hidden == slot->hidden)
		return cell;
	flags_rights_text(cell->text, slot->flags, slot->hidden);
	cell->len = strlen(cell->text);
	cell->flags = slot->flags;
	cell->hidden = slot->hidden;
	return cell;
}

static bool knows_hva(const struct table *table, const struct slot *slot)
{
	return table->state->coverage.fields & ~slot->unknown & SLOT_FIELD_HVA;
}

static void widen(struct table *table, enum column column, size_t width)
{
	if (width > table->width[column])
		table->width[column] = width;
}

static size_t hex_digits(uint64_t value)
{
	return (67 - __builtin_clzll(value | 1)) / 4;
}

static size_t digits(uint32_t value)
{
	size_t nr = 1;

	while (value /= 10)
		nr++;
	return nr;
}

static void measure(struct table *table)
{
	const struct slot_state *state = table->state;
	uint64_t size = 0, hva = 0;
	char file[GMEM_TEXT];
	uint32_t as_id = 0;
	int32_t id = 0;

	for (size_t i = 0; i < state->nr_slots; i++) {
		const struct slot *slot = &state->slots[i];

		as_id = slot->as_id > as_id ? slot->as_id : as_id;
		id = slot->id > id ? slot->id : id;
		size = slot->size > size ? slot->size : size;
		if (slot->hva > hva && knows_hva(table, slot))
			hva = slot->hva;
		widen(table, FLAGS, flags_cell(table, slot)->len);
		if (!(slot->flags & SLOT_GUEST_MEMFD))
			continue;
		gmem_text(file, slot);
		widen(table, GMEM, strlen(file));
	}
	widen(table, AS, digits(as_id));
	widen(table, ID, digits(id));
	widen(table, GPA, GPA_WIDTH);
	widen(table, SIZE, 2 + hex_digits(size));
	widen(table, HVA, 2 + hex_digits(hva));
}

static void fill(struct lines *out, size_t nr)
{
	memset(out->text + out->len, ' ', nr);
	out->len += nr;
}

static void put(struct lines *out, const char *text, size_t len)
{
	memcpy(out->text + out->len, text, len);
	out->len += len;
}

/* The last column has no blanks behind it, each other one has one */
static void put_cell(struct lines *out, const struct table *table,
		     enum column column, const char *text, size_t len)
{
	const bool right = slot_columns[column].right;
	size_t blank = render_style.raw ? 0 : table->width[column] - len;

	if (right)
		fill(out, blank);
	put(out, text, len);
	if (table->at + 1 == table->nr)
		return;
	fill(out, (right ? 0 : blank) + 1);
}

static char *put_hex(char *at, uint64_t value, int nr)
{
	for (int shift = 4 * (nr - 1); shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

static void put_size(struct lines *out, const struct table *table,
		     enum column column, uint64_t value)
{
	char text[2 + GPA_DIGITS] = "0x";
	char *end = put_hex(text + 2, value, hex_digits(value));

	put_cell(out, table, column, text, end - text);
}

static void put_count(struct lines *out, const struct table *table,
		      enum column column, uint32_t value)
{
	char text[10], *at = text + sizeof(text);

	do {
		*--at = '0' + value % 10;
		value /= 10;
	} while (value);
	put_cell(out, table, column, at, text + sizeof(text) - at);
}

static void put_range(struct lines *out, const struct table *table,
		      const struct slot *slot)
{
	char range[GPA_WIDTH];

	put_hex(range, slot->gpa, GPA_DIGITS);
	range[GPA_DIGITS] = '-';
	put_hex(range + GPA_DIGITS + 1, slot->gpa + (slot->size - 1),
		GPA_DIGITS);
	put_cell(out, table, GPA, range, GPA_WIDTH);
}

static void put_file(struct lines *out, const struct table *table,
		     const struct slot *slot)
{
	char file[GMEM_TEXT] = "";

	gmem_text(file, slot);
	/* Whoever splits a line by its blanks finds a word for each column */
	if (!file[0] && render_style.raw)
		strcpy(file, "-");
	put_cell(out, table, GMEM, file, strlen(file));
}

static void put_column(struct lines *out, struct table *table,
		       enum column column, const struct slot *slot)
{
	const struct flags_cell *flags;

	switch (column) {
	case AS:
		put_count(out, table, AS, slot->as_id);
		break;
	case ID:
		if (slot->id < 0)
			put_cell(out, table, ID, "?", 1);
		else
			put_count(out, table, ID, slot->id);
		break;
	case GPA:
		put_range(out, table, slot);
		break;
	case SIZE:
		put_size(out, table, SIZE, slot->size);
		break;
	case HVA:
		if (knows_hva(table, slot))
			put_size(out, table, HVA, slot->hva);
		else
			put_cell(out, table, HVA, "?", 1);
		break;
	case FLAGS:
		flags = flags_cell(table, slot);
		put_cell(out, table, FLAGS, flags->text, flags->len);
		break;
	default:
		put_file(out, table, slot);
	}
}

static void put_slot(struct lines *out, struct table *table,
		     const struct slot *slot)
{
	for (table->at = 0; table->at < table->nr; table->at++)
		put_column(out, table, table->order[table->at], slot);
	put(out, "\n", 1);
}

static void print_table(FILE *file, const struct slot_state *state)
{
	const unsigned int shown = has_gmem(state) ? ~0U : ~(1U << GMEM);
	struct table table = { .state = state };
	struct lines out;
	enum column column;

	out.len = 0;
	table.nr = table_order(COLUMNS, shown, table.order);
	for (column = 0; column < COLUMNS; column++)
		table.width[column] = strlen(name_of(column));
	measure(&table);
	for (; table.at < table.nr; table.at++) {
		column = table.order[table.at];
		put_cell(&out, &table, column, name_of(column),
			 strlen(name_of(column)));
	}
	put(&out, "\n", 1);
	for (size_t i = 0; i < state->nr_slots; i++) {
		put_slot(&out, &table, &state->slots[i]);
		if (sizeof(out.text) - out.len >= LINE_BYTES)
			continue;
		fwrite(out.text, 1, out.len, file);
		out.len = 0;
	}
	fwrite(out.text, 1, out.len, file);
}

/* KVM's own count; requests alone do not tell it */
static void print_space(FILE *out, const struct slot_state *state, size_t as_id)
{
	const struct slot_as *as = &state->as[as_id];

	fprintf(out, "address space %zu: generation ", as_id);
	if (state->coverage.fields & SLOT_FIELD_GENERATION)
		fprintf(out, "%" PRIu64, as->generation);
	else
		fputs("unknown", out);
	fprintf(out, "%s%s\n", as->updating ? ", an update is under way" : "",
		as->torn ? ", changed faster than it could be read" : "");
}

/* What the table is, if it is not KVM's own word: it is read by that again */
static void print_footing(FILE *out, const struct slot_state *state)
{
	const char *beginning = slot_state_beginning(state);

	if (!(party_of(state->party)->traits & PARTY_FOLLOWS))
		return;
	fprintf(out, "%s: what events add up to\n",
		party_of(state->party)->name);
	if (state->coverage.lost)
		fprintf(out, "in doubt: %s\n", slot_state_doubt(state));
	if (beginning)
		fprintf(out, "not whole: %s\n", beginning);
}

void render_slots(FILE *out, const struct slot_state *state)
{
	if (state->nr_slots || render_style.raw)
		print_table(out, state);
	/* A script reads rows alone; the exit status says if they are all */
	if (render_style.raw)
		return;
	if (!state->nr_slots)
		fputs(state->coverage.truncated ? "" : "no slots\n", out);
	for (size_t i = 0; i < state->nr_as; i++)
		print_space(out, state, i);
	print_footing(out, state);
	if (state->coverage.truncated)
		fputs("cut off: there are more slots than could be read\n",
		      out);
}

void render_slots_json(FILE *out, const struct slot_state *state,
		       const struct vm_detail *detail,
		       void (*more)(struct json_writer *w, void *opaque),
		       void *opaque)
{
	struct json_writer w;

	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	slot_state_write_members(&w, state);
	if (detail)
		slot_details_write_json(&w, "details", detail);
	if (more)
		more(&w, opaque);
	json_end_object(&w);
	render_json_end(&w);
}
