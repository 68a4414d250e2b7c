// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <libsmartcols.h>

#include "base/json_value.h"
#include "base/plural.h"
#include "render/document.h"
#include "render/stacks.h"
#include "render/summary.h"
#include "render/text.h"
#include "view/names.h"

#define CELL 96

/* A column, and the tables that have it */
enum column {
	COL_ERRNO,
	COL_VM,
	COL_TID,
	COL_TGID,
	COL_COMM,
	COL_STACK,
	COL_KIND,
	COL_COUNT,
	COL_FAILED,
	COL_MIN,
	COL_MEDIAN,
	COL_MAX,
	COL_SUM,
	COLUMNS,
};

static const struct {
	const char *name;
	unsigned int by; /* 0: all */
	bool left;
} columns[COLUMNS] = {
	[COL_ERRNO] = { "ERRNO", SUMMARY_RESULT, true },
	[COL_VM] = { "VM", SUMMARY_VM, false },
	[COL_TID] = { "THREAD", SUMMARY_CALLER, false },
	[COL_TGID] = { "PROCESS", SUMMARY_CALLER, false },
	[COL_COMM] = { "NAME", SUMMARY_CALLER, true },
	[COL_STACK] = { "STACK", SUMMARY_CALLER, false },
	[COL_KIND] = { "KIND", SUMMARY_KIND, true },
	[COL_COUNT] = { "COUNT", 0, false },
	[COL_FAILED] = { "FAILED", 0, false },
	[COL_MIN] = { "MIN", 0, false },
	[COL_MEDIAN] = { "MEDIAN", 0, false },
	[COL_MAX] = { "MAX", 0, false },
	[COL_SUM] = { "SUM", 0, false },
};

/* In JSON, and in this order in the text */
static const struct {
	const char *member;
	unsigned int by;
} tables[] = {
	{ "by_kind", SUMMARY_KIND },
	{ "by_vm", SUMMARY_VM | SUMMARY_KIND },
	{ "by_caller", SUMMARY_CALLER | SUMMARY_KIND },
	{ "by_errno", SUMMARY_RESULT | SUMMARY_KIND },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Three digits are what a duration is worth: "14.0us" */
static void duration_text(char text[CELL], uint64_t ns)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };
	size_t i = 0;
	double value;

	while (i < 3 && ns < units[i].unit)
		i++;
	if (i == 3) {
		snprintf(text, CELL, "%" PRIu64 "ns", ns);
		return;
	}
	value = (double)ns / units[i].unit;
	snprintf(text, CELL, "%.*f%s",
		 value < 9.995 ? 2 :
		 value < 99.95 ? 1 :
				 0,
		 value, units[i].name);
}

static void errno_text(char text[CELL], int32_t error)
{
	const char *name = strerrorname_np(-error);

	if (name)
		snprintf(text, CELL, "%s", name);
	else
		snprintf(text, CELL, "%d", -error);
}

static void time_cell(char text[CELL], const struct durations *d, uint64_t ns)
{
	if (d->nr)
		duration_text(text, ns);
	else
		snprintf(text, CELL, "-");
}

static void comm_text(char text[CELL], const char comm[16])
{
	char whole[17] = "";

	memcpy(whole, comm, 16);
	text_clean(text, CELL, 3 * 16, whole);
}

static void cell_text(char text[CELL], const struct summary_row *row,
		      enum column column)
{
	const struct durations *d = &row->durations;

	switch (column) {
	case COL_ERRNO:
		errno_text(text, row->key.error);
		break;
	case COL_VM:
		snprintf(text, CELL, "%" PRIu64, row->key.serial);
		break;
	case COL_TID:
		snprintf(text, CELL, "%d", row->key.tid);
		break;
	case COL_TGID:
		snprintf(text, CELL, "%d", row->key.tgid);
		break;
	case COL_COMM:
		comm_text(text, row->key.comm);
		break;
	case COL_STACK:
		if (row->key.stack)
			snprintf(text, CELL, "%" PRIu64, row->key.stack);
		else
			snprintf(text, CELL, "-");
		break;
	case COL_KIND:
		snprintf(text, CELL, "%s", summary_kind_name(&row->key));
		break;
	case COL_COUNT:
		snprintf(text, CELL, "%" PRIu64, row->count);
		break;
	case COL_FAILED:
		if (summary_has_result(&row->key))
			snprintf(text, CELL, "%" PRIu64, row->failed);
		else
			snprintf(text, CELL, "-");
		break;
	case COL_MIN:
		time_cell(text, d, d->min);
		break;
	case COL_MEDIAN:
		time_cell(text, d, durations_median(d));
		break;
	case COL_MAX:
		time_cell(text, d, d->max);
		break;
	default:
		time_cell(text, d, d->sum);
	}
}

