// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SLOTSCOPE_DETAIL: what KVM keeps beside a slot. What is expected comes from
 * KVM_GET_DIRTY_LOG, and from KVM's rule of where it may map a huge page.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "kmod-test.h"

#include "../kselftest/guest.h"

#define GIB (1ULL << 30)

static int dev;
static struct snap *snap;
static struct slotscope_detail details[SNAP_SLOTS];

static void prepare(int vm)
{
	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_DETAIL;
	snap->req.detail_addr = (uintptr_t)details;
	snap->req.detail_size = sizeof(details[0]);
}

static void take(int vm)
{
	memset(details, 0xa5, sizeof(details));
	prepare(vm);
	ASSERT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	ASSERT_EQ(snap->req.nr_slots_copied, snap->req.nr_slots);
}

/* Memory whose place in its huge page is @offset */
static char *aligned_memory(uint64_t size, uint64_t alignment, uint64_t offset)
{
	uintptr_t at = (uintptr_t)guest_memory(size + 2 * alignment);

	return (char *)((at + alignment - 1) / alignment * alignment + offset);
}

/* As KVM counts: the bits that it hands out */
static uint64_t dirty_by_kvm(int vm, uint32_t slot, uint64_t pages)
{
	uint64_t *bits = calloc(pages / 64 + 1, 8), nr = 0;
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bits };

	ASSERT_ERRNO(ioctl(vm, KVM_GET_DIRTY_LOG, &log), 0);
	for (uint64_t i = 0; i <= pages / 64; i++)
		nr += __builtin_popcountll(bits[i]);
	free(bits);
	return nr;
}

static void the_request(void)
{
	int vm = vm_create();
	char *memory = guest_memory(MIB);

	vm_set(vm, 0, 0, 0, MIB, memory);
	/* Without the flag the array is not looked for, nor may it be named */
	prepare(vm);
	snap->req.flags = 0;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EINVAL);
	prepare(vm);
	snap->req.flags |= SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EINVAL);
	prepare(vm);
	snap->req.detail_size -= 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EINVAL);
	prepare(vm);
	snap->req.reserved2 = 1;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EINVAL);
	prepare(vm);
	snap->req.detail_addr = 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), EFAULT);
	/* As many as slots are asked for, and none behind them */
	take(vm);
	EXPECT_EQ(details[0].flags & SLOTSCOPE_DETAIL_TOLD,
		  SLOTSCOPE_DETAIL_TOLD);
	EXPECT_EQ(details[1].flags, 0xa5a5a5a5U);
	prepare(vm);
	snap->req.slot_capacity = 0;
	snap->req.detail_addr = 8;
	EXPECT_ERRNO(ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), 0);
	EXPECT_EQ(snap->req.nr_slots, 1);
	close(vm);
}

static void what_a_guest_wrote(void)
{
	char *memory = guest_memory(MIB);
	int vm = vm_create(), i;
	struct guest guest;

	vm_set(vm, GUEST_ID, 0, GUEST_CODE, GUEST_SIZE, guest_code());
	vm_set(vm, 3, KVM_MEM_LOG_DIRTY_PAGES, MIB, 201 * PAGE, memory);
	guest = guest_create(vm, 0, false);
	take(vm);
	EXPECT_EQ(details[0].flags & SLOTSCOPE_DETAIL_DIRTY, 0);
	EXPECT_EQ(details[0].nr_dirty, 0);
	EXPECT_EQ(details[1].flags & SLOTSCOPE_DETAIL_DIRTY,
		  SLOTSCOPE_DETAIL_DIRTY);
	EXPECT_EQ(details[1].nr_dirty, 0);
	EXPECT_EQ(snap->as[0].nr_dirty_logging, 1);
	EXPECT_EQ(snap->as[0].last_gpa, MIB + 201 * PAGE - 1);

	/* the first and the last page are among them, one is written twice */
	for (i = 0; i < 6; i++)
		ASSERT_EQ(guest_write(&guest, MIB + i * 40 * PAGE, i),
			  GUEST_MEMORY);
	ASSERT_EQ(guest_write(&guest, MIB + 8, 1), GUEST_MEMORY);
	take(vm);
	EXPECT_EQ(details[1].nr_dirty, 6);
	/* Looking takes nothing away; asking KVM does */
	take(vm);
	EXPECT_EQ(dirty_by_kvm(vm, 3, 201), details[1].nr_dirty);
	take(vm);
	EXPECT_EQ(details[1].nr_dirty, 0);

	vm_set(vm, 3, 0, MIB, 201 * PAGE, memory);
	take(vm);
	EXPECT_EQ(details[1].flags & SLOTSCOPE_DETAIL_DIRTY, 0);
	EXPECT_EQ(snap->as[0].nr_dirty_logging, 0);
	guest_close(&guest);
	close(vm);
}

