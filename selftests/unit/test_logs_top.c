// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope top: counters, rates, turns, verdicts; and the rows as they are printed */
#include <errno.h>

#include <json-c/json.h>

#include "check_make.h"
#include "logs/top.h"
#include "render_make.h"
#include "render/style.h"
#include "render/top.h"

#define SECOND 1000000000ULL

static struct top top_;
static const struct top_names vmm = { .comm = "vmm" };

static int setup(void **unused)
{
	(void)unused;
	top_ = (struct top){ 0 };
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	top_deinit(&top_);
	return 0;
}

static void take(struct slot_event event, uint64_t serial)
{
	event.serial = serial;
	assert_int_equal(top_event(&top_, &event), 0);
}

static void created(uint64_t serial, uint64_t at_ns)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, 1);

	event.time_ns = at_ns;
	event.vm.tgid = 100 + (pid_t)serial;
	take(event, serial);
}

static void base_end(uint64_t serial)
{
	take(event_of(SLOT_EVENT_BASE_END, 1), serial);
}

static void change(uint64_t serial, uint32_t id, bool there)
{
	struct slot_event event = event_of(SLOT_EVENT_CHANGE, 7);
	struct slot slot =
		slot_of(0, (int)id, id * MiB, MiB, HVA + id * MiB, 0);

	event.change.kind = there ? SLOT_CREATE : SLOT_DELETE;
	event.change.before.gmem_fd = event.change.after.gmem_fd = -1;
	*(there ? &event.change.after : &event.change.before) = slot;
	take(event, serial);
}

static void refused(uint64_t serial)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 8);

	event.request.result = -EEXIST;
	take(event, serial);
}

static void lost(uint64_t serial, uint64_t count)
{
	struct slot_event event = event_of(SLOT_EVENT_LOST, 9);

	event.lost.reason = SLOT_LOST_RING_FULL;
	event.lost.count = count;
	take(event, serial);
}

/* A frame in which VMs 1 to @nr are there */
static void frame(uint64_t nr, uint64_t now_ns)
{
	top_list_begin(&top_);
	for (uint64_t i = 1; i <= nr; i++) {
		const struct vm_id id = { .serial = i,
					  .tgid = 100 + (pid_t)i,
					  .fd = 9 };

		assert_int_equal(top_list(&top_, &id, &vmm, true), 0);
	}
	assert_int_equal(top_list_end(&top_, now_ns, true), 0);
}

static struct top_vm *vm(size_t i)
{
	assert_true(i < top_.nr);
	return top_.vms[i];
}

static void counts_are_of_each_vm(void **unused)
{
	base_end(1);
	created(2, 10 * SECOND);
	change(1, 1, true);
	change(2, 1, true);
	change(2, 2, true);
	refused(2);
	frame(2, 12 * SECOND);
	assert_int_equal(vm(0)->changes, 1);
	assert_int_equal(vm(0)->failed, 0);
	assert_int_equal(vm(1)->changes, 2);
	assert_int_equal(vm(1)->failed, 1);
	/* Of one that was there nothing lies before; the other is 2 s old */
	assert_false(vm(0)->rate_known);
	assert_true(vm(1)->rate_known);
	assert_int_equal(vm(1)->rate, 1000);
	change(1, 2, true);
	change(1, 3, true);
	change(1, 3, false);
	frame(2, 16 * SECOND);
	assert_true(vm(0)->rate_known);
	assert_int_equal(vm(0)->rate, 750);
	assert_int_equal(vm(1)->rate, 0);
}

/* A change that failed is none, and a request that was granted did not fail */
static void what_has_no_effect_is_not_counted(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_CHANGE, 1);

	base_end(1);
	event.change.result = -ENOMEM;
	take(event, 1);
	take(event_of(SLOT_EVENT_REQUEST, 2), 1);
	frame(1, SECOND);
	assert_int_equal(vm(0)->changes, 0);
	assert_int_equal(vm(0)->failed, 0);
}

