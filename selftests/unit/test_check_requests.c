// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that failed: refused, or ignored and the cause of the rest */
#include <errno.h>

#include "check_make.h"

static const struct slot high_gone = { .id = 2, .gmem_fd = -1 };

static struct slot high(void)
{
	return slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, 0);
}

static void ignored_creation(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_request(&v.log, 4, high(), -EINVAL);
	views_check(&v);
	f = only(&v, FINDING_IGNORED_FAILURE, 2);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_int_equal(f->seq, 4);
	assert_int_equal(f->cause, FINDING_NO_CAUSE);
	assert_non_null(strstr(f->sentence, "request #4"));
	assert_non_null(strstr(f->sentence, "EINVAL"));
	assert_cause(&v, only(&v, FINDING_MISSING, 2), f);
	views_deinit(&v);
}

/* The VMM saw the failure, and its model does without the memory */
static void refused(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	slot_drop(&v, MODEL, 0, MiB);
	log_request(&v.log, 4, high(), -EINVAL);
	views_check(&v);
	f = only(&v, FINDING_REFUSED, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->seq, 4);
	assert_int_equal(findings_exit_status(&v.found), 0);

	/* without a MODEL nobody can tell whether it was ignored */
	model_lacks(&v);
	views_check(&v);
	only(&v, FINDING_REFUSED, 1);
	views_deinit(&v);
}

/* It failed, was tried again, and stands */
static void repaired(void **unused)
{
	struct views v;

	views_pc(&v);
	log_request(&v.log, 4, high(), -ENOMEM);
	log_request(&v.log, 5, high(), 0);
	views_check(&v);
	only(&v, FINDING_REFUSED, 1);
	views_deinit(&v);

	/* ... and was taken away after that: not the failure's doing */
	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_request(&v.log, 4, high(), -ENOMEM);
	log_request(&v.log, 5, high(), 0);
	log_request(&v.log, 6, high_gone, 0);
	views_check(&v);
	only(&v, FINDING_REFUSED, 2);
	assert_int_equal(only(&v, FINDING_MISSING, 2)->cause, FINDING_NO_CAUSE);
	views_deinit(&v);
}

/* One failure, several consequences; and a failure that has none */
static void one_cause_for_several(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	/* a part came through in smaller pieces, before */
	kvm_add(&v, 0, 5, 16 * MiB, MiB, HVA + 16 * MiB, 0);
	log_request(&v.log, 3, slot_of(0, 5, 16 * MiB, MiB, HVA + 16 * MiB, 0),
		    0);
	log_request(&v.log, 4, high(), -EEXIST);
	log_request(&v.log, 5, slot_of(0, 6, 3 * GiB, MiB, HVA, 0), -EINVAL);
	views_check(&v);
	assert_int_equal(v.found.nr, 4);
	f = only(&v, FINDING_IGNORED_FAILURE, 4);
	assert_int_equal(f->seq, 4);
	/* the other party of an EEXIST, as far as it still stands */
	assert_non_null(strstr(f->sentence, "slot 5"));
	assert_int_equal(only(&v, FINDING_REFUSED, 4)->seq, 5);
	assert_int_equal(v.found.items[1].id, FINDING_EXTENT);
	assert_place(&v.found.items[1], 0, MiB, 15 * MiB);
	assert_cause(&v, &v.found.items[1], f);
	assert_int_equal(v.found.items[2].id, FINDING_EXTENT);
	assert_place(&v.found.items[2], 0, 17 * MiB, 239 * MiB);
	assert_cause(&v, &v.found.items[2], f);
	views_deinit(&v);
}

static void the_same_again_and_again(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	for (int seq = 4; seq < 11; seq++)
		log_request(&v.log, seq, high(), -ENOMEM);
	views_check(&v);
	f = only(&v, FINDING_IGNORED_FAILURE, 2);
	assert_int_equal(f->seq, 10);
	assert_non_null(strstr(f->sentence, "7 times since #4"));
	views_deinit(&v);
}

static void ignored_deletion(void **unused)
{
	struct slot gone = { .id = 9, .gmem_fd = -1 };
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_add(&v, 0, 9, 3 * GiB, MiB, BIOS_HVA + MiB, SLOT_READONLY);
	v.map.ranges[1].end = v.map.ranges[1].start + 2 * MiB;
	log_request(&v.log, 4, gone, -EINTR);
	views_check(&v);
	f = only(&v, FINDING_IGNORED_FAILURE, 2);
	assert_int_equal(f->slot_id, 9);
	assert_int_equal(f->size, 0);
	assert_non_null(strstr(f->sentence, "delete slot 9"));
	assert_cause(&v, only(&v, FINDING_EXTRA, 2), f);

	/* another slot's deletion is not to blame */
	v.log.events[0].request.slot = 8;
	views_check(&v);
	only(&v, FINDING_REFUSED, 2);
	assert_int_equal(only(&v, FINDING_EXTRA, 2)->cause, FINDING_NO_CAUSE);
	views_deinit(&v);
}

