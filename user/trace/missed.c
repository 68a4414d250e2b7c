// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that the kernel did not show to a program. It skips one that it is in
 * the middle of on the same processor (a task was preempted inside), and counts
 * that. It skips the end of a call, uncounted, if more threads are inside of a
 * function than a kretprobe has room for (twice the processors, at least ten);
 * the BPF programs find that out when the thread calls again, and we do when it
 * is gone, or waits somewhere else.
 *
 * What is counted is at the least what is missing: an end that is skipped may be
 * that of a call for which there was no room, and then both are counted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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
	GONE,	/* it has ended, or waits in something else: it left the call */
	INSIDE, /* it waits in a system call from which this one may come */
	RUNS,	/* it may be anywhere */
};

/*
 * A slot changes, besides at a request, when a vCPU is made, when KVM is given a
 * place for its own slots, and when a VM is let go; never while a vCPU runs.
 */
static bool may_be_inside(enum tracer_job job, long nr, unsigned long cmd)
{
	if (nr == SYS_close)
		return job == TRACER_CHANGES;
	if (nr != SYS_ioctl)
		return false;
	switch (job) {
	case TRACER_REQUESTS:
		return cmd == KVM_IOC_SET_REGION || cmd == KVM_IOC_SET_REGION2;
	case TRACER_CREATION:
		return cmd == KVM_IOC_CREATE_VM;
	default:
		return _IOC_TYPE(cmd) == KVM_IOC_TYPE && cmd != KVM_IOC_RUN;
	}
}

/*
 * The kernel tells in which system call a thread waits, and takes care that it
 * does not run meanwhile. Not so of /proc/PID/stack: there the unwinder warns if
 * a thread that is in a kretprobe wakes up.
 */
static enum place thread_place(uint32_t tid, enum tracer_job job)
{
	unsigned long fd, cmd = 0;
	char path[32], line[256];
	enum place place = RUNS;
	FILE *file;
	long nr;

	snprintf(path, sizeof(path), "/proc/%u/syscall", tid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? GONE : RUNS;
	/* It ends meanwhile: ESRCH */
	if (!fgets(line, sizeof(line), file))
		place = errno == ESRCH ? GONE : RUNS;
	else if (sscanf(line, "%ld %lx %lx", &nr, &fd, &cmd) >= 1)
		place = may_be_inside(job, nr, cmd) ? INSIDE : GONE;
	fclose(file);
	return place;
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
static uint64_t drop_left(const struct bpf_map *map, enum tracer_job job,
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
		place = thread_place(prev, job);
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

static uint64_t drop_all_left(struct tracer *t, bool running, size_t *undecided)
{
	const struct {
		enum tracer_job job;
		const struct bpf_map *map;
	} calls[] = {
		{ TRACER_REQUESTS, t->skel->maps.requests },
		{ TRACER_CHANGES, t->skel->maps.changes },
		{ TRACER_CREATION, t->skel->maps.creations },
	};
	uint64_t more = 0;

	*undecided = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint64_t left = drop_left(calls[i].map, calls[i].job, running,
					  undecided);

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
