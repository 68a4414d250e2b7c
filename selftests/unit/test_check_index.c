// SPDX-License-Identifier: GPL-2.0-or-later
/* What an audit of KVM's own indexes comes to beside the views */
#include "check_make.h"

/* As KVM's module tells of slot 2 of address space 0, 255 MiB at 1 MiB */
static const struct index_fault slot_2 = { .slot_id = 2, .gpa = MiB };

static struct index_fault of_slot_2(uint32_t kind)
{
	struct index_fault fault = slot_2;

	fault.kind = kind;
	return fault;
}

static void audit_is(struct views *v, struct index_audit *audit,
		     struct index_fault *faults, size_t nr)
{
	*audit = (struct index_audit){
		.faults = faults, .nr = nr, .nr_all = nr, .nr_slots = 5
	};
	v->view[KERNEL].audit = audit;
}

static void a_whole_kvm(void **unused)
{
	struct index_audit audit;
	struct views v;

	views_pc(&v);
	audit_is(&v, &audit, NULL, 0);
	views_check(&v);
	none_found(&v);
	assert_int_equal(findings_exit_status(&v.found), 0);
	views_deinit(&v);
}

/* Ids and hvas find no slot for a view: all is compared as ever, and agrees */
static void indexes_that_serve_kvm_alone(void **unused)
{
	static const struct {
		uint32_t kind;
		const char *says;
		uint64_t seen, expected;
	} try[] = {
		{ INDEX_ID_HASH, "id hash does not find it", 0, 0 },
		{ INDEX_ID_HASH, "bucket 3 of the id hash, and belongs in 2", 3,
		  2 },
		{ INDEX_HVA_TREE, "not in the hva tree", 0, 0 },
		{ INDEX_HVA_RANGE, "address 0x1000, the slot itself at 0x2000",
		  0x1000, 0x2000 },
		{ INDEX_HVA_ORDER, "not in order (0x1000 where 0x2000", 0x1000,
		  0x2000 },
		{ INDEX_SETS, "next change does not have it", 1, 0 },
		{ INDEX_SETS, "set in use does not have it", 0, 1 },
		{ INDEX_SETS, "different ones", 1, 1 },
	};
	struct index_audit audit;
	struct index_fault fault;
	const struct finding *f;
	struct check_rows rows;
	struct views v;

	for (size_t i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		views_pc(&v);
		fault = of_slot_2(try[i].kind);
		fault.seen = try[i].seen;
		fault.expected = try[i].expected;
		audit_is(&v, &audit, &fault, 1);
		views_check(&v);
		f = only(&v, FINDING_INDEX, 1);
		assert_place(f, 0, MiB, 255 * MiB);
		assert_int_equal(f->slot_id, 2);
		assert_int_equal(f->views, 1U << KERNEL);
		if (!strstr(f->sentence, try[i].says) ||
		    !strstr(f->sentence,
			    "slot 2 at 0x100000 of address space 0"))
			fail_msg("%s", f->sentence);
		assert_int_equal(findings_exit_status(&v.found), 1);
		assert_compared(&v, "MODEL-KERNEL, TRACED-KERNEL, "
				    "KERNEL-BACKING");
		assert_true(v.made.pairs[0].agree.nr >= 3);
		/* the row of that slot says it */
		assert_int_equal(check_rows(&v.made, &rows), 0);
		for (size_t r = 0; r < rows.nr; r++)
			assert_int_equal(
				rows.rows[r].verdict,
				!rows.rows[r].as_id && rows.rows[r].gpa == MiB ?
					ROW_FINDING :
					ROW_AGREE);
		check_rows_deinit(&rows);
		views_deinit(&v);
	}
}

/*
 * BPF walks the hash of ids, and what a log that began late has from before is what
 * that walk found
 */
static void a_log_that_began_late(void **unused)
{
	struct index_fault fault = of_slot_2(INDEX_ID_HASH);
	struct index_audit audit;
	struct views v;

	views_pc(&v);
	slot_drop(&v, TRACED, 0, MiB);
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	assert_place(only(&v, FINDING_INDEX, 1), 0, MiB, 255 * MiB);
	/* ... there alone */
	slot_drop(&v, TRACED, 0, 0);
	views_check(&v);
	only(&v, FINDING_INDEX, 2);
	assert_place(only(&v, FINDING_EXTRA, 2), 0, 0, 640 * KiB);
	views_deinit(&v);

	/* one that saw the VM made needs no hash */
	views_pc(&v);
	v.state[TRACED].whole_life = true;
	slot_drop(&v, TRACED, 0, MiB);
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	only(&v, FINDING_INDEX, 2);
	only(&v, FINDING_EXTRA, 2);
	/* nor the tree of gfns */
	v.state[TRACED].whole_life = false;
	fault.kind = INDEX_GFN_ORDER;
	v.view[KERNEL].slots = NULL;
	v.view[KERNEL].unread = "damaged";
	views_check(&v);
	only(&v, FINDING_MISSING, 3);
	views_deinit(&v);
}

