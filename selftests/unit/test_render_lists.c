// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots, VMs and events as tables and lines */
#include <errno.h>

#include <json-c/json.h>
#include <libsmartcols.h>

#include "check/say.h"
#include "render_make.h"
#include "render/events.h"
#include "render/flags.h"
#include "render/slots.h"
#include "render/style.h"
#include "render/vms.h"
#include "render/why.h"

static const struct slot none = { .id = -1, .gmem_fd = -1 };

static void slots(void **unused)
{
	struct slot own = slot_of(1, 32764, 0xfee00000, 4 * KiB, HVA, 0);
	struct slot_state state;
	struct printed p;

	own.hidden = true;
	state_make(&state, PARTY_KERNEL, 2);
	state.as[0].generation = 20;
	state.as[0].torn = true;
	state.as[1].updating = true;
	state_add(&state, slot_of(0, 3, 4 * GiB - 256 * KiB, 256 * KiB, HVA,
				  SLOT_READONLY | SLOT_LOG_DIRTY));
	state_add(&state, own);
	print_begin(&p);
	render_slots(p.out, &state);
	assert_for_people(print_end(&p));
	assert_line(p.text, "0 3 00000000fffc0000-00000000ffffffff 0x40000 "
			    "0x7f0000000000 ro,log");
	assert_line(p.text, "1 32764 00000000fee00000-00000000fee00fff 0x1000 "
			    "0x7f0000000000 rw,kvm's");
	assert_line(p.text, "address space 0: generation 20, changed "
			    "faster than it could be read");
	assert_line(p.text, "address space 1: generation 0, an update is "
			    "under way");
	free(p.text);
	slot_state_deinit(&state);
}

static void slots_of_guest_memfd(void **unused)
{
	struct slot slot = slot_of(0, 0, 0, MiB, 0, SLOT_GUEST_MEMFD);
	struct slot_state state;
	struct printed p;

	state_make(&state, PARTY_KERNEL, 1);
	state_add(&state, slot_of(0, 9, 8 * GiB, MiB, HVA, 0));
	slot.flags |= SLOT_GMEM_ONLY;
	slot.gmem_offset = 0x1000;
	slot.gmem_ino = 77;
	state_add(&state, slot);
	slot.id = 1;
	slot.gpa = GiB;
	slot.flags = SLOT_GUEST_MEMFD;
	slot.gmem_ino = 0;
	slot.gmem = SLOT_GMEM_CLOSED;
	slot.unknown = SLOT_FIELD_HVA;
	state_add(&state, slot);
	slot_state_sort(&state);
	print_begin(&p);
	render_slots(p.out, &state);
	assert_for_people(print_end(&p));
	/* host address 0 is one; what is not known is "?" */
	assert_line(p.text, "0 0 0000000000000000-00000000000fffff 0x100000 "
			    "0x0 rw,gmem,gmem-only inode 77+0x1000");
	assert_line(p.text, "0 1 0000000040000000-00000000400fffff 0x100000 "
			    "? rw,gmem closed");
	assert_line(p.text, "0 9 0000000200000000-00000002000fffff 0x100000 "
			    "0x7f0000000000 rw");
	free(p.text);
	slot_state_deinit(&state);
}

/* The table as smartcols has it, which needs all of it in memory */
static void by_smartcols(FILE *out, const struct slot_state *state, bool gmem)
{
	static const char *const names[] = {
		"AS",		"SLOT",	 "GUEST ADDRESSES", "SIZE",
		"HOST ADDRESS", "FLAGS", "GUEST_MEMFD"
	};
	struct libscols_table *table = scols_new_table();
	struct libscols_line *line;
	char text[GMEM_TEXT];
	size_t i;

	scols_table_set_stream(table, out);
	for (i = 0; i < 6U + gmem; i++)
		scols_table_new_column(table, names[i], 0,
				       i == 2 || i > 4 ? 0 : SCOLS_FL_RIGHT);
	for (i = 0; i < state->nr_slots; i++) {
		const struct slot *slot = &state->slots[i];

		line = scols_table_new_line(table, NULL);
		snprintf(text, sizeof(text), "%u", slot->as_id);
		scols_line_set_data(line, 0, text);
		snprintf(text, sizeof(text), "%d", slot->id);
		scols_line_set_data(line, 1, slot->id < 0 ? "?" : text);
		snprintf(text, sizeof(text), "%016llx-%016llx",
			 (unsigned long long)slot->gpa,
			 (unsigned long long)(slot->gpa + (slot->size - 1)));
		scols_line_set_data(line, 2, text);
		snprintf(text, sizeof(text), "0x%llx",
			 (unsigned long long)slot->size);
		scols_line_set_data(line, 3, text);
		snprintf(text, sizeof(text), "0x%llx",
			 (unsigned long long)slot->hva);
		scols_line_set_data(
			line, 4, slot->unknown & SLOT_FIELD_HVA ? "?" : text);
		flags_rights_text(text, slot->flags, slot->hidden);
		scols_line_set_data(line, 5, text);
		gmem_text(text, slot);
		if (gmem)
			scols_line_set_data(line, 6, text);
	}
	scols_print_table(table);
	scols_unref_table(table);
	for (i = 0; i < state->nr_as; i++)
		fprintf(out, "address space %zu: generation 0\n", i);
}

