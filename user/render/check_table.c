// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "render/check.h"
#include "render/flags.h"
#include "render/text.h"

/*
 * What a cell may have at most and what it gets at least: where guest addresses
 * are long, these give way. The least of all with the widest addresses (16
 * digits twice) stay below RENDER_COLUMNS.
 */
struct limits {
	size_t model;
	size_t slot;
	size_t backing;
};

static const struct limits most = { 32, 20, 28 };
static const struct limits least = { 10, 9, 12 };

#define VERDICT_WIDTH 15 /* "ignored-failure" */

#define CELL 160

struct columns {
	struct libscols_table *table;
	struct libscols_column *as_id;
	struct libscols_column *range;
	struct libscols_column *view[VIEW_SOURCES];
	struct libscols_column *backing;
	struct libscols_column *verdict;
};

static bool use_color(FILE *out)
{
	return !getenv("NO_COLOR") && isatty(fileno(out)) == 1;
}

static bool has_several_as(const struct check_rows *rows)
{
	for (size_t i = 0; i < rows->nr; i++) {
		if (rows->rows[i].as_id)
			return true;
	}
	return false;
}

static int add_columns(struct columns *c, bool several_as)
{
	static const char *const names[VIEW_SOURCES] = { "MODEL", "TRACED",
							 "KERNEL" };

	if (several_as) {
		c->as_id = scols_table_new_column(c->table, "AS", 0,
						  SCOLS_FL_RIGHT);
		if (!c->as_id)
			return -ENOMEM;
	}
	c->range = scols_table_new_column(c->table, "RANGE (gpa)", 0, 0);
	for (int view = 0; view < VIEW_SOURCES; view++) {
		c->view[view] =
			scols_table_new_column(c->table, names[view], 0, 0);
		if (!c->view[view])
			return -ENOMEM;
	}
	c->backing = scols_table_new_column(c->table, "BACKING", 0, 0);
	c->verdict = scols_table_new_column(c->table, "VERDICT", 0, 0);
	return c->range && c->backing && c->verdict ? 0 : -ENOMEM;
}

static int put(struct libscols_line *line, struct libscols_column *column,
	       const char *text)
{
	return scols_line_set_column_data(line, column, text);
}

/* "pc.ram+c0000 ro": the place in it first gives way, then the name */
static void model_text(char text[CELL], const struct row_cell *cell,
		       const struct limits *limits)
{
	const struct slot *slot = cell->slot;
	uint64_t offset = slot->offset + cell->offset;
	const char *rights = slot->flags & SLOT_READONLY ? "ro" : "rw";
	char name[CELL / 2];
	char place[24] = "";
	size_t room = limits->model - 3;

	if (offset)
		snprintf(place, sizeof(place), "+%" PRIx64, offset);
	if (strlen(place) + 4 > room)
		place[0] = '\0';
	text_clean(name, sizeof(name), room - strlen(place),
		   slot->name ? slot->name : "RAM");
	snprintf(text, CELL, "%s%s %s", name, place, rights);
}

