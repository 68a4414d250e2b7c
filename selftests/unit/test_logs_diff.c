// SPDX-License-Identifier: GPL-2.0-or-later
/* Two logs: what is the same, what differs, and what nobody can tell */
#include <errno.h>

#include "view_make.h"
#include "logs/diff.h"

static struct slot_log a_, b_;
static struct log_diff diff_;
static bool text_a, text_b, growing_b;

static int setup(void **unused)
{
	(void)unused;
	slot_log_init(&a_);
	slot_log_init(&b_);
	diff_ = (struct log_diff){ 0 };
	text_a = false;
	text_b = false;
	growing_b = false;
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	log_diff_deinit(&diff_);
	slot_log_deinit(&a_);
	slot_log_deinit(&b_);
	return 0;
}

static const struct log_vm_diff *vm(size_t i)
{
	assert_true(i < diff_.nr);
	return &diff_.vms[i];
}

/* The verdict is the same, whichever comes first */
static enum log_verdict compared(void)
{
	const struct log_side a = { &a_, text_a, false };
	const struct log_side b = { &b_, text_b, growing_b };
	enum log_verdict turned;

	log_diff_deinit(&diff_);
	assert_int_equal(log_diff(&b, &a, &diff_), 0);
	turned = diff_.verdict;
	log_diff_deinit(&diff_);
	assert_int_equal(log_diff(&a, &b, &diff_), 0);
	assert_int_equal(diff_.verdict, turned);
	return diff_.verdict;
}

#define NONE slot_of(0, -1, 0, 0, 0, 0)

static uint64_t next_seq(const struct slot_log *log)
{
	const struct slot_event *last;

	if (!log->nr)
		return 1;
	last = &log->events[log->nr - 1];
	return last->seq +
	       (last->type == SLOT_EVENT_LOST ? last->lost.count : 1);
}

/* KVM takes a slot: the change, then its request. @moved: host memory elsewhere */
static void slot_made(struct slot_log *log, int id, uint64_t moved)
{
	struct slot slot = slot_of(0, id, id * GiB, MiB, HVA + moved, 0);

	log_change(log, next_seq(log), NONE, slot, 2 * id + moved, 0);
	log_request(log, next_seq(log), slot, 0);
}

static void created(struct slot_log *log)
{
	log_vm_create(log, next_seq(log));
}

static void process_ended(struct slot_log *log)
{
	struct slot_event event =
		event_of(SLOT_EVENT_PROCESS_EXIT, next_seq(log));

	event.serial = 0;
	log_add(log, event);
}

/* By the end of its process, in the order in which the kernel does that */
static void destroyed(struct slot_log *log)
{
	process_ended(log);
	log_add(log, event_of(SLOT_EVENT_VM_DESTROY, next_seq(log)));
}

static void lost(struct slot_log *log, enum slot_lost_reason reason,
		 uint64_t count)
{
	struct slot_event event = event_of(SLOT_EVENT_LOST, next_seq(log));

	event.serial = 0;
	event.lost.reason = reason;
	event.lost.count = count;
	log_add(log, event);
}

/* A whole life, of these slots */
static void life(struct slot_log *log, uint64_t moved, const char *ids)
{
	created(log);
	for (; *ids; ids++)
		slot_made(log, *ids - '0', moved);
	destroyed(log);
}

static void of_vm(struct slot_log *log, size_t from, uint64_t serial)
{
	for (; from < log->nr; from++) {
		if (log->events[from].type != SLOT_EVENT_PROCESS_EXIT)
			log->events[from].serial = serial;
	}
}

/* Host addresses, threads, times and generations are another run's */
static void same_in_another_run(void **unused)
{
	(void)unused;
	life(&a_, 0, "0123");
	life(&b_, GiB, "0123");
	for (size_t i = 0; i < b_.nr; i++) {
		b_.events[i].tgid = 7;
		b_.events[i].tid = 8 + i;
		b_.events[i].time_ns *= 3;
		b_.events[i].duration_ns = i;
	}
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	assert_int_equal(diff_.nr, 1);
	assert_int_equal(vm(0)->nr_same, 8);
	assert_int_equal(vm(0)->nr_differ, 0);
}

