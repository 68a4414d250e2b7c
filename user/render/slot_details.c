// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "render/slot_details.h"
#include "render/text.h"

/*
 * There may be 32,764 a space: a first pass finds how wide each column is, a second
 * prints. A slot of KVM's own can lack what the others have.
 */
enum { AS, ID, DIRTY, TRACKED, RMAP, HUGE };
#define COLUMNS (HUGE + SLOT_HUGE_SIZES)
#define CELL	48

struct details_table {
	char head[COLUMNS][CELL];
	size_t width[COLUMNS];
	uint64_t huge_size[SLOT_HUGE_SIZES];
	int columns;
};

__attribute__((format(printf, 2, 3))) static void put(char cell[CELL],
						      const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(cell, CELL, format, ap);
	va_end(ap);
}

static void huge_cell(char cell[CELL], const struct slot_detail *detail,
		      uint64_t size)
{
	put(cell, "-");
	for (size_t i = 0; i < detail->nr_huge; i++)
		if (detail->huge[i].size == size)
			put(cell, "%" PRIu64 "/%" PRIu64,
			    detail->huge[i].nr_pages -
				    detail->huge[i].nr_disallowed,
			    detail->huge[i].nr_pages);
}

static void fill(const struct details_table *table, const struct slot *slot,
		 const struct slot_detail *detail, char cells[COLUMNS][CELL])
{
	int i;

	put(cells[AS], "%u", slot->as_id);
	put(cells[ID], "%" PRId32, slot->id);
	for (i = DIRTY; i < table->columns; i++)
		put(cells[i], "?");
	if (!detail->told)
		return;
	put(cells[DIRTY], "-");
	if (detail->dirty_log)
		put(cells[DIRTY], "%" PRIu64, detail->nr_dirty);
	put(cells[TRACKED], "-");
	if (detail->write_track)
		put(cells[TRACKED], "%" PRIu64, detail->nr_write_tracked);
	put(cells[RMAP], "%s", detail->rmap ? "yes" : "no");
	for (i = HUGE; i < table->columns; i++)
		huge_cell(cells[i], detail, table->huge_size[i - HUGE]);
}

static void pages_head(char cell[CELL], uint64_t size)
{
	char text[SIZE_TEXT];

	put(cell, "%s PAGES", size_cell(text, size));
}

/* The sizes that any of the slots has */
static void table_begin(struct details_table *table,
			const struct vm_detail *detail)
{
	static const char *const names[] = {
		[AS] = "AS",	       [ID] = "SLOT",	[DIRTY] = "DIRTY",
		[TRACKED] = "TRACKED", [RMAP] = "RMAP",
	};
	const struct slot_detail *most = NULL;
	size_t i;

	memset(table, 0, sizeof(*table));
	for (i = 0; i < detail->nr_slots; i++)
		if (!most || detail->slots[i].nr_huge > most->nr_huge)
			most = &detail->slots[i];
	for (i = 0; i < HUGE; i++)
		put(table->head[i], "%s", names[i]);
	table->columns = HUGE;
	for (i = 0; most && i < most->nr_huge; i++) {
		table->huge_size[i] = most->huge[i].size;
		pages_head(table->head[table->columns++], most->huge[i].size);
	}
	for (i = 0; i < (size_t)table->columns; i++)
		table->width[i] = strlen(table->head[i]);
}

static void print_line(FILE *out, const struct details_table *table,
		       char cells[COLUMNS][CELL])
{
	for (int i = 0; i < table->columns; i++)
		fprintf(out, "%s%*s", i ? " " : "", (int)table->width[i],
			cells[i]);
	fputc('\n', out);
}

static void print_slots(FILE *out, const struct slot_state *state,
			const struct vm_detail *detail)
{
	char cells[COLUMNS][CELL];
	struct details_table table;
	size_t i;
	int c;

	table_begin(&table, detail);
	for (i = 0; i < detail->nr_slots; i++) {
		fill(&table, &state->slots[i], &detail->slots[i], cells);
		for (c = 0; c < table.columns; c++)
			if (strlen(cells[c]) > table.width[c])
				table.width[c] = strlen(cells[c]);
	}
	fputc('\n', out);
	print_line(out, &table, table.head);
	for (i = 0; i < detail->nr_slots; i++) {
		fill(&table, &state->slots[i], &detail->slots[i], cells);
		print_line(out, &table, cells);
	}
	fputc('\n', out);
}