static void losses_make_rates_unknown(void **unused)
{
	base_end(1);
	base_end(2);
	frame(2, SECOND);
	lost(1, 5);
	frame(2, 2 * SECOND);
	assert_false(vm(0)->rate_known);
	assert_true(vm(1)->rate_known);
	assert_int_equal(vm(0)->lost, 5);
	assert_int_equal(vm(1)->lost, 0);
	lost(0, 2);
	frame(2, 3 * SECOND);
	assert_false(vm(0)->rate_known);
	assert_false(vm(1)->rate_known);
	assert_int_equal(vm(1)->lost, 2);
	assert_int_equal(top_.lost, 7);
	frame(3, 4 * SECOND);
	assert_true(vm(0)->rate_known);
	/* One whose beginning nobody saw may have had any of them */
	assert_int_equal(vm(2)->lost, 7);
	created(4, 4 * SECOND);
	frame(4, 5 * SECOND);
	assert_int_equal(vm(3)->lost, 0);
}

static void without_changes_no_rates(void **unused)
{
	const struct vm_id id = { .serial = 1, .fd = 9 };

	created(1, SECOND);
	top_list_begin(&top_);
	assert_int_equal(top_list(&top_, &id, NULL, true), 0);
	assert_int_equal(top_list_end(&top_, 2 * SECOND, false), 0);
	assert_false(vm(0)->rate_known);
}

static void what_is_not_listed_is_gone(void **unused)
{
	base_end(1);
	base_end(2);
	frame(2, SECOND);
	take(event_of(SLOT_EVENT_VM_DESTROY, 1), 2);
	frame(1, 2 * SECOND);
	assert_int_equal(top_.nr, 1);
	assert_int_equal(vm(0)->id.serial, 1);
}

/* Without a tracer a process and a descriptor tell which it is; and when it began */
static void by_descriptor(void **unused)
{
	struct vm_id a = { .tgid = 7, .start_time = 3, .fd = 4 };
	struct vm_id b = { .tgid = 7, .start_time = 3, .fd = 5 };

	for (int i = 0; i < 2; i++) {
		top_list_begin(&top_);
		assert_int_equal(top_list(&top_, &b, &vmm, false), 0);
		assert_int_equal(top_list(&top_, &a, &vmm, false), 0);
		assert_int_equal(top_list_end(&top_, SECOND, false), 0);
		assert_int_equal(top_.nr, 2);
		assert_int_equal(vm(0)->id.fd, 4);
	}
	vm(0)->look.at_ns = 1;
	a.start_time = 9;
	top_list_begin(&top_);
	assert_int_equal(top_list(&top_, &a, &vmm, false), 0);
	assert_int_equal(top_list_end(&top_, SECOND, false), 0);
	assert_int_equal(top_.nr, 1);
	assert_int_equal(vm(0)->look.at_ns, 0);
}

/* In a frame that has time for two of five, and one that has time for all */
static void each_in_its_turn(void **unused)
{
	static const uint64_t turns[] = { 1, 2, 3, 4, 5, 1, 2, 3, 4, 5 };
	size_t next = 0;

	for (int f = 0; f < 5; f++) {
		frame(5, (f + 1) * SECOND);
		for (int i = 0; i < 2; i++)
			assert_int_equal(top_next(&top_)->id.serial,
					 turns[next++]);
	}
	frame(5, 6 * SECOND);
	for (int i = 0; i < 5; i++)
		assert_non_null(top_next(&top_));
	assert_null(top_next(&top_));
}

/* One of a process's VMs is looked at with the others, and none of them again */
static void those_of_a_process(void **unused)
{
	struct top_vm **siblings, *next;
	size_t nr, turns = 0;

	for (int f = 0; f < 2; f++) {
		top_list_begin(&top_);
		for (uint64_t i = 0; i < 6; i++) {
			/* 1, 2, 2, 2, 3, 3; descriptors count down */
			const struct vm_id id = { .serial = 6 - i,
						  .tgid = i ? i < 4 ? 2 : 3 : 1,
						  .fd = 20 - (int)i };

			assert_int_equal(top_list(&top_, &id, &vmm, !i), 0);
		}
		assert_int_equal(top_list_end(&top_, SECOND, true), 0);
		next = top_next(&top_);
		while (next) {
			turns++;
			assert_int_equal(
				top_siblings(&top_, next, &siblings, &nr), 0);
			assert_int_equal(nr, next->id.tgid == 2 ? 3 :
					     next->id.tgid == 3 ? 2 :
								  1);
			for (size_t i = 1; i < nr; i++)
				assert_true(siblings[i - 1]->id.fd <
					    siblings[i]->id.fd);
			free(siblings);
			next = top_next(&top_);
		}
	}
	assert_int_equal(turns, 6);
}

