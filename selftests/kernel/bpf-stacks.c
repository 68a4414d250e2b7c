// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who called: requests that are made by functions known by name, which have no frame
 * pointer, and stacks that must be lost.
 */
#include "bpf-test.h"

#include "session/stacks.h"

#define REQUESTS 23 /* a prime */

static const unsigned int modes[] = {
	0,
	1U << TRACER_FENTRY,
	1U << TRACER_FENTRY | 1U << TRACER_KPROBE,
};
static unsigned int mode;
static struct stacks stacks;

/* @room: bytes for stacks in the kernel, and for those taken from it; 0: the default */
static struct tracer *open_on(pid_t tgid, size_t room)
{
	const struct tracer_options options = {
		.tgid = tgid,
		.avoid = mode,
		.stack_fn = stacks_take,
		.stack_arg = &stacks,
		.stack_ring_bytes = room,
		.queue_bytes = room,
	};

	stacks_deinit(&stacks);
	return tracer_new(&options);
}

#define CHAIN __attribute__((noipa, optimize("omit-frame-pointer,O2")))

static volatile int sink;

/* Each has work left when the next returns, so that none is a jump */
static CHAIN void chain_c(struct diary *diary, size_t thread, uint32_t slot)
{
	ask(diary, thread, diary->vm_fd,
	    slot_at(slot, 0, (slot + 1) * MIB, PAGE, memory_new(PAGE)));
	sink++;
}

static CHAIN void chain_b(struct diary *diary, size_t thread, uint32_t slot)
{
	volatile uint64_t room[61];

	room[7] = slot;
	chain_c(diary, thread, slot);
	sink += room[7];
}

static CHAIN void chain_a(struct diary *diary, size_t thread, uint32_t slot)
{
	chain_b(diary, thread, slot);
	sink++;
}

static CHAIN void other_way(struct diary *diary, size_t thread, uint32_t slot)
{
	chain_b(diary, thread, slot);
	sink += 2; /* else it were one with chain_a() */
}

static struct diary *shared_diary;

static void *in_a_thread(void *arg)
{
	chain_a(shared_diary, (uintptr_t)arg, 500);
	return NULL;
}

static void callers(const struct child *self, struct diary *diary)
{
	pthread_t thread;

	child_step(self);
	shared_diary = diary;
	diary->vm_fd = vm_new();
	diary->nr_threads = 2;
	for (uint32_t i = 0; i < REQUESTS; i++)
		chain_a(diary, 0, i);
	other_way(diary, 0, 100);
	if (pthread_create(&thread, NULL, in_a_thread, (void *)1))
		_exit(43);
	pthread_join(thread, NULL);
	child_step(self);
}

static void expect_frames(const struct slot_stack *stack,
			  const char *const *names, size_t nr)
{
	size_t at = 0, found = 0;

	ASSERT(stack, "no stack");
	EXPECT_EQ(stack->end, STACK_WHOLE);
	/* ioctl() and what ask() became may stand before and between */
	for (at = 0; at < stack->nr && found < nr; at++) {
		const char *name = stack->frames[at].name;

		if (name && !strcmp(name, names[found]))
			found++;
		else if (found)
			break;
		EXPECT(!stack->frames[at].guess, "frame %zu is a guess", at);
	}
	EXPECT(found == nr, "%s is not called by %s", names[found - !!found],
	       found < nr ? names[found] : "");
	for (at = 0; found < nr && at < stack->nr; at++)
		ktap_diag("#%zu %s", at, stack->frames[at].name);
}

static void by_name(void)
{
	static const char *const main_chain[] = { "chain_c", "chain_b",
						  "chain_a", "callers",
						  "child_start" };
	static const char *const other[] = { "chain_c", "chain_b", "other_way",
					     "callers" };
	static const char *const thread[] = { "chain_c", "chain_b", "chain_a",
					      "in_a_thread" };
	struct diary *diary = diary_new();
	struct child child = child_start(callers, diary);
	struct tracer *tracer = open_on(child.pid, 0);
	uint64_t first = 0;
	struct slot_log log;
	size_t nr = 0;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(child_end(&child), 0);
	expect_nothing_lost(tracer);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	for (size_t i = 0; i < log.nr; i++) {
		const struct slot_event *event = &log.events[i];
		const struct slot_stack *stack;

		if (event->type != SLOT_EVENT_REQUEST) {
			EXPECT_EQ(event->stack, 0);
			continue;
		}
		stack = stack_table_find(&stacks.table, event->stack);
		if (nr == 0)
			first = event->stack;
		if (nr < REQUESTS)
			EXPECT_EQ(event->stack, first); /* equal: one number */
		if (nr == 0)
			expect_frames(stack, main_chain, 4);
		else if (nr == REQUESTS)
			expect_frames(stack, other, 4);
		else if (nr == REQUESTS + 1)
			expect_frames(stack, thread, 4);
		nr++;
	}
	EXPECT_EQ(nr, REQUESTS + 2);
	EXPECT_EQ(stacks.table.nr, 3);
	EXPECT_EQ(stacks.lost, 0);
	tracer_close(tracer);
	stacks_deinit(&stacks);
	slot_log_deinit(&log);
	diary_free(diary);
}