static struct slot any_slot(unsigned int *seed, bool gmem)
{
	struct slot slot = none;

	slot.as_id = rand_r(seed) % 2;
	slot.id = rand_r(seed) % 9 ? rand_r(seed) >> rand_r(seed) % 31 : -1;
	slot.size = 1ULL << rand_r(seed) % 64;
	slot.gpa = (uint64_t)rand_r(seed) << rand_r(seed) % 32;
	if (slot.gpa + (slot.size - 1) < slot.gpa)
		slot.gpa = 0;
	slot.hva = (uint64_t)rand_r(seed) << rand_r(seed) % 32;
	slot.flags = rand_r(seed) & rand_r(seed) & 0x30003 & ~SLOT_GUEST_MEMFD;
	slot.hidden = !(rand_r(seed) % 5);
	slot.unknown = rand_r(seed) % 5 ? 0 : SLOT_FIELD_HVA;
	if (gmem && rand_r(seed) % 2) {
		slot.flags |= SLOT_GUEST_MEMFD;
		slot.gmem_ino = rand_r(seed) % 3;
		slot.gmem_offset = rand_r(seed);
		if (!(rand_r(seed) % 4))
			slot.gmem = SLOT_GMEM_CLOSED;
	}
	return slot;
}

static void slots_as_smartcols(void **unused)
{
	struct printed ours, theirs;
	struct slot_state state;
	unsigned int seed = 1;
	bool gmem;

	for (int i = 0; i < 200; i++) {
		state_make(&state, PARTY_KERNEL, 2);
		for (int n = i % 20; n > 0; n--)
			state_add(&state, any_slot(&seed, i % 3 == 2));
		gmem = false;
		for (size_t n = 0; n < state.nr_slots; n++)
			gmem |= state.slots[n].flags & SLOT_GUEST_MEMFD;
		print_begin(&ours);
		render_slots(ours.out, &state);
		print_end(&ours);
		print_begin(&theirs);
		if (!state.nr_slots)
			fputs("no slots\n", theirs.out);
		by_smartcols(theirs.out, &state, gmem);
		assert_string_equal(ours.text, print_end(&theirs));
		free(ours.text);
		free(theirs.text);
		slot_state_deinit(&state);
	}
}

