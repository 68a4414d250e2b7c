// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/plural.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/ladder.h"
#include "cmd/progress_line.h"
#include "cmd/tracing.h"
#include "host/process.h"
#include "host/rights.h"
#include "ptrace/filter.h"
#include "ptrace/ptracer.h"
#include "render/text.h"
#include "session/checker.h"
#include "session/stop.h"

#define POLL_MS	    200
#define END_POLL_MS 20

/* A VM whose beginning is lost, or that was there before: 0 or -ENOMEM */
static int learn(struct tracing *t, const struct slot_event *event)
{
	const struct vm_id id = { .tgid = event->tgid,
				  .fd = -1,
				  .serial = event->serial };
	char comm[sizeof(event->comm) + 1];

	if (!event->serial || session_vms_serial(&t->vms, event->serial))
		return 0;
	/* It comes from a kernel: it need not end in NUL */
	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(event->comm),
		 event->comm);
	return session_vms_here(&t->vms, &id, comm);
}

/* What is not of any VM, as a loss, is everybody's */
static bool is_meant(const struct tracing *t, const struct slot_event *event)
{
	const struct session_vm *known =
		session_vms_serial(&t->vms, event->serial);

	return !event->serial || vm_name_fits(&t->name, known);
}

int tracing_take(const struct slot_event *event, void *arg)
{
	struct tracing *t = arg;
	bool meant;

	if (t->self && event->tgid == t->self)
		return 0;
	if (session_vms_event(&t->vms, event) || learn(t, event))
		return error_set(&t->err, ENOMEM, "keep the list of VMs");
	meant = is_meant(t, event);
	t->saw_vm |= meant && event->serial;
	if (!meant)
		return 0;
	t->events++;
	if (tracing_is_filtered(event))
		t->filtered += event->lost.count;
	else if (event->type == SLOT_EVENT_LOST &&
		 event->lost.reason != SLOT_LOST_DROPPED)
		t->lost += event->lost.count;
	return t->ops->put(t, event);
}

int tracing_finish(struct tracing *t, int ret)
{
	if (ret < 0)
		return cmd_fail(&t->err);
	cmd_flush();
	if (t->probed.unwatched) {
		t->unseen = true;
		cmd_notice("%zu static probe%s cannot be watched; the last: "
			   "%s: %s",
			   t->probed.unwatched, plural(t->probed.unwatched),
			   t->probed.why.tried, t->probed.why.why);
	}
	if (t->usdt && !t->probed.nr_probes && !t->nr_programs) {
		t->unseen = true;
		cmd_notice(
			"no program with static probes that we know "
			"was seen (--usdt=FILE names one; slotscope has them if "
			"built with sys/sdt.h, QEMU with its trace backend "
			"dtrace)");
	}
	if (t->filtered)
		cmd_notice("%" PRIu64 " request%s or change%s filtered out",
			   t->filtered, plural(t->filtered),
			   t->filtered == 1 ? " was" : "s were");
	if (t->lost)
		cmd_notice("%" PRIu64 " event%s lost", t->lost,
			   t->lost == 1 ? " was" : "s were");
	if (t->stacks && t->stacks->table.dropped)
		cmd_notice(
			"%" PRIu64
			" stack%s not kept in mind to the end: one that came "
			"again has another number",
			t->stacks->table.dropped,
			t->stacks->table.dropped == 1 ? " was" : "s were");
	if (!t->stacks || !t->stacks->lost)
		return t->lost || t->unseen ? CMD_UNKNOWN : CMD_OK;
	cmd_notice("%" PRIu64 " stack%s lost", t->stacks->lost,
		   t->stacks->lost == 1 ? " was" : "s were");
	return CMD_UNKNOWN;
}

/* Nothing more can come: what is traced has ended */
static bool has_ended(struct tracer *tracer, const struct process *process,
		      struct child *child)
{
	if (!child)
		return process_alive(process) && !followed_left(tracer);
	child_poll(child);
	return child->all_ended;
}