static void fold_vm(struct slot_state *state)
{
	assert_int_equal(fold(&vm(0)->log, &vm(0)->id, state), 0);
}

/* However many there are, memory stays bounded, and what they add up to the same */
static void logs_are_cut_short(void **unused)
{
	struct slot_state state;

	created(1, 1);
	created(2, 1);
	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < 100; j++) {
			change(1, 5, true);
			change(1, 5, false);
			change(2, 5, true);
			change(2, 5, false);
		}
		change(1, 10 + i, true);
		frame(2, (i + 1) * SECOND);
		assert_true(vm(0)->log.nr < 2000);
	}
	assert_int_equal(vm(0)->changes, 50 * 201);
	fold_vm(&state);
	assert_int_equal(state.nr_slots, 50);
	assert_int_equal(state.coverage.lost, 0);
	slot_state_deinit(&state);
	lost(0, 3);
	for (int j = 0; j < 3000; j++) {
		change(1, 5, true);
		change(1, 5, false);
	}
	frame(2, 99 * SECOND);
	assert_true(vm(0)->log.nr < 2000);
	fold_vm(&state);
	assert_int_equal(state.nr_slots, 50);
	assert_true(state.coverage.lost);
	slot_state_deinit(&state);
}

/* A slot that goes and comes back in a turn; however often logs were cut meanwhile */
static void gaps_are_counted(void **unused)
{
	created(1, 1);
	change(1, 5, true);
	for (int i = 0; i < 2000; i++) {
		change(1, 5, false);
		if (!(i % 100))
			frame(1, (i + 1) * SECOND);
		change(1, 5, true);
	}
	assert_true(vm(0)->log.nr < 2000);
	assert_int_equal(vm(0)->gaps, 2000);
	/* What is missing may have closed it */
	change(1, 5, false);
	lost(1, 1);
	change(1, 5, true);
	assert_int_equal(vm(0)->gaps, 2000);
	/* Made to be away: the next turn begins before it is back */
	change(1, 5, false);
	change(1, 6, true);
	change(1, 6, false);
	change(1, 5, true);
	assert_int_equal(vm(0)->gaps, 2000);
	change(1, 6, true);
	assert_int_equal(vm(0)->gaps, 2001);
}

static void refused_by_rule(void **unused)
{
	created(1, 1);
	refused(1);
	top_refused(&top_, 1, RULE_OVERLAP);
	refused(1);
	top_refused(&top_, 1, REQUEST_RULES);
	top_refused(&top_, 2, RULE_OVERLAP); /* nobody's */
	frame(1, SECOND);
	assert_int_equal(vm(0)->failed, 2);
	assert_int_equal(vm(0)->refused[RULE_OVERLAP], 1);
	assert_int_equal(vm(0)->refused[REQUEST_RULES], 1);
}

static void slots_by_address_space(void **unused)
{
	struct slot_state state;
	struct top_look look = { 0 };

	state_make(&state, PARTY_KERNEL, 2);
	state.as[0].generation = 12;
	state.as[1].torn = true;
	state_add(&state, slot_of(0, 0, 0, MiB, HVA, 0));
	state_add(&state, slot_of(0, 1, 2 * MiB, MiB, HVA + 2 * MiB, 0));
	state_add(&state, slot_of(1, 1, 0, MiB, HVA, 0));
	state.slots[1].hidden = true;
	top_count(&state, &look);
	assert_true(look.counted);
	assert_int_equal(look.nr_as, 2);
	assert_int_equal(look.as[0].nr, 1);
	assert_int_equal(look.as[0].bytes, MiB);
	assert_int_equal(look.as[0].hidden_nr, 1);
	assert_int_equal(look.as[0].generation, 12);
	assert_true(look.as[0].covered);
	assert_int_equal(look.as[1].nr, 1);
	assert_false(look.as[1].covered);
	assert_int_equal(look.bytes, MiB);
	state.coverage.truncated = true;
	top_count(&state, &look);
	assert_false(look.counted);
	assert_int_equal(look.nr_as, 0);
	slot_state_deinit(&state);
}

