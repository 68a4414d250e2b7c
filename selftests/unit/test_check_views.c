// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MODEL, TRACED and KERNEL against each other. For each finding a case that
 * gives it, and the nearest one that must not.
 */
#include "check_make.h"

#define IN_MODEL  (1U << MODEL)
#define IN_TRACED (1U << TRACED)
#define IN_KERNEL (1U << KERNEL)

static void views_that_agree(void **unused)
{
	struct views v;

	views_pc(&v);
	views_check(&v);
	none_found(&v);
	assert_compared(&v, "MODEL-KERNEL, TRACED-KERNEL, KERNEL-BACKING");
	assert_int_equal(findings_exit_status(&v.found), 0);

	/* dirty logging is KVM's and the tracer's to know, not the MODEL's */
	slot_at(&v, KERNEL, 0, 0)->flags = SLOT_LOG_DIRTY;
	slot_at(&v, TRACED, 0, 0)->flags = SLOT_LOG_DIRTY;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* KVM limits a slot's size, and a VMM may put neighbours into one */
static void cut_and_merged_slots_agree(void **unused)
{
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, 64 * MiB, HVA, 0);
	kvm_add(&v, 0, 0, 0, 16 * MiB, HVA, 0);
	kvm_add(&v, 0, 1, 16 * MiB, 48 * MiB, HVA + 16 * MiB, 0);
	model_add(&v, 0, "a", GiB, MiB, HVA + GiB, 0);
	model_add(&v, 0, "b", GiB + MiB, MiB, HVA + GiB + MiB, 0);
	kvm_add(&v, 0, 2, GiB, 2 * MiB, HVA + GiB, 0);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void missing(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, MiB);
	views_check(&v);
	f = only(&v, FINDING_MISSING, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, -1);
	assert_true(f->hva == HVA + MiB);
	assert_int_equal(f->views, IN_MODEL | IN_KERNEL);
	assert_says(&v, f, MODEL, "pc.ram");
	assert_says(&v, f, TRACED, "no slot");
	assert_says(&v, f, KERNEL, "no slot");
	assert_says(&v, f, BACKING, "rwp anonymous memory");
	assert_non_null(strstr(f->sentence, "0x100000-0xfffffff (255 MiB)"));
	assert_int_equal(f->cause, FINDING_NO_CAUSE);
	assert_int_equal(findings_exit_status(&v.found), 1);

	/* the MODEL does not speak for it: nothing can be missing */
	slot_drop(&v, MODEL, 0, MiB);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* Flat ranges side by side, of one name: one thing to people */
static void missing_neighbours_are_one(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, MiB, HVA, 0);
	model_add(&v, 0, "ram", MiB, MiB, HVA + MiB, SLOT_READONLY);
	model_add(&v, 0, "ram", 2 * MiB, MiB, HVA + 2 * MiB, 0);
	views_check(&v);
	f = only(&v, FINDING_MISSING, 1);
	assert_place(f, 0, 0, 3 * MiB);

	/* other memory beside it is another thing */
	model_add(&v, 0, "vram", 3 * MiB, MiB, HVA + GiB, 0);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_place(&v.found.items[0], 0, 0, 3 * MiB);
	assert_place(&v.found.items[1], 0, 3 * MiB, MiB);
	views_deinit(&v);
}

static void missing_from_kernel_alone(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_drop(&v, KERNEL, 0, 0);
	views_check(&v);
	/* MODEL and TRACED both have it: one finding, three views */
	f = only(&v, FINDING_MISSING, 1);
	assert_int_equal(f->views, IN_MODEL | IN_TRACED | IN_KERNEL);
	assert_says(&v, f, TRACED, "slot 0");

	/* without a MODEL the tracer's word stands */
	model_lacks(&v);
	views_check(&v);
	f = only(&v, FINDING_MISSING, 1);
	assert_int_equal(f->views, IN_TRACED | IN_KERNEL);
	assert_place(f, 0, 0, 640 * KiB);
	assert_int_equal(f->slot_id, 0);
	views_deinit(&v);
}

