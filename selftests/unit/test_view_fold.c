// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fold() and slot_state_apply(). The generations are KVM's: with two address
 * spaces a creation adds 2, a deletion or move 4, and space 1 starts at 1.
 */
#include <errno.h>

#include "view_make.h"

static const struct slot none = { .id = -1, .gmem_fd = -1 };
static const struct vm_id vm1 = { .serial = 1, .fd = 9 };

#define LOW  slot_of(0, 0, 0, 640 * KiB, HVA, 0)
#define HIGH slot_of(0, 1, MiB, 255 * MiB, HVA + MiB, 0)
#define ROM \
	slot_of(0, 2, 4 * GiB - 256 * KiB, 256 * KiB, HVA + GiB, SLOT_READONLY)

static void whole_life(void **unused)
{
	struct slot moved = ROM;
	struct slot dirty = HIGH;
	struct slot_state state;
	struct slot_log log;

	moved.gpa = 3 * GiB;
	dirty.flags = SLOT_LOG_DIRTY;
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, HIGH, 2, 0);
	log_change(&log, 3, none, LOW, 4, 0);
	log_change(&log, 4, none, ROM, 6, 0);
	log_change(&log, 5, HIGH, dirty, 8, 0);
	log_change(&log, 6, ROM, moved, 12, 0);
	log_change(&log, 7, LOW, none, 16, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);

	assert_int_equal(state.party, PARTY_TRACED);
	assert_int_equal(state.vm.fd, 9);
	assert_true(state.whole_life);
	assert_false(state.gone);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.coverage.nr_blind, 0);
	assert_int_equal(state.coverage.fields, SLOT_FIELDS_ALL);
	assert_int_equal(state.coverage.since_ns, 0);
	assert_int_equal(state.coverage.at_ns, 7000);
	assert_int_equal(state.nr_as, 1);
	assert_true(state.as[0].covered);
	assert_int_equal(state.as[0].generation, 16);
	assert_int_equal(state.nr_slots, 2);
	assert_slot(&state.slots[0], dirty);
	assert_int_equal(state.slots[0].seq, 5);
	assert_slot(&state.slots[1], moved);
	assert_int_equal(state.slots[1].seq, 6);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void second_address_space(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	/* space 2 before space 1: space 1 has not changed since its birth */
	log_change(&log, 2, none, slot_of(2, 0, 0, MiB, HVA, 0), 5, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_as, 3);
	assert_true(state.as[1].covered);
	assert_int_equal(state.as[1].generation, 1);
	assert_int_equal(state.as[2].generation, 5);
	assert_int_equal(state.coverage.lost, 0);
	assert_slot(slot_state_find(&state, 2, 0),
		    slot_of(2, 0, 0, MiB, HVA, 0));
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void failed_changes_change_nothing(void **unused)
{
	struct slot dirty = HIGH;
	struct slot_state state;
	struct slot_log log;

	dirty.flags = SLOT_LOG_DIRTY;
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, HIGH, 2, 0);
	log_change(&log, 3, none, LOW, 2, -ENOMEM);
	log_change(&log, 4, HIGH, dirty, 2, -ENOMEM);
	/* a failed move swaps twice: there and back */
	log_change(&log, 5, HIGH, LOW, 6, -ENOMEM);
	log_request(&log, 6, HIGH, -EEXIST);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_slots, 1);
	assert_slot(&state.slots[0], HIGH);
	assert_int_equal(state.as[0].generation, 6);
	assert_int_equal(state.coverage.lost, 0);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void requests_are_wishes(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	/* a tracer that sees changes: a request alone has no effect */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, HIGH, 2, 0);
	log_request(&log, 3, LOW, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_slots, 1);
	assert_slot(&state.slots[0], HIGH);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void other_vms_do_not_matter(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_CHANGE, 3);
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, HIGH, 2, 0);
	event.serial = 2;
	event.change = (struct slot_change){ .kind = SLOT_DELETE,
					     .before = HIGH,
					     .after = none,
					     .generation = 6 };
	log_add(&log, event);
	/* a loss that concerns the other VM only */
	event = event_of(SLOT_EVENT_LOST, 4);
	event.serial = 2;
	event.lost.count = 5;
	log_add(&log, event);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_slots, 1);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.coverage.at_ns, 2000);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

