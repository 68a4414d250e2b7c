// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "render/document.h"
#include "render/look.h"
#include "render/text.h"
#include "render/top.h"
#include "view/json.h"

#define CELL		 SIZE_TEXT /* the longest of them */
#define COMM_MAX	 10
#define WHY_MAX		 50
#define NAME_MAX_COLUMNS 20

/* At most four columns up to 9,999 millions */
static void say_count(char text[CELL], uint64_t nr)
{
	if (nr < 10000)
		snprintf(text, CELL, "%" PRIu64, nr);
	else if (nr < 10000000)
		snprintf(text, CELL, "%" PRIu64 "K", nr / 1000);
	else
		snprintf(text, CELL, "%" PRIu64 "M", nr / 1000000);
}

static void say_rate(char text[CELL], const struct top_vm *vm)
{
	uint64_t tenths = vm->rate / 100;

	if (!vm->rate_known)
		snprintf(text, CELL, "?");
	else if (vm->rate && tenths < 100)
		snprintf(text, CELL, "%" PRIu64 ".%" PRIu64, tenths / 10,
			 tenths % 10);
	else
		say_count(text, vm->rate / 1000);
}

/* What is missing may have been one more of them */
static void say_failed(char text[CELL], const struct top_vm *vm, bool seen)
{
	if (!seen)
		snprintf(text, CELL, "?");
	else
		say_count(text, vm->failed);
	if (seen && vm->lost)
		strcat(text, "+");
}

static void say_vcpus(char text[CELL], const struct top_look *look)
{
	if (look->asked)
		snprintf(text, CELL, "%zu/%zu/%zu%s", look->in_run,
			 look->outside, look->stuck, look->anywhere ? "?" : "");
	else
		snprintf(text, CELL, "?");
}

static void say_age(char text[CELL], uint64_t at_ns, uint64_t now_ns)
{
	uint64_t s = now_ns > at_ns ? (now_ns - at_ns) / 1000000000 : 0;

	if (!at_ns)
		snprintf(text, CELL, "-");
	else if (s < 1000)
		snprintf(text, CELL, "%" PRIu64 "s", s);
	else if (s < 60000)
		snprintf(text, CELL, "%" PRIu64 "m", s / 60);
	else
		snprintf(text, CELL, "%" PRIu64 "h", s / 3600);
}

enum column {
	COL_PID,
	COL_COMM,
	COL_FD,
	COL_STATE,
	COL_SLOTS,
	COL_MEMORY,
	COL_RATE,
	COL_FAILED,
	COL_VCPUS,
	COL_AGE,
	COL_VERDICT,
	COL_VMM,
	COL_NAME,
};

/* What list has, too, is called as it is there */
const struct table_column top_columns[TOP_COLUMNS] = {
	[COL_PID] = { "pid", "PID", true },
	[COL_COMM] = { "command", "COMMAND", false },
	[COL_FD] = { "fd", "FD", true },
	[COL_STATE] = { "state", "STATE", false },
	[COL_SLOTS] = { "slots", "SLOTS", true },
	[COL_MEMORY] = { "memory", "SIZE", true },
	[COL_RATE] = { "rate", "CHG/S", true },
	[COL_FAILED] = { "failed", "FAIL", true },
	[COL_VCPUS] = { "vcpus", "VCPUS", true },
	[COL_AGE] = { "age", "AGE", true },
	[COL_VERDICT] = { "verdict", "VERDICT", false },
	[COL_VMM] = { "vmm", "VMM", false },
	[COL_NAME] = { "name", "NAME", false },
};

#define SHOWN ((1U << COL_VMM) - 1)

/* It is refreshed in place: no column moves for what stands in it */
static const int widths[TOP_COLUMNS] = {
	[COL_PID] = 7,
	[COL_COMM] = COMM_MAX,
	[COL_FD] = 3,
	[COL_STATE] = 5,
	[COL_SLOTS] = 5,
	[COL_MEMORY] = 5,
	[COL_RATE] = 5,
	[COL_FAILED] = 5,
	[COL_VCPUS] = 7,
	[COL_AGE] = 4,
	[COL_VERDICT] = 15,
	[COL_VMM] = 12,
	[COL_NAME] = NAME_MAX_COLUMNS,
};

