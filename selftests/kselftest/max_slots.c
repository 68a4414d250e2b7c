// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As many slots as KVM allows in an address space: each is there,
 * one more is refused, and they can go again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "world.h"

static struct slotscope_expect *slots;
static size_t nr;
static int vm;

static __u32 number(unsigned int as_id, __u32 id)
{
	return as_id << 16 | id;
}

/* In an order of its own, so that no index is filled from one end; 1 GiB up */
static void make(const char *page, unsigned int as_id, __u32 id)
{
	struct slotscope_expect slot = {
		.slot = number(as_id, id),
		.guest_phys_addr = (1ULL << 30) + id * 2 * PAGE,
		.memory_size = PAGE,
		.userspace_addr = (uintptr_t)page,
	};

	vm_set(vm, slot.slot, 0, slot.guest_phys_addr, PAGE, page);
	slots[nr++] = slot;
}

static bool same(void)
{
	return slotscope_compare(__FILE__, __LINE__, vm, slots, nr);
}

static void fill(unsigned int as_id)
{
	struct kvm_userspace_memory_region one_more = { .memory_size = PAGE };
	char *page = guest_memory(PAGE);
	unsigned int max, i;
	__u64 generation;

	vm = vm_create();
	max = vm_has(vm, KVM_CAP_NR_MEMSLOTS);
	SKIP_IF(as_id >= vm_nr_as(vm), "this VM has one address space");
	slots = calloc(max, sizeof(*slots));
	ASSERT(slots, "no memory");
	nr = 0;
	generation = slotscope_generation(vm, as_id);
	/* 5 and the limit have no factor in common: each id comes once */
	ASSERT(max % 5, "%u slots", max);
	for (i = 0; i < max; i++) {
		make(page, as_id, (i * 5ULL) % max);
		/* after each doubling */
		ASSERT((i + 1) & i || same(), "of %u slots", i + 1);
	}
	ASSERT(same(), "all %u slots", max);
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, as_id, &generation, max),
		  SLOTSCOPE_SAME);
	one_more.slot = number(as_id, max);
	EXPECT_ERRNO(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &one_more), EINVAL);
	EXPECT_EQ(EXPECT_MEMSLOT_RULE(vm, &one_more, EINVAL, "slot-id"),
		  SLOTSCOPE_SAME);
	/* every second one goes */
	for (i = 0; i < nr; i++) {
		if (i % 2)
			slots[i / 2] = slots[i];
		else
			vm_set(vm, slots[i].slot, 0, 0, 0, NULL);
	}
	nr /= 2;
	EXPECT(same(), "half of them deleted");
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, as_id, &generation, max),
		  SLOTSCOPE_SAME);
	close(vm);
	free(slots);
	munmap(page, PAGE);
}

static void in_the_first_address_space(void)
{
	fill(0);
}

static void in_the_second_address_space(void)
{
	fill(1);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(in_the_first_address_space),
		KTAP_CASE(in_the_second_address_space),
	};

	world_need();
	return KTAP_RUN(cases);
}
