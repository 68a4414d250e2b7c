// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SLOTSCOPE_SNAPSHOT shows the very slots that were set. Numbers of slots are
 * prime, so that a count cannot be right by chance.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "kmod-test.h"

static int dev;
static struct snap *snap;
static char *memory;

#define MEMORY (512 * MIB)

/* A slot that must be in the snapshot, exactly as given */
static void expect_slot(uint32_t i, uint32_t slot, uint32_t mem_flags,
			uint64_t gpa, uint64_t bytes, const void *hva)
{
	const struct slotscope_slot *seen = &snap->slots[i];

	ASSERT(i < snap->req.nr_slots_copied, "there is no slot %u", i);
	EXPECT_EQ(seen->id, slot & 0xffff);
	EXPECT_EQ(seen->as_id, slot >> 16);
	EXPECT_EQ(seen->mem_flags, mem_flags);
	EXPECT_EQ(seen->gpa, gpa);
	EXPECT_EQ(seen->bytes, bytes);
	EXPECT_EQ(seen->hva, (uintptr_t)hva);
	EXPECT_EQ(seen->flags, 0);
	EXPECT_EQ(seen->gmem_offset, 0);
	EXPECT_EQ(seen->gmem_ino, 0);
}

static void info_tells_version_and_limits(void)
{
	struct slotscope_info info = { .size = sizeof(info) };
	int vm = vm_create();

	ASSERT(!ioctl(dev, SLOTSCOPE_INFO, &info), "SLOTSCOPE_INFO: %s",
	       strerror(errno));
	EXPECT_EQ(info.major, SLOTSCOPE_MAJOR);
	EXPECT_EQ(info.minor, SLOTSCOPE_MINOR);
	EXPECT_EQ(info.size, sizeof(info));
	EXPECT_EQ(info.snapshot_size, sizeof(struct slotscope_snapshot));
	EXPECT_EQ(info.as_size, sizeof(struct slotscope_as));
	EXPECT_EQ(info.slot_size, sizeof(struct slotscope_slot));
	/* KVM's own words for the same */
	EXPECT_EQ(info.user_slots, vm_has(vm, KVM_CAP_NR_MEMSLOTS));
	EXPECT(info.max_as >= vm_nr_as(vm), "max_as %u, this VM has %u",
	       info.max_as, vm_nr_as(vm));
	EXPECT(info.max_slots >= info.user_slots, "max_slots %u",
	       info.max_slots);
	/* KVM answers for REGION2 exactly if its slots can have a guest_memfd */
	EXPECT_EQ(!!(info.features & SLOTSCOPE_FEATURE_GUEST_MEMFD),
		  vm_has(vm, KVM_CAP_USER_MEMORY2));
	close(vm);
}

static void a_new_vm_has_no_slots(void)
{
	struct timespec before, after;
	int vm = vm_create();
	uint32_t i;

	clock_gettime(CLOCK_MONOTONIC, &before);
	snap_take(dev, snap, vm);
	clock_gettime(CLOCK_MONOTONIC, &after);

	EXPECT_EQ(snap->req.nr_as, vm_nr_as(vm));
	EXPECT_EQ(snap->req.nr_slots, 0);
	for (i = 0; i < snap->req.nr_as; i++) {
		EXPECT_EQ(snap->as[i].as_id, i);
		EXPECT_EQ(snap->as[i].nr_slots, 0);
		EXPECT_EQ(snap->as[i].flags, 0);
		/* KVM starts each address space at its own number */
		EXPECT_EQ(snap->as[i].generation, i);
	}
	EXPECT(snap->req.begin_ns >=
		       before.tv_sec * 1000000000ULL + before.tv_nsec,
	       "begin_ns is before the call");
	EXPECT(snap->req.end_ns <= after.tv_sec * 1000000000ULL + after.tv_nsec,
	       "end_ns is after the call");
	close(vm);
}

