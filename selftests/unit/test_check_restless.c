// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM whose slots change while it is looked at: what moved is named and left
 * out, the rest is compared, and what is joined by generation everywhere.
 */
#include <errno.h>

#include "check_make.h"
#include "check/restless.h"

static const struct slot none = { .id = 5, .gmem_fd = -1 };

static struct slot busy(uint32_t flags)
{
	return slot_of(0, 5, GiB, MiB, HVA + GiB, flags);
}

/* Two looks at a VM of two address spaces, and what the log folds to */
struct looks {
	struct slot_state before;
	struct slot_state after;
	struct slot_state traced;
	struct slot_log log;
	struct restless *found;
	size_t nr;
};

static void looks_init(struct looks *l, uint64_t before, uint64_t after)
{
	memset(l, 0, sizeof(*l));
	state_make(&l->before, PARTY_KERNEL, 2);
	state_make(&l->after, PARTY_KERNEL, 2);
	state_make(&l->traced, PARTY_TRACED, 2);
	l->before.as[0].generation = before;
	l->after.as[0].generation = after;
	l->traced.as[0].generation = after;
	l->traced.vm.serial = 1;
	for (int i = 0; i < 2; i++)
		l->before.as[1].generation = l->after.as[1].generation = 21;
	slot_log_init(&l->log);
}

static void find(struct looks *l)
{
	free(l->found);
	assert_int_equal(restless_find(&l->before, &l->after, &l->traced,
				       &l->log, &l->found, &l->nr),
			 0);
}

static void looks_deinit(struct looks *l)
{
	slot_state_deinit(&l->before);
	slot_state_deinit(&l->after);
	slot_state_deinit(&l->traced);
	slot_log_deinit(&l->log);
	free(l->found);
}

static void assert_restless(const struct looks *l, size_t i, int slot_id,
			    gpa_t gpa, uint64_t size, uint64_t changes)
{
	assert_true(i < l->nr);
	assert_int_equal(l->found[i].as_id, 0);
	assert_int_equal(l->found[i].slot_id, slot_id);
	assert_true(l->found[i].gpa == gpa);
	assert_true(l->found[i].size == size);
	assert_int_equal(l->found[i].changes, changes);
}

/* Flags go on and off: generation 20, 22, 24, ... */
static void log_flips(struct looks *l, uint64_t from, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		log_change(&l->log, l->log.nr + 1,
			   busy(i & 1 ? SLOT_LOG_DIRTY : 0),
			   busy(i & 1 ? 0 : SLOT_LOG_DIRTY), from + 2 * (i + 1),
			   0);
		l->log.events[l->log.nr - 1].change.generation_before =
			from + 2 * i;
	}
}

static void at_rest(void **unused)
{
	struct looks l;

	looks_init(&l, 20, 20);
	log_flips(&l, 10, 5);
	find(&l);
	assert_int_equal(l.nr, 0);
	looks_deinit(&l);
}

static void the_log_tells_which(void **unused)
{
	struct looks l;

	/* five changes, three of them between the looks */
	looks_init(&l, 22, 28);
	log_flips(&l, 20, 5);
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, 5, GiB, MiB, 3);

	/* a recording that does not tell where changes began */
	for (size_t i = 0; i < l.log.nr; i++)
		l.log.events[i].change.generation_before = 0;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_int_equal(l.found[0].slot_id, 5);
	looks_deinit(&l);

	/* created and deleted, at two places */
	looks_init(&l, 20, 32);
	log_change(&l.log, 1, none, busy(0), 22, 0);
	log_change(&l.log, 2, busy(0), none, 26, 0);
	log_change(&l.log, 3, none, slot_of(0, 6, 0, 4 * KiB, HVA, 0), 28, 0);
	log_change(&l.log, 4, slot_of(0, 6, 0, 4 * KiB, HVA, 0),
		   slot_of(0, 6, 3 * GiB, 4 * KiB, HVA, 0), 32, 0);
	find(&l);
	assert_int_equal(l.nr, 3);
	assert_restless(&l, 0, 6, 0, 4 * KiB, 2);
	assert_restless(&l, 1, 5, GiB, MiB, 2);
	assert_restless(&l, 2, 6, 3 * GiB, 4 * KiB, 1);
	looks_deinit(&l);
}

