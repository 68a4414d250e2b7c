// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The iterator over all descriptors of all processes, which finds VMs and reads
 * their slots. Nothing is locked meanwhile, so what it read is held against the
 * generations before and after.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "trace/impl.h"

/* Tries until a walk is not overtaken, and what lies between two */
#define TRIES	 50
#define PAUSE_NS 1000000

/* All records of an iterator, each of @size bytes; the caller frees them */
static int read_all(int fd, size_t size, void **records, size_t *nr)
{
	size_t cap = 0, bytes = 0;

	*records = NULL;
	*nr = 0;
	for (;;) {
		ssize_t got;

		if (cap - bytes < size) {
			void *bigger;

			cap = cap ? cap * 2 : 16 * size;
			bigger = realloc(*records, cap);
			if (!bigger)
				return -ENOMEM;
			*records = bigger;
		}
		got = read(fd, (char *)*records + bytes, cap - bytes);
		if (!got)
			break;
		if (got > 0)
			bytes += got;
		/* EAGAIN: a million descriptors without a VM; go on */
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	*nr = bytes / size;
	return bytes % size ? -EPROTO : 0;
}

/* The kernel visits one process alone where it can (Linux 6.1) */
static struct bpf_link *link_iterator(struct bpf_program *program, pid_t tgid)
{
	union bpf_iter_link_info info = { .task.pid = tgid };
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));
	struct bpf_link *link = NULL;

	if (tgid)
		link = bpf_program__attach_iter(program, &opts);
	if (!link && (!tgid || errno != ESRCH))
		link = bpf_program__attach_iter(program, NULL);
	return link;
}

/* Run one of the iterators; a process that does not exist has nothing */
static int iterate(struct tracer *t, struct bpf_program *program,
		   const struct walk_request *request, size_t size,
		   void **records, size_t *nr, struct slotscope_error *err)
{
	volatile struct walk_request *walk = &t->skel->bss->walk;
	struct bpf_link *link;
	int fd, ret;

	*records = NULL;
	*nr = 0;
	*walk = *request;
	walk->run = ++t->walks;
	log_forget();
	link = link_iterator(program, request->tgid);
	if (!link) {
		if (errno == ESRCH)
			return 0;
		return error_bpf(err, errno, "attach the iterator %s",
				 bpf_program__name(program));
	}
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? -errno : read_all(fd, size, records, nr);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret ? error_bpf(err, ret, "read from the iterator %s",
			       bpf_program__name(program)) :
		     0;
}

/* Walk the processes. The caller frees @processes, also after an error. */
int walk_processes(struct tracer *t, const struct walk_request *request,
		   struct task_record **processes, size_t *nr,
		   struct slotscope_error *err)
{
	struct task_record *records = NULL;
	size_t nr_records = 0;
	int ret = need_walk(t, err);

	if (!ret)
		ret = iterate(t, t->skel->progs.walk_tasks, request,
			      sizeof(*records), (void **)&records, &nr_records,
			      err);
	if (processes) {
		*processes = records;
		*nr = nr_records;
	} else {
		free(records);
	}
	return ret;
}

/*
 * Do one walk. The caller frees walk->vms, also after an error.
 */
int walk_run(struct tracer *t, const struct walk_request *request,
	     struct walk *walk, struct slotscope_error *err)
{
	int ret;

	/* Numbers given to VMs last only while someone sees them go */
	if (t->options.no_hooks)
		vms_forget(t);
	ret = iterate(t, t->skel->progs.walk_files, request, sizeof(*walk->vms),
		      (void **)&walk->vms, &walk->nr, err);
	/*
	 * While threads come and go, 6.1 may show a process twice; the slots are
	 * walked the first time.
	 */
	if (!ret && request->fd >= 0 && walk->nr > 1)
		walk->nr = 1;
	return ret;
}

/* The iterators are what all here stands on */
int need_walk(struct tracer *t, struct slotscope_error *err)
{
	const struct tracer_hook *hook = hook_of_job(&t->report, TRACER_WALK);

	if (hook->state == TRACER_HOOK_USED)
		return 0;
	error_set(err, ENOTSUP, "look for VMs with a BPF iterator");
	error_why(err, "%s", hook->why);
	return error_next(err, "use the module (slotscope.ko)");
}

bool walk_torn(const struct walk_record *vm)
{
	for (uint32_t i = 0; i < vm->nr_as; i++)
		if (vm->as[i].before != vm->as[i].after)
			return true;
	return false;
}

bool walk_moved(const struct walk_record *vm)
{
	for (uint32_t i = 0; i < vm->nr_as; i++)
		if (vm->as[i].before & GENERATION_UPDATING)
			return true;
	return walk_torn(vm);
}

/*
 * Walk the slots of the VM behind one descriptor until nothing interferes, or
 * long enough: then @interferes or WALK_LOCKED tell.
 */
int walk_slots(struct tracer *t, pid_t tgid, int fd,
	       bool (*interferes)(const struct walk_record *vm),
	       struct walk *walk, struct slotscope_error *err)
{
	const struct walk_request request = {
		.tgid = tgid,
		.fd = fd,
		.slots = 1,
	};
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int ret = 0;

	for (int i = 0; i < TRIES; i++) {
		ret = walk_run(t, &request, walk, err);
		if (ret || !walk->nr ||
		    (!interferes(walk->vms) &&
		     !(walk->vms->flags & WALK_LOCKED)))
			break;
		if (i + 1 == TRIES)
			break;
		free(walk->vms);
		nanosleep(&pause, NULL);
	}
	return ret;
}

int walk_open(struct tracer *t, struct slotscope_error *err)
{
	struct bpf_map *map = t->skel->maps.walked;

	t->walked_bytes = bpf_map__max_entries(map) * sizeof(*t->walked);
	t->walked = mmap(NULL, t->walked_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, bpf_map__fd(map), 0);
	if (t->walked != MAP_FAILED)
		return 0;
	t->walked = NULL;
	return error_set(err, errno, "map the BPF array of slots");
}

/*
 * Learn how to tell a VM's descriptor from others by one of which we know that
 * it is; then look whether its slots are told right.
 */
int walk_prove(struct tracer *t, struct kvm_proof *proof,
	       struct slotscope_error *err)
{
	const struct walk_request learn = {
		.tgid = getpid(),
		.fd = proof->vm_fd,
		.learn = 1,
	};
	struct tracer_hook *hook = hook_of_job(&t->report, TRACER_WALK);
	struct slotscope_error refused;
	struct walk walk;
	struct slot want, got = { 0 };
	int ret;

	if (hook->state != TRACER_HOOK_UNUSED)
		return 0;
	ret = walk_run(t, &learn, &walk, &refused);
	free(walk.vms);
	if (ret)
		goto refused;
	ret = kvm_proof_ask_one(proof, err);
	if (ret)
		return ret;
	want = proof->steps[proof->nr_steps - 1].change.after;
	ret = walk_slots(t, getpid(), proof->vm_fd, walk_moved, &walk,
			 &refused);
	if (!ret && walk.nr == 1 && walk.vms->as[0].nr == 1)
		got = slot_from_record(&t->stream,
				       &t->walked[walk.vms->as[0].first]);
	free(walk.vms);
	if (ret)
		goto refused;
	if (slot_same(&got, &want))
		hook_settle(hook, TRACER_HOOK_USED, "%s", "");
	else
		hook_settle(hook, TRACER_HOOK_UNPROVEN,
			    "did not find the one slot of our own VM");
	return 0;

refused:
	hook_settle(hook, TRACER_HOOK_REFUSED, "%s", refused.why);
	return 0;
}
