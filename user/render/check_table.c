// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libsmartcols.h>

#include "render/check.h"
#include "render/color.h"
#include "render/flags.h"
#include "render/style.h"
#include "render/text.h"

/*
 * What a cell may have at most and what it gets at least: where guest addresses
 * are long, these give way. The least of all with the widest addresses (16
 * digits twice) stay below 80 columns.
 */
struct limits {
	size_t means;
	size_t slot;
	size_t ground;
};

#define CELL 160

static const struct limits most = { 32, 20, 28 };
static const struct limits least = { 7, 6, 6 };
/* What --wide has: nothing is cut */
static const struct limits uncut = { CELL - 1, CELL - 1, CELL - 1 };

#define VERDICT_WIDTH 15 /* "ignored-failure" */

/* A party's column is COLUMN_PARTY plus its id */
enum { COLUMN_AS, COLUMN_RANGE, COLUMN_PARTY };

#define PARTIES	       (PARTY_BACKING + 1)
#define COLUMN_VERDICT (COLUMN_PARTY + PARTIES)

size_t check_columns(struct table_column columns[TABLE_COLUMNS])
{
	columns[COLUMN_AS] = (struct table_column){ "as", "AS", true };
	columns[COLUMN_RANGE] =
		(struct table_column){ "range", "RANGE (gpa)", false };
	for (int id = 0; id < PARTIES; id++)
		columns[COLUMN_PARTY + id] =
			(struct table_column){ party_of(id)->key,
					       party_of(id)->name, false };
	columns[COLUMN_VERDICT] =
		(struct table_column){ "verdict", "VERDICT", false };
	return COLUMN_VERDICT + 1;
}

/**
 * struct table - a table under way
 * @shown: 1 << each column that is
 * @views: a column each; NULL, as the others: not shown
 */
struct table {
	const struct comparison *comparison;
	const struct check_rows *rows;
	size_t nr_views;
	unsigned int shown;
	size_t order[TABLE_COLUMNS];
	size_t nr_order;
	struct limits limits;
	struct libscols_table *scols;
	struct libscols_column *as_id;
	struct libscols_column *range;
	struct libscols_column **views;
	struct libscols_column *verdict;
};

static const struct party *party(const struct table *t, size_t view)
{
	return party_of(t->comparison->input->views[view].party);
}

static size_t limit_of(const struct table *t, size_t view)
{
	if (party(t, view)->traits & PARTY_GROUND)
		return t->limits.ground;
	if (party(t, view)->traits & PARTY_MEANS)
		return t->limits.means;
	return t->limits.slot;
}

static bool has_several_as(const struct check_rows *rows)
{
	for (size_t i = 0; i < rows->nr; i++) {
		if (rows->rows[i].as_id)
			return true;
	}
	return false;
}

/* Which are shown, and in which order */
static void choose_columns(struct table *t)
{
	struct table_column columns[TABLE_COLUMNS];
	unsigned int usual = 1U << COLUMN_RANGE | 1U << COLUMN_VERDICT;

	if (has_several_as(t->rows))
		usual |= 1U << COLUMN_AS;
	for (size_t view = 0; view < t->nr_views; view++)
		usual |= 1U << (COLUMN_PARTY +
				t->comparison->input->views[view].party);
	t->nr_order = table_order(check_columns(columns), usual, t->order);
	for (size_t i = 0; i < t->nr_order; i++)
		t->shown |= 1U << t->order[i];
}

static bool shows_view(const struct table *t, size_t view)
{
	return t->shown &
	       1U << (COLUMN_PARTY + t->comparison->input->views[view].party);
}

/* Where the place of a column is kept; NULL: no view has it */
static struct libscols_column **place_of(struct table *t, size_t column)
{
	switch (column) {
	case COLUMN_AS:
		return &t->as_id;
	case COLUMN_RANGE:
		return &t->range;
	case COLUMN_VERDICT:
		return &t->verdict;
	}
	for (size_t view = 0; view < t->nr_views; view++)
		if (COLUMN_PARTY + t->comparison->input->views[view].party ==
		    (enum party_id)column)
			return &t->views[view];
	return NULL;
}

static int add_columns(struct table *t)
{
	struct table_column columns[TABLE_COLUMNS];
	struct libscols_column **place, *column;

	check_columns(columns);
	for (size_t i = 0; i < t->nr_order; i++) {
		place = place_of(t, t->order[i]);
		if (!place)
			continue;
		column = table_new_column(t->scols, &columns[t->order[i]]);
		if (!column)
			return -ENOMEM;
		if (!*place)
			*place = column;
	}
	return 0;
}

static int copy_cell(struct libscols_line *line, struct libscols_column *to,
		     struct libscols_column *from)
{
	return scols_cell_copy_content(scols_line_get_column_cell(line, to),
				       scols_line_get_column_cell(line, from));
}

