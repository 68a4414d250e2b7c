// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every change that a slot can undergo. After each, KVM's slots, its generations
 * and what a guest finds in memory are as they should be.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "world.h"

#define RAM_SIZE (4 * MIB)

static struct world w;
static char *ram;

static __u64 at(uint64_t offset)
{
	return (uintptr_t)ram + offset;
}

static void begin_vm(int vm)
{
	world_open_vm(&w, vm);
	ram = guest_memory(RAM_SIZE);
}

static void begin(void)
{
	begin_vm(vm_create());
}

static void end(void)
{
	munmap(ram, RAM_SIZE);
	world_close(&w);
}

static void make_and_delete(void)
{
	begin();
	/* of one page, across a 2 MiB border, beside each other, at the top */
	WORLD_SET(&w, .slot = 0, .memory_size = PAGE, .userspace_addr = at(0));
	WORLD_SET(&w, .slot = 1, .guest_phys_addr = 0x1ff000,
		  .memory_size = 2 * MIB, .userspace_addr = at(PAGE));
	WORLD_SET(&w, .slot = 2, .guest_phys_addr = 0x3ff000,
		  .memory_size = MIB, .userspace_addr = at(3 * MIB));
	WORLD_SET(&w, .slot = 98, .guest_phys_addr = 0xfffff000,
		  .memory_size = PAGE, .userspace_addr = at(2 * PAGE));
	/* the same memory twice */
	WORLD_SET(&w, .slot = 4, .guest_phys_addr = 0x10000000,
		  .memory_size = MIB, .userspace_addr = at(3 * MIB));
	WORLD_SET(&w, .slot = 1);
	WORLD_SET(&w, .slot = 0);
	/* where another one was, under its number and in its middle */
	WORLD_SET(&w, .slot = 1, .guest_phys_addr = 0x200000,
		  .memory_size = MIB, .userspace_addr = at(0));
	WORLD_SET(&w, .slot = 2);
	WORLD_SET(&w, .slot = 98);
	WORLD_SET(&w, .slot = 4);
	WORLD_SET(&w, .slot = 1);
	end();
}

static void move(void)
{
	struct slotscope_expect slot = {
		.slot = 0,
		.guest_phys_addr = MIB,
		.memory_size = MIB,
		.userspace_addr = at(0),
	};
	static const __u64 gpas[] = { 0x100000, 0x180000, 0x40000000, 0x300000,
				      0x0,	0xff000,  0x100000 };

	begin();
	slot.userspace_addr = at(0);
	/* onto itself, far away, and back */
	for (size_t i = 0; i < sizeof(gpas) / sizeof(gpas[0]); i++) {
		slot.guest_phys_addr = gpas[i];
		/* the guest's own code lies there */
		if (gpas[i] > GUEST_CODE || gpas[i] + MIB <= GUEST_CODE)
			world_set(&w, &slot);
	}
	/* between two others, touching both */
	WORLD_SET(&w, .slot = 1, .guest_phys_addr = 0x500000,
		  .memory_size = MIB, .userspace_addr = at(MIB));
	WORLD_SET(&w, .slot = 2, .guest_phys_addr = 0x700000,
		  .memory_size = MIB, .userspace_addr = at(2 * MIB));
	slot.guest_phys_addr = 0x600000;
	world_set(&w, &slot);
	end();
}

static void nothing_to_do(void)
{
	struct slotscope_expect slot = { .slot = 0, .memory_size = MIB / 8 };

	begin();
	slot.userspace_addr = at(0);
	world_set(&w, &slot);
	world_set(&w, &slot);
	end();
}

static void read_only(void)
{
	begin();
	SKIP_IF(!vm_has(w.vm, KVM_CAP_READONLY_MEM), "no read-only slots");
	WORLD_SET(&w, .slot = 0, .flags = KVM_MEM_READONLY,
		  .guest_phys_addr = MIB, .memory_size = MIB,
		  .userspace_addr = at(0));
	WORLD_SET(&w, .slot = 1, .guest_phys_addr = 2 * MIB, .memory_size = MIB,
		  .userspace_addr = at(MIB));
	WORLD_SET(&w, .slot = 0,
		  .flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES,
		  .guest_phys_addr = MIB, .memory_size = MIB,
		  .userspace_addr = at(0));
	/* moved, and the log turned off in the same request */
	WORLD_SET(&w, .slot = 0, .flags = KVM_MEM_READONLY,
		  .guest_phys_addr = 3 * MIB, .memory_size = MIB,
		  .userspace_addr = at(0));
	WORLD_SET(&w, .slot = 0);
	/* the same, writable */
	WORLD_SET(&w, .slot = 0, .guest_phys_addr = MIB, .memory_size = MIB,
		  .userspace_addr = at(0));
	end();
}

