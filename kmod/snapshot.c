// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "detail.h"
#include "owner.h"
#include "request.h"
#include "snapshot.h"
#include "vm.h"

#define SNAPSHOT_FLAGS \
	(SLOTSCOPE_NO_SLOTS | SLOTSCOPE_TORN_OK | SLOTSCOPE_DETAIL)

/* Of version 1.0; stays when the struct grows, as those of the records do */
#define SNAPSHOT_FIRST_SIZE offsetofend(struct slotscope_snapshot, end_ns)
#define AS_FIRST_SIZE	    offsetofend(struct slotscope_as, nr_copied)
#define SLOT_FIRST_SIZE	    offsetofend(struct slotscope_slot, flags)
#define DETAIL_FIRST_SIZE   offsetofend(struct slotscope_detail, huge)

/*
 * Slots that are looked at in one hold of kvm->srcu: tens of microseconds, and
 * as much as most VMs have.
 */
#define PIECE 128U

/*
 * Entries of KVM's arrays beside the slots that are looked at in one hold: eight bytes
 * each at most, so as long as a piece takes
 */
#define DETAIL_PIECE 16384U

/* Walks of an address space; each but the first because the slots moved */
#define TRIES 8

/*
 * What a VM's tables hold, copied: filled a piece at a time, handed to the caller
 * after that.
 */
struct copy {
	struct slotscope_as as[COMPAT_MAX_AS];
	u32 nr_as;
	struct slotscope_slot *slots;
	struct slotscope_detail *details; /* NULL if they are not wanted */
	bool with_details;
	u32 wanted;   /* what the caller has room for */
	u32 capacity; /* what there is room for here, so far */
	u32 nr_slots;
	u32 nr_copied;
	u64 user_bytes[COMPAT_MAX_AS]; /* without KVM's own slots */
	u64 begin_ns;
	u64 end_ns;
};

/*
 * How far the walk of one address space is. Which set of slots is walked is told
 * by the generation that it has or, as long as the update that brought it in is
 * not complete, will have: no two sets have the same.
 */
struct walk {
	gfn_t next; /* where the next piece begins */
	u64 set;
	bool begun;
	bool done;
	bool may_tear;
	/* How far the slot is that begins at @next */
	struct detail_at detail;
	bool detail_lost;
};

/*
 * The file is held while it is looked at: KVM's pointer alone does not keep it.
 * If it is closed meanwhile, its end is ours, on the way back to the caller.
 */
static void copy_gmem(struct slotscope_slot *to,
		      const struct kvm_memory_slot *slot)
{
	u64 pgoff = compat_slot_gmem_pgoff(slot);
	const struct inode *inode;
	struct file *file;

	if (compat_slot_is_gmem_only(slot))
		to->flags |= SLOTSCOPE_SLOT_GMEM_ONLY;
	file = compat_slot_gmem_get(slot);
	if (!file)
		return;
	inode = file_inode(file);
	to->flags |= SLOTSCOPE_SLOT_GMEM;
	to->gmem_offset = pgoff << PAGE_SHIFT;
	to->gmem_ino = inode->i_ino;
	to->gmem_major = MAJOR(inode->i_sb->s_dev);
	to->gmem_minor = MINOR(inode->i_sb->s_dev);
	fput(file);
}

static bool slot_is_hidden(const struct kvm_memory_slot *slot)
{
	return slot->id >= KVM_USER_MEM_SLOTS;
}

static void copy_slot(struct slotscope_slot *to,
		      const struct kvm_memory_slot *slot)
{
	*to = (struct slotscope_slot){
		.gpa = slot->base_gfn << PAGE_SHIFT,
		.bytes = (u64)slot->npages << PAGE_SHIFT,
		.hva = slot->userspace_addr,
		.id = slot->id,
		.as_id = slot->as_id,
		.mem_flags = slot->flags,
	};
	if (slot_is_hidden(slot))
		to->flags |= SLOTSCOPE_SLOT_HIDDEN;
	if (slot->flags & KVM_MEM_GUEST_MEMFD)
		copy_gmem(to, slot);
}

