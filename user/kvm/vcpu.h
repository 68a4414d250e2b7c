/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPUs of a VM, and the threads that run them.
 *
 * Unless said otherwise, functions here are called with the big lock held, by a
 * thread that is no vCPU's. A vCPU's thread has the lock while it handles an
 * exit, so that devices and model are entered by one thread at a time.
 */
#ifndef SLOTSCOPE_KVM_VCPU_H
#define SLOTSCOPE_KVM_VCPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <slotscope/error.h>
#include <slotscope/memory.h>

#include "kvm/big_lock.h"
#include "kvm/io_listener.h"

struct dirty_log;
struct kvm_dirty_gfn;
struct kvm_run;
struct kvm_state;
struct vcpu_state;

/* Where a vCPU is. From the last two only a reset brings it back. */
enum vcpu_status {
	VCPU_WAIT_SIPI, /* until another vCPU starts it; without kernel APICs */
	VCPU_PAUSED,	/* by us */
	VCPU_RUNNING,	/* in KVM_RUN, or handling an exit */
	VCPU_HALTED,	/* in HLT; nothing here raises an interrupt to end it */
	VCPU_STOPPED,	/* KVM or the guest ended it; the error says why */
};

/** struct vcpu_counts - exits so far, by kind */
struct vcpu_counts {
	uint64_t pio;
	uint64_t mmio;
	uint64_t interrupted;
};

struct vcpus;

/**
 * struct vcpu - one of them
 * @in_kvm:     it is in KVM_RUN; guarded by the gate
 * @io_pending: KVM has yet to be told of the access that we answered: it is when
 *		KVM_RUN is entered again
 * @asleep:	how often in a row it was found halted with interrupts off, or
 *		not started yet, while in KVM_RUN
 * @want_look:  find out whether it is asleep
 * @seen_exits, @seen_ns: of vcpus_look()
 * @want_smi:   a system management interrupt is due before the next KVM_RUN
 * @error:      valid when VCPU_STOPPED
 * @ring:	pages that it wrote to, if KVM tells by rings; else NULL
 * @ring_next:	the entry to look at next
 * @ring_full:	how often in a row KVM said full, and nothing was there
 * @power_on:   what a reset brings back
 */
struct vcpu {
	struct vcpus *set;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool has_thread;
	bool in_kvm;
	enum vcpu_status status;
	bool io_pending;
	unsigned int asleep;
	bool want_look;
	uint64_t seen_exits;
	uint64_t seen_ns;
	bool want_smi;
	struct vcpu_counts counts;
	struct slotscope_error error;
	struct kvm_dirty_gfn *ring;
	uint32_t ring_next;
	unsigned int ring_full;
	struct vcpu_state *power_on;
};

/**
 * struct vcpus - all vCPUs of a VM
 * @events:	where accesses go that are in no slot: memory and ports
 * @dirty:	who empties full rings; NULL if nobody does
 * @notify_fd:	eventfd, written when a vCPU has halted or stopped; the main loop
 *		polls it. Others may write to it too
 * @want_run:	they are to run; false: paused, or about to be
 * @wake:	signalled to vCPUs: look again at what is wanted
 * @parked:	signalled when a vCPU has left off running
 * @gate:	guards @closed and each in_kvm: see vcpus_keep_out()
 */
struct vcpus {
	struct kvm_state *kvm;
	struct big_lock *lock;
	struct kvm_io_listener *events;
	struct dirty_log *dirty;
	int notify_fd;
	struct vcpu *cpus;
	unsigned int nr;
	bool want_run;
	bool want_quit;
	pthread_cond_t wake;
	pthread_cond_t parked;
	pthread_mutex_t gate;
	pthread_cond_t gate_moved;
	unsigned int closed;
};

/**
 * vcpus_init() - make @nr vCPUs, paused, each with its thread
 * @set: filled; vcpus_deinit() it before kvm_deinit()
 */
int vcpus_init(struct vcpus *set, unsigned int nr, struct kvm_state *s,
	       struct big_lock *lock, struct kvm_io_listener *events,
	       struct slotscope_error *err);

/** vcpus_deinit() - end the threads, wait for them, free all */
void vcpus_deinit(struct vcpus *set);

/** vcpus_resume() - let them run; nothing changes for those halted or stopped */
void vcpus_resume(struct vcpus *set);

/**
 * vcpus_pause() - have them leave KVM_RUN; returns when they have
 *
 * Gives up the lock while it waits.
 */
void vcpus_pause(struct vcpus *set);

/**
 * vcpus_stop_soon() - have them pause, without waiting for it
 *
 * For a vCPU's own thread too: what its guest asked for (a reset) is to happen
 * before its next instruction.
 */
void vcpus_stop_soon(struct vcpus *set);

/**
 * vcpus_keep_out() - have all leave KVM_RUN, and none enter, until let in again
 *
 * For changes of the slots that are not atomic: between a deletion and an
 * addition a vCPU would find nothing. Does not give up the lock: what a vCPU left
 * KVM_RUN for is handled later. Any thread that holds the lock may call it.
 */
void vcpus_keep_out(struct vcpus *set);
void vcpus_let_in(struct vcpus *set);

/**
 * vcpus_smi() - a system management interrupt; any thread's
 * @first: for the first vCPU; else for the one whose thread calls, if one's does
 *
 * Never for all, as real hardware has it: each of them starts with its SMM code and
 * state at the same place, where the guest (SeaBIOS) has only what the first needs.
 */
void vcpus_smi(struct vcpus *set, bool first);

/**
 * vcpus_save() - keep what they are now: the state at power on
 *
 * Once all that is in the kernel has been made, and before they run.
 */
int vcpus_save(struct vcpus *set, struct slotscope_error *err);

/**
 * vcpus_reset() - back to the state at power on; they have to be paused
 *
 * Halted and stopped ones are paused then too.
 */
int vcpus_reset(struct vcpus *set, struct slotscope_error *err);

/**
 * vcpus_status() - where they are, all in all
 * @counts: filled with the sum, unless NULL
 * @err:    filled with the reason when VCPU_STOPPED, unless NULL
 *
 * Return: VCPU_STOPPED if one is, else VCPU_RUNNING if one is, else VCPU_PAUSED
 * if one is, else VCPU_HALTED: none can run on, not even for an interrupt.
 */
enum vcpu_status vcpus_status(const struct vcpus *set,
			      struct vcpu_counts *counts,
			      struct slotscope_error *err);

/**
 * vcpus_look() - find out whether all are halted for good
 *
 * They are then VCPU_HALTED for vcpus_status(), a little later: that is notified.
 * Needed, now and then, only while vcpus_may_sleep().
 */
void vcpus_look(struct vcpus *set);
bool vcpus_may_sleep(const struct vcpus *set);

/** vcpus_notify() - wake the main loop; any thread's */
void vcpus_notify(struct vcpus *set);

/* Private to the files vcpu*.c */
int vcpu_start_thread(struct vcpu *cpu, struct slotscope_error *err);
void vcpu_kick(struct vcpu *cpu);
/* From now on kicks end any call that waits, as a write that nobody reads */
void vcpu_kick_hard(void);
/* Wait a moment for the thread's end. Return: has it ended? */
bool vcpu_join_thread(struct vcpu *cpu);
bool vcpu_is_asleep(const struct vcpu *cpu);
bool vcpus_all_asleep(const struct vcpus *set);

#endif
