// SPDX-License-Identifier: GPL-2.0-or-later
/* Why requests are refused, of events as they go by */
#include <errno.h>

#include "check/refusals.h"
#include "check_make.h"

static const struct slot nothing = { .gmem_fd = -1 };

struct stream {
	struct refusals refusals;
	struct refusal last;
	struct slot_log log;
	size_t at;
	int got;
};

/* All that is new in the log; what came of the last event */
static const struct refusal *take(struct stream *s)
{
	for (; s->at < s->log.nr; s->at++)
		s->got = refusals_take(&s->refusals, &s->log.events[s->at],
				       &s->last);
	assert_true(s->got >= 0);
	return s->got ? &s->last : NULL;
}

static void begin(struct stream *s)
{
	memset(s, 0, sizeof(*s));
	slot_log_init(&s->log);
}

static void end(struct stream *s)
{
	refusals_deinit(&s->refusals);
	slot_log_deinit(&s->log);
}

/* Slot 8 over slot 7 */
static struct slot_request overlapping(void)
{
	return (struct slot_request){ .slot = 8,
				      .gpa = 4 * MiB - 4096,
				      .size = 8192,
				      .hva = HVA,
				      .gmem_fd = -1,
				      .result = -EEXIST };
}

static void log_ask(struct slot_log *log, uint64_t seq, pid_t tid,
		    struct slot_request request)
{
	struct slot_event e = event_of(SLOT_EVENT_REQUEST, seq);

	e.request = request;
	e.tid = tid;
	log_add(log, e);
}

static void in_the_way(void **unused)
{
	const struct slot seven = slot_of(0, 7, 4 * MiB, MiB, HVA, 0);
	const struct refusal *r;
	struct stream s;

	begin(&s);
	log_vm_create(&s.log, 1);
	log_change(&s.log, 2, nothing, seven, 2, 0);
	assert_null(take(&s));
	log_ask(&s.log, 43, 101, overlapping());
	r = take(&s);
	assert_non_null(r);
	assert_true(r->known);
	assert_int_equal(r->rule, RULE_OVERLAP);
	assert_int_equal(r->other.id, 7);
	assert_int_equal(r->made_ns, 41000);
	assert_int_equal(r->tid, 101);
	assert_non_null(strstr(r->words, "(rule overlap), made 41 us before by "
					 "thread 101 (vmm)"));

	/* once it has gone nothing explains the same errno: that is said */
	log_change(&s.log, 44, seven, nothing, 4, 0);
	log_ask(&s.log, 45, 101, overlapping());
	r = take(&s);
	assert_false(r->known);
	assert_int_equal(r->other.size, 0);
	assert_non_null(strstr(r->words, "no rule explains it"));
	end(&s);
}

/* A text of others need not tell when, or who: no times and threads are made of that */
static void untimed(void **unused)
{
	struct slot_event e = event_of(SLOT_EVENT_REQUEST, 2);
	const struct refusal *r;
	struct stream s;

	begin(&s);
	log_vm_create(&s.log, 1);
	e.time_ns = 0;
	e.duration_ns = 0;
	e.tid = 0;
	e.comm[0] = '\0';
	e.request = (struct slot_request){ .slot = 7,
					   .gpa = 4 * MiB,
					   .size = MiB,
					   .hva = HVA,
					   .gmem_fd = -1 };
	log_add(&s.log, e);
	e.seq = 3;
	e.request = overlapping();
	log_add(&s.log, e);
	r = take(&s);
	assert_non_null(r);
	assert_non_null(strstr(r->words, "(rule overlap), made before"));
	assert_string_equal(strstr(r->words, ", made"), ", made before");
	end(&s);
}

/* A slot that stood before has no maker; a loss leaves all open */
static void not_known(void **unused)
{
	struct slot seven = slot_of(0, 7, 4 * MiB, MiB, HVA, 0);
	const struct refusal *r;
	struct stream s;

	begin(&s);
	log_base(&s.log, 1, seven);
	log_base_end(&s.log, 2, 0, 20);
	log_ask(&s.log, 3, 101, overlapping());
	r = take(&s);
	assert_true(r->known);
	assert_int_equal(r->tid, 0);
	assert_non_null(strstr(r->words, "there since before tracing began"));
	log_lost(&s.log, 4, 1);
	log_ask(&s.log, 5, 101, overlapping());
	assert_non_null(strstr(take(&s)->words, "events were lost since"));
	end(&s);

	/* of a VM of which nothing was seen */
	begin(&s);
	log_ask(&s.log, 1, 101, overlapping());
	r = take(&s);
	/* No other rule answers with EEXIST; who it is nobody knows */
	assert_int_equal(r->rule, RULE_OVERLAP);
	assert_int_equal(r->other.size, 0);
	end(&s);
}

/* Which of two threads came first is not in the log */
static void another_thread(void **unused)
{
	struct slot_event e = event_of(SLOT_EVENT_REQUEST, 4);
	struct stream s;

	begin(&s);
	log_vm_create(&s.log, 1);
	log_change(&s.log, 3, nothing, slot_of(0, 7, 4 * MiB, MiB, HVA, 0), 2,
		   0);
	e.request = overlapping();
	e.tid = 102;
	/* it began before that change, and ended after it */
	e.time_ns = 2500;
	e.duration_ns = 5000;
	log_add(&s.log, e);
	assert_non_null(strstr(take(&s)->words, "another thread had slots "
						"changed meanwhile"));
	end(&s);
}

/* A log of requests alone: those that were granted are followed */
static void requests_alone(void **unused)
{
	struct slot_request granted = { .slot = 7,
					.gpa = 4 * MiB,
					.size = MiB,
					.hva = HVA,
					.gmem_fd = -1 };
	const struct refusal *r;
	struct stream s;

	begin(&s);
	log_vm_create(&s.log, 1);
	log_ask(&s.log, 2, 101, granted);
	assert_null(take(&s));
	log_ask(&s.log, 3, 101, overlapping());
	r = take(&s);
	assert_true(r->known);
	assert_int_equal(r->other.id, 7);
	assert_int_equal(r->tid, 101);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_way),
		cmocka_unit_test(untimed),
		cmocka_unit_test(not_known),
		cmocka_unit_test(another_thread),
		cmocka_unit_test(requests_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
