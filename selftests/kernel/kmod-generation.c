// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generation moves as KVM's rules say: by the number of address spaces each
 * time the set in use is swapped; a creation or a change of flags swaps once, a
 * deletion or a move twice, a refusal or no change not at all. The other address
 * space does not move.
 */
#include "kmod-test.h"

static int dev, vm;
static struct snap *snap;
static char *memory;
static unsigned int nr_as;

static uint64_t generation(unsigned int as_id)
{
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	ASSERT(as_id < snap->req.nr_as_copied, "no address space %u", as_id);
	EXPECT_EQ(snap->as[as_id].flags, 0);
	return snap->as[as_id].generation;
}

struct change {
	uint32_t slot, flags;
	uint64_t gpa, bytes, at;
	int error;
	unsigned int swaps;
};

static void try_all(const struct change *change, size_t nr)
{
	uint64_t before[2] = { 0 }, after[2] = { 0 };
	unsigned int i, as_id;

	vm = vm_create();
	nr_as = vm_nr_as(vm);
	ASSERT(nr_as <= 2, "%u address spaces", nr_as);
	for (i = 0; i < nr; i++, change++) {
		as_id = change->slot >> 16;
		SKIP_IF(as_id >= nr_as, "a VM has one address space here");
		before[0] = generation(0);
		before[1] = nr_as > 1 ? generation(1) : 0;
		EXPECT_ERRNO(__vm_set(vm, change->slot, change->flags,
				      change->gpa, change->bytes,
				      memory + change->at),
			     change->error);
		after[0] = generation(0);
		after[1] = nr_as > 1 ? generation(1) : 0;
		EXPECT(after[as_id] == before[as_id] + change->swaps * nr_as,
		       "step %u: from %llu to %llu, not by %u", i,
		       (unsigned long long)before[as_id],
		       (unsigned long long)after[as_id], change->swaps * nr_as);
		EXPECT_EQ(after[!as_id], before[!as_id]);
	}
	close(vm);
}

#define TRY_ALL(steps) try_all(steps, sizeof(steps) / sizeof((steps)[0]))

static void each_change_counts_as_kvm_swaps(void)
{
	static const struct change steps[] = {
		{ .slot = 0, .gpa = 0, .bytes = MIB, .swaps = 1 },
		{ .slot = 1,
		  .gpa = 4 * MIB,
		  .bytes = MIB,
		  .at = MIB,
		  .swaps = 1 },
		/* flags on, the same again, and off */
		{ .slot = 0,
		  .flags = KVM_MEM_LOG_DIRTY_PAGES,
		  .bytes = MIB,
		  .swaps = 1 },
		{ .slot = 0,
		  .flags = KVM_MEM_LOG_DIRTY_PAGES,
		  .bytes = MIB,
		  .swaps = 0 },
		{ .slot = 0, .bytes = MIB, .swaps = 1 },
		/* move, and back */
		{ .slot = 1,
		  .gpa = 8 * MIB,
		  .bytes = MIB,
		  .at = MIB,
		  .swaps = 2 },
		{ .slot = 1,
		  .gpa = 4 * MIB,
		  .bytes = MIB,
		  .at = MIB,
		  .swaps = 2 },
		/* delete */
		{ .slot = 0, .swaps = 2 },
		{ .slot = 1, .swaps = 2 },
	};

	TRY_ALL(steps);
}

static void a_refusal_does_not_count(void)
{
	static const struct change steps[] = {
		{ .slot = 0, .bytes = MIB, .swaps = 1 },
		/* overlap; a size that is not of pages; hva changed in place */
		{ .slot = 1, .gpa = PAGE, .bytes = MIB, .error = EEXIST },
		{ .slot = 1, .gpa = 4 * MIB, .bytes = 1, .error = EINVAL },
		{ .slot = 0, .bytes = MIB, .at = MIB, .error = EINVAL },
		/* nothing to delete; unknown flags */
		{ .slot = 7, .error = EINVAL },
		{ .slot = 2,
		  .flags = 1 << 15,
		  .gpa = 8 * MIB,
		  .bytes = MIB,
		  .error = EINVAL },
	};

	TRY_ALL(steps);
}

static void address_spaces_count_apart(void)
{
	static const struct change steps[] = {
		{ .slot = 1 << 16 | 3, .bytes = MIB, .swaps = 1 },
		{ .slot = 3, .bytes = MIB, .swaps = 1 },
		{ .slot = 1 << 16 | 3, .gpa = MIB, .bytes = MIB, .swaps = 2 },
		{ .slot = 1 << 16 | 3, .swaps = 2 },
		{ .slot = 3, .swaps = 2 },
	};

	TRY_ALL(steps);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(each_change_counts_as_kvm_swaps),
		KTAP_CASE(a_refusal_does_not_count),
		KTAP_CASE(address_spaces_count_apart),
	};

	need_module_and_kvm();
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
