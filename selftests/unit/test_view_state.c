// SPDX-License-Identifier: GPL-2.0-or-later
/* States, coverage and logs as containers */
#include <errno.h>

#include "view_make.h"

static void sorts_and_finds(void **unused)
{
	struct slot_state state;

	state_make(&state, PARTY_KERNEL, 2);
	state_add(&state, slot_of(1, 0, 0, 64 * KiB, HVA, 0));
	state_add(&state, slot_of(0, 2, 4 * GiB, MiB, HVA + GiB, 0));
	state_add(&state, slot_of(0, 1, 0, 640 * KiB, HVA, 0));
	slot_state_sort(&state);
	assert_int_equal(state.slots[0].id, 1);
	assert_int_equal(state.slots[1].id, 2);
	assert_int_equal(state.slots[2].as_id, 1);

	assert_ptr_equal(slot_state_find(&state, 0, 0), &state.slots[0]);
	assert_ptr_equal(slot_state_find(&state, 0, 640 * KiB - 1),
			 &state.slots[0]);
	assert_null(slot_state_find(&state, 0, 640 * KiB));
	assert_null(slot_state_find(&state, 0, 4 * GiB - 1));
	assert_ptr_equal(slot_state_find(&state, 0, 4 * GiB + MiB - 1),
			 &state.slots[1]);
	assert_null(slot_state_find(&state, 0, 4 * GiB + MiB));
	assert_ptr_equal(slot_state_find(&state, 1, 64 * KiB - 1),
			 &state.slots[2]);
	assert_null(slot_state_find(&state, 1, 4 * GiB));
	slot_state_deinit(&state);
}

static void refuses_bad_slots(void **unused)
{
	struct slot slot = slot_of(0, 0, 0, 0, HVA, 0);
	struct slot_state state;

	state_make(&state, PARTY_MODEL, 1);
	assert_int_equal(slot_state_add(&state, &slot), -EINVAL);
	slot = slot_of(1, 0, 0, 4 * KiB, HVA, 0);
	assert_int_equal(slot_state_add(&state, &slot), -EINVAL);
	slot = slot_of(0, 0, UINT64_MAX, 2, HVA, 0);
	assert_int_equal(slot_state_add(&state, &slot), -EINVAL);
	/* the very last byte is a legal one */
	slot = slot_of(0, 0, UINT64_MAX, 1, HVA, 0);
	assert_int_equal(slot_state_add(&state, &slot), 0);
	assert_ptr_equal(slot_state_find(&state, 0, UINT64_MAX), state.slots);
	slot_state_deinit(&state);
}

static void copies_names(void **unused)
{
	char name[] = "pc.ram";
	struct slot slot = slot_of(0, -1, 0, 4 * KiB, HVA, 0);
	struct slot_state state;

	state_make(&state, PARTY_MODEL, 1);
	slot.name = name;
	state_add(&state, slot);
	name[0] = 'x';
	assert_string_equal(state.slots[0].name, "pc.ram");
	slot_state_deinit(&state);
}

static void assert_blind(const struct coverage *coverage, size_t i,
			 uint16_t as_id, gpa_t gpa, uint64_t size,
			 const char *why)
{
	assert_true(i < coverage->nr_blind);
	assert_int_equal(coverage->blind[i].as_id, as_id);
	assert_true(coverage->blind[i].gpa == gpa);
	assert_true(coverage->blind[i].size == size);
	assert_string_equal(coverage->blind[i].why, why);
}

static void blind_ranges_stay_disjoint(void **unused)
{
	struct slot_state state;
	struct coverage *c = &state.coverage;

	slot_state_init(&state, PARTY_TRACED);
	assert_int_equal(coverage_add_blind(c, 0, 0x2000, 0x1000, "a"), 0);
	assert_int_equal(coverage_add_blind(c, 0, 0x6000, 0x1000, "b"), 0);
	assert_int_equal(coverage_add_blind(c, 1, 0x2000, 0x1000, "c"), 0);
	/* over all of them: only what is between becomes new */
	assert_int_equal(coverage_add_blind(c, 0, 0x1000, 0x8000, "d"), 0);
	assert_int_equal(c->nr_blind, 6);
	assert_blind(c, 0, 0, 0x1000, 0x1000, "d");
	assert_blind(c, 1, 0, 0x2000, 0x1000, "a");
	assert_blind(c, 2, 0, 0x3000, 0x3000, "d");
	assert_blind(c, 3, 0, 0x6000, 0x1000, "b");
	assert_blind(c, 4, 0, 0x7000, 0x2000, "d");
	assert_blind(c, 5, 1, 0x2000, 0x1000, "c");
	/* wholly blind already */
	assert_int_equal(coverage_add_blind(c, 0, 0x2800, 0x4000, "e"), 0);
	assert_int_equal(c->nr_blind, 6);
	assert_int_equal(coverage_add_blind(c, 0, 0, 0, "e"), -EINVAL);
	assert_int_equal(coverage_add_blind(c, 0, UINT64_MAX, 2, "e"), -EINVAL);
	slot_state_deinit(&state);
}