/* What has no probe in it leaves the time line without: that is to be said */
static int watch_probes(struct tracing *t, struct tracer *tracer,
			const struct process *process)
{
	char exe[32];
	int ret = 0;

	for (size_t i = 0; ret >= 0 && i < t->nr_programs; i++) {
		ret = probed_file(&t->probed, tracer, t->programs[i], &t->err);
		if (ret)
			continue;
		t->unseen = true;
		cmd_notice("%.160s has no static probes that we know",
			   t->programs[i]);
	}
	if (ret < 0 || t->nr_programs)
		return ret;
	if (t->argv)
		return probed_command(&t->probed, tracer, t->argv[0], &t->err);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", process->tgid);
	return probed_file(&t->probed, tracer, exe, &t->err);
}

/* A program that came after us, and has probes: from now on they are told */
static int watch_late(struct tracing *t, struct tracer *tracer)
{
	char path[256];
	int ret;

	if (!t->usdt || t->nr_programs || t->all)
		return 0;
	ret = probed_late(&t->probed, tracer, path, sizeof(path), &t->err);
	if (ret <= 0)
		return ret;
	t->unseen = true;
	cmd_notice("the static probes of %.160s are told from now on; those "
		   "that it came by before were not seen (--usdt=FILE names it "
		   "beforehand)",
		   path);
	return 0;
}

/* Until all have ended, the time is up, or a signal; @child: NULL without one */
static int follow(struct tracing *t, struct tracer *tracer,
		  const struct process *process, struct child *child)
{
	int64_t end = clock_now_ms() + t->for_ms;
	bool last = false;
	int ret, wait;

	while (!last) {
		wait = POLL_MS;
		if (t->for_ms >= 0 && end - clock_now_ms() < wait)
			wait = end > clock_now_ms() ? end - clock_now_ms() : 0;
		last = stop_requested || !wait ||
		       (!t->all && has_ended(tracer, process, child));
		if (last)
			ret = tracer_finish(tracer, tracing_take, t, &t->err);
		else
			ret = tracer_poll(tracer, wait, tracing_take, t,
					  &t->err);
		if (ret >= 0)
			ret = watch_late(t, tracer);
		if (ret >= 0)
			ret = t->ops->flush(t);
		if (ret < 0)
			return ret;
		last |= ret > 0;
	}
	return 0;
}

static void tell_unseen(const struct tracer *tracer, struct tracing *t)
{
	static const enum tracer_job jobs[] = { TRACER_REQUESTS, TRACER_CHANGES,
						TRACER_PROCESSES };
	size_t i;

	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (tracer_hook_used(tracer_report(tracer), jobs[i]))
			continue;
		t->unseen = true;
		cmd_notice("no %s can be seen on this kernel; "
			   "slotscope doctor says why",
			   tracer_job_names[jobs[i]]);
	}
}

/* What was asked for and cannot be seen is as good as lost */
static void tell_unseen_classes(const struct tracer *tracer, struct tracing *t)
{
	for (int i = 0; i < TRACER_CLASSES; i++) {
		if (!(t->classes & 1U << i) ||
		    tracer_class_used(tracer_report(tracer), 1U << i))
			continue;
		t->unseen = true;
		cmd_notice("no events of class %s can be seen on this "
			   "kernel; slotscope doctor says why",
			   tracer_class_names[i]);
	}
}

/* Nothing will come before there is a VM: silence would look like a fault */
static void tell_without_vm(const struct process *process, struct tracing *t)
{
	struct slotscope_error err = {};

	if (session_vms_look(&t->vms, process->tgid, UINT64_MAX, &err))
		return; /* it may not be looked into; it can be traced all the same */
	if (t->vms.nr)
		return;
	err = (struct slotscope_error){};
	session_vms_elsewhere(process, t->verb, &err);
	cmd_notice("process %d has no VM yet; waiting for one", process->tgid);
	if (err.why[0] && cmd_globals.json) {
		cmd_notice("%s; %s", err.why, err.next);
	} else if (err.why[0]) {
		text_wrap(stderr, "  why: ", 7, err.why);
		text_wrap(stderr, "  next: ", 8, err.next);
	}
}

