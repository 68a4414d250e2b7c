// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes: what a log folds into is what KVM holds, whether the log has the
 * VM's whole life or begins amid it, and generations join the two.
 */
#include "bpf-test.h"

#define THREADS 3
#define ROUNDS	131
#define SLOTS	17 /* a thread's */

static struct diary *shared_diary;
static uint64_t hva;

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Some that succeed, some that do not, in both address spaces */
static void *churn(void *arg)
{
	size_t thread = (uintptr_t)arg;
	struct diary *diary = shared_diary;
	uint32_t seed = 4711 + thread;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t nr = random_next(&seed) % SLOTS;
		uint32_t as = random_next(&seed) % 4 == 0;
		uint64_t place = random_next(&seed) % (2 * SLOTS);
		struct slot_request want = slot_at(
			as << 16 | (thread * SLOTS + nr),
			random_next(&seed) % 2, (thread * 1000 + place) * MIB,
			(1 + nr) * PAGE, hva + nr * PAGE);

		if (random_next(&seed) % 3 == 0)
			want.size = 0;
		ask(diary, thread, diary->vm_fd, want);
	}
	return NULL;
}

static void churn_in_threads(struct diary *diary)
{
	pthread_t workers[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i], NULL, churn, (void *)i))
			_exit(43);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i], NULL);
}

/* A VM with slots before the first step, or only after it */
static void whole_life(const struct child *self, struct diary *diary)
{
	shared_diary = diary;
	hva = memory_new(MIB);
	diary->nr_threads = THREADS;
	child_step(self);
	diary->vm_fd = vm_new();
	churn_in_threads(diary);
	child_step(self);
}

static void two_halves(const struct child *self, struct diary *diary)
{
	shared_diary = diary;
	hva = memory_new(MIB);
	diary->nr_threads = THREADS;
	diary->vm_fd = vm_new();
	churn_in_threads(diary);
	child_step(self);
	churn_in_threads(diary);
	child_step(self);
}

/* Never still: the tracer has to begin amid it */
static void restless(const struct child *self, struct diary *diary)
{
	struct slot_request want;

	shared_diary = diary;
	hva = memory_new(MIB);
	diary->vm_fd = vm_new();
	churn_in_threads(diary);
	for (size_t i = 0; i < THREADS; i++)
		diary->threads[i].nr = 0;
	child_step(self);
	/* No step here: goes on until it is told, by another number of threads */
	while (!__atomic_load_n(&diary->nr_threads, __ATOMIC_ACQUIRE)) {
		for (uint32_t i = 0; i < 5; i++) {
			want = slot_at(500 + i, 0, (9000 + i) * MIB, PAGE, hva);
			__ask(diary->vm_fd, &want);
		}
		for (uint32_t i = 0; i < 5; i++) {
			want = slot_at(500 + i, 0, (9000 + i) * MIB, 0, hva);
			__ask(diary->vm_fd, &want);
		}
	}
	want = slot_at(7, 0, 8000 * MIB, PAGE, hva);
	__ask(diary->vm_fd, &want);
	child_step(self);
}

/* What the log folds into is what KVM holds */
static void expect_fold_is_kernel(struct tracer *tracer,
				  const struct slot_log *log, pid_t pid, int fd,
				  bool life)
{
	struct slot_state traced, kernel;
	struct vm_id vm;

	ASSERT(!tracer_find_vm(tracer, pid, fd, &vm, &bpf_err), "%s: %s",
	       bpf_err.tried, bpf_err.why);
	ASSERT(!tracer_snapshot(tracer, &vm, PARTY_KERNEL, &kernel, &bpf_err),
	       "%s: %s", bpf_err.tried, bpf_err.why);
	ASSERT(!fold(log, &vm, &traced), "fold");
	EXPECT_EQ(kernel.nr_as, 2);
	EXPECT(!kernel.coverage.truncated, "the snapshot is not whole");
	EXPECT_EQ(traced.whole_life, life);
	EXPECT_EQ(traced.coverage.lost, 0);
	EXPECT_EQ(traced.coverage.nr_blind, 0);
	EXPECT(kernel.nr_slots > 5, "%zu slots make no test", kernel.nr_slots);
	expect_same_state(&traced, &kernel);
	slot_state_deinit(&traced);
	slot_state_deinit(&kernel);
}