/* More than is counted in one hold of KVM's srcu: several times */
static void a_large_bitmap(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			  KVM_DIRTY_LOG_INITIALLY_SET },
	};
	uint64_t size = 16 * GIB + 3 * PAGE, bits = 0xf0f;
	struct kvm_clear_dirty_log clear = {
		.slot = 1,
		.num_pages = 64,
		.first_page = 64 * 1000,
		.dirty_bitmap = &bits,
	};
	char *memory = aligned_memory(size, GIB, 0);
	int vm = vm_create();

	ASSERT_ERRNO(ioctl(vm, KVM_ENABLE_CAP, &cap), 0);
	vm_set(vm, 0, 0, 0, MIB, memory);
	vm_set(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, GIB, size, memory);
	vm_set(vm, 2, KVM_MEM_LOG_DIRTY_PAGES, 32 * GIB, 5 * PAGE, memory);
	take(vm);
	ASSERT_EQ(snap->req.nr_slots, 3);
	EXPECT_EQ(snap->as[0].nr_dirty_logging, 2);
	EXPECT_EQ(details[0].nr_dirty, 0);
	EXPECT_EQ(details[1].nr_dirty, size / PAGE);
	EXPECT_EQ(details[2].nr_dirty, 5);
	EXPECT_EQ(details[1].huge[0].nr_pages, size / (2 * MIB) + 1);
	ASSERT_ERRNO(ioctl(vm, KVM_CLEAR_DIRTY_LOG, &clear), 0);
	take(vm);
	EXPECT_EQ(details[1].nr_dirty, size / PAGE - 8);
	close(vm);
}

/* As much as one hold may look at, to a word: the next begins with the next array */
static void a_bitmap_of_one_hold(void)
{
	const uint64_t size = 64 * 16384 * PAGE;
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			  KVM_DIRTY_LOG_INITIALLY_SET },
	};
	char *memory = aligned_memory(size, GIB, 0);
	int vm = vm_create();

	ASSERT_ERRNO(ioctl(vm, KVM_ENABLE_CAP, &cap), 0);
	vm_set(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, size, memory);
	take(vm);
	EXPECT_EQ(details[0].nr_dirty, size / PAGE);
	EXPECT_EQ(details[0].huge[0].nr_pages, size / (2 * MIB));
	close(vm);
}

/* Sizes from 2 MiB: a page of one is disallowed if the slot has not all of it */
static void expect_huge(int i, int size, uint32_t shift, uint32_t nr,
			uint32_t disallowed)
{
	EXPECT_EQ(details[i].huge[size].page_shift, shift);
	EXPECT_EQ(details[i].huge[size].nr_pages, nr);
	EXPECT_EQ(details[i].huge[size].nr_disallowed, disallowed);
}

static void where_huge_pages_may_be(void)
{
	char *memory = aligned_memory(4 * GIB, GIB, 0);
	int vm = vm_create(), i;

	/* all of it; one page off at either end; not congruent */
	vm_set(vm, 0, 0, 0, 2 * GIB, memory);
	vm_set(vm, 1, 0, 2 * GIB + PAGE, 10 * MIB, memory + PAGE);
	vm_set(vm, 2, 0, 4 * GIB, 10 * MIB, memory + PAGE);
	vm_set(vm, 3, 0, 6 * GIB, 10 * MIB, memory + 2 * MIB);
	take(vm);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(details[i].nr_huge, 2);
		EXPECT_EQ(details[i].huge[2].nr_pages, 0);
	}
	expect_huge(0, 0, 21, 1024, 0);
	expect_huge(0, 1, 30, 2, 0);
	expect_huge(1, 0, 21, 6, 2);
	expect_huge(1, 1, 30, 1, 1);
	expect_huge(2, 0, 21, 5, 5);
	expect_huge(2, 1, 30, 1, 1);
	expect_huge(3, 0, 21, 5, 0);
	expect_huge(3, 1, 30, 1, 1);
	close(vm);
}