/* Which of the events are of a VM that was there is known by its number alone */
static void give_serials(struct tracer *tracer, struct tracing *t)
{
	struct slotscope_error ignored = {};
	struct session_vm *vm;
	struct vm_id id;

	for (size_t i = 0; i < t->vms.nr; i++) {
		vm = &t->vms.vms[i];
		if (tracer_find_vm(tracer, vm->id.tgid, vm->id.fd, &id,
				   &ignored))
			continue;
		vm->id.serial = id.serial;
		vm->number = id.serial;
	}
}

static int tell_no_vm(const struct process *process, const struct child *child,
		      struct tracing *t)
{
	struct slotscope_error err = {};

	if (t->all) {
		error_set(&err, ENOENT, "%s the VMs of this machine", t->verb);
		error_why(&err, "there was none, and none came");
		return cmd_cannot_tell(&err);
	}
	if (t->argv)
		error_set(&err, ENOENT, "%s the VMs of the command %.80s",
			  t->verb, t->argv[0]);
	else
		error_set(&err, ENOENT, "%s the VMs of process %d", t->verb,
			  t->pid);
	error_why(&err, "it had none, and made none meanwhile");
	if (t->vms.nr)
		vm_name_none(&t->name, &t->vms, &err);
	else if (t->argv)
		child_no_vm(child, NULL,
			    t->unseen ? CHILD_TRACED_IN_PART : CHILD_TRACED,
			    &err);
	else
		error_next(&err, "slotscope list shows the VMs of this "
				 "machine; a VMM without KVM has none");
	if (!t->vms.nr && !t->argv)
		session_vms_elsewhere(process, t->verb, &err);
	return cmd_cannot_tell(&err);
}

static int go_along(struct tracing *t, struct tracer *tracer,
		    const struct process *process, struct child *child)
{
	int ret = 0;

	if (t->argv)
		ret = child_go(child, t->argv, &t->err);
	else if (!t->all)
		tell_without_vm(process, t);
	give_serials(tracer, t);
	return ret ? ret : follow(t, tracer, process, t->argv ? child : NULL);
}

/* What was seen up to an error is kept; that error is the one to tell */
static int end(struct tracing *t, int ret)
{
	const struct slotscope_error first = t->err;
	int ended = t->ops->end ? t->ops->end(t) : 0;

	if (!ret)
		return ended;
	t->err = first;
	return ret;
}

static int trace(struct tracing *t, const struct process *process,
		 struct child *child)
{
	struct tracer_filter filter = t->filter;
	struct tracer_options options = {
		.tgid = t->all ? 0 : process->tgid,
		.verbose = cmd_globals.verbose,
		.stack_fn = t->stacks ? stacks_take : NULL,
		.stack_arg = t->stacks,
		.classes = t->classes,
		.probes = t->usdt,
		.measure = t->dry_run,
		.thread_fn = rights_only_think,
	};
	struct tracer *tracer;
	int ret;

	/* By the name of a process nobody but us can tell */
	filter.serial = t->name.number;
	filter.tgid = t->name.tgid;
	filter.fd = t->name.fd;
	options.filter = filter;
	ret = tracer_open(&options, NULL, &tracer, &t->err);
	if (ret)
		return ret;
	if (t->usdt)
		ret = watch_probes(t, tracer, process);
	if (ret < 0)
		goto close;
	/*
	 * It may go on for months, and has all that it asks the kernel for; but for the
	 * static probes of programs that are still to come
	 */
	ret = rights_keep(NEED_FILES | NEED_PROCESSES | NEED_SIGNALS |
				  (t->usdt && !t->nr_programs ? NEED_KERNEL :
								NEED_OPENED),
			  &t->err);
	if (ret)
		goto close;
	tell_unseen(tracer, t);
	tell_unseen_classes(tracer, t);
	if (t->dry_run)
		ladder_print(tracer_report(tracer));
	else if (t->ops->begin)
		ret = t->ops->begin(t, &options, tracer_report(tracer));
	if (!ret && !t->dry_run)
		ret = end(t, go_along(t, tracer, process, child));
close:
	tracer_close(tracer);
	return ret;
}