static void slots_are_exact_and_in_order(void)
{
	/* 7 slots of 7 sizes, set in an order that is not that of addresses */
	static const struct {
		uint32_t slot, flags;
		uint64_t gpa, bytes, at;
	} set[] = {
		{ 5, 0, 0x100000000, 127 * PAGE, 64 * MIB },
		{ 0, 0, 0, 157 * PAGE, 0 },
		{ 32763, 0, 0xfffc0000, 61 * PAGE, 8 * MIB },
		{ 3, KVM_MEM_LOG_DIRTY_PAGES, 0xa0000, 31 * PAGE, 9 * MIB },
		{ 11, KVM_MEM_READONLY, 0xc0000, 1 * PAGE, 10 * MIB },
		{ 2, KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES, 0xe0000,
		  3 * PAGE, 11 * MIB },
		{ 7, 0, 0x7ffffff000, 1 * PAGE, 12 * MIB },
	};
	static const int order[] = { 1, 3, 4, 5, 2, 0, 6 };
	int vm = vm_create();
	uint32_t i;

	for (i = 0; i < 7; i++)
		vm_set(vm, set[i].slot, set[i].flags, set[i].gpa, set[i].bytes,
		       memory + set[i].at);
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->req.nr_slots, 7);
	EXPECT_EQ(snap->as[0].nr_slots, 7);
	EXPECT_EQ(snap->as[0].nr_copied, 7);
	for (i = 0; i < 7; i++)
		expect_slot(i, set[order[i]].slot, set[order[i]].flags,
			    set[order[i]].gpa, set[order[i]].bytes,
			    memory + set[order[i]].at);
	EXPECT(!*snap_wrong(snap), "%s", snap_wrong(snap));
	close(vm);
}

/* As far up as this machine's guests can be */
static void slots_at_the_top(void)
{
	uint64_t gpa;
	int vm = vm_create();

	vm_set(vm, 0, 0, 0, MIB, memory);
	for (gpa = 1ULL << 51; gpa >= 1ULL << 39; gpa >>= 1)
		if (!__vm_set(vm, 1, 0, gpa, MIB, memory + MIB))
			break;
	SKIP_IF(gpa < 1ULL << 42, "no slot can be above 4 TiB here");
	snap_take(dev, snap, vm);
	ASSERT_EQ(snap->req.nr_slots, 2);
	expect_slot(1, 1, 0, gpa, MIB, memory + MIB);
	close(vm);
}

static void changes_show_at_once(void)
{
	int vm = vm_create();

	vm_set(vm, 1, 0, 0, 2 * MIB, memory);
	vm_set(vm, 2, 0, 4 * MIB, MIB, memory + 2 * MIB);
	vm_set(vm, 2, 0, 16 * MIB, MIB, memory + 2 * MIB);
	vm_set(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, 0, 2 * MIB, memory);
	snap_take(dev, snap, vm);
	ASSERT_EQ(snap->req.nr_slots, 2);
	expect_slot(0, 1, KVM_MEM_LOG_DIRTY_PAGES, 0, 2 * MIB, memory);
	expect_slot(1, 2, 0, 16 * MIB, MIB, memory + 2 * MIB);

	vm_set(vm, 1, 0, 0, 0, NULL);
	snap_take(dev, snap, vm);
	ASSERT_EQ(snap->req.nr_slots, 1);
	expect_slot(0, 2, 0, 16 * MIB, MIB, memory + 2 * MIB);
	close(vm);
}

static void both_address_spaces(void)
{
	int vm = vm_create();
	uint32_t i;

	SKIP_IF(vm_nr_as(vm) < 2, "a VM has one address space here");
	for (i = 0; i < 5; i++)
		vm_set(vm, i, 0, i * MIB, MIB, memory + i * MIB);
	for (i = 0; i < 3; i++)
		vm_set(vm, i | 1 << 16, 0, i * MIB, PAGE, memory + i * PAGE);
	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->req.nr_slots, 8);
	EXPECT_EQ(snap->as[0].nr_slots, 5);
	EXPECT_EQ(snap->as[1].nr_slots, 3);
	for (i = 0; i < 5; i++)
		expect_slot(i, i, 0, i * MIB, MIB, memory + i * MIB);
	for (i = 0; i < 3; i++)
		expect_slot(5 + i, i | 1 << 16, 0, i * MIB, PAGE,
			    memory + i * PAGE);

	/* The first address space uses up the room */
	snap_prepare(snap, vm);
	snap->req.slot_capacity = 6;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.nr_slots, 8);
	EXPECT_EQ(snap->req.nr_slots_copied, 6);
	EXPECT_EQ(snap->as[0].nr_copied, 5);
	EXPECT_EQ(snap->as[1].nr_copied, 1);
	EXPECT_EQ(snap->as[1].nr_slots, 3);
	close(vm);
}