static void say_text(char text[CELL], int column, const char *value)
{
	text_clean(text, CELL, widths[column], value[0] ? value : "?");
}

static void say_cell(char text[CELL], const struct top_frame *frame,
		     const struct top_vm *vm, enum column column)
{
	const struct top_look *look = &vm->look;

	snprintf(text, CELL, "?");
	switch (column) {
	case COL_PID:
		snprintf(text, CELL, "%d", vm->id.tgid);
		break;
	case COL_COMM:
		say_text(text, column, vm->names.comm);
		break;
	case COL_VMM:
		say_text(text, column,
			 vm->names.vmm[0] ? vm->names.vmm : vm->names.comm);
		break;
	case COL_NAME:
		say_text(text, column,
			 vm->names.name[0] ? vm->names.name : "-");
		break;
	case COL_FD:
		snprintf(text, CELL, "%d", vm->id.fd);
		break;
	case COL_STATE:
		snprintf(text, CELL, "%s", top_state_name(top_state(look)));
		break;
	case COL_SLOTS:
		if (look->counted)
			say_count(text, look->nr_slots);
		break;
	case COL_MEMORY:
		if (look->counted)
			size_cell(text, look->bytes);
		break;
	case COL_RATE:
		say_rate(text, vm);
		break;
	case COL_FAILED:
		say_failed(text, vm, frame->requests);
		break;
	case COL_VCPUS:
		say_vcpus(text, look);
		break;
	case COL_AGE:
		say_age(text, look->at_ns, frame->now_ns);
		break;
	default:
		look_say_verdict(text, look);
		if (top_changed(vm))
			strcat(text, "*");
	}
}

/* One cell of a line; nothing stands behind the last */
static void put_cell(FILE *out, const char *text, enum color color, int column,
		     bool first, bool last)
{
	const int width = widths[column];
	const int blanks =
		(int)strlen(text) < width ? width - (int)strlen(text) : 0;
	const bool right = top_columns[column].right;

	fprintf(out, "%s%*s%s%s%s%*s", first ? "" : " ", right ? blanks : 0, "",
		color_on(color), text, color_off(color),
		right || last ? 0 : blanks, "");
}

/* @vm: NULL: the heads */
static void print_line(FILE *out, const struct top_frame *frame,
		       const struct top_vm *vm)
{
	size_t order[TABLE_COLUMNS];
	const size_t nr = table_order(TOP_COLUMNS, SHOWN, order);
	char text[CELL];

	for (size_t i = 0; i < nr; i++) {
		enum color color = COLOR_NONE;

		if (vm)
			say_cell(text, frame, vm, (enum column)order[i]);
		else
			snprintf(text, CELL, "%s", top_columns[order[i]].head);
		/* What may have changed since is no verdict of now */
		if (vm && order[i] == COL_VERDICT && !top_changed(vm))
			color = look_color(&vm->look);
		put_cell(out, text, color, (int)order[i], !i, i + 1 == nr);
	}
	fputc('\n', out);
}

static void print_head(FILE *out, const struct top_frame *frame, size_t nr)
{
	char why[WHY_MAX + 1];

	fprintf(out, "slotscope top %s: %zu VM%s, %zu looked at", frame->clock,
		nr, plural(nr), frame->nr_looked);
	if (frame->top->lost)
		fprintf(out, ", %" PRIu64 " event%s lost", frame->top->lost,
			plural(frame->top->lost));
	if (frame->unseen)
		fprintf(out, ", %zu process%s not seen into", frame->unseen,
			plural_es(frame->unseen));
	fputc('\n', out);
	if (!frame->requests || !frame->changes) {
		text_clean(why, sizeof(why), WHY_MAX,
			   frame->why ? frame->why :
					"slotscope doctor says why");
		fprintf(out, "not seen: %s%s%s: %s\n",
			frame->requests ? "" : "requests",
			frame->requests || frame->changes ? "" : ", ",
			frame->changes ? "" : "changes", why);
	}
	print_line(out, frame, NULL);
}

