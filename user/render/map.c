// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/addr.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "render/cells.h"
#include "render/flags.h"
#include "render/map.h"
#include "render/text.h"

/* Rows of regions that get a column, at the most; behind them it is told by number */
#define FRONT_MAX 3

#define ADDRESS_LEAST 8
#define VERDICT_WIDTH 21 /* ": nothing: 3839.8 MiB", "! ignored-failure" */
#define COLUMN_LEAST  6
#define COLUMN_MOST   24

#define LABEL 80

/* How a box is drawn */
struct strokes {
	const char *top;    /* where it begins */
	const char *end;    /* where it ended, and nothing follows */
	const char *side;   /* beside it */
	const char *unseen; /* beside what nobody knows */
	const char *line;   /* from its corner on */
	const char *cut;    /* for the rest of a label */
	const char *hole;
};

static const struct strokes utf8 = { "\u250c", "\u2514", "\u2502", "\u250a",
				     "\u2500", "\u2026", "\u22ee" };
static const struct strokes ascii = { "+", "`", "|", ":", "-", "~", ":" };

/* A column: a row of a lane */
struct column {
	const struct lane *lane;
	unsigned int row;
	unsigned int width;
	const struct lane_box *box; /* that the line above was in */
};

#define COLUMNS_MAX (LANES_MAX + FRONT_MAX)

struct panel {
	FILE *out;
	const struct map_document *document;
	const struct lanes_input *input;
	const struct lanes *lanes;
	const struct strokes *strokes;
	struct column columns[COLUMNS_MAX];
	size_t nr_columns;
	int address_width;
	bool compared; /* any two views, anywhere */
};

static void spaces(FILE *out, size_t nr)
{
	fprintf(out, "%*s", (int)nr, "");
}

/*
 * Labels
 */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static const char *kind_word(enum lane_box_kind kind)
{
	switch (kind) {
	case LANE_BOX_ROM:
		return " ro";
	case LANE_BOX_IO:
		return " io";
	default:
		return "";
	}
}

static void slot_label(char label[LABEL], const struct lane_box *box)
{
	const struct slot *slot = box->slot;
	char flags[FLAGS_TEXT];

	flags_rights_text(flags, slot->flags, slot->hidden);
	if (slot->id >= 0)
		snprintf(label, LABEL, "#%d %s", slot->id, flags);
	else
		snprintf(label, LABEL, "%.30s %s",
			 slot->name ? slot->name : "RAM", flags);
}

static void label_of(char label[LABEL], const struct lane *lane,
		     const struct lane_box *box)
{
	char size[SIZE_TEXT];

	if (box->kind == LANE_BOX_UNSEEN) {
		strcpy(label, "?");
		return;
	}
	switch (lane->kind) {
	case LANE_SLOTS:
		slot_label(label, box);
		break;
	case LANE_STAGE2:
		size_text(size, box->filled);
		if (box->filled == box->last - box->first + 1)
			strcpy(label, "all");
		else
			snprintf(label, LABEL, "%s", size);
		break;
	case LANE_HOST:
		snprintf(label, LABEL, "%.40s %c%c%c",
			 box->name ? base_name(box->name) : "anon",
			 box->mapping->read ? 'r' : '-',
			 box->mapping->write ? 'w' : '-',
			 box->mapping->shared ? 's' : 'p');
		break;
	default:
		snprintf(label, LABEL, "%.60s%s", box->name,
			 kind_word(box->kind));
	}
}

/* Of the printable characters in @label as many as there is room for */
static size_t put_label(const struct panel *p, const char *label, size_t room)
{
	char clean[4 * LABEL];
	size_t len;

	text_clean(clean, sizeof(clean), sizeof(clean) - 1, label);
	len = strlen(clean);
	if (len <= room) {
		fputs(clean, p->out);
		return len;
	}
	fprintf(p->out, "%.*s%s", (int)room - 1, clean, p->strokes->cut);
	return room;
}

/*
 * Lines
 */

