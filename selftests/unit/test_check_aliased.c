// SPDX-License-Identifier: GPL-2.0-or-later
/* One page behind two guest addresses, and slots that can have no huge pages */
#include "check_make.h"

/* Nobody but KVM says anything, as of most VMMs */
static void no_model(struct views *v)
{
	views_init(v);
	v->view[MODEL].slots = NULL;
	v->view[MODEL].none = "this VMM has no monitor to ask";
}

static void check_one(struct views *v, int id, gpa_t gpa, uint64_t size,
		      gpa_t other)
{
	const struct finding *f;

	views_check(v);
	f = only(v, FINDING_ALIASED, 1);
	assert_place(f, 0, gpa, size);
	assert_int_equal(f->slot_id, id);
	assert_true(f->elsewhere);
	assert_true(f->other_gpa == other);
	assert_int_equal(findings_exit_status(&v->found), 0);
}

static void by_host_address(void **unused)
{
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 8 * MiB, HVA, 0);
	kvm_add(&v, 0, 1, GiB, 4 * MiB, HVA + 6 * MiB, 0);
	kvm_add(&v, 0, 2, 2 * GiB, 2 * MiB, HVA + 10 * MiB, SLOT_READONLY);
	/* the last 2 MiB of slot 0; and slot 2 with the last 0 MiB of 1: not */
	check_one(&v, 1, GiB, 2 * MiB, 6 * MiB);

	/* the mapping in pieces is the same memory still */
	map_add(&v, HVA, 7 * MiB, "rwp", NULL);
	map_add(&v, HVA + 7 * MiB, 5 * MiB, "rwp", NULL);
	check_one(&v, 1, GiB, 2 * MiB, 6 * MiB);
	/* one byte less, and nothing is shared */
	slot_at(&v, KERNEL, 0, 0)->size = 6 * MiB;
	slot_at(&v, TRACED, 0, 0)->size = 6 * MiB;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* Mapped twice, at other addresses each time */
static void by_place_in_a_file(void **unused)
{
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 4 * MiB, HVA, 0);
	kvm_add(&v, 0, 1, GiB, 2 * MiB, HVA + GiB, 0);
	map_add(&v, HVA, 4 * MiB, "rws", "/dev/shm/ram");
	map_add(&v, HVA + GiB, 2 * MiB, "rws", "/dev/shm/ram");
	v.map.ranges[1].offset = MiB;
	check_one(&v, 1, GiB, 2 * MiB, MiB);
	assert_non_null(strstr(v.found.items[0].sentence,
			       "byte 0x100000 of /dev/shm/ram"));

	/* further on in the file; of another file; on another file system */
	v.map.ranges[1].offset = 4 * MiB;
	views_check(&v);
	none_found(&v);
	v.map.ranges[1].offset = MiB;
	v.map.ranges[1].inode++;
	views_check(&v);
	none_found(&v);
	v.map.ranges[1].inode--;
	v.map.ranges[1].dev_minor++;
	views_check(&v);
	none_found(&v);
	v.map.ranges[1].dev_minor--;
	/* what is written to a private mapping the other does not see */
	v.map.ranges[1].shared = false;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void many_are_one_note(void **unused)
{
	struct views v;

	no_model(&v);
	for (int id = 0; id < 100; id++)
		kvm_add(&v, 0, id, id * GiB, 4096, HVA, 0);
	check_one(&v, 1, GiB, 4096, 0);
	assert_non_null(strstr(v.found.items[0].sentence, "98 more places"));
	views_deinit(&v);
}

/* SMM has the same memory as all else, by its nature */
static void of_one_address_space(void **unused)
{
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 4 * MiB, HVA, 0);
	kvm_add(&v, 1, 0, 0, 4 * MiB, HVA, 0);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* The firmware of a pc is in two places in MODEL, too */
static void as_it_is_meant(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	views_check(&v);
	none_found(&v);
	/* ... which its name tells as well, where it knows no host address */
	v.state[MODEL].coverage.fields &= ~SLOT_FIELD_HVA;
	views_check(&v);
	none_found(&v);
	v.state[MODEL].coverage.fields |= SLOT_FIELD_HVA;

	/* a slot too many shows what another has: so the note is under that */
	kvm_add(&v, 0, 9, 3 * GiB, 2 * MiB, HVA + 64 * MiB, 0);
	views_check(&v);
	f = only(&v, FINDING_ALIASED, 2);
	assert_place(f, 0, 3 * GiB, 2 * MiB);
	assert_cause(&v, f, only(&v, FINDING_EXTRA, 2));
	views_deinit(&v);
}

/* What did not stand at once shares nothing */
static void only_what_is_at_rest(void **unused)
{
	struct restless moved = { .as_id = 0, .gpa = GiB, .size = 4096 };
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 4 * MiB, HVA, 0);
	kvm_add(&v, 0, 1, GiB, 4 * MiB, HVA, 0);
	v.input.restless = &moved;
	v.input.nr_restless = 1;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_NOTE), 0);
	v.input.nr_restless = 0;
	slot_at(&v, KERNEL, 0, GiB)->flags |= SLOT_INVALID;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_NOTE), 0);
	slot_at(&v, KERNEL, 0, GiB)->flags = 0;
	v.state[KERNEL].as[0].torn = true;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_NOTE), 0);
	v.state[KERNEL].as[0].torn = false;
	check_one(&v, 1, GiB, 4 * MiB, 0);
	views_deinit(&v);
}