static void each_field(void **unused)
{
	static const struct {
		uint64_t gpa, size, hva;
		uint32_t flags;
		int result;
		uint32_t differs;
	} cases[] = {
		{ 2 * GiB, MiB, HVA, 0, 0, LOG_DIFFERS_GPA },
		{ GiB, 2 * MiB, HVA, 0, 0, LOG_DIFFERS_SIZE },
		{ GiB, MiB, HVA, SLOT_READONLY, 0, LOG_DIFFERS_FLAGS },
		{ GiB, MiB, HVA + 1, 0, -EINVAL,
		  LOG_DIFFERS_HVA | LOG_DIFFERS_RESULT },
		{ GiB, MiB, 0, 0, 0, LOG_DIFFERS_HVA },
		{ GiB, MiB, HVA, 0, -EEXIST, LOG_DIFFERS_RESULT },
	};
	const struct log_edit *edit;

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		teardown(NULL);
		created(&a_);
		log_request(&a_, 2, slot_of(0, 1, GiB, MiB, HVA, 0), 0);
		destroyed(&a_);
		created(&b_);
		log_request(&b_, 2,
			    slot_of(0, 1, cases[i].gpa, cases[i].size,
				    cases[i].hva, cases[i].flags),
			    cases[i].result);
		destroyed(&b_);
		assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
		assert_int_equal(vm(0)->nr, 1);
		edit = &vm(0)->edits[0];
		assert_int_equal(edit->differs, cases[i].differs);
		assert_ptr_equal(edit->event[LOG_A], &a_.events[1]);
		assert_ptr_equal(edit->event[LOG_B], &b_.events[1]);
	}
}

static void one_more(void **unused)
{
	(void)unused;
	life(&a_, 0, "0123");
	life(&b_, 0, "01423");
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	assert_int_equal(vm(0)->nr_same, 8);
	assert_int_equal(vm(0)->nr_only[LOG_A], 0);
	assert_int_equal(vm(0)->nr_only[LOG_B], 2);
	assert_null(vm(0)->edits[4].event[LOG_A]);
	assert_int_equal(vm(0)->edits[4].event[LOG_B]->change.after.id, 4);
}

/* Another slot in its place is another event, not the same one otherwise */
static void another_slot(void **unused)
{
	(void)unused;
	life(&a_, 0, "012");
	life(&b_, 0, "042");
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	assert_int_equal(vm(0)->nr_differ, 0);
	assert_int_equal(vm(0)->nr_only[LOG_A], 2);
	assert_int_equal(vm(0)->nr_only[LOG_B], 2);
}

/* As many as are missing may be those that the other has; one more is not */
static void lost_events(void **unused)
{
	(void)unused;
	for (int n = 1; n <= 3; n++) {
		teardown(NULL);
		created(&a_);
		slot_made(&a_, 0, 0);
		lost(&a_, SLOT_LOST_RING_FULL, n);
		slot_made(&a_, 2, 0);
		destroyed(&a_);
		life(&b_, 0, "012");
		assert_int_equal(compared(), n < 2 ? LOG_VERDICT_DIFFERS :
						     LOG_VERDICT_UNKNOWN);
		assert_int_equal(!!vm(0)->why, n >= 2);
	}
	/* A text that was shortened does not say by how much */
	teardown(NULL);
	text_a = true;
	created(&a_);
	lost(&a_, SLOT_LOST_GAP, 1);
	slot_made(&a_, 3, 0);
	destroyed(&a_);
	life(&b_, 0, "0123");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	text_a = false;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	/* Though all that is there is the same */
	teardown(NULL);
	life(&a_, 0, "01");
	lost(&a_, SLOT_LOST_MISSED, 1);
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
}

static void not_read(void **unused)
{
	(void)unused;
	life(&a_, 0, "01");
	life(&b_, 0, "01");
	a_.events[2].request.unread = true;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	/* It is told which, also where it is so in both */
	assert_int_equal(diff_.nr_lost[LOG_A], 1);
	assert_ptr_equal(diff_.lost[LOG_A][0], &a_.events[2]);
	b_.events[2].request.unread = true;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_int_equal(diff_.nr_lost[LOG_B], 1);
}

/* What a cut one has must be how the other begins */
static void cut(void **unused)
{
	(void)unused;
	created(&a_);
	slot_made(&a_, 0, 0);
	lost(&a_, SLOT_LOST_CUT, 1);
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	teardown(NULL);
	created(&a_);
	slot_made(&a_, 1, 0);
	lost(&a_, SLOT_LOST_CUT, 1);
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	/* More than a whole one has */
	teardown(NULL);
	created(&a_);
	slot_made(&a_, 0, 0);
	slot_made(&a_, 1, 0);
	lost(&a_, SLOT_LOST_CUT, 1);
	life(&b_, 0, "0");
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	/* All that there is */
	teardown(NULL);
	life(&a_, 0, "0");
	lost(&a_, SLOT_LOST_CUT, 1);
	life(&b_, 0, "0");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
}

