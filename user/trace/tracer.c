// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/progress.h"
#include "trace/impl.h"

/* The proof's own events have to fit */
#define RING_BYTES_MIN 16384U

/* More than any record of the ring of events has */
#define EVENT_BYTES_MAX 1024U

/* KVM's own slots come on top of the users', a handful an address space */
#define HIDDEN_SLOTS_MAX 16U

static size_t round_ring(size_t bytes, size_t least)
{
	size_t size = sysconf(_SC_PAGESIZE);

	while (size < bytes || size < least)
		size *= 2;
	return size;
}

/* The programs find a thread's call by a mask */
static unsigned int round_calls(unsigned int asked)
{
	unsigned int nr = 1;

	if (!asked)
		return TRACER_NR_CALLS;
	while (nr < asked && nr < 1U << 20)
		nr *= 2;
	return nr;
}

static void read_boot_id(char *buf, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[got > 0 ? got : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static int load_failed(int code, struct slotscope_error *err)
{
	error_bpf(err, code, "load the BPF programs");
	if (kernel_readable())
		return -err->code;
	err->code = EPERM;
	error_why(err, "this kernel lets nobody read its memory by BPF: it is "
		       "locked down (confidentiality)");
	return error_next(err,
			  "boot without lockdown=confidentiality "
			  "(/sys/kernel/security/lockdown tells the state); "
			  "lockdown=integrity does no harm");
}

static void fill_filter(struct tracer *t)
{
	const struct tracer_filter *from = &t->options.filter;
	struct event_filter *to = &t->skel->bss->filter;

	to->as_id = from->with_as ? from->as_id : -1;
	to->slot = from->with_slot ? from->slot : -1;
	to->whole = !from->with_gpa;
	to->first_gpa = from->with_gpa ? from->first_gpa : 0;
	to->last_gpa = from->with_gpa ? from->last_gpa : UINT64_MAX;
	to->first_gfn = to->first_gpa / t->stream.page_size;
	to->last_gfn = to->last_gpa / t->stream.page_size;
	to->failed_only = from->failed_only;
	to->serial = from->serial;
	to->tgid = from->tgid;
	to->fd = from->fd;
	to->active = from->with_as || from->with_slot || from->with_gpa ||
		     from->failed_only;
}

static int load(struct tracer *t, const struct kvm_proof *proof,
		struct slotscope_error *err)
{
	int ret;

	log_forget();
	ret = hooks_open(t);
	if (ret)
		return error_bpf(err, ret, "open the BPF programs");
	hooks_choose(t);
	t->skel->rodata->tell_calls = t->options.classes & TRACER_CLASS_CALLS;
	t->skel->rodata->tell_vcpus = t->options.classes & TRACER_CLASS_VCPUS;
	t->skel->rodata->tell_mmio = t->options.classes & TRACER_CLASS_MMIO;
	t->skel->rodata->tell_frees = t->options.classes & TRACER_CLASS_FREES;
	t->skel->rodata->page_size = t->stream.page_size;
	bpf_map__set_max_entries(t->skel->maps.ring, t->options.ring_bytes);
	bpf_map__set_max_entries(t->skel->maps.stack_ring,
				 t->options.stack_ring_bytes);
	bpf_map__set_max_entries(t->skel->maps.walked,
				 proof->nr_as *
					 (proof->nr_slots + HIDDEN_SLOTS_MAX));
	t->skel->rodata->preempts = t->preempts;
	t->skel->rodata->calls_mask = t->options.nr_calls - 1;
	bpf_map__set_max_entries(t->skel->maps.requests, t->options.nr_calls);
	bpf_map__set_max_entries(t->skel->maps.changes, t->options.nr_calls);
	bpf_map__set_max_entries(t->skel->maps.creations, t->options.nr_calls);
	bpf_map__set_max_entries(t->skel->maps.runs, t->options.nr_calls);
	log_forget();
	ret = hooks_load(t);
	if (ret)
		return load_failed(ret, err);
	t->skel->bss->wakeup_bytes = t->options.ring_bytes / 4;
	t->skel->bss->stack_wakeup_bytes = t->options.stack_ring_bytes / 4;
	return arrays_map(t, err);
}

static int rings_open(struct tracer *t, struct slotscope_error *err)
{
	int ret = drained_open(&t->events, t->skel->maps.ring,
			       t->options.queue_bytes, EVENT_BYTES_MAX, err);

	if (ret || !t->options.stack_fn)
		return ret;
	return drained_open(&t->stacks, t->skel->maps.stack_ring,
			    t->options.queue_bytes, sizeof(struct stack_record),
			    err);
}

/* Without a way to see requests or changes there is nothing to trace with */
static int check_jobs(struct tracer *t, struct slotscope_error *err)
{
	const struct tracer_report *report = &t->report;
	size_t len = 0;

	if (t->options.no_hooks)
		return need_walk(t, err);
	if (tracer_hook_used(report, TRACER_REQUESTS) ||
	    tracer_hook_used(report, TRACER_CHANGES))
		return 0;
	error_set(err, ENOTSUP, "hook into KVM");
	err->why[0] = '\0';
	for (size_t i = 0; i < report->nr_hooks; i++) {
		const struct tracer_hook *hook = &report->hooks[i];

		if (hook->job > TRACER_CHANGES || len >= sizeof(err->why))
			continue;
		len += snprintf(err->why + len, sizeof(err->why) - len,
				"%s%s %s: %s", len ? "; " : "",
				tracer_method_names[hook->method], hook->target,
				hook->why);
	}
	if (len >= sizeof(err->why)) /* nothing is cut without a sign of it */
		strcpy(err->why + sizeof(err->why) - 4, "...");
	return error_next(err, "a kernel with CONFIG_FUNCTION_TRACER or "
			       "CONFIG_KPROBES is needed");
}

/* Try all there is on VMs of our own, with nobody else's events in the way */
static int prove(struct tracer *t, struct kvm_proof *proof,
		 struct slotscope_error *err)
{
	PROGRESS("trying each hook");
	int ret;

	t->proving = true;
	t->skel->bss->last_serial = SERIALS_OF_PROOF;
	ret = followed_begin(t, getpid(), err);
	if (!ret)
		ret = kvm_proof_create_vm(proof, err);
	if (!ret)
		ret = walk_prove(t, proof, err);
	/* Its end is not to be among what the hooks are held against */
	kvm_proof_destroy_vm(proof);
	if (!ret && !t->options.no_hooks)
		ret = hooks_prove(t, proof, err);
	if (!ret && t->options.measure && !t->options.no_hooks)
		ret = hooks_measure(t, proof, err);
	t->proving = false;
	return ret ? ret : check_jobs(t, err);
}

/* From here on it counts; of what was before nothing is kept */
static int start(struct tracer *t, struct slotscope_error *err)
{
	struct slotscope_bpf__bss *bss = t->skel->bss;
	int ret;

	/* Nobody is followed: the hooks are silent, and numbers begin anew */
	map_clear(t->skel->maps.followed);
	arrays_zero(t);
	map_clear(t->skel->maps.vmms);
	map_clear(t->skel->maps.spans);
	map_clear(t->skel->maps.faults);
	map_clear(t->skel->maps.dying);
	bss->last_serial = 0;
	bss->last_call = 0;
	bss->asleep_ns = t->options.asleep_ns;
	bss->stacks_wanted = t->options.stack_fn != NULL;
	bss->changes_seen = tracer_hook_used(&t->report, TRACER_CHANGES) !=
			    NULL;
	bss->names_watched = tracer_hook_used(&t->report, TRACER_PROCESSES) !=
			     NULL;
	bss->destroy_seen = tracer_hook_used(&t->report, TRACER_DESTRUCTION) !=
			    NULL;
	fill_filter(t);
	stream_restart(&t->stream, bss->lost);
	t->stream.requests = tracer_hook_used(&t->report, TRACER_REQUESTS) !=
			     NULL;
	missed_restart(t);
	ret = followed_begin(t, t->options.tgid, err);
	if (ret || t->options.no_hooks)
		return ret;
	/* The hooks tell already: what stands now is in none of their events */
	return base_all(t, err);
}

int tracer_open(const struct tracer_options *options,
		struct tracer_report *report, struct tracer **tracer,
		struct slotscope_error *err)
{
	PROGRESS("loading the BPF programs");
	struct kvm_proof proof;
	struct tracer *t = calloc(1, sizeof(*t));
	struct drained *rings[DRAINER_RINGS];
	int ret;

	*tracer = NULL;
	if (!t)
		return error_set(err, ENOMEM, "open the tracer");
	rings[0] = &t->events;
	rings[1] = &t->stacks;
	t->kvm_fd = -1;
	if (options)
		t->options = *options;
	if (!t->options.ring_bytes)
		t->options.ring_bytes = TRACER_RING_BYTES;
	t->options.ring_bytes =
		round_ring(t->options.ring_bytes, RING_BYTES_MIN);
	if (!t->options.queue_bytes)
		t->options.queue_bytes = TRACER_QUEUE_BYTES;
	if (!t->options.stack_ring_bytes)
		t->options.stack_ring_bytes = TRACER_STACK_RING_BYTES;
	t->options.stack_ring_bytes =
		t->options.stack_fn ?
			round_ring(t->options.stack_ring_bytes,
				   2 * sizeof(struct stack_record)) :
			round_ring(0, 0);
	t->options.nr_calls = round_calls(t->options.nr_calls);
	if (!t->options.asleep_ns)
		t->options.asleep_ns = TRACER_ASLEEP_NS;
	if (t->options.classes & TRACER_CLASS_MMIO)
		t->options.classes |= TRACER_CLASS_VCPUS;
	hooks_init(&t->report);
	log_capture(t->options.verbose);
	ret = preflight(&t->options, err);
	if (ret)
		goto out;
	ret = kvm_proof_init(&proof, err);
	if (ret)
		goto out;
	proof.with_calls = t->options.classes & TRACER_CLASS_CALLS;
	proof.with_vcpu =
		t->options.classes &
		(TRACER_CLASS_CALLS | TRACER_CLASS_VCPUS | TRACER_CLASS_FAULTS);
	proof.with_faults = t->options.classes & TRACER_CLASS_FAULTS;
	proof.with_frees = t->options.classes & TRACER_CLASS_FREES;
	proof.with_mapping = t->options.classes & TRACER_CLASS_MAPPINGS;
	t->stream.page_size = sysconf(_SC_PAGESIZE);
	t->stream.ns_per_tick = 1000000000 / sysconf(_SC_CLK_TCK);
	t->stream.nr_slots = proof.nr_slots;
	read_boot_id(t->stream.boot_id, sizeof(t->stream.boot_id));

	t->kvm_fd = fcntl(proof.dev_fd, F_DUPFD_CLOEXEC, 0);
	if (t->kvm_fd < 0)
		ret = error_set(err, errno, "keep /dev/kvm open");
	if (!ret)
		ret = load(t, &proof, err);
	if (!ret)
		ret = walk_open(t, err);
	if (!ret && !t->options.no_hooks)
		ret = rings_open(t, err);
	if (!ret && !t->options.no_hooks)
		ret = waits_open(t, err);
	if (!ret)
		ret = prove(t, &proof, err);
	if (!ret)
		ret = start(t, err);
	if (!ret && !t->options.no_hooks)
		ret = drainer_start(&t->drainer, rings, t->options.thread_fn,
				    err);
	kvm_proof_deinit(&proof);
out:
	if (report)
		*report = t->report;
	if (ret)
		tracer_close(t);
	else
		*tracer = t;
	return ret;
}

void tracer_close(struct tracer *t)
{
	if (!t)
		return;
	drainer_stop(&t->drainer);
	hooks_detach(t);
	probes_close(t);
	drained_close(&t->events);
	drained_close(&t->stacks);
	arrays_unmap(t);
	bpf_link__destroy(t->waits);
	if (t->walked)
		munmap(t->walked, t->walked_bytes);
	slotscope_bpf__destroy(t->skel);
	stream_deinit(&t->stream);
	if (t->kvm_fd >= 0)
		close(t->kvm_fd);
	free(t->calls);
	free(t->told);
	free(t);
}

const struct tracer_report *tracer_report(const struct tracer *t)
{
	return &t->report;
}
