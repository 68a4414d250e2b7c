// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of the table */
#include <errno.h>

#include "check_make.h"

static void rows_of(struct views *v, struct check_rows *rows)
{
	views_check(v);
	assert_int_equal(check_rows(&v->made, rows), 0);
}

static const struct row_cell *cell_of(const struct check_rows *rows, size_t row,
				      size_t view)
{
	return check_row_cell(rows, &rows->rows[row], view);
}

static void assert_row(const struct check_rows *rows, size_t i, int as_id,
		       gpa_t gpa, uint64_t size, enum row_verdict verdict)
{
	const struct check_row *row = &rows->rows[i];

	assert_true(i < rows->nr);
	if (row->as_id != as_id || row->gpa != gpa || row->size != size ||
	    row->verdict != verdict)
		fail_msg("row %zu is %d:%llx+%llx %d, not %d:%llx+%llx %d", i,
			 row->as_id, (unsigned long long)row->gpa,
			 (unsigned long long)row->size, row->verdict, as_id,
			 (unsigned long long)gpa, (unsigned long long)size,
			 verdict);
}

static void one_row_a_range(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 5);
	assert_row(&rows, 0, 0, 0, 640 * KiB, ROW_AGREE);
	assert_row(&rows, 1, 0, MiB - 128 * KiB, 128 * KiB, ROW_AGREE);
	assert_row(&rows, 2, 0, MiB, 255 * MiB, ROW_AGREE);
	assert_row(&rows, 3, 0, 4 * GiB - 256 * KiB, 256 * KiB, ROW_AGREE);
	assert_row(&rows, 4, 1, 0, 256 * MiB, ROW_AGREE);
	for (int view = 0; view < SLOT_VIEWS; view++) {
		assert_int_equal(cell_of(&rows, 1, view)->kind, ROW_CELL_SLOT);
		assert_int_equal(cell_of(&rows, 1, view)->offset, 0);
	}
	assert_int_equal(cell_of(&rows, 1, KERNEL)->slot->id, 1);
	assert_int_equal(cell_of(&rows, 1, BACKING)->kind, ROW_CELL_MAPPED);
	assert_string_equal(cell_of(&rows, 1, BACKING)->range->path,
			    "/bios.bin");
	assert_int_equal(cell_of(&rows, 1, BACKING)->offset, 128 * KiB);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

/* A hole in the backing and a short slot: rows end where verdicts do */
static void rows_end_where_the_verdict_does(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, 16 * MiB, HVA, 0);
	kvm_add(&v, 0, 0, 0, 15 * MiB, HVA, 0);
	map_add(&v, HVA, 4 * MiB, "rwp", NULL);
	map_add(&v, HVA + 6 * MiB, 10 * MiB, "rwp", NULL);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 4);
	assert_row(&rows, 0, 0, 0, 4 * MiB, ROW_AGREE);
	assert_row(&rows, 1, 0, 4 * MiB, 2 * MiB, ROW_FINDING);
	assert_int_equal(v.found.items[rows.rows[1].finding].id,
			 FINDING_UNBACKED);
	assert_int_equal(cell_of(&rows, 1, BACKING)->kind, ROW_CELL_NONE);
	assert_row(&rows, 2, 0, 6 * MiB, 9 * MiB, ROW_AGREE);
	assert_int_equal(cell_of(&rows, 2, MODEL)->offset, 6 * MiB);
	assert_row(&rows, 3, 0, 15 * MiB, MiB, ROW_FINDING);
	assert_int_equal(v.found.items[rows.rows[3].finding].id,
			 FINDING_EXTENT);
	assert_int_equal(cell_of(&rows, 3, MODEL)->kind, ROW_CELL_SLOT);
	assert_int_equal(cell_of(&rows, 3, KERNEL)->kind, ROW_CELL_NONE);
	assert_int_equal(cell_of(&rows, 3, BACKING)->kind, ROW_CELL_ABSENT);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

static void neighbours_become_one(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_init(&v);
	v.view[TRACED].slots = NULL;
	/* flat ranges and mappings that go on, under one slot */
	model_add(&v, 0, "ram", 0, MiB, HVA, 0);
	model_add(&v, 0, "ram", MiB, MiB, HVA + MiB, 0);
	state_add(&v.state[KERNEL], slot_of(0, 0, 0, 2 * MiB, HVA, 0));
	map_add(&v, HVA, 512 * KiB, "rwp", NULL);
	map_add(&v, HVA + 512 * KiB, 3 * MiB, "rwp", NULL);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 1);
	assert_row(&rows, 0, 0, 0, 2 * MiB, ROW_AGREE);
	check_rows_deinit(&rows);

	/* two slots stay two rows: they have numbers */
	slot_at(&v, KERNEL, 0, 0)->size = MiB;
	state_add(&v.state[KERNEL], slot_of(0, 1, MiB, MiB, HVA + MiB, 0));
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 2);
	check_rows_deinit(&rows);
	views_deinit(&v);

	/* other rights are another mapping */
	views_init(&v);
	v.view[TRACED].slots = NULL;
	v.view[MODEL].slots = NULL;
	state_add(&v.state[KERNEL],
		  slot_of(0, 0, 0, 2 * MiB, HVA, SLOT_READONLY));
	map_add(&v, HVA, MiB, "rwp", NULL);
	map_add(&v, HVA + MiB, MiB, "r-p", NULL);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 2);
	assert_row(&rows, 1, 0, MiB, MiB, ROW_AGREE);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

