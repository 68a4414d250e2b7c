// SPDX-License-Identifier: GPL-2.0-or-later
/* What the module's records become */
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "host/module.h"
#include "host_make.h"

#define GIB (1ULL << 30)

/* Two address spaces, three slots: all that a record can say */
static const struct slotscope_snapshot whole = {
	.nr_as = 2,
	.nr_as_copied = 2,
	.nr_slots = 3,
	.nr_slots_copied = 3,
	.begin_ns = 1000,
	.end_ns = 1500,
};

static const struct slotscope_as as[] = {
	{ .as_id = 0, .generation = 18, .nr_slots = 2, .nr_copied = 2 },
	{ .as_id = 1,
	  .generation = 5,
	  .nr_slots = 1,
	  .nr_copied = 1,
	  .flags = SLOTSCOPE_AS_UPDATING },
};

static const struct slotscope_slot slots[] = {
	{ .gpa = 0,
	  .bytes = 3 * GIB,
	  .hva = 0x7f0000000000,
	  .id = 7,
	  .mem_flags = SLOT_LOG_DIRTY | SLOT_INVALID | 1U << 17 },
	{ .gpa = 4 * GIB,
	  .bytes = GIB,
	  .hva = 0x7f1000000000,
	  .id = 2,
	  .mem_flags = SLOT_GUEST_MEMFD,
	  .gmem_offset = 4096,
	  .flags = SLOTSCOPE_SLOT_GMEM },
	{ .gpa = 0xfee00000,
	  .bytes = 4096,
	  .hva = 0x7f2000000000,
	  .as_id = 1,
	  .id = 32766,
	  .flags = SLOTSCOPE_SLOT_HIDDEN },
};

static void a_whole_snapshot(void **unused)
{
	struct slot_state state;

	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&whole, as, slots, &state), 0);
	assert_int_equal(state.nr_as, 2);
	assert_true(state.as[0].covered && state.as[1].covered);
	assert_int_equal(state.as[0].generation, 18);
	assert_false(state.as[0].updating);
	assert_int_equal(state.as[1].generation, 5);
	assert_true(state.as[1].updating);
	assert_int_equal(state.coverage.fields, SLOT_FIELDS_ALL);
	assert_int_equal(state.coverage.at_ns, 1000);
	assert_int_equal(state.coverage.nr_blind, 0);
	assert_false(state.coverage.truncated);

	assert_int_equal(state.nr_slots, 3);
	assert_int_equal(state.slots[0].id, 7);
	assert_true(state.slots[0].size == 3 * GIB);
	assert_true(state.slots[0].hva == 0x7f0000000000);
	/* bit 17 is KVM's own, and differs between kernels */
	assert_int_equal(state.slots[0].flags, SLOT_LOG_DIRTY | SLOT_INVALID);
	assert_int_equal(state.slots[0].gmem_fd, -1);
	assert_false(state.slots[0].hidden);
	assert_int_equal(state.slots[1].flags, SLOT_GUEST_MEMFD);
	assert_int_equal(state.slots[1].gmem_offset, 4096);
	assert_int_equal(state.slots[2].as_id, 1);
	assert_true(state.slots[2].hidden);
	slot_state_deinit(&state);
}

/* Slots that are not of one moment are of no generation */
static void a_torn_snapshot(void **unused)
{
	struct slotscope_as torn[2] = { as[0], as[1] };
	struct slot_state state;

	torn[0].flags = SLOTSCOPE_AS_TORN;
	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&whole, torn, slots, &state), 0);
	assert_true(state.as[0].torn);
	assert_false(state.as[0].updating);
	assert_false(state.as[1].torn);
	assert_int_equal(state.nr_slots, 3);
	slot_state_deinit(&state);
}

static struct slot gmem_slot(struct slotscope_slot from)
{
	const struct slotscope_snapshot req = { .nr_as = 1,
						.nr_as_copied = 1,
						.nr_slots = 1,
						.nr_slots_copied = 1 };
	const struct slotscope_as one = { .nr_slots = 1, .nr_copied = 1 };
	struct slot_state state;
	struct slot slot;

	from.bytes = GIB;
	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&req, &one, &from, &state), 0);
	assert_int_equal(state.nr_slots, 1);
	slot = state.slots[0];
	slot_state_deinit(&state);
	return slot;
}