/* What differs beside is a mismatch of its own */
static void a_wrong_hva_is_still_found(void **unused)
{
	struct index_fault fault = of_slot_2(INDEX_HVA_RANGE);
	struct index_audit audit;
	struct views v;

	views_pc(&v);
	v.view[BACKING].map = NULL;
	slot_at(&v, KERNEL, 0, MiB)->hva += 4 * KiB;
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	only(&v, FINDING_INDEX, 2);
	only(&v, FINDING_WRONG_HVA, 2);
	views_deinit(&v);
}

/* The walk finds slots by the gfn tree: what that lacks is not called missing */
static void a_slot_that_the_walk_cannot_find(void **unused)
{
	struct index_fault fault = of_slot_2(INDEX_GFN_TREE);
	struct index_audit audit;
	const struct finding *f;
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	slot_drop(&v, KERNEL, 0, MiB);
	views_check(&v);
	only(&v, FINDING_MISSING, 1);
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	f = only(&v, FINDING_INDEX, 1);
	assert_non_null(strstr(f->sentence, "not in the gfn tree"));
	/* up to the next slot: how large it is is not known */
	assert_place(f, 0, MiB, 4 * GiB - 256 * KiB - MiB);
	assert_int_equal(findings_exit_status(&v.found), 1);

	/* KERNEL speaks for all but that, and there alone says nothing */
	assert_int_equal(check_rows(&v.made, &rows), 0);
	for (size_t i = 0; i < rows.nr; i++) {
		bool there = !rows.rows[i].as_id && rows.rows[i].gpa == MiB;
		const struct row_cell *cell =
			check_row_cell(&rows, &rows.rows[i], KERNEL);

		assert_int_equal(cell->kind,
				 there ? ROW_CELL_ABSENT : ROW_CELL_SLOT);
		assert_int_equal(rows.rows[i].verdict,
				 there ? ROW_FINDING : ROW_AGREE);
	}
	check_rows_deinit(&rows);

	/* elsewhere nothing is forgiven */
	slot_drop(&v, KERNEL, 0, 0);
	views_check(&v);
	only(&v, FINDING_INDEX, 2);
	only(&v, FINDING_MISSING, 2);

	/* nor if it is the set for the next change that lacks it */
	fault.inactive = true;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_MISMATCH), 3);
	for (size_t i = 0; i < v.found.nr; i++)
		if (v.found.items[i].id == FINDING_INDEX)
			f = &v.found.items[i];
	assert_non_null(
		strstr(f->sentence, "set that the next change is prepared in"));
	views_deinit(&v);
}

/* The last and only slot, at address 0: all of the address space */
static void nothing_is_left_of_it(void **unused)
{
	struct index_fault fault = { .kind = INDEX_GFN_TREE, .as_id = 1 };
	struct index_audit audit;
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_drop(&v, KERNEL, 1, 0);
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	f = only(&v, FINDING_INDEX, 1);
	assert_place(f, 1, 0, UINT64_MAX);
	views_deinit(&v);
}

static void a_tree_without_order(void **unused)
{
	static const uint32_t kinds[] = { INDEX_SLOT, INDEX_GFN_ORDER,
					  INDEX_LOOP, 999 };
	struct index_audit audit;
	struct index_fault fault;
	struct views v;

	for (size_t i = 0; i < 4; i++) {
		views_pc(&v);
		/* of address space 0 nothing is believed, of the other all is */
		slot_drop(&v, KERNEL, 0, 0);
		slot_at(&v, KERNEL, 0, MiB)->hva += 4 * KiB;
		fault = of_slot_2(kinds[i]);
		audit_is(&v, &audit, &fault, 1);
		views_check(&v);
		only(&v, FINDING_INDEX, 1);
		slot_at(&v, KERNEL, 1, 0)->hva += 4 * KiB;
		v.view[BACKING].map = NULL;
		views_check(&v);
		only(&v, FINDING_INDEX, 2);
		assert_place(only(&v, FINDING_WRONG_HVA, 2), 1, 0, 256 * MiB);
		views_deinit(&v);
	}
}

static void a_count_is_of_no_slot(void **unused)
{
	struct index_fault fault = { .kind = INDEX_NR_PAGES,
				     .slot_id = -1,
				     .seen = 12345,
				     .expected = 131232 };
	struct index_audit audit;
	const struct finding *f;
	struct views v;

	views_pc(&v);
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	f = only(&v, FINDING_INDEX, 1);
	assert_int_equal(f->size, 0);
	assert_int_equal(f->slot_id, -1);
	assert_non_null(strstr(f->sentence, "12345 pages"));
	assert_non_null(strstr(f->sentence, "131232"));
	views_deinit(&v);
}