/* A slot of 4 MiB, two huge pages, and one of a page; a look at Linux gave the sizes */
static void beside_the_slots(void **unused)
{
	struct slot_detail slots[] = {
		{ .told = true,
		  .dirty_log = true,
		  .nr_dirty = 3,
		  .rmap = true,
		  .huge = { { 2 * MiB, 2, 1 }, { GiB, 1, 1 } },
		  .nr_huge = 2 },
		{ .told = true, .write_track = true },
	};
	struct vm_detail detail = { .vm_told = true,
				    .nr_vcpus = 2,
				    .dirty_ring_bytes = 65536,
				    .slots = slots,
				    .nr_slots = 2 };
	struct slot_metadata meta;
	struct slot_state state;

	state_make(&state, PARTY_KERNEL, 1);
	state_add(&state, slot_of(0, 0, 0, 4 * MiB, HVA, 0));
	state_add(&state, slot_of(0, 1, 8 * MiB, 4096, HVA + 8 * MiB, 0));
	slot_metadata_count(&state, &detail, &meta);
	assert_true(meta.told);
	assert_int_equal(meta.bytes[METADATA_HUGE_PAGES], 3 * 4);
	assert_int_equal(meta.bytes[METADATA_REVERSE_MAP], (1024 + 3) * 8);
	assert_int_equal(meta.bytes[METADATA_DIRTY_BITMAP], 2 * 1024 / 8);
	assert_int_equal(meta.bytes[METADATA_WRITE_TRACK], 2);
	assert_int_equal(meta.bytes[METADATA_DIRTY_RING], 131072);
	assert_int_equal(meta.nr_dirty, 3);
	assert_int_equal(meta.nr_disallowed, 2);
	slots[1].told = false;
	slot_metadata_count(&state, &detail, &meta);
	assert_false(meta.told);
	assert_int_equal(meta.bytes[METADATA_HUGE_PAGES], 0);
	slot_state_deinit(&state);
}

/* TRACED, KERNEL and BACKING of a pc, as they are after @breaks of it */
static struct top_look judged(void (*breaks)(struct views *v))
{
	struct comparison comparison;
	struct top_look look = { 0 };
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	v.input.views = &v.view[TRACED];
	v.input.nr_views = 3;
	if (breaks)
		breaks(&v);
	assert_int_equal(crosscheck(&v.input, &comparison), 0);
	assert_int_equal(check_rows(&comparison, &rows), 0);
	assert_int_equal(top_judge(&comparison, &rows, &look), 0);
	check_rows_deinit(&rows);
	comparison_deinit(&comparison);
	views_deinit(&v);
	return look;
}

static void a_slot_goes(struct views *v)
{
	slot_drop(v, KERNEL, 0, MiB);
}

static void untraced(struct views *v)
{
	v->view[TRACED].slots = NULL;
}

/* All that was traced agrees, and what lies under it nobody could look at */
static void groundless(struct views *v)
{
	v->view[BACKING].map = NULL;
	v->view[BACKING].none = "nothing here tells";
}

/* No change since it began: what both say is what one reader told them */
static void nothing_seen(struct views *v)
{
	v->state[TRACED].walked = v->state[KERNEL].walked = true;
}

static void nothing_seen_and_groundless(struct views *v)
{
	nothing_seen(v);
	groundless(v);
}

/* As list looks: nobody asked what was traced */
static void unfollowed(struct views *v)
{
	v->input.views = &v->view[KERNEL];
	v->input.nr_views = 2;
}

static void untold(struct views *v)
{
	v->view[TRACED].slots = NULL;
	v->view[TRACED].unread = "no BTF";
}

static void losing(struct views *v)
{
	v->state[TRACED].coverage.lost = 1;
}

static void alone(struct views *v)
{
	v->input.views = &v->view[KERNEL];
	v->input.nr_views = 1;
}

static void unreadable(struct views *v)
{
	alone(v);
	v->view[KERNEL].slots = NULL;
	v->view[KERNEL].unread = "not permitted";
}