static void what_became_of_a_guest_memfd(void **unused)
{
	struct slotscope_slot from = {
		.mem_flags = SLOT_GUEST_MEMFD,
		.flags = SLOTSCOPE_SLOT_GMEM | SLOTSCOPE_SLOT_GMEM_ONLY,
		.gmem_offset = 8192,
		.gmem_ino = 7001,
		.gmem_major = 259,
		.gmem_minor = 70000,
	};
	struct slot slot = gmem_slot(from);

	assert_int_equal(slot.flags, SLOT_GUEST_MEMFD | SLOT_GMEM_ONLY);
	assert_int_equal(slot.gmem, SLOT_GMEM_OPEN);
	assert_int_equal(slot.gmem_offset, 8192);
	assert_int_equal(slot.gmem_ino, 7001);
	assert_true(slot.gmem_dev == makedev(259, 70000));

	/* Closed: the slot is still one of a guest_memfd alone */
	from.flags = SLOTSCOPE_SLOT_GMEM_ONLY;
	slot = gmem_slot(from);
	assert_int_equal(slot.flags, SLOT_GUEST_MEMFD | SLOT_GMEM_ONLY);
	assert_int_equal(slot.gmem, SLOT_GMEM_CLOSED);
	assert_int_equal(slot.gmem_ino, 0);
	assert_int_equal(slot.gmem_offset, 0);

	/* Version 1.0 does not tell which file */
	from.flags = SLOTSCOPE_SLOT_GMEM;
	from.gmem_ino = from.gmem_major = from.gmem_minor = 0;
	slot = gmem_slot(from);
	assert_int_equal(slot.gmem, SLOT_GMEM_OPEN);
	assert_int_equal(slot.gmem_offset, 8192);
	assert_true(!slot.gmem_ino && !slot.gmem_dev);

	from.mem_flags = from.flags = 0;
	assert_int_equal(gmem_slot(from).gmem, SLOT_GMEM_UNKNOWN);
}

/* What was not copied is not known: not even that nothing is there */
static void a_snapshot_cut_short(void **unused)
{
	struct slotscope_snapshot cut = whole;
	struct slotscope_as short_as[2] = { as[0], as[1] };
	struct slot_state state;

	cut.nr_slots_copied = 1;
	short_as[0].nr_copied = 1;
	short_as[1].nr_copied = 0;
	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&cut, short_as, slots, &state), 0);
	assert_true(state.coverage.truncated);
	assert_int_equal(state.nr_slots, 1);
	assert_int_equal(state.coverage.nr_blind, 2);
	assert_int_equal(state.coverage.blind[0].as_id, 0);
	assert_true(state.coverage.blind[0].gpa == 3 * GIB);
	assert_true(state.coverage.blind[0].size == UINT64_MAX - 3 * GIB);
	assert_int_equal(state.coverage.blind[1].as_id, 1);
	assert_true(state.coverage.blind[1].gpa == 0);
	slot_state_deinit(&state);

	/* An address space that did not fit */
	cut = whole;
	cut.nr_as_copied = 1;
	cut.nr_slots_copied = 2;
	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&cut, as, slots, &state), 0);
	assert_true(state.coverage.truncated);
	assert_int_equal(state.nr_as, 2);
	assert_true(state.as[0].covered);
	assert_false(state.as[1].covered);
	slot_state_deinit(&state);
}

static void generations_alone(void **unused)
{
	struct slotscope_snapshot req = whole;
	struct slotscope_as no_slots[2] = { as[0], as[1] };
	struct slot_state state;

	req.flags = SLOTSCOPE_NO_SLOTS;
	req.nr_slots = req.nr_slots_copied = 0;
	no_slots[0].nr_slots = no_slots[0].nr_copied = 0;
	no_slots[1].nr_slots = no_slots[1].nr_copied = 0;
	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&req, no_slots, NULL, &state), 0);
	assert_int_equal(state.coverage.fields, SLOT_FIELD_GENERATION);
	assert_int_equal(state.as[0].generation, 18);
	assert_int_equal(state.nr_slots, 0);
	slot_state_deinit(&state);
}

static void expect_contradiction(const struct slotscope_snapshot *req,
				 const struct slotscope_as *some_as,
				 const struct slotscope_slot *some_slots)
{
	struct slot_state state;

	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(req, some_as, some_slots, &state),
			 -EPROTO);
	slot_state_deinit(&state);
}