static void serve(void *ptracer)
{
	struct slotscope_error ignored = {};

	ptracer_poll(ptracer, 0, &ignored); /* an error comes again */
}

/*
 * What has the filter is traced to its end, whyever we want to stop: without us the
 * kernel would answer its requests in KVM's stead. @ret: what has been up to now
 */
static int end_by_ptrace(struct tracing *t, struct ptracer *ptracer,
			 struct child *child, int ret)
{
	struct slotscope_error err = {};
	size_t killed;
	int next;

	child_stop(child);
	do {
		next = ptracer_poll(ptracer, END_POLL_MS, &err);
		if (!ret && !next)
			next = t->ops->flush(t);
		if (!ret && next < 0 && err.code)
			t->err = err;
		ret = ret ?: next;
		child_poll(child);
	} while (!child->all_ended);
	killed = ptracer_kill(ptracer);
	if (killed) {
		t->unseen = true;
		cmd_notice("%zu process%s of the command outlived "
			   "slotscope's keeper and %s killed",
			   killed, killed == 1 ? "" : "es",
			   killed == 1 ? "was" : "were");
	}
	return ret < 0 ? ret : 0;
}

/* The same by ptrace, until all has ended, the time is up, or a signal */
static int follow_by_ptrace(struct tracing *t, struct ptracer *ptracer,
			    struct child *child)
{
	int64_t ends = clock_now_ms() + t->for_ms, left = POLL_MS;
	int ret = child_go_served(child, t->argv, serve, ptracer, &t->err);

	while (!ret && !stop_requested && left > 0 && !child->all_ended) {
		ret = ptracer_poll(ptracer, left, &t->err);
		if (!ret)
			ret = t->ops->flush(t);
		child_poll(child);
		if (t->for_ms >= 0 && ends - clock_now_ms() < POLL_MS)
			left = ends - clock_now_ms();
	}
	return end_by_ptrace(t, ptracer, child, ret);
}

static int trace_by_ptrace(struct tracing *t, struct child *child)
{
	const struct ptracer_options options = {
		.pid = child->pid,
		.event = tracing_take,
		.event_arg = t,
		.stack = t->stacks ? stacks_take : NULL,
		.stack_arg = t->stacks,
	};
	const struct tracer_options meant = { .tgid = child->pid };
	struct ptracer *ptracer;
	int ret;

	ret = ptracer_open(&options, &ptracer, &t->err);
	if (ret)
		return ret;
	if (t->ops->begin)
		ret = t->ops->begin(t, &meant, NULL);
	if (!ret)
		ret = end(t, follow_by_ptrace(t, ptracer, child));
	ptracer_close(ptracer);
	return ret;
}

int tracing_run(struct tracing *t)
{
	struct slotscope_error err = {};
	struct child child = {};
	struct process process = {};
	int ret = 0, status;

	t->self = getpid();
	stop_on_signals();
	if (t->argv) {
		/* The terminal is the COMMAND's, too */
		progress_line_stop();
		ret = child_start_prepared(&child, t->argv,
					   t->ptrace ? filter_install : NULL,
					   &t->err);
		if (ret)
			return cmd_fail(&t->err);
	}
	if (!t->all)
		ret = process_open(t->argv ? child.pid : t->pid, &process,
				   &t->err);
	if (!ret) {
		ret = t->ptrace ? trace_by_ptrace(t, &child) :
				  trace(t, &process, &child);
		if (!t->all)
			process_close(&process);
	}
	status = tracing_finish(t, ret);
	if (!ret && !t->saw_vm && !t->dry_run)
		status = tell_no_vm(&process, &child, t);
	else if (!ret && t->argv && !t->dry_run && !stop_requested)
		status = command_status(&child, t->argv[0], "all was traced",
					status);
	session_vms_deinit(&t->vms);
	probed_deinit(&t->probed);
	if (child_end(&child, &err) && status != CMD_ERROR)
		status = cmd_fail(&err);
	return status;
}
