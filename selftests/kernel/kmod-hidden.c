// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With the help of a module of our own (test-module/): a file that passes for a
 * VM by the name of its handler, a slot of KVM's own, slots that cannot be, an
 * update that is under way, and how KVM's lock is held meanwhile.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kmod-test.h"

#include "test-module/slotscope_test.h"

static int dev, test;
static struct snap *snap;
static char *memory;

static void a_lookalike_is_no_vm(void)
{
	snap_prepare(snap, test);
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EBADFD);
}

static uint32_t snap_max_slots(int fd)
{
	struct slotscope_info info = { .size = sizeof(info) };

	ASSERT_ERRNO(ioctl(fd, SLOTSCOPE_INFO, &info), 0);
	return info.max_slots;
}

static uint64_t damage(int vm, uint32_t what, uint32_t id, uint64_t value)
{
	struct test_damage req = {
		.vm_fd = vm, .what = what, .id = id, .value = value
	};

	ASSERT(!ioctl(test, TEST_DAMAGE, &req), "damage %u: %s", what,
	       strerror(errno));
	return req.value;
}

/* What cannot be a slot, or not there, is not told as one */
static void what_makes_no_sense_is_refused(void)
{
	static const struct {
		uint32_t what, id;
		uint64_t value;
	} try[] = {
		{ DAMAGE_NODE_IDX, 0, 1 },
		{ DAMAGE_NODE_IDX, 1, 0 },
		{ DAMAGE_SLOT_AS_ID, 1, 1 },
		{ DAMAGE_SLOT_ID, 1, 32767 },
		{ DAMAGE_SLOT_NPAGES, 1, 0 },
		{ DAMAGE_SLOT_NPAGES, 1, -1ULL },
		{ DAMAGE_SLOT_HVA, 1, 0x12345 },
		/* into the slot before it */
		{ DAMAGE_SLOT_BASE_GFN, 1, 255 },
	};
	int vm = vm_create();
	unsigned int i;
	uint64_t old;

	for (i = 0; i < 3; i++)
		vm_set(vm, i, 0, i * MIB, MIB, memory + i * MIB);
	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		old = damage(vm, try[i].what, try[i].id, try[i].value);
		if (!EXPECT_ERRNO(__snap_take(dev, snap, vm), EPROTO))
			ktap_diag("damage %u of %u", i, try[i].what);
		damage(vm, try[i].what,
		       try[i].what == DAMAGE_SLOT_ID ? try[i].value : try[i].id,
		       old);
		snap_take(dev, snap, vm);
		EXPECT_EQ(snap->req.nr_slots, 3);
	}
	close(vm);
}

static void hidden_slots_are_marked(void)
{
	const struct slotscope_slot *slot = snap->slots;
	int vm = vm_create();
	unsigned int i;

	vm_set(vm, 0, 0, 0, MIB, memory);
	vm_set(vm, USER_SLOTS - 1, 0, 16 * MIB, MIB, memory + MIB);
	ASSERT(!ioctl(test, TEST_HIDDEN_SLOTS, vm),
	       "no slot of KVM's own could be made: %s", strerror(errno));
	/* It is in the way of a VMM that does not know of it */
	EXPECT_ERRNO(__vm_set(vm, 1, 0, 0xfee00000, PAGE, memory), EEXIST);

	snap_take(dev, snap, vm);
	/* KVM makes it in each address space */
	ASSERT_EQ(snap->req.nr_slots, 2 + 2 * vm_nr_as(vm));
	ASSERT_EQ(snap->as[0].nr_slots, 4);
	EXPECT_EQ(slot[0].flags, 0);
	EXPECT_EQ(slot[1].id, USER_SLOTS - 1);
	EXPECT_EQ(slot[1].flags, 0);
	/* The first and the last id that a VMM cannot have */
	for (i = 0; i < 2 * vm_nr_as(vm); i++, slot++) {
		EXPECT_EQ(slot[2].flags, SLOTSCOPE_SLOT_HIDDEN);
		EXPECT_EQ(slot[2].as_id, i / 2);
		EXPECT_EQ(slot[2].gpa, i & 1 ? 0xfffbc000 : 0xfee00000);
		EXPECT_EQ(slot[2].bytes, PAGE);
		EXPECT_EQ(slot[2].id,
			  i & 1 ? USER_SLOTS : snap_max_slots(dev) - 1);
		EXPECT(slot[2].hva, "it has no memory");
	}
	close(vm);
}

