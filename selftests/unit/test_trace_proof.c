// SPDX-License-Identifier: GPL-2.0-or-later
/* The judge of hooks: what tells all, and nothing but, of what a VM was asked */
#include <errno.h>
#include <unistd.h>

#include "trace/proof.h"
#include "view_make.h"

#define VM_FD 7

static struct kvm_proof proof;
static struct slot_event events[16];
static size_t nr;
static char why[128];

static void step(struct slot_request request, bool changed,
		 enum slot_change_kind kind, struct slot old, struct slot new)
{
	struct kvm_proof_step *s = &proof.steps[proof.nr_steps++];

	s->request = request;
	s->changed = changed;
	s->change.kind = kind;
	s->change.before = old;
	s->change.after = new;
}

static struct slot_event *tell(enum slot_event_type type)
{
	struct slot_event *event = &events[nr++];

	*event = event_of(type, nr);
	event->serial = 9;
	event->tgid = getpid();
	event->tid = gettid();
	event->vm.tgid = getpid();
	event->vm.fd = VM_FD;
	return event;
}

/* A refusal, a creation, a deletion; told as they were */
static int setup(void **unused)
{
	static const struct slot none = { .id = -1, .gmem_fd = -1 };
	const struct slot slot = slot_of(0, 23, MiB, 3 * KiB * 4, HVA, 0);
	struct slot_request request = { .slot = 23,
					.gpa = MiB,
					.size = 3 * KiB * 4,
					.hva = HVA,
					.gmem_fd = -1 };
	struct slot_request refused = request, gone = request;
	uint64_t generation = 2;

	memset(&proof, 0, sizeof(proof));
	nr = 0;
	refused.slot = 0xffff;
	refused.result = -EINVAL;
	gone.size = 0;
	step(refused, false, 0, none, none);
	step(request, true, SLOT_CREATE, none, slot);
	step(gone, true, SLOT_DELETE, slot, none);

	tell(SLOT_EVENT_VM_CREATE);
	for (size_t i = 0; i < proof.nr_steps; i++) {
		if (proof.steps[i].changed) {
			struct slot_event *event = tell(SLOT_EVENT_CHANGE);

			event->change = proof.steps[i].change;
			event->change.generation = generation;
			generation += 2;
		}
		tell(SLOT_EVENT_REQUEST)->request = proof.steps[i].request;
	}
	tell(SLOT_EVENT_VM_DESTROY);
	return 0;
}

static struct slot_event *nth(enum slot_event_type type, int n)
{
	for (size_t i = 0; i < nr; i++)
		if (events[i].type == type && !n--)
			return &events[i];
	return NULL;
}

static void drop(struct slot_event *event)
{
	memmove(event, event + 1, (char *)&events[--nr] - (char *)event);
}

static void repeat(struct slot_event *event)
{
	memmove(event + 1, event, (char *)&events[nr++] - (char *)event);
}

static bool told(enum tracer_job job)
{
	return proof_told(job, events, nr, &proof, VM_FD, why, sizeof(why));
}

static void all_is_well(void **unused)
{
	for (int job = 0; job <= TRACER_DESTRUCTION; job++)
		assert_true(told(job));
}

static void never_fires(void **unused)
{
	nr = 0;
	for (int job = 0; job <= TRACER_DESTRUCTION; job++)
		assert_false(told(job));
	told(TRACER_REQUESTS);
	assert_string_equal(why, "told 0 of 3 requests");
}

static void not_once(void **unused)
{
	static const struct {
		enum slot_event_type type;
		enum tracer_job job;
	} jobs[] = {
		{ SLOT_EVENT_REQUEST, TRACER_REQUESTS },
		{ SLOT_EVENT_CHANGE, TRACER_CHANGES },
		{ SLOT_EVENT_VM_CREATE, TRACER_CREATION },
		{ SLOT_EVENT_VM_DESTROY, TRACER_DESTRUCTION },
	};

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		setup(NULL);
		drop(nth(jobs[i].type, 0));
		assert_false(told(jobs[i].job));
		setup(NULL);
		repeat(nth(jobs[i].type, 0));
		assert_false(told(jobs[i].job));
		/* The other jobs are not to suffer for it */
		for (size_t j = 0; j < ARRAY_SIZE(jobs); j++)
			assert_true(j == i || told(jobs[j].job));
	}
}

#define WRONG(job, what)                 \
	do {                             \
		setup(NULL);             \
		what;                    \
		assert_false(told(job)); \
	} while (0)

static void wrong(void **unused)
{
#define REQUEST nth(SLOT_EVENT_REQUEST, 1)->request
#define CHANGE	nth(SLOT_EVENT_CHANGE, 0)->change
	WRONG(TRACER_REQUESTS, REQUEST.slot++);
	WRONG(TRACER_REQUESTS, REQUEST.flags++);
	WRONG(TRACER_REQUESTS, REQUEST.gpa++);
	WRONG(TRACER_REQUESTS, REQUEST.size++);
	WRONG(TRACER_REQUESTS, REQUEST.hva++);
	WRONG(TRACER_REQUESTS, REQUEST.result = -EINVAL);
	WRONG(TRACER_REQUESTS, REQUEST.region2 = true);
	WRONG(TRACER_REQUESTS, REQUEST.unread = true);
	WRONG(TRACER_CHANGES, CHANGE.kind = SLOT_MOVE);
	WRONG(TRACER_CHANGES, CHANGE.result = -ENOMEM);
	WRONG(TRACER_CHANGES, CHANGE.after.gpa++);
	WRONG(TRACER_CHANGES, CHANGE.after.size++);
	WRONG(TRACER_CHANGES, CHANGE.after.hva++);
	WRONG(TRACER_CHANGES, CHANGE.after.id++);
	WRONG(TRACER_CHANGES, CHANGE.after.flags++);
	WRONG(TRACER_CHANGES, CHANGE.before.size++);
	/* Generations grow; one that was not read is 0 */
	WRONG(TRACER_CHANGES, CHANGE.generation = 0);
	WRONG(TRACER_CHANGES, nth(SLOT_EVENT_CHANGE, 1)->change.generation = 2);
	WRONG(TRACER_CREATION, nth(SLOT_EVENT_VM_CREATE, 0)->vm.fd++);
	WRONG(TRACER_CREATION, nth(SLOT_EVENT_VM_CREATE, 0)->vm.tgid++);
	WRONG(TRACER_CREATION, nth(SLOT_EVENT_VM_CREATE, 0)->serial++);
	WRONG(TRACER_DESTRUCTION, nth(SLOT_EVENT_VM_DESTROY, 0)->vm.tgid++);
	WRONG(TRACER_DESTRUCTION, nth(SLOT_EVENT_VM_DESTROY, 0)->serial++);
}

/* Arguments that nobody could read say nothing */
static void unread(void **unused)
{
	proof.steps[0].request.unread = true;
	nth(SLOT_EVENT_REQUEST, 0)->request.unread = true;
	nth(SLOT_EVENT_REQUEST, 0)->request.gpa = 0;
	assert_true(told(TRACER_REQUESTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_well, setup),
		cmocka_unit_test_setup(never_fires, setup),
		cmocka_unit_test_setup(not_once, setup),
		cmocka_unit_test_setup(wrong, setup),
		cmocka_unit_test_setup(unread, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
