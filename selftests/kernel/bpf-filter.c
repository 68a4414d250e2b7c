// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is not asked for is left out by the kernel, is counted where it is missing, and
 * no state that follows such a log can be taken for right. And a flood: what was told
 * and what is said to be lost add up to what was done, however fast that was.
 */
#include "bpf-test.h"

#define ROUNDS 7
#define FLOOD  20011

static uint64_t hva;

/* Slots 1 to 3, each made, refused, moved and deleted again and again */
static void work(const struct child *self, struct diary *diary)
{
	diary->nr_threads = 1;
	hva = memory_new(MIB);
	child_step(self);
	diary->vm_fd = vm_new();
	for (int i = 0; i < ROUNDS; i++)
		for (uint32_t id = 1; id <= 3; id++) {
			uint64_t gpa = 4 * id * MIB;

			ask(diary, 0, diary->vm_fd,
			    slot_at(id, 0, gpa, PAGE, hva));
			/* none begins there */
			ask(diary, 0, diary->vm_fd,
			    slot_at(id, 0, gpa + 1, PAGE, hva));
			ask(diary, 0, diary->vm_fd,
			    slot_at(id, 0, gpa + MIB, PAGE, hva));
			ask(diary, 0, diary->vm_fd, slot_at(id, 0, 0, 0, 0));
		}
	child_step(self);
}

/* Of each kind: a change, and a request that was answered so */
struct told {
	size_t changes, answered, refused;
	uint64_t left_out;
};

static void expect_told(const struct tracer_filter *filter, unsigned int avoid,
			const struct told *want)
{
	struct diary *diary = diary_new();
	struct child child = child_start(work, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.filter = *filter,
						.avoid = avoid };
	struct tracer *tracer = tracer_new(&options);
	struct told told = { 0 };
	struct slot_state state;
	struct slot_log log;
	struct vm_id vm;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	ASSERT(!tracer_find_vm(tracer, child.pid, diary->vm_fd, &vm, &bpf_err),
	       "%s", bpf_err.why);
	for (size_t i = 0; i < log.nr; i++) {
		const struct slot_event *event = &log.events[i];

		told.changes += event->type == SLOT_EVENT_CHANGE;
		if (event->type == SLOT_EVENT_REQUEST) {
			told.answered += !event->request.result;
			told.refused += event->request.result < 0;
		}
		if (event->type != SLOT_EVENT_LOST)
			continue;
		EXPECT_EQ((int)event->lost.reason, SLOT_LOST_FILTERED);
		told.left_out += event->lost.count;
	}
	EXPECT_EQ(told.changes, want->changes);
	EXPECT_EQ(told.answered, want->answered);
	EXPECT_EQ(told.refused, want->refused);
	EXPECT_EQ(told.left_out, want->left_out);
	EXPECT_EQ(lost_total(tracer), want->left_out);
	expect_numbered(&log);
	/* All slots are gone again: that is not to be had from a part of it */
	ASSERT(!fold(&log, &vm, &state), "fold");
	EXPECT_EQ(state.coverage.lost > 0, want->left_out > 0);
	slot_state_deinit(&state);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* In a round, of each slot: 3 changes, 3 requests that made them, 1 refused */
#define ALL (ROUNDS * 3 * 7)

/* Each takes a tracer of its own: of @step each, the first */
static void each_filter(unsigned int avoid, size_t step)
{
	static const struct {
		struct tracer_filter filter;
		struct told told;
	} cases[] = {
		{ { .with_slot = true, .slot = 2 },
		  { 3 * ROUNDS, 3 * ROUNDS, ROUNDS, ALL - 7 * ROUNDS } },
		{ { .with_as = true, .as_id = 1 }, { 0, 0, 0, ALL } },
		{ { .failed_only = true },
		  { 0, 0, 3 * ROUNDS, ALL - 3 * ROUNDS } },
		{ { .failed_only = true, .with_slot = true, .slot = 3 },
		  { 0, 0, ROUNDS, ALL - ROUNDS } },
		/* Where slot 2 is moved to, and deleted from */
		{ { .with_gpa = true,
		    .first_gpa = 9 * MIB + PAGE - 1,
		    .last_gpa = 10 * MIB },
		  { 2 * ROUNDS, 2 * ROUNDS, 0, ALL - 4 * ROUNDS } },
		/* Where it is made, moved from, and once refused */
		{ { .with_gpa = true,
		    .first_gpa = 8 * MIB,
		    .last_gpa = 8 * MIB },
		  { 2 * ROUNDS, 2 * ROUNDS, 0, ALL - 4 * ROUNDS } },
		/* What a refused request begins behind that address */
		{ { .with_gpa = true,
		    .first_gpa = 8 * MIB + 1,
		    .last_gpa = 8 * MIB + 1 },
		  { 2 * ROUNDS, 2 * ROUNDS, ROUNDS, ALL - 5 * ROUNDS } },
		/* Another VM than the one that there is */
		{ { .serial = 2 }, { 0, 0, 0, 0 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i += step) {
		ktap_diag("filter %zu", i);
		expect_told(&cases[i].filter, avoid, &cases[i].told);
	}
}

static void by_default(void)
{
	each_filter(0, 1);
}

static void by_the_other(void)
{
	each_filter(1U << TRACER_FENTRY, 4);
}

/* Requests that change nothing, as fast as they go: one event each */
static void flood(const struct child *self, struct diary *diary)
{
	struct slot_request want;

	hva = memory_new(MIB);
	diary->vm_fd = vm_new();
	want = slot_at(1, 0, 0, PAGE, hva);
	__ask(diary->vm_fd, &want);
	child_step(self);
	for (int i = 0; i < FLOOD; i++)
		if (__ask(diary->vm_fd, &want))
			_exit(60);
	child_step(self);
}

/* Nobody polls meanwhile; or somebody does, with room for a moment alone */
static void flooded(size_t ring_bytes, bool reads, bool whole)
{
	struct diary *diary = diary_new();
	struct child child = child_start(flood, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.ring_bytes = ring_bytes,
						.queue_bytes = ring_bytes };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	size_t told;
	char c = 0;

	slot_log_init(&log);
	ASSERT_EQ(write(child.to, &c, 1), 1);
	while (reads &&
	       count_events(&log, SLOT_EVENT_REQUEST, 0) + lost_total(tracer) <
		       FLOOD)
		ASSERT(tracer_poll(tracer, 60000, tracer_to_log, &log,
				   &bpf_err) > 0,
		       "nothing comes: %s", bpf_err.why);
	ASSERT_EQ(read(child.from, &c, 1), 1);
	flush_to(tracer, &log);
	told = count_events(&log, SLOT_EVENT_REQUEST, 0);
	ktap_diag("%zu told, %llu lost", told,
		  (unsigned long long)lost_total(tracer));
	EXPECT_EQ(told + lost_total(tracer), FLOOD);
	if (whole)
		EXPECT_EQ(told, FLOOD);
	else if (!reads)
		EXPECT(told < FLOOD, "the ring is too large for this test");
	EXPECT_EQ(tracer_lost(tracer)->count[SLOT_LOST_RING_FULL],
		  lost_total(tracer));
	expect_numbered(&log);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* More than a second of 20,000 requests fits, though nobody looks */
static void default_ring(void)
{
	flooded(0, false, true);
}

static void small_ring(void)
{
	flooded(65536, false, false);
	flooded(65536, true, false);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "what is filtered is left out, and counted", by_default },
		{ "by kprobes, too", by_the_other },
		{ "a flood that nobody reads fits", default_ring },
		{ "a flood that does not is counted", small_ring },
	};

	return KTAP_RUN(cases);
}
