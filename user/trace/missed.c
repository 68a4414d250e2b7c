// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that the kernel did not show to a program. It skips one that it is in
 * the middle of on the same processor (a task was preempted inside), and counts
 * that. It skips the end of a call, uncounted, if more threads are inside of a
 * function than a kretprobe has room for (twice the processors, at least ten);
 * the BPF programs find that out when the thread calls again, and we do when it
 * is gone, or sleeps somewhere else.
 *
 * What is counted is at the least what is missing: an end that is skipped may be
 * that of a call for which there was no room, and then both are counted.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "trace/impl.h"

/* How long threads that run are waited for at the end */
#define TRIES	 20
#define PAUSE_NS 1000000

/* How often the kernel skipped the program; 0 if it does not count */
static uint64_t skipped(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.recursion_misses;
}

static uint64_t count_skipped(struct tracer *t)
{
	uint64_t more = 0;

	for (size_t i = 0; i < t->report.nr_hooks; i++) {
		const struct tracer_hook *hook = &t->report.hooks[i];

		if (hook->state != TRACER_HOOK_USED || hook->job == TRACER_WALK)
			continue;
		for (int j = 0; j < HOOK_PROGRAMS; j++) {
			struct bpf_program *program = hook_program(t, i, j);
			uint64_t now;

			/* Other missing ends the BPF programs find */
			if (!program ||
			    (j == 1 && hook->method != TRACER_FENTRY))
				continue;
			now = skipped(program);
			more += now - t->misses[i][j];
			t->misses[i][j] = now;
		}
	}
	return more;
}

/* Where is the thread of a call that has not ended, as far as we know? */
enum place {
	GONE,	/* it has ended, or is somewhere else: it has left the call */
	INSIDE, /* it sleeps in the function */
	RUNS,	/* it may be anywhere */
};

/* The state of a thread as /proc has it; 0 if there is none */
static char thread_state(uint32_t tid)
{
	char path[32], line[256], *after;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	after = strrchr(line, ')');
	return after && after[1] ? after[2] : 0;
}

static enum place thread_place(uint32_t tid, const char *function)
{
	char path[32], line[256], state = thread_state(tid);
	enum place place = GONE;
	FILE *file;

	if (!state || state == 'Z' || state == 'X')
		return GONE;
	/* Only of one that sleeps does the kernel know where it is */
	if (state != 'S' && state != 'D')
		return RUNS;
	snprintf(path, sizeof(path), "/proc/%u/stack", tid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file)) {
		if (file)
			fclose(file);
		return RUNS;
	}
	do
		if (strstr(line, function))
			place = INSIDE;
	while (fgets(line, sizeof(line), file));
	fclose(file);
	return place == GONE && thread_state(tid) != state ? RUNS : place;
}

/*
 * Calls in flight of threads that are not in them any more; these are dropped.
 * Should one have left, and begun another since we looked, that one is dropped,
 * and what is counted is right all the same. @running: those of threads that may
 * be anywhere, too.
 *
 * A map is looked into only once there is cause: while it is, the kernel runs
 * no kprobe's program on this processor, not even for a task that preempts us.
 * (To ask for keys does no harm.)
 */
static uint64_t drop_left(const struct bpf_map *map, const char *function,
			  bool running, size_t *undecided)
{
	uint8_t value[512];
	uint32_t tid, prev;
	uint64_t more = 0;
	int fd = bpf_map__fd(map);
	int ret = bpf_map_get_next_key(fd, NULL, &tid);

	if (bpf_map__value_size(map) > sizeof(value))
		return 0;
	while (!ret) {
		enum place place;

		prev = tid;
		ret = bpf_map_get_next_key(fd, &prev, &tid);
		place = thread_place(prev, function);
		if (place == RUNS)
			(*undecided)++;
		if (place == INSIDE || (place == RUNS && !running) ||
		    bpf_map_lookup_and_delete_elem(fd, &prev, value))
			continue;
		more++;
	}
	return more;
}

static bool ends_uncounted(const struct tracer *t, enum tracer_job job)
{
	const struct tracer_hook *hook = tracer_hook_used(&t->report, job);

	return hook && hook->method != TRACER_FENTRY;
}

/*
 * The functions in whose calls threads are, by job. System calls are in
 * kvm_vm_ioctl() as well.
 */
static uint64_t drop_all_left(struct tracer *t, bool running, size_t *undecided)
{
	const struct {
		enum tracer_job job;
		const struct bpf_map *map;
		const char *function;
	} calls[] = {
		{ TRACER_REQUESTS, t->skel->maps.requests, "kvm_vm_ioctl" },
		{ TRACER_CHANGES, t->skel->maps.changes, "kvm_set_memslot" },
		{ TRACER_CREATION, t->skel->maps.creations, "kvm_dev_ioctl" },
	};
	uint64_t more = 0;

	*undecided = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint64_t left = drop_left(calls[i].map, calls[i].function,
					  running, undecided);

		/* Those that fentry did not see to their end are counted */
		if (ends_uncounted(t, calls[i].job))
			more += left;
	}
	return more;
}

int missed_count(struct tracer *t)
{
	size_t undecided;
	uint64_t more = count_skipped(t) + drop_all_left(t, false, &undecided);

	return stream_lose(&t->stream, SLOT_LOST_MISSED, more, clock_now());
}

/*
 * The last time: whoever runs all the while is not in a call that lasts. Should
 * it be in one all the same, it is counted, as we cannot know.
 */
int missed_finish(struct tracer *t)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	size_t undecided = 0;
	uint64_t more = count_skipped(t);

	for (int i = 0; i < TRIES && (!i || undecided); i++) {
		if (i)
			nanosleep(&pause, NULL);
		more += drop_all_left(t, i == TRIES - 1, &undecided);
	}
	return stream_lose(&t->stream, SLOT_LOST_MISSED, more, clock_now());
}

void missed_restart(struct tracer *t)
{
	count_skipped(t);
}