/* Which pages of slot 0 were written; asking clears it, but by hand */
static uint64_t dirty(void)
{
	uint64_t bits[MIB / PAGE / 64] = { 0 };
	struct kvm_dirty_log log = { .dirty_bitmap = bits };

	ASSERT(!ioctl(w.vm, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG: %s",
	       strerror(errno));
	return bits[0];
}

static void dirty_log(void)
{
	struct slotscope_expect slot = {
		.slot = 0,
		.guest_phys_addr = MIB,
		.memory_size = MIB,
	};

	begin();
	slot.userspace_addr = at(0);
	world_set(&w, &slot);
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES;
	world_set(&w, &slot);
	dirty();
	EXPECT_EQ(dirty(), 0);
	ASSERT_EQ(guest_write(&w.guests[0], MIB + 3 * PAGE, 1), GUEST_MEMORY);
	ASSERT_EQ(guest_write(&w.guests[0], MIB + 5 * PAGE, 1), GUEST_MEMORY);
	EXPECT_EQ(dirty(), 1 << 3 | 1 << 5);
	EXPECT_EQ(dirty(), 0);
	/* asking has changed no slot */
	ASSERT(world_check(&w, 0, 0), "after KVM_GET_DIRTY_LOG");
	/* moved, the log goes with it */
	slot.guest_phys_addr = 3 * MIB;
	world_set(&w, &slot);
	dirty();
	ASSERT_EQ(guest_write(&w.guests[0], 3 * MIB + PAGE, 1), GUEST_MEMORY);
	EXPECT_EQ(dirty(), 1 << 1);
	slot.flags = 0;
	world_set(&w, &slot);
	/* moved, and logged from then on */
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES;
	slot.guest_phys_addr = 5 * MIB;
	world_set(&w, &slot);
	dirty();
	ASSERT_EQ(guest_write(&w.guests[0], 5 * MIB + 2 * PAGE, 1),
		  GUEST_MEMORY);
	EXPECT_EQ(dirty(), 1 << 2);
	/* deleted while it is logged, and made so */
	WORLD_SET(&w, .slot = 0);
	world_set(&w, &slot);
	WORLD_SET(&w, .slot = 0);
	end();
}

static void clear_dirty(void)
{
	uint64_t all = ~0ULL;
	struct kvm_clear_dirty_log log = {
		.num_pages = 64,
		.dirty_bitmap = &all,
	};

	ASSERT(!ioctl(w.vm, KVM_CLEAR_DIRTY_LOG, &log),
	       "KVM_CLEAR_DIRTY_LOG: %s", strerror(errno));
}

/* A log that asking does not clear, and that begins with all pages dirty */
static void dirty_log_by_hand(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			  KVM_DIRTY_LOG_INITIALLY_SET },
	};
	struct slotscope_expect slot = {
		.slot = 0,
		.flags = KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = MIB,
		.memory_size = MIB,
	};

	begin();
	slot.userspace_addr = at(0);
	SKIP_IF(cap.args[0] & ~(__u64)vm_has(w.vm, cap.cap),
		"no log that is cleared by hand");
	ASSERT(!ioctl(w.vm, KVM_ENABLE_CAP, &cap), "KVM_ENABLE_CAP: %s",
	       strerror(errno));
	world_set(&w, &slot);
	EXPECT(dirty() == ~0ULL, "not all are dirty at first");
	EXPECT(dirty() == ~0ULL, "asking has cleared them");
	clear_dirty();
	EXPECT_EQ(dirty(), 0);
	ASSERT_EQ(guest_write(&w.guests[0], MIB + 3 * PAGE, 1), GUEST_MEMORY);
	EXPECT_EQ(dirty(), 1 << 3);
	EXPECT_EQ(dirty(), 1 << 3);
	ASSERT(world_check(&w, 0, 0), "after KVM_GET_DIRTY_LOG");
	clear_dirty();
	ASSERT(world_check(&w, 0, 0), "after KVM_CLEAR_DIRTY_LOG");
	slot.guest_phys_addr = 3 * MIB;
	world_set(&w, &slot);
	slot.flags = 0;
	world_set(&w, &slot);
	end();
}

/* Is that what the guest of address space 0 has dirtied, and nothing else? */
static void ring_has(struct kvm_dirty_gfn *ring, unsigned int *next,
		     const uint64_t *pages, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++, ++*next) {
		EXPECT(ring[*next].flags == KVM_DIRTY_GFN_F_DIRTY,
		       "page %llu is not in the ring",
		       (unsigned long long)pages[i]);
		EXPECT_EQ(ring[*next].slot, 0);
		EXPECT_EQ(ring[*next].offset, pages[i]);
	}
	EXPECT(!(ring[*next].flags & KVM_DIRTY_GFN_F_DIRTY),
	       "the ring has page %llu of slot 0x%x, too",
	       (unsigned long long)ring[*next].offset, ring[*next].slot);
}

/* Take all out, so that KVM protects those pages again */
static void ring_empty(struct kvm_dirty_gfn *ring, unsigned int *next)
{
	int taken = 0;

	for (; ring[*next].flags == KVM_DIRTY_GFN_F_DIRTY; ++*next, taken++)
		ring[*next].flags = KVM_DIRTY_GFN_F_RESET;
	EXPECT_EQ(ioctl(w.vm, KVM_RESET_DIRTY_RINGS, 0), taken);
}