#ifndef KVM_CAP_GUEST_MEMFD_FLAGS
#define KVM_CAP_GUEST_MEMFD_FLAGS 244
#endif
#define GMEM_CAN_BE_MAPPED 1ULL

static void with_guest_memfd(uint64_t flags, uint32_t slot_flags)
{
	struct kvm_create_guest_memfd create = { .size = 16 * MIB,
						 .flags = flags };
	struct kvm_userspace_memory_region2 region = {
		.slot = 9,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = 32 * MIB,
		.memory_size = 2 * MIB,
		.userspace_addr = (uintptr_t)memory,
		.guest_memfd_offset = 6 * MIB,
	};
	int vm = vm_create();
	uint64_t generation;
	struct stat st;
	int fd;

	SKIP_IF(!vm_has(vm, KVM_CAP_GUEST_MEMFD),
		"KVM has no guest_memfd for this type of VM here");
	SKIP_IF(flags & ~vm_has(vm, KVM_CAP_GUEST_MEMFD_FLAGS),
		"no guest_memfd can be mapped here");
	fd = ioctl(vm, KVM_CREATE_GUEST_MEMFD, &create);
	ASSERT(fd >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	ASSERT(!fstat(fd, &st), "fstat: %s", strerror(errno));
	region.guest_memfd = fd;
	ASSERT(!ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region),
	       "KVM_SET_USER_MEMORY_REGION2: %s", strerror(errno));
	vm_set(vm, 1, 0, 0, MIB, memory + 8 * MIB);

	snap_take(dev, snap, vm);
	ASSERT_EQ(snap->req.nr_slots, 2);
	expect_slot(0, 1, 0, 0, MIB, memory + 8 * MIB);
	EXPECT_EQ(snap->slots[1].id, 9);
	/* KVM may add flags of its own in the upper half */
	EXPECT_EQ(snap->slots[1].mem_flags & 0xffff, KVM_MEM_GUEST_MEMFD);
	EXPECT_EQ(snap->slots[1].flags, SLOTSCOPE_SLOT_GMEM | slot_flags);
	EXPECT_EQ(snap->slots[1].gmem_offset, 6 * MIB);
	EXPECT_EQ(snap->slots[1].gmem_ino, st.st_ino);
	EXPECT_EQ(snap->slots[1].gmem_major, major(st.st_dev));
	EXPECT_EQ(snap->slots[1].gmem_minor, minor(st.st_dev));
	generation = snap->as[0].generation;
	EXPECT_EQ(snap->slots[1].hva, (uintptr_t)memory);

	/* KVM unbinds the slot when the file goes; the slot stays */
	close(fd);
	snap_take(dev, snap, vm);
	ASSERT_EQ(snap->req.nr_slots, 2);
	EXPECT_EQ(snap->as[0].generation, generation);
	EXPECT_EQ(snap->slots[1].mem_flags & 0xffff, KVM_MEM_GUEST_MEMFD);
	EXPECT_EQ(snap->slots[1].flags, slot_flags);
	EXPECT_EQ(snap->slots[1].gmem_offset, 0);
	EXPECT_EQ(snap->slots[1].gmem_ino, 0);
	EXPECT_EQ(snap->slots[1].gmem_major, 0);
	EXPECT_EQ(snap->slots[1].gmem_minor, 0);
	close(vm);
}

static void guest_memfd_and_its_offset(void)
{
	with_guest_memfd(0, 0);
}

static void guest_memfd_that_is_all_there_is(void)
{
	with_guest_memfd(GMEM_CAN_BE_MAPPED, SLOTSCOPE_SLOT_GMEM_ONLY);
}