static void vms(void **unused)
{
	struct slot own = slot_of(0, 9, GiB, 4 * KiB, HVA, 0);
	struct slot_state state;
	struct vm_row rows[2] = {
		{ .id = { .tgid = 42, .fd = 9 },
		  .comm = "vmm\x1b[0m\xff",
		  .qmp = "/run/a socket",
		  .look = { .at_ns = 1,
			    .judged = true,
			    .verdict = TOP_MISMATCHES,
			    .mismatches = 2,
			    .asked = true,
			    .in_run = 1 },
		  .state = &state },
		{ .id = { .tgid = 43, .fd = 10 },
		  .comm = "other",
		  .vmm = "qemu",
		  .name = "a \x1b[31mname that is longer than it may be",
		  .look = { .verdict = TOP_UNKNOWN } },
	};
	struct json_object *obj;
	struct printed p;

	own.hidden = true;
	state_make(&state, PARTY_KERNEL, 2);
	state_add(&state, slot_of(0, 0, 0, MiB, HVA, 0));
	state_add(&state, own);
	state_add(&state, slot_of(1, 0, 0, MiB, HVA, 0));
	top_count(&state, &rows[0].look);
	print_begin(&p);
	assert_int_equal(render_vms(p.out, rows, 2), 0);
	assert_for_people(print_end(&p));
	/* the guest's memory once: not KVM's own, not the other space's */
	assert_line(p.text, "PID FD VMM NAME MEMORY SLOTS STATE VERDICT");
	assert_line(p.text, "42 9 vmm\\1b[0m\\ff - 1M 2/1 run 2 mismatches");
	assert_line(p.text, "43 10 qemu a \\1b[31mname tha... ? ? ? ?");
	free(p.text);
	/* For scripts as util-linux writes it, once */
	render_style.raw = true;
	print_begin(&p);
	assert_int_equal(render_vms(p.out, rows, 2), 0);
	assert_for_people(print_end(&p));
	assert_line(p.text,
		    "43 10 qemu a\\x20\\x1b[31mname\\x20that\\x20is\\x20"
		    "longer\\x20than\\x20it\\x20may\\x20be ? ? ? ?");
	free(p.text);
	render_style.raw = false;

	print_begin(&p);
	render_vms_json(p.out, rows, 2, 5, true);
	assert_null(strchr(print_end(&p), '\xff'));
	obj = json_tokener_parse(p.text);
	assert_non_null(obj);
	json_object_put(obj);
	assert_non_null(strstr(p.text,
			       "\"bytes\":\"0x100000\",\"slots_by_as\":["
			       "{\"slots\":1,\"bytes\":\"0x100000\","
			       "\"kvm_slots\":1,\"kvm_bytes\":\"0x1000\"},"
			       "{\"slots\":1,"));
	assert_non_null(strstr(p.text, "\"vcpu_state\":\"run\",\"verdict\":"
				       "\"mismatches\",\"mismatches\":2"));
	assert_non_null(strstr(p.text, "\"bytes\":null,\"slots_by_as\":null,"
				       "\"vcpu_state\":null,\"verdict\":"
				       "\"unknown\",\"mismatches\":null,"
				       "\"notes\":null"));
	free(p.text);
	slot_state_deinit(&state);
}

static const char *line_of(struct printed *p, const struct slot_event *event)
{
	print_begin(p);
	render_event(p->out, event, 1000000, false);
	assert_for_people(print_end(p));
	/* one line an event */
	assert_ptr_equal(strchr(p->text, '\n'), p->text + p->len - 1);
	return p->text;
}