/* All failed where the table is of errnos; stacks are there if they were asked for */
static bool has_column(enum column column, unsigned int by, bool stacks)
{
	if (column == COL_FAILED)
		return !(by & SUMMARY_RESULT);
	if (column == COL_STACK && !stacks)
		return false;
	return !columns[column].by || columns[column].by & by;
}

static bool has_stacks(const struct summary_table *rows)
{
	for (size_t i = 0; i < rows->nr; i++) {
		if (rows->rows[i].key.stack)
			return true;
	}
	return false;
}

static int fill(struct libscols_table *table, const struct summary_table *rows,
		unsigned int by)
{
	bool stacks = has_stacks(rows);
	struct libscols_line *line;
	char text[CELL];
	int ret = 0;

	for (int c = 0; c < COLUMNS; c++) {
		if (has_column(c, by, stacks) &&
		    !scols_table_new_column(table, columns[c].name, 0,
					    columns[c].left ? 0 :
							      SCOLS_FL_RIGHT))
			return -ENOMEM;
	}
	for (size_t i = 0; i < rows->nr && !ret; i++) {
		size_t place = 0;

		line = scols_table_new_line(table, NULL);
		if (!line)
			return -ENOMEM;
		for (int c = 0; c < COLUMNS && !ret; c++) {
			if (!has_column(c, by, stacks))
				continue;
			cell_text(text, &rows->rows[i], c);
			ret = scols_line_set_data(line, place++, text);
		}
	}
	return ret;
}

static int print_table(FILE *out, const struct summary_table *rows,
		       unsigned int by)
{
	struct libscols_table *table = scols_new_table();
	int ret;

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	ret = fill(table, rows, by);
	fputc('\n', out);
	ret = ret ?: scols_print_table(table);
	scols_unref_table(table);
	return ret;
}

/* What is missing comes before all that was counted without it */
static void print_head(FILE *out, const struct summary *summary)
{
	uint64_t ns = summary->last_ns - summary->first_ns;
	const char *before = "; LOST";

	fprintf(out, "%" PRIu64 " event%s", summary->events,
		plural(summary->events));
	/* Some texts have no times */
	if (summary->last_ns)
		fprintf(out, " in %" PRIu64 ".%06" PRIu64 " s", ns / 1000000000,
			ns / 1000 % 1000000);
	for (int i = 0; i < SLOT_LOST_REASONS; i++) {
		if (!summary->lost.count[i] || i == SLOT_LOST_DROPPED)
			continue;
		fprintf(out, "%s %s%" PRIu64 ": %s", before,
			i == SLOT_LOST_CUT ? "at least " : "",
			summary->lost.count[i], slot_lost_reason_names[i]);
		before = ",";
	}
	if (summary->lost.count[SLOT_LOST_DROPPED])
		fprintf(out, "; %" PRIu64 " before were not kept",
			summary->lost.count[SLOT_LOST_DROPPED]);
	fputc('\n', out);
}

static bool is_worth_a_table(const struct summary_table *rows, unsigned int by)
{
	if (!(by & SUMMARY_VM))
		return rows->nr;
	for (size_t i = 1; i < rows->nr; i++) {
		if (rows->rows[i].key.serial != rows->rows[0].key.serial)
			return true;
	}
	return false;
}

/* What could not be read is counted, and not known */
static void print_unread(FILE *out, const struct summary_table *rows)
{
	uint64_t unread = 0;

	for (size_t i = 0; i < rows->nr; i++)
		unread += rows->rows[i].unread;
	if (unread)
		fprintf(out, "of these %" PRIu64 " could not be read\n",
			unread);
}

