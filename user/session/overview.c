// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <slotscope.h>

#include "base/clock.h"
#include "host/rights.h"
#include "host/vcpus.h"
#include "host/vm_fds.h"
#include "host/vmm.h"
#include "kvm/limits.h"
#include "session/glance.h"
#include "session/overview.h"
#include "session/producers.h"
#include "session/stop.h"

#define POLL_MS	  100
#define TRIES	  4 /* a VM that never rests is told as far as it can be */
#define PAUSE_MS  10
#define SAMPLE_MS 2000

int overview_open(struct overview *o, bool brief, bool verbose,
		  struct slotscope_error *err)
{
	const struct tracer_options options = {
		.brief = brief,
		.verbose = verbose,
		.thread_fn = rights_only_think,
	};
	const struct tracer_report *report;
	struct slotscope_error ignored = {};
	int ret;

	*o = (struct overview){ 0 };
	/* Before anything is traced: what it asks KVM would be seen */
	if (kvm_limits_probe(-1, &o->limits, &ignored))
		o->limits = (struct request_limits){ 0 };
	o->refusals.limits = &o->limits;
	if (!tracer_open(&options, NULL, &o->tracer, &o->no_tracer)) {
		report = tracer_report(o->tracer);
		o->requests = tracer_hook_used(report, TRACER_REQUESTS);
		o->changes = tracer_hook_used(report, TRACER_CHANGES);
	} else {
		o->tracer = NULL;
	}
	ret = kernel_view_open(&o->kernel, KERNEL_ANY, o->tracer, verbose, err);
	if (ret)
		tracer_close(o->tracer);
	return ret;
}

void overview_close(struct overview *o)
{
	kernel_view_close(&o->kernel);
	tracer_close(o->tracer);
	refusals_deinit(&o->refusals);
	top_deinit(&o->top);
}

static int take_event(const struct slot_event *event, void *arg)
{
	struct overview *o = arg;
	struct refusal refusal;
	int ret = top_event(&o->top, event);

	if (ret)
		return ret;
	ret = refusals_take(&o->refusals, event, &refusal);
	if (ret > 0)
		top_refused(&o->top, event->serial,
			    refusal.known ? refusal.rule : REQUEST_RULES);
	return ret < 0 ? ret : 0;
}

/* What top_event() returned is told by its code alone */
static int told(int ret, struct slotscope_error *err)
{
	if (ret == -ENOMEM && !err->code)
		error_set(err, ENOMEM, "keep the events of the VMs");
	return ret < 0 ? ret : 0;
}

static int catch_up(void *owner, struct slotscope_error *err)
{
	struct overview *o = owner;

	return told(tracer_flush(o->tracer, take_event, o, err), err);
}

int overview_gather(struct overview *o, struct slotscope_error *err)
{
	return o->tracer ? told(tracer_poll(o->tracer, 0, take_event, o, err),
				err) :
			   0;
}