/* An offset that was not carried on from one slot to the next */
static void a_jump(void **unused)
{
	const struct finding *f;
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 4 * MiB, HVA, 0);
	kvm_add(&v, 0, 1, 4 * MiB, 4 * MiB, HVA + GiB, 0);
	map_add(&v, HVA, 4 * MiB, "rws", "/dev/shm/ram");
	map_add(&v, HVA + GiB, 4 * MiB, "rws", "/dev/shm/ram");
	v.map.ranges[1].offset = 4 * MiB;
	views_check(&v);
	none_found(&v);
	v.map.ranges[1].offset = 5 * MiB;
	views_check(&v);
	f = only(&v, FINDING_ALIASED, 1);
	assert_place(f, 0, 4 * MiB, 4 * MiB);
	assert_false(f->elsewhere);
	assert_non_null(strstr(f->sentence, "byte 0x500000"));

	/* a MODEL that has it so means it so */
	v.view[MODEL] =
		(struct view){ .party = PARTY_MODEL, .slots = &v.state[MODEL] };
	model_add(&v, 0, "a", 0, 4 * MiB, HVA, 0);
	model_add(&v, 0, "b", 4 * MiB, 4 * MiB, HVA + GiB, 0);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

/* virt/kvm: (gpa ^ hva) & (the huge page's size - 1) */
static void no_huge_pages(void **unused)
{
	const struct finding *f;
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 8 * MiB, HVA, 0);
	/* not at a multiple of 2 MiB, and both are not by the same */
	kvm_add(&v, 0, 1, GiB + MiB, 8 * MiB, HVA + 65 * MiB, 0);
	/* without room for one: by 4 KiB, and by its place */
	kvm_add(&v, 0, 2, 2 * GiB, 2 * MiB - 4096, HVA + GiB + 4096, 0);
	kvm_add(&v, 0, 3, 3 * GiB + 4096, 4 * MiB - 8192, HVA + 2 * GiB, 0);
	views_check(&v);
	none_found(&v);

	kvm_add(&v, 0, 4, 4 * GiB, 4 * MiB, HVA + 4 * GiB + 4096, 0);
	views_check(&v);
	f = only(&v, FINDING_HUGEPAGE, 1);
	assert_place(f, 0, 4 * GiB, 4 * MiB);
	assert_int_equal(f->slot_id, 4);
	assert_non_null(strstr(f->sentence, "2 MiB"));
	assert_int_equal(findings_exit_status(&v.found), 0);

	/* pages of 64 KiB have huge ones of 512 MiB */
	v.input.page_size = 65536;
	slot_at(&v, KERNEL, 0, 4 * GiB)->hva = HVA + 4 * GiB + 2 * MiB;
	slot_at(&v, TRACED, 0, 4 * GiB)->hva = HVA + 4 * GiB + 2 * MiB;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_NOTE), 0);
	views_deinit(&v);
}

/* Nothing is lost where the host has none either */
static void none_to_lose(void **unused)
{
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 0, 4 * MiB, HVA + 4096, 0);
	map_add(&v, HVA, 2 * MiB, "rwp", NULL);
	map_add(&v, HVA + 2 * MiB, 4 * MiB, "rwp", NULL);
	v.map.ranges[0].thp = HOST_THP_NO;
	v.map.ranges[1].thp = HOST_THP_NO;
	views_check(&v);
	none_found(&v);
	v.map.ranges[1].vm_flags = HOST_HUGETLB;
	views_check(&v);
	only(&v, FINDING_HUGEPAGE, 1);
	v.map.ranges[1].vm_flags = 0;
	v.map.ranges[1].thp = HOST_THP_UNKNOWN;
	views_check(&v);
	only(&v, FINDING_HUGEPAGE, 1);
	views_deinit(&v);
}

/* hugetlbfs of 1 GiB under a slot that is congruent by 2 MiB only */
static void smaller_huge_pages(void **unused)
{
	struct views v;

	no_model(&v);
	kvm_add(&v, 0, 0, 4 * GiB, 2 * GiB, HVA + 2 * MiB, 0);
	map_add(&v, HVA, 4 * GiB, "rws", "/dev/hugepages/ram");
	views_check(&v);
	none_found(&v);
	v.map.ranges[0].page_size = GiB;
	views_check(&v);
	assert_non_null(
		strstr(only(&v, FINDING_HUGEPAGE, 1)->sentence, "1 GiB"));
	slot_at(&v, KERNEL, 0, 4 * GiB)->hva = HVA + GiB;
	slot_at(&v, TRACED, 0, 4 * GiB)->hva = HVA + GiB;
	v.map.ranges[0].page_size = GiB;
	views_check(&v);
	assert_int_equal((HVA & (GiB - 1)), 0);
	none_found(&v);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_host_address),
		cmocka_unit_test(by_place_in_a_file),
		cmocka_unit_test(many_are_one_note),
		cmocka_unit_test(of_one_address_space),
		cmocka_unit_test(as_it_is_meant),
		cmocka_unit_test(only_what_is_at_rest),
		cmocka_unit_test(a_jump),
		cmocka_unit_test(no_huge_pages),
		cmocka_unit_test(none_to_lose),
		cmocka_unit_test(smaller_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