/* The first line of a piece in a column: where a box begins, or has ended */
static void put_edge(const struct panel *p, struct column *column,
		     const struct lane_box *box)
{
	const struct lane_box *before = column->box;
	size_t room = column->width - 2; /* a side, and a blank behind it */
	char label[LABEL];

	column->box = box;
	if (box && box == before) {
		fputs(box->kind == LANE_BOX_UNSEEN ? p->strokes->unseen :
						     p->strokes->side,
		      p->out);
		spaces(p->out, room + 1);
		return;
	}
	if (!box && !before) {
		spaces(p->out, room + 2);
		return;
	}
	fputs(box ? p->strokes->top : p->strokes->end, p->out);
	if (box) {
		label_of(label, column->lane, box);
		room -= put_label(p, label, room);
	}
	for (; room; room--)
		fputs(p->strokes->line, p->out);
	fputc(' ', p->out);
}

static void put_side(const struct panel *p, const struct column *column)
{
	if (column->box)
		fputs(column->box->kind == LANE_BOX_UNSEEN ?
			      p->strokes->unseen :
			      p->strokes->side,
		      p->out);
	spaces(p->out, column->width - !!column->box);
}

static void put_verdict(const struct panel *p, const struct scale_piece *piece)
{
	const struct findings *findings = &p->input->comparison->findings;
	const struct check_row *row = lanes_row_at(p->input, piece->first);
	const char *mark = "";

	if (!row || (row->verdict == ROW_NOT_COMPARED && !p->compared))
		return;
	if (row->verdict == ROW_FINDING)
		switch (finding_id_kind(findings->items[row->finding].id)) {
		case FINDING_MISMATCH:
			mark = "! ";
			break;
		case FINDING_UNKNOWN:
			mark = "? ";
			break;
		default:
			mark = "- ";
		}
	fprintf(p->out, "%s%s", mark, row_verdict(row, findings));
}

/* So many lines more than the first, for what is larger */
static unsigned int more_lines(const struct scale_piece *piece)
{
	return piece->hole ? 0 : scale_weight(piece) / 8;
}

static void put_piece(struct panel *p, const struct scale_piece *piece)
{
	const unsigned int more = more_lines(piece);
	struct column *column;
	char size[SIZE_TEXT];

	/* All of it is 2^64, one more than there is room for */
	if (piece->last - piece->first == UINT64_MAX)
		strcpy(size, "2^64");
	else
		size_text(size, piece->last - piece->first + 1);
	fprintf(p->out, "%*" PRIx64 " ", p->address_width, piece->first);
	for (column = p->columns; column < p->columns + p->nr_columns; column++)
		put_edge(p, column,
			 lane_box_at(column->lane, column->row, piece->first));
	if (piece->hole)
		fprintf(p->out, "%s nothing: %s", p->strokes->hole, size);
	else
		put_verdict(p, piece);
	fputc('\n', p->out);
	for (unsigned int i = 0; i < more; i++) {
		fprintf(p->out, "%*s ", p->address_width, i ? "" : size);
		for (column = p->columns; column < p->columns + p->nr_columns;
		     column++)
			put_side(p, column);
		fputc('\n', p->out);
	}
}

static void put_bottom(struct panel *p)
{
	const struct scale *scale = &p->lanes->scale;
	const uint64_t last = scale->pieces[scale->nr - 1].last;
	struct column *column;

	fprintf(p->out, "%*" PRIx64 " ", p->address_width, last);
	for (column = p->columns; column < p->columns + p->nr_columns; column++)
		put_edge(p, column, NULL);
	fputc('\n', p->out);
}

static void put_head(const struct panel *p)
{
	const struct column *column;

	fprintf(p->out, "%*s ", p->address_width, "address");
	for (column = p->columns; column < p->columns + p->nr_columns; column++)
		fprintf(p->out, "%-*.*s ", (int)column->width - 1,
			(int)column->width - 1,
			column->row ? "behind" : lane_title(column->lane));
	fputs("verdict\n", p->out);
}

/*
 * Which columns, and how wide
 */

static void add_columns(struct panel *p, const struct lane *lane,
			unsigned int rows)
{
	for (unsigned int row = 0; row < rows; row++)
		p->columns[p->nr_columns++] =
			(struct column){ .lane = lane, .row = row };
}

