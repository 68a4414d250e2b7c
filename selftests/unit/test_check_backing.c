// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies under the slots: mapped or not, and with which rights */
#include "check_make.h"

/* pc.ram's mapping, in two with a hole between them */
static void punch(struct views *v, uint64_t at, uint64_t size)
{
	map_add(v, 0, 4096, "rwp", NULL);
	v->map.ranges[2] = v->map.ranges[1];
	v->map.ranges[1] = v->map.ranges[0];
	v->map.ranges[0].end = HVA + at;
	v->map.ranges[1].start = HVA + at + size;
}

static void hole_in_the_middle(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	punch(&v, 64 * MiB, 2 * MiB);
	views_check(&v);
	/* under both address spaces, which share the memory */
	assert_int_equal(v.found.nr, 2);
	f = &v.found.items[0];
	assert_int_equal(f->id, FINDING_UNBACKED);
	assert_place(f, 0, 64 * MiB, 2 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_true(f->hva == HVA + 64 * MiB);
	assert_int_equal(f->views, 1U << KERNEL | 1U << BACKING);
	assert_says(&v, f, KERNEL, "slot 2");
	assert_says(&v, f, BACKING, "not mapped");
	assert_non_null(strstr(f->sentence, "0x7f0004000000-0x7f00041fffff"));
	assert_place(&v.found.items[1], 1, 64 * MiB, 2 * MiB);
	assert_int_equal(findings_exit_status(&v.found), 1);
	views_deinit(&v);

	/* a hole where no slot lies does not matter */
	views_pc(&v);
	slot_drop(&v, MODEL, 1, 0);
	kvm_drop(&v, 1, 0);
	punch(&v, 640 * KiB, 384 * KiB);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void holes_at_the_ends(void **unused)
{
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, GiB, 16 * KiB, HVA, 0);
	/* neither first nor last page; and a neighbour that is another's */
	map_add(&v, HVA - 4 * KiB, 4 * KiB, "rwp", NULL);
	map_add(&v, HVA + 4 * KiB, 8 * KiB, "rwp", NULL);
	map_add(&v, HVA + 16 * KiB, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_place(&v.found.items[0], 0, GiB, 4 * KiB);
	assert_place(&v.found.items[1], 0, GiB + 12 * KiB, 4 * KiB);
	views_deinit(&v);

	/* nothing at all, above or below what is mapped */
	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, 0, 16 * KiB, HVA, 0);
	kvm_add(&v, 0, 1, GiB, 16 * KiB, HVA + GiB, 0);
	map_add(&v, HVA + MiB, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_place(&v.found.items[0], 0, 0, 16 * KiB);
	assert_place(&v.found.items[1], 0, GiB, 16 * KiB);
	views_deinit(&v);
}

static void wrong_memory_that_is_not_mapped(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->hva = HVA + 16 * GiB;
	views_check(&v);
	f = only(&v, FINDING_UNBACKED, 2);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(v.found.items[f->cause].id, FINDING_WRONG_HVA);

	/* under the firmware, which is in two places, it is another matter */
	v.map.ranges[1].end -= 4 * KiB;
	views_check(&v);
	assert_int_equal(v.found.nr, 4);
	assert_place(&v.found.items[0], 0, MiB - 4 * KiB, 4 * KiB);
	assert_int_equal(v.found.items[0].cause, FINDING_NO_CAUSE);
	assert_place(&v.found.items[3], 0, 4 * GiB - 4 * KiB, 4 * KiB);
	assert_int_equal(v.found.items[3].cause, FINDING_NO_CAUSE);
	views_deinit(&v);
}

/* No KVM takes it, but a record may say it */
static void host_addresses_that_wrap(void **unused)
{
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, GiB, 8 * KiB, -(uint64_t)(4 * KiB), 0);
	map_add(&v, HVA, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_place(only(&v, FINDING_UNBACKED, 1), 0, GiB, 4 * KiB);
	views_deinit(&v);
}

static void many_mappings_are_no_hole(void **unused)
{
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, 0, 64 * KiB, HVA, 0);
	for (int i = 0; i < 16; i++)
		map_add(&v, HVA + i * 4 * KiB, 4 * KiB, i % 2 ? "rws" : "rwp",
			i % 3 ? "/dev/shm/ram" : NULL);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void rights(void **unused)
{
	const struct finding *f;
	struct views v;

	/* a page of RAM write-protected: the slot is not read-only */
	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, 0, 64 * KiB, HVA, 0);
	map_add(&v, HVA, 16 * KiB, "rwp", NULL);
	map_add(&v, HVA + 16 * KiB, 4 * KiB, "r-p", NULL);
	map_add(&v, HVA + 20 * KiB, 44 * KiB, "rwp", NULL);
	views_check(&v);
	f = only(&v, FINDING_PERMS, 1);
	assert_place(f, 0, 16 * KiB, 4 * KiB);
	assert_non_null(strstr(f->sentence, "written"));
	assert_says(&v, f, BACKING, "r-p");

	/* a read-only slot does not need to write */
	v.state[KERNEL].slots[0].flags = SLOT_READONLY;
	v.state[TRACED].slots[0].flags = SLOT_READONLY;
	views_check(&v);
	none_found(&v);

	/* whether it is read-only is not known: no word about writing */
	v.state[KERNEL].slots[0].flags = 0;
	v.state[KERNEL].coverage.fields &= ~SLOT_FIELD_READONLY;
	views_check(&v);
	none_found(&v);

	/* but every slot needs to read: two guard pages, one finding */
	v.map.ranges[1].read = false;
	v.map.ranges[2].read = false;
	v.map.ranges[2].write = false;
	views_check(&v);
	f = only(&v, FINDING_PERMS, 1);
	assert_place(f, 0, 16 * KiB, 48 * KiB);
	assert_non_null(strstr(f->sentence, "read"));
	views_deinit(&v);
}

static void guest_memfd_needs_no_mapping(void **unused)
{
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 0, 0, MiB, HVA, SLOT_GUEST_MEMFD);
	map_add(&v, HVA + GiB, 4 * KiB, "rwp", NULL);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* KVM's own slots live in the VMM's memory, too */
static void hidden_slots_need_it_too(void **unused)
{
	struct slot own = slot_of(0, 32765, GiB, 12 * KiB, HVA + GiB, 0);
	struct views v;

	own.hidden = true;
	views_pc(&v);
	state_add(&v.state[KERNEL], own);
	views_check(&v);
	assert_place(only(&v, FINDING_UNBACKED, 2), 0, GiB, 12 * KiB);
	assert_int_equal(v.found.items[only(&v, FINDING_HIDDEN, 2)->cause].id,
			 FINDING_UNBACKED);
	views_deinit(&v);
}

static void a_map_that_was_cut(void **unused)
{
	const struct finding *f;
	struct views v;

	/* the firmware lies above where reading ended */
	views_pc(&v);
	free(v.map.ranges[1].path);
	v.map.nr = 1;
	v.map.truncated = true;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "2 slots"));
	assert_int_equal(findings_exit_status(&v.found), 2);

	/* below that it is as good as any */
	v.map.ranges[0].start += 4 * KiB;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_MISMATCH), 2);
	assert_int_equal(findings_count(&v.found, FINDING_UNKNOWN), 1);
	views_deinit(&v);
}

static void a_process_without_memory(void **unused)
{
	struct views v;

	views_pc(&v);
	for (size_t i = 0; i < v.map.nr; i++)
		free(v.map.ranges[i].path);
	v.map.nr = 0;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	assert_compared(&v, "MODEL-KERNEL, TRACED-KERNEL");
	views_deinit(&v);
}

static void without_a_kernel_the_trace_tells(void **unused)
{
	struct views v;

	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	punch(&v, 64 * MiB, 4 * KiB);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_int_equal(v.found.items[0].views, 1U << TRACED | 1U << BACKING);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hole_in_the_middle),
		cmocka_unit_test(holes_at_the_ends),
		cmocka_unit_test(wrong_memory_that_is_not_mapped),
		cmocka_unit_test(host_addresses_that_wrap),
		cmocka_unit_test(many_mappings_are_no_hole),
		cmocka_unit_test(rights),
		cmocka_unit_test(guest_memfd_needs_no_mapping),
		cmocka_unit_test(hidden_slots_need_it_too),
		cmocka_unit_test(a_map_that_was_cut),
		cmocka_unit_test(a_process_without_memory),
		cmocka_unit_test(without_a_kernel_the_trace_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