static void of_one_slot_the_first_is_the_cause(void **unused)
{
	struct index_fault faults[] = { of_slot_2(INDEX_ID_HASH),
					of_slot_2(INDEX_SETS),
					of_slot_2(INDEX_SETS) };
	struct index_audit audit;
	struct views v;

	faults[2].slot_id = 3;
	faults[2].gpa = 4 * GiB - 256 * KiB;
	views_pc(&v);
	audit_is(&v, &audit, faults, 3);
	views_check(&v);
	assert_int_equal(v.found.nr, 3);
	assert_int_equal(v.found.items[0].cause, FINDING_NO_CAUSE);
	assert_int_equal(v.found.items[1].cause, 0);
	assert_int_equal(v.found.items[2].cause, FINDING_NO_CAUSE);
	views_deinit(&v);
}

/* More faults than were told may be of any slot */
static void faults_that_are_not_told(void **unused)
{
	struct index_fault fault = of_slot_2(INDEX_ID_HASH);
	struct index_audit audit;
	struct views v;

	views_pc(&v);
	slot_drop(&v, KERNEL, 0, 0);
	audit_is(&v, &audit, &fault, 1);
	audit.nr_all = 300;
	views_check(&v);
	only(&v, FINDING_INDEX, 2);
	assert_non_null(strstr(only(&v, FINDING_LOST, 2)->sentence,
			       "300 faults, and 1 "));
	/* ... even if none was */
	audit.nr = 0;
	views_check(&v);
	only(&v, FINDING_LOST, 1);
	assert_int_equal(findings_exit_status(&v.found), 2);
	views_deinit(&v);
}

/* What nobody looked at is no agreement, where it was asked for */
static void an_audit_that_could_not_be_had(void **unused)
{
	struct index_audit audit = { .unread = "out of memory" };
	const struct finding *f;
	struct views v;

	views_pc(&v);
	v.view[KERNEL].audit = &audit;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "out of memory"));
	assert_int_equal(findings_exit_status(&v.found), 2);
	assert_compared(&v, "MODEL-KERNEL, TRACED-KERNEL, KERNEL-BACKING");

	/* KERNEL could not be read either: once is enough */
	v.view[KERNEL].slots = NULL;
	v.view[KERNEL].unread = "no such VM";
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);

	/* no way to it is less coverage */
	v.view[KERNEL].unread = NULL;
	v.view[KERNEL].slots = &v.state[KERNEL];
	audit = (struct index_audit){ .none = "BPF cannot" };
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* What is damaged is why the slots could not be read */
static void a_view_that_could_not_be_read_for_it(void **unused)
{
	struct index_fault fault = of_slot_2(INDEX_SLOT);
	struct index_audit audit;
	const struct finding *f;
	struct views v;

	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	v.view[KERNEL].unread = "what is in it makes no sense";
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	only(&v, FINDING_INDEX, 2);
	f = only(&v, FINDING_UNREAD, 2);
	assert_int_equal(f->cause, 0);
	assert_int_equal(findings_exit_status(&v.found), 1);

	/* that has nothing to do with a count */
	fault.kind = INDEX_NR_PAGES;
	views_check(&v);
	assert_int_equal(only(&v, FINDING_UNREAD, 2)->cause, FINDING_NO_CAUSE);
	views_deinit(&v);
}

/* An audit is of one moment by itself: what moved elsewhere takes nothing from it */
static void while_slots_move(void **unused)
{
	static const struct restless restless = { .slot_id = -1 };
	struct index_fault fault = of_slot_2(INDEX_HVA_RANGE);
	struct index_audit audit;
	struct views v;

	views_pc(&v);
	v.input.restless = &restless;
	v.input.nr_restless = 1;
	fault.gpa = 2 * MiB; /* the slot was there, a moment ago */
	audit_is(&v, &audit, &fault, 1);
	views_check(&v);
	assert_int_equal(only(&v, FINDING_INDEX, 2)->size, 0);
	only(&v, FINDING_UNREAD, 2);
	assert_int_equal(findings_exit_status(&v.found), 1);

	/* another one is there by now */
	fault = of_slot_2(INDEX_HVA_RANGE);
	fault.slot_id = 7;
	views_check(&v);
	assert_int_equal(only(&v, FINDING_INDEX, 2)->size, 0);
	assert_int_equal(only(&v, FINDING_INDEX, 2)->slot_id, 7);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_kvm),
		cmocka_unit_test(indexes_that_serve_kvm_alone),
		cmocka_unit_test(a_log_that_began_late),
		cmocka_unit_test(a_wrong_hva_is_still_found),
		cmocka_unit_test(a_slot_that_the_walk_cannot_find),
		cmocka_unit_test(nothing_is_left_of_it),
		cmocka_unit_test(a_tree_without_order),
		cmocka_unit_test(a_count_is_of_no_slot),
		cmocka_unit_test(of_one_slot_the_first_is_the_cause),
		cmocka_unit_test(faults_that_are_not_told),
		cmocka_unit_test(an_audit_that_could_not_be_had),
		cmocka_unit_test(a_view_that_could_not_be_read_for_it),
		cmocka_unit_test(while_slots_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
