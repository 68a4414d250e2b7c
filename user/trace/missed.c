// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that the kernel did not show to a program. It skips one that it is in
 * the middle of on the same processor (a task was preempted inside), and counts
 * that. It skips the end of a call, uncounted, if more threads are inside of a
 * function than a kretprobe has room for (twice the processors, at least ten);
 * the BPF programs find that out when the thread calls again, and we do when it
 * is gone, or waits somewhere else. Of fentry the kernel counts ends, too.
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

/* Beginnings of requests alone may be told by their changes, too */
struct skips {
	uint64_t requests, others;
};

static struct skips count_skipped(struct tracer *t)
{
	struct skips more = { 0 };

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
			if (hook->job == TRACER_REQUESTS && !j)
				more.requests += now - t->misses[i][j];
			else
				more.others += now - t->misses[i][j];
			t->misses[i][j] = now;
		}
	}
	return more;
}

/* Where is the thread of a call that has not ended, as far as we know? */
enum place {
	ENDED,	/* there is no such thread any more */
	LEFT,	/* it waits in something else */
	INSIDE, /* it waits in a system call from which this one may come */
	RUNS,	/* it may be anywhere */
};

/*
 * A thread may use each system call entry of its kernel, whatever it runs, and
 * the number does not tell which. Where one entry's ioctl is another's call, that
 * call has no request of KVM's for its second argument.
 */
static bool is_ioctl(long nr)
{
#if defined(__x86_64__)
	if (nr == (0x40000000 | 514)) /* x32 */
		return true;
#endif
#if defined(__x86_64__) || defined(__aarch64__)
	if (nr == 54) /* 32 bits */
		return true;
#endif
	return nr == SYS_ioctl;
}

/*
 * A slot changes, besides at a request, when a vCPU is made, and when KVM is given
 * a place for its own slots; never while a vCPU runs. (When a VM is let go, too,
 * at the end of any system call; but that is no call of ours.)
 */
static bool may_be_inside(enum tracer_job job, long nr, uint32_t cmd)
{
	if (!is_ioctl(nr))
		return false;
	switch (job) {
	case TRACER_REQUESTS:
		return cmd == KVM_IOC_SET_REGION ||
		       cmd == KVM_IOC_SET_REGION2 ||
		       cmd == KVM_IOC_CREATE_VCPU || cmd == KVM_IOC_DIRTY_LOG ||
		       cmd == KVM_IOC_CLEAR_DIRTY_LOG ||
		       cmd == KVM_IOC_RESET_RINGS ||
		       cmd == KVM_IOC_GUEST_MEMFD ||
		       cmd == KVM_IOC_ATTRIBUTES || cmd == KVM_IOC_PRE_FAULT;
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
		return errno == ENOENT ? ENDED : RUNS;
	/* It ends meanwhile: ESRCH */
	if (!fgets(line, sizeof(line), file))
		place = errno == ESRCH ? ENDED : RUNS;
	else if (sscanf(line, "%ld %lx %lx", &nr, &fd, &cmd) >= 1)
		place = may_be_inside(job, nr, cmd) ? INSIDE : LEFT;
	fclose(file);
	return place;
}

/**
 * struct look - for calls in flight of threads that are not in them any more
 * @job:     what the calls are
 * @calls:   where they are
 * @counted: the kernel counts ends that it skips, or nobody does
 * @running: take those of threads that may be anywhere for such, too
 */
struct look {
	enum tracer_job job;
	const struct array *calls;
	bool counted;
	bool running;
};

/*
 * Of ends that are counted nothing hangs on this; then only what nobody will come
 * back for is dropped, to make room.
 */
static bool is_left(const struct look *look, enum place place)
{
	switch (place) {
	case ENDED:
		return true;
	case LEFT:
		return !look->counted;
	case RUNS:
		return look->running && !look->counted;
	default:
		return false;
	}
}

/*
 * Drop the call of a thread that is not in it any more; what is to be counted for
 * that. A busy thread has mostly ended that call, and is in another, by the time we
 * have looked where it is: then the entry's first word is another one. So is that of
 * a call that is being told.
 */
static uint64_t drop(const struct look *look, uint64_t *owner,
		     size_t *undecided)
{
	uint64_t seen = __atomic_load_n(owner, __ATOMIC_ACQUIRE);
	enum place place;

	if (!seen || seen & CALL_ENDING)
		return 0;
	place = thread_place((uint32_t)seen, look->job);
	if (place == RUNS && !look->counted)
		(*undecided)++;
	if (!is_left(look, place) ||
	    !__atomic_compare_exchange_n(owner, &seen, 0, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return 0;
	return !look->counted;
}

static uint64_t drop_all_left(struct tracer *t, bool running, size_t *undecided)
{
	static const enum tracer_job jobs[] = { TRACER_REQUESTS, TRACER_CHANGES,
						TRACER_CREATION, TRACER_RUNS };
	uint64_t more = 0;

	*undecided = 0;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		const struct tracer_hook *hook =
			tracer_hook_used(&t->report, jobs[i]);
		struct look look = { .job = jobs[i],
				     .calls = &t->calls_of[jobs[i]],
				     .running = running };

		if (!hook)
			continue;
		look.counted = hook->method == TRACER_FENTRY ||
			       look.job == TRACER_RUNS;
		for (uint32_t at = 0; at < look.calls->nr; at++)
			more += drop(&look,
				     (uint64_t *)(look.calls->base +
						  at * look.calls->size),
				     undecided);
	}
	return more;
}

static int tell(struct tracer *t, const struct skips *skips, uint64_t left)
{
	int ret = stream_skipped(&t->stream, skips->requests, clock_now());

	return ret ? ret :
		     stream_missed(&t->stream, skips->others + left,
				   clock_now());
}

int missed_count(struct tracer *t)
{
	struct skips skips = count_skipped(t);
	size_t undecided;

	return tell(t, &skips, drop_all_left(t, false, &undecided));
}

/*
 * The last time: whoever runs all the while is not in a call that lasts. Should
 * it be in one all the same, it is counted, as we cannot know.
 */
int missed_finish(struct tracer *t)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct skips skips = count_skipped(t);
	size_t undecided = 0;
	uint64_t left = 0;

	for (int i = 0; i < TRIES && (!i || undecided); i++) {
		if (i)
			nanosleep(&pause, NULL);
		left += drop_all_left(t, i == TRIES - 1, &undecided);
	}
	return tell(t, &skips, left);
}

void missed_restart(struct tracer *t)
{
	count_skipped(t);
}
