// SPDX-License-Identifier: GPL-2.0-or-later
/* What was lost, cut off, refused or torn is unknown, and never a mismatch */
#include "check_make.h"

static void lost_events(void **unused)
{
	const struct finding *f;
	struct views v;

	/* TRACED lacks a slot, but it also lacks events */
	views_pc(&v);
	slot_drop(&v, TRACED, 0, MiB);
	slot_at(&v, TRACED, 0, 0)->hva = HVA + GiB;
	v.state[TRACED].coverage.lost = 12;
	views_check(&v);
	f = only(&v, FINDING_LOST, 1);
	assert_non_null(strstr(f->sentence, "12 events"));
	assert_int_equal(findings_exit_status(&v.found), 2);
	assert_compared(&v, "MODEL-KERNEL, KERNEL-BACKING");

	/* MODEL and KERNEL can contradict each other all the same */
	slot_drop(&v, KERNEL, 0, MiB);
	views_check(&v);
	only(&v, FINDING_LOST, 2);
	only(&v, FINDING_MISSING, 2);
	assert_int_equal(findings_exit_status(&v.found), 1);
	views_deinit(&v);
}

/* What nobody asked for was not lost: the log is not whole all the same */
static void filtered_events(void **unused)
{
	struct slot_event event = event_of(SLOT_EVENT_LOST, 1);
	const struct finding *f;
	struct views v;

	views_pc(&v);
	event.lost.reason = SLOT_LOST_FILTERED;
	event.lost.count = 12;
	log_add(&v.log, event);
	v.state[TRACED].coverage.lost = 12;
	views_check(&v);
	f = only(&v, FINDING_LOST, 1);
	assert_non_null(strstr(f->sentence,
			       "12 requests or changes were filtered out"));
	/* Some of each: the worse is told */
	v.state[TRACED].coverage.lost = 13;
	views_check(&v);
	f = only(&v, FINDING_LOST, 1);
	assert_non_null(strstr(f->sentence, "13 events were lost"));
	views_deinit(&v);
}

static void a_cut_snapshot_shows_no_absence(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	v.view[TRACED].slots = NULL;
	slot_drop(&v, KERNEL, 0, MiB);
	v.state[KERNEL].coverage.truncated = true;
	views_check(&v);
	f = only(&v, FINDING_LOST, 1);
	assert_non_null(strstr(f->sentence, "cut off"));

	/* what it does have counts */
	slot_at(&v, KERNEL, 0, 0)->hva += 4 * KiB;
	v.view[BACKING].map = NULL;
	views_check(&v);
	only(&v, FINDING_WRONG_HVA, 2);

	/* a slot that it has and the MODEL has not */
	slot_at(&v, KERNEL, 0, 0)->hva -= 4 * KiB;
	slot_drop(&v, MODEL, 0, 0);
	views_check(&v);
	only(&v, FINDING_EXTRA, 2);
	views_deinit(&v);

	/* a MODEL that was cut off cannot call anything extra */
	views_pc(&v);
	slot_drop(&v, MODEL, 0, 0);
	v.state[MODEL].coverage.truncated = true;
	views_check(&v);
	only(&v, FINDING_LOST, 1);
	views_deinit(&v);
}

static void a_slot_of_unknown_place(void **unused)
{
	const struct finding *f;
	struct views v;

	/* one record is not understood: what is missing may be that one */
	views_pc(&v);
	v.view[TRACED].slots = NULL;
	slot_at(&v, KERNEL, 0, MiB)->unknown = SLOT_FIELD_SIZE;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "1 of its slots is"));
	assert_int_equal(f->views, 1U << KERNEL);
	assert_int_equal(findings_exit_status(&v.found), 2);

	/* told once, however many */
	slot_at(&v, KERNEL, 1, 0)->unknown = SLOT_FIELD_GPA;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "2 of its slots are"));
	views_deinit(&v);
}

/* A VMM that has no way to tell its model is less coverage, and no loss */
static void a_party_that_has_nothing_to_tell(void **unused)
{
	struct views v;

	views_pc(&v);
	model_lacks(&v);
	v.view[MODEL].none = "kvmtool has no monitor that tells its memory";
	views_check(&v);
	none_found(&v);
	assert_compared(&v, "TRACED-KERNEL, KERNEL-BACKING");
	assert_int_equal(findings_exit_status(&v.found), 0);

	/* ... but if nothing is left to compare, that is not agreement */
	v.view[TRACED].slots = NULL;
	v.view[BACKING].map = NULL;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	assert_int_equal(findings_exit_status(&v.found), 2);
	views_deinit(&v);
}