static unsigned int wanted(const struct column *column)
{
	unsigned int width = strlen(lane_title(column->lane));
	char label[LABEL];

	for (size_t i = 0; i < column->lane->nr; i++) {
		if (column->lane->boxes[i].row != column->row)
			continue;
		label_of(label, column->lane, &column->lane->boxes[i]);
		if (strlen(label) > width)
			width = strlen(label);
	}
	width += 2;
	return width < COLUMN_MOST ? width : COLUMN_MOST;
}

/* The widest gives way, until all fit; what stands behind goes first if it must */
static void fit(struct panel *p)
{
	unsigned int all = p->address_width + 1 + VERDICT_WIDTH;
	struct column *column, *widest;

	for (column = p->columns; column < p->columns + p->nr_columns;
	     column++) {
		column->width = wanted(column);
		all += column->width;
	}
	while (all > p->document->columns) {
		widest = p->columns;
		for (column = p->columns; column < p->columns + p->nr_columns;
		     column++)
			if (column->width > widest->width)
				widest = column;
		if (widest->width <= COLUMN_LEAST)
			return;
		widest->width--;
		all--;
	}
}

/* Rows of regions: as many as leave each column what it needs to be read */
static unsigned int front_rows(const struct panel *p, const struct lane *lane,
			       size_t others)
{
	const unsigned int room =
		p->document->columns - p->address_width - 1 - VERDICT_WIDTH;
	unsigned int rows = lane->front < FRONT_MAX ? lane->front : FRONT_MAX;

	while (rows > 1 && (rows + others) * (COLUMN_LEAST + 2) > room)
		rows--;
	return rows;
}

static void choose_columns(struct panel *p)
{
	const struct lane *lane;
	size_t drawn = 0;

	for (size_t i = 0; i < p->lanes->nr; i++)
		drawn += !p->lanes->lane[i].none;
	for (size_t i = 0; i < p->lanes->nr; i++) {
		lane = &p->lanes->lane[i];
		if (lane->none)
			continue;
		if (lane->kind == LANE_REGIONS)
			add_columns(p, lane, front_rows(p, lane, drawn - 1));
		else
			add_columns(p, lane, lane->rows ? lane->rows : 1);
	}
}

static int digits(uint64_t value)
{
	char text[20];

	return snprintf(text, sizeof(text), "%" PRIx64, value);
}

/*
 * All
 */

static bool same_reason(const struct lane *a, const struct lane *b)
{
	return a->none && b->none && !strcmp(a->none, b->none);
}

/* A reason once, with all lanes that have it */
static void put_left_out(const struct panel *p)
{
	const struct lane *lanes = p->lanes->lane, *end = lanes + p->lanes->nr;
	const struct lane *lane, *other;
	char text[LANES_MAX * 16 + 640];
	size_t len;

	for (lane = lanes; lane < end; lane++) {
		for (other = lanes; other < lane; other++)
			if (same_reason(other, lane))
				break;
		if (!lane->none || other < lane)
			continue;
		len = 0;
		for (; other < end; other++)
			if (same_reason(other, lane))
				len += sprintf(text + len, "%s%.14s",
					       other == lane ? "" : ", ",
					       lane_title(other));
		snprintf(text + len, sizeof(text) - len, ": %.600s",
			 lane->none);
		text_wrap(p->out, "not drawn: ", 4, text);
	}
}

static void put_behind(const struct panel *p)
{
	unsigned int drawn = 0, front = 0;
	char text[128];

	for (size_t i = 0; i < p->nr_columns; i++) {
		if (p->columns[i].lane->kind != LANE_REGIONS)
			continue;
		drawn++;
		front = p->columns[i].lane->front;
	}
	if (front == drawn)
		return;
	snprintf(text, sizeof(text),
		 "%u more column%s of regions lie%s behind these: slotscope "
		 "tree has all",
		 front - drawn, plural(front - drawn),
		 front - drawn == 1 ? "s" : "");
	text_wrap(p->out, "", 4, text);
}