/* Each request that changed something did so by exactly one change */
static void expect_changes_join(const struct slot_log *log)
{
	size_t changes = 0, kinds[SLOT_FLAGS_ONLY + 1] = { 0 };
	uint64_t generation[2] = { 0, 1 };

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i], *cause = NULL;
		const struct slot_change *change = &event->change;
		uint16_t as;

		if (event->type != SLOT_EVENT_CHANGE)
			continue;
		changes++;
		kinds[change->kind]++;
		as = change->after.as_id;
		EXPECT_EQ(change->result, 0);
		/* KVM adds the number of address spaces at each swap */
		EXPECT_EQ(change->generation - generation[as],
			  change->kind == SLOT_DELETE ||
					  change->kind == SLOT_MOVE ?
				  4 :
				  2);
		generation[as] = change->generation;
		for (size_t j = i + 1; j < log->nr && !cause; j++)
			if (log->events[j].type == SLOT_EVENT_REQUEST &&
			    log->events[j].tid == event->tid)
				cause = &log->events[j];
		ASSERT(cause, "a change without a request");
		EXPECT(cause->time_ns <= event->time_ns &&
			       cause->time_ns + cause->duration_ns >=
				       event->time_ns + event->duration_ns,
		       "a change outside of its request's time");
		EXPECT_EQ(cause->request.result, 0);
		EXPECT_EQ(cause->request.size, change->after.size);
		EXPECT_EQ(cause->request.slot & 0xffff,
			  change->kind == SLOT_DELETE ? change->before.id :
							change->after.id);
		EXPECT_EQ(cause->request.slot >> 16, as);
	}
	ktap_diag("%zu changes: %zu create, %zu delete, %zu move, %zu flags",
		  changes, kinds[0], kinds[1], kinds[2], kinds[3]);
	for (int i = 0; i <= SLOT_FLAGS_ONLY; i++)
		EXPECT(kinds[i], "no change of kind %d", i);
}

static unsigned int avoid;

static void life_is_kernel(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(whole_life, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.avoid = avoid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	expect_nothing_lost(tracer);
	expect_numbered(&log);
	expect_diary(&log, diary);
	expect_changes_join(&log);
	expect_fold_is_kernel(tracer, &log, child.pid, diary->vm_fd, true);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void without_fentry(void)
{
	avoid = 1U << TRACER_FENTRY;
	life_is_kernel();
	avoid = 0;
}

static void base_and_changes(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(two_halves, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;

	slot_log_init(&log);
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_CREATE, 0), 0);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_BASE_END, 0), 2);
	EXPECT(count_events(&log, SLOT_EVENT_BASE, 0) > 5, "no base to test");
	expect_fold_is_kernel(tracer, &log, child.pid, diary->vm_fd, false);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT(count_events(&log, SLOT_EVENT_CHANGE, 0) > 50, "no changes");
	expect_nothing_lost(tracer);
	expect_numbered(&log);
	expect_fold_is_kernel(tracer, &log, child.pid, diary->vm_fd, false);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* The base is read while the VM's slots change all the time */
static void base_amid_changes(void)
{
	int untold = 0;

	for (int i = 0; i < 3; i++) {
		struct diary *diary = diary_new();
		struct child child = child_start(restless, diary);
		const struct tracer_options options = { .tgid = child.pid };
		struct tracer *tracer;
		struct slot_log log;
		char c = 0;

		slot_log_init(&log);
		ASSERT_EQ(write(child.to, &c, 1), 1);
		tracer = tracer_new(&options);
		__atomic_store_n(&diary->nr_threads, THREADS, __ATOMIC_RELEASE);
		ASSERT_EQ(read(child.from, &c, 1), 1);
		flush_to(tracer, &log);
		if (lost_total(tracer)) {
			/* Told, and so rightly unknown; but not to be usual */
			untold++;
		} else {
			expect_numbered(&log);
			EXPECT(count_events(&log, SLOT_EVENT_CHANGE, 0),
			       "no changes");
			expect_fold_is_kernel(tracer, &log, child.pid,
					      diary->vm_fd, false);
		}
		EXPECT_EQ(child_end(&child), 0);
		slot_log_deinit(&log);
		tracer_close(tracer);
		diary_free(diary);
	}
	ktap_diag("no base in %d of 3 tries", untold);
	EXPECT(untold < 2, "it is not to be usual");
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a whole life folds into what KVM holds", life_is_kernel },
		{ "a whole life, without fentry", without_fentry },
		{ "base and changes fold into what KVM holds",
		  base_and_changes },
		{ "a base read amid changes", base_amid_changes },
	};

	return KTAP_RUN(cases);
}