/* Each request's stack is there or told as lost, and no request is */
static void room_for_few(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(callers, diary);
	struct tracer *tracer = open_on(child.pid, 1);
	size_t got = 0, lost = 0;
	struct slot_log log;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(child_end(&child), 0);
	expect_nothing_lost(tracer);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	for (size_t i = 0; i < log.nr; i++) {
		const struct slot_stack *stack;

		if (log.events[i].type != SLOT_EVENT_REQUEST)
			continue;
		stack = stack_table_find(&stacks.table, log.events[i].stack);
		ASSERT(stack, "a request without a stack");
		if (slot_stack_lost(stack)) {
			EXPECT_EQ(stack->end, STACK_RING_FULL);
			EXPECT_EQ(stack->nr, 0);
			lost++;
		} else {
			got++;
		}
	}
	/* 64 KiB hold three, and where they wait to be read there is room for one */
	EXPECT(got == 3 || got == 4, "%zu stacks", got);
	EXPECT_EQ(lost, REQUESTS + 2 - got);
	EXPECT_EQ(stacks.lost, lost);
	tracer_close(tracer);
	stacks_deinit(&stacks);
	slot_log_deinit(&log);
	diary_free(diary);
}

/* Goes away, or becomes another program, before anybody looks */
static void leaves(const struct child *self, struct diary *diary)
{
	child_step(self);
	diary->vm_fd = vm_new();
	diary->nr_threads = 1;
	chain_a(diary, 0, 1);
	_exit(0);
}

static void becomes_another(const struct child *self, struct diary *diary)
{
	int to = self->to, from = self->from;
	char script[64];

	child_step(self);
	diary->vm_fd = vm_new();
	diary->nr_threads = 1;
	chain_a(diary, 0, 1);
	snprintf(script, sizeof(script), "echo >&%d; head -c1 <&%d >/dev/null",
		 from, to);
	fcntl(to, F_SETFD, 0);
	fcntl(from, F_SETFD, 0);
	execl("/bin/bash", "bash", "-c", script, NULL);
	_exit(44);
}

static void gone(void (*run)(const struct child *, struct diary *))
{
	struct diary *diary = diary_new();
	struct child child = child_start(run, diary);
	struct tracer *tracer = open_on(child.pid, 0);
	const struct slot_stack *stack = NULL;
	struct slot_log log;

	slot_log_init(&log);
	if (run == leaves)
		child_end(&child);
	else
		ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	if (run != leaves)
		child_end(&child);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	for (size_t i = 0; i < log.nr; i++)
		if (log.events[i].type == SLOT_EVENT_REQUEST)
			stack = stack_table_find(&stacks.table,
						 log.events[i].stack);
	ASSERT(stack, "no stack");
	EXPECT_EQ(stack->end, STACK_GONE);
	EXPECT_EQ(stacks.lost, 1);
	tracer_close(tracer);
	stacks_deinit(&stacks);
	slot_log_deinit(&log);
	diary_free(diary);
}

static void gone_by_now(void)
{
	gone(leaves);
}

static void another_program(void)
{
	gone(becomes_another);
}

#define IN_MODE(name, nr)             \
	static void name##_##nr(void) \
	{                             \
		mode = modes[nr];     \
		name();               \
	}
IN_MODE(by_name, 0)
IN_MODE(by_name, 1)
IN_MODE(by_name, 2)
IN_MODE(room_for_few, 0)
IN_MODE(gone_by_now, 0)
IN_MODE(another_program, 0)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "who called, by name", by_name_0 },
		{ "who called, without fentry", by_name_1 },
		{ "who called, by system calls", by_name_2 },
		{ "more stacks than room", room_for_few_0 },
		{ "a process that has ended", gone_by_now_0 },
		{ "a process that is another program", another_program_0 },
	};

	return KTAP_RUN(cases);
}