/* What is dirty is told in a ring of each vCPU; slots then have no bitmap */
static void dirty_ring(void)
{
	static const uint64_t pages[] = { 3, 5, 4 };
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DIRTY_LOG_RING,
		.args = { 4096 * sizeof(struct kvm_dirty_gfn) },
	};
	struct slotscope_expect slot = {
		.slot = 0,
		.flags = KVM_MEM_LOG_DIRTY_PAGES,
		.guest_phys_addr = MIB,
		.memory_size = MIB,
	};
	struct kvm_dirty_gfn *ring;
	unsigned int next = 0;
	int vm = vm_create();

	SKIP_IF((__u64)vm_has(vm, cap.cap) < cap.args[0], "no dirty ring");
	/* before there is a vCPU */
	ASSERT(!ioctl(vm, KVM_ENABLE_CAP, &cap), "KVM_ENABLE_CAP: %s",
	       strerror(errno));
	begin_vm(vm);
	slot.userspace_addr = at(0);
	ring = mmap(NULL, cap.args[0], PROT_READ | PROT_WRITE, MAP_SHARED,
		    w.guests[0].fd, KVM_DIRTY_LOG_PAGE_OFFSET * PAGE);
	ASSERT(ring != MAP_FAILED, "mmap: %s", strerror(errno));
	world_set(&w, &slot);
	ring_empty(ring, &next);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(guest_write(&w.guests[0], MIB + pages[i] * PAGE, 1),
			  GUEST_MEMORY);
	ring_has(ring, &(unsigned int){ next }, pages, 3);
	ring_empty(ring, &next);
	ring_has(ring, &next, pages, 0);
	slot.guest_phys_addr = 3 * MIB;
	world_set(&w, &slot);
	slot.flags = 0;
	world_set(&w, &slot);
	munmap(ring, cap.args[0]);
	end();
}

static void two_address_spaces(void)
{
	begin();
	SKIP_IF(w.nr_as < 2, "this VM has one address space");
	/* the same number and range, other memory */
	WORLD_SET(&w, .slot = 0, .guest_phys_addr = MIB, .memory_size = MIB,
		  .userspace_addr = at(0));
	WORLD_SET(&w, .slot = 1 << 16, .guest_phys_addr = MIB,
		  .memory_size = MIB, .userspace_addr = at(MIB));
	/* only in the second one: moved, logged, read-only, deleted */
	WORLD_SET(&w, .slot = 1 << 16 | 1, .guest_phys_addr = 3 * MIB,
		  .memory_size = MIB, .userspace_addr = at(2 * MIB));
	WORLD_SET(&w, .slot = 1 << 16 | 1, .guest_phys_addr = 4 * MIB,
		  .memory_size = MIB, .userspace_addr = at(2 * MIB));
	WORLD_SET(&w, .slot = 1 << 16 | 1, .flags = KVM_MEM_LOG_DIRTY_PAGES,
		  .guest_phys_addr = 4 * MIB, .memory_size = MIB,
		  .userspace_addr = at(2 * MIB));
	if (vm_has(w.vm, KVM_CAP_READONLY_MEM))
		WORLD_SET(&w, .slot = 1 << 16 | 2, .flags = KVM_MEM_READONLY,
			  .guest_phys_addr = 6 * MIB, .memory_size = MIB,
			  .userspace_addr = at(3 * MIB));
	WORLD_SET(&w, .slot = 0);
	WORLD_SET(&w, .slot = 1 << 16 | 1);
	WORLD_SET(&w, .slot = 1 << 16);
	end();
}

static void guest_memfd(void)
{
	struct kvm_create_guest_memfd create = { .size = MIB };
	struct slotscope_expect slot;
	int fd;

	begin_vm(world_vm_with_gmem());
	SKIP_IF(!vm_has(w.vm, KVM_CAP_GUEST_MEMFD),
		"this VM can have no guest_memfd");
	fd = ioctl(w.vm, KVM_CREATE_GUEST_MEMFD, &create);
	ASSERT(fd >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	slot = (struct slotscope_expect){
		.slot = 0,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = MIB,
		.memory_size = MIB / 2,
		.userspace_addr = at(0),
		.guest_memfd = fd,
		.guest_memfd_offset = MIB / 4,
	};
	world_set(&w, &slot);
	WORLD_SET(&w, .slot = 1, .flags = KVM_MEM_GUEST_MEMFD,
		  .guest_phys_addr = 2 * MIB, .memory_size = MIB / 4,
		  .userspace_addr = at(0), .guest_memfd = fd);
	WORLD_SET(&w, .slot = 1);
	/* The file ends, the slot stays; no generation tells */
	close(fd);
	world_find(&w, 0)->closed = 1;
	ASSERT(world_check(&w, 0, 0), "after the file was closed");
	WORLD_SET(&w, .slot = 0);
	end();
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(make_and_delete), KTAP_CASE(move),
		KTAP_CASE(nothing_to_do),   KTAP_CASE(read_only),
		KTAP_CASE(dirty_log),	    KTAP_CASE(dirty_log_by_hand),
		KTAP_CASE(dirty_ring),	    KTAP_CASE(two_address_spaces),
		KTAP_CASE(guest_memfd),
	};

	world_need();
	return KTAP_RUN(cases);
}
