/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM, the slots that it should have, and a guest that looks at them. After each
 * change all is compared: what KVM holds (and its indexes, and what its page tables
 * map, where the module can tell), the generations, whether KVM finds each slot by its number and by its
 * host address, and what the guest finds at its guest address.
 */
#ifndef SELFTESTS_KSELFTEST_WORLD_H
#define SELFTESTS_KSELFTEST_WORLD_H

#include "slotscope_kselftest.h"

#include "guest.h"

#define WORLD_SLOTS 128

/* Where there is no <linux/kvm.h> of Linux 6.8 */
#ifndef KVM_SET_USER_MEMORY_REGION2
struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};
#define KVM_SET_USER_MEMORY_REGION2 \
	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)
struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};
#define KVM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)
#endif
#ifndef KVM_X86_SW_PROTECTED_VM
#define KVM_X86_SW_PROTECTED_VM 1
#endif

struct world {
	int vm;
	unsigned int nr_as;
	struct guest guests[2]; /* of each address space */
	struct slotscope_expect slots[WORLD_SLOTS];
	unsigned int nr;
	__u64 generation[2];
	unsigned int step;
};

static inline struct slotscope_expect *world_find(struct world *w, __u32 slot)
{
	for (unsigned int i = 0; i < w->nr; i++)
		if (w->slots[i].slot == slot)
			return &w->slots[i];
	return NULL;
}

static inline uint8_t *world_hva(const struct slotscope_expect *slot,
				 uint64_t offset)
{
	return (uint8_t *)(uintptr_t)slot->userspace_addr + offset;
}

/* A byte of a slot: what the guest reads and writes there is what is mapped */
static inline bool world_byte_is_right(struct world *w,
				       const struct slotscope_expect *slot,
				       uint64_t offset)
{
	struct guest *guest = &w->guests[slot->slot >> 16];
	bool ro = slot->flags & KVM_MEM_READONLY;
	uint64_t gpa = slot->guest_phys_addr + offset;
	uint8_t *hva = world_hva(slot, offset), mark = ++w->step, value;

	*hva = mark;
	/* a guest that has another page is not let loose on it */
	if (!EXPECT(guest_read(guest, gpa, &value) == GUEST_MEMORY &&
			    value == mark,
		    "slot 0x%x: the guest read 0x%x at 0x%llx, not 0x%x",
		    slot->slot, value, (unsigned long long)gpa, mark))
		return false;
	if (!EXPECT(guest_write(guest, gpa, ~mark) ==
			    (ro ? GUEST_MMIO : GUEST_MEMORY),
		    "slot 0x%x: a write to 0x%llx %s", slot->slot,
		    (unsigned long long)gpa,
		    ro ? "went through" : "left the guest"))
		return false;
	mark = ro ? mark : ~mark;
	return EXPECT(*hva == mark,
		      "slot 0x%x: after a write to 0x%llx the host has 0x%x, "
		      "not 0x%x",
		      slot->slot, (unsigned long long)gpa, *hva, mark);
}

/*
 * The host takes a page away, and gives another one at the next touch: the guest
 * must not keep the first. KVM is told of it by host address, so this asks whether
 * it finds the slot by that. Twice: the first time a huge page may be split, of
 * which KVM is told as a whole.
 */
static inline bool world_page_follows(struct world *w,
				      const struct slotscope_expect *slot,
				      uint64_t offset)
{
	struct guest *guest = &w->guests[slot->slot >> 16];
	uint64_t gpa = slot->guest_phys_addr + offset;
	uint8_t *hva = world_hva(slot, offset), value = 0;
	void *page = (void *)((uintptr_t)hva & ~(PAGE - 1));

	for (int i = 0; i < 2 && !value; i++) {
		*hva = 0xaa;
		guest_read(guest, gpa, &value);
		if (madvise(page, PAGE, MADV_DONTNEED))
			return EXPECT(false, "madvise: %s", strerror(errno));
		guest_read(guest, gpa, &value);
	}
	return EXPECT(!value,
		      "slot 0x%x: at 0x%llx the guest still has the page that "
		      "the host has taken away",
		      slot->slot, (unsigned long long)gpa);
}