static void events(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 1);
	struct printed p;

	event.time_ns = 2501000;
	event.duration_ns = 42999;
	event.request = (struct slot_request){
		.slot = 0x10003,
		.flags = 3,
		.gpa = 0xe0000,
		.size = 0x20000,
		.hva = HVA,
		.gmem_fd = -1,
		.result = -EEXIST,
	};
	assert_line(line_of(&p, &event),
		    "0.001501 101 request 1/3 0xe0000+0x20000 @0x7f0000000000 "
		    "ro,log = -EEXIST 42us");
	free(p.text);

	event.request.flags = 4;
	event.request.gmem_fd = 12;
	event.request.gmem_offset = 0x1000;
	event.request.hva = 0;
	assert_line(line_of(&p, &event),
		    "0.001501 101 request 1/3 0xe0000+0x20000 @0x0 gmem "
		    "guest_memfd fd 12+0x1000 = -EEXIST 42us");
	free(p.text);

	event.request.unread = true;
	assert_non_null(strstr(line_of(&p, &event), "could not be read"));
	free(p.text);

	event = event_of(SLOT_EVENT_CHANGE, 2);
	event.change.kind = SLOT_MOVE;
	event.change.before = slot_of(0, 3, 0xe0000, 0x20000, HVA, 0);
	event.change.after = slot_of(0, 3, 0xd0000, 0x20000, HVA, 0);
	event.change.generation = 12;
	/* earlier than the beginning is the beginning */
	assert_line(line_of(&p, &event),
		    "0.000000 101 move 0/3 0xd0000+0x20000 @0x7f0000000000 "
		    "from 0xe0000 gen 12");
	free(p.text);

	event.change.kind = SLOT_DELETE;
	event.change.after = none;
	event.change.result = -ENOMEM;
	assert_line(line_of(&p, &event), "0.000000 101 delete 0/3 "
					 "0xe0000+0x20000 @0x7f0000000000 = "
					 "-ENOMEM");
	free(p.text);

	event = event_of(SLOT_EVENT_FAULT, 3);
	event.duration_ns = 120000000;
	event.fault.vcpu = 2;
	event.fault.gpa = 0xe1000;
	event.fault.hva = HVA;
	event.fault.uffd = true;
	assert_line(line_of(&p, &event),
		    "0.000000 101 vCPU 2 waits for gpa 0xe1000 "
		    "@0x7f0000000000 (userfaultfd) 120000us");
	free(p.text);
	event.fault = (struct slot_fault){ .kind = SLOT_FAULT_FAILED,
					   .vcpu = -1,
					   .gpa = SLOT_GPA_UNKNOWN,
					   .result = -EFAULT };
	assert_line(line_of(&p, &event),
		    "0.000000 101 the VMM cannot have a gpa that is not known "
		    "= -EFAULT 120000us");
	free(p.text);

	event = event_of(SLOT_EVENT_GMEM_CLOSE, 3);
	event.gmem_close.ino = 77;
	assert_line(line_of(&p, &event),
		    "0.000000 101 guest_memfd inode 77 closed");
	free(p.text);

	event = event_of(SLOT_EVENT_PROCESS_EXIT, 3);
	event.process_exit.status = 0x300;
	strcpy(event.comm, "qemu");
	assert_line(line_of(&p, &event),
		    "0.000000 101 process 100 (qemu) ended with status 3");
	free(p.text);
	event.process_exit.status = 0x86;
	assert_line(line_of(&p, &event), "0.000000 101 process 100 (qemu) died "
					 "of signal 6, with a core");
	free(p.text);

	/* What a text does not say of time is not 0 */
	event = event_of(SLOT_EVENT_REQUEST, 3);
	event.time_ns = 0;
	event.duration_ns = 0;
	event.request = (struct slot_request){ .gmem_fd = -1 };
	assert_line(line_of(&p, &event), "- 101 request 0/0 0x0+0x0 @0x0 = 0");
	free(p.text);

	event = event_of(SLOT_EVENT_FREE, 3);
	event.freed = slot_of(1, 2, 0x3000, 0x1000, HVA, SLOT_READONLY);
	assert_line(line_of(&p, &event),
		    "0.000000 101 freed 1/2 0x3000+0x1000 @0x7f0000000000 ro");
	free(p.text);

	event = event_of(SLOT_EVENT_PROBE, 3);
	event.probe = (struct slot_probe){
		.provider = "slotscope",
		.name = "region_map",
		.form = "t?xx",
		.texts = { "pc.ram" },
		.args = { 0, 0, 0x100000, 0x200000 },
	};
	assert_line(line_of(&p, &event),
		    "0.000000 101 region pc.ram into (unread) at "
		    "0x100000+0x200000");
	free(p.text);
	/* One that only its program knows, and a text that was cut */
	strcpy(event.probe.name, "other");
	strcpy(event.probe.form, "td");
	memset(event.probe.texts[0], 'a', SLOT_PROBE_TEXT - 1);
	event.probe.args[1] = -3;
	assert_line(line_of(&p, &event),
		    "0.000000 101 slotscope:other aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaa... -3");
	free(p.text);

	event = event_of(SLOT_EVENT_MAPPING, 3);
	event.mapping = (struct slot_mapping){ .kind = SLOT_MAPPING_PROTECT,
					       .hva = HVA,
					       .size = 0x2000,
					       .slot = 3,
					       .syscall = -1,
					       .result = -ENOMEM };
	assert_line(line_of(&p, &event),
		    "0.000000 101 host protect 0x7f0000000000+0x2000 under "
		    "slot 0/3 = -ENOMEM");
	free(p.text);

	event = event_of(SLOT_EVENT_LOST, 3);
	event.lost.reason = SLOT_LOST_RING_FULL;
	event.lost.count = 17;
	assert_line(line_of(&p, &event), "0.000000 101 LOST 17 events: "
					 "ring-full");
	free(p.text);
	event.lost.reason = SLOT_LOST_GAP;
	event.lost.count = 1;
	assert_line(line_of(&p, &event), "0.000000 101 LOST 1 event: gap");
	free(p.text);
	event.lost.reason = SLOT_LOST_CUT;
	assert_line(line_of(&p, &event), "0.000000 101 LOST at least 1 event: "
					 "cut");
	free(p.text);
}

