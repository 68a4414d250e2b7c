/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock that guards memory model, devices and slots (QEMU's big lock). One
 * thread at a time has it: the main loop all the time but in poll(2), a vCPU
 * while it handles an exit.
 *
 * vCPUs give way: one whose guest storms with accesses would else take the lock
 * again before the main loop has woken up, and the monitor would starve.
 */
#ifndef SLOTSCOPE_KVM_BIG_LOCK_H
#define SLOTSCOPE_KVM_BIG_LOCK_H

#include <pthread.h>

/**
 * struct big_lock - private to big_lock.c
 * @waiting: threads other than vCPUs that want it; guarded by @queue
 */
struct big_lock {
	pthread_mutex_t mutex;
	pthread_mutex_t queue;
	pthread_cond_t turn;
	unsigned int waiting;
};

void big_lock_init(struct big_lock *lock);
void big_lock_deinit(struct big_lock *lock);

/** big_lock() - take it; for threads that are no vCPU's */
void big_lock(struct big_lock *lock);

/** big_lock_vcpu() - take it, after those who wait in big_lock() */
void big_lock_vcpu(struct big_lock *lock);

/** big_unlock() - give it back; the same for both */
void big_unlock(struct big_lock *lock);

/** big_lock_wait() - give it back until @cond is signalled, then take it again */
void big_lock_wait(struct big_lock *lock, pthread_cond_t *cond);

#endif