static void pause_ms(int64_t ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

int overview_wait(struct overview *o, int ms, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + ms, left;
	int ret = 0;

	while (!ret && !stop_requested && (left = end - clock_now_ms()) > 0) {
		if (left > POLL_MS)
			left = POLL_MS;
		if (o->tracer)
			ret = told(tracer_poll(o->tracer, (int)left, take_event,
					       o, err),
				   err);
		else
			pause_ms(left);
	}
	return ret;
}

static void read_names(const struct process *process, struct top_names *names)
{
	struct vmm vmm;

	vmm_read(process, &vmm);
	*names = (struct top_names){};
	snprintf(names->comm, sizeof(names->comm), "%s", process->comm);
	snprintf(names->vmm, sizeof(names->vmm), "%s", vmm.vmm);
	snprintf(names->name, sizeof(names->name), "%s", vmm.name);
}

/* The names of one that is seen for the first time; each look reads them again */
static int add_vm(struct overview *o, const struct vm_id *id, bool alone)
{
	struct slotscope_error ignored = {};
	struct top_names names;
	struct process process;
	bool opened;

	/* Those that we prove hooks by */
	if (id->tgid == getpid())
		return 0;
	opened = !top_has_names(&o->top, id) &&
		 !process_open(id->tgid, &process, &ignored);
	if (opened) {
		read_names(&process, &names);
		process_close(&process);
	}
	return top_list(&o->top, id, opened ? &names : NULL, alone);
}

/* By a tracer: each VM once, with its number; by process */
static int list_by(struct overview *o, struct tracer *tracer,
		   struct slotscope_error *err)
{
	struct vm_id *vms;
	size_t nr;
	int ret = tracer_list(tracer, 0, &vms, &nr, err);

	for (size_t i = 0; i < nr && !ret; i++) {
		bool before = i && vms[i - 1].tgid == vms[i].tgid;
		bool behind = i + 1 < nr && vms[i + 1].tgid == vms[i].tgid;

		ret = add_vm(o, &vms[i], !before && !behind);
	}
	free(vms);
	return ret;
}

static int list_process(const struct process *process, const struct vm_fds *vms,
			void *opaque)
{
	struct slotscope_error ignored = {};
	struct vm_id id;
	int ret = 0;

	if (process_vm_id(process, -1, &id, &ignored))
		return 0;
	for (size_t i = 0; i < vms->nr && !ret; i++) {
		id.fd = vms->vms[i].fd;
		ret = add_vm(opaque, &id, vms->nr == 1);
	}
	return ret;
}

static int list_by_module(struct overview *o, struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct slotscope_vm *vms;
	struct process process;
	struct vm_id id;
	bool here = false;
	size_t nr;
	int ret = kernel_view_vms(&o->kernel, &vms, &nr, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < nr && !ret; i++) {
		bool before = i && vms[i - 1].pid == vms[i].pid;
		bool behind = i + 1 < nr && vms[i + 1].pid == vms[i].pid;

		o->unseen += !vms[i].pid;
		if (!before)
			here = vms[i].pid &&
			       !process_open(vms[i].pid, &process, &ignored);
		if (!before && here) {
			here = !process_vm_id(&process, -1, &id, &ignored);
			process_close(&process);
		}
		if (!here)
			continue;
		id.fd = vms[i].fd;
		ret = add_vm(o, &id, !before && !behind);
	}
	free(vms);
	return ret;
}

/* Whoever can tell at once; at last /proc */
static int list(struct overview *o, struct slotscope_error *err)
{
	struct tracer *tracer = o->tracer ? o->tracer : o->kernel.tracer;
	struct slotscope_error ignored = {};
	struct vm_list_stats stats = {};
	int ret = -EOPNOTSUPP;

	o->unseen = 0;
	if (tracer)
		ret = list_by(o, tracer, &ignored);
	if (ret && ret != -ENOMEM)
		ret = list_by_module(o, &ignored);
	if (ret && ret != -ENOMEM) {
		ret = vm_list(list_process, o, &stats, err);
		o->unseen = stats.unreadable + stats.failed;
	}
	return told(ret, err);
}

static bool try_again(void *ctx, unsigned int try)
{
	const struct subject *subject = ctx;
	const struct overview *o = subject->owner;

	if (stop_requested || clock_now_ms() - o->look_ms > SAMPLE_MS)
		return false;
	pause_ms(PAUSE_MS);
	return true;
}

static int judge(const struct sample *sample, const struct top_vm *vm,
		 struct top_look *look)
{
	struct check_input input = {
		.log = &vm->log,
		.serial = vm->id.serial,
		.page_size = sysconf(_SC_PAGESIZE),
	};

	sample_input(sample, &input);
	return glance_judge(&input, look);
}

/* Which VM a vCPU is of nothing tells: only of a process with one it is known */
static void look_at_vcpus(const struct top_vm *vm,
			  const struct process *process, struct sample *sample,
			  struct top_look *look)
{
	struct slotscope_error ignored = {};

	look->asked = vm->alone && !vcpus_read(process, &sample->vcpus,
					       &sample->nr_vcpus, &ignored);
}

static void look_beside(struct overview *o, const struct top_vm *vm,
			const struct process *process, struct top_look *look)
{
	struct slotscope_error ignored = {};
	struct slot_state state;
	struct vm_detail detail;

	if (!kernel_view_details(&o->kernel, process, &vm->id, &state, &detail,
				 &ignored))
		slot_metadata_count(&state, &detail, &look->metadata);
	vm_detail_deinit(&detail);
	slot_state_deinit(&state);
}

static int look_at(struct overview *o, struct top_vm *vm,
		   const struct process *process, struct top_look *look)
{
	struct producer producers[PRODUCERS_MAX];
	struct subject subject = {
		.process = process,
		.vm = vm->id,
		.kernel = &o->kernel,
		.tracer = o->tracer,
		.no_tracer = &o->no_tracer,
		.log = &vm->log,
		.catch_up = catch_up,
		.owner = o,
	};
	struct sample_source source = {
		.producers = producers,
		.generations = kernel_generations,
		.again = try_again,
		.log = &vm->log,
		.ctx = &subject,
	};
	uint32_t without = 1U << PARTY_MODEL;
	const struct sampled *kernel;
	struct sample sample;
	int ret;

	if (!o->tracer)
		without |= 1U << PARTY_TRACED;
	source.nr_producers =
		producers_choose(ways, nr_ways, without, &subject, producers);
	ret = sample_take(&source, TRIES, &sample);
	if (!ret) {
		look_at_vcpus(vm, process, &sample, look);
		kernel = sample_find(&sample, PARTY_KERNEL);
		if (kernel)
			top_count(&kernel->state, look);
		ret = judge(&sample, vm, look);
	}
	if (!ret && o->details && o->kernel.source == KERNEL_BY_MODULE)
		look_beside(o, vm, process, look);
	look->changes = vm->changes;
	look->lost = vm->lost;
	sample_deinit(&sample);
	return ret;
}

/* One that has ended meanwhile is gone from the next list */
static int look_alone(struct overview *o, struct top_vm *vm,
		      const struct process *process)
{
	struct top_look found = { .at_ns = clock_now(),
				  .verdict = TOP_UNKNOWN };
	int ret;

	o->look_ms = clock_now_ms();
	found.held = process_stopped(process);
	ret = look_at(o, vm, process, &found);
	vm->look = found;
	return ret;
}

/* What a glance at many found; one that did not rest has a look of its own */
static int keep_glance(struct overview *o, struct top_vm *vm,
		       const struct process *process, const struct glance *seen)
{
	if (seen->have && !seen->settled)
		return look_alone(o, vm, process);
	vm->look = seen->look;
	vm->look.changes = vm->changes;
	vm->look.lost = vm->lost;
	if (o->details && o->kernel.source == KERNEL_BY_MODULE)
		look_beside(o, vm, process, &vm->look);
	return 0;
}

static int look_at_all(struct overview *o, struct top_vm **vms, size_t nr,
		       const struct process *process)
{
	const struct glancer glancer = { .kernel = &o->kernel,
					 .follow = true,
					 .catch_up = o->tracer ? catch_up :
								 NULL,
					 .owner = o };
	struct glance *seen = calloc(nr, sizeof(*seen));
	int ret = seen ? 0 : -ENOMEM;

	for (size_t i = 0; i < nr && !ret; i++) {
		seen[i].id = vms[i]->id;
		seen[i].log = o->tracer ? &vms[i]->log : NULL;
	}
	if (!ret)
		ret = glance_at(&glancer, process, seen, nr);
	for (size_t i = 0; i < nr && seen; i++) {
		if (!ret)
			ret = keep_glance(o, vms[i], process, &seen[i]);
		glance_deinit(&seen[i]);
	}
	free(seen);
	return ret;
}

static int look_into(struct overview *o, struct top_vm **vms, size_t nr,
		     const struct process *process)
{
	struct top_names names;

	read_names(process, &names);
	for (size_t i = 0; i < nr; i++)
		vms[i]->names = names;
	return nr > 1 ? look_at_all(o, vms, nr, process) :
			look_alone(o, vms[0], process);
}

/* With all others of its process */
static int look(struct overview *o, struct top_vm *vm)
{
	struct slotscope_error ignored = {};
	struct process process;
	struct top_vm **vms;
	bool opened, same;
	size_t nr;
	int ret = top_siblings(&o->top, vm, &vms, &nr);

	if (ret)
		return ret;
	o->nr_looked += nr;
	opened = !process_open(vm->id.tgid, &process, &ignored);
	same = opened && process.start_time == vm->id.start_time;
	for (size_t i = 0; i < nr && !same; i++)
		vms[i]->look = (struct top_look){ .at_ns = clock_now(),
						  .verdict = TOP_UNKNOWN };
	if (same)
		ret = look_into(o, vms, nr, &process);
	if (opened)
		process_close(&process);
	free(vms);
	return ret;
}

int overview_frame(struct overview *o, int budget_ms,
		   struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + budget_ms;
	struct top_vm *vm;
	int ret = 0;

	o->nr_looked = 0;
	if (o->tracer)
		ret = catch_up(o, err);
	o->at_ns = clock_now();
	top_list_begin(&o->top);
	if (!ret)
		ret = list(o, err);
	if (!ret)
		ret = told(top_list_end(&o->top, o->at_ns, o->changes), err);
	while (!ret && !stop_requested && (vm = top_next(&o->top))) {
		ret = look(o, vm);
		if (ret)
			error_set(err, ret, "look at a VM");
		if (clock_now_ms() >= end)
			break;
	}
	return ret;
}