/* It was ended while its VM stood: what would have come, nobody knows */
static void ended_early(void **unused)
{
	(void)unused;
	created(&a_);
	slot_made(&a_, 0, 0);
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	/* Where another tool's text ends no more came */
	text_a = true;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	text_a = false;
	/* All that there is, and of the other one more might have come, or not */
	slot_made(&a_, 1, 0);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_non_null(vm(0)->why);
	/* Nor if both end so */
	slot_log_deinit(&b_);
	created(&b_);
	slot_made(&b_, 0, 0);
	slot_made(&b_, 1, 0);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	/* KVM takes requests from the process that made it alone: ptrace tells its end */
	process_ended(&a_);
	process_ended(&b_);
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	/* Another one had its number before, or it is another that ended */
	b_.events[b_.nr - 1].tgid++;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	slot_log_deinit(&b_);
	process_ended(&b_);
	created(&b_);
	slot_made(&b_, 0, 0);
	slot_made(&b_, 1, 0);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
}

/* Its VM is gone, and its process may make another one */
static void process_lives(void **unused)
{
	(void)unused;
	life(&a_, 0, "01");
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	b_.events[b_.nr - 2].tgid++;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_int_equal(vm(0)->verdict, LOG_VERDICT_SAME);
	assert_non_null(diff_.why);
	/* Which is then what the other has more */
	life(&a_, 0, "2");
	of_vm(&a_, a_.nr - 5, 2);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	b_.events[b_.nr - 2].tgid--;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
}

static void still_written(void **unused)
{
	(void)unused;
	life(&a_, 0, "01");
	life(&b_, 0, "01");
	growing_b = true;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_non_null(diff_.why);
	b_.events[1].change.after.size = GiB;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
}

/* One begins in the middle of its VM's life: it must be how the other ends */
static void begun_late(void **unused)
{
	(void)unused;
	log_base(&a_, 1, slot_of(0, 0, 0, MiB, HVA, 0));
	log_base_end(&a_, 2, 0, 2);
	slot_made(&a_, 1, 0);
	destroyed(&a_);
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_true(diff_.stood[LOG_A]);
	assert_int_equal(diff_.left_out[LOG_A][SLOT_EVENT_BASE], 1);
	slot_log_deinit(&b_);
	life(&b_, 0, "10");
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	/* Both: what stood is compared, and may be of two moments */
	slot_log_deinit(&b_);
	log_base(&b_, 1, slot_of(0, 0, 0, MiB, HVA + GiB, 0));
	log_base_end(&b_, 2, 0, 8);
	slot_made(&b_, 1, 0);
	destroyed(&b_);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_int_equal(vm(0)->nr_same, 3);
	assert_false(diff_.stood[LOG_A]);
	b_.events[0].base.flags = SLOT_READONLY;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_int_equal(vm(0)->edits[0].differs, LOG_DIFFERS_FLAGS);
	/* However they began: both end with all that they have in common */
	b_.events[3].request.flags = SLOT_READONLY;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
}

/* Of one run more was kept than of the other */
static void kept_in_part(void **unused)
{
	(void)unused;
	lost(&a_, SLOT_LOST_DROPPED, 7);
	log_base(&a_, 8, slot_of(0, 0, 0, MiB, HVA, 0));
	slot_made(&a_, 2, 0);
	slot_made(&a_, 3, 0);
	destroyed(&a_);
	lost(&b_, SLOT_LOST_DROPPED, 5);
	log_base(&b_, 6, slot_of(0, 0, 0, MiB, HVA, 0));
	slot_made(&b_, 1, 0);
	slot_made(&b_, 2, 0);
	slot_made(&b_, 3, 0);
	destroyed(&b_);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_non_null(vm(0)->why);
	assert_int_equal(diff_.dropped[LOG_A], 7);
	assert_int_equal(diff_.dropped[LOG_B], 5);
	b_.events[b_.nr - 3].request.size = GiB;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	/* Each VM that is told of is whole, and there may have been others */
	teardown(NULL);
	lost(&a_, SLOT_LOST_DROPPED, 7);
	life(&a_, 0, "01");
	lost(&b_, SLOT_LOST_DROPPED, 7);
	life(&b_, 0, "01");
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_int_equal(vm(0)->verdict, LOG_VERDICT_SAME);
	assert_non_null(diff_.why);
	life(&b_, 0, "2");
	of_vm(&b_, b_.nr - 5, 2);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
}

