// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two vCPUs' threads and the main one tell their steps at the same time: each event
 * is told whole, by one thread at a time, within the step of its own thread. Build
 * with SAN=thread to have the accesses watched.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "narrate/narrate.h"

#define THREADS 3
#define ROUNDS	3000
#define STEPS	(2 * THREADS * ROUNDS) /* one within another */

struct told {
	unsigned int in;
	int who; /* by its subject */
	unsigned int events;
	bool ended;
};

/* No lock of the test's: narrate has to be it */
static struct told steps[STEPS + 1];
static unsigned int entered, left, calls, changes, wrong;
static unsigned int inside;

static void expect(bool right)
{
	wrong += !right;
}

static void listen(void *opaque, const struct narrate_event *e)
{
	struct told *step = &steps[e->nr <= STEPS ? e->nr : 0];

	expect(!inside++);
	switch (e->kind) {
	case NARRATE_ENTER:
		expect(e->nr == ++entered);
		*step = (struct told){ .in = e->in, .who = e->subject[0] };
		expect(!e->in || steps[e->in].who == step->who);
		expect(e->depth == (e->in ? 1 : 0));
		break;
	case NARRATE_CALL:
		calls++;
		step->events++;
		/* the thread that calls has its letter in the text */
		expect(e->call->text[0] == step->who && !step->ended);
		break;
	case NARRATE_CHANGE:
		changes++;
		step->events++;
		expect(e->change->name[0] == step->who && !step->ended);
		break;
	case NARRATE_LEAVE:
		left++;
		expect(!step->ended);
		step->ended = true;
		break;
	}
	inside--;
}

struct thing {
	char who;
	int value;
};

static void watch(const void *object, struct narrate_fields *f)
{
	const struct thing *thing = object;

	narrate_struct(f, "Thing", "%c", thing->who);
	narrate_field(f, "value", NULL, "%d", thing->value);
}

static void inner(struct thing *thing)
{
	const char text[] = { thing->who, '\0' };
	const struct narrate_call call = {
		.name = "x",
		.fd = -1,
		.text = text,
		.result = -1,
		.error = EAGAIN,
	};
	NARRATE(KVM_CPU_EXEC, NULL, NULL, "%c", thing->who);

	narrate_call(&call);
}

static void *work(void *opaque)
{
	struct thing *thing = opaque;

	for (int i = 0; i < ROUNDS; i++) {
		NARRATE(KVM_INIT_VCPU, watch, thing, "%c", thing->who);

		inner(thing);
		thing->value++;
	}
	return NULL;
}

static void run_threads(struct thing *things)
{
	pthread_t threads[THREADS - 1];

	for (int i = 0; i < THREADS; i++)
		things[i] = (struct thing){ .who = 'a' + i };
	for (int i = 0; i < THREADS - 1; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work, &things[i]), 0);
	work(&things[THREADS - 1]);
	for (int i = 0; i < THREADS - 1; i++)
		pthread_join(threads[i], NULL);
}

static void all_is_told(void **state)
{
	static const struct narrator narrator = { .tell = listen };
	struct thing things[THREADS];

	narrate_to(&narrator);
	run_threads(things);
	narrate_to(NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(entered, STEPS);
	assert_int_equal(left, STEPS);
	assert_int_equal(calls, THREADS * ROUNDS);
	assert_int_equal(changes, THREADS * ROUNDS);
	for (unsigned int i = 1; i <= STEPS; i++)
		assert_int_equal(steps[i].events, 1);
}

static unsigned int last;

/* As the last step does: the story ends while other threads are in theirs */
static void listen_to_the_end(void *opaque, const struct narrate_event *e)
{
	if (++last == ROUNDS)
		narrate_end();
}

static void ends_in_any_thread(void **state)
{
	static const struct narrator narrator = { .tell = listen_to_the_end };
	struct thing things[THREADS];

	narrate_to(&narrator);
	run_threads(things);
	assert_false(narrating());
	narrate_to(NULL);
	/* and none is told twice or stays behind: at most what was under way */
	assert_in_range(last, ROUNDS, ROUNDS + 2 * THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(things[i].value, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_told),
		cmocka_unit_test(ends_in_any_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
