// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/timekeeping.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "request.h"
#include "snapshot.h"
#include "vm.h"

#define SNAPSHOT_FLAGS SLOTSCOPE_NO_SLOTS

/* Of version 1.0; stays when the struct grows, as those of the records do */
#define SNAPSHOT_FIRST_SIZE offsetofend(struct slotscope_snapshot, end_ns)
#define AS_FIRST_SIZE	    offsetofend(struct slotscope_as, nr_copied)
#define SLOT_FIRST_SIZE	    offsetofend(struct slotscope_slot, flags)

/* More than a QEMU with many devices has */
#define USUAL_SLOTS 128U

/*
 * What a VM's tables hold, copied: filled while kvm->srcu is held, handed to
 * the caller after that.
 */
struct copy {
	struct slotscope_as as[COMPAT_MAX_AS];
	u32 nr_as;
	struct slotscope_slot *slots;
	u32 capacity;
	u32 nr_slots;
	u32 nr_copied;
	u64 begin_ns;
	u64 end_ns;
};

/*
 * The file is held while it is looked at: KVM's pointer alone does not keep it.
 * If it is closed meanwhile, its end is ours, on the way back to the caller.
 */
static void copy_gmem(struct slotscope_slot *to,
		      const struct kvm_memory_slot *slot)
{
	struct file *file = compat_slot_gmem_get(slot);
	u64 pgoff = compat_slot_gmem_pgoff(slot);
	const struct inode *inode;

	if (compat_slot_is_gmem_only(slot))
		to->flags |= SLOTSCOPE_SLOT_GMEM_ONLY;
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
	if (slot->id >= KVM_USER_MEM_SLOTS)
		to->flags |= SLOTSCOPE_SLOT_HIDDEN;
	copy_gmem(to, slot);
}

/*
 * One walk both counts and copies. KVM replaces the set under a reader but does
 * not touch it until the reader is done, and a slot that is in a set does not
 * change, so all that is seen belongs together.
 */
static void copy_slots(struct copy *copy, struct slotscope_as *as,
		       struct kvm_memslots *slots)
{
	struct kvm_memslot_iter iter;

	kvm_for_each_memslot_in_gfn_range(&iter, slots, 0, U64_MAX) {
		if (copy->nr_copied < copy->capacity) {
			copy_slot(&copy->slots[copy->nr_copied], iter.slot);
			copy->nr_copied++;
			as->nr_copied++;
		}
		as->nr_slots++;
		/* A reader of SRCU may sleep; there can be 32,767 slots */
		if (!(as->nr_slots % 1024))
			cond_resched();
	}
	copy->nr_slots += as->nr_slots;
}

static void copy_as(struct copy *copy, struct kvm *kvm, u32 as_id,
		    bool with_slots)
{
	struct slotscope_as *as = &copy->as[as_id];
	struct kvm_memslots *slots;
	u64 generation;
	int idx;

	*as = (struct slotscope_as){ .as_id = as_id };

	idx = srcu_read_lock(&kvm->srcu);
	slots = __kvm_memslots(kvm, as_id);
	if (with_slots)
		copy_slots(copy, as, slots);
	/*
	 * Read last: of the set in use the generation alone can change, once,
	 * when the update that brought the set in is complete.
	 */
	generation = READ_ONCE(slots->generation);
	srcu_read_unlock(&kvm->srcu, idx);

	as->generation = generation & ~KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
	if (generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		as->flags |= SLOTSCOPE_AS_UPDATING;
}

static int copy_make_room(struct copy *copy, u32 room)
{
	kvfree(copy->slots);
	copy->slots = NULL;
	copy->capacity = room;
	if (!room)
		return 0;
	copy->slots = kvmalloc_array(room, sizeof(*copy->slots),
				     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return copy->slots ? 0 : -ENOMEM;
}

static void copy_all(struct copy *copy, struct kvm *kvm, bool with_slots)
{
	u32 as_id;

	copy->nr_slots = 0;
	copy->nr_copied = 0;
	copy->begin_ns = ktime_get_ns();
	for (as_id = 0; as_id < copy->nr_as; as_id++)
		copy_as(copy, kvm, as_id, with_slots);
	copy->end_ns = ktime_get_ns();
}

/*
 * How many slots there are is known only after a walk, and may be otherwise a
 * moment later. So start with room for a usual VM, and where that was too small
 * start again with more than there were. This ends: room grows each time, and
 * what a VM can have is limited.
 */
static int copy_vm(struct copy *copy, int fd, u32 wanted, bool with_slots)
{
	u32 room = min(wanted, USUAL_SLOTS);
	struct vm vm;
	int ret;

	ret = vm_get(&vm, fd);
	if (ret)
		return ret;

	copy->nr_as = compat_nr_as(vm.kvm);
	do {
		ret = copy_make_room(copy, room);
		if (ret)
			break;
		copy_all(copy, vm.kvm, with_slots);
		room = min(wanted, copy->nr_slots + copy->nr_slots / 8);
	} while (copy->nr_copied < copy->nr_slots && room > copy->capacity);

	vm_put(&vm);
	return ret;
}

static int snapshot_check(const struct slotscope_snapshot *req)
{
	int ret;

	if (req->flags & ~SNAPSHOT_FLAGS || req->reserved)
		return -EINVAL;
	if (req->flags & SLOTSCOPE_NO_SLOTS && req->slot_capacity)
		return -EINVAL;
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
	return records_put(req->slot_addr, req->slot_size, copy->slots,
			   sizeof(*copy->slots), req->nr_slots_copied);
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
	ret = copy_vm(&copy, req.vm_fd, req.slot_capacity,
		      !(req.flags & SLOTSCOPE_NO_SLOTS));
	if (ret)
		return ret;

	ret = snapshot_put(&req, &copy);
	if (ret)
		goto out;
	ret = request_put(argp, size, &req, sizeof(req));
out:
	kvfree(copy.slots);
	return ret;
}