static void truncation_is_told(void)
{
	struct slotscope_slot canary;
	int vm = vm_create();
	uint32_t i, room;

	memset(&canary, 0xa5, sizeof(canary));
	for (i = 0; i < 13; i++)
		vm_set(vm, i, 0, i * MIB, PAGE, memory + i * PAGE);
	for (room = 0; room <= 14; room++) {
		uint32_t copied = room < 13 ? room : 13;

		for (i = 0; i < 14; i++)
			snap->slots[i] = canary;
		snap_prepare(snap, vm);
		snap->req.slot_capacity = room;
		ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
		EXPECT_EQ(snap->req.nr_slots, 13);
		EXPECT_EQ(snap->req.nr_slots_copied, copied);
		EXPECT_EQ(snap->as[0].nr_slots, 13);
		EXPECT_EQ(snap->as[0].nr_copied, copied);
		for (i = 0; i < copied; i++)
			EXPECT_EQ(snap->slots[i].id, i);
		for (; i < 14; i++)
			EXPECT(!memcmp(&snap->slots[i], &canary,
				       sizeof(canary)),
			       "room for %u: record %u was touched", room, i);
	}

	/* Counts alone: no address is looked at */
	snap_prepare(snap, vm);
	snap->req.as_addr = snap->req.slot_addr = 1;
	snap->req.as_capacity = snap->req.slot_capacity = 0;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.nr_as, vm_nr_as(vm));
	EXPECT_EQ(snap->req.nr_as_copied, 0);
	EXPECT_EQ(snap->req.nr_slots, 13);
	EXPECT_EQ(snap->req.nr_slots_copied, 0);
	close(vm);
}

static void generations_without_slots(void)
{
	int vm = vm_create();
	uint64_t generation;

	vm_set(vm, 3, 0, 0, MIB, memory);
	snap_take(dev, snap, vm);
	generation = snap->as[0].generation;

	memset(snap->as, 0xa5, sizeof(snap->as));
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.nr_as_copied, vm_nr_as(vm));
	EXPECT_EQ(snap->req.nr_slots, 0);
	EXPECT_EQ(snap->as[0].generation, generation);
	EXPECT_EQ(snap->as[0].nr_slots, 0);
	EXPECT_EQ(snap->as[0].flags, 0);
	close(vm);
}

static void what_is_of_the_vm(void)
{
	struct kvm_enable_cap ring = { .cap = KVM_CAP_DIRTY_LOG_RING,
				       .args = { 65536 } };
	int vm = vm_create(), vcpus[2], nr_as = vm_nr_as(vm);
	bool has_ring = vm_has(vm, KVM_CAP_DIRTY_LOG_RING) >= 65536 &&
			!ioctl(vm, KVM_ENABLE_CAP, &ring);
	int i;

	snap_take(dev, snap, vm);
	EXPECT_EQ(snap->req.nr_pages, 0);
	EXPECT_EQ(snap->req.users, 1);
	EXPECT_EQ(snap->req.nr_vcpus, 0);
	EXPECT_EQ(snap->req.vm_type, 0);
	vm_set(vm, 0, 0, 0, 7 * PAGE, memory);
	vm_set(vm, 1, 0, MIB, 11 * PAGE, memory);
	if (nr_as > 1)
		vm_set(vm, 1 << 16, 0, MIB, 13 * PAGE, memory);
	for (i = 0; i < 2; i++)
		vcpus[i] = ioctl(vm, KVM_CREATE_VCPU, i);
	ASSERT(vcpus[0] >= 0 && vcpus[1] >= 0, "no vCPU: %s", strerror(errno));

	/* The same without the slots */
	for (i = 0; i < 2; i++) {
		memset(&snap->req, 0, sizeof(snap->req));
		snap_prepare(snap, vm);
		if (i) {
			snap->req.flags = SLOTSCOPE_NO_SLOTS;
			snap->req.slot_capacity = 0;
		}
		ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
		EXPECT_EQ(snap->req.nr_pages, nr_as > 1 ? 31 : 18);
		EXPECT_EQ(snap->req.users, 3);
		EXPECT_EQ(snap->req.nr_vcpus, 2);
		EXPECT_EQ(snap->req.dirty_ring_bytes, has_ring ? 65536 : 0);
	}
	if (!has_ring)
		ktap_diag("KVM has no dirty ring here");
	close(vcpus[0]);
	close(vcpus[1]);
	close(vm);
}