/* Words that a VMM may say, but none does */
static void hostile_events(void **unused)
{
	struct slot_event event;
	struct printed p;

	for (int type = 0; type < SLOT_EVENT_TYPES; type++) {
		event = event_of(type, UINT64_MAX);
		event.time_ns = UINT64_MAX;
		event.duration_ns = UINT64_MAX;
		event.tid = INT32_MAX;
		memset(event.comm, 0x1b, sizeof(event.comm));
		if (type == SLOT_EVENT_REQUEST)
			event.request = (struct slot_request){
				.region2 = true,
				.slot = UINT32_MAX,
				.flags = UINT32_MAX,
				.gpa = UINT64_MAX,
				.size = UINT64_MAX,
				.hva = UINT64_MAX,
				.result = -4095,
			};
		if (type == SLOT_EVENT_PROBE) {
			strcpy(event.probe.form, "txt");
			memset(event.probe.texts, 0x1b,
			       sizeof(event.probe.texts));
			event.probe.texts[0][SLOT_PROBE_TEXT - 1] = '\0';
			event.probe.texts[1][SLOT_PROBE_TEXT - 1] = '\0';
			event.probe.args[1] = UINT64_MAX;
		}
		if (type == SLOT_EVENT_CHANGE) {
			event.change.kind = SLOT_MOVE;
			event.change.before = slot_of(UINT16_MAX, INT32_MAX,
						      UINT64_MAX, 1, UINT64_MAX,
						      UINT32_MAX);
			event.change.after = event.change.before;
			event.change.generation = UINT64_MAX;
		}
		print_begin(&p);
		render_event(p.out, &event, 0, true);
		assert_for_people(print_end(&p));
		free(p.text);
	}
}

/* From the region to what takes effect: each a step further in, with its time */
static void probed_events(void **unused)
{
	static const char want[] =
		"    SECONDS  THREAD  EVENT\n"
		"   0.000000     101    region pc.ram into system at 0x0+0x1000\n"
		"   0.000001     101            slot word 0x3 for 0x0+0x1000 flags "
		"0x0\n"
		"   0.000002     101              request 0/3 0x0+0x1000 "
		"@0x7f0000000000 = 0 7us\n"
		"   0.000003     101                delete 0/3 0x0+0x1000 "
		"@0x7f0000000000 gen 6 hole 2us\n"
		"   0.000004     101                  what was there is out of "
		"use\n"
		"   0.000006     101                  it takes effect\n"
		"   0.000008     999  request 0/0 0x0+0x0 @0x0 = 0\n";
	const struct slot slot = slot_of(0, 3, 0, 0x1000, HVA, 0);
	struct slot_event events[] = {
		event_of(SLOT_EVENT_PROBE, 1),
		event_of(SLOT_EVENT_PROBE, 2),
		event_of(SLOT_EVENT_CHANGE, 3),
		event_of(SLOT_EVENT_REQUEST, 4),
		event_of(SLOT_EVENT_REQUEST, 5),
	};
	static const uint64_t us[] = { 0, 1, 3, 2, 8 };
	struct event_printer printer = { 0 };
	struct printed p;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		events[i].time_ns = 5000000 + us[i] * 1000;
		events[i].duration_ns = 0;
		events[i].call = i == 2 || i == 3 ? 9 : 0;
	}
	events[0].probe = (struct slot_probe){
		.provider = "slotscope",
		.name = "region_map",
		.form = "ttxx",
		.texts = { "pc.ram", "system" },
		.args = { 0, 0, 0, 0x1000 },
	};
	events[1].probe = (struct slot_probe){
		.provider = "slotscope",
		.name = "request",
		.form = "xxxx",
		.args = { 3, 0, 0x1000, 0 },
	};
	events[2].change = (struct slot_change){
		.kind = SLOT_DELETE,
		.before = slot,
		.after = none,
		.generation = 6,
		.invalid_ns = 5004000,
		.active_ns = 5006000,
	};
	events[3].duration_ns = 7000;
	events[3].request = (struct slot_request){
		.slot = 3, .size = 0x1000, .hva = HVA, .gmem_fd = -1
	};
	/* What another process asks for is not on that way */
	events[4].tgid = 998;
	events[4].tid = 999;
	events[4].request = (struct slot_request){ .gmem_fd = -1 };
	print_begin(&p);
	printer.out = p.out;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		event_printer_put(&printer, &events[i], NULL);
	event_printer_flush(&printer);
	print_end(&p);
	assert_string_equal(p.text, want);
	free(p.text);
}