/* Hooks first, then the slots: what is logged is in no order but generation */
static void base_joins_by_generation(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_change(&log, 1, none, LOW, 8, 0);	/* the base has it */
	log_change(&log, 2, HIGH, none, 16, 0); /* after the base was read */
	log_change(&log, 3, none, HIGH, 12, 0); /* the last that it has */
	log_base(&log, 4, HIGH);
	log_base(&log, 5, LOW);
	log_base_end(&log, 6, 0, 12);
	log_base_end(&log, 7, 1, 1);
	log_change(&log, 8, none, ROM, 18, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_false(state.whole_life);
	assert_true(state.walked);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.coverage.nr_blind, 0);
	assert_int_equal(state.coverage.since_ns, 1000);
	assert_int_equal(state.nr_as, 2);
	assert_true(state.as[0].covered && state.as[1].covered);
	assert_int_equal(state.as[0].generation, 18);
	assert_int_equal(state.as[1].generation, 1);
	assert_int_equal(state.nr_slots, 2);
	assert_slot(&state.slots[0], LOW);
	assert_int_equal(state.slots[0].seq, 0);
	assert_slot(&state.slots[1], ROM);
	assert_int_equal(state.slots[1].seq, 8);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void the_last_whole_base_counts(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_base(&log, 1, LOW);
	log_base(&log, 2, HIGH);
	log_base_end(&log, 3, 0, 4);
	log_base(&log, 4, ROM);
	log_base_end(&log, 5, 0, 10);
	log_base(&log, 6, HIGH); /* no end: not a base */
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_slots, 1);
	assert_slot(&state.slots[0], ROM);
	assert_int_equal(state.as[0].generation, 10);
	assert_int_equal(state.coverage.lost, 0);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void without_a_base_only_what_was_touched(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_change(&log, 1, HIGH, none, 104, 0);
	log_change(&log, 2, none, LOW, 106, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.coverage.since_ns, 1000);
	assert_true(state.as[0].covered);
	assert_int_equal(state.nr_slots, 1);
	/* known: 0..640K (LOW) and 1M..256M (nothing); blind: the rest */
	assert_int_equal(state.coverage.nr_blind, 2);
	assert_true(state.coverage.blind[0].gpa == 640 * KiB);
	assert_true(state.coverage.blind[0].size == 384 * KiB);
	assert_true(state.coverage.blind[1].gpa == 256 * MiB);
	assert_true(state.coverage.blind[1].size == -(uint64_t)(256 * MiB));
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void nothing_is_known_of_a_silent_vm(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_as, 0);
	assert_int_equal(state.coverage.fields, 0);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static uint64_t lost_in(struct slot_log *log)
{
	struct slot_state state;
	uint64_t lost;

	assert_int_equal(fold(log, &vm1, &state), 0);
	lost = state.coverage.lost;
	slot_state_deinit(&state);
	slot_log_deinit(log);
	return lost;
}

static void losses_are_counted(void **unused)
{
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_lost(&log, 2, 3);
	assert_int_equal(lost_in(&log), 3);

	/* numbers 3 and 4 are missing */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	log_change(&log, 5, none, HIGH, 4, 0);
	assert_int_equal(lost_in(&log), 2);

	/* a LOST takes the place of what it counts: 2 to 4, but not 5 */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_lost(&log, 2, 3);
	log_change(&log, 5, none, LOW, 2, 0);
	assert_int_equal(lost_in(&log), 3);
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_lost(&log, 2, 3);
	log_change(&log, 6, none, LOW, 2, 0);
	assert_int_equal(lost_in(&log), 4);

	/* a log that does not begin at 1 */
	slot_log_init(&log);
	log_change(&log, 4, none, LOW, 2, 0);
	assert_int_equal(lost_in(&log), 3);
}

static void losses_before_the_beginning_do_not_count(void **unused)
{
	struct slot_log log;

	slot_log_init(&log);
	log_lost(&log, 2, 3);
	log_vm_create(&log, 3);
	log_change(&log, 4, none, LOW, 2, 0);
	assert_int_equal(lost_in(&log), 0);

	/* noticed before the base was read: the base has it all */
	slot_log_init(&log);
	log_lost(&log, 1, 3);
	log_base(&log, 2, LOW);
	log_base_end(&log, 3, 0, 2);
	assert_int_equal(lost_in(&log), 0);

	/* but noticed after: it may have been later than the base */
	slot_log_init(&log);
	log_base(&log, 1, LOW);
	log_base_end(&log, 2, 0, 2);
	log_lost(&log, 3, 3);
	assert_int_equal(lost_in(&log), 3);

	/* one space's base says nothing of the other's changes */
	slot_log_init(&log);
	log_change(&log, 1, none, slot_of(1, 0, 0, MiB, HVA, 0), 3, 0);
	log_lost(&log, 2, 3);
	log_base_end(&log, 3, 0, 2);
	assert_int_equal(lost_in(&log), 3);
}

static void what_does_not_fit_was_missed(void **unused)
{
	struct slot other = LOW;
	struct slot_log log;

	/* the deletion of a slot that was not there */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, LOW, none, 4, 0);
	assert_int_equal(lost_in(&log), 1);

	/* a creation under a number that stands */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	other.gpa = GiB;
	log_change(&log, 3, none, other, 8, 0);
	assert_int_equal(lost_in(&log), 1);

	/* a deletion whose old slot is not what stands */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	other = LOW;
	other.flags = SLOT_LOG_DIRTY;
	log_change(&log, 3, other, none, 8, 0);
	assert_int_equal(lost_in(&log), 1);

	/* generations that go backwards */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 4, 0);
	log_change(&log, 3, none, HIGH, 2, 0);
	assert_int_equal(lost_in(&log), 1);
}