/* The moment between two steps of KVM's, for as long as we look */
static void an_update_is_told(void)
{
	int vm = vm_create();
	uint64_t generation;

	vm_set(vm, 0, 0, 0, MIB, memory);
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->as[0].flags, 0);
	generation = snap->as[0].generation;
	damage(vm, DAMAGE_UPDATING, 0, 1);
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->as[0].flags, SLOTSCOPE_AS_UPDATING);
	EXPECT_EQ(snap->as[0].generation, generation);
	EXPECT_EQ(snap->as[1].flags, 0);
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->as[0].flags, SLOTSCOPE_AS_UPDATING);
	EXPECT_EQ(snap->as[0].generation, generation);
	EXPECT_EQ(damage(vm, DAMAGE_UPDATING, 0, 0), 1);
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->as[0].flags, 0);
	EXPECT_EQ(snap->as[0].generation, generation);
	close(vm);
}

/*
 * Who changes a slot waits for who holds kvm->srcu. A hold is of a piece of the
 * slots, and is not given up with the processor in the midst of it: a reader that
 * is stopped by a limit of its cgroup, say, holds nothing.
 */
static void nobody_waits_for_a_stopped_reader(void)
{
	struct test_holds holds = { 0 };
	const unsigned int nr = 1000;
	int vm = vm_create();
	unsigned int i;

	holds.vm_fd = vm;
	for (i = 0; i < nr; i++)
		vm_set(vm, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	SKIP_IF(ioctl(test, TEST_HOLDS, &holds),
		"holds cannot be counted here: %s", strerror(errno));
	snap_take(dev, snap, vm);
	holds.vm_fd = -1;
	ASSERT_ERRNO(ioctl(test, TEST_HOLDS, &holds), 0);
	EXPECT_EQ(snap->req.nr_slots, nr);
	ktap_diag("%u holds", holds.nr);
	EXPECT(holds.nr >= nr / 128, "%u slots were read in %u holds", nr,
	       holds.nr);
	EXPECT_EQ(holds.preemptible, 0);
	close(vm);
}

/* What is counted beside the slots is cut into such pieces, too */
static void nor_for_one_who_counts(void)
{
	const uint64_t size = 1ULL << 30, pages = size / PAGE;
	static struct slotscope_detail details[64];
	struct test_holds holds = { 0 };
	const unsigned int nr = 40;
	int vm = vm_create();
	uint64_t entries;
	unsigned int i;

	/* The least that KVM keeps: a bit a page, a word each 2 MiB */
	entries = nr * (pages / 64 + pages / 512);
	holds.vm_fd = vm;
	for (i = 0; i < nr; i++)
		vm_set(vm, i, KVM_MEM_LOG_DIRTY_PAGES, i * size, size, memory);
	SKIP_IF(ioctl(test, TEST_HOLDS, &holds),
		"holds cannot be counted here: %s", strerror(errno));
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_DETAIL;
	snap->req.detail_addr = (uintptr_t)details;
	snap->req.detail_size = sizeof(details[0]);
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	holds.vm_fd = -1;
	ASSERT_ERRNO(ioctl(test, TEST_HOLDS, &holds), 0);
	ktap_diag("%u holds", holds.nr);
	EXPECT(holds.nr >= entries / 16384, "%llu entries in %u holds",
	       (unsigned long long)entries, holds.nr);
	EXPECT_EQ(holds.preemptible, 0);
	close(vm);
}

static int stuck_vm;
static atomic_bool changed;

static void *read_into(void *page)
{
	snap_prepare(snap, stuck_vm);
	snap->req.slot_addr = (uintptr_t)page;
	return (void *)(long)ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req);
}

static void *change_slots(void *unused)
{
	__vm_set(stuck_vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, MIB, memory);
	__vm_set(stuck_vm, 0, 0, 0, 0, NULL);
	changed = true;
	return NULL;
}

/* What is copied out is copied out without any lock */
static void nor_for_one_stuck_in_copying(void)
{
	struct stuck_page stuck = stuck_page_new();
	pthread_t reader, writer;
	void *ret;

	stuck_vm = vm_create();
	vm_set(stuck_vm, 0, 0, 0, MIB, memory);
	changed = false;
	pthread_create(&reader, NULL, read_into, stuck.page);
	stuck_page_await(&stuck);
	pthread_create(&writer, NULL, change_slots, NULL);
	AWAIT(changed);
	EXPECT(changed, "who changes slots waits for a reader that is stuck");
	stuck_page_release(&stuck);
	pthread_join(reader, &ret);
	pthread_join(writer, NULL);
	EXPECT_EQ((long)ret, 0);
	/* Of the moment at which it was read */
	EXPECT_EQ(snap->req.nr_slots, 1);
	close(stuck_vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(a_lookalike_is_no_vm),
		KTAP_CASE(hidden_slots_are_marked),
		KTAP_CASE(what_makes_no_sense_is_refused),
		KTAP_CASE(an_update_is_told),
		KTAP_CASE(nobody_waits_for_a_stopped_reader),
		KTAP_CASE(nor_for_one_who_counts),
		KTAP_CASE(nor_for_one_stuck_in_copying),
	};

	need_module_and_kvm();
	test = test_module_open(TEST_DEVICE);
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(1024 * MIB);
	return KTAP_RUN(cases);
}