static struct slot_event part_of(enum slot_event_type type, uint64_t call,
				 pid_t tid)
{
	struct slot_event event = event_of(type, 0);

	event.call = call;
	event.tid = tid;
	event.time_ns = 1;
	if (type == SLOT_EVENT_CHANGE) {
		event.change.before = none;
		event.change.after = slot_of(0, tid, MiB, MiB, HVA, 0);
		event.change.generation = call * 2;
	} else if (type == SLOT_EVENT_REQUEST) {
		event.request.slot = tid;
		event.request.gmem_fd = -1;
	}
	return event;
}

/* Print @events, and hold what is printed, before the flush, against @want */
static void assert_printed(const struct slot_event *events, size_t nr,
			   const char *want, const char *flushed)
{
	struct event_printer printer = { 0 };
	char seen[512] = "";
	struct printed p;
	char *line;

	for (int flush = 0; flush < 2; flush++) {
		memset(&printer, 0, sizeof(printer));
		print_begin(&p);
		printer.out = p.out;
		for (size_t i = 0; i < nr; i++)
			event_printer_put(&printer, &events[i], NULL);
		if (flush)
			event_printer_flush(&printer);
		print_end(&p);
		seen[0] = '\0';
		for (line = strtok(p.text, "\n"); line;
		     line = strtok(NULL, "\n")) {
			/* the thread and the first word */
			char word[32], tid[32], time[32];

			if (sscanf(line, "%31s %31s %31s", time, tid, word) !=
			    3)
				continue;
			snprintf(seen + strlen(seen),
				 sizeof(seen) - strlen(seen), "%s %s,", tid,
				 word);
		}
		assert_string_equal(seen, flush ? flushed : want);
		free(p.text);
	}
}

/* A request stands before what it made, wherever it is in the log */
static void changes_under_requests(void **unused)
{
	const struct slot_event change1 = part_of(SLOT_EVENT_CHANGE, 1, 7);
	const struct slot_event change2 = part_of(SLOT_EVENT_CHANGE, 2, 8);
	const struct slot_event request1 = part_of(SLOT_EVENT_REQUEST, 1, 7);
	const struct slot_event request2 = part_of(SLOT_EVENT_REQUEST, 2, 8);
	const struct slot_event next1 = part_of(SLOT_EVENT_REQUEST, 3, 7);
	const struct slot_event own = part_of(SLOT_EVENT_CHANGE, 0, 9);
	const struct slot_event lost = part_of(SLOT_EVENT_LOST, 0, 0);
	struct slot_event other = own;
	struct event_printer printer = { 0 };
	struct printed p;

	other.serial = 2;
#define PRINTED(want, flushed, ...)                                            \
	do {                                                                   \
		const struct slot_event events[] = { __VA_ARGS__ };            \
                                                                               \
		assert_printed(events, sizeof(events) / sizeof(events[0]),     \
			       "THREAD EVENT," want, "THREAD EVENT," flushed); \
	} while (0)
	PRINTED("7 request,7 create,", "7 request,7 create,", change1,
		request1);
	/* Others between them; the changes stay in order */
	PRINTED("7 request,7 create,8 request,8 create,",
		"7 request,7 create,8 request,8 create,", change1, change2,
		request2, request1);
	PRINTED("7 request,7 create,9 create,8 request,8 create,",
		"7 request,7 create,9 create,8 request,8 create,", change1, own,
		change2, request1, request2);
	/* Nothing to wait for */
	PRINTED("9 create,8 request,", "9 create,8 request,", own, request2);
	/* It has not come yet */
	PRINTED("", "7 create,8 request,", change1, request2);
	/* It will not come: its thread goes on, or something is missing */
	PRINTED("7 create,7 request,", "7 create,7 request,", change1, next1);
	PRINTED("7 create,0 LOST,", "7 create,0 LOST,", change1, lost);
#undef PRINTED
	/* Of which VM, once there is a second one */
	print_begin(&p);
	printer.out = p.out;
	event_printer_put(&printer, &own, NULL);
	event_printer_put(&printer, &other, NULL);
	event_printer_put(&printer, &own, NULL);
	print_end(&p);
	assert_line(p.text, "0.000000 9 create 0/9 0x100000+0x100000 "
			    "@0x7f0000000000 gen 0");
	assert_line(p.text, "0.000000 9 VM 2: create 0/9 0x100000+0x100000 "
			    "@0x7f0000000000 gen 0");
	assert_line(p.text, "0.000000 9 VM 1: create 0/9 0x100000+0x100000 "
			    "@0x7f0000000000 gen 0");
	free(p.text);
	/* Nor is it waited for without an end */
	memset(&printer, 0, sizeof(printer));
	print_begin(&p);
	printer.out = p.out;
	event_printer_put(&printer, &change1, NULL);
	for (size_t i = 1; i < EVENT_PRINTER_HELD; i++)
		event_printer_put(&printer, &request2, NULL);
	fflush(p.out);
	assert_null(strstr(p.text, "create"));
	event_printer_put(&printer, &request2, NULL);
	assert_non_null(strstr(print_end(&p), "create"));
	assert_int_equal(printer.nr, 0);
	free(p.text);
}

