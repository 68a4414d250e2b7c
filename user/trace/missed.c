// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that the kernel did not show to a program. It skips one that it is in
 * the middle of on the same processor (a task was preempted inside), and counts
 * that. It skips the end of a call, uncounted, if more threads are inside of a
 * function than a kretprobe has room for (twice the processors, at least ten);
 * the BPF programs find that out when the thread calls again, and we do when it
 * is gone.
 *
 * What is counted is at the least what is missing: an end that is skipped may be
 * that of a call for which there was no room, and then both are counted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "trace/impl.h"

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
		for (int j = 0; j < 2; j++) {
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

static bool thread_is_gone(uint32_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", tid);
	return access(path, F_OK) && errno == ENOENT;
}

/*
 * Calls in flight of threads that do not exist any more. A call that began just
 * now is left alone: its thread's number may be in use again.
 *
 * A map is looked into only once there is cause: while it is, the kernel runs
 * no kprobe's program on this processor, not even for a task that preempts us.
 */
static uint64_t count_orphans(const struct bpf_map *map)
{
	const uint64_t second = 1000000000;
	uint8_t value[512];
	uint32_t tid, prev;
	uint64_t more = 0;
	int fd = bpf_map__fd(map);
	int ret = bpf_map_get_next_key(fd, NULL, &tid);

	if (bpf_map__value_size(map) > sizeof(value))
		return 0;
	while (!ret) {
		uint64_t start_ns;

		prev = tid;
		ret = bpf_map_get_next_key(fd, &prev, &tid);
		if (!thread_is_gone(prev) ||
		    bpf_map_lookup_elem(fd, &prev, value))
			continue;
		/* Of both kinds of call the first member */
		memcpy(&start_ns, value, sizeof(start_ns));
		if (start_ns + second < clock_now() &&
		    !bpf_map_delete_elem(fd, &prev))
			more++;
	}
	return more;
}

static bool ends_uncounted(const struct tracer *t, enum tracer_job job)
{
	const struct tracer_hook *hook = tracer_hook_used(&t->report, job);

	return hook && hook->method != TRACER_FENTRY;
}

int missed_count(struct tracer *t)
{
	uint64_t more = count_skipped(t);

	if (ends_uncounted(t, TRACER_REQUESTS))
		more += count_orphans(t->skel->maps.requests);
	if (ends_uncounted(t, TRACER_CHANGES))
		more += count_orphans(t->skel->maps.changes);
	return stream_lose(&t->stream, SLOT_LOST_MISSED, more, clock_now());
}

void missed_restart(struct tracer *t)
{
	count_skipped(t);
}
