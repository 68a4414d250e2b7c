/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes that need no exit, or not each its own: from the model's ioeventfds and
 * coalesced ranges to KVM. A device that asks for neither is not concerned.
 */
#ifndef SLOTSCOPE_KVM_IO_LISTENER_H
#define SLOTSCOPE_KVM_IO_LISTENER_H

#include <slotscope/memory.h>

#include "kvm/kvm.h"

struct kvm_coalesced_mmio_ring;

/**
 * struct kvm_io_listener - ties memory and ports to a VM
 * @ring:      where KVM puts coalesced writes; NULL if it has none. All vCPUs
 *	       share it
 * @draining:  its writes are being made: they may lead back to here
 * @error:     of the first request that KVM refused; code 0 if none was
 */
struct kvm_io_listener {
	struct kvm_state *kvm;
	struct address_space *memory;
	struct address_space *io;
	struct memory_listener *on_memory;
	struct memory_listener *on_io;
	struct kvm_coalesced_mmio_ring *ring;
	unsigned int ring_entries;
	bool draining;
	struct slotscope_error error;
};

/**
 * kvm_io_listener_register() - listen to both
 * @l:	 filled; used until it is unregistered
 *
 * What KVM refuses is told by @l->error; the write then exits as any other.
 */
int kvm_io_listener_register(struct kvm_io_listener *l, struct kvm_state *kvm,
			     struct address_space *memory,
			     struct address_space *io,
			     struct slotscope_error *err);

/** kvm_io_listener_set_ring() - the first vCPU is there: its kvm_run has it */
void kvm_io_listener_set_ring(struct kvm_io_listener *l, void *run);

/** kvm_io_listener_unregister() - stop; what KVM has goes with the VM */
void kvm_io_listener_unregister(struct kvm_io_listener *l);

/**
 * kvm_flush_coalesced() - make the writes that wait, in their order
 *
 * Before anything looks at a device: each exit, each command of the monitor.
 * With the big lock held.
 */
void kvm_flush_coalesced(struct kvm_io_listener *l);

#endif