/*
 * What TRACED began with was read by the same means as KERNEL: that is one word, and
 * not two, where no change was seen
 */
static void one_word_is_no_two(void **unused)
{
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, 0, MiB, HVA, 0);
	kvm_add(&v, 0, 1, MiB, MiB, HVA + MiB, 0);
	v.state[TRACED].walked = v.state[KERNEL].walked = true;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	assert_compared(&v, "");
	assert_int_equal(findings_exit_status(&v.found), 2);
	/* Who read KERNEL by other means is another */
	v.state[KERNEL].walked = false;
	views_check(&v);
	none_found(&v);
	assert_compared(&v, "TRACED-KERNEL");
	v.state[KERNEL].walked = true;

	/* A change of one that was seen is a word; of the other there is none */
	slot_at(&v, TRACED, 0, MiB)->seq = 7;
	views_check(&v);
	none_found(&v);
	assert_compared(&v, "TRACED-KERNEL");
	assert_int_equal(v.made.pairs[0].agree.nr, 1);
	assert_true(v.made.pairs[0].agree.items[0].gpa == MiB);
	slot_at(&v, TRACED, 0, MiB)->seq = 0;

	/* Nor is what differs one word: a change went unseen */
	slot_at(&v, KERNEL, 0, MiB)->hva += MiB;
	views_check(&v);
	only(&v, FINDING_WRONG_HVA, 1);
	assert_compared(&v, "TRACED-KERNEL");
	slot_at(&v, KERNEL, 0, MiB)->hva -= MiB;

	/* What is mapped there is another's word */
	map_add(&v, HVA, 2 * MiB, "rwp", NULL);
	views_check(&v);
	none_found(&v);
	assert_compared(&v, "KERNEL-BACKING");
	/* and where none of it can be touched, nothing agrees */
	v.map.ranges[0].start = HVA + 8 * MiB;
	v.map.ranges[0].end = HVA + 9 * MiB;
	views_check(&v);
	assert_int_equal(v.found.items[0].id, FINDING_UNBACKED);
	views_deinit(&v);
}

static void unread_views(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	model_lacks(&v);
	v.view[MODEL].unread = "the socket was closed";
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_int_equal(f->views, 1U << MODEL);
	assert_non_null(strstr(f->sentence, "the socket was closed"));
	assert_int_equal(findings_exit_status(&v.found), 2);

	/* not asked for is not unknown */
	v.view[MODEL].unread = NULL;
	views_check(&v);
	none_found(&v);
	assert_int_equal(findings_exit_status(&v.found), 0);
	views_deinit(&v);
}

static void nothing_to_compare_is_not_agreement(void **unused)
{
	struct views v;

	views_pc(&v);
	model_lacks(&v);
	v.view[TRACED].slots = NULL;
	v.view[BACKING].map = NULL;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	assert_compared(&v, "");
	assert_int_equal(findings_exit_status(&v.found), 2);

	/* nor are two views that do not know where anything is */
	v.view[MODEL].slots = &v.state[MODEL];
	v.state[MODEL].coverage.fields = 0;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	views_deinit(&v);

	memset(&v, 0, sizeof(v));
	assert_int_equal(crosscheck(&v.input, &v.made), 0);
	assert_int_equal(findings_exit_status(&v.made.findings), 2);
	comparison_deinit(&v.made);
}

/* A VM at whose creation was looked, or the wrong one: not agreement either */
static void no_slots_anywhere(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_string_equal(f->sentence,
			    "no slots in any view: nothing to compare");
	assert_int_equal(findings_exit_status(&v.found), 2);
	v.view[MODEL].slots = NULL;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);

	/* Somebody said that there is to be none: but that is not TRACED's word */
	v.input.expected = true;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	v.view[MODEL].slots = &v.state[MODEL];
	views_check(&v);
	none_found(&v);
	assert_int_equal(findings_exit_status(&v.found), 0);
	kvm_add(&v, 0, 0, 0, MiB, HVA, 0);
	views_check(&v);
	assert_int_equal(findings_exit_status(&v.found), 1);
	views_deinit(&v);
}

static void unsettled(void **unused)
{
	const struct finding *f;
	struct views v;

	/* it would be missing, but it may only have been on its way */
	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	v.input.unsettled = "they changed in each of 5 readings";
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "5 readings"));
	assert_int_equal(findings_exit_status(&v.found), 2);
	views_deinit(&v);
}

