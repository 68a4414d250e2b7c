// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a traced VMM pays for a request: the median in microseconds, without a
 * tracer and with each of its hooks. What fails is not a slow machine, but a
 * tracer that does not tell all that it makes the VMM pay for.
 */
#include <time.h>

#include "bpf-test.h"

#define ROUNDS 307

enum kind { ADD, REMOVE, FLAGS, SAME, OTHER, KINDS };

/* Medians, in ns, from the child to the parent */
static uint64_t *medians;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t timed(int vm, struct slot_request *want)
{
	uint64_t start = now();

	__ask(vm, want);
	return now() - start;
}

static void measure(const struct child *self, struct diary *diary)
{
	static uint64_t took[KINDS][ROUNDS];
	struct slot_request want = slot_at(1, 0, 0, 16 * PAGE, 0);
	uint64_t start;
	int vm;

	want.hva = memory_new(MIB);
	vm = vm_new();
	child_step(self);
	for (int i = 0; i < ROUNDS; i++) {
		want.size = 16 * PAGE;
		want.flags = 0;
		took[ADD][i] = timed(vm, &want);
		want.flags = KVM_MEM_LOG_DIRTY_PAGES;
		took[FLAGS][i] = timed(vm, &want);
		took[SAME][i] = timed(vm, &want);
		want.size = 0;
		took[REMOVE][i] = timed(vm, &want);
		/* What else a VMM asks of its VM is not traced, but hooked */
		start = now();
		ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY);
		took[OTHER][i] = now() - start;
	}
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(took[kind], ROUNDS, sizeof(took[kind][0]), by_value);
		medians[kind] = took[kind][ROUNDS / 2];
	}
	diary->nr_threads = 1;
	child_step(self);
}

static void cost(const char *what, const struct tracer_options *base)
{
	struct diary *diary = diary_new();
	struct child child = child_start(measure, diary);
	struct tracer_options options;
	struct tracer *tracer = NULL;
	struct slot_log log;
	char c = 0;

	slot_log_init(&log);
	if (base) {
		options = *base;
		options.tgid = child.pid;
		tracer = tracer_new(&options);
	}
	ASSERT_EQ(write(child.to, &c, 1), 1);
	while (!__atomic_load_n(&diary->nr_threads, __ATOMIC_ACQUIRE)) {
		if (tracer)
			tracer_poll(tracer, 100, tracer_to_log, &log, &bpf_err);
		else
			usleep(20000);
	}
	ASSERT_EQ(read(child.from, &c, 1), 1);
	ktap_diag("%-26s add %6.1f  remove %6.1f  flags %6.1f  same %5.1f  "
		  "other %5.1f us",
		  what, medians[ADD] / 1e3, medians[REMOVE] / 1e3,
		  medians[FLAGS] / 1e3, medians[SAME] / 1e3,
		  medians[OTHER] / 1e3);
	if (tracer) {
		flush_to(tracer, &log);
		EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, 0),
			  4 * ROUNDS);
		if (tracer_hook_used(tracer_report(tracer), TRACER_CHANGES))
			EXPECT_EQ(count_events(&log, SLOT_EVENT_CHANGE, 0),
				  3 * ROUNDS);
		expect_nothing_lost(tracer);
	}
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void without_tracer(void)
{
	cost("no tracer", NULL);
}

static void by_default(void)
{
	cost("default", &(struct tracer_options){ 0 });
}

static void by_fentry(void)
{
	cost("fentry",
	     &(struct tracer_options){ .avoid = 1U << TRACER_KPROBE });
}

static void by_kprobe(void)
{
	cost("kprobe",
	     &(struct tracer_options){ .avoid = 1U << TRACER_FENTRY });
}

static void by_system_calls(void)
{
	cost("system calls (no changes)",
	     &(struct tracer_options){ .avoid = 1U << TRACER_FENTRY |
						1U << TRACER_KPROBE });
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(without_tracer),  KTAP_CASE(by_default),
		KTAP_CASE(by_fentry),	    KTAP_CASE(by_kprobe),
		KTAP_CASE(by_system_calls),
	};

	medians = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return KTAP_RUN(cases);
}
