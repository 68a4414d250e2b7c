// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * There may be millions of them, so that each line is printed as it comes: columns
 * are as wide as most need them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/size_text.h"
#include "render/mappings.h"

#define TABLE "%2s %-25s %4s %14s %5s %14s %s\n"
#define CELL  64

/* As "rwxad", with - for what is not so and ? for what the entry does not tell */
static void flags_cell(char cell[CELL], const struct stage2_mapping *map)
{
	snprintf(cell, CELL, "r%c%c%c%c%s%s", map->writable ? 'w' : '-',
		 map->executable ? 'x' : '-',
		 !map->tells_use ? '?' :
		 map->accessed	 ? 'a' :
				   '-',
		 !map->tells_use ? '?' :
		 map->dirty	 ? 'd' :
				   '-',
		 map->shadow ? ",shadow" : "", map->several ? ",several" : "");
}

static const char *const kinds[STAGE2_FAULT_KINDS] = {
	[STAGE2_FINE] = "same",		[STAGE2_OTHER_PAGE] = "other-page",
	[STAGE2_NO_PAGE] = "no-page",	[STAGE2_NO_SLOT] = "no-slot",
	[STAGE2_WRITABLE] = "to-be-ro", [STAGE2_MOVING] = "moving",
};

static const char *kind_name(const struct stage2_row *row)
{
	if (row->kind == STAGE2_FINE && !row->compared)
		return "not-compared";
	return kinds[row->kind];
}

void render_mappings_head(FILE *out)
{
	fprintf(out, TABLE, "AS", "GUEST ADDRESSES", "PAGE", "MAPPED TO",
		"SLOT", "HOST'S PAGE", "RIGHTS");
}

void render_mapping(FILE *out, const struct stage2_row *row)
{
	const struct stage2_mapping *map = &row->map;
	char as[8], range[CELL], hpa[CELL], id[CELL] = "none", host[CELL];
	char flags[CELL], page[SIZE_TEXT];

	snprintf(as, sizeof(as), "%u", map->as_id);
	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, map->gpa,
		 map->gpa + map->size - 1);
	snprintf(hpa, sizeof(hpa), "0x%" PRIx64, map->hpa);
	if (row->slot)
		snprintf(id, sizeof(id), "%" PRId32, row->slot->id);
	/* Another one is told by its address */
	if (row->kind == STAGE2_OTHER_PAGE)
		snprintf(host, sizeof(host), "0x%" PRIx64, row->host);
	else
		snprintf(host, sizeof(host), "%s", kind_name(row));
	flags_cell(flags, map);
	fprintf(out, TABLE, as, range, size_cell(page, row->page), hpa, id,
		host, flags);
}

void stretch_write_json(struct json_writer *w, const struct stage2_row *row)
{
	json_begin_object(w, NULL);
	json_write_u64(w, "as_id", row->map.as_id);
	json_write_hex(w, "gpa", row->map.gpa);
	json_write_hex(w, "size", row->map.size);
	json_write_hex(w, "page", row->page);
	json_write_bool(w, "writable", row->map.writable);
	json_write_bool(w, "executable", row->map.executable);
	json_write_bool(w, "shadow", row->map.shadow);
	json_write_str(w, "is", kind_name(row));
	json_end_object(w);
}

void mapping_write_json(struct json_writer *w, const struct stage2_row *row)
{
	const struct stage2_mapping *map = &row->map;

	json_begin_object(w, NULL);
	json_write_u64(w, "as_id", map->as_id);
	json_write_hex(w, "gpa", map->gpa);
	json_write_hex(w, "size", map->size);
	json_write_hex(w, "page", row->page);
	json_write_hex(w, "hpa", map->hpa);
	json_write_bool(w, "writable", map->writable);
	json_write_bool(w, "executable", map->executable);
	if (map->tells_use) {
		json_write_bool(w, "accessed", map->accessed);
		json_write_bool(w, "dirty", map->dirty);
	}
	json_write_bool(w, "shadow", map->shadow);
	json_write_bool(w, "several", map->several);
	if (row->slot)
		json_write_s64(w, "slot", row->slot->id);
	else
		json_write_null(w, "slot");
	json_write_str(w, "is", kind_name(row));
	if (row->host)
		json_write_hex(w, "host", row->host);
	json_end_object(w);
}
