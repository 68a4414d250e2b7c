// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "kvm/big_lock.h"

void big_lock_init(struct big_lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	pthread_cond_init(&lock->free, NULL);
	pthread_cond_init(&lock->free_vcpu, NULL);
	lock->waiting = 0;
	lock->taken = false;
}

void big_lock_deinit(struct big_lock *lock)
{
	pthread_cond_destroy(&lock->free_vcpu);
	pthread_cond_destroy(&lock->free);
	pthread_mutex_destroy(&lock->mutex);
}

/* The mutex is held for these, and after them */
static void take(struct big_lock *lock)
{
	lock->waiting++;
	while (lock->taken)
		pthread_cond_wait(&lock->free, &lock->mutex);
	lock->waiting--;
	lock->taken = true;
}

static void take_vcpu(struct big_lock *lock)
{
	while (lock->taken || lock->waiting)
		pthread_cond_wait(&lock->free_vcpu, &lock->mutex);
	lock->taken = true;
}

/* To whom comes next; a vCPU is called only if nobody else waits */
static void give(struct big_lock *lock)
{
	lock->taken = false;
	pthread_cond_signal(lock->waiting ? &lock->free : &lock->free_vcpu);
}

void big_lock(struct big_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	take(lock);
	pthread_mutex_unlock(&lock->mutex);
}

void big_lock_vcpu(struct big_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	take_vcpu(lock);
	pthread_mutex_unlock(&lock->mutex);
}

void big_unlock(struct big_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	give(lock);
	pthread_mutex_unlock(&lock->mutex);
}

void big_lock_wait(struct big_lock *lock, pthread_cond_t *cond)
{
	pthread_mutex_lock(&lock->mutex);
	give(lock);
	pthread_cond_wait(cond, &lock->mutex);
	take(lock);
	pthread_mutex_unlock(&lock->mutex);
}

void big_lock_wait_vcpu(struct big_lock *lock, pthread_cond_t *cond)
{
	pthread_mutex_lock(&lock->mutex);
	give(lock);
	pthread_cond_wait(cond, &lock->mutex);
	take_vcpu(lock);
	pthread_mutex_unlock(&lock->mutex);
}

void big_lock_wait_ms(struct big_lock *lock, pthread_cond_t *cond,
		      unsigned int ms)
{
	struct timespec until;

	/* Not the time of day, which may be set back */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lock->mutex);
	give(lock);
	pthread_cond_clockwait(cond, &lock->mutex, CLOCK_MONOTONIC, &until);
	take(lock);
	pthread_mutex_unlock(&lock->mutex);
}
