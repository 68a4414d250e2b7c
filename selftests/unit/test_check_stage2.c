// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrong with a page that KVM's page tables map, and what comes of it */
#include "check_make.h"

/* Slot 0: RAM; 1: ROM; 2: with a guest_memfd; 3: KVM's own, without memory */
static void make(struct slot_state *state)
{
	static const struct slot slots[] = {
		{ .id = 0, .gpa = 0, .size = MiB, .hva = 16 * MiB },
		{ .id = 1,
		  .gpa = MiB,
		  .size = MiB,
		  .hva = 32 * MiB,
		  .flags = SLOT_READONLY },
		{ .id = 2,
		  .gpa = 2 * MiB,
		  .size = MiB,
		  .hva = 48 * MiB,
		  .flags = SLOT_GUEST_MEMFD },
		{ .id = 3, .gpa = 3 * MiB, .size = MiB, .hidden = true },
		{ .as_id = 1, .id = 0, .gpa = 8 * MiB, .size = MiB, .hva = MiB },
	};
	size_t i;

	slot_state_init(state, PARTY_KERNEL);
	assert_int_equal(slot_state_set_nr_as(state, 2), 0);
	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		assert_int_equal(slot_state_add(state, &slots[i]), 0);
	slot_state_sort(state);
}

static void each_page_is_judged(void **unused)
{
	static const uint64_t page = 0x5000, other = 0x6000;
	static const struct {
		uint16_t as_id;
		gpa_t gpa;
		bool writable;
		const uint64_t *host;
		enum stage2_fault_kind is;
	} try[] = {
		{ 0, 0, true, &page, STAGE2_FINE },
		{ 0, MiB - 4096, true, &page, STAGE2_FINE },
		{ 0, 4096, false, &page, STAGE2_FINE },
		{ 0, 0, true, &other, STAGE2_OTHER_PAGE },
		{ 0, 0, true, NULL, STAGE2_NO_PAGE },
		{ 0, MiB, false, &page, STAGE2_FINE },
		{ 0, MiB, true, &page, STAGE2_WRITABLE },
		{ 0, MiB, false, &other, STAGE2_OTHER_PAGE },
		/* whose memory it is the hva does not tell */
		{ 0, 2 * MiB, true, NULL, STAGE2_FINE },
		{ 0, 2 * MiB, true, &other, STAGE2_FINE },
		{ 0, 3 * MiB, true, NULL, STAGE2_FINE },
		{ 0, 4 * MiB, true, &page, STAGE2_NO_SLOT },
		{ 0, 8 * MiB, true, &page, STAGE2_NO_SLOT },
		{ 1, 8 * MiB, true, &page, STAGE2_FINE },
		{ 1, 0, true, &page, STAGE2_NO_SLOT },
	};
	struct stage2_mapping map = { .size = 4096, .level = 1, .hpa = 0x5000 };
	struct slot_state state;
	size_t i;

	make(&state);
	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		map.as_id = try[i].as_id;
		map.gpa = try[i].gpa;
		map.writable = try[i].writable;
		assert_int_equal(stage2_judge(&state, &map, try[i].host),
				 try[i].is);
	}
	slot_state_deinit(&state);
}

static void stage2_is(struct views *v, struct stage2_audit *stage2,
		      struct stage2_fault *faults, size_t nr)
{
	*stage2 = (struct stage2_audit){
		.faults = faults, .nr = nr, .nr_all = nr, .bytes = 4096
	};
	v->view[KERNEL].stage2 = stage2;
}

static void each_fault_is_said(void **unused)
{
	static const struct {
		enum stage2_fault_kind kind;
		const char *says;
	} try[] = {
		{ STAGE2_OTHER_PAGE,
		  "map 0x1000-0x2fff of address space 0 to host page 0x7000, "
		  "and host address 0xa000 has page 0x8000" },
		{ STAGE2_NO_PAGE,
		  "to host page 0x7000, and host address 0xa000 has none" },
		{ STAGE2_NO_SLOT, "to host page 0x7000, and no slot is there" },
		{ STAGE2_WRITABLE, "to be written, and the slot is read-only" },
	};
	struct stage2_fault fault = { .slot_id = 0,
				      .gpa = 0x1000,
				      .size = 0x2000,
				      .hva = 0xa000,
				      .hpa = 0x7000,
				      .host = 0x8000 };
	struct stage2_audit stage2;
	const struct finding *f;
	struct views v;
	size_t i;

	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		views_pc(&v);
		fault.kind = try[i].kind;
		stage2_is(&v, &stage2, &fault, 1);
		views_check(&v);
		assert_int_equal(v.found.nr, 1);
		f = &v.found.items[0];
		assert_int_equal(f->id, FINDING_STAGE2);
		assert_int_equal(f->gpa, 0x1000);
		assert_int_equal(f->size, 0x2000);
		assert_non_null(strstr(f->sentence, try[i].says));
		views_deinit(&v);
	}
}

static void what_cannot_be_told(void **unused)
{
	struct stage2_audit stage2;
	struct views v;

	/* Nothing wrong: nothing said */
	views_pc(&v);
	stage2_is(&v, &stage2, NULL, 0);
	views_check(&v);
	assert_int_equal(v.found.nr, 0);
	views_deinit(&v);

	views_pc(&v);
	stage2_is(&v, &stage2, NULL, 0);
	stage2.moving = 8192;
	views_check(&v);
	assert_int_equal(v.found.nr, 1);
	assert_int_equal(v.found.items[0].id, FINDING_UNREAD);
	assert_non_null(strstr(v.found.items[0].sentence, "8 KiB"));
	views_deinit(&v);

	views_pc(&v);
	stage2_is(&v, &stage2, NULL, 0);
	stage2.unread = "because";
	views_check(&v);
	assert_int_equal(v.found.nr, 1);
	assert_int_equal(v.found.items[0].id, FINDING_UNREAD);
	assert_non_null(strstr(v.found.items[0].sentence, "because"));
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_page_is_judged),
		cmocka_unit_test(each_fault_is_said),
		cmocka_unit_test(what_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
