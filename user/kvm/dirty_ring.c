// SPDX-License-Identifier: GPL-2.0-or-later
/* The vCPUs' dirty rings: KVM writes slot and page, we take them out. */
#include <errno.h>

#include "kvm/dirty_private.h"
#include "kvm/ioctl.h"

static const struct kvm_slot *slot_by_id(const struct dirty_log *log,
					 uint32_t id)
{
	const struct kvm_slot *slot = NULL;
	unsigned int as_id = id >> 16;

	if (as_id >= DIRTY_LOG_AS || !log->slots[as_id])
		return NULL;
	while ((slot = kvm_slots_next(log->slots[as_id]->slots, slot)))
		if (slot->id == (id & 0xffff))
			break;
	return slot;
}

/*
 * An entry says slot and page. Its slot has not gone meanwhile, for then the
 * ring would have been emptied before (dirty_log_ends()).
 */
static void mark_entry(struct dirty_log *log, const struct vcpu *cpu,
		       const struct kvm_dirty_gfn *entry,
		       const struct kvm_slot *slot)
{
	const uint64_t one = 1;

	if (slot && entry->offset < dirty_slot_pages(slot)) {
		dirty_log_mark(log, entry->slot >> 16, slot, entry->offset,
			       &one, 1);
		return;
	}
	if (log->lost.code)
		return;
	error_set(&log->lost, ESTALE,
		  "find page 0x%llx of memory slot %u of address space %u, "
		  "which vCPU %u wrote to",
		  (unsigned long long)entry->offset, entry->slot & 0xffff,
		  entry->slot >> 16, cpu->index);
	error_why(&log->lost, "%s",
		  slot ? "the slot ends before" : "there is no such slot");
}

static void reap_vcpu(struct dirty_log *log, struct vcpu *cpu)
{
	const struct kvm_slot *slot = NULL;
	uint32_t first = cpu->ring_next, id = 0;
	struct kvm_dirty_gfn *gfn;

	for (;; cpu->ring_next++) {
		gfn = &cpu->ring[cpu->ring_next % log->kvm->ring_size];
		/* KVM sets it last; and takes the entry back once we say so */
		if (__atomic_load_n(&gfn->flags, __ATOMIC_ACQUIRE) !=
		    KVM_DIRTY_GFN_F_DIRTY)
			break;
		if (!slot || id != gfn->slot) {
			id = gfn->slot;
			slot = slot_by_id(log, id);
		}
		mark_entry(log, cpu, gfn, slot);
		__atomic_store_n(&gfn->flags, KVM_DIRTY_GFN_F_RESET,
				 __ATOMIC_RELEASE);
		log->reaped++;
	}
	/* KVM sends a vCPU out before its ring is full; one that did not in time
	 * has written over what was there */
	if (cpu->ring_next - first < log->kvm->ring_size || log->lost.code)
		return;
	error_set(&log->lost, EOVERFLOW, "read the dirty ring of vCPU %u",
		  cpu->index);
	error_why(&log->lost, "KVM has written over entries not read yet");
	error_next(&log->lost, "use a larger --dirty-log ring=N, or clear");
}

uint64_t dirty_log_reap(struct dirty_log *log)
{
	uint64_t before = log->reaped;
	unsigned int i;

	if (!log->kvm || log->kvm->dirty != KVM_DIRTY_RING)
		return 0;
	for (i = 0; i < log->cpus->nr; i++)
		reap_vcpu(log, &log->cpus->cpus[i]);
	if (log->reaped != before &&
	    kvm_ioctl(log->kvm->vm_fd, KVM_RESET_DIRTY_RINGS, 0) < 0 &&
	    !log->lost.code)
		error_set(&log->lost, errno,
			  "have KVM use entries of dirty rings again "
			  "(KVM_RESET_DIRTY_RINGS)");
	return log->reaped - before;
}
