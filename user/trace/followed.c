// SPDX-License-Identifier: GPL-2.0-or-later
/* Which processes' VMs are traced */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/sched.h>

#include "trace/impl.h"

/* enum follow_state of bpf/state.h */
#define FOLLOWED 1U

static int follow(struct tracer *t, pid_t tgid)
{
	const uint32_t key = tgid, state = FOLLOWED;

	return bpf_map_update_elem(bpf_map__fd(t->skel->maps.followed), &key,
				   &state, BPF_ANY) ?
		       -errno :
		       0;
}

/*
 * Those that share its memory are as good as its threads. One that is made
 * while we look is made by one that is followed already, or is found by another
 * look.
 */
static int follow_sharers(struct tracer *t, pid_t tgid,
			  struct slotscope_error *err)
{
	const struct walk_request learn = { .tgid = tgid,
					    .fd = -1,
					    .learn = 1 };
	const struct walk_request share = { .fd = -1, .share = 1 };
	int ret = walk_processes(t, &learn, NULL, NULL, err);

	do {
		if (!ret)
			ret = walk_processes(t, &share, NULL, NULL, err);
	} while (!ret && t->skel->bss->walk.shared);
	return ret;
}

/* From now on @tgid and what it makes are followed, and none else. 0: all */
int followed_begin(struct tracer *t, pid_t tgid, struct slotscope_error *err)
{
	int ret;

	map_clear(t->skel->maps.followed);
	if (!tgid) {
		t->skel->bss->follow_all = true;
		return 0;
	}
	ret = follow(t, tgid);
	if (ret)
		return error_set(err, ret, "follow process %d", tgid);
	return tracer_hook_used(&t->report, TRACER_WALK) ?
		       follow_sharers(t, tgid, err) :
		       0;
}

/* A child that does nothing: no signal tells of its end, no memory is written */
static pid_t make_child(void)
{
	struct clone_args args = { 0 };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		syscall(SYS_exit_group, 0);
	return pid;
}

/* Is a child of ours followed, as we are while we prove? */
bool followed_proved(struct tracer *t, char *why, size_t size)
{
	int fd = bpf_map__fd(t->skel->maps.followed);
	uint32_t key, state;
	bool told;

	key = make_child();
	if ((pid_t)key < 0) {
		snprintf(why, size, "no child could be made to see: %s",
			 strerror(errno));
		return false;
	}
	/* Its number is ours until we have waited for it */
	told = !bpf_map_lookup_elem(fd, &key, &state);
	while (waitpid(key, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (!told)
		snprintf(why, size, "did not tell of a child of ours");
	return told;
}

int tracer_followed(struct tracer *t, struct tracer_process **processes,
		    size_t *nr, struct slotscope_error *err)
{
	const struct walk_request request = { .fd = -1, .followed = 1 };
	struct task_record *tasks = NULL;
	size_t nr_tasks = 0;
	int ret = walk_processes(t, &request, &tasks, &nr_tasks, err);

	*processes = NULL;
	*nr = 0;
	if (!ret && nr_tasks) {
		*processes = calloc(nr_tasks, sizeof(**processes));
		if (!*processes)
			ret = error_set(err, ENOMEM, "list processes");
	}
	for (size_t i = 0; !ret && i < nr_tasks; i++) {
		struct tracer_process *process = &(*processes)[(*nr)++];

		process->tgid = tasks[i].tgid;
		process->start_time = tasks[i].start_ns / t->stream.ns_per_tick;
		memcpy(process->comm, tasks[i].comm, sizeof(process->comm));
	}
	free(tasks);
	return ret;
}