/* The second look fell into a change, which the log has by now */
static void one_that_is_under_way(void **unused)
{
	struct looks l;

	/* it is in place under the generation before */
	looks_init(&l, 24, 24);
	log_flips(&l, 20, 3);
	l.traced.as[0].generation = 26;
	l.after.as[0].updating = true;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, 5, GiB, MiB, 1);

	/* the log does not have it: anything may be moving */
	l.log.nr = 2;
	l.traced.as[0].generation = 24;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, -1, 0, 0, 0);
	looks_deinit(&l);

	/* half of a deletion: its generation is beyond both looks */
	looks_init(&l, 22, 24);
	log_change(&l.log, 1, none, busy(0), 22, 0);
	log_change(&l.log, 2, busy(0), none, 26, 0);
	l.log.events[1].change.generation_before = 22;
	l.traced.as[0].generation = 26;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, 5, GiB, MiB, 1);
	looks_deinit(&l);
}

/* Where the log cannot tell, it is the address space, and that one alone */
static void without_proof_all_is_restless(void **unused)
{
	struct looks l;

	/* something was lost */
	looks_init(&l, 20, 24);
	log_flips(&l, 20, 2);
	l.traced.coverage.lost = 1;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, -1, 0, 0, 0);
	l.traced.coverage.lost = 0;

	/* the log is late */
	l.log.nr = 1;
	l.traced.as[0].generation = 22;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, -1, 0, 0, 0);

	/* ... or has nothing of what it should have */
	l.log.nr = 0;
	l.traced.as[0].generation = 24;
	find(&l);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, -1, 0, 0, 0);

	/* there is no log */
	free(l.found);
	assert_int_equal(restless_find(&l.before, &l.after, NULL, NULL,
				       &l.found, &l.nr),
			 0);
	assert_int_equal(l.nr, 1);
	assert_restless(&l, 0, -1, 0, 0, 0);
	looks_deinit(&l);
}

static void without_generations_slots_are_compared(void **unused)
{
	struct looks l;

	looks_init(&l, 0, 0);
	l.before.coverage.fields &= ~SLOT_FIELD_GENERATION;
	l.after.coverage.fields &= ~SLOT_FIELD_GENERATION;
	state_add(&l.before, slot_of(0, 1, 0, MiB, HVA, 0));
	state_add(&l.after, slot_of(0, 1, 0, MiB, HVA, 0));
	state_add(&l.before, busy(0));
	state_add(&l.after, busy(SLOT_LOG_DIRTY));
	state_add(&l.after, slot_of(0, 7, 2 * GiB, MiB, HVA, 0));
	find(&l);
	assert_int_equal(l.nr, 2);
	assert_int_equal(l.found[0].slot_id, 5);
	assert_int_equal(l.found[1].slot_id, 7);
	looks_deinit(&l);
}

/* What moved is not judged by a MODEL that was read at another time */
static void only_the_restless_cannot_be_told(void **unused)
{
	const struct restless restless = { 0, 2, MiB, 255 * MiB, 37 };
	const struct finding *f;
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	v.input.restless = &restless;
	v.input.nr_restless = 1;
	kvm_drop(&v, 0, MiB);
	slot_at(&v, MODEL, 0, 4 * GiB - 4 * KiB)->flags = 0;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 2);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_non_null(strstr(f->sentence, "slot 2 at 0x100000"));
	assert_non_null(strstr(f->sentence, "37 times"));
	/* elsewhere a mismatch is one */
	assert_place(only(&v, FINDING_FLAGS, 2), 0, 4 * GiB - 256 * KiB,
		     256 * KiB);
	assert_int_equal(check_rows(&v.made, &rows), 0);
	assert_int_equal(rows.nr, 5);
	assert_int_equal(rows.rows[0].verdict, ROW_AGREE);
	assert_int_equal(rows.rows[2].verdict, ROW_FINDING);
	assert_int_equal(rows.rows[4].verdict, ROW_AGREE);
	check_rows_deinit(&rows);
	views_deinit(&v);

	/* TRACED and KERNEL are of one generation: what differs, differs */
	views_pc(&v);
	v.input.restless = &restless;
	v.input.nr_restless = 1;
	slot_at(&v, KERNEL, 0, MiB)->flags = SLOT_READONLY;
	views_check(&v);
	f = only(&v, FINDING_FLAGS, 2);
	assert_int_equal(f->views, 1U << TRACED | 1U << KERNEL);

	/* ... but what lies under it by now is another matter */
	v.map.ranges[0].end = HVA + 2 * MiB;
	views_check(&v);
	for (size_t i = 0; i < v.found.nr; i++)
		assert_false(v.found.items[i].id == FINDING_UNBACKED &&
			     v.found.items[i].as_id == 0);
	views_deinit(&v);
}