/* Of one range neither what was traced nor what lies under it is known */
static void half_blind(struct views *v)
{
	assert_int_equal(coverage_add_blind(&v->state[TRACED].coverage, 0, MiB,
					    255 * MiB, "not told"),
			 0);
	slot_at(v, KERNEL, 0, MiB)->unknown |= SLOT_FIELD_HVA;
}

static void empty(struct views *v)
{
	v->state[TRACED].nr_slots = 0;
	v->state[KERNEL].nr_slots = 0;
}

static void empty_and_losing(struct views *v)
{
	empty(v);
	losing(v);
}

static void under_update(struct views *v)
{
	slot_at(v, KERNEL, 0, MiB)->flags |= SLOT_INVALID;
}

static void verdicts(void **unused)
{
	assert_int_equal(judged(NULL).verdict, TOP_AGREE);
	assert_int_equal(judged(NULL).mismatches, 0);
	assert_int_equal(judged(a_slot_goes).verdict, TOP_MISMATCHES);
	assert_int_equal(judged(a_slot_goes).mismatches, 1);
	assert_int_equal(judged(untraced).verdict, TOP_PARTLY);
	assert_int_equal(judged(groundless).verdict, TOP_PARTLY);
	assert_int_equal(judged(unfollowed).verdict, TOP_AGREE);
	assert_int_equal(judged(nothing_seen).verdict, TOP_AGREE);
	assert_int_equal(judged(nothing_seen_and_groundless).verdict,
			 TOP_NOT_COMPARED);
	assert_int_equal(judged(half_blind).verdict, TOP_PARTLY);
	assert_int_equal(judged(untold).verdict, TOP_UNKNOWN);
	assert_int_equal(judged(losing).verdict, TOP_UNKNOWN);
	assert_int_equal(judged(alone).verdict, TOP_NOT_COMPARED);
	assert_int_equal(judged(unreadable).verdict, TOP_UNKNOWN);
	assert_int_equal(judged(empty).verdict, TOP_NOT_COMPARED);
	assert_int_equal(judged(empty_and_losing).verdict, TOP_UNKNOWN);
	assert_int_equal(judged(under_update).verdict, TOP_UNKNOWN);
}

static void vcpus_of(struct views *v)
{
	static const struct vcpu_word words[] = {
		{ .id = 0, .where = VCPU_IN_RUN },
		{ .id = 1, .where = VCPU_IN_RUN, .asleep = true },
		{ .id = 2, .where = VCPU_OUTSIDE },
		{ .id = 3 },
	};

	v->input.vcpus = words;
	v->input.nr_vcpus = 4;
}

static void vcpus(void **unused)
{
	struct top_look look = judged(vcpus_of);
	struct top_vm of = { .look = look };

	assert_int_equal(look.in_run, 2);
	assert_int_equal(look.outside, 1);
	assert_int_equal(look.anywhere, 1);
	assert_int_equal(look.stuck, 1);
	assert_int_equal(top_state(&of.look), TOP_STATE_UNKNOWN);
	of.look.at_ns = 1;
	assert_int_equal(top_state(&of.look), TOP_STATE_UNKNOWN);
	of.look.asked = true;
	assert_int_equal(top_state(&of.look), TOP_STATE_STUCK);
	of.look.stuck = 0;
	assert_int_equal(top_state(&of.look), TOP_STATE_RUNS);
	of.look.in_run = 0;
	assert_int_equal(top_state(&of.look), TOP_STATE_UNKNOWN);
	of.look.anywhere = 0;
	assert_int_equal(top_state(&of.look), TOP_STATE_OUT);
	of.look.outside = 0;
	assert_int_equal(top_state(&of.look), TOP_STATE_EMPTY);
	of.look.held = true;
	assert_int_equal(top_state(&of.look), TOP_STATE_HELD);
}

static const struct top_frame shown = {
	.top = &top_,
	.at_ns = 10 * SECOND,
	.now_ns = 10 * SECOND,
	.clock = "12:34:56",
	.nr_looked = 1,
	.requests = true,
	.changes = true,
};

static void width_is(const char *text, size_t max)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		if ((size_t)(strchr(line, '\n') - line) > max)
			fail_msg("wider than %zu: %s", max, line);
}

