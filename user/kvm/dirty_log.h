/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest wrote to, fetched from KVM when the model's listeners ask for
 * it: by each slot's bitmap, the same with clearing apart, or the vCPUs' rings.
 */
#ifndef SLOTSCOPE_KVM_DIRTY_LOG_H
#define SLOTSCOPE_KVM_DIRTY_LOG_H

#include <pthread.h>

#include "kvm/dirty_pages.h"
#include "kvm/listener.h"
#include "kvm/vcpu.h"

#define DIRTY_LOG_AS 2 /* address spaces that KVM may have */

struct dirty_slot;

/**
 * struct dirty_log - of a VM
 * @slots:     of each address space that is listened to; else NULL
 * @pages:     what is known to be dirty
 * @uncleared: what KVM told, and was not told to forget yet (KVM_DIRTY_CLEAR)
 * @reaped:    entries of rings so far
 * @lost:      the first thing that went wrong: pages may be missing, or be told
 *	       again. Code 0: nothing; whoever has told it sets it back
 */
struct dirty_log {
	struct kvm_state *kvm;
	struct kvm_memory_listener *slots[DIRTY_LOG_AS];
	struct memory_listener *listeners[DIRTY_LOG_AS];
	struct vcpus *cpus;
	struct dirty_pages pages;
	struct dirty_slot *uncleared;
	uint64_t reaped;
	struct slotscope_error lost;
	pthread_t reaper;
	pthread_cond_t wake;
	bool has_reaper;
	bool want_quit;
};

/**
 * dirty_log_register() - listen
 * @slots: whose slots' pages it is about; on the same address space
 * @cpus:  theirs are the rings; a thread that empties them is started
 */
int dirty_log_register(struct dirty_log *log, struct kvm_state *kvm,
		       struct kvm_memory_listener *slots, struct vcpus *cpus,
		       struct slotscope_error *err);

/** dirty_log_add_smram() - listen to SMM's address space too */
int dirty_log_add_smram(struct dirty_log *log, struct address_space *as,
			struct kvm_memory_listener *slots,
			struct slotscope_error *err);

/** dirty_log_unregister() - before the vCPUs and the slots go */
void dirty_log_unregister(struct dirty_log *log);

/**
 * dirty_log_ends() - fetch what a slot's log has, for the last time
 *
 * Before KVM is told to delete the slot, or to log it no more; the vCPUs are kept
 * out of KVM until it has been. With rings, these are emptied: the slot's number
 * may be another's next.
 */
void dirty_log_ends(struct dirty_log *log,
		    const struct kvm_memory_listener *slots,
		    const struct kvm_slot *slot);

/**
 * dirty_log_reap() - empty the vCPUs' rings
 *
 * What a vCPU that runs has in the CPU's own buffer is not among it: keep vCPUs
 * out for that. With the big lock held.
 *
 * Return: how many entries there were.
 */
uint64_t dirty_log_reap(struct dirty_log *log);

/**
 * dirty_log_clear() - all pages clean, for one client
 * @client: one bit of DIRTY_MEMORY_*
 */
void dirty_log_clear(struct dirty_log *log, struct memory_model *model,
		     unsigned int client);

#endif