/* A small and a large slot by turns, so that pieces end within both */
static void each_to_its_slot(void)
{
	char *memory = aligned_memory(GIB, GIB, 0);
	int vm = vm_create(), i, nr = 301;

	for (i = 0; i < nr; i++)
		vm_set(vm, i, i % 2 ? KVM_MEM_LOG_DIRTY_PAGES : 0, i * GIB,
		       i % 3 ? GIB / 8 : (i + 1) * PAGE, memory);
	take(vm);
	ASSERT_EQ(snap->req.nr_slots, nr);
	EXPECT_EQ(snap->as[0].nr_dirty_logging, nr / 2);
	for (i = 0; i < nr; i++) {
		uint64_t pages = snap->slots[i].bytes / PAGE;

		ASSERT_EQ(details[i].flags & SLOTSCOPE_DETAIL_TOLD,
			  SLOTSCOPE_DETAIL_TOLD);
		EXPECT_EQ(!!(details[i].flags & SLOTSCOPE_DETAIL_DIRTY), i % 2);
		EXPECT_EQ(details[i].huge[0].nr_pages, (pages + 511) / 512);
		EXPECT_EQ(details[i].huge[0].nr_disallowed, pages % 512 != 0);
	}
	close(vm);
}

#define LARGE	   (64 * GIB + 3 * PAGE)
#define MOVING_GPA (4096 * GIB)

static atomic_bool stop;
static int moving;
static char *moving_memory;

static void *move_on(void *unused)
{
	struct sched_param param = { .sched_priority = 1 };
	unsigned int i;

	/* It comes in between two pieces, though there is one processor */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	for (i = 0; !stop; i++) {
		__vm_set(moving, 1, 0, 0, 0, NULL);
		__vm_set(moving, 1, KVM_MEM_LOG_DIRTY_PAGES, MOVING_GPA,
			 i & 1 ? LARGE : LARGE / 2, moving_memory);
		usleep(200);
	}
	return NULL;
}

/*
 * Of a slot that another took the place of, half counted, nothing is said. Return:
 * how many these are
 */
static unsigned int check_moving(void)
{
	static const struct slotscope_detail none;
	uint32_t i, lost = 0;

	prepare(moving);
	snap->req.flags |= SLOTSCOPE_TORN_OK;
	if (ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req))
		return 0;
	for (i = 0; i < snap->req.nr_slots_copied; i++) {
		if (!(details[i].flags & SLOTSCOPE_DETAIL_TOLD)) {
			EXPECT(!memcmp(&details[i], &none, sizeof(none)),
			       "slot %u: some of it is told", i);
			lost++;
		} else if (snap->slots[i].id == 1) {
			EXPECT_EQ(details[i].nr_dirty,
				  snap->slots[i].bytes / PAGE);
			EXPECT_EQ(details[i].huge[0].nr_pages,
				  (snap->slots[i].bytes + 2 * MIB - 1) /
					  (2 * MIB));
		}
	}
	return lost;
}

static void while_the_slot_is_another(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			  KVM_DIRTY_LOG_INITIALLY_SET },
	};
	unsigned int lost = 0, i;
	pthread_t writer;

	moving = vm_create();
	moving_memory = aligned_memory(LARGE, GIB, 0);
	ASSERT_ERRNO(ioctl(moving, KVM_ENABLE_CAP, &cap), 0);
	/* Eight walks in a row must be too slow: before it is much to be counted */
	for (i = 2; i < 2 + 16; i++)
		vm_set(moving, i, KVM_MEM_LOG_DIRTY_PAGES, i * 100 * GIB, LARGE,
		       moving_memory);
	vm_set(moving, 1, KVM_MEM_LOG_DIRTY_PAGES, MOVING_GPA, LARGE,
	       moving_memory);
	stop = false;
	pthread_create(&writer, NULL, move_on, NULL);
	AWAIT((lost = check_moving()));
	stop = true;
	pthread_join(writer, NULL);
	EXPECT(lost, "the slot stood each time");
	close(moving);
}

/* In protected mode, with its one page of page tables at 1 MiB */
static struct guest paged_guest(int vm, char *memory)
{
	static const unsigned char read[] = { 0x8a, 0x07, 0xf4 };
	struct guest guest = guest_create(vm, 0, false);
	uint32_t *directory = (uint32_t *)(memory + MIB);
	struct kvm_sregs sregs;
	uint32_t i;