/* "#3 ro,log" */
static void slot_text(char text[CELL], const struct row_cell *cell,
		      const struct limits *limits)
{
	const struct slot *slot = cell->slot;
	char flags[FLAGS_TEXT];
	char number[16] = "";
	char all[FLAGS_TEXT + 32];

	flags_rights_text(flags, slot->flags, slot->hidden);
	if (slot->id >= 0)
		snprintf(number, sizeof(number), "#%d ", slot->id);
	snprintf(all, sizeof(all), "%s%s", number, flags);
	text_clean(text, CELL, limits->slot, all);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void append(char text[CELL], const char *more)
{
	snprintf(text + strlen(text), CELL - strlen(text), "%s", more);
}

static void backing_text(char text[CELL], const struct check_row *row,
			 const struct limits *limits)
{
	const struct host_range *range = row->range;
	char rights[5];

	switch (row->backing) {
	case ROW_BACKING_ABSENT:
		text[0] = '\0';
		break;
	case ROW_BACKING_UNKNOWN:
		strcpy(text, "?");
		break;
	case ROW_BACKING_NONE:
		strcpy(text, "not mapped");
		break;
	case ROW_BACKING_MAPPED:
		snprintf(rights, sizeof(rights), "%c%c%c ",
			 range->read ? 'r' : '-', range->write ? 'w' : '-',
			 range->shared ? 's' : 'p');
		strcpy(text, rights);
		text_clean(text + strlen(rights), CELL - strlen(rights),
			   limits->backing - strlen(rights),
			   range->path ? base_name(range->path) : "anon");
		if (range->vm_flags & HOST_UFFD)
			append(text, ",uffd");
	}
}

static const char *verdict_text(const struct check_row *row,
				const struct findings *findings)
{
	switch (row->verdict) {
	case ROW_AGREE:
		return "agree";
	case ROW_ALONE:
		return "not compared";
	case ROW_TRANSITION:
		return "under update";
	case ROW_OWN:
		return "KVM's own";
	default:
		return finding_id_name(findings->items[row->finding].id);
	}
}

static const char *verdict_color(const struct check_row *row,
				 const struct findings *findings)
{
	if (row->verdict == ROW_AGREE)
		return "green";
	if (row->verdict != ROW_FINDING)
		return NULL;
	switch (finding_id_kind(findings->items[row->finding].id)) {
	case FINDING_MISMATCH:
		return "red";
	case FINDING_UNKNOWN:
		return "yellow";
	default:
		return NULL;
	}
}

static void view_text(char text[CELL], enum view_source view,
		      const struct row_cell *cell, const struct limits *limits)
{
	if (cell->kind == ROW_CELL_ABSENT)
		text[0] = '\0';
	else if (cell->kind == ROW_CELL_NONE)
		strcpy(text, "none");
	else if (view == VIEW_MODEL)
		model_text(text, cell, limits);
	else
		slot_text(text, cell, limits);
}

static void range_text(char text[CELL], const struct check_row *row)
{
	snprintf(text, CELL, "%" PRIx64 "-%" PRIx64, row->gpa,
		 row->gpa + (row->size - 1));
}

static size_t wider(size_t width, const char *text)
{
	return strlen(text) > width ? strlen(text) : width;
}

/* The limits under which the table is narrow enough */
static struct limits fit(const struct check_rows *rows, bool several_as)
{
	size_t width[VIEW_SOURCES] = { 5, 6, 6 }; /* of the headings */
	size_t range = strlen("RANGE (gpa)");
	struct limits limits = most;
	size_t backing = strlen("BACKING");
	size_t as_id = strlen("AS");
	char text[CELL];
	size_t all;

	for (size_t i = 0; i < rows->nr; i++) {
		range_text(text, &rows->rows[i]);
		range = wider(range, text);
		backing_text(text, &rows->rows[i], &most);
		backing = wider(backing, text);
		snprintf(text, sizeof(text), "%u", rows->rows[i].as_id);
		as_id = wider(as_id, text);
		for (int view = 0; view < VIEW_SOURCES; view++) {
			view_text(text, view, &rows->rows[i].cell[view], &most);
			width[view] = wider(width[view], text);
		}
	}
	for (;;) {
		all = (several_as ? as_id + 1 : 0) + range + VERDICT_WIDTH + 5;
		all += width[VIEW_MODEL] < limits.model ? width[VIEW_MODEL] :
							  limits.model;
		for (int view = VIEW_TRACED; view <= VIEW_KERNEL; view++)
			all += width[view] < limits.slot ? width[view] :
							   limits.slot;
		all += backing < limits.backing ? backing : limits.backing;
		if (all < RENDER_COLUMNS)
			return limits;
		/* the one that has most to give */
		if (limits.backing > least.backing &&
		    limits.backing >= limits.model)
			limits.backing--;
		else if (limits.model > least.model)
			limits.model--;
		else if (limits.slot > least.slot)
			limits.slot--;
		else
			return limits;
	}
}

static int add_row(const struct columns *c, const struct findings *findings,
		   const struct check_row *row, const struct limits *limits)
{
	struct libscols_line *line = scols_table_new_line(c->table, NULL);
	struct libscols_cell *verdict;
	char text[CELL];
	int ret = 0;

	if (!line)
		return -ENOMEM;
	if (c->as_id) {
		snprintf(text, sizeof(text), "%u", row->as_id);
		ret = put(line, c->as_id, text);
	}
	range_text(text, row);
	ret = ret ?: put(line, c->range, text);
	for (int view = 0; view < VIEW_SOURCES; view++) {
		view_text(text, view, &row->cell[view], limits);
		ret = ret ?: put(line, c->view[view], text);
	}
	backing_text(text, row, limits);
	ret = ret ?: put(line, c->backing, text);
	ret = ret ?: put(line, c->verdict, verdict_text(row, findings));
	verdict = scols_line_get_column_cell(line, c->verdict);
	return ret   ?:
		       scols_cell_set_color(verdict,
					    verdict_color(row, findings));
}

int render_check_table(FILE *out, const struct findings *findings,
		       const struct check_rows *rows)
{
	struct columns c = { .table = scols_new_table() };
	bool several_as = has_several_as(rows);
	struct limits limits = fit(rows, several_as);
	int ret;

	if (!c.table)
		return -ENOMEM;
	scols_table_set_stream(c.table, out);
	scols_table_enable_colors(c.table, use_color(out));
	ret = add_columns(&c, several_as);
	for (size_t i = 0; i < rows->nr && !ret; i++)
		ret = add_row(&c, findings, &rows->rows[i], &limits);
	if (!ret)
		ret = scols_print_table(c.table);
	scols_unref_table(c.table);
	return ret;
}
