// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/json_value.h"
#include "base/plural.h"
#include "render/color.h"
#include "render/document.h"
#include "render/events.h"
#include "render/log_diff.h"
#include "render/text.h"
#include "view/json.h"
#include "view/names.h"

#define CONTEXT 2 /* events that are the same, before and behind what differs */

static const char marks[LOG_SIDES] = { '-', '+' };

/* One thing that was not compared */
typedef void say_fn(void *arg, const char *text);

static void say(say_fn *fn, void *arg, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(say_fn *fn, void *arg, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fn(arg, text);
}

static void say_left_out(const struct log_diff *diff,
			 const struct log_file files[LOG_SIDES], say_fn *fn,
			 void *arg)
{
	fn(arg, "host addresses, but that there is one, and that a page begins "
		"there; processes, threads, stacks, descriptors, times, "
		"generations");
	for (int s = 0; s < LOG_SIDES; s++) {
		if (diff->lacks_changes[s])
			say(fn, arg, "changes: %.160s tells of none",
			    files[s].name);
		if (diff->dropped[s])
			say(fn, arg,
			    "older events that were not kept: %" PRIu64
			    " of %.160s",
			    diff->dropped[s], files[s].name);
		if (diff->taken_whole[s])
			say(fn, arg,
			    "what came behind the end of %.160s, which does "
			    "not tell that its VMs ended: nothing is taken to "
			    "have",
			    files[s].name);
		if (diff->stood[s])
			say(fn, arg,
			    "slots that stood when %.160s began: in the other "
			    "the VM is whole",
			    files[s].name);
	}
	for (int type = 0; type < SLOT_EVENT_TYPES; type++) {
		uint64_t a = diff->left_out[LOG_A][type];
		uint64_t b = diff->left_out[LOG_B][type];

		if (a || b)
			say(fn, arg,
			    "events of kind %s: %" PRIu64 " and %" PRIu64,
			    slot_event_type_names[type], a, b);
	}
}

static void print_line(FILE *out, char mark, const struct slot_event *event)
{
	char text[512] = "", first[40];
	FILE *line = fmemopen(text, sizeof(text), "w");

	if (line) {
		event_print(line, event);
		fclose(line);
	}
	text[sizeof(text) - 1] = '\0';
	snprintf(first, sizeof(first), "%c %8" PRIu64 "  ", mark, event->seq);
	text_wrap(out, first, 14, text);
}

/* Where each side's losses have been told up to */
struct place {
	FILE *out;
	const struct log_diff *diff;
	const struct log_vm_diff *vm;
	size_t lost[LOG_SIDES];
};

static bool concerns(const struct log_vm_diff *vm, enum log_side_id s,
		     const struct slot_event *lost)
{
	return !lost->serial || !vm->life[s] ||
	       lost->serial == vm->life[s]->vm.serial;
}

/* Is something missing before this event, that has not been told? Tells it if so asked */
static bool lost_before(struct place *at, const struct log_edit *edit,
			bool tell)
{
	bool any = false;

	for (int s = 0; s < LOG_SIDES; s++) {
		const struct slot_event *event = edit ? edit->event[s] : NULL;

		if (edit && !event)
			continue;
		for (size_t i = at->lost[s]; i < at->diff->nr_lost[s]; i++) {
			const struct slot_event *lost = at->diff->lost[s][i];

			if (event && lost->seq > event->seq)
				break;
			if (tell)
				at->lost[s] = i + 1;
			if (!concerns(at->vm, s, lost))
				continue;
			any = true;
			if (tell)
				print_line(at->out, marks[s], lost);
		}
	}
	return any;
}

static bool is_same(const struct log_edit *edit)
{
	return edit->event[LOG_A] && edit->event[LOG_B] && !edit->differs;
}

static void print_edit(struct place *at, const struct log_edit *edit)
{
	const char *comma = "";

	lost_before(at, edit, true);
	if (is_same(edit)) {
		print_line(at->out, ' ', edit->event[LOG_A]);
		return;
	}
	for (int s = 0; s < LOG_SIDES; s++) {
		if (edit->event[s])
			print_line(at->out, marks[s], edit->event[s]);
	}
	if (!edit->differs)
		return;
	fprintf(at->out, "%12s", "in ");
	for (int i = 0; i < LOG_DIFFERS_NAMES; i++) {
		if (!(edit->differs & 1U << i))
			continue;
		fprintf(at->out, "%s%s", comma, log_differs_names[i]);
		comma = ", ";
	}
	fputc('\n', at->out);
}

/* What is worth a line: what differs, what is missing, and some events around it */
static void print_edits(struct place *at)
{
	const struct log_vm_diff *vm = at->vm;
	size_t shown = 0;

	for (size_t i = 0; i < vm->nr; i++) {
		size_t from = i > CONTEXT ? i - CONTEXT : 0;

		if (is_same(&vm->edits[i]) &&
		    !lost_before(at, &vm->edits[i], false))
			continue;
		if (from > shown)
			fputs("  ...\n", at->out);
		else
			from = shown;
		for (; from <= i; from++)
			print_edit(at, &vm->edits[from]);
		shown = i + 1;
		for (; shown < vm->nr && shown <= i + CONTEXT &&
		       is_same(&vm->edits[shown]);
		     shown++)
			print_edit(at, &vm->edits[shown]);
		i = shown - 1;
	}
	lost_before(at, NULL, true);
}

static void print_vm_name(FILE *out, const struct log_vm_diff *vm)
{
	for (int s = 0; s < LOG_SIDES; s++) {
		const struct log_life *life = vm->life[s];

		fprintf(out, "%s%c", s ? ", " : "", marks[s]);
		if (!life) {
			fputs("none", out);
			continue;
		}
		fprintf(out, "VM %" PRIu64, life->vm.serial);
		if (life->vm.tgid)
			fprintf(out, " of process %d", life->vm.tgid);
	}
}

static void print_verdict(FILE *out, enum log_verdict verdict, const char *why)
{
	const enum color color = verdict == LOG_VERDICT_SAME	? COLOR_GOOD :
				 verdict == LOG_VERDICT_DIFFERS ? COLOR_BAD :
								  COLOR_DOUBT;

	fprintf(out, "%s%s%s%s%s\n", color_on(color),
		log_verdict_names[verdict], color_off(color), why ? ": " : "",
		why ? why : "");
}

static void print_vm(FILE *out, const struct log_diff *diff,
		     const struct log_vm_diff *vm)
{
	struct place at = { .out = out, .diff = diff, .vm = vm };

	print_vm_name(out, vm);
	fputs(": ", out);
	print_verdict(out, vm->verdict, vm->why);
	if (vm->verdict != LOG_VERDICT_SAME)
		print_edits(&at);
	fprintf(out,
		"  %zu the same, %zu differ, %zu only in -, %zu only in +\n",
		vm->nr_same, vm->nr_differ, vm->nr_only[LOG_A],
		vm->nr_only[LOG_B]);
}

static void print_left_out(void *arg, const char *text)
{
	text_wrap(arg, "  ", 4, text);
}

void render_log_diff(FILE *out, const struct log_diff *diff,
		     const struct log_file files[LOG_SIDES])
{
	static const char *const heads[LOG_SIDES] = { "--- ", "+++ " };
	char text[512];

	for (int s = 0; s < LOG_SIDES; s++) {
		snprintf(text, sizeof(text), "%.400s, %s", files[s].name,
			 files[s].kind);
		text_wrap(out, heads[s], 4, text);
	}
	for (size_t i = 0; i < diff->nr; i++)
		print_vm(out, diff, &diff->vms[i]);
	fputs("Not compared:\n", out);
	say_left_out(diff, files, print_left_out, out);
	print_verdict(out, diff->verdict, diff->why);
}

static void write_side(struct json_writer *w, const struct log_diff *diff,
		       enum log_side_id s, const struct log_file *file)
{
	static const char *const names[LOG_SIDES] = { "a", "b" };

	json_begin_object(w, names[s]);
	json_write_str(w, "file", file->name);
	json_write_str(w, "kind", file->kind);
	json_begin_array(w, "lost");
	for (size_t i = 0; i < diff->nr_lost[s]; i++)
		slot_event_write_json(w, NULL, diff->lost[s][i]);
	json_end_array(w);
	json_write_u64(w, "dropped", diff->dropped[s]);
	json_begin_object(w, "left_out");
	for (int type = 0; type < SLOT_EVENT_TYPES; type++) {
		if (diff->left_out[s][type])
			json_write_u64(w, slot_event_type_names[type],
				       diff->left_out[s][type]);
	}
	json_end_object(w);
	json_end_object(w);
}

static void write_event(struct json_writer *w, const char *member,
			const struct slot_event *event)
{
	if (event)
		slot_event_write_json(w, member, event);
	else
		json_write_null(w, member);
}

static void write_vm_id(struct json_writer *w, const char *member,
			const struct log_life *life)
{
	if (life)
		vm_id_write_json(w, member, &life->vm);
	else
		json_write_null(w, member);
}

static void write_vm(struct json_writer *w, const struct log_vm_diff *vm)
{
	json_begin_object(w, NULL);
	write_vm_id(w, "a", vm->life[LOG_A]);
	write_vm_id(w, "b", vm->life[LOG_B]);
	json_write_str(w, "verdict", log_verdict_names[vm->verdict]);
	json_write_str(w, "why", vm->why);
	json_write_u64(w, "same", vm->nr_same);
	json_write_u64(w, "differ", vm->nr_differ);
	json_write_u64(w, "only_a", vm->nr_only[LOG_A]);
	json_write_u64(w, "only_b", vm->nr_only[LOG_B]);
	json_begin_array(w, "edits");
	for (size_t i = 0; i < vm->nr; i++) {
		const struct log_edit *edit = &vm->edits[i];

		if (is_same(edit))
			continue;
		json_begin_object(w, NULL);
		write_event(w, "a", edit->event[LOG_A]);
		write_event(w, "b", edit->event[LOG_B]);
		json_write_bits(w, "differs", log_differs_names,
				LOG_DIFFERS_NAMES, edit->differs);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}

static void write_left_out(void *arg, const char *text)
{
	json_write_str(arg, NULL, text);
}

void render_log_diff_json(FILE *out, const struct log_diff *diff,
			  const struct log_file files[LOG_SIDES],
			  int exit_status)
{
	struct json_writer w;

	render_json_begin(&w, out);
	json_begin_object(&w, NULL);
	json_write_u64(&w, "version", SLOTSCOPE_JSON_VERSION);
	json_write_str(&w, "verdict", log_verdict_names[diff->verdict]);
	json_write_str(&w, "why", diff->why);
	json_write_s64(&w, "exit_status", exit_status);
	for (int s = 0; s < LOG_SIDES; s++)
		write_side(&w, diff, s, &files[s]);
	json_begin_array(&w, "vms");
	for (size_t i = 0; i < diff->nr; i++)
		write_vm(&w, &diff->vms[i]);
	json_end_array(&w);
	json_begin_array(&w, "not_compared");
	say_left_out(diff, files, write_left_out, &w);
	json_end_array(&w);
	json_end_object(&w);
	render_json_end(&w);
}