static void print_stacks(FILE *out, const struct summary_table *rows,
			 struct stack_table *stacks)
{
	for (size_t i = 0; i < rows->nr; i++) {
		const struct slot_stack *stack =
			stack_table_first(stacks, rows->rows[i].key.stack);

		if (!stack)
			continue;
		fprintf(out, "\nstack %" PRIu64 "\n", stack->id);
		render_stack(out, stack, 4);
	}
}

int render_summary(FILE *out, const struct summary *summary,
		   struct stack_table *stacks)
{
	struct summary_table rows = { 0 };
	int ret = 0;

	print_head(out, summary);
	for (size_t i = 0; i < TABLES && !ret; i++) {
		ret = summary_table(summary, tables[i].by, &rows);
		if (!ret && tables[i].by == SUMMARY_KIND)
			print_unread(out, &rows);
		if (!ret && is_worth_a_table(&rows, tables[i].by))
			ret = print_table(out, &rows, tables[i].by);
		if (!ret && stacks && tables[i].by & SUMMARY_CALLER)
			print_stacks(out, &rows, stacks);
		summary_table_deinit(&rows);
	}
	return ret;
}

static void write_row(struct json_writer *w, const struct summary_row *row,
		      unsigned int by)
{
	const struct durations *d = &row->durations;
	char text[CELL];

	json_begin_object(w, NULL);
	json_write_str(w, "type", slot_event_type_names[row->key.type]);
	json_write_str(w, "kind", summary_kind_name(&row->key));
	if (by & SUMMARY_VM)
		json_write_u64(w, "serial", row->key.serial);
	if (by & SUMMARY_CALLER) {
		char comm[17] = "";

		memcpy(comm, row->key.comm, 16);
		json_write_s64(w, "tgid", row->key.tgid);
		json_write_s64(w, "tid", row->key.tid);
		json_write_str(w, "comm", comm);
		if (row->key.stack)
			json_write_u64(w, "stack", row->key.stack);
	}
	if (by & SUMMARY_RESULT) {
		errno_text(text, row->key.error);
		json_write_str(w, "errno", text);
	}
	json_write_u64(w, "count", row->count);
	if (summary_has_result(&row->key))
		json_write_u64(w, "failed", row->failed);
	if (row->unread)
		json_write_u64(w, "unread", row->unread);
	if (d->nr) {
		json_begin_object(w, "duration");
		json_write_u64(w, "count", d->nr);
		json_write_u64(w, "min_ns", d->min);
		json_write_u64(w, "median_ns", durations_median(d));
		json_write_u64(w, "max_ns", d->max);
		json_write_u64(w, "sum_ns", d->sum);
		json_end_object(w);
	}
	json_end_object(w);
}

static void write_lost(struct json_writer *w, const struct slot_lost *lost)
{
	json_begin_object(w, "lost");
	for (int i = 0; i < SLOT_LOST_REASONS; i++) {
		if (lost->count[i])
			json_write_u64(w, slot_lost_reason_names[i],
				       lost->count[i]);
	}
	json_end_object(w);
}

int render_summary_json(FILE *out, const struct summary *summary,
			struct stack_table *stacks)
{
	struct summary_table made[TABLES] = {};
	struct json_writer w;
	int ret = 0;

	for (size_t i = 0; i < TABLES && !ret; i++)
		ret = summary_table(summary, tables[i].by, &made[i]);
	if (ret)
		goto out;
	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	json_write_u64(&w, "version", SLOTSCOPE_JSON_VERSION);
	json_begin_object(&w, "summary");
	json_write_u64(&w, "events", summary->events);
	json_write_u64(&w, "first_ns", summary->first_ns);
	json_write_u64(&w, "last_ns", summary->last_ns);
	write_lost(&w, &summary->lost);
	for (size_t i = 0; i < TABLES; i++) {
		json_begin_array(&w, tables[i].member);
		for (size_t j = 0; j < made[i].nr; j++)
			write_row(&w, &made[i].rows[j], tables[i].by);
		json_end_array(&w);
	}
	if (stacks && stacks->nr) {
		json_begin_array(&w, "stacks");
		for (size_t i = 0; i < stacks->nr; i++)
			slot_stack_write_json(&w, NULL, &stacks->stacks[i]);
		json_end_array(&w);
	}
	json_end_object(&w);
	json_end_object(&w);
	render_json_end(&w);
out:
	for (size_t i = 0; i < TABLES; i++)
		summary_table_deinit(&made[i]);
	return ret;
}