static void blind_ranges_can_be_cut(void **unused)
{
	struct slot_state state;
	struct coverage *c = &state.coverage;

	slot_state_init(&state, PARTY_TRACED);
	assert_int_equal(coverage_add_blind(c, 0, 0, UINT64_MAX, "a"), 0);
	assert_int_equal(coverage_remove_blind(c, 0, 0x1000, 0x1000), 0);
	assert_int_equal(c->nr_blind, 2);
	assert_blind(c, 0, 0, 0, 0x1000, "a");
	assert_blind(c, 1, 0, 0x2000, UINT64_MAX - 0x2000, "a");
	/* another address space is another matter */
	assert_int_equal(coverage_remove_blind(c, 1, 0, UINT64_MAX), 0);
	assert_int_equal(c->nr_blind, 2);
	/* the end of one and the beginning of the next */
	assert_int_equal(coverage_remove_blind(c, 0, 0x800, 0x2000), 0);
	assert_blind(c, 0, 0, 0, 0x800, "a");
	assert_blind(c, 1, 0, 0x2800, UINT64_MAX - 0x2800, "a");
	/* one whole */
	assert_int_equal(coverage_remove_blind(c, 0, 0, 0x2000), 0);
	assert_int_equal(c->nr_blind, 1);
	assert_blind(c, 0, 0, 0x2800, UINT64_MAX - 0x2800, "a");
	assert_int_equal(coverage_remove_blind(c, 0, 0, UINT64_MAX), 0);
	assert_int_equal(c->nr_blind, 0);
	slot_state_deinit(&state);
}

static void copies_all(void **unused)
{
	struct slot_state state, copy;

	state_make(&state, PARTY_TRACED, 2);
	state.vm.tgid = 3;
	state.whole_life = state.gone = state.walked = true;
	state.as[1].generation = 5;
	state_add(&state, slot_of(0, 7, 0, 4 * KiB, HVA, 0));
	assert_int_equal(coverage_add_blind(&state.coverage, 0, MiB, MiB, "a"),
			 0);
	assert_int_equal(slot_state_copy(&state, &copy), 0);
	assert_int_equal(copy.party, PARTY_TRACED);
	assert_int_equal(copy.vm.tgid, 3);
	assert_true(copy.whole_life && copy.gone && copy.walked);
	assert_int_equal(copy.nr_as, 2);
	assert_int_equal(copy.as[1].generation, 5);
	assert_int_equal(copy.nr_slots, 1);
	assert_int_equal(copy.slots[0].id, 7);
	assert_blind(&copy.coverage, 0, 0, MiB, MiB, "a");
	slot_state_deinit(&copy);
	slot_state_deinit(&state);
}

static void log_keeps_order(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_BASE, 2);
	char name[] = "not owned";
	struct slot_log log;

	slot_log_init(&log);
	event.base = slot_of(0, 0, 0, 4 * KiB, HVA, 0);
	event.base.name = name;
	assert_int_equal(slot_log_add(&log, &event), 0);
	assert_null(log.events[0].base.name);
	/* How things stood: all of it bears one number; nothing else does */
	assert_int_equal(slot_log_add(&log, &event), 0);
	event.type = SLOT_EVENT_REQUEST;
	assert_int_equal(slot_log_add(&log, &event), -EINVAL);
	event.seq = 1;
	assert_int_equal(slot_log_add(&log, &event), -EINVAL);
	event.seq = 7;
	assert_int_equal(slot_log_add(&log, &event), 0);
	assert_int_equal(log.nr, 3);
	slot_log_deinit(&log);
	event.seq = 0;
	assert_int_equal(slot_log_add(&log, &event), -EINVAL);
}

/* Events end at 1,000 ns for each number, but for the third, which takes long */
static void log_until(void **unused)
{
	struct slot_log log;

	slot_log_init(&log);
	log_vm_create(&log, 1);
	for (uint64_t seq = 2; seq <= 6; seq++)
		log_request(&log, seq, slot_of(0, 1, 0, 4 * KiB, HVA, 0), 0);
	log.events[2].duration_ns = 9000;
	slot_log_until(&log, 5000);
	assert_int_equal(log.nr, 5);
	for (uint64_t seq = 1; seq <= 5; seq++)
		assert_int_equal(log.events[seq - 1].seq, seq);
	assert_int_equal(log.events[2].type, SLOT_EVENT_LOST);
	assert_int_equal(log.events[2].lost.reason, SLOT_LOST_DROPPED);
	assert_int_equal(log.events[2].lost.count, 1);
	assert_int_equal(log.events[4].type, SLOT_EVENT_REQUEST);
	slot_log_until(&log, 2500);
	assert_int_equal(log.nr, 2);
	slot_log_until(&log, 0);
	assert_int_equal(log.nr, 0);
	slot_log_deinit(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_and_finds),
		cmocka_unit_test(refuses_bad_slots),
		cmocka_unit_test(copies_names),
		cmocka_unit_test(blind_ranges_stay_disjoint),
		cmocka_unit_test(blind_ranges_can_be_cut),
		cmocka_unit_test(copies_all),
		cmocka_unit_test(log_keeps_order),
		cmocka_unit_test(log_until),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
