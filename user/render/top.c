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

#define CELL	 LOOK_CELL
#define COMM_MAX 10
#define WHY_MAX	 50

static const char head[] = "    PID COMMAND     FD STATE SLOTS  SIZE CHG/S  "
			   "FAIL   VCPUS  AGE VERDICT\n";

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

static void print_vm(FILE *out, const struct top_frame *frame,
		     const struct top_vm *vm)
{
	char comm[CELL], slots[CELL] = "?", bytes[SIZE_TEXT] = "?", rate[CELL];
	char failed[CELL], vcpus[CELL], age[CELL], verdict[CELL];

	text_clean(comm, sizeof(comm), COMM_MAX,
		   vm->names.comm[0] ? vm->names.comm : "?");
	if (vm->look.counted) {
		say_count(slots, vm->look.nr_slots);
		size_cell(bytes, vm->look.bytes);
	}
	say_rate(rate, vm);
	say_failed(failed, vm, frame->requests);
	say_vcpus(vcpus, &vm->look);
	say_age(age, vm->look.at_ns, frame->now_ns);
	look_say_verdict(verdict, &vm->look);
	if (top_changed(vm))
		strcat(verdict, "*");
	fprintf(out, "%7d %-*s %3d %-5s %5s %5s %5s %5s %7s %4s %s\n",
		vm->id.tgid, COMM_MAX, comm, vm->id.fd,
		top_state_name(top_state(&vm->look)), slots, bytes, rate,
		failed, vcpus, age, verdict);
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
	fputs(head, out);
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
		print_vm(out, frame, rows[i]);
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