static void extra(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_add(&v, 0, 9, 3 * GiB, MiB, HVA + 8 * GiB, 0);
	map_add(&v, HVA + 8 * GiB, MiB, "rwp", NULL);
	views_check(&v);
	f = only(&v, FINDING_EXTRA, 1);
	assert_place(f, 0, 3 * GiB, MiB);
	assert_int_equal(f->slot_id, 9);
	assert_int_equal(f->views, IN_MODEL | IN_KERNEL);
	assert_says(&v, f, MODEL, "no RAM");
	assert_says(&v, f, KERNEL, "slot 9");

	/* KVM's own slot needs no explanation */
	slot_at(&v, KERNEL, 0, 3 * GiB)->hidden = true;
	slot_at(&v, TRACED, 0, 3 * GiB)->hidden = true;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void extra_in_kernel_alone(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_drop(&v, TRACED, 0, MiB);
	views_check(&v);
	f = only(&v, FINDING_EXTRA, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->views, IN_TRACED | IN_KERNEL);

	/* a tracer that came late does not know of it */
	assert_int_equal(coverage_add_blind(&v.state[TRACED].coverage, 0, MiB,
					    255 * MiB, "late"),
			 0);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void moved(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->gpa = GiB;
	slot_at(&v, TRACED, 0, MiB)->gpa = GiB;
	views_check(&v);
	f = only(&v, FINDING_MOVED, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_true(f->hva == HVA + MiB);
	assert_non_null(strstr(f->sentence, "0x40000000"));
	assert_says(&v, f, KERNEL, "no slot");

	/* elsewhere, but other memory: that is no move */
	slot_at(&v, KERNEL, 0, GiB)->hva = HVA + 8 * GiB;
	slot_at(&v, TRACED, 0, GiB)->hva = HVA + 8 * GiB;
	map_add(&v, HVA + 8 * GiB, GiB, "rwp", NULL);
	views_check(&v);
	only(&v, FINDING_MISSING, 2);
	only(&v, FINDING_EXTRA, 2);
	views_deinit(&v);
}

/* By less than its size: it overlaps where it should be */
static void moved_a_little(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->gpa = 2 * MiB;
	slot_at(&v, TRACED, 0, MiB)->gpa = 2 * MiB;
	views_check(&v);
	f = only(&v, FINDING_MOVED, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	views_deinit(&v);
}

static void swapped(void **unused)
{
	struct views v;

	views_init(&v);
	model_add(&v, 0, "a", 0, MiB, HVA, 0);
	model_add(&v, 0, "b", MiB, MiB, HVA + GiB, 0);
	kvm_add(&v, 0, 0, 0, MiB, HVA + GiB, 0);
	kvm_add(&v, 0, 1, MiB, MiB, HVA, 0);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_int_equal(v.found.items[0].id, FINDING_MOVED);
	assert_place(&v.found.items[0], 0, 0, MiB);
	assert_int_equal(v.found.items[1].id, FINDING_MOVED);
	assert_place(&v.found.items[1], 0, MiB, MiB);
	views_deinit(&v);
}

/* Part of it moved: what is left hangs beneath that */
static void moved_in_part(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, 4 * MiB, HVA, 0);
	kvm_add(&v, 0, 0, GiB, MiB, HVA + MiB, 0);
	views_check(&v);
	f = only(&v, FINDING_MOVED, 3);
	assert_place(f, 0, MiB, MiB);
	assert_int_equal(v.found.items[0].id, FINDING_EXTENT);
	assert_place(&v.found.items[0], 0, 0, MiB);
	assert_ptr_equal(&v.found.items[v.found.items[0].cause], f);
	assert_int_equal(v.found.items[2].id, FINDING_EXTENT);
	assert_place(&v.found.items[2], 0, 2 * MiB, 2 * MiB);
	assert_ptr_equal(&v.found.items[v.found.items[2].cause], f);
	views_deinit(&v);
}

static void wrong_hva(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->hva += GiB;
	slot_at(&v, TRACED, 0, MiB)->hva += GiB;
	map_add(&v, HVA + GiB, 257 * MiB, "rwp", NULL);
	/* keep the map in order */
	v.map.ranges[2] = v.map.ranges[1];
	v.map.ranges[1] = (struct host_range){ .start = HVA + GiB,
					       .end = HVA + GiB + 257 * MiB,
					       .read = true,
					       .write = true };
	views_check(&v);
	f = only(&v, FINDING_WRONG_HVA, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_non_null(strstr(f->sentence, "0x7f0000100000"));
	assert_non_null(strstr(f->sentence, "0x7f0040100000"));
	assert_says(&v, f, MODEL, "0x7f0000100000");
	assert_says(&v, f, KERNEL, "0x7f0040100000");

	/* a MODEL that does not know host addresses cannot contradict */
	v.state[MODEL].coverage.fields &= ~SLOT_FIELD_HVA;
	views_check(&v);
	none_found(&v);
	v.state[MODEL].coverage.fields |= SLOT_FIELD_HVA;
	slot_at(&v, MODEL, 0, MiB)->unknown = SLOT_FIELD_HVA;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* Shifted host memory under the same range: one thing, not a move of a part */
static void wrong_hva_by_a_page(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, MiB, HVA, 0);
	kvm_add(&v, 0, 0, 0, MiB, HVA + 4 * KiB, 0);
	views_check(&v);
	f = only(&v, FINDING_WRONG_HVA, 1);
	assert_place(f, 0, 0, MiB);
	views_deinit(&v);
}

/* Foreign memory where the one that should be there went elsewhere */
static void wrong_hva_beneath_moved(void **unused)
{
	const struct finding *moved_one;
	const struct finding *wrong;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, MiB, HVA, 0);
	kvm_add(&v, 0, 0, GiB, MiB, HVA, 0);
	kvm_add(&v, 0, 1, 0, MiB, HVA + 4 * GiB, 0);
	views_check(&v);
	moved_one = only(&v, FINDING_MOVED, 2);
	wrong = only(&v, FINDING_WRONG_HVA, 2);
	assert_place(wrong, 0, 0, MiB);
	assert_ptr_equal(&v.found.items[wrong->cause], moved_one);
	views_deinit(&v);
}

static void extent_too_short(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->size -= 4 * KiB;
	slot_at(&v, TRACED, 0, MiB)->size -= 4 * KiB;
	views_check(&v);
	f = only(&v, FINDING_EXTENT, 1);
	assert_place(f, 0, 256 * MiB - 4 * KiB, 4 * KiB);
	assert_says(&v, f, KERNEL, "no slot");
	views_deinit(&v);
}

static void extent_too_long(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, 0)->size += 4 * KiB;
	slot_at(&v, TRACED, 0, 0)->size += 4 * KiB;
	views_check(&v);
	f = only(&v, FINDING_EXTENT, 1);
	assert_place(f, 0, 640 * KiB, 4 * KiB);
	assert_int_equal(f->slot_id, 0);
	assert_says(&v, f, MODEL, "no RAM");
	views_deinit(&v);
}

static void flags(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, 4 * GiB - 4 * KiB)->flags = 0;
	slot_at(&v, TRACED, 0, 4 * GiB - 4 * KiB)->flags = 0;
	v.map.ranges[1].write = true;
	views_check(&v);
	f = only(&v, FINDING_FLAGS, 1);
	assert_place(f, 0, 4 * GiB - 256 * KiB, 256 * KiB);
	assert_int_equal(f->slot_id, 3);
	assert_non_null(strstr(f->sentence, "read-only"));
	assert_non_null(strstr(f->sentence, "read-write"));

	/* not covered, not compared */
	v.state[MODEL].coverage.fields &= ~SLOT_FIELD_READONLY;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void dirty_log_differs(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, 0)->flags = SLOT_LOG_DIRTY;
	views_check(&v);
	f = only(&v, FINDING_FLAGS, 1);
	assert_int_equal(f->views, IN_TRACED | IN_KERNEL);
	assert_non_null(strstr(f->sentence, "dirty log"));

	slot_at(&v, TRACED, 0, 0)->unknown = SLOT_FIELD_LOG_DIRTY;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void slot_id(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->id = 7;
	views_check(&v);
	f = only(&v, FINDING_SLOT_ID, 1);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(f->slot_id, 7);
	assert_int_equal(f->views, IN_TRACED | IN_KERNEL);
	assert_says(&v, f, TRACED, "slot 2");
	assert_says(&v, f, KERNEL, "slot 7");

	/* not known, not compared */
	slot_at(&v, TRACED, 0, MiB)->id = -1;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void as_id(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, MiB, HVA, 0);
	model_add(&v, 1, "smram", 640 * KiB, 128 * KiB, HVA + GiB, 0);
	kvm_add(&v, 0, 0, 0, 640 * KiB, HVA, 0);
	kvm_add(&v, 0, 1, 768 * KiB, 256 * KiB, HVA + 768 * KiB, 0);
	kvm_add(&v, 1, 0, 640 * KiB, 128 * KiB, HVA + GiB, 0);
	/* the hole in space 0 holds what should be in it, but in space 1 */
	slot_at(&v, KERNEL, 1, 640 * KiB)->hva = HVA + 640 * KiB;
	slot_at(&v, TRACED, 1, 640 * KiB)->hva = HVA + 640 * KiB;
	views_check(&v);
	f = only(&v, FINDING_AS_ID, 2);
	assert_place(f, 0, 640 * KiB, 128 * KiB);
	assert_non_null(strstr(f->sentence, "address space 1"));
	/* what should have been in space 1 is nowhere */
	assert_place(only(&v, FINDING_WRONG_HVA, 2), 1, 640 * KiB, 128 * KiB);

	/* the MODEL does not speak for space 1: part of space 0 is missing */
	v.state[MODEL].as[1].covered = false;
	views_check(&v);
	f = only(&v, FINDING_EXTENT, 1);
	assert_place(f, 0, 640 * KiB, 128 * KiB);
	views_deinit(&v);
}

static void unaligned(void **unused)
{
	const struct finding *f;
	struct views v;

	/* as QEMU does: the begin up, the end down */
	views_init(&v);
	model_add(&v, 0, "odd", 0x10800, 0x4000, HVA + 0x800, 0);
	kvm_add(&v, 0, 0, 0x11000, 0x3000, HVA + 0x1000, 0);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	f = &v.found.items[0];
	assert_int_equal(f->id, FINDING_UNALIGNED);
	assert_place(f, 0, 0x10800, 0x800);
	f = &v.found.items[1];
	assert_int_equal(f->id, FINDING_UNALIGNED);
	assert_place(f, 0, 0x14000, 0x800);
	assert_int_equal(findings_exit_status(&v.found), 0);

	/* a whole page less than it could is a mismatch all the same */
	slot_at(&v, KERNEL, 0, 0x11000)->size = 0x2000;
	slot_at(&v, TRACED, 0, 0x11000)->size = 0x2000;
	views_check(&v);
	assert_place(only(&v, FINDING_EXTENT, 3), 0, 0x13000, 0x1000);
	views_deinit(&v);

	/* on a host with larger pages */
	views_init(&v);
	model_add(&v, 0, "ram", 0x10000, 0x11000, HVA, 0);
	kvm_add(&v, 0, 0, 0x10000, 0x10000, HVA, 0);
	v.input.page_size = 0x10000;
	views_check(&v);
	assert_place(only(&v, FINDING_UNALIGNED, 1), 0, 0x20000, 0x1000);
	v.input.page_size = 0;
	views_check(&v);
	assert_place(only(&v, FINDING_EXTENT, 1), 0, 0x20000, 0x1000);
	views_deinit(&v);
}

static void never_aligned(void **unused)
{
	struct views v;

	/* gpa and hva differ within the page: KVM says EINVAL to any of it */
	views_init(&v);
	model_add(&v, 0, "odd", 0x10000, 0x4000, HVA + 0x800, 0);
	views_check(&v);
	/* There is no slot, and there can be none: nothing was compared, either */
	assert_int_equal(v.found.nr, 2);
	assert_int_equal(v.found.items[0].id, FINDING_UNREAD);
	assert_int_equal(v.found.items[1].id, FINDING_UNALIGNED);
	assert_place(&v.found.items[1], 0, 0x10000, 0x4000);
	views_deinit(&v);

	/* less than a page, and two halves of two pages */
	views_init(&v);
	model_add(&v, 0, "small", 0x10000, 0x200, HVA, 0);
	model_add(&v, 0, "split", 0x20800, 0x1000, HVA + 0x10800, 0);
	views_check(&v);
	assert_int_equal(v.found.nr, 4);
	assert_int_equal(v.found.items[0].id, FINDING_UNREAD);
	assert_place(&v.found.items[1], 0, 0x10000, 0x200);
	assert_place(&v.found.items[2], 0, 0x20800, 0x800);
	assert_place(&v.found.items[3], 0, 0x21000, 0x800);
	assert_int_equal(findings_count(&v.found, FINDING_NOTE), 3);
	views_deinit(&v);
}

static void without_a_kernel(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	kvm_drop(&v, 0, 0);
	v.view[KERNEL].slots = NULL;
	views_check(&v);
	assert_compared(&v, "MODEL-TRACED, TRACED-BACKING");
	f = only(&v, FINDING_MISSING, 1);
	assert_int_equal(f->views, IN_MODEL | IN_TRACED);
	views_deinit(&v);
}

static void hidden(void **unused)
{
	struct slot own = slot_of(0, 32765, 4 * GiB - 256 * KiB - 12 * KiB,
				  12 * KiB, HVA + 9 * GiB, 0);
	const struct finding *f;
	struct views v;

	/* KVM's TSS, right below the firmware: nobody needs to hear of it */
	own.hidden = true;
	views_pc(&v);
	map_add(&v, HVA + 9 * GiB, 12 * KiB, "rwp", NULL);
	state_add(&v.state[KERNEL], own);
	views_check(&v);
	none_found(&v);

	/* beside something that was found it is worth a note */
	kvm_drop(&v, 0, 4 * GiB - 4 * KiB);
	views_check(&v);
	f = only(&v, FINDING_HIDDEN, 2);
	assert_place(f, 0, own.gpa, own.size);
	assert_int_equal(f->slot_id, 32765);
	assert_int_equal(v.found.items[f->cause].id, FINDING_MISSING);
	views_deinit(&v);

	/* in the way: where the MODEL has RAM */
	views_pc(&v);
	map_add(&v, HVA + 9 * GiB, 12 * KiB, "rwp", NULL);
	kvm_drop(&v, 0, 4 * GiB - 4 * KiB);
	own.gpa = 4 * GiB - 64 * KiB;
	state_add(&v.state[KERNEL], own);
	views_check(&v);
	f = only(&v, FINDING_HIDDEN, 2);
	assert_non_null(strstr(f->sentence, "pc.bios"));
	assert_int_equal(v.found.items[f->cause].id, FINDING_MISSING);
	assert_int_equal(findings_exit_status(&v.found), 1);
	views_deinit(&v);
}

/* The last byte of the address space, and ranges that end there */
static void the_very_end(void **unused)
{
	const uint64_t top = 0xffffffffffff0000;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "top", top, 0x10000, HVA, 0);
	kvm_add(&v, 0, 0, top, 0x10000, HVA, 0);
	views_check(&v);
	none_found(&v);
	kvm_drop(&v, 0, top);
	views_check(&v);
	assert_place(only(&v, FINDING_MISSING, 1), 0, top, 0x10000);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_that_agree),
		cmocka_unit_test(cut_and_merged_slots_agree),
		cmocka_unit_test(missing),
		cmocka_unit_test(missing_neighbours_are_one),
		cmocka_unit_test(missing_from_kernel_alone),
		cmocka_unit_test(extra),
		cmocka_unit_test(extra_in_kernel_alone),
		cmocka_unit_test(moved),
		cmocka_unit_test(moved_a_little),
		cmocka_unit_test(swapped),
		cmocka_unit_test(moved_in_part),
		cmocka_unit_test(wrong_hva),
		cmocka_unit_test(wrong_hva_by_a_page),
		cmocka_unit_test(wrong_hva_beneath_moved),
		cmocka_unit_test(extent_too_short),
		cmocka_unit_test(extent_too_long),
		cmocka_unit_test(flags),
		cmocka_unit_test(dirty_log_differs),
		cmocka_unit_test(slot_id),
		cmocka_unit_test(as_id),
		cmocka_unit_test(unaligned),
		cmocka_unit_test(never_aligned),
		cmocka_unit_test(without_a_kernel),
		cmocka_unit_test(hidden),
		cmocka_unit_test(the_very_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