/*
 * Does KVM find each slot by its number? A request that would change the host
 * address is refused for that (EINVAL), unless KVM knows no such slot: then it is
 * refused for the range, which is another one's (EEXIST).
 */
static inline bool world_numbers_are_found(struct world *w)
{
	bool right = true;

	for (unsigned int i = 0; i < w->nr; i++) {
		const struct slotscope_expect *slot = &w->slots[i], *other;
		struct kvm_userspace_memory_region region = {
			.slot = slot->slot,
			.memory_size = PAGE,
			.userspace_addr = slot->userspace_addr + PAGE,
		};
		int error;

		for (other = w->slots; other < w->slots + w->nr; other++)
			if (other != slot &&
			    !((other->slot ^ slot->slot) >> 16))
				break;
		if (other == w->slots + w->nr)
			continue;
		region.guest_phys_addr = other->guest_phys_addr;
		error = ioctl(w->vm, KVM_SET_USER_MEMORY_REGION, &region) ?
				errno :
				0;
		right &= EXPECT(error == EINVAL,
				"slot 0x%x: KVM does not find it by its number "
				"(%s)",
				slot->slot, strerror(error));
	}
	return right;
}

static inline bool world_is_hole(struct world *w, unsigned int as_id,
				 uint64_t gpa)
{
	uint8_t value;

	/* the guest's addresses have 32 bits */
	if (gpa >> 32)
		return true;
	for (unsigned int i = 0; i < w->nr; i++)
		if (w->slots[i].slot >> 16 == as_id &&
		    gpa - w->slots[i].guest_phys_addr < w->slots[i].memory_size)
			return true;
	return EXPECT(guest_read(&w->guests[as_id], gpa, &value) == GUEST_MMIO,
		      "address space %u: memory at 0x%llx, where no slot is",
		      as_id, (unsigned long long)gpa);
}

/* Both ends of each slot, and the pages beside them */
static inline bool world_guest_agrees(struct world *w)
{
	bool right = true;

	for (unsigned int i = 0; i < w->nr && right; i++) {
		const struct slotscope_expect *slot = &w->slots[i];
		unsigned int as_id = slot->slot >> 16;
		uint64_t gpa = slot->guest_phys_addr, size = slot->memory_size;

		/* not what it runs; nor what is private to a guest_memfd */
		if (gpa == GUEST_CODE || slot->flags & KVM_MEM_GUEST_MEMFD)
			continue;
		right = world_byte_is_right(w, slot, 0) &&
			world_byte_is_right(w, slot, size - 1) &&
			world_page_follows(w, slot, size - 1) &&
			world_is_hole(w, as_id, gpa + size) &&
			(!gpa || world_is_hole(w, as_id, gpa - PAGE));
	}
	return right;
}

/**
 * world_check() - is all as it should be?
 * @swaps: how often KVM has swapped the sets of each address space since
 */
static inline bool world_check(struct world *w, unsigned int swaps0,
			       unsigned int swaps1)
{
	const unsigned int swaps[] = { swaps0, swaps1 };
	bool right =
		slotscope_compare(__FILE__, __LINE__, w->vm, w->slots, w->nr);

	for (unsigned int as_id = 0; as_id < w->nr_as; as_id++)
		right &= !!EXPECT_MEMSLOT_SWAPS(
			w->vm, as_id, &w->generation[as_id], swaps[as_id]);
	/* a guest that is let loose on other slots would only say it again */
	/* stage 2 twice: as the change left it, and as the guest has filled it */
	return right && EXPECT_STAGE2(w->vm) && world_numbers_are_found(w) &&
	       world_guest_agrees(w) && EXPECT_STAGE2(w->vm);
}

static inline int world_ioctl(struct world *w,
			      const struct slotscope_expect *slot)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot->slot,
		.flags = slot->flags,
		.guest_phys_addr = slot->guest_phys_addr,
		.memory_size = slot->memory_size,
		.userspace_addr = slot->userspace_addr,
		.guest_memfd_offset = slot->guest_memfd_offset,
		.guest_memfd = slot->guest_memfd,
	};

	/* the older ioctl's struct is the beginning of the newer one's */
	return ioctl(w->vm,
		     slot->flags & KVM_MEM_GUEST_MEMFD ?
			     KVM_SET_USER_MEMORY_REGION2 :
			     KVM_SET_USER_MEMORY_REGION,
		     &region);
}