static void ignored_move_and_flags(void **unused)
{
	struct slot moved = high();
	struct slot rom =
		slot_of(0, 3, 4 * GiB - 256 * KiB, 256 * KiB, BIOS_HVA, 0);
	const struct finding *f;
	struct views v;

	/* the MODEL has it at 1 GiB; KVM did not let it go there */
	views_pc(&v);
	slot_at(&v, MODEL, 0, MiB)->gpa = GiB;
	moved.gpa = GiB;
	log_request(&v.log, 4, moved, -EEXIST);
	views_check(&v);
	f = only(&v, FINDING_IGNORED_FAILURE, 2);
	assert_cause(&v, only(&v, FINDING_MOVED, 2), f);
	views_deinit(&v);

	/* read-only cannot be changed in place */
	views_pc(&v);
	slot_at(&v, MODEL, 0, 4 * GiB - 4 * KiB)->flags = 0;
	log_request(&v.log, 4, rom, -EINVAL);
	views_check(&v);
	f = only(&v, FINDING_IGNORED_FAILURE, 2);
	assert_cause(&v, only(&v, FINDING_FLAGS, 2), f);
	views_deinit(&v);
}

/* Elsewhere, in the other address space, or of another VM: not the cause */
static void not_this_failure(void **unused)
{
	struct slot other = high();
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	other.as_id = 1;
	log_request(&v.log, 4, other, -EINVAL);
	views_check(&v);
	only(&v, FINDING_REFUSED, 2);
	assert_int_equal(only(&v, FINDING_MISSING, 2)->cause, FINDING_NO_CAUSE);
	v.log.events[0].serial = 2;
	views_check(&v);
	only(&v, FINDING_MISSING, 1);
	views_deinit(&v);
}

static void kvms_own_slot_is_the_other_party(void **unused)
{
	struct slot own = slot_of(0, 32764, 2 * MiB, 4 * KiB, HVA + GiB, 0);
	const struct finding *f;
	struct views v;

	own.hidden = true;
	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	state_add(&v.state[KERNEL], own);
	v.view[BACKING].map = NULL;
	log_request(&v.log, 4, high(), -EEXIST);
	views_check(&v);
	f = only(&v, FINDING_IGNORED_FAILURE, 3);
	assert_non_null(strstr(f->sentence, "KVM's own slot 32764"));
	assert_cause(&v, only(&v, FINDING_MISSING, 3), f);
	assert_cause(&v, only(&v, FINDING_HIDDEN, 3), f);
	views_deinit(&v);
}

/*
 * The other party stood there when the request came and is gone by now: it is
 * named as it was then, and nobody who came after it
 */
static void the_other_party_as_it_was(void **unused)
{
	const struct slot none = { .id = 7, .gmem_fd = -1 };
	struct slot then = slot_of(0, 7, MiB, 64 * KiB, HVA, 0);
	struct slot later = slot_of(0, 8, 2 * MiB, 64 * KiB, HVA, 0);
	const struct request_limits limits = {
		.page_size = 4096,
		.nr_slots = 32764,
		.nr_as = 2,
		.max_pages = (1ULL << 31) - 1,
		.hva_end = 1ULL << 47,
		.gpa_last = (1ULL << 40) - 1,
		.region2 = CAN,
		.readonly = CAN,
		.guest_memfd = CAN_NOT,
	};
	const struct finding *f;
	struct slot high_odd = high();
	struct views v;

	views_pc(&v);
	v.input.limits = &limits;
	kvm_drop(&v, 0, MiB);
	slot_drop(&v, MODEL, 0, MiB);
	log_vm_create(&v.log, 1);
	log_change(&v.log, 2, none, then, 2, 0);
	log_request(&v.log, 3, then, 0);
	log_request(&v.log, 4, high(), -EEXIST);
	log_change(&v.log, 5, then, none, 6, 0);
	log_request(&v.log, 6, none, 0);
	log_change(&v.log, 7, none, later, 8, 0);
	views_check(&v);
	f = only(&v, FINDING_REFUSED, 1);
	assert_non_null(strstr(f->sentence,
			       "slot 7 at 0x100000-0x10ffff (64 KiB) is in the "
			       "way (rule overlap)"));
	assert_null(strstr(f->sentence, "slot 8"));

	/* an EINVAL has a reason, too */
	high_odd.gpa += 1;
	log_request(&v.log, 8, high_odd, -EINVAL);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_non_null(strstr(v.found.items[1].sentence, "(rule gpa-align)"));

	/* a slot as it stands is a party as well */
	v.log.events[v.log.nr - 1].request.slot = 8;
	v.log.events[v.log.nr - 1].request.gpa = 2 * MiB;
	v.log.events[v.log.nr - 1].request.size = 64 * KiB;
	v.log.events[v.log.nr - 1].request.hva = HVA;
	v.log.events[v.log.nr - 1].request.flags = SLOT_READONLY;
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_non_null(strstr(v.found.items[1].sentence,
			       "slot 8 is read-write, and that cannot be "
			       "changed in place (rule readonly-changed)"));

	/* with events missing, an errno alone still rules most things out */
	log_lost(&v.log, 9, 1);
	log_request(&v.log, 10, high(), -EEXIST);
	views_check(&v);
	f = NULL;
	for (size_t i = 0; i < v.found.nr; i++)
		if (v.found.items[i].seq == 10)
			f = &v.found.items[i];
	assert_non_null(f);
	assert_non_null(strstr(f->sentence, "rule overlap"));
	views_deinit(&v);
}

