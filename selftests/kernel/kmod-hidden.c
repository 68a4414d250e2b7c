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
		{ DAMAGE_ACTIVE_SET, 0, 1 },
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

/* Memory of the one VM that there is, as the list of all has it */
static uint64_t listed_bytes(void)
{
	struct slotscope_vm listed = { 0 };
	struct slotscope_vms req = {
		.size = sizeof(req),
		.vm_addr = (uintptr_t)&listed,
		.vm_size = sizeof(listed),
		.vm_capacity = 1,
	};

	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_VMS, &req), 0);
	ASSERT_EQ(req.nr_records, 1);
	return listed.user_bytes;
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
	EXPECT_EQ(listed_bytes(), 2 * MIB);
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
 * is stopped by a limit of its cgroup, say, holds nothing. Between two of them it is
 * given up.
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
	/* A tick of the clock asks, too, whenever it comes */
	EXPECT(holds.keeping < holds.nr / 2,
	       "the processor was kept before %u of %u holds", holds.keeping,
	       holds.nr);
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

/* Holds of a snapshot in which an update goes a step on with the end of hold @at */
static uint32_t holds_with_step(int vm, uint32_t at)
{
	struct test_holds holds = { .vm_fd = vm, .step_at = at };

	holds.nr_as = vm_nr_as(vm);
	SKIP_IF(ioctl(test, TEST_HOLDS, &holds),
		"holds cannot be counted here: %s", strerror(errno));
	snap_take(dev, snap, vm);
	holds.vm_fd = -1;
	ASSERT_ERRNO(ioctl(test, TEST_HOLDS, &holds), 0);
	return holds.nr;
}

/*
 * Another set came into use between two pieces: the walk begins anew. It did not if
 * the update that brought it in is complete now.
 */
static void an_update_between_two_pieces(void)
{
	const unsigned int nr = 1000;
	int vm = vm_create();
	uint64_t generation;
	uint32_t undisturbed;
	unsigned int i;

	for (i = 0; i < nr; i++)
		vm_set(vm, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	undisturbed = holds_with_step(vm, 0);
	EXPECT_EQ(snap->as[0].flags, 0);
	generation = snap->as[0].generation;

	/* Three that count for nothing, and the one that saw it */
	EXPECT_EQ(holds_with_step(vm, 3), undisturbed + 4);
	EXPECT_EQ(snap->as[0].flags, SLOTSCOPE_AS_UPDATING);
	EXPECT_EQ(snap->as[0].generation, generation);
	EXPECT_EQ(snap->req.nr_slots, nr);

	EXPECT_EQ(holds_with_step(vm, 3), undisturbed);
	EXPECT_EQ(snap->as[0].flags, 0);
	EXPECT_EQ(snap->as[0].generation, generation + vm_nr_as(vm));
	EXPECT_EQ(snap->req.nr_slots, nr);
	close(vm);
}

/* Nor for one who looks at KVM's page tables */
static void nor_for_one_at_page_tables(void)
{
	struct slotscope_mapping mapping;
	struct slotscope_stage2 req = {
		.size = sizeof(req),
		.bytes = MIB,
		.mapping_addr = (uintptr_t)&mapping,
		.mapping_size = sizeof(mapping),
		.mapping_capacity = 1,
	};
	struct test_holds holds = { 0 };

	req.vm_fd = holds.vm_fd = vm_create();
	vm_set(req.vm_fd, 0, 0, 0, MIB, memory);
	SKIP_IF(ioctl(test, TEST_HOLDS, &holds),
		"holds cannot be counted here: %s", strerror(errno));
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_STAGE2, &req), 0);
	holds.vm_fd = -1;
	ASSERT_ERRNO(ioctl(test, TEST_HOLDS, &holds), 0);
	EXPECT(holds.nr > 0, "the slots were not held");
	EXPECT_EQ(holds.preemptible, 0);
	close(req.vm_fd);
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
		KTAP_CASE(an_update_between_two_pieces),
		KTAP_CASE(nobody_waits_for_a_stopped_reader),
		KTAP_CASE(nor_for_one_who_counts),
		KTAP_CASE(nor_for_one_at_page_tables),
		KTAP_CASE(nor_for_one_stuck_in_copying),
	};

	need_module_and_kvm();
	test = test_module_open(TEST_DEVICE);
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(1024 * MIB);
	return KTAP_RUN(cases);
}