static void answers_that_contradict_themselves(void **unused)
{
	struct slotscope_snapshot req = whole;
	struct slotscope_as bad_as[2] = { as[0], as[1] };
	struct slotscope_slot bad[3];

	req.nr_slots_copied = 4;
	expect_contradiction(&req, as, slots);
	req = whole;
	req.nr_as_copied = 3;
	expect_contradiction(&req, as, slots);
	/* fewer or more in the address spaces than in all */
	bad_as[0].nr_copied = 1;
	expect_contradiction(&whole, bad_as, slots);
	bad_as[0].nr_copied = bad_as[0].nr_slots = 3;
	expect_contradiction(&whole, bad_as, slots);
	bad_as[0].nr_copied = UINT32_MAX;
	expect_contradiction(&whole, bad_as, slots);
	bad_as[0] = as[0];
	bad_as[1].as_id = 0;
	expect_contradiction(&whole, bad_as, slots);

	memcpy(bad, slots, sizeof(bad));
	bad[1].as_id = 1;
	expect_contradiction(&whole, as, bad);
	memcpy(bad, slots, sizeof(bad));
	bad[1].bytes = 0;
	expect_contradiction(&whole, as, bad);
	memcpy(bad, slots, sizeof(bad));
	bad[1].bytes = UINT64_MAX;
	expect_contradiction(&whole, as, bad);
	memcpy(bad, slots, sizeof(bad));
	bad[1].id = UINT32_MAX;
	expect_contradiction(&whole, as, bad);
}

static const struct slotscope_detail details[] = {
	{ .flags = SLOTSCOPE_DETAIL_TOLD | SLOTSCOPE_DETAIL_DIRTY |
		   SLOTSCOPE_DETAIL_RMAP,
	  .nr_dirty = 77,
	  .nr_huge = 2,
	  .huge = { { 21, 1536, 3 }, { 30, 3, 0 } } },
	{},
	{ .flags = SLOTSCOPE_DETAIL_TOLD | SLOTSCOPE_DETAIL_WRITE_TRACK,
	  .nr_write_tracked = 1 },
};

/* @whole with what later versions tell, and a state made of it */
static struct slotscope_snapshot detailed(struct slot_state *state,
					  struct slotscope_as spaces[2])
{
	struct slotscope_snapshot req = whole;

	req.nr_pages = 1234;
	req.users = 3;
	req.nr_vcpus = 2;
	req.dirty_ring_bytes = 65536;
	req.vm_type = 4;
	req.owner = SLOTSCOPE_OWNER_NO;
	memcpy(spaces, as, sizeof(as));
	spaces[0].last_gpa = 5 * GIB - 1;
	spaces[0].nr_dirty_logging = 1;
	slot_state_init(state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&req, as, slots, state), 0);
	return req;
}

static void what_is_beside_the_slots(void **unused)
{
	struct slotscope_as spaces[2];
	struct slot_state state;
	struct vm_detail detail;
	struct slotscope_snapshot req = detailed(&state, spaces);

	assert_int_equal(
		module_to_detail(&req, 2, spaces, details, &state, &detail), 0);
	assert_null(detail.none);
	assert_true(detail.vm_told);
	assert_int_equal(detail.nr_pages, 1234);
	assert_int_equal(detail.users, 3);
	assert_int_equal(detail.nr_vcpus, 2);
	assert_int_equal(detail.dirty_ring_bytes, 65536);
	assert_int_equal(detail.type, 4);
	assert_int_equal(detail.owner, VM_OWNER_NO);
	assert_int_equal(detail.nr_as, 2);
	assert_true(detail.as[0].end == 5 * GIB);
	assert_int_equal(detail.as[0].nr_dirty_logging, 1);
	assert_int_equal(detail.nr_slots, 3);
	assert_true(detail.slots[0].told && detail.slots[0].dirty_log &&
		    detail.slots[0].rmap && !detail.slots[0].write_track);
	assert_int_equal(detail.slots[0].nr_dirty, 77);
	assert_int_equal(detail.slots[0].nr_huge, 2);
	assert_true(detail.slots[0].huge[1].size == GIB);
	assert_int_equal(detail.slots[0].huge[0].nr_pages, 1536);
	assert_int_equal(detail.slots[0].huge[0].nr_disallowed, 3);
	assert_false(detail.slots[1].told);
	assert_true(detail.slots[2].write_track && !detail.slots[2].dirty_log);
	assert_int_equal(detail.slots[2].nr_write_tracked, 1);
	vm_detail_deinit(&detail);
	slot_state_deinit(&state);
}