/* A column that is asked for again has what the first one has */
static int repeat_columns(struct table *t)
{
	struct libscols_column **place, *column;
	size_t at = 0;
	int ret = 0;

	for (size_t i = 0; i < t->nr_order; i++) {
		place = place_of(t, t->order[i]);
		if (!place)
			continue;
		column = scols_table_get_column(t->scols, at++);
		if (column == *place)
			continue;
		for (size_t j = 0; !ret && j < scols_table_get_nlines(t->scols);
		     j++)
			ret = copy_cell(scols_table_get_line(t->scols, j),
					column, *place);
	}
	return ret;
}

static int put(struct libscols_line *line, struct libscols_column *column,
	       const char *text)
{
	if (!column)
		return 0;
	/* Whoever splits a line by its blanks finds a word for each column */
	if (render_style.raw && !text[0])
		text = "-";
	return scols_line_set_column_data(line, column, text);
}

/* "pc.ram+c0000 ro": the place in it first gives way, then the name */
static void meant_text(char text[CELL], const struct row_cell *cell,
		       size_t limit)
{
	const struct slot *slot = cell->slot;
	uint64_t offset = slot->offset + cell->offset;
	const char *rights = slot->flags & SLOT_READONLY ? "ro" : "rw";
	char name[CELL / 2];
	char place[24] = "";
	size_t room = limit - 3;

	if (offset)
		snprintf(place, sizeof(place), "+%" PRIx64, offset);
	if (strlen(place) + 4 > room)
		place[0] = '\0';
	table_text(name, sizeof(name), room - strlen(place),
		   slot->name ? slot->name : "RAM");
	snprintf(text, CELL, "%s%s %s", name, place, rights);
}