/* Neither says what came before: two texts */
static void both_begun_late(void **unused)
{
	const struct slot slot = slot_of(0, 1, GiB, MiB, HVA, 0);

	(void)unused;
	text_a = true;
	text_b = true;
	log_request(&a_, 1, slot, 0);
	log_request(&b_, 1, slot, 0);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	log_request(&a_, 2, slot, -EEXIST);
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
}

/* strace tells of requests alone */
static void without_changes(void **unused)
{
	(void)unused;
	created(&a_);
	log_request(&a_, 2, slot_of(0, 1, GiB, MiB, HVA, 0), 0);
	text_a = true;
	life(&b_, 0, "1");
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	assert_true(diff_.lacks_changes[LOG_A]);
	assert_true(diff_.taken_whole[LOG_A]);
	assert_false(diff_.taken_whole[LOG_B]);
	assert_false(diff_.lacks_changes[LOG_B]);
	assert_int_equal(diff_.left_out[LOG_B][SLOT_EVENT_CHANGE], 1);
	/* Where none was granted there was none to make */
	teardown(NULL);
	created(&a_);
	log_request(&a_, 2, slot_of(0, 1, GiB, MiB, HVA, 0), -EINVAL);
	destroyed(&a_);
	life(&b_, 0, "1");
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	assert_false(diff_.lacks_changes[LOG_A]);
	assert_int_equal(vm(0)->nr_only[LOG_B], 1);
}

/* VMs that are made in another order are the same ones */
static void several_vms(void **unused)
{
	(void)unused;
	life(&a_, 0, "0");
	life(&a_, 0, "12");
	of_vm(&a_, 5, 2);
	life(&b_, 0, "12");
	life(&b_, 0, "0");
	of_vm(&b_, 7, 2);
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	assert_int_equal(vm(0)->life[LOG_B]->vm.serial, 2);
	/* One of them is changed: it is the other's like all the same */
	b_.events[2].request.size = GiB;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	assert_int_equal(vm(0)->verdict, LOG_VERDICT_SAME);
	assert_int_equal(vm(1)->nr_differ, 1);
	/* One more that asked for nothing */
	life(&a_, 0, "");
	of_vm(&a_, 12, 3);
	b_.events[2].request.size = MiB;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	assert_int_equal(diff_.nr, 3);
	assert_null(vm(2)->life[LOG_B]);
	/* If something is missing, that VM may be */
	lost(&b_, SLOT_LOST_RING_FULL, 1);
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
}

static void nothing(void **unused)
{
	(void)unused;
	assert_int_equal(compared(), LOG_VERDICT_UNKNOWN);
	assert_non_null(diff_.why);
}

static void other_kinds(void **unused)
{
	(void)unused;
	life(&a_, 0, "0");
	life(&b_, 0, "0");
	log_add(&a_, event_of(SLOT_EVENT_EXIT, next_seq(&a_)));
	process_ended(&a_);
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	assert_int_equal(diff_.left_out[LOG_A][SLOT_EVENT_EXIT], 1);
	assert_int_equal(diff_.left_out[LOG_B][SLOT_EVENT_EXIT], 0);
	assert_int_equal(diff_.left_out[LOG_A][SLOT_EVENT_PROCESS_EXIT], 2);
	assert_int_equal(diff_.left_out[LOG_B][SLOT_EVENT_PROCESS_EXIT], 1);
	assert_int_equal(diff_.left_out[LOG_A][SLOT_EVENT_VM_CREATE], 0);
}

/* A memfd's descriptor differs in each run, the place in it does not */
static void guest_memfds(void **unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct slot_log *log = i ? &b_ : &a_;
		struct slot_event event = event_of(SLOT_EVENT_REQUEST, 2);

		created(log);
		event.request.region2 = true;
		event.request.flags = SLOT_GUEST_MEMFD;
		event.request.size = MiB;
		event.request.gmem_fd = 10 + i;
		log_add(log, event);
		destroyed(log);
	}
	assert_int_equal(compared(), LOG_VERDICT_SAME);
	b_.events[1].request.gmem_offset = MiB;
	assert_int_equal(compared(), LOG_VERDICT_DIFFERS);
	assert_int_equal(vm(0)->edits[0].differs, LOG_DIFFERS_GMEM);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(same_in_another_run),
		test(each_field),
		test(one_more),
		test(another_slot),
		test(lost_events),
		test(not_read),
		test(cut),
		test(ended_early),
		test(begun_late),
		test(both_begun_late),
		test(kept_in_part),
		test(process_lives),
		test(still_written),
		test(without_changes),
		test(several_vms),
		test(nothing),
		test(other_kinds),
		test(guest_memfds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