static void details_of_older_modules(void **unused)
{
	struct slotscope_as spaces[2];
	struct slot_state state;
	struct vm_detail detail;
	struct slotscope_snapshot req = detailed(&state, spaces);
	uint32_t minor;

	for (minor = 0; minor < 2; minor++) {
		assert_int_equal(module_to_detail(&req, minor, spaces, NULL,
						  &state, &detail),
				 0);
		assert_int_equal(detail.vm_told, minor);
		assert_null(detail.slots);
		assert_null(detail.as);
		assert_non_null(strstr(detail.none,
				       minor ? "version 1.1" : "version 1.0"));
		vm_detail_deinit(&detail);
	}
	slot_state_deinit(&state);
}

static void details_that_make_no_sense(void **unused)
{
	struct slotscope_detail bad[3];
	struct slotscope_as spaces[2];
	struct slot_state state;
	struct vm_detail detail;
	struct slotscope_snapshot req = detailed(&state, spaces);
	int i;

	for (i = 0; i < 3; i++) {
		memcpy(bad, details, sizeof(bad));
		if (i == 0)
			bad[0].nr_huge = SLOTSCOPE_HUGE + 1;
		if (i == 1)
			bad[0].huge[0].page_shift = 64;
		if (i == 2)
			bad[0].huge[1].nr_disallowed = 4;
		assert_int_equal(module_to_detail(&req, 2, spaces, bad, &state,
						  &detail),
				 -EPROTO);
		vm_detail_deinit(&detail);
	}
	req.owner = 3;
	assert_int_equal(module_to_detail(&req, 2, spaces, details, &state,
					  &detail),
			 -EPROTO);
	vm_detail_deinit(&detail);
	slot_state_deinit(&state);
}

/* Details belong to slots by their place, so that must be known */
static void slots_that_are_not_in_order(void **unused)
{
	struct slotscope_slot swapped[3];
	struct slot_state state;

	memcpy(swapped, slots, sizeof(swapped));
	swapped[0] = slots[1];
	swapped[1] = slots[0];
	slot_state_init(&state, PARTY_KERNEL);
	assert_int_equal(module_to_state(&whole, as, swapped, &state), -EPROTO);
	slot_state_deinit(&state);
}

static void one_moment_or_two(void **unused)
{
	struct slot_as a[] = { { .covered = true, .generation = 18 },
			       { .covered = true, .generation = 5 } };
	struct slot_as b[] = { { .covered = true, .generation = 18 },
			       { .covered = true, .generation = 5 } };
	struct slot_state before = { .as = a, .nr_as = 2 };
	struct slot_state after = { .as = b, .nr_as = 2 };

	assert_true(module_same_moment(&before, &after));
	b[1].generation = 7;
	assert_false(module_same_moment(&before, &after));
	b[1].generation = 5;
	b[0].updating = true;
	assert_false(module_same_moment(&before, &after));
	a[0].updating = true;
	assert_false(module_same_moment(&before, &after));
	a[0].updating = b[0].updating = false;
	b[0].torn = true;
	assert_false(module_same_moment(&before, &after));
	b[0].torn = false;
	a[1].covered = b[1].covered = false;
	assert_false(module_same_moment(&before, &after));
	after.nr_as = before.nr_as = 1;
	assert_true(module_same_moment(&before, &after));
	after.nr_as = 2;
	assert_false(module_same_moment(&before, &after));
}

static const struct slotscope_audit audited = { .nr_faults = 2,
						.nr_copied = 2,
						.nr_slots = 7,
						.begin_ns = 1000,
						.end_ns = 1500 };

static const struct slotscope_fault faults[] = {
	{ .what = SLOTSCOPE_FAULT_HVA_RANGE,
	  .as_id = 1,
	  .set = 1,
	  .id = 17,
	  .gpa = 4 * GIB,
	  .seen = 0x1000,
	  .expected = 0x2000 },
	{ .what = SLOTSCOPE_FAULT_NR_PAGES, .id = -1, .seen = 3, .expected = 4 },
};

static void an_audit(void **unused)
{
	struct slotscope_audit cut = audited;
	struct index_audit audit;

	assert_int_equal(module_to_audit(&audited, faults, &audit), 0);
	assert_int_equal(audit.nr, 2);
	assert_int_equal(audit.nr_all, 2);
	assert_int_equal(audit.nr_slots, 7);
	assert_int_equal(audit.at_ns, 1000);
	assert_true(!audit.unread && !audit.none);
	assert_int_equal(audit.faults[0].kind, INDEX_HVA_RANGE);
	assert_int_equal(audit.faults[0].as_id, 1);
	assert_true(audit.faults[0].inactive);
	assert_int_equal(audit.faults[0].slot_id, 17);
	assert_true(audit.faults[0].gpa == 4 * GIB);
	assert_int_equal(audit.faults[0].seen, 0x1000);
	assert_int_equal(audit.faults[0].expected, 0x2000);
	assert_int_equal(audit.faults[1].kind, INDEX_NR_PAGES);
	assert_false(audit.faults[1].inactive);
	assert_int_equal(audit.faults[1].slot_id, -1);
	index_audit_deinit(&audit);

	/* There were more than it copied, even if that is none */
	cut.nr_faults = 300;
	cut.nr_copied = 0;
	assert_int_equal(module_to_audit(&cut, NULL, &audit), 0);
	assert_int_equal(audit.nr, 0);
	assert_int_equal(audit.nr_all, 300);
	index_audit_deinit(&audit);
}