/* "#3 ro,log" */
static void slot_text(char text[CELL], const struct row_cell *cell,
		      size_t limit)
{
	const struct slot *slot = cell->slot;
	char flags[FLAGS_TEXT];
	char number[16] = "";
	char all[FLAGS_TEXT + 32];

	flags_rights_text(flags, slot->flags, slot->hidden);
	if (slot->id >= 0)
		snprintf(number, sizeof(number), "#%d ", slot->id);
	snprintf(all, sizeof(all), "%s%s", number, flags);
	text_clean(text, CELL, limit, all);
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

static void mapped_text(char text[CELL], const struct row_cell *cell,
			size_t limit)
{
	const struct host_range *range = cell->range;
	char rights[5];

	snprintf(rights, sizeof(rights), "%c%c%c ", range->read ? 'r' : '-',
		 range->write ? 'w' : '-', range->shared ? 's' : 'p');
	strcpy(text, rights);
	table_text(text + strlen(rights), CELL - strlen(rights),
		   limit - strlen(rights),
		   range->path ? base_name(range->path) : "anon");
	if (range->vm_flags & HOST_UFFD)
		append(text, ",uffd");
}

static const char *verdict_text(const struct check_row *row,
				const struct findings *findings)
{
	switch (row->verdict) {
	case ROW_AGREE:
		return "agree";
	case ROW_NOT_COMPARED:
		return "not compared";
	case ROW_TRANSITION:
		return "under update";
	case ROW_OWN:
		return "KVM's own";
	default:
		return finding_id_name(findings->items[row->finding].id);
	}
}

static enum color verdict_color(const struct check_row *row,
				const struct findings *findings)
{
	if (row->verdict == ROW_AGREE)
		return COLOR_GOOD;
	if (row->verdict != ROW_FINDING)
		return COLOR_NONE;
	return color_of_kind(finding_id_kind(findings->items[row->finding].id));
}

static void cell_text(const struct table *t, char text[CELL], size_t view,
		      const struct row_cell *cell)
{
	const uint32_t traits = party(t, view)->traits;

	switch (cell->kind) {
	case ROW_CELL_ABSENT:
		text[0] = '\0';
		break;
	case ROW_CELL_UNKNOWN:
		strcpy(text, "?");
		break;
	case ROW_CELL_NONE:
		strcpy(text, traits & PARTY_GROUND ? "not mapped" : "none");
		break;
	case ROW_CELL_MAPPED:
		mapped_text(text, cell, limit_of(t, view));
		break;
	case ROW_CELL_SLOT:
		if (traits & PARTY_MEANS)
			meant_text(text, cell, limit_of(t, view));
		else
			slot_text(text, cell, limit_of(t, view));
	}
}

/**
 * struct line - a line of the table: a row, or several that were not compared
 * @row: the first, and
 * @nr:  how many
 */
struct line {
	const struct check_row *row;
	size_t nr;
};

/* The line that begins with row @i */
static struct line line_at(const struct check_rows *rows, size_t i)
{
	struct line line = { &rows->rows[i], 1 };

	while (line.row->verdict == ROW_NOT_COMPARED &&
	       i + line.nr < rows->nr &&
	       line.row[line.nr].verdict == ROW_NOT_COMPARED &&
	       line.row[line.nr].as_id == line.row->as_id)
		line.nr++;
	return line;
}

/* How many of a line's rows a view has something in */
static void count_text(const struct table *t, char text[CELL], size_t view,
		       const struct line *line)
{
	enum row_cell_kind kind;
	size_t nr = 0;

	for (size_t i = 0; i < line->nr; i++) {
		kind = check_row_cell(t->rows, &line->row[i], view)->kind;
		nr += kind == ROW_CELL_SLOT || kind == ROW_CELL_MAPPED;
	}
	text[0] = '\0';
	if (nr)
		snprintf(text, CELL, "%zu range%s", nr, nr > 1 ? "s" : "");
	if (strlen(text) > limit_of(t, view))
		snprintf(text, CELL, "%zu", nr);
}

static void view_text(const struct table *t, char text[CELL], size_t view,
		      const struct line *line)
{
	if (line->nr > 1)
		count_text(t, text, view, line);
	else
		cell_text(t, text, view,
			  check_row_cell(t->rows, line->row, view));
}

static void range_text(char text[CELL], const struct line *line)
{
	const struct check_row *last = &line->row[line->nr - 1];

	snprintf(text, CELL, "%" PRIx64 "-%" PRIx64, line->row->gpa,
		 last->gpa + (last->size - 1));
}

static size_t wider(size_t width, const char *text)
{
	return strlen(text) > width ? strlen(text) : width;
}

/* Widths of what would be printed under no limits but the widest */
static size_t measure(const struct table *t, size_t *widths)
{
	size_t range = strlen("RANGE (gpa)");
	size_t as_id = strlen("AS");
	struct line line;
	char text[CELL];

	for (size_t view = 0; view < t->nr_views; view++)
		widths[view] = strlen(party(t, view)->name);
	for (size_t i = 0; i < t->rows->nr; i += line.nr) {
		line = line_at(t->rows, i);
		range_text(text, &line);
		range = wider(range, text);
		snprintf(text, sizeof(text), "%u", line.row->as_id);
		as_id = wider(as_id, text);
		for (size_t view = 0; view < t->nr_views; view++) {
			view_text(t, text, view, &line);
			widths[view] = wider(widths[view], text);
		}
	}
	return (t->shown & 1U << COLUMN_AS ? as_id + 1 : 0) +
	       (t->shown & 1U << COLUMN_RANGE ? range + 1 : 0) +
	       (t->shown & 1U << COLUMN_VERDICT ? VERDICT_WIDTH : 0);
}

/* Lower the limits until the table is narrow enough */
static int fit(struct table *t)
{
	struct limits *limits = &t->limits;
	size_t *widths = calloc(t->nr_views + 1, sizeof(*widths));
	size_t sum, fixed;

	if (!widths)
		return -ENOMEM;
	if (render_style.wide || render_style.raw) {
		*limits = uncut;
		free(widths);
		return 0;
	}
	*limits = most;
	fixed = measure(t, widths);
	for (;;) {
		sum = fixed;
		for (size_t view = 0; view < t->nr_views; view++)
			sum += !shows_view(t, view) ?
				       0 :
				       1 + (widths[view] < limit_of(t, view) ?
						    widths[view] :
						    limit_of(t, view));
		/* the one that has most to give */
		if (sum < render_style.columns)
			break;
		if (limits->ground > least.ground &&
		    limits->ground >= limits->means)
			limits->ground--;
		else if (limits->means > least.means)
			limits->means--;
		else if (limits->slot > least.slot)
			limits->slot--;
		else
			break;
	}
	free(widths);
	return 0;
}

static int add_line(const struct table *t, const struct line *line)
{
	const struct findings *findings = &t->comparison->findings;
	struct libscols_line *out = scols_table_new_line(t->scols, NULL);
	char text[CELL];
	int ret = 0;

	if (!out)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%u", line->row->as_id);
	ret = put(out, t->as_id, text);
	range_text(text, line);
	ret = ret ?: put(out, t->range, text);
	for (size_t view = 0; view < t->nr_views; view++) {
		view_text(t, text, view, line);
		ret = ret ?: put(out, t->views[view], text);
	}
	ret = ret ?: put(out, t->verdict, verdict_text(line->row, findings));
	if (ret || !t->verdict)
		return ret;
	return scols_cell_set_color(
		scols_line_get_column_cell(out, t->verdict),
		color_scols(verdict_color(line->row, findings)));
}

int render_check_table(FILE *out, const struct comparison *comparison,
		       const struct check_rows *rows)
{
	struct table t = { .comparison = comparison,
			   .rows = rows,
			   .nr_views = comparison->input->nr_views,
			   .scols = table_new(out) };
	struct line line;
	int ret = -ENOMEM;

	choose_columns(&t);
	t.views = calloc(t.nr_views + 1, sizeof(*t.views));
	if (!t.scols || !t.views || fit(&t))
		goto out;
	ret = add_columns(&t);
	for (size_t i = 0; i < rows->nr && !ret; i += line.nr) {
		line = line_at(rows, i);
		ret = add_line(&t, &line);
	}
	if (!ret)
		ret = repeat_columns(&t);
	if (!ret)
		ret = scols_print_table(t.scols);
out:
	scols_unref_table(t.scols);
	free(t.views);
	return ret;
}