/* Two threads at once: which came first is not in the log, and that is said */
static void another_thread_meanwhile(void **unused)
{
	static const char meanwhile[] = "another thread had slots changed";
	const struct slot none = { .id = 7, .gmem_fd = -1 };
	struct slot then = slot_of(0, 7, MiB, 64 * KiB, HVA, 0);
	const struct finding *f;
	struct slot_event *gone;
	struct slot_event *asked;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	slot_drop(&v, MODEL, 0, MiB);
	log_vm_create(&v.log, 1);
	log_change(&v.log, 2, none, then, 2, 0);
	log_change(&v.log, 3, then, none, 4, 0);
	log_request(&v.log, 4, high(), -EEXIST);
	gone = &v.log.events[2];
	asked = &v.log.events[3];
	gone->tid = 102;
	asked->time_ns = gone->time_ns - 10;
	asked->duration_ns = 100;
	views_check(&v);
	f = only(&v, FINDING_REFUSED, 1);
	assert_non_null(strstr(f->sentence, meanwhile));

	/* before it, by the same thread, or without effect: nothing to say */
	asked->time_ns = gone->time_ns + 10;
	views_check(&v);
	f = only(&v, FINDING_REFUSED, 1);
	assert_null(strstr(f->sentence, meanwhile));
	assert_non_null(strstr(f->sentence, "no rule explains it"));
	asked->time_ns = gone->time_ns - 10;
	gone->tid = asked->tid;
	gone->duration_ns = 500; /* no part of the request */
	views_check(&v);
	f = only(&v, FINDING_REFUSED, 1);
	assert_null(strstr(f->sentence, meanwhile));
	gone->tid = 102;
	gone->change.result = -ENOMEM;
	views_check(&v);
	f = only(&v, FINDING_REFUSED, 1);
	assert_null(strstr(f->sentence, meanwhile));
	assert_non_null(strstr(f->sentence, "slot 7 at 0x100000"));
	views_deinit(&v);
}

/* Slots were read after it: what stood before it is not known */
static void before_the_base(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	slot_drop(&v, MODEL, 0, MiB);
	log_request(&v.log, 1, high(), -EEXIST);
	log_base(&v.log, 2, slot_of(0, 9, 2 * MiB, 64 * KiB, HVA, 0));
	log_base_end(&v.log, 3, 0, 4);
	log_request(&v.log, 4, slot_of(0, 5, 2 * MiB, 4 * KiB, HVA, 0),
		    -EEXIST);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	f = &v.found.items[0];
	assert_int_equal(f->seq, 1);
	assert_null(strstr(f->sentence, "slot 9"));
	assert_non_null(strstr(f->sentence, "not seen"));
	f = &v.found.items[1];
	assert_int_equal(f->seq, 4);
	assert_non_null(strstr(f->sentence, "slot 9 at 0x200000"));
	views_deinit(&v);
}

/* What a hostile VMM may ask for must not upset the checker */
static void nonsense_is_refused(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, 5);
	const struct finding *f;
	struct views v;

	views_pc(&v);
	log_request(&v.log, 4,
		    slot_of(0, 0xffff, UINT64_MAX - 4095, UINT64_MAX, 0,
			    0xffffffff),
		    -EINVAL);
	event.request.unread = true;
	event.request.result = -EFAULT;
	log_add(&v.log, event);
	log_request(&v.log, 6, slot_of(0, 0, 0, UINT64_MAX, 0, 0), -4095);
	views_check(&v);
	assert_int_equal(v.found.nr, 3);
	assert_int_equal(findings_count(&v.found, FINDING_NOTE), 3);
	for (size_t i = 0; i < v.found.nr; i++) {
		f = &v.found.items[i];
		if (f->seq == 6) {
			assert_place(f, 0, 0, UINT64_MAX);
			assert_non_null(strstr(f->sentence, "4095"));
		} else {
			/* one wraps, the other was not read: no range */
			assert_int_equal(f->size, 0);
		}
	}
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ignored_creation),
		cmocka_unit_test(refused),
		cmocka_unit_test(repaired),
		cmocka_unit_test(one_cause_for_several),
		cmocka_unit_test(the_same_again_and_again),
		cmocka_unit_test(ignored_deletion),
		cmocka_unit_test(ignored_move_and_flags),
		cmocka_unit_test(not_this_failure),
		cmocka_unit_test(kvms_own_slot_is_the_other_party),
		cmocka_unit_test(the_other_party_as_it_was),
		cmocka_unit_test(another_thread_meanwhile),
		cmocka_unit_test(before_the_base),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