static void expect_owner(int vm, pid_t pid, uint32_t owner)
{
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	snap->req.pid = pid;
	snap->req.owner = 77;
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.owner, owner);
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

/* A process whose first thread ends, the other stays */
static void be_without_first_thread(void)
{
	pthread_t other;

	pthread_create(&other, NULL, sleep_on, NULL);
	pthread_exit(NULL);
}

static pid_t fork_one(void (*be)(void))
{
	pid_t pid = fork();

	ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (pid)
		return pid;
	be();
	_exit(1);
}

static void be_asleep(void)
{
	sleep_on(NULL);
}

static char state_of(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state;
}

/* A descriptor tells not whose memory the slots are of */
/* The last thread of a process; it may be the first */
static pid_t last_thread(pid_t pid)
{
	char command[64];
	FILE *tasks;
	int tid = 0;

	snprintf(command, sizeof(command), "ls /proc/%d/task | tail -1", pid);
	tasks = popen(command, "r");
	ASSERT(tasks && fscanf(tasks, "%d", &tid) == 1, "no threads");
	pclose(tasks);
	return tid;
}

static void whose_memory_it_is(void)
{
	int vm = vm_create(), status;
	pid_t pid;

	vm_set(vm, 0, 0, 0, MIB, memory);
	expect_owner(vm, 0, 0);
	expect_owner(vm, getpid(), SLOTSCOPE_OWNER_YES);
	expect_owner(vm, 1, SLOTSCOPE_OWNER_NO);
	/* kthreadd */
	expect_owner(vm, 2, 0);
	expect_owner(vm, INT32_MAX, 0);
	snap->req.pid = -1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EINVAL);

	/* It inherits the descriptor, and a copy of the memory */
	pid = fork_one(be_asleep);
	expect_owner(vm, pid, SLOTSCOPE_OWNER_NO);
	kill(pid, SIGKILL);
	/* A zombie has no memory */
	waitid(P_PID, pid, NULL, WEXITED | WNOWAIT);
	expect_owner(vm, pid, 0);
	waitpid(pid, &status, 0);
	expect_owner(vm, pid, 0);

	pid = fork_one(be_without_first_thread);
	AWAIT(state_of(pid) == 'Z');
	EXPECT_EQ(state_of(pid), 'Z');
	expect_owner(vm, pid, SLOTSCOPE_OWNER_NO);
	/* A thread is no process */
	ASSERT(last_thread(pid) != pid, "there is one thread alone");
	expect_owner(vm, last_thread(pid), 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(vm);
}

/* SLOTS=32764 in the environment: as many as KVM takes */
static void many_slots(void)
{
	uint32_t i, nr = getenv("SLOTS") ? atoi(getenv("SLOTS")) : 4099;
	int vm = vm_create();

	ASSERT(nr && nr <= USER_SLOTS, "SLOTS=%u: not from 1 to %u", nr,
	       USER_SLOTS);
	for (i = 0; i < nr; i++)
		vm_set(vm, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	snap_take(dev, snap, vm);
	ASSERT_EQ(snap->req.nr_slots, nr);
	for (i = 0; i < nr; i++)
		expect_slot(i, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	ktap_diag("%u slots read in %llu us", nr,
		  (unsigned long long)(snap->req.end_ns - snap->req.begin_ns) /
			  1000);
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(info_tells_version_and_limits),
		KTAP_CASE(a_new_vm_has_no_slots),
		KTAP_CASE(slots_are_exact_and_in_order),
		KTAP_CASE(slots_at_the_top),
		KTAP_CASE(changes_show_at_once),
		KTAP_CASE(both_address_spaces),
		KTAP_CASE(guest_memfd_and_its_offset),
		KTAP_CASE(guest_memfd_that_is_all_there_is),
		KTAP_CASE(truncation_is_told),
		KTAP_CASE(generations_without_slots),
		KTAP_CASE(what_is_of_the_vm),
		KTAP_CASE(whose_memory_it_is),
		KTAP_CASE(many_slots),
	};

	need_module_and_kvm();
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(MEMORY);
	return KTAP_RUN(cases);
}