static int put_panel(FILE *out, const struct map_document *document,
		     uint16_t as_id, bool *any)
{
	struct lanes_input input = *document->input;
	const char *name = addr_space_name(as_id);
	struct lanes lanes;
	struct panel p = { .out = out,
			   .document = document,
			   .input = &input,
			   .lanes = &lanes,
			   .strokes = document->ascii ? &ascii : &utf8 };
	int ret;

	for (size_t i = 0; i < input.comparison->nr_pairs; i++)
		p.compared |= input.comparison->pairs[i].compared;
	input.as_id = as_id;
	ret = lanes_make(&input, &lanes);
	if (ret)
		goto out;
	fprintf(out, "%saddress space %u%s%s%s\n", *any ? "\n" : "", as_id,
		name ? " (" : "", name ? name : "", name ? ")" : "");
	*any = true;
	if (!lanes.scale.nr) {
		text_wrap(out, "", 4,
			  input.zoom ? "nothing that was looked at is there" :
				       "nothing that was looked at is in it");
	} else {
		p.address_width =
			digits(lanes.scale.pieces[lanes.scale.nr - 1].last);
		if (p.address_width < ADDRESS_LEAST)
			p.address_width = ADDRESS_LEAST;
		choose_columns(&p);
		fit(&p);
		put_head(&p);
		for (size_t i = 0; i < lanes.scale.nr; i++)
			put_piece(&p, &lanes.scale.pieces[i]);
		put_bottom(&p);
		put_behind(&p);
	}
	put_left_out(&p);
out:
	lanes_deinit(&lanes);
	return ret;
}

/* In the picture, or about no place at all */
static bool is_shown(const struct map_document *document,
		     const struct finding *finding)
{
	const struct lanes_input *input = document->input;

	if (!finding->size)
		return true;
	if (document->as_id >= 0 && finding->as_id != document->as_id)
		return false;
	return !input->zoom ||
	       (finding->gpa <= input->last &&
		finding->gpa + (finding->size - 1) >= input->first);
}

static void put_findings(FILE *out, const struct map_document *document)
{
	const struct findings *findings =
		&document->input->comparison->findings;
	static const char marks[FINDING_KINDS] = { [FINDING_MISMATCH] = '!',
						   [FINDING_UNKNOWN] = '?',
						   [FINDING_NOTE] = '-' };
	const struct finding *finding;
	size_t left_out = 0;
	char first[64];

	for (size_t i = 0; i < findings->nr; i++) {
		finding = &findings->items[i];
		if (!is_shown(document, finding)) {
			left_out++;
			continue;
		}
		snprintf(first, sizeof(first),
			 "%c %s: ", marks[finding_id_kind(finding->id)],
			 finding_id_name(finding->id));
		text_wrap(out, first, 4, finding->sentence);
	}
	if (left_out)
		fprintf(out, "%zu finding%s elsewhere\n", left_out,
			plural(left_out));
}

static int put_all(FILE *out, const struct map_document *document)
{
	const uint16_t nr = lanes_spaces(document->input);
	struct map_document wide = *document;
	bool any = false;
	int ret = 0;

	if (wide.columns < RENDER_MAP_LEAST)
		wide.columns = RENDER_MAP_LEAST;
	for (uint16_t as_id = 0; as_id < nr && !ret; as_id++)
		if (document->as_id < 0 || document->as_id == as_id)
			ret = put_panel(out, &wide, as_id, &any);
	/* Also of one that is not there it is said what was not looked at */
	if (!any && !ret)
		ret = put_panel(out, &wide,
				document->as_id < 0 ? 0 : document->as_id,
				&any);
	if (!ret)
		put_findings(out, document);
	return ret;
}

int render_map(FILE *out, const struct map_document *document)
{
	char *text = NULL, *line, *next;
	size_t size, len;
	FILE *f = open_memstream(&text, &size);
	int ret;

	if (!f)
		return -ENOMEM;
	ret = put_all(f, document);
	if (fclose(f) && !ret)
		ret = -ENOMEM;
	/* Without the blanks that columns of nothing end in */
	for (line = text; !ret && (next = strchr(line, '\n'));
	     line = next + 1) {
		for (len = next - line; len && line[len - 1] == ' ';)
			len--;
		fprintf(out, "%.*s\n", (int)len, line);
	}
	free(text);
	return ret;
}