static void lines(void **unused)
{
	struct printed p;

	created(1, 8 * SECOND);
	created(2, 8 * SECOND);
	change(1, 1, true);
	refused(2);
	refused(2);
	frame(3, 10 * SECOND);
	vm(0)->look = (struct top_look){ .at_ns = 7 * SECOND,
					 .verdict = TOP_AGREE,
					 .counted = true,
					 .nr_slots = 5,
					 .bytes = 3 * GiB / 2,
					 .asked = true,
					 .in_run = 2,
					 .outside = 1,
					 .changes = 1 };
	vm(1)->look = vm(0)->look;
	vm(1)->look.verdict = TOP_MISMATCHES;
	vm(1)->look.mismatches = 12;
	vm(1)->look.changes = 0;
	vm(1)->look.stuck = 1;
	lost(2, 1);
	frame(3, 11 * SECOND);
	print_begin(&p);
	assert_int_equal(render_top(p.out, &shown), 0);
	assert_for_people(print_end(&p));
	width_is(p.text, 80);
	assert_line(p.text, "slotscope top 12:34:56: 3 VMs, 1 looked at, "
			    "1 event lost");
	assert_line(p.text, "PID COMMAND FD STATE SLOTS SIZE CHG/S FAIL VCPUS "
			    "AGE VERDICT");
	assert_line(p.text, "101 vmm 9 run 5 1536M 0 0 2/1/0 3s agree");
	/* What was lost may be a refusal more, or a change since the look */
	assert_line(p.text, "102 vmm 9 stuck 5 1536M ? 2+ 2/1/1 3s "
			    "12 mismatches*");
	assert_line(p.text, "103 vmm 9 ? ? ? 0 0 ? - not yet");
	free(p.text);

	/* A verdict has its colour, unless it may not be so any more */
	render_style.color = true;
	print_begin(&p);
	assert_int_equal(render_top(p.out, &shown), 0);
	print_end(&p);
	assert_non_null(strstr(p.text, "3s \033[32magree\033[0m\n"));
	assert_non_null(strstr(p.text, "3s 12 mismatches*\n"));
	free(p.text);
	vm(0)->look.verdict = TOP_MISMATCHES;
	vm(0)->look.mismatches = 1;
	vm(2)->look = (struct top_look){ .at_ns = 9 * SECOND,
					 .verdict = TOP_UNKNOWN };
	print_begin(&p);
	assert_int_equal(render_top(p.out, &shown), 0);
	print_end(&p);
	assert_non_null(strstr(p.text, "3s \033[31m1 mismatch\033[0m\n"));
	assert_non_null(strstr(p.text, "1s \033[33m?\033[0m\n"));
	free(p.text);
	render_style.color = false;
}

/* Last: a choice counts for every table from then on */
static void columns_that_are_chosen(void **unused)
{
	const struct top_names names = { .comm = "comm", .vmm = "qemu" };
	const struct vm_id id = { .tgid = 102, .fd = 9 };
	struct slotscope_error err = {};
	struct printed p;

	top_list_begin(&top_);
	assert_int_equal(top_list(&top_, &id, &names, true), 0);
	assert_int_equal(top_list_end(&top_, 2, true), 0);
	assert_int_equal(table_choose("verdict,PID,name,vmm", top_columns,
				      TOP_COLUMNS, &err),
			 0);
	print_begin(&p);
	assert_int_equal(render_top(p.out, &shown), 0);
	assert_for_people(print_end(&p));
	assert_line(p.text, "VERDICT PID NAME VMM");
	assert_line(p.text, "not yet 102 - qemu");
	assert_null(strstr(p.text, "comm"));
	free(p.text);
	assert_int_equal(table_choose("fds", top_columns, TOP_COLUMNS, &err),
			 -EINVAL);
	assert_non_null(strstr(err.next, "did you mean fd"));
}