/* Nobody knows what moved: that address space, and no other */
static void a_restless_address_space(void **unused)
{
	const struct restless restless = { 0, -1, 0, 0, 0 };
	const struct finding *f;
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	v.view[TRACED].slots = NULL;
	v.input.restless = &restless;
	v.input.nr_restless = 1;
	slot_drop(&v, KERNEL, 0, MiB);
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "address space 0"));
	assert_int_equal(check_rows(&v.made, &rows), 0);
	for (size_t i = 0; i < rows.nr; i++)
		assert_int_equal(rows.rows[i].verdict,
				 rows.rows[i].as_id ? ROW_AGREE :
						      ROW_NOT_COMPARED);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

/* An update was under way, and somebody knows of what */
static void an_update_of_a_known_slot(void **unused)
{
	const struct restless restless = { 0, 2, MiB, 255 * MiB, 1 };
	struct views v;

	views_pc(&v);
	v.state[KERNEL].as[0].updating = true;
	v.state[TRACED].as[0].generation = 22;
	views_check(&v);
	assert_non_null(strstr(only(&v, FINDING_UNREAD, 1)->sentence,
			       "an update of address space 0"));
	v.input.restless = &restless;
	v.input.nr_restless = 1;
	slot_drop(&v, MODEL, 0, 0);
	views_check(&v);
	assert_place(only(&v, FINDING_UNREAD, 2), 0, MiB, 255 * MiB);
	assert_place(only(&v, FINDING_EXTRA, 2), 0, 0, 640 * KiB);
	views_deinit(&v);
}

/*
 * Read while a slot changed: one that is as it was before beside one as it is
 * after is no mismatch, whatever generation they bear
 */
static void a_torn_view_is_of_no_moment(void **unused)
{
	const struct restless restless = { 0, 2, MiB, 255 * MiB, 7 };
	struct views v;

	views_pc(&v);
	v.state[KERNEL].as[0].torn = true;
	slot_at(&v, KERNEL, 0, MiB)->flags = SLOT_LOG_DIRTY;
	slot_at(&v, KERNEL, 0, MiB)->hva += MiB;
	views_check(&v);
	assert_non_null(strstr(only(&v, FINDING_UNREAD, 1)->sentence,
			       "address space 0"));
	assert_int_equal(findings_exit_status(&v.found), 2);
	/* the other space is compared */
	slot_drop(&v, KERNEL, 1, 0);
	views_check(&v);
	assert_int_equal(only(&v, FINDING_MISSING, 2)->as_id, 1);
	views_deinit(&v);

	/* ... and so is, where it is known what changed, all else */
	views_pc(&v);
	v.state[KERNEL].as[0].torn = true;
	v.state[KERNEL].as[0].generation = 22;
	v.input.restless = &restless;
	v.input.nr_restless = 1;
	slot_drop(&v, KERNEL, 0, MiB);
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_UNKNOWN), 2);
	assert_int_equal(v.found.nr, 2);
	assert_compared(&v, "MODEL-KERNEL, TRACED-KERNEL, KERNEL-BACKING");
	v.view[MODEL].slots = NULL;
	slot_at(&v, KERNEL, 0, 0)->flags = SLOT_LOG_DIRTY;
	views_check(&v);
	assert_place(only(&v, FINDING_FLAGS, 3), 0, 0, 640 * KiB);
	views_deinit(&v);

	/* a slot that moved while it was read is there twice */
	views_pc(&v);
	v.state[KERNEL].as[0].torn = true;
	state_add(&v.state[KERNEL],
		  slot_of(0, 1, MiB - 64 * KiB, 128 * KiB, HVA, 0));
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_UNKNOWN), v.found.nr);
	for (size_t i = 0; i < v.found.nr; i++)
		assert_null(strstr(v.found.items[i].sentence, "never"));
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_rest),
		cmocka_unit_test(the_log_tells_which),
		cmocka_unit_test(one_that_is_under_way),
		cmocka_unit_test(without_proof_all_is_restless),
		cmocka_unit_test(without_generations_slots_are_compared),
		cmocka_unit_test(only_the_restless_cannot_be_told),
		cmocka_unit_test(a_restless_address_space),
		cmocka_unit_test(an_update_of_a_known_slot),
		cmocka_unit_test(a_torn_view_is_of_no_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