/*
 * Whoever shares the VMM's memory can change its slots, and the log may know
 * nothing of it: the generation does.
 */
static void a_generation_that_jumps_is_a_loss(void **unused)
{
	struct slot_log log;

	/* as many as there are, all of them seen */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	log_change(&log, 3, none, HIGH, 4, 0);
	log.events[2].change.generation_before = 2;
	log_change(&log, 4, HIGH, none, 8, 0);
	log.events[3].change.generation_before = 4;
	assert_int_equal(lost_in(&log), 0);

	/* HIGH was made by somebody unseen, and something else before LOW */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 4, 0);
	log.events[1].change.generation_before = 2;
	log_change(&log, 3, LOW, none, 10, 0);
	log.events[2].change.generation_before = 6;
	assert_int_equal(lost_in(&log), 2);

	/* one that failed after it had begun (a move) moves it all the same */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	log_change(&log, 3, LOW, slot_of(0, 0, GiB, 640 * KiB, HVA, 0), 6,
		   -ENOMEM);
	log.events[2].change.generation_before = 2;
	log_change(&log, 4, none, HIGH, 8, 0);
	log.events[3].change.generation_before = 6;
	assert_int_equal(lost_in(&log), 0);

	/* whoever came late does not know what the first change follows */
	slot_log_init(&log);
	log_change(&log, 1, none, LOW, 20, 0);
	log.events[0].change.generation_before = 18;
	assert_int_equal(lost_in(&log), 0);

	/* ... but what follows the base, and what it has already */
	slot_log_init(&log);
	log_change(&log, 1, none, LOW, 20, 0);
	log.events[0].change.generation_before = 18;
	log_base(&log, 2, LOW);
	log_base_end(&log, 3, 0, 22);
	log_change(&log, 4, none, HIGH, 26, 0);
	log.events[3].change.generation_before = 24;
	assert_int_equal(lost_in(&log), 1);
}

/* Nobody knows when it was that a recording ended, but it was not earlier */
static void a_cut_is_never_old(void **unused)
{
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 2);
	log_change(&log, 3, none, LOW, 2, 0);
	log_lost(&log, 4, 1);
	log.events[2].lost.reason = SLOT_LOST_CUT;
	log.events[2].time_ns = 1; /* of the recording's header */
	assert_int_equal(lost_in(&log), 1);

	slot_log_init(&log);
	log_base(&log, 1, LOW);
	log_base_end(&log, 2, 0, 2);
	log_lost(&log, 3, 1);
	log.events[2].lost.reason = SLOT_LOST_CUT;
	log.events[2].time_ns = 0;
	assert_int_equal(lost_in(&log), 1);
}