static void audits_that_contradict_themselves(void **unused)
{
	struct slotscope_fault bad[2] = { faults[0], faults[1] };
	struct slotscope_audit req = audited;
	struct index_audit audit;

	req.nr_faults = 1;
	assert_int_equal(module_to_audit(&req, faults, &audit), -EPROTO);
	index_audit_deinit(&audit);
	bad[1].as_id = UINT16_MAX + 1;
	assert_int_equal(module_to_audit(&audited, bad, &audit), -EPROTO);
	index_audit_deinit(&audit);
	bad[1].as_id = 0;
	bad[1].set = 2;
	assert_int_equal(module_to_audit(&audited, bad, &audit), -EPROTO);
	index_audit_deinit(&audit);
}

/* The module, of version 1.0 if it does not know the audit */
static int fake_errno;
static struct slotscope_audit asked;

int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct slotscope_audit *audit;
	struct slotscope_info *info;
	va_list ap;

	assert_int_equal(fd, 7);
	va_start(ap, request);
	audit = va_arg(ap, void *);
	va_end(ap);
	if (request == SLOTSCOPE_INFO) {
		info = (void *)audit;
		info->major = 1;
		info->minor = 0;
		return 0;
	}
	errno = fake_errno;
	if (request != SLOTSCOPE_AUDIT || fake_errno)
		return -1;
	asked = *audit;
	assert_true(audit->fault_capacity >= 2);
	memcpy((void *)(uintptr_t)audit->fault_addr, faults, sizeof(faults));
	audit->nr_faults = audit->nr_copied = 2;
	audit->nr_slots = 7;
	return 0;
}

static void the_module_is_asked(void **unused)
{
	struct slotscope_error err = {};
	struct index_audit audit;

	fake_errno = 0;
	assert_int_equal(module_audit(7, 9, &audit, &err), 0);
	assert_int_equal(asked.size, sizeof(struct slotscope_audit));
	assert_int_equal(asked.fault_size, sizeof(struct slotscope_fault));
	assert_int_equal(asked.vm_fd, 9);
	assert_true(!asked.flags && !asked.reserved && !asked.reserved2);
	assert_int_equal(audit.nr, 2);
	assert_int_equal(audit.nr_slots, 7);
	assert_int_equal(audit.faults[0].slot_id, 17);
	index_audit_deinit(&audit);

	fake_errno = ENOMEM;
	assert_int_equal(module_audit(7, 9, &audit, &err), -ENOMEM);
	assert_int_equal(err.code, ENOMEM);
	assert_non_null(strstr(err.tried, "descriptor 9"));
	index_audit_deinit(&audit);
}

/* One that has no audit is not at fault; it is named */
static void an_older_module(void **unused)
{
	struct slotscope_error err = {};
	struct index_audit audit;

	fake_errno = ENOTTY;
	assert_int_equal(module_audit(7, 9, &audit, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.why, "version 1.0"));
	assert_int_equal(audit.nr, 0);
	index_audit_deinit(&audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_snapshot),
		cmocka_unit_test(what_became_of_a_guest_memfd),
		cmocka_unit_test(a_torn_snapshot),
		cmocka_unit_test(a_snapshot_cut_short),
		cmocka_unit_test(generations_alone),
		cmocka_unit_test(answers_that_contradict_themselves),
		cmocka_unit_test(what_is_beside_the_slots),
		cmocka_unit_test(details_of_older_modules),
		cmocka_unit_test(details_that_make_no_sense),
		cmocka_unit_test(slots_that_are_not_in_order),
		cmocka_unit_test(one_moment_or_two),
		cmocka_unit_test(an_audit),
		cmocka_unit_test(audits_that_contradict_themselves),
		cmocka_unit_test(the_module_is_asked),
		cmocka_unit_test(an_older_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
