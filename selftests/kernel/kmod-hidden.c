// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With the help of a module of our own (test-module/): a file that passes for a
 * VM by the name of its handler, and a slot of KVM's own.
 */
#include "kmod-test.h"

#define TEST_DEVICE	 "/dev/slotscope-test"
#define TEST_HIDDEN_SLOT _IO('T', 1)

static int dev, test;
static struct snap *snap;
static char *memory;

static void a_lookalike_is_no_vm(void)
{
	snap_prepare(snap, test);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EBADFD);
}

static void hidden_slots_are_marked(void)
{
	const struct slotscope_slot *slot = snap->slots;
	int vm = vm_create();
	unsigned int i;

	vm_set(vm, 0, 0, 0, MIB, memory);
	vm_set(vm, USER_SLOTS - 1, 0, 16 * MIB, MIB, memory + MIB);
	ASSERT(!ioctl(test, TEST_HIDDEN_SLOT, vm),
	       "no slot of KVM's own could be made: %s", strerror(errno));
	/* It is in the way of a VMM that does not know of it */
	EXPECT_ERRNO(__vm_set(vm, 1, 0, 0xfee00000, PAGE, memory), EEXIST);

	snap_take(dev, snap, vm);
	/* KVM makes it in each address space */
	ASSERT_EQ(snap->req.nr_slots, 2 + vm_nr_as(vm));
	ASSERT_EQ(snap->as[0].nr_slots, 3);
	EXPECT_EQ(slot[0].flags, 0);
	EXPECT_EQ(slot[1].id, USER_SLOTS - 1);
	EXPECT_EQ(slot[1].flags, 0);
	for (i = 0; i < vm_nr_as(vm); i++, slot++) {
		EXPECT_EQ(slot[2].flags, SLOTSCOPE_SLOT_HIDDEN);
		EXPECT_EQ(slot[2].as_id, i);
		EXPECT_EQ(slot[2].gpa, 0xfee00000);
		EXPECT_EQ(slot[2].bytes, PAGE);
		EXPECT(slot[2].id >= USER_SLOTS, "its id is %u", slot[2].id);
		EXPECT(slot[2].hva, "it has no memory");
	}
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(a_lookalike_is_no_vm),
		KTAP_CASE(hidden_slots_are_marked),
	};

	need_module_and_kvm();
	if (__module_load("kmod-test", "slotscope_test"))
		ktap_skip_all("slotscope_test.ko: %s (make -C "
			      "selftests/kernel/test-module KDIR=...)",
			      strerror(errno));
	dev = dev_open();
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT(test >= 0, "open " TEST_DEVICE ": %s", strerror(errno));
	snap = snap_alloc();
	memory = guest_memory(16 * MIB);
	return KTAP_RUN(cases);
}