/* BTF told that this is a slot; is it one of this address space, in its place? */
static bool slot_is_sane(const struct kvm_memory_slot *slot, u32 as_id)
{
	return slot->as_id == as_id && slot->id >= 0 &&
	       slot->id < KVM_MEM_SLOTS_NUM &&
	       slot->base_gfn + slot->npages > slot->base_gfn &&
	       !offset_in_page(slot->userspace_addr);
}

/* As krealloc() does; what is behind the @used first is not initialised */
static int grow(void **array, size_t size, u32 used, u32 room)
{
	void *larger =
		kvmalloc_array(room, size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);

	if (!larger)
		return -ENOMEM;
	if (used)
		memcpy(larger, *array, used * size);
	kvfree(*array);
	*array = larger;
	return 0;
}

/* Room for one more piece, as long as the caller wants it */
static int make_room(struct copy *copy)
{
	u32 least = min(copy->wanted, copy->nr_copied + PIECE);
	u32 room = min(copy->wanted, copy->capacity * 2);
	/* A slot whose detail is begun is not yet copied, and its detail is there */
	u32 used = min(copy->nr_copied + 1, copy->capacity);
	int ret;

	if (copy->capacity >= least)
		return 0;
	room = max(room, least);
	ret = grow((void **)&copy->slots, sizeof(*copy->slots), used, room);
	if (!ret && copy->with_details)
		ret = grow((void **)&copy->details, sizeof(*copy->details),
			   used, room);
	if (!ret)
		copy->capacity = room;
	return ret;
}

/* Return: false if the slot's detail goes on in the next piece */
static bool copy_detail(struct copy *copy, const struct kvm_memory_slot *slot,
			struct walk *walk, u32 *budget)
{
	struct slotscope_detail *to;

	if (!copy->with_details || copy->nr_copied == copy->capacity)
		return true;
	to = &copy->details[copy->nr_copied];
	if (walk->detail_lost)
		*to = (struct slotscope_detail){};
	else if (!detail_count(to, slot, &walk->detail, budget))
		return false;
	walk->detail = (struct detail_at){};
	walk->detail_lost = false;
	return true;
}

static void count_slot(struct copy *copy, struct slotscope_as *as,
		       const struct kvm_memory_slot *slot)
{
	as->nr_slots++;
	if (!slot_is_hidden(slot))
		copy->user_bytes[as->as_id] += (u64)slot->npages << PAGE_SHIFT;
	as->last_gpa = ((slot->base_gfn + slot->npages) << PAGE_SHIFT) - 1;
	as->nr_dirty_logging += !!(slot->flags & KVM_MEM_LOG_DIRTY_PAGES);
}

/* It both counts and copies */
static int copy_piece(struct copy *copy, struct slotscope_as *as,
		      struct kvm_memslots *slots, struct walk *walk)
{
	struct kvm_memslot_iter iter;
	u32 budget = DETAIL_PIECE;
	u32 nr = 0;

	kvm_for_each_memslot_in_gfn_range(&iter, slots, walk->next, U64_MAX) {
		const struct kvm_memory_slot *slot = iter.slot;

		if (nr++ == PIECE)
			return 0;
		if (!slot_is_sane(slot, as->as_id))
			return -EPROTO;
		if (slot->base_gfn < walk->next) {
			/* Another set, where one grew over what is behind us */
			if (as->flags & SLOTSCOPE_AS_TORN)
				continue;
			return -EPROTO;
		}
		if (!copy_detail(copy, slot, walk, &budget))
			return 0;
		if (copy->nr_copied < copy->capacity) {
			copy_slot(&copy->slots[copy->nr_copied], slot);
			copy->nr_copied++;
			as->nr_copied++;
		}
		count_slot(copy, as, slot);
		walk->next = slot->base_gfn + slot->npages;
	}
	walk->done = true;
	return 0;
}