/* A name with a newline begins no line: neither of an event nor within a text */
static void a_newline_in_a_name(void **unused)
{
	static const enum slot_event_type types[] = { SLOT_EVENT_VM_CREATE,
						      SLOT_EVENT_PROCESS_EXIT };
	char comm[16] = "a\nb", buf[SAY_MAX];
	struct slot_event event;
	struct printed p;

	for (size_t i = 0; i < 2; i++) {
		event = event_of(types[i], 1);
		memcpy(event.comm, comm, sizeof(comm));
		print_begin(&p);
		event_print(p.out, &event);
		assert_null(strchr(print_end(&p), '\n'));
		assert_non_null(strstr(p.text, "a\\0ab"));
		free(p.text);
	}
	assert_string_equal(say_who(buf, 7, comm), " by thread 7 (a\\0ab)");
	memset(comm, '\n', sizeof(comm));
	assert_int_equal(strlen(say_who(buf, 7, comm)),
			 strlen(" by thread 7 ()") + 3 * sizeof(comm));
}

static const char *why_of(struct printed *p, struct stop *stop)
{
	const struct stops stops = { .items = stop, .nr = 1 };
	const struct why_document document = { .stops = &stops,
					       .source = "--pid 1" };

	stop->chain = (char[]){ "" };
	print_begin(p);
	render_why(p->out, &document);
	return print_end(p);
}

static const char *why_in_json(struct printed *p, struct stop *stop)
{
	const struct stops stops = { .items = stop, .nr = 1 };
	const struct why_document document = { .stops = &stops,
					       .vm = &(struct vm_id){},
					       .source = "--pid 1" };

	stop->chain = (char[]){ "" };
	print_begin(p);
	assert_int_equal(render_why_json(p->out, &document), 0);
	return print_end(p);
}

/* Of one that is in KVM_RUN nobody knows if it moves: it may have halted there */
static void why_of_one_in_run(void **unused)
{
	struct stop stop = { .where = VCPU_IN_RUN, .went_on = true };
	struct printed p;

	assert_null(strstr(why_of(&p, &stop), "it went on"));
	assert_non_null(strstr(p.text, "as far as is seen"));
	free(p.text);
	assert_non_null(strstr(why_in_json(&p, &stop), "\"not-stopped\""));
	free(p.text);
	/* This one left the guest, and went back */
	stop.has_exit = true;
	assert_non_null(strstr(why_of(&p, &stop), "it went on"));
	free(p.text);
	assert_non_null(strstr(why_in_json(&p, &stop), "\"goes-on\""));
	free(p.text);
	stop.asleep = true;
	assert_non_null(strstr(why_in_json(&p, &stop), "\"waits\""));
	free(p.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots),
		cmocka_unit_test(slots_as_smartcols),
		cmocka_unit_test(slots_of_guest_memfd),
		cmocka_unit_test(vms),
		cmocka_unit_test(events),
		cmocka_unit_test(hostile_events),
		cmocka_unit_test(probed_events),
		cmocka_unit_test(changes_under_requests),
		cmocka_unit_test(a_newline_in_a_name),
		cmocka_unit_test(why_of_one_in_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