static void torn_generations(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_drop(&v, TRACED, 0, MiB);
	v.state[TRACED].as[0].generation = 18;
	/* space 1 is at one moment, and differs */
	slot_drop(&v, TRACED, 1, 0);
	views_check(&v);
	f = only(&v, FINDING_LOST, 2);
	assert_int_equal(f->as_id, 0);
	assert_non_null(strstr(f->sentence, "18"));
	assert_non_null(strstr(f->sentence, "20"));
	assert_int_equal(only(&v, FINDING_EXTRA, 2)->as_id, 1);

	/* a tracer that cannot know generations is taken at its word */
	v.state[TRACED].coverage.fields &= ~SLOT_FIELD_GENERATION;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_MISMATCH), 2);
	assert_int_equal(v.found.nr, 2);
	views_deinit(&v);
}

/* A log of all its life: the space that never had a slot is empty */
static void whole_life_covers_all_spaces(void **unused)
{
	struct views v;

	views_pc(&v);
	model_lacks(&v);
	slot_drop(&v, TRACED, 1, 0);
	assert_int_equal(slot_state_set_nr_as(&v.state[TRACED], 1), 0);
	views_check(&v);
	none_found(&v);

	/* KVM's space 1 is at 21, and a space begins at its own number */
	v.state[TRACED].whole_life = true;
	views_check(&v);
	only(&v, FINDING_LOST, 1);
	v.state[KERNEL].as[1].generation = 1;
	views_check(&v);
	assert_int_equal(only(&v, FINDING_EXTRA, 1)->as_id, 1);
	views_deinit(&v);
}

static void transition_is_not_wrong(void **unused)
{
	const struct finding *f;
	struct views v;

	/* a slot on its way out */
	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->flags = SLOT_INVALID;
	slot_drop(&v, MODEL, 0, MiB);
	/* half of a deletion is a step beyond what the log can know */
	v.state[TRACED].as[0].generation = 18;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(findings_exit_status(&v.found), 2);
	views_deinit(&v);

	/* an address space whose sets are being swapped */
	views_pc(&v);
	v.state[KERNEL].as[0].updating = true;
	slot_drop(&v, KERNEL, 0, MiB);
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "address space 0"));
	/* the other space is compared */
	slot_drop(&v, KERNEL, 1, 0);
	views_check(&v);
	assert_int_equal(only(&v, FINDING_MISSING, 2)->as_id, 1);
	views_deinit(&v);
}

static void blind_ranges_are_not_compared(void **unused)
{
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	assert_int_equal(coverage_add_blind(&v.state[MODEL].coverage, 0,
					    2 * MiB, 254 * MiB,
					    "a name stands twice"),
			 0);
	views_check(&v);
	/* a part of it can be told */
	assert_place(only(&v, FINDING_EXTENT, 1), 0, MiB, MiB);
	views_deinit(&v);
}

static void overlapping_slots_are_no_state(void **unused)
{
	struct views v;

	views_pc(&v);
	state_add(&v.state[KERNEL], slot_of(0, 9, 4 * KiB, 4 * KiB, HVA, 0));
	slot_drop(&v, KERNEL, 0, MiB);
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	assert_int_equal(findings_exit_status(&v.found), 2);
	views_deinit(&v);
}

static void a_vm_that_is_gone(void **unused)
{
	struct views v;

	views_pc(&v);
	while (v.state[TRACED].nr_slots)
		slot_drop(&v, TRACED, v.state[TRACED].slots->as_id,
			  v.state[TRACED].slots->gpa);
	v.state[TRACED].gone = true;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_events),
		cmocka_unit_test(filtered_events),
		cmocka_unit_test(a_cut_snapshot_shows_no_absence),
		cmocka_unit_test(a_slot_of_unknown_place),
		cmocka_unit_test(a_party_that_has_nothing_to_tell),
		cmocka_unit_test(one_word_is_no_two),
		cmocka_unit_test(unread_views),
		cmocka_unit_test(nothing_to_compare_is_not_agreement),
		cmocka_unit_test(no_slots_anywhere),
		cmocka_unit_test(unsettled),
		cmocka_unit_test(torn_generations),
		cmocka_unit_test(whole_life_covers_all_spaces),
		cmocka_unit_test(transition_is_not_wrong),
		cmocka_unit_test(blind_ranges_are_not_compared),
		cmocka_unit_test(overlapping_slots_are_no_state),
		cmocka_unit_test(a_vm_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
