// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM's page tables map now. KVM changes them all the time, so that there is no
 * moment of the whole: each entry is told as it was when it was read.
 */
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/timekeeping.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "request.h"
#include "stage2.h"
#include "stage2_arch.h"
#include "vm.h"

#define STAGE2_FIRST_SIZE  offsetofend(struct slotscope_stage2, end_ns)
#define MAPPING_FIRST_SIZE offsetofend(struct slotscope_mapping, level)

/* Of one hold of kvm->mmu_lock: tens of microseconds */
#define STEPS 256

/* No guest has more */
#define GPA_END BIT_ULL(52)

/* What one hold found, and where the next is to go on */
struct piece {
	u64 next;
	u32 nr;
	struct slotscope_mapping mappings[STEPS];
};

static int look(struct stage2 *stage2, struct piece *piece, u32 wanted)
{
	int steps = STEPS;
	int ret = stage2_arch_begin(stage2);

	while (!ret && steps > 0 && piece->nr < wanted &&
	       piece->next < stage2->end) {
		struct slotscope_mapping *to = &piece->mappings[piece->nr];
		u64 hole;

		steps--;
		ret = stage2_arch_find(stage2, piece->next, to, &hole, &steps);
		if (ret < 0)
			break;
		/* What was not asked about, the caller will not go on behind */
		hole = ret ? to->gpa + to->bytes : min(hole, stage2->end);
		piece->nr += ret;
		ret = 0;
		/* Else this would not end */
		if (hole <= piece->next)
			return -EPROTO;
		piece->next = hole;
	}
	return ret;
}

/*
 * Tables are freed by whoever holds mmu_lock: those of shadow pages for writing, those
 * of the TDP MMU, which may be had for reading, after a grace period of RCU.
 * kvm->srcu keeps the slots and their reverse maps. The lock comes first, as it turns
 * preemption off: nobody who waits for srcu waits for us to be run.
 */
static int take_piece(struct stage2 *stage2, struct piece *piece, u32 wanted)
{
	struct kvm *kvm = stage2->kvm;
	int idx, ret;

	piece->nr = 0;
	compat_mmu_read_lock(kvm);
	rcu_read_lock();
	idx = srcu_read_lock(&kvm->srcu);
	ret = look(stage2, piece, wanted);
	srcu_read_unlock(&kvm->srcu, idx);
	rcu_read_unlock();
	compat_mmu_read_unlock(kvm);
	return ret;
}

static int look_at_all(struct stage2 *stage2, struct slotscope_stage2 *req,
		       struct piece *piece)
{
	int ret;

	stage2->end = req->gpa + req->bytes;
	piece->next = req->gpa;
	while (piece->next < stage2->end &&
	       req->nr_copied < req->mapping_capacity) {
		u32 room = req->mapping_capacity - req->nr_copied;

		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = take_piece(stage2, piece, min_t(u32, room, STEPS));
		if (ret)
			return ret;
		ret = records_put(req->mapping_addr + (u64)req->nr_copied *
							      req->mapping_size,
				  req->mapping_size, piece->mappings,
				  sizeof(piece->mappings[0]), piece->nr);
		if (ret)
			return ret;
		req->nr_copied += piece->nr;
	}
	req->next_gpa = piece->next;
	return 0;
}

static int look_at_vm(struct slotscope_stage2 *req)
{
	struct stage2 stage2 = { .as_id = req->as_id };
	struct piece *piece;
	struct vm vm;
	int ret;

	ret = vm_get(&vm, req->vm_fd);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (req->as_id >= compat_nr_as(vm.kvm))
		goto put;
	stage2.kvm = vm.kvm;
	ret = stage2_arch_check(vm.kvm);
	if (ret)
		goto put;
	ret = -ENOMEM;
	piece = kvmalloc(sizeof(*piece), GFP_KERNEL_ACCOUNT);
	if (!piece)
		goto put;
	req->nr_copied = 0;
	req->begin_ns = ktime_get_ns();
	ret = look_at_all(&stage2, req, piece);
	req->end_ns = ktime_get_ns();
	req->tables = stage2.tables;
	kvfree(piece);
put:
	vm_put(&vm);
	return ret;
}

static int stage2_check(const struct slotscope_stage2 *req)
{
	if (req->flags || req->reserved || !req->mapping_capacity)
		return -EINVAL;
	if (!PAGE_ALIGNED(req->gpa) || !PAGE_ALIGNED(req->bytes) ||
	    req->gpa > GPA_END || req->bytes > GPA_END - req->gpa)
		return -EINVAL;
	return record_size_check(req->mapping_size, MAPPING_FIRST_SIZE);
}

/**
 * slotscope_stage2() - the ioctl SLOTSCOPE_STAGE2
 * @argp: struct slotscope_stage2 of the caller
 *
 * Return: 0 or an error of the uapi header.
 */
long slotscope_stage2(void __user *argp)
{
	struct slotscope_stage2 req;
	u32 size;
	int ret;

	/* As /proc/PID/pagemap does: whose descriptor it is does not count */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ret = request_get(&req, sizeof(req), STAGE2_FIRST_SIZE, argp, &size);
	if (ret)
		return ret;
	ret = stage2_check(&req);
	if (ret)
		return ret;
	ret = look_at_vm(&req);
	if (ret)
		return ret;
	return request_put(argp, size, &req, sizeof(req));
}