static void views_that_do_not_cover_are_absent(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	v.view[BACKING].map = NULL;
	v.state[MODEL].as[1].covered = false;
	slot_drop(&v, MODEL, 1, 0);
	v.view[TRACED].slots = NULL;
	rows_of(&v, &rows);
	assert_row(&rows, 4, 1, 0, 256 * MiB, ROW_NOT_COMPARED);
	assert_int_equal(cell_of(&rows, 4, MODEL)->kind, ROW_CELL_ABSENT);
	assert_int_equal(cell_of(&rows, 4, TRACED)->kind, ROW_CELL_ABSENT);
	assert_int_equal(cell_of(&rows, 4, BACKING)->kind, ROW_CELL_ABSENT);
	check_rows_deinit(&rows);

	/* a blind range of one view cuts the row */
	v.view[TRACED].slots = &v.state[TRACED];
	assert_int_equal(coverage_add_blind(&v.state[TRACED].coverage, 0,
					    2 * MiB, MiB, "late"),
			 0);
	slot_drop(&v, TRACED, 0, MiB);
	views_check(&v);
	rows_of(&v, &rows);
	assert_row(&rows, 2, 0, MiB, MiB, ROW_FINDING);
	assert_row(&rows, 3, 0, 2 * MiB, MiB, ROW_AGREE);
	assert_int_equal(cell_of(&rows, 3, TRACED)->kind, ROW_CELL_ABSENT);
	assert_row(&rows, 4, 0, 3 * MiB, 253 * MiB, ROW_FINDING);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

static void own_and_moving_slots(void **unused)
{
	struct slot own = slot_of(0, 32765, GiB, 12 * KiB, HVA, 0);
	struct check_rows rows;
	struct views v;

	own.hidden = true;
	views_pc(&v);
	slot_at(&v, KERNEL, 1, 0)->flags = SLOT_INVALID;
	state_add(&v.state[KERNEL], own);
	rows_of(&v, &rows);
	assert_row(&rows, 3, 0, GiB, 12 * KiB, ROW_OWN);
	/* an unknown, and so a finding */
	assert_row(&rows, 5, 1, 0, 256 * MiB, ROW_FINDING);
	assert_int_equal(v.found.items[rows.rows[5].finding].id,
			 FINDING_UNREAD);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

/* What follows from a failure says more of a row than the failure */
static void the_consequence_is_shown(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	log_request(&v.log, 4, slot_of(0, 2, MiB, 255 * MiB, HVA + MiB, 0),
		    -EINVAL);
	/* and a refusal without consequence does not show at all */
	log_request(&v.log, 5, slot_of(0, 7, 0, 4 * KiB, HVA, 0), -EEXIST);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 5);
	assert_row(&rows, 0, 0, 0, 640 * KiB, ROW_AGREE);
	assert_row(&rows, 2, 0, MiB, 255 * MiB, ROW_FINDING);
	assert_int_equal(v.found.items[rows.rows[2].finding].id,
			 FINDING_MISSING);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

/* No row of these may say that anything agrees */
static void assert_no_agreement(struct views *v)
{
	struct check_rows rows;

	rows_of(v, &rows);
	assert_true(rows.nr > 0);
	for (size_t i = 0; i < rows.nr; i++)
		assert_int_not_equal(rows.rows[i].verdict, ROW_AGREE);
	assert_int_not_equal(findings_exit_status(&v->found), 0);
	check_rows_deinit(&rows);
}

/* What may not be trusted agrees with nothing, in rows as in findings */
static void agreement_is_earned(void **unused)
{
	struct views v;

	/* TRACED says that the VM is gone; the MODEL has RAM */
	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	while (v.state[TRACED].nr_slots)
		slot_drop(&v, TRACED, v.state[TRACED].slots->as_id,
			  v.state[TRACED].slots->gpa);
	v.state[TRACED].gone = true;
	assert_no_agreement(&v);
	views_deinit(&v);

	/* ... or still has the slots that it had */
	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	v.state[TRACED].gone = true;
	assert_no_agreement(&v);
	views_deinit(&v);

	/* KERNEL was cut off, and has no slot there */
	views_pc(&v);
	v.view[TRACED].slots = NULL;
	v.view[BACKING].map = NULL;
	while (v.state[KERNEL].nr_slots)
		slot_drop(&v, KERNEL, v.state[KERNEL].slots->as_id,
			  v.state[KERNEL].slots->gpa);
	v.state[KERNEL].coverage.truncated = true;
	assert_no_agreement(&v);
	v.state[KERNEL].coverage.truncated = false;
	v.state[KERNEL].coverage.lost = 1;
	assert_no_agreement(&v);
	views_deinit(&v);

	/* generations differ, and one has a slot where the other has none */
	views_pc(&v);
	v.view[MODEL].slots = NULL;
	v.view[BACKING].map = NULL;
	slot_drop(&v, TRACED, 0, MiB);
	v.state[TRACED].as[0].generation = 18;
	v.state[TRACED].as[1].generation = 19;
	assert_no_agreement(&v);
	views_deinit(&v);

	/* one does not know sizes */
	views_pc(&v);
	v.view[TRACED].slots = NULL;
	v.state[KERNEL].coverage.fields &= ~SLOT_FIELD_SIZE;
	v.view[BACKING].map = NULL;
	assert_no_agreement(&v);
	views_deinit(&v);

	/* two slots over each other are no state of a VM */
	views_pc(&v);
	v.view[TRACED].slots = NULL;
	state_add(&v.state[KERNEL], slot_of(0, 9, 4 * KiB, 4 * KiB, HVA, 0));
	assert_no_agreement(&v);
	views_deinit(&v);

	/* the views are of no one moment */
	views_pc(&v);
	v.view[TRACED].slots = NULL;
	v.input.unsettled = "it died";
	assert_no_agreement(&v);
	views_deinit(&v);

	/* events were lost, and nobody else is there but one */
	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	v.state[TRACED].coverage.lost = 1;
	assert_no_agreement(&v);
	views_deinit(&v);

	/* there is nothing but blindness */
	views_pc(&v);
	v.view[MODEL].slots = NULL;
	v.view[BACKING].map = NULL;
	for (int as_id = 0; as_id < 2; as_id++)
		assert_int_equal(coverage_add_blind(&v.state[TRACED].coverage,
						    as_id, 0, 8 * GiB, "late"),
				 0);
	assert_no_agreement(&v);
	views_deinit(&v);
}

/* A slot of which not all is known hides what may be there */
static void a_slot_of_unknown_size(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	v.view[TRACED].slots = NULL;
	v.view[BACKING].map = NULL;
	slot_at(&v, KERNEL, 0, MiB)->unknown = SLOT_FIELD_SIZE;
	rows_of(&v, &rows);
	assert_row(&rows, 0, 0, 0, 640 * KiB, ROW_AGREE);
	assert_row(&rows, 2, 0, MiB, 255 * MiB, ROW_NOT_COMPARED);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

/* Where it went nobody else has anything: no agreement there, either */
static void where_it_moved_to(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_pc(&v);
	v.view[TRACED].slots = NULL;
	slot_at(&v, KERNEL, 0, MiB)->gpa = GiB;
	rows_of(&v, &rows);
	only(&v, FINDING_MOVED, 1);
	assert_int_equal(rows.nr, 6);
	assert_row(&rows, 2, 0, MiB, 255 * MiB, ROW_FINDING);
	assert_row(&rows, 3, 0, GiB, 255 * MiB, ROW_FINDING);
	assert_int_equal(rows.rows[3].finding, 0);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

static void nothing_gives_no_rows(void **unused)
{
	struct check_rows rows;
	struct views v;

	views_init(&v);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 0);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

static void the_very_end(void **unused)
{
	const uint64_t top = 0xfffffffffffff000;
	struct check_rows rows;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "top", top, 4 * KiB, HVA, 0);
	kvm_add(&v, 0, 0, top, 4 * KiB, HVA, 0);
	model_add(&v, 1, "other", 0, 4 * KiB, HVA, 0);
	kvm_add(&v, 1, 0, 0, 4 * KiB, HVA, 0);
	rows_of(&v, &rows);
	assert_int_equal(rows.nr, 2);
	assert_row(&rows, 0, 0, top, 4 * KiB, ROW_AGREE);
	assert_row(&rows, 1, 1, 0, 4 * KiB, ROW_AGREE);
	check_rows_deinit(&rows);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row_a_range),
		cmocka_unit_test(rows_end_where_the_verdict_does),
		cmocka_unit_test(neighbours_become_one),
		cmocka_unit_test(views_that_do_not_cover_are_absent),
		cmocka_unit_test(own_and_moving_slots),
		cmocka_unit_test(the_consequence_is_shown),
		cmocka_unit_test(agreement_is_earned),
		cmocka_unit_test(a_slot_of_unknown_size),
		cmocka_unit_test(where_it_moved_to),
		cmocka_unit_test(nothing_gives_no_rows),
		cmocka_unit_test(the_very_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