static void set_generation(struct slotscope_as *as, u64 generation)
{
	as->generation = generation & ~KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
	as->flags &= ~SLOTSCOPE_AS_UPDATING;
	if (generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		as->flags |= SLOTSCOPE_AS_UPDATING;
}

static u64 which_set(const struct copy *copy, u64 generation)
{
	if (generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		generation += copy->nr_as;
	return generation & ~KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
}

/*
 * KVM replaces the set under a reader but does not touch it until the reader is
 * done, and a slot that is in a set does not change, so all that is seen in one
 * hold belongs together. Who changes a slot waits for the reader. Therefore a
 * hold is short, and it cannot be drawn out: without preemption off, a reader
 * that is out of its cgroup's time, or of low priority, would hold for as long
 * as it does not run.
 *
 * Return: 0, -EAGAIN (the slots moved since the last piece) or -EPROTO.
 */
static int take_piece(struct copy *copy, struct kvm *kvm,
		      struct slotscope_as *as, struct walk *walk)
{
	struct kvm_memslots *slots;
	u64 generation, set;
	int idx, ret;

	preempt_disable();
	idx = srcu_read_lock(&kvm->srcu);
	slots = __kvm_memslots(kvm, as->as_id);
	set = which_set(copy, READ_ONCE(slots->generation));
	ret = -EAGAIN;
	if (walk->begun && set != walk->set) {
		if (!walk->may_tear)
			goto unlock;
		as->flags |= SLOTSCOPE_AS_TORN;
		/* Not begun again: a slot can take longer than it lasts */
		walk->detail_lost = walk->detail.part || walk->detail.next;
	}
	walk->begun = true;
	walk->set = set;
	ret = copy_piece(copy, as, slots, walk);
	/*
	 * Read last: of the set in use the generation alone can change, once,
	 * when the update that brought the set in is complete.
	 */
	generation = READ_ONCE(slots->generation);
	set_generation(as, generation);
unlock:
	srcu_read_unlock(&kvm->srcu, idx);
	preempt_enable();
	return ret;
}

/* One try; what it copied before it failed is taken back by the caller */
static int walk_as(struct copy *copy, struct kvm *kvm, struct slotscope_as *as,
		   bool may_tear)
{
	struct walk walk = { .may_tear = may_tear };
	int ret;

	do {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = make_room(copy);
		if (ret)
			return ret;
		ret = take_piece(copy, kvm, as, &walk);
	} while (!ret && !walk.done);
	return ret;
}

static int copy_as(struct copy *copy, struct kvm *kvm, u32 as_id, u32 flags)
{
	struct slotscope_as *as = &copy->as[as_id];
	u32 first = copy->nr_copied;
	int ret, tries = TRIES;

	do {
		copy->nr_copied = first;
		copy->user_bytes[as_id] = 0;
		*as = (struct slotscope_as){ .as_id = as_id };
		tries--;
		ret = walk_as(copy, kvm, as,
			      !tries && flags & SLOTSCOPE_TORN_OK);
	} while (ret == -EAGAIN && tries);
	copy->nr_slots += as->nr_slots;
	return ret;
}

/* The sets are embedded in struct kvm, so nothing must be held to look at one */
static void copy_generation(struct copy *copy, struct kvm *kvm, u32 as_id)
{
	const struct kvm_memslots *slots =
		rcu_access_pointer(kvm->memslots[as_id]);

	copy->as[as_id] = (struct slotscope_as){ .as_id = as_id };
	set_generation(&copy->as[as_id], READ_ONCE(slots->generation));
}

static void put_vm_wide(struct slotscope_snapshot *req, const struct kvm *kvm)
{
	struct vm_wide wide;

	vm_wide_get(&wide, kvm);
	req->nr_pages = wide.nr_pages;
	req->users = wide.users;
	req->nr_vcpus = wide.nr_vcpus;
	req->dirty_ring_bytes = wide.dirty_ring_bytes;
	req->vm_type = wide.vm_type;
	req->owner = req->pid ? owner_is(kvm, req->pid) : 0;
}

static int copy_vm(struct copy *copy, struct slotscope_snapshot *req)
{
	u32 flags = req->flags;
	struct vm vm;
	u32 as_id;
	int ret;

	ret = vm_get(&vm, req->vm_fd);
	if (ret)
		return ret;
	put_vm_wide(req, vm.kvm);
	copy->nr_as = compat_nr_as(vm.kvm);
	copy->begin_ns = ktime_get_ns();
	for (as_id = 0; as_id < copy->nr_as && !ret; as_id++) {
		if (flags & SLOTSCOPE_NO_SLOTS)
			copy_generation(copy, vm.kvm, as_id);
		else
			ret = copy_as(copy, vm.kvm, as_id, flags);
	}
	copy->end_ns = ktime_get_ns();
	vm_put(&vm);
	return ret;
}

/**
 * snapshot_count() - how many slots a VM has, and of how much memory
 * @kvm:   of a VM that is held
 * @nr:	   out: in all address spaces; while they change all the time, about so many
 * @bytes: out: of those of address space 0, without KVM's own
 *
 * Return: 0, -EINTR or -EPROTO.
 */
int snapshot_count(struct kvm *kvm, u32 *nr, u64 *bytes)
{
	struct copy copy = { .nr_as = compat_nr_as(kvm) };
	int ret = 0;
	u32 as_id;

	for (as_id = 0; as_id < copy.nr_as && !ret; as_id++)
		ret = copy_as(&copy, kvm, as_id, SLOTSCOPE_TORN_OK);
	*nr = copy.nr_slots;
	*bytes = copy.user_bytes[0];
	return ret;
}

static int detail_check(const struct slotscope_snapshot *req)
{
	if (!(req->flags & SLOTSCOPE_DETAIL))
		return req->detail_addr || req->detail_size ? -EINVAL : 0;
	if (req->flags & SLOTSCOPE_NO_SLOTS)
		return -EINVAL;
	return record_size_check(req->detail_size, DETAIL_FIRST_SIZE);
}

static int snapshot_check(const struct slotscope_snapshot *req)
{
	int ret;

	if (req->flags & ~SNAPSHOT_FLAGS || req->reserved || req->reserved2 ||
	    req->pid < 0)
		return -EINVAL;
	if (req->flags & SLOTSCOPE_NO_SLOTS && req->slot_capacity)
		return -EINVAL;
	ret = detail_check(req);
	if (ret)
		return ret;
	ret = record_size_check(req->as_size, AS_FIRST_SIZE);
	if (ret)
		return ret;
	return record_size_check(req->slot_size, SLOT_FIRST_SIZE);
}

static int snapshot_put(struct slotscope_snapshot *req, const struct copy *copy)
{
	int ret;

	req->nr_as = copy->nr_as;
	req->nr_as_copied = min(copy->nr_as, req->as_capacity);
	req->nr_slots = copy->nr_slots;
	req->nr_slots_copied = copy->nr_copied;
	req->begin_ns = copy->begin_ns;
	req->end_ns = copy->end_ns;

	ret = records_put(req->as_addr, req->as_size, copy->as,
			  sizeof(*copy->as), req->nr_as_copied);
	if (ret)
		return ret;
	ret = records_put(req->slot_addr, req->slot_size, copy->slots,
			  sizeof(*copy->slots), req->nr_slots_copied);
	if (ret || !copy->with_details)
		return ret;
	return records_put(req->detail_addr, req->detail_size, copy->details,
			   sizeof(*copy->details), req->nr_slots_copied);
}

/**
 * slotscope_snapshot() - the ioctl SLOTSCOPE_SNAPSHOT
 * @argp: struct slotscope_snapshot of the caller
 *
 * Return: 0 or an error of the uapi header.
 */
long slotscope_snapshot(void __user *argp)
{
	struct slotscope_snapshot req;
	struct copy copy = {};
	u32 size;
	int ret;

	ret = request_get(&req, sizeof(req), SNAPSHOT_FIRST_SIZE, argp, &size);
	if (ret)
		return ret;
	ret = snapshot_check(&req);
	if (ret)
		return ret;
	copy.wanted = req.slot_capacity;
	copy.with_details = req.flags & SLOTSCOPE_DETAIL;
	ret = copy_vm(&copy, &req);
	if (ret)
		goto out;
	ret = snapshot_put(&req, &copy);
	if (ret)
		goto out;
	ret = request_put(argp, size, &req, sizeof(req));
out:
	kvfree(copy.details);
	kvfree(copy.slots);
	return ret;
}
