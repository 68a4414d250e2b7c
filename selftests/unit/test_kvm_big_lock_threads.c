// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The big lock: one thread has it at a time, and who waits for something, be it
 * with a time limit, has it back before a vCPU that never rests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "kvm/big_lock.h"

#define ROUNDS	 200
#define VCPUS	 3
#define PATIENCE 20000 /* ms; by then the test has failed */

/* One for each test: threads of one that failed still use theirs */
static struct big_lock *lock;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

/* Guarded by the lock, and not atomic: TSan sees to it */
static unsigned int shared;

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static int setup(void **state)
{
	lock = calloc(1, sizeof(*lock));
	big_lock_init(lock);
	return 0;
}

/* Not of those that failed: what somebody waits for cannot be destroyed */
static void free_lock(void)
{
	big_lock_deinit(lock);
	free(lock);
}

static bool somebody_waits(void)
{
	bool waits;

	pthread_mutex_lock(&lock->mutex);
	waits = lock->waiting;
	pthread_mutex_unlock(&lock->mutex);
	return waits;
}

/* How a thread waits, and what was seen */
struct waiter {
	void (*wait)(struct waiter *w);
	bool is_there; /* guarded by the lock, as the rest */
	bool signalled;
	bool came_back;
};

static void wait_long(struct waiter *w)
{
	big_lock_wait(lock, &cond);
}

static void wait_ms(struct waiter *w)
{
	big_lock_wait_ms(lock, &cond, PATIENCE);
}

/* Nobody signals it */
static void wait_out(struct waiter *w)
{
	w->signalled = true;
	big_lock_wait_ms(lock, &cond, 1);
}

static void *waiting_thread(void *opaque)
{
	struct waiter *w = opaque;

	big_lock(lock);
	w->is_there = true;
	do {
		w->wait(w);
	} while (!w->signalled);
	w->came_back = true;
	big_unlock(lock);
	return NULL;
}

static void expect_precedence(struct waiter *w)
{
	pthread_t thread;
	int i;

	for (i = 0; i < ROUNDS / 10; i++) {
		w->is_there = w->signalled = w->came_back = false;
		pthread_create(&thread, NULL, waiting_thread, w);
		/* This one is the vCPU */
		for (;;) {
			big_lock_vcpu(lock);
			if (w->is_there)
				break;
			big_unlock(lock);
			nap();
		}
		w->signalled = true;
		pthread_cond_broadcast(&cond);
		for (int ms = 0; ms < PATIENCE && !w->came_back; ms++) {
			if (somebody_waits())
				break;
			nap();
		}
		assert_true(w->came_back || somebody_waits());
		big_unlock(lock);
		/* Without a pause: it must not get it now */
		big_lock_vcpu(lock);
		assert_true(w->came_back);
		big_unlock(lock);
		pthread_join(thread, NULL);
	}
}

static void test_wait(void **state)
{
	static struct waiter w = { .wait = wait_long };

	expect_precedence(&w);
	free_lock();
}

static void test_wait_ms(void **state)
{
	static struct waiter w = { .wait = wait_ms };

	expect_precedence(&w);
	free_lock();
}

static void test_wait_out(void **state)
{
	static struct waiter w = { .wait = wait_out };

	expect_precedence(&w);
	free_lock();
}

/* As in KVM_RUN and out of it, with next to nothing between */
static void *vcpu_thread(void *opaque)
{
	atomic_bool *stop = opaque;

	while (!*stop) {
		big_lock_vcpu(lock);
		shared++;
		big_unlock(lock);
	}
	return NULL;
}

static void *pausing_thread(void *opaque)
{
	bool *quit = opaque;

	big_lock(lock);
	while (!*quit) {
		big_lock_wait_vcpu(lock, &cond);
		shared++;
	}
	big_unlock(lock);
	return NULL;
}

static void test_storm(void **state)
{
	pthread_t threads[VCPUS], sleeper;
	atomic_bool stop = false;
	bool quit = false;
	unsigned int i;

	shared = 0;
	for (i = 0; i < VCPUS; i++)
		pthread_create(&threads[i], NULL, vcpu_thread, &stop);
	pthread_create(&sleeper, NULL, pausing_thread, &quit);
	for (i = 0; i < ROUNDS; i++) {
		big_lock(lock);
		shared++;
		pthread_cond_broadcast(&cond);
		big_lock_wait_ms(lock, &cond, 1);
		shared++;
		big_unlock(lock);
	}
	stop = true;
	for (i = 0; i < VCPUS; i++)
		pthread_join(threads[i], NULL);
	big_lock(lock);
	quit = true;
	pthread_cond_broadcast(&cond);
	assert_true(shared >= 2 * ROUNDS);
	big_unlock(lock);
	pthread_join(sleeper, NULL);
	assert_false(somebody_waits());
	free_lock();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_wait, setup),
		cmocka_unit_test_setup(test_wait_ms, setup),
		cmocka_unit_test_setup(test_wait_out, setup),
		cmocka_unit_test_setup(test_storm, setup),
	};

	return cmocka_run_group_tests_name("big_lock", tests, NULL, NULL);
}
