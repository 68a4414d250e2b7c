// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As many slots as KVM allows in an address space: each is there, a guest finds
 * what it should in them, one more is refused, and they can go again.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "world.h"

static struct slotscope_expect *slots;
static size_t nr;
static int vm;
static struct guest guest;
static char *memory; /* a page a slot, by its id */

static __u32 number(unsigned int as_id, __u32 id)
{
	return as_id << 16 | id;
}

static void make(__u32 slot, __u64 gpa, __u64 size, const char *hva)
{
	vm_set(vm, slot, 0, gpa, size, hva);
	slots[nr++] = (struct slotscope_expect){
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};
}

/* With a hole behind each, from 1 GiB on */
static __u64 place(__u32 id)
{
	return (1ULL << 30) + id * 2 * PAGE;
}

/* What the guest has of a slot, and behind it */
static bool guest_has(const struct slotscope_expect *slot)
{
	char *hva = (char *)(uintptr_t)slot->userspace_addr;
	uint8_t mark = slot->slot % 251 + 1, value;

	*hva = mark;
	return EXPECT(guest_read(&guest, slot->guest_phys_addr, &value) ==
				      GUEST_MEMORY &&
			      value == mark,
		      "slot 0x%x: the guest read 0x%x, not 0x%x", slot->slot,
		      value, mark) &&
	       EXPECT(guest_read(&guest,
				 slot->guest_phys_addr + slot->memory_size,
				 &value) == GUEST_MMIO,
		      "slot 0x%x: there is memory behind it", slot->slot);
}

/* All of what KVM has, and of a few slots what the guest has; the first is its code */
static bool same(void)
{
	bool right = slotscope_compare(__FILE__, __LINE__, vm, slots, nr);

	for (size_t i = 1; i < nr && right; i += i < nr / 2 ? nr / 4 + 1 : nr)
		right = guest_has(&slots[i]);
	return right && guest_has(&slots[nr - 1]) && EXPECT_STAGE2(vm);
}

static void fill(unsigned int as_id)
{
	struct kvm_userspace_memory_region one_more = { .memory_size = PAGE };
	unsigned int max, i;
	__u64 generation;
	__u32 id;

	vm = vm_create();
	max = vm_has(vm, KVM_CAP_NR_MEMSLOTS);
	SKIP_IF(as_id >= vm_nr_as(vm), "this VM has one address space");
	slots = calloc(max, sizeof(*slots));
	ASSERT(slots, "no memory");
	nr = 0;
	memory = guest_memory(max * PAGE);
	generation = slotscope_generation(vm, as_id);
	make(number(as_id, GUEST_ID), GUEST_CODE, GUEST_SIZE, guest_code());
	guest = guest_create(vm, 0, as_id);
	/*
	 * In an order in which no index is filled from one end: 5 and the limit have
	 * no factor in common, so each id comes once
	 */
	ASSERT(max % 5, "%u slots", max);
	for (i = 0; i < max; i++) {
		id = (i * 5ULL) % max;
		if (id != GUEST_ID)
			make(number(as_id, id), place(id), PAGE,
			     memory + id * PAGE);
		/* after each doubling */
		ASSERT((i + 1) & i || nr < 2 || same(), "of %zu slots", nr);
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
		if (i % 2 == 0)
			slots[i / 2] = slots[i];
		else
			vm_set(vm, slots[i].slot, 0, 0, 0, NULL);
	}
	nr = (nr + 1) / 2;
	EXPECT(same(), "half of them deleted");
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, as_id, &generation, max / 2 * 2),
		  SLOTSCOPE_SAME);
	guest_close(&guest);
	close(vm);
	free(slots);
	munmap(memory, max * PAGE);
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
