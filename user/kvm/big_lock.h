/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock that guards memory model, devices and slots (QEMU's big lock). One
 * thread at a time has it: the main loop all the time but in poll(2), a vCPU
 * while it handles an exit.
 *
 * vCPUs give way: one whose guest storms with accesses would else take the lock
 * again before the main loop has woken up, and the monitor would starve. So
 * would whoever gives it up for a while, and wants it back.
 */
#ifndef SLOTSCOPE_KVM_BIG_LOCK_H
#define SLOTSCOPE_KVM_BIG_LOCK_H

#include <pthread.h>
#include <stdbool.h>

/**
 * struct big_lock - private to big_lock.c
 * @mutex:   guards the rest; held for a moment only
 * @taken:   a thread has the lock
 * @waiting: threads other than vCPUs that want it
 */
struct big_lock {
	pthread_mutex_t mutex;
	pthread_cond_t free;
	pthread_cond_t free_vcpu;
	unsigned int waiting;
	bool taken;
};

void big_lock_init(struct big_lock *lock);
void big_lock_deinit(struct big_lock *lock);

/** big_lock() - take it; for threads that are no vCPU's */
void big_lock(struct big_lock *lock);

/** big_lock_vcpu() - take it, after all others that want it */
void big_lock_vcpu(struct big_lock *lock);

/** big_unlock() - give it back; the same for both */
void big_unlock(struct big_lock *lock);

/**
 * big_lock_wait() - give it back until @cond is signalled, then take it again
 *
 * As by big_lock(): before vCPUs. Signal @cond with the big lock held.
 */
void big_lock_wait(struct big_lock *lock, pthread_cond_t *cond);

/** big_lock_wait_vcpu() - likewise, as by big_lock_vcpu() */
void big_lock_wait_vcpu(struct big_lock *lock, pthread_cond_t *cond);

/** big_lock_wait_ms() - as big_lock_wait(), for so many milliseconds at the most */
void big_lock_wait_ms(struct big_lock *lock, pthread_cond_t *cond,
		      unsigned int ms);

#endif
