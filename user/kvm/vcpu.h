/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vCPU and the thread that runs it. Everything here may be called from any
 * other thread; the thread itself touches neither memory model nor slots.
 */
#ifndef SLOTSCOPE_KVM_VCPU_H
#define SLOTSCOPE_KVM_VCPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <slotscope/error.h>

struct kvm_run;
struct kvm_state;

/* Where a vCPU is. From the last two it does not come back. */
enum vcpu_status {
	VCPU_PAUSED,  /* by us */
	VCPU_RUNNING, /* in KVM_RUN, or handling an exit */
	VCPU_HALTED,  /* in HLT; nothing here raises an interrupt to end it */
	VCPU_STOPPED, /* KVM or the guest ended it; the error says why */
};

/**
 * struct vcpu_ops - what the guest's I/O does
 * @pio_write: a byte written to a port. Called in the vCPU's thread
 * @pio_read:  a byte read from a port
 * @opaque:    given to them
 *
 * Wider accesses come as bytes of consecutive ports. Memory accesses outside
 * the slots are not passed on: no device answers them yet. Reads give all
 * ones, writes are dropped, as on a bus without a device.
 */
struct vcpu_ops {
	void (*pio_write)(void *opaque, uint16_t port, uint8_t value);
	uint8_t (*pio_read)(void *opaque, uint16_t port);
	void *opaque;
};

/** struct vcpu_counts - exits so far, by kind */
struct vcpu_counts {
	uint64_t pio;
	uint64_t mmio;
	uint64_t interrupted;
};

struct vcpu {
	int fd;
	struct kvm_run *run;
	size_t run_size;
	struct vcpu_ops ops;
	int notify_fd; /* eventfd, readable when @status has changed */

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	enum vcpu_status status;
	bool want_run;
	bool want_quit;
	struct vcpu_counts counts;
	struct slotscope_error error; /* valid when VCPU_STOPPED */
};

/**
 * kvm_init_vcpu() - make vCPU 0, paused, with its thread
 * @cpu: filled; vcpu_deinit() it before kvm_deinit()
 */
int kvm_init_vcpu(struct vcpu *cpu, const struct kvm_state *s,
		  const struct vcpu_ops *ops, struct slotscope_error *err);

/** vcpu_deinit() - end the thread, wait for it, free all */
void vcpu_deinit(struct vcpu *cpu);

/** vcpu_resume() - let it run; nothing changes for one halted or stopped */
void vcpu_resume(struct vcpu *cpu);

/** vcpu_pause() - have it leave KVM_RUN; returns when it has */
void vcpu_pause(struct vcpu *cpu);

/**
 * vcpu_status() - where it is now
 * @counts: filled unless NULL
 * @err:    filled with the reason when VCPU_STOPPED, unless NULL
 */
enum vcpu_status vcpu_status(struct vcpu *cpu, struct vcpu_counts *counts,
			     struct slotscope_error *err);

#endif
