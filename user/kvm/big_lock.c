// SPDX-License-Identifier: GPL-2.0-or-later
#include "kvm/big_lock.h"

void big_lock_init(struct big_lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	pthread_mutex_init(&lock->queue, NULL);
	pthread_cond_init(&lock->turn, NULL);
	lock->waiting = 0;
}

void big_lock_deinit(struct big_lock *lock)
{
	pthread_cond_destroy(&lock->turn);
	pthread_mutex_destroy(&lock->queue);
	pthread_mutex_destroy(&lock->mutex);
}

void big_lock(struct big_lock *lock)
{
	pthread_mutex_lock(&lock->queue);
	lock->waiting++;
	pthread_mutex_unlock(&lock->queue);

	pthread_mutex_lock(&lock->mutex);

	pthread_mutex_lock(&lock->queue);
	if (!--lock->waiting)
		pthread_cond_broadcast(&lock->turn);
	pthread_mutex_unlock(&lock->queue);
}

void big_lock_vcpu(struct big_lock *lock)
{
	pthread_mutex_lock(&lock->queue);
	while (lock->waiting)
		pthread_cond_wait(&lock->turn, &lock->queue);
	pthread_mutex_unlock(&lock->queue);
	/* Who comes now waits for one exit at the most */
	pthread_mutex_lock(&lock->mutex);
}

void big_unlock(struct big_lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

void big_lock_wait(struct big_lock *lock, pthread_cond_t *cond)
{
	pthread_cond_wait(cond, &lock->mutex);
}
