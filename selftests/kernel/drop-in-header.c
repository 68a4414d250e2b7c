// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slotscope_kselftest.h finds what differs: each member of an expectation, slots too
 * many and too few, generations; and knows what is no difference.
 */
#include "../kselftest/slotscope_kselftest.h"
#include "kmod-test.h"

#include "../kselftest/guest.h"
#include "test-module/slotscope_test.h"

static char *memory;

#define HVA(offset) ((uintptr_t)memory + (offset))

#define RAM                                                                 \
	{                                                                   \
		.slot = 0, .guest_phys_addr = 0x100000, .memory_size = MIB, \
		.userspace_addr = HVA(0)                                    \
	}
#define ROM                                                                 \
	{                                                                   \
		.slot = 7, .guest_phys_addr = 0x400000, .memory_size = MIB, \
		.userspace_addr = HVA(MIB), .flags = KVM_MEM_READONLY       \
	}

static int vm_with_both(void)
{
	int vm = vm_create();

	EXPECT_EQ(EXPECT_MEMSLOTS(vm), SLOTSCOPE_SAME);
	vm_set(vm, 0, 0, 0x100000, MIB, memory);
	vm_set(vm, 7, KVM_MEM_READONLY, 0x400000, MIB, memory + MIB);
	return vm;
}

static void same(void)
{
	int vm = vm_with_both();

	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, ROM), SLOTSCOPE_SAME);
	/* in any order */
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, ROM, RAM), SLOTSCOPE_SAME);
	close(vm);
}

/* RAM, with one member otherwise: that member is told, and nothing else */
#define DIFFERS(vm, ...)                                         \
	EXPECT_EQ(EXPECT_MEMSLOTS(vm,                            \
				  { .slot = 0,                   \
				    .guest_phys_addr = 0x100000, \
				    .memory_size = MIB,          \
				    .userspace_addr = HVA(0),    \
				    __VA_ARGS__ },               \
				  ROM),                          \
		  SLOTSCOPE_DIFFERS)

#pragma GCC diagnostic ignored "-Woverride-init"

static void each_member(void)
{
	int vm = vm_with_both();

	DIFFERS(vm, .slot = 1);
	DIFFERS(vm, .slot = 1 << 16);
	DIFFERS(vm, .flags = KVM_MEM_LOG_DIRTY_PAGES);
	DIFFERS(vm, .flags = KVM_MEM_READONLY);
	DIFFERS(vm, .guest_phys_addr = 0x101000);
	DIFFERS(vm, .memory_size = MIB - PAGE);
	DIFFERS(vm, .userspace_addr = HVA(PAGE));
	DIFFERS(vm, .hidden = 1);
	DIFFERS(vm, .flags = KVM_MEM_GUEST_MEMFD);
	close(vm);
}

static void too_few_and_too_many(void)
{
	int vm = vm_with_both();

	EXPECT_EQ(EXPECT_MEMSLOTS(vm), SLOTSCOPE_DIFFERS);
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, ROM), SLOTSCOPE_DIFFERS);
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, ROM, { .slot = 9 }),
		  SLOTSCOPE_DIFFERS);
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, RAM, ROM), SLOTSCOPE_DIFFERS);
	close(vm);
}

static void what_is_not_known(void)
{
	int vm = vm_with_both();

	EXPECT_EQ(EXPECT_MEMSLOTS(vm,
				  { .slot = 0,
				    .memory_size = MIB,
				    .any = SLOTSCOPE_ANY_HVA |
					   SLOTSCOPE_ANY_GPA },
				  { .slot = 7,
				    .guest_phys_addr = 0x400000,
				    .memory_size = MIB,
				    .userspace_addr = HVA(MIB),
				    .any = SLOTSCOPE_ANY_FLAGS }),
		  SLOTSCOPE_SAME);
	close(vm);
}

static void generations(void)
{
	int vm = vm_create();
	__u64 gen = slotscope_generation(vm, 0), before = gen;

	vm_set(vm, 0, 0, 0x100000, MIB, memory);
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, 0, &gen, 1), SLOTSCOPE_SAME);
	EXPECT(gen != before, "the generation is not the new one");
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, 0, &gen, 1), SLOTSCOPE_DIFFERS);
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, 0, &before, 0), SLOTSCOPE_DIFFERS);
	EXPECT_EQ(EXPECT_MEMSLOT_SWAPS(vm, 99, &gen, 0), SLOTSCOPE_DIFFERS);
	close(vm);
}

static void no_vm(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(EXPECT_MEMSLOTS(fd), SLOTSCOPE_DIFFERS);
	close(fd);
	EXPECT_EQ(EXPECT_MEMSLOTS(fd), SLOTSCOPE_DIFFERS);
}