static void a_name_moves_no_cursor(void **unused)
{
	const struct top_names odd = { .comm = "\033[2Jabcdefghijklm" };
	const struct vm_id id = { .tgid = 4194304, .fd = 1023 };
	struct top_frame frame = shown;
	struct printed p;

	top_list_begin(&top_);
	assert_int_equal(top_list(&top_, &id, &odd, true), 0);
	assert_int_equal(top_list_end(&top_, 2, true), 0);
	frame.changes = false;
	frame.requests = false;
	frame.why = "\033 no BTF, for a reason that takes more columns than "
		    "there are";
	print_begin(&p);
	assert_int_equal(render_top(p.out, &frame), 0);
	assert_for_people(print_end(&p));
	width_is(p.text, 80);
	assert_line(p.text, "not seen: requests, changes: \\1b no BTF, for");
	assert_non_null(strstr(p.text, " ?     ?"));
	free(p.text);
}

static void sorted(void **unused)
{
	static const struct {
		enum top_sort sort;
		uint64_t order[3];
	} cases[] = { { TOP_BY_PID, { 1, 2, 3 } },
		      { TOP_BY_CHANGES, { 3, 2, 1 } },
		      { TOP_BY_MEMORY, { 2, 1, 3 } } };
	struct top_vm **rows;
	size_t nr;

	created(1, SECOND);
	created(2, SECOND);
	change(2, 1, true);
	frame(3, 2 * SECOND);
	vm(1)->look.bytes = 9;
	vm(0)->look.bytes = 8;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		assert_int_equal(top_rows(&top_, cases[c].sort, &rows, &nr), 0);
		assert_int_equal(nr, 3);
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(rows[i]->id.serial, cases[c].order[i]);
		free(rows);
	}
}

static struct json_object *member(struct json_object *obj, const char *name)
{
	struct json_object *found = NULL;

	assert_true(json_object_object_get_ex(obj, name, &found));
	return found;
}

static void as_json(void **unused)
{
	struct json_object *doc, *row;
	struct top_frame unseen = shown;
	struct printed p;

	created(1, 8 * SECOND);
	change(1, 1, true);
	frame(2, 10 * SECOND);
	vm(0)->look = (struct top_look){ .at_ns = 7, .verdict = TOP_PARTLY };
	print_begin(&p);
	assert_int_equal(render_top_json(p.out, &shown), 0);
	print_end(&p);
	assert_ptr_equal(strchr(p.text, '\n'), p.text + p.len - 1);
	doc = json_tokener_parse(p.text);
	assert_non_null(doc);
	assert_int_equal(json_object_get_int(member(doc, "version")), 1);
	row = json_object_array_get_idx(member(doc, "vms"), 0);
	assert_string_equal(json_object_get_string(member(row, "verdict")),
			    "partly");
	assert_string_equal(
		json_object_get_string(member(row, "changes_per_second")),
		"0.500");
	assert_true(json_object_get_boolean(member(row, "changed_since")));
	assert_null(member(row, "slots"));
	row = json_object_array_get_idx(member(doc, "vms"), 1);
	assert_string_equal(json_object_get_string(member(row, "verdict")),
			    "not-yet");
	assert_null(member(row, "changes_per_second"));
	assert_null(member(row, "looked_ns"));
	assert_null(member(row, "vcpus"));
	json_object_put(doc);
	free(p.text);

	/* Where changes are not seen nobody knows */
	unseen.changes = false;
	print_begin(&p);
	assert_int_equal(render_top_json(p.out, &unseen), 0);
	doc = json_tokener_parse(print_end(&p));
	row = json_object_array_get_idx(member(doc, "vms"), 0);
	assert_null(member(row, "changed_since"));
	json_object_put(doc);
	free(p.text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(counts_are_of_each_vm),
		TEST(what_has_no_effect_is_not_counted),
		TEST(losses_make_rates_unknown),
		TEST(without_changes_no_rates),
		TEST(what_is_not_listed_is_gone),
		TEST(by_descriptor),
		TEST(each_in_its_turn),
		TEST(those_of_a_process),
		TEST(logs_are_cut_short),
		TEST(gaps_are_counted),
		TEST(refused_by_rule),
		TEST(slots_by_address_space),
		TEST(beside_the_slots),
		TEST(verdicts),
		TEST(vcpus),
		TEST(lines),
		TEST(a_name_moves_no_cursor),
		TEST(sorted),
		TEST(as_json),
		TEST(columns_that_are_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