	for (i = 0; i < 1024; i++)
		directory[i] = i << 22 | 0xe7; /* 4 MiB, present, writable */
	memcpy(memory + 2 * PAGE, read, sizeof(read));
	ASSERT_ERRNO(ioctl(guest.fd, KVM_GET_SREGS, &sregs), 0);
	sregs.cs.base = 0;
	sregs.cs.selector = 8;
	sregs.cs.limit = 0xffffffff;
	sregs.cs.type = 11;
	sregs.cs.db = sregs.cs.g = 1;
	sregs.ss = sregs.ds;
	sregs.ds.base = sregs.ss.base = 0;
	sregs.ds.selector = sregs.ss.selector = 16;
	sregs.ds.limit = sregs.ss.limit = 0xffffffff;
	sregs.ds.type = sregs.ss.type = 3;
	sregs.ds.db = sregs.ds.g = sregs.ss.db = sregs.ss.g = 1;
	sregs.cr3 = MIB;
	sregs.cr4 |= 0x10;	  /* PSE */
	sregs.cr0 |= 0x80000001U; /* PG, PE */
	ASSERT_ERRNO(ioctl(guest.fd, KVM_SET_SREGS, &sregs), 0);
	return guest;
}

/* The one page of page tables is tracked, so its huge page is none */
static void expect_one_tracked(char *memory, uint32_t before, uint32_t after)
{
	struct kvm_regs regs = { .rflags = 2, .rip = 2 * PAGE, .rdi = 3 * MIB };
	struct guest guest;
	int vm = vm_create();

	vm_set(vm, 0, 0, 0, 6 * MIB, memory);
	vm_set(vm, 1, 0, 8 * MIB, 2 * MIB, memory + 8 * MIB);
	memory[3 * MIB] = 77;
	guest = paged_guest(vm, memory);
	take(vm);
	EXPECT_EQ(details[0].nr_write_tracked, 0);
	expect_huge(0, 0, 21, 3, before);
	ASSERT_ERRNO(ioctl(guest.fd, KVM_SET_REGS, &regs), 0);
	ASSERT_EQ(guest_run(&guest), GUEST_MEMORY);
	ASSERT_ERRNO(ioctl(guest.fd, KVM_GET_REGS, &regs), 0);
	EXPECT_EQ(regs.rax & 0xff, 77);
	take(vm);
	EXPECT_EQ(details[0].flags & (SLOTSCOPE_DETAIL_WRITE_TRACK |
				      SLOTSCOPE_DETAIL_RMAP),
		  SLOTSCOPE_DETAIL_WRITE_TRACK | SLOTSCOPE_DETAIL_RMAP);
	EXPECT_EQ(details[0].nr_write_tracked, 1);
	EXPECT_EQ(details[1].nr_write_tracked, 0);
	expect_huge(0, 0, 21, 3, after);
	expect_huge(1, 0, 21, 1, before ? 1 : 0);
	guest_close(&guest);
	close(vm);
	memset(memory, 0, 4 * MIB);
}

/* What shadow paging keeps */
static void shadow_pages(void)
{
	char *memory = aligned_memory(16 * MIB, 2 * MIB, 0);
	int vm;

	SKIP_IF(access("/sys/module/kvm_amd", F_OK), "kvm_amd is not loaded");
	AWAIT(vendor_users() <= 0);
	ASSERT_EQ(system("modprobe -r kvm_amd && modprobe kvm_amd npt=0"), 0);
	expect_one_tracked(memory, 0, 1);
	/* Not congruent: all are disallowed, one of them for two reasons */
	expect_one_tracked(memory + PAGE, 3, 3);
	AWAIT(vendor_users() <= 0);
	ASSERT_EQ(system("modprobe -r kvm_amd && modprobe kvm_amd"), 0);
	vm = vm_create();
	vm_set(vm, 0, 0, 0, 6 * MIB, memory);
	take(vm);
	EXPECT_EQ(details[0].flags & SLOTSCOPE_DETAIL_RMAP, 0);
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(the_request),
		KTAP_CASE(what_a_guest_wrote),
		KTAP_CASE(a_large_bitmap),
		KTAP_CASE(a_bitmap_of_one_hold),
		KTAP_CASE(where_huge_pages_may_be),
		KTAP_CASE(each_to_its_slot),
		KTAP_CASE(while_the_slot_is_another),
		KTAP_CASE(shadow_pages),
	};

	need_module_and_kvm();
	dev = dev_open();
	snap = snap_alloc();
	return KTAP_RUN(cases);
}