static void print_spaces(FILE *out, const struct vm_detail *detail)
{
	for (size_t i = 0; i < detail->nr_as; i++) {
		const struct as_detail *as = &detail->as[i];

		if (!as->end)
			continue;
		fprintf(out,
			"address space %zu: up to 0x%" PRIx64 ", %" PRIu64
			" slot%s with dirty logging\n",
			i, as->end - 1, as->nr_dirty_logging,
			plural(as->nr_dirty_logging));
	}
}

static void print_vm(FILE *out, const struct vm_detail *detail)
{
	static const char *const owners[] = {
		[VM_OWNER_UNKNOWN] = "not known whose",
		[VM_OWNER_YES] = "this process's",
		[VM_OWNER_NO] = "another process's",
	};

	fprintf(out,
		"VM: type %" PRIu32 ", %" PRIu32 " vCPU%s, %" PRIu32
		" reference%s, %" PRIu64 " page%s in slots\n",
		detail->type, detail->nr_vcpus, plural(detail->nr_vcpus),
		detail->users, plural(detail->users), detail->nr_pages,
		plural(detail->nr_pages));
	if (detail->dirty_ring_bytes)
		fprintf(out, "dirty ring: %" PRIu64 " bytes for each vCPU\n",
			detail->dirty_ring_bytes);
	fprintf(out, "host addresses: %s\n", owners[detail->owner]);
}

void render_slot_details(FILE *out, const struct slot_state *state,
			 const struct vm_detail *detail)
{
	if (detail->nr_slots)
		print_slots(out, state, detail);
	print_spaces(out, detail);
	if (detail->vm_told)
		print_vm(out, detail);
	if (detail->none)
		text_wrap(out, "not told here: ", 2, detail->none);
}

static void write_slot(struct json_writer *w, const struct slot_detail *slot)
{
	if (!slot->told) {
		json_write_null(w, NULL);
		return;
	}
	json_begin_object(w, NULL);
	if (slot->dirty_log)
		json_write_u64(w, "dirty_pages", slot->nr_dirty);
	if (slot->write_track)
		json_write_u64(w, "write_tracked_pages",
			       slot->nr_write_tracked);
	json_write_bool(w, "rmap", slot->rmap);
	json_begin_array(w, "huge_pages");
	for (size_t i = 0; i < slot->nr_huge; i++) {
		json_begin_object(w, NULL);
		json_write_hex(w, "size", slot->huge[i].size);
		json_write_u64(w, "pages", slot->huge[i].nr_pages);
		json_write_u64(w, "disallowed", slot->huge[i].nr_disallowed);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}

static void write_vm(struct json_writer *w, const struct vm_detail *detail)
{
	json_begin_object(w, "vm");
	json_write_u64(w, "type", detail->type);
	json_write_u64(w, "vcpus", detail->nr_vcpus);
	json_write_u64(w, "users", detail->users);
	json_write_u64(w, "pages", detail->nr_pages);
	json_write_u64(w, "dirty_ring_bytes", detail->dirty_ring_bytes);
	if (detail->owner == VM_OWNER_UNKNOWN)
		json_write_null(w, "owner");
	else
		json_write_bool(w, "owner", detail->owner == VM_OWNER_YES);
	json_end_object(w);
}

void slot_details_write_json(struct json_writer *w, const char *member,
			     const struct vm_detail *detail)
{
	size_t i;

	json_begin_object(w, member);
	if (detail->vm_told)
		write_vm(w, detail);
	if (detail->as) {
		json_begin_array(w, "address_spaces");
		for (i = 0; i < detail->nr_as; i++) {
			json_begin_object(w, NULL);
			json_write_hex(w, "end", detail->as[i].end);
			json_write_u64(w, "dirty_logging_slots",
				       detail->as[i].nr_dirty_logging);
			json_end_object(w);
		}
		json_end_array(w);
	}
	if (detail->slots) {
		json_begin_array(w, "slots");
		for (i = 0; i < detail->nr_slots; i++)
			write_slot(w, &detail->slots[i]);
		json_end_array(w);
	}
	if (detail->none)
		json_write_str(w, "not_told", detail->none);
	json_end_object(w);
}