/* KVM lets no two slots overlap, so the older one's end was missed */
static void overlap_means_a_missed_deletion(void **unused)
{
	struct slot over = slot_of(0, 7, 256 * KiB, 4 * MiB, HVA + GiB, 0);
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	log_change(&log, 3, none, HIGH, 4, 0);
	log_change(&log, 4, none, over, 14, 0);
	log_change(&log, 5, none, ROM, 16, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.coverage.lost, 2);
	assert_int_equal(state.nr_slots, 2);
	assert_slot(&state.slots[0], over);
	assert_slot(&state.slots[1], ROM);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void a_destroyed_vm_has_no_slots(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	log_add(&log, event_of(SLOT_EVENT_VM_DESTROY, 3));
	/* KVM takes its own slots away after that point */
	log_change(&log, 4, ROM, none, 6, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_true(state.gone);
	assert_int_equal(state.nr_slots, 0);
	assert_int_equal(state.coverage.lost, 0);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

/* A closed guest_memfd is gone from each slot that has it, and from no other */
static void a_guest_memfd_closes(void **unused)
{
	struct slot first = LOW, second = ROM,
		    other = slot_of(0, 9, 64 * MiB, MiB, HVA, 0);
	struct slot_event close = event_of(SLOT_EVENT_GMEM_CLOSE, 6);
	struct slot_state state;
	struct slot_log log;

	first.flags |= SLOT_GUEST_MEMFD;
	first.gmem = SLOT_GMEM_OPEN;
	first.gmem_dev = 15;
	first.gmem_ino = 77;
	first.gmem_offset = 0;
	second.flags = first.flags;
	second.gmem = first.gmem;
	second.gmem_dev = first.gmem_dev;
	second.gmem_ino = first.gmem_ino;
	second.gmem_offset = MiB;
	other.flags = first.flags;
	other.gmem = first.gmem;
	other.gmem_dev = first.gmem_dev;
	other.gmem_ino = 78;
	close.gmem_close = (struct slot_gmem_close){ 15, 77 };
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, first, 2, 0);
	log_change(&log, 3, none, second, 4, 0);
	log_change(&log, 4, none, other, 6, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(state.slots[i].gmem, SLOT_GMEM_OPEN);
	slot_state_deinit(&state);

	close.serial = 2; /* another VM's of the same number */
	close.seq = 5;
	log_add(&log, close);
	close.serial = 1;
	close.seq = 6;
	log_add(&log, close);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_slots, 3);
	assert_int_equal(state.coverage.lost, 0);
	for (size_t i = 0; i < 3; i++) {
		const struct slot *slot = &state.slots[i];
		bool open = slot->id == other.id;

		assert_int_equal(slot->gmem,
				 open ? SLOT_GMEM_OPEN : SLOT_GMEM_CLOSED);
		assert_int_equal(slot->gmem_ino, open ? 78 : 0);
		assert_int_equal(slot->flags, first.flags);
	}
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void in_transition_is_not_kept(void **unused)
{
	struct slot flagged = LOW;
	struct slot invalid = LOW;
	struct slot_state state;
	struct slot_log log;

	invalid.flags |= SLOT_INVALID;
	slot_log_init(&log);
	log_base(&log, 1, invalid);
	log_base_end(&log, 2, 0, 6);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.slots[0].flags, 0);
	slot_state_deinit(&state);

	flagged.flags = SLOT_LOG_DIRTY | SLOT_INVALID;
	log_change(&log, 3, invalid, flagged, 10, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.slots[0].flags, SLOT_LOG_DIRTY);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

/* System calls alone: the requests, by KVM's rules */
static void follows_requests(void **unused)
{
	struct slot moved = ROM;
	struct slot dirty = HIGH;
	struct slot gone = LOW;
	struct slot_state state;
	struct slot_log log;

	moved.gpa = 3 * GiB;
	dirty.flags = SLOT_LOG_DIRTY;
	gone.size = 0;
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_request(&log, 2, HIGH, 0);
	log_request(&log, 3, LOW, 0);
	log_request(&log, 4, ROM, 0);
	log_request(&log, 5, HIGH, 0); /* nothing new */
	log_request(&log, 6, dirty, 0);
	log_request(&log, 7, moved, 0);
	log_request(&log, 8, slot_of(0, 3, 0, MiB, HVA, 0), -EEXIST);
	log_request(&log, 9, gone, 0);
	log_request(&log, 10, slot_of(1, 0, 0, 64 * KiB, HVA, 0), 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.coverage.fields,
			 SLOT_FIELDS_ALL &
				 ~(SLOT_FIELD_GENERATION | SLOT_FIELD_HIDDEN));
	assert_int_equal(state.nr_as, 2);
	assert_int_equal(state.nr_slots, 3);
	assert_slot(&state.slots[0], dirty);
	assert_int_equal(state.slots[0].seq, 6);
	assert_slot(&state.slots[1], moved);
	assert_int_equal(state.slots[2].as_id, 1);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void requests_that_cannot_be_are_losses(void **unused)
{
	struct slot bigger = LOW;
	struct slot gone = LOW;
	struct slot_event event;
	struct slot_log log;

	/* KVM never resizes in place */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_request(&log, 2, LOW, 0);
	bigger.size = MiB;
	log_request(&log, 3, bigger, 0);
	assert_int_equal(lost_in(&log), 1);

	/* nor does it delete what is not there */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	gone.size = 0;
	log_request(&log, 2, gone, 0);
	assert_int_equal(lost_in(&log), 1);

	/* arguments that were not read could have been anything */
	slot_log_init(&log);
	log_vm_create(&log, 1);
	event = event_of(SLOT_EVENT_REQUEST, 2);
	event.request.unread = true;
	log_add(&log, event);
	assert_int_equal(lost_in(&log), 1);

	/* without the VM's birth, the slot may have been there */
	slot_log_init(&log);
	log_request(&log, 1, gone, 0);
	assert_int_equal(lost_in(&log), 0);
}

/* Without generations it is time that joins requests to a base */
static void requests_join_a_base_by_time(void **unused)
{
	struct slot gone = LOW;
	struct slot_event overlapping;
	struct slot_state state;
	struct slot_log log;

	gone.size = 0;
	slot_log_init(&log);
	log_request(&log, 1, gone, 0); /* over before the base was read */
	/* under way while it was read: its effect is in the base, or not */
	overlapping = event_of(SLOT_EVENT_REQUEST, 2);
	overlapping.duration_ns = 5000;
	overlapping.request.slot = 1;
	overlapping.request.gmem_fd = -1;
	log_add(&log, overlapping);
	log_base(&log, 3, LOW);
	log_base_end(&log, 4, 0, 8);
	log_request(&log, 5, ROM, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.coverage.lost, 0);
	assert_int_equal(state.coverage.nr_blind, 0);
	assert_int_equal(state.nr_slots, 2);
	assert_slot(&state.slots[0], LOW);
	assert_slot(&state.slots[1], ROM);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void apply_follows_one_by_one(void **unused)
{
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, HIGH, 2, 0);
	log_change(&log, 3, none, LOW, 4, 0);
	log_request(&log, 4, ROM, 0);
	log_lost(&log, 5, 2);
	log_change(&log, 6, HIGH, none, 8, 0);
	slot_state_init(&state, PARTY_TRACED);
	state.vm.serial = 1;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(slot_state_apply(&state, &log.events[i]), 0);
	assert_int_equal(state.nr_slots, 2);
	assert_slot(&state.slots[0], LOW);
	assert_slot(&state.slots[1], HIGH);
	for (size_t i = 3; i < log.nr; i++)
		assert_int_equal(slot_state_apply(&state, &log.events[i]), 0);
	assert_int_equal(state.nr_slots, 1);
	assert_int_equal(state.coverage.lost, 2);
	assert_int_equal(state.coverage.at_ns, 6000);
	slot_state_deinit(&state);

	/* a base that comes after newer changes: apply cannot join them */
	slot_log_deinit(&log);
	slot_log_init(&log);
	log_change(&log, 1, HIGH, none, 16, 0);
	log_base(&log, 2, HIGH);
	log_base_end(&log, 3, 0, 12);
	slot_state_init(&state, PARTY_TRACED);
	state.vm.serial = 1;
	for (size_t i = 0; i < log.nr; i++)
		assert_int_equal(slot_state_apply(&state, &log.events[i]), 0);
	assert_int_equal(state.coverage.lost, 1);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

static void assert_same_slots(const struct slot_state *a,
			      const struct slot_state *b)
{
	assert_int_equal(a->nr_slots, b->nr_slots);
	for (size_t i = 0; i < a->nr_slots; i++)
		assert_slot(&a->slots[i], b->slots[i]);
	assert_int_equal(a->coverage.lost, b->coverage.lost);
}

/* However far the log goes on, at a moment it says what it said then */
static void until_a_moment(void **unused)
{
	struct slot smm = slot_of(1, 0, 0, MiB, HVA, 0);
	struct slot log_dirty = LOW;
	struct slot moved = HIGH;
	struct slot_state state;
	struct slot_state then;
	struct slot_log log;
	size_t all;

	log_dirty.flags = SLOT_LOG_DIRTY;
	moved.gpa = 8 * GiB;
	slot_log_init(&log);
	log_vm_create(&log, 1);
	log_change(&log, 2, none, LOW, 2, 0);
	log_change(&log, 3, none, HIGH, 4, 0);
	log_change(&log, 4, none, smm, 3, 0);
	log_change(&log, 5, LOW, log_dirty, 6, 0);
	log_change(&log, 6, HIGH, moved, 10, 0);
	log_change(&log, 7, smm, none, 7, 0);
	log_change(&log, 8, moved, none, 14, 0);
	all = log.nr;
	for (size_t nr = 1; nr <= all; nr++) {
		log.nr = nr;
		assert_int_equal(fold(&log, &vm1, &then), 0);
		log.nr = all;
		/* it is KERNEL's: that knows of all address spaces */
		assert_int_equal(slot_state_set_nr_as(&then, 2), 0);
		if (!then.as[1].covered)
			then.as[1] = (struct slot_as){ .covered = true,
						       .generation = 1 };
		assert_int_equal(fold_until(&log, &vm1, &then, &state), 0);
		assert_same_slots(&state, &then);
		slot_state_deinit(&state);
		slot_state_deinit(&then);
	}

	/* KERNEL in the middle of the move: the slot is but invalid */
	state_make(&then, PARTY_KERNEL, 2);
	state_add(&then, log_dirty);
	state_add(&then, HIGH);
	then.slots[1].flags = SLOT_INVALID;
	then.as[0].generation = 8;
	then.as[1].generation = 3;
	assert_true(slot_state_moment(&then, 0) == 6);
	assert_int_equal(fold_until(&log, &vm1, &then, &state), 0);
	assert_true(state.as[0].generation == 6);
	assert_int_equal(state.nr_slots, 3);
	slot_state_deinit(&state);

	/* ... and waiting for readers with it, before that and after */
	then.as[0].generation = 6;
	then.as[0].updating = true;
	assert_true(slot_state_moment(&then, 0) == 6);
	then.as[0].generation = 8;
	then.slots[1] = moved;
	assert_true(slot_state_moment(&then, 0) == 10);
	assert_int_equal(fold_until(&log, &vm1, &then, &state), 0);
	assert_slot(&state.slots[1], moved);
	slot_state_deinit(&state);

	/* one that knows no generations is no moment */
	then.coverage.fields &= ~SLOT_FIELD_GENERATION;
	assert_int_equal(fold_until(&log, &vm1, &then, &state), 0);
	assert_int_equal(state.nr_slots, 1);
	slot_state_deinit(&state);
	slot_state_deinit(&then);
	slot_log_deinit(&log);
}

/* xorshift64*: seeded, so that a failure can be seen again */
static uint64_t random_state = 0x5107c0be;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

#define IDS    12
#define PLACES 40

/*
 * Random legal changes to slots of one to four pages in two address spaces,
 * against the plainest reference: an array by id.
 */
static void random_changes(void **unused)
{
	struct slot ref[2][IDS];
	struct slot_state applied;
	struct slot_state state;
	uint64_t generation[2];
	struct slot_log log;
	struct slot next;
	struct slot *cur;
	size_t standing;
	bool free_place;
	uint64_t kind;
	int as_id;

	for (int round = 0; round < 200; round++) {
		memset(ref, 0, sizeof(ref));
		generation[0] = 0;
		generation[1] = 1;
		slot_log_init(&log);
		log_vm_create(&log, 1);
		slot_state_init(&applied, PARTY_TRACED);
		applied.vm.serial = 1;
		slot_state_apply(&applied, &log.events[0]);
		while (log.nr < 150) {
			as_id = random_below(2);
			cur = &ref[as_id][random_below(IDS)];
			kind = random_below(4);
			if (!cur->size) {
				next = slot_of(as_id, cur - ref[as_id],
					       random_below(PLACES) * 4 * KiB,
					       (1 + random_below(4)) * 4 * KiB,
					       HVA + random_below(GiB), 0);
			} else if (kind == 0) {
				next = none;
			} else {
				next = *cur;
				if (kind == 1)
					next.gpa =
						random_below(PLACES) * 4 * KiB;
				else
					next.flags ^= SLOT_LOG_DIRTY;
			}
			free_place = true;
			for (int i = 0; i < IDS && next.size; i++) {
				if (&ref[as_id][i] != cur &&
				    ref[as_id][i].size &&
				    ref[as_id][i].gpa <= slot_last(&next) &&
				    next.gpa <= slot_last(&ref[as_id][i]))
					free_place = false;
			}
			if (!free_place || !memcmp(cur, &next, sizeof(next)))
				continue;
			generation[as_id] +=
				cur->size && (!next.size ||
					      next.gpa != cur->gpa) ?
					4 :
					2;
			log_change(&log, log.nr + 1, cur->size ? *cur : none,
				   next, generation[as_id], 0);
			assert_int_equal(
				slot_state_apply(&applied,
						 &log.events[log.nr - 1]),
				0);
			*cur = next;
		}
		assert_int_equal(fold(&log, &vm1, &state), 0);
		assert_int_equal(state.coverage.lost, 0);
		assert_int_equal(applied.coverage.lost, 0);
		standing = 0;
		for (int a = 0; a < 2; a++) {
			assert_true(state.as[a].generation == generation[a]);
			for (int i = 0; i < IDS; i++) {
				if (!ref[a][i].size)
					continue;
				standing++;
				assert_slot(slot_state_find(&state, a,
							    ref[a][i].gpa),
					    ref[a][i]);
				assert_slot(slot_state_find(&applied, a,
							    ref[a][i].gpa),
					    ref[a][i]);
			}
		}
		assert_int_equal(state.nr_slots, standing);
		assert_int_equal(applied.nr_slots, standing);
		slot_state_deinit(&applied);
		slot_state_deinit(&state);
		slot_log_deinit(&log);
	}
}

/* As many slots as KVM allows, made from the top down: the worst order */
static void many_slots(void **unused)
{
	const int nr = 32764;
	struct slot_state state;
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	for (int i = 0; i < nr; i++)
		log_change(&log, i + 2, none,
			   slot_of(0, i, (nr - i) * 8 * KiB, 4 * KiB, HVA, 0),
			   2 * i + 2, 0);
	assert_int_equal(fold(&log, &vm1, &state), 0);
	assert_int_equal(state.nr_slots, nr);
	assert_int_equal(state.coverage.lost, 0);
	slot_state_deinit(&state);
	slot_log_deinit(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_life),
		cmocka_unit_test(second_address_space),
		cmocka_unit_test(failed_changes_change_nothing),
		cmocka_unit_test(requests_are_wishes),
		cmocka_unit_test(other_vms_do_not_matter),
		cmocka_unit_test(base_joins_by_generation),
		cmocka_unit_test(the_last_whole_base_counts),
		cmocka_unit_test(without_a_base_only_what_was_touched),
		cmocka_unit_test(nothing_is_known_of_a_silent_vm),
		cmocka_unit_test(losses_are_counted),
		cmocka_unit_test(losses_before_the_beginning_do_not_count),
		cmocka_unit_test(what_does_not_fit_was_missed),
		cmocka_unit_test(a_generation_that_jumps_is_a_loss),
		cmocka_unit_test(a_cut_is_never_old),
		cmocka_unit_test(overlap_means_a_missed_deletion),
		cmocka_unit_test(a_destroyed_vm_has_no_slots),
		cmocka_unit_test(a_guest_memfd_closes),
		cmocka_unit_test(in_transition_is_not_kept),
		cmocka_unit_test(follows_requests),
		cmocka_unit_test(requests_that_cannot_be_are_losses),
		cmocka_unit_test(requests_join_a_base_by_time),
		cmocka_unit_test(apply_follows_one_by_one),
		cmocka_unit_test(until_a_moment),
		cmocka_unit_test(random_changes),
		cmocka_unit_test(many_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