static void stage2(void)
{
	struct test_damage damage = { .what = DAMAGE_SPTE };
	struct guest guest;
	int vm = vm_create();
	uint64_t right;
	int test;

	vm_set(vm, GUEST_ID, 0, GUEST_CODE, GUEST_SIZE, guest_code());
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_SAME);
	guest = guest_create(vm, 0, false);
	madvise(memory, 2 * MIB, MADV_NOHUGEPAGE);
	vm_set(vm, 0, 0, 0x100000, MIB, memory);
	vm_set(vm, 7, KVM_MEM_READONLY, 0x400000, MIB, memory + MIB);
	EXPECT_EQ(guest_write(&guest, 0x100000, 1), GUEST_MEMORY);
	EXPECT_EQ(guest_write(&guest, 0x101000, 2), GUEST_MEMORY);
	memory[MIB] = 3;
	EXPECT_EQ(guest_read(&guest, 0x400000, &(uint8_t){ 0 }), GUEST_MEMORY);
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_SAME);

	SKIP_IF(__module_load("kmod-test", "slotscope_test"),
		"slotscope_test.ko: %s", strerror(errno));
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	damage.vm_fd = vm;
	/* another page; none at all is no fault; a right too many */
	damage.id = 0x100;
	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "%s", strerror(errno));
	right = damage.value;
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_SAME);
	damage.value = right ^ PAGE;
	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "%s", strerror(errno));
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_DIFFERS);
	damage.value = right;
	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "%s", strerror(errno));
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_SAME);
	damage.id = 0x400;
	damage.value = 0;
	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "%s", strerror(errno));
	right = damage.value;
	damage.value = right | 2;
	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "%s", strerror(errno));
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_DIFFERS);
	damage.value = right;
	ASSERT(!ioctl(test, TEST_DAMAGE, &damage), "%s", strerror(errno));
	EXPECT_EQ(EXPECT_STAGE2(vm), SLOTSCOPE_SAME);
	close(guest.fd);
	close(vm);
	close(test);
}

static void rules(void)
{
	struct kvm_userspace_memory_region region = {
		.slot = 2,
		.guest_phys_addr = 0x180000,
		.memory_size = PAGE,
		.userspace_addr = HVA(0),
	};
	int vm = vm_with_both();

	EXPECT_EQ(EXPECT_MEMSLOT_RULE(vm, &region, EEXIST, "overlap"),
		  SLOTSCOPE_SAME);
	EXPECT_EQ(EXPECT_MEMSLOT_RULE(vm, &region, EEXIST, "gpa-align"),
		  SLOTSCOPE_DIFFERS);
	/* not by a rule on slots */
	EXPECT_EQ(EXPECT_MEMSLOT_RULE(vm, &region, ENOMEM, "overlap"),
		  SLOTSCOPE_DIFFERS);
	EXPECT(!strcmp(slotscope_why(vm, &region, EEXIST),
		       "File exists: slot 0 at 0x100000-0x1fffff is in the way "
		       "(rule overlap)"),
	       "%s", slotscope_why(vm, &region, EEXIST));
	close(vm);
}

static void kvms_own(void)
{
	struct slotscope_expect own = {
		.slot = USER_SLOTS + 2,
		.guest_phys_addr = TEST_LAST_GPA,
		.memory_size = PAGE,
		.hidden = 1,
		.any = SLOTSCOPE_ANY_HVA,
	};
	int vm, test;

	SKIP_IF(__module_load("kmod-test", "slotscope_test"),
		"slotscope_test.ko: %s", strerror(errno));
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	vm = vm_with_both();
	ASSERT(!ioctl(test, TEST_HIDDEN_SLOTS, vm), "%s", strerror(errno));
	/* nobody has to expect it, but it can be */
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, ROM), SLOTSCOPE_SAME);
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, ROM, own), SLOTSCOPE_SAME);
	own.guest_phys_addr += PAGE;
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, ROM, own), SLOTSCOPE_DIFFERS);
	own.guest_phys_addr -= PAGE;
	own.hidden = 0;
	EXPECT_EQ(EXPECT_MEMSLOTS(vm, RAM, ROM, own), SLOTSCOPE_DIFFERS);
	close(vm);
	close(test);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(same),
		KTAP_CASE(each_member),
		KTAP_CASE(too_few_and_too_many),
		KTAP_CASE(what_is_not_known),
		KTAP_CASE(generations),
		KTAP_CASE(no_vm),
		KTAP_CASE(stage2),
		KTAP_CASE(rules),
		KTAP_CASE(kvms_own),
	};

	need_module_and_kvm();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