int render_top(FILE *out, const struct top_frame *frame)
{
	struct top_vm **rows;
	size_t nr;
	int ret = top_rows(frame->top, frame->sort, &rows, &nr);

	if (ret)
		return ret;
	print_head(out, frame, nr);
	for (size_t i = 0; i < nr; i++)
		print_line(out, frame, rows[i]);
	free(rows);
	return 0;
}

static void write_vcpus(struct json_writer *w, const struct top_look *look)
{
	if (!look->asked) {
		json_write_null(w, "vcpus");
		return;
	}
	json_begin_object(w, "vcpus");
	json_write_u64(w, "in_run", look->in_run);
	json_write_u64(w, "outside", look->outside);
	json_write_u64(w, "not_known", look->anywhere);
	json_write_u64(w, "stuck", look->stuck);
	json_end_object(w);
}

static void write_vm(struct json_writer *w, const struct top_frame *frame,
		     const struct top_vm *vm)
{
	const struct top_look *look = &vm->look;
	enum top_state state = top_state(&vm->look);

	json_begin_object(w, NULL);
	vm_id_write_json(w, "vm", &vm->id);
	json_write_str(w, "comm", vm->names.comm[0] ? vm->names.comm : NULL);
	json_write_str(w, "state",
		       state == TOP_STATE_UNKNOWN ? NULL :
						    top_state_name(state));
	if (look->counted) {
		json_write_u64(w, "slots", look->nr_slots);
		json_write_hex(w, "bytes", look->bytes);
	} else {
		json_write_null(w, "slots");
		json_write_null(w, "bytes");
	}
	if (frame->changes)
		json_write_u64(w, "changes", vm->changes);
	else
		json_write_null(w, "changes");
	if (frame->requests)
		json_write_u64(w, "failed", vm->failed);
	else
		json_write_null(w, "failed");
	json_write_u64(w, "lost", vm->lost);
	if (vm->rate_known)
		json_write_thousandths(w, "changes_per_second", vm->rate);
	else
		json_write_null(w, "changes_per_second");
	write_vcpus(w, look);
	if (look->at_ns)
		json_write_u64(w, "looked_ns", look->at_ns);
	else
		json_write_null(w, "looked_ns");
	if (frame->changes)
		json_write_bool(w, "changed_since", top_changed(vm));
	else
		json_write_null(w, "changed_since");
	look_write_json(w, look);
	json_end_object(w);
}

int render_top_json(FILE *out, const struct top_frame *frame)
{
	struct json_writer w;
	struct top_vm **rows;
	size_t nr;
	int ret = top_rows(frame->top, frame->sort, &rows, &nr);

	if (ret)
		return ret;
	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	json_write_u64(&w, "version", SLOTSCOPE_JSON_VERSION);
	json_begin_object(&w, "top");
	json_write_u64(&w, "at_ns", frame->at_ns);
	json_write_u64(&w, "real_ns", frame->real_ns);
	json_write_u64(&w, "looked_at", frame->nr_looked);
	json_write_u64(&w, "lost", frame->top->lost);
	json_write_u64(&w, "processes_not_looked_into", frame->unseen);
	json_write_bool(&w, "requests_seen", frame->requests);
	json_write_bool(&w, "changes_seen", frame->changes);
	json_write_str(&w, "not_seen", frame->why);
	json_end_object(&w);
	json_begin_array(&w, "vms");
	for (size_t i = 0; i < nr; i++)
		write_vm(&w, frame, rows[i]);
	json_end_array(&w);
	json_end_object(&w);
	render_json_end(&w);
	free(rows);
	return 0;
}