/* Make or change a slot, or delete it by a size of 0, and compare all */
static inline void world_set(struct world *w,
			     const struct slotscope_expect *slot)
{
	struct slotscope_expect *old = world_find(w, slot->slot);
	bool in_second = slot->slot >> 16;
	unsigned int swaps = 0;

	ASSERT(!world_ioctl(w, slot),
	       "slot 0x%x, flags 0x%x, at 0x%llx, 0x%llx bytes: %s", slot->slot,
	       slot->flags, (unsigned long long)slot->guest_phys_addr,
	       (unsigned long long)slot->memory_size,
	       slotscope_why(w->vm, slot, errno));
	if (!old)
		swaps = 1;
	else if (!slot->memory_size ||
		 slot->guest_phys_addr != old->guest_phys_addr)
		swaps = 2;
	else if (slot->flags != old->flags)
		swaps = 1;
	if (!slot->memory_size) {
		*old = w->slots[--w->nr];
	} else {
		ASSERT(old || w->nr < WORLD_SLOTS, "too many slots");
		*(old ? old : &w->slots[w->nr++]) = *slot;
	}
	ASSERT(world_check(w, in_second ? 0 : swaps, in_second ? swaps : 0),
	       "after slot 0x%x at 0x%llx, 0x%llx bytes, flags 0x%x",
	       slot->slot, (unsigned long long)slot->guest_phys_addr,
	       (unsigned long long)slot->memory_size, slot->flags);
}

#define WORLD_SET(w, ...) \
	world_set(w, &(struct slotscope_expect){ __VA_ARGS__ })

/* A VM that can have guest_memfd; where there is none, a plain one */
static inline int world_vm_with_gmem(void)
{
	int plain = vm_create();
	int vm = vm_has(plain, KVM_CAP_GUEST_MEMFD) ?
			 -1 :
			 __vm_create_type(KVM_X86_SW_PROTECTED_VM);

	if (vm < 0)
		return plain;
	close(plain);
	return vm;
}

/* Its first slots: what the guests run. @vm is the world's from then on */
static inline void world_open_vm(struct world *w, int vm)
{
	char *code = guest_code();

	*w = (struct world){ .vm = vm };
	w->nr_as = vm_nr_as(w->vm);
	ASSERT(w->nr_as <= 2, "%u address spaces", w->nr_as);
	for (unsigned int as_id = 0; as_id < w->nr_as; as_id++) {
		w->generation[as_id] = slotscope_generation(w->vm, as_id);
		vm_set(w->vm, as_id << 16 | GUEST_ID, 0, GUEST_CODE, GUEST_SIZE,
		       code);
		w->slots[w->nr++] = (struct slotscope_expect){
			.slot = as_id << 16 | GUEST_ID,
			.guest_phys_addr = GUEST_CODE,
			.memory_size = GUEST_SIZE,
			.userspace_addr = (uintptr_t)code,
		};
	}
	ASSERT(slotscope_compare(__FILE__, __LINE__, w->vm, w->slots, w->nr),
	       "a new VM");
	for (unsigned int as_id = 0; as_id < w->nr_as; as_id++)
		w->guests[as_id] = guest_create(w->vm, as_id, as_id);
	ASSERT(world_check(w, 1, 1), "a new VM with vCPUs");
}

static inline void world_open(struct world *w)
{
	world_open_vm(w, vm_create());
}

static inline void world_close(struct world *w)
{
	for (unsigned int as_id = 0; as_id < w->nr_as; as_id++)
		guest_close(&w->guests[as_id]);
	close(w->vm);
}

/* The first thing in main() */
static inline void world_need(void)
{
	if (access("/dev/kvm", R_OK | W_OK))
		ktap_skip_all("no usable /dev/kvm: %s", strerror(errno));
	if (slotscope_missing())
		ktap_skip_all("%s", slotscope_missing());
}

#endif
