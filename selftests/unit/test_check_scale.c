// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is fast, against what is simple: the errno rules with an index against the
 * rules that look through all slots, and the latest of many ranges against a loop.
 */
#include <errno.h>

#include "check_make.h"
#include "check/latest.h"
#include "check/rules_index.h"
#include "view/slot_index.h"

#define PAGE (4 * KiB)

/* xorshift64*: seeded, so that a failure can be seen again */
static uint64_t random_state = 0x5ca1e;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

/* Slots that do not overlap, in two address spaces, in no order */
static void random_slots(struct slot_state *state, struct slot_index *index)
{
	struct slot slot;
	gpa_t gpa[2] = { 0 };
	struct slot swap;
	size_t nr = random_below(12);
	size_t at;

	state_make(state, PARTY_TRACED, 2);
	memset(index, 0, sizeof(*index));
	index->ordered = true;
	for (size_t i = 0; i < nr; i++) {
		slot = slot_of(random_below(2), i, 0,
			       (1 + random_below(3)) * PAGE, HVA,
			       random_below(4) ? 0 : SLOT_READONLY);
		slot.gpa = gpa[slot.as_id] + random_below(3) * PAGE;
		gpa[slot.as_id] = slot.gpa + slot.size;
		if (!random_below(3)) {
			slot.flags = SLOT_GUEST_MEMFD;
			slot.gmem_fd = (int)random_below(3) - 1;
			slot.gmem_offset = slot.gpa;
		}
		state_add(state, slot);
	}
	for (size_t i = nr; i-- > 1;) {
		at = random_below(i + 1);
		swap = state->slots[i];
		state->slots[i] = state->slots[at];
		state->slots[at] = swap;
	}
	for (size_t i = 0; i < nr; i++)
		assert_int_equal(slot_index_add(index, &state->slots[i], i), 0);
	/* some go, and some change, as they do when a log is folded */
	for (size_t i = 0; i < state->nr_slots; i++) {
		if (!random_below(4)) {
			slot_index_remove(index, state->slots[i].as_id,
					  state->slots[i].id);
			state->slots[i] = state->slots[--state->nr_slots];
			if (i < state->nr_slots)
				slot_index_set(index, &state->slots[i], i);
		} else if (!random_below(4)) {
			state->slots[i].flags ^= SLOT_READONLY;
			slot_index_set(index, &state->slots[i], i);
		}
	}
	if (!random_below(3))
		coverage_add_blind(&state->coverage, 0, random_below(20) * PAGE,
				   4 * PAGE, "late");
}

static void assert_same(const struct request_foresight *a,
			const struct request_foresight *b, uint64_t round)
{
	bool same = a->nr == b->nr;

	for (size_t i = 0; same && i < a->nr; i++)
		same = a->may[i].rule == b->may[i].rule &&
		       a->may[i].error == b->may[i].error &&
		       a->may[i].other == b->may[i].other &&
		       a->may[i].more == b->may[i].more;
	if (!same)
		fail_msg("round %llu: with an index the answer is another",
			 (unsigned long long)round);
}

static void rules_with_an_index(void **unused)
{
	const struct request_limits limits[] = {
		{ .page_size = PAGE },
		{ .page_size = PAGE,
		  .nr_slots = 64,
		  .nr_as = 2,
		  .max_pages = 1 << 20,
		  .hva_end = 1ULL << 47,
		  .gpa_last = GiB,
		  .gmem_bound_error = EEXIST,
		  .gmem_drop = CAN_NOT,
		  .region2 = CAN,
		  .readonly = CAN,
		  .guest_memfd = CAN },
	};
	struct request_foresight fast, simple;
	struct slot_request request;
	struct slot_state state;
	struct slot_index index;

	for (uint64_t round = 0; round < 20000; round++) {
		random_slots(&state, &index);
		for (int i = 0; i < 8; i++) {
			request = (struct slot_request){
				.region2 = random_below(2),
				.slot = random_below(2) << 16 |
					random_below(14),
				.flags = random_below(8),
				.gpa = random_below(20) * PAGE,
				.size = random_below(24) * PAGE,
				.hva = HVA,
				.gmem_fd = (int)random_below(3) - 1,
				.gmem_offset = random_below(20) * PAGE,
			};
			request_foresee(&state, &request, &limits[i % 2],
					&simple);
			request_foresee_by(&state, &index, &request,
					   &limits[i % 2], &fast);
			/* of several in the way of a guest_memfd any is named */
			for (size_t j = 0; j < simple.nr && j < fast.nr; j++) {
				if (simple.may[j].rule == RULE_GMEM_BOUND &&
				    !simple.may[j].other == !fast.may[j].other)
					fast.may[j].other = simple.may[j].other;
			}
			assert_same(&fast, &simple, round);
		}
		slot_index_deinit(&index);
		slot_state_deinit(&state);
	}
}

static void the_latest_of_many(void **unused)
{
	struct latest_range ranges[12];
	const struct latest_range *want;
	struct latest latest;
	uint16_t as_id;
	gpa_t gpa, last;
	size_t nr;

	for (int round = 0; round < 20000; round++) {
		nr = random_below(13);
		for (size_t i = 0; i < nr; i++) {
			gpa = random_below(30);
			ranges[i] =
				(struct latest_range){ random_below(2), gpa,
						       gpa + random_below(12),
						       i + 1, &ranges[i] };
			if (!random_below(10))
				ranges[i].last = UINT64_MAX;
		}
		assert_int_equal(latest_init(&latest, ranges, nr), 0);
		for (int i = 0; i < 10; i++) {
			as_id = random_below(3);
			gpa = random_below(40);
			last = random_below(8) ? gpa + random_below(10) :
						 UINT64_MAX;
			want = NULL;
			for (size_t j = 0; j < nr; j++) {
				if (ranges[j].as_id == as_id &&
				    ranges[j].gpa <= last &&
				    gpa <= ranges[j].last)
					want = &ranges[j];
			}
			assert_ptr_equal(latest_find(&latest, as_id, gpa, last),
					 want);
			assert_int_equal(latest_seq(&latest, as_id, gpa, last),
					 want ? want->seq : 0);
		}
		latest_deinit(&latest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_with_an_index),
		cmocka_unit_test(the_latest_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
