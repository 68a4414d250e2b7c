// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/vm_fds.h"
#include "session/checker.h"
#include "session/producers.h"
#include "session/stop.h"

#define POLL_MS	     100
#define PAUSE_MS     30 /* a VMM's commit of its memory is over by then */
#define SAMPLE_TRIES 10
#define SAMPLE_MS    20000 /* no further try after that */
#define STOP_MS	     10000
#define VM_MS	     30000

/* The tracer hands on what take_event() returns, and not why */
struct taking {
	struct checker *checker;
	struct slotscope_error *err;
};

static int take_event(const struct slot_event *event, void *arg)
{
	const struct taking *taking = arg;
	struct checker *checker = taking->checker;
	int ret = slot_log_add(&checker->log, event);

	if (ret)
		return error_set(taking->err, ret,
				 "keep the events of process %d",
				 checker->root.tgid);
	if (session_vms_event(&checker->vms, event))
		return error_set(taking->err, ENOMEM, "keep the list of VMs");
	if (!checker->writer)
		return 0;
	return recording_write(checker->writer, event, taking->err);
}

static int open_tracer(struct checker *checker, struct slotscope_error *err)
{
	const struct tracer_options tracing = {
		.tgid = checker->root.tgid,
		.verbose = checker->options.verbose,
	};
	int ret;

	ret = tracer_open(&tracing, NULL, &checker->tracer,
			  &checker->no_tracer);
	if (!checker->options.record)
		return 0;
	if (!ret)
		return recording_create(checker->options.record,
					checker->root.tgid, &checker->writer,
					err);
	*err = checker->no_tracer;
	return ret;
}

/* In the unit of a process's start_time */
static uint64_t clock_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (now.tv_sec * 1000000000ULL + now.tv_nsec) /
	       (1000000000 / sysconf(_SC_CLK_TCK));
}

int checker_open(struct checker *checker, const struct checker_options *options,
		 struct slotscope_error *err)
{
	int ret;

	*checker = (struct checker){
		.options = *options,
		.process.dir = -1,
		.root.dir = -1,
	};
	slot_log_init(&checker->log);
	ret = process_open(options->child ? options->child->pid : options->pid,
			   &checker->root, err);
	if (ret)
		return ret;
	checker->since = options->child ? 0 : clock_ticks();
	if (options->now) {
		ret = checker_look(checker, err);
		if (!ret)
			ret = checker_none(checker, err);
	}
	if (ret >= 0)
		ret = options->no_trace ? 0 : open_tracer(checker, err);
	if (ret) {
		tracer_close(checker->tracer);
		session_vms_deinit(&checker->vms);
		process_close(&checker->root);
	}
	return ret;
}

int checker_close(struct checker *checker, struct slotscope_error *err)
{
	struct taking taking = { checker, err };
	struct slotscope_error ignored = {};
	int ret = 0;

	if (checker->writer) {
		ret = tracer_finish(checker->tracer, take_event, &taking, err);
		/* What was seen up to an error is kept */
		if (ret >= 0)
			ret = recording_finish(checker->writer, err);
		else
			recording_finish(checker->writer, &ignored);
	}
	if (checker->have_kernel)
		kernel_view_close(&checker->kernel);
	tracer_close(checker->tracer);
	process_close(&checker->process);
	process_close(&checker->root);
	session_vms_deinit(&checker->vms);
	slot_log_deinit(&checker->log);
	return ret;
}

/* Is anything left of what the process made, if it has itself ended? */
bool followed_left(struct tracer *tracer)
{
	struct tracer_process *processes;
	struct slotscope_error ignored = {};
	size_t nr;

	if (!tracer || tracer_followed(tracer, &processes, &nr, &ignored))
		return false;
	free(processes);
	return nr;
}

static int pause_ms(int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000L };

	return nanosleep(&ts, NULL);
}

bool checker_alive(struct checker *checker)
{
	if (!checker->options.child)
		return !process_alive(&checker->root) ||
		       followed_left(checker->tracer);
	child_poll(checker->options.child);
	return !checker->options.child->all_ended;
}

int checker_wait(struct checker *checker, int ms, struct slotscope_error *err)
{
	struct taking taking = { checker, err };
	int64_t end = clock_now_ms() + ms;
	int64_t left;
	int ret;

	while ((left = end - clock_now_ms()) > 0 && !stop_requested &&
	       checker_alive(checker)) {
		if (left > POLL_MS)
			left = POLL_MS;
		if (!checker->tracer) {
			pause_ms(left);
			continue;
		}
		ret = tracer_poll(checker->tracer, left, take_event, &taking,
				  err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* By any of its descriptors: what is meant is known by the lowest */
static int resolve_fd(struct checker *checker, struct slotscope_error *err)
{
	struct vm_fds fds;
	int ret = vm_fds_find(&checker->root, &fds, err);

	if (ret)
		return ret;
	ret = vm_fds_pick(&checker->root, &fds, checker->options.fd, err);
	vm_fds_deinit(&fds);
	if (ret < 0)
		return ret;
	checker->options.name.tgid = checker->root.tgid;
	checker->options.name.fd = ret;
	return 0;
}

static bool followed_by(const struct tracer *tracer)
{
	const struct tracer_report *report;

	if (!tracer)
		return false;
	report = tracer_report(tracer);
	return tracer_hook_used(report, TRACER_PROCESSES) &&
	       tracer_hook_used(report, TRACER_WALK);
}

/* The tracer knows also those whose parents have ended */
static int look_by_tracer(struct checker *checker, struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct process process;
	struct vm_id *ids;
	size_t nr, i;
	int ret = tracer_list(checker->tracer, TRACER_FOLLOWED, &ids, &nr, err);

	if (ret)
		return ret;
	session_vms_gone(&checker->vms);
	for (i = 0; i < nr && !ret; i++) {
		if (process_open(ids[i].tgid, &process, &ignored))
			continue; /* it ends while it is looked at */
		if (session_vms_here(&checker->vms, &ids[i], process.comm))
			ret = error_set(err, ENOMEM, "list VMs");
		process_close(&process);
	}
	free(ids);
	return ret;
}

static int look(struct checker *checker, struct slotscope_error *err)
{
	const struct child *child = checker->options.child;

	if (followed_by(checker->tracer))
		return look_by_tracer(checker, err);
	return session_vms_look(&checker->vms,
				child ? child->keeper : checker->root.tgid,
				checker->since, err);
}

bool checker_wants(const struct checker *checker, const struct session_vm *vm)
{
	return vm->here && vm_name_fits(&checker->options.name, vm);
}

int checker_look(struct checker *checker, struct slotscope_error *err)
{
	int ret, nr = 0;

	if (checker->options.fd >= 0) {
		ret = resolve_fd(checker, err);
		if (ret)
			return ret;
	}
	ret = look(checker, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < checker->vms.nr; i++)
		nr += checker_wants(checker, &checker->vms.vms[i]);
	return nr;
}

/* Those that a process made before we came are not followed, but named */
static void tell_of_others(struct checker *checker, struct slotscope_error *err)
{
	struct slotscope_error ignored = {};
	struct session_vms others = {};
	char list[128];

	if (!session_vms_look(&others, checker->root.tgid, 0, &ignored) &&
	    others.nr) {
		session_vms_list(&others, list, sizeof(list));
		error_why(err, "it holds none; what it started does: %s", list);
		error_next(err, "check that: --pid %d", others.vms[0].id.tgid);
	}
	session_vms_deinit(&others);
}

int checker_none(struct checker *checker, struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	char list[192], how[80] = "";

	if (options->child)
		error_set(err, ENOENT, "find a VM of the command %.80s",
			  options->command);
	else
		error_set(err, ENOENT, "find a VM of process %d (%s)",
			  checker->root.tgid, checker->root.comm);
	if (options->child && options->child->ended) {
		child_status_text(options->child, how, sizeof(how));
		strcat(how, "; ");
	}
	if (checker->vms.nr) {
		session_vms_list(&checker->vms, list, sizeof(list));
		error_why(err, "%s%snone that is meant is there now: %s",
			  how[0] ? "it " : "", how, list);
		return error_next(err, "name one that is there with --vm");
	}
	if (how[0]) {
		error_why(err, "it %sneither it nor what it started made one",
			  how);
	} else if (options->child) {
		error_why(err, "neither it nor what it started has made one");
	} else if (process_alive(&checker->root)) {
		error_why(err, "it has ended");
	} else {
		error_why(err, "it holds no descriptor of a VM");
	}
	error_next(err, "slotscope list shows the VMs of this machine; a VMM "
			"without KVM has none");
	if (!options->child)
		tell_of_others(checker, err);
	return -ENOENT;
}

int checker_wait_vm(struct checker *checker, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + VM_MS;
	bool alive = true;
	int ret;

	for (;;) {
		process_refresh(&checker->root);
		ret = checker_look(checker, err);
		/* It may end, or exec another program, while it is looked at */
		if (ret > 0 || (ret < 0 && ret != -ESRCH && ret != -ENOENT))
			return ret < 0 ? ret : 0;
		if (!alive || stop_requested || clock_now_ms() >= end)
			break;
		/* What has ended by now was looked at after its end */
		alive = checker_alive(checker);
		ret = checker_wait(checker, POLL_MS / 4, err);
		if (ret)
			return ret;
	}
	if (stop_requested) {
		error_set(err, EINTR, "wait for a VM");
		return error_why(err, "a signal asked to stop");
	}
	checker_none(checker, err);
	if (alive && !checker->vms.nr)
		error_why(err, "none was made within %d s", VM_MS / 1000);
	return -ENOENT;
}

int checker_resume(struct checker *checker, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + STOP_MS;
	int ret;

	while (!process_stopped(&checker->root)) {
		ret = process_alive(&checker->root);
		if (ret)
			return process_failed(&checker->root, ret, "resume",
					      err);
		if (clock_now_ms() >= end || stop_requested) {
			error_set(err, ETIMEDOUT, "resume process %d",
				  checker->root.tgid);
			error_why(err, "it is not stopped");
			return error_next(err, "leave --resume out");
		}
		pause_ms(POLL_MS / 10);
	}
	ret = process_signal(&checker->root, SIGCONT);
	return ret ? process_failed(&checker->root, ret, "resume", err) : 0;
}

static int catch_up(void *owner, struct slotscope_error *err)
{
	struct checker *checker = owner;
	struct taking taking = { checker, err };

	return tracer_flush(checker->tracer, take_event, &taking, err);
}

static bool try_again(void *ctx, unsigned int try)
{
	const struct subject *subject = ctx;
	const struct checker *checker = subject->owner;

	if (stop_requested || clock_now_ms() - checker->sample_ms > SAMPLE_MS)
		return false;
	pause_ms(PAUSE_MS);
	return true;
}

/* Make @vm the one that is read. */
static int turn_to(struct checker *checker, const struct vm_id *vm,
		   struct slotscope_error *err)
{
	int ret;

	process_close(&checker->process);
	ret = process_open(vm->tgid, &checker->process, err);
	if (ret) {
		checker->process.dir = -1;
		return ret;
	}
	checker->vm = *vm;
	if (checker->process.start_time == vm->start_time)
		return 0;
	return process_failed(&checker->process, -ESRCH, "look at its VM", err);
}

static int open_kernel(struct checker *checker, struct slotscope_error *err)
{
	int ret;

	if (checker->have_kernel)
		return 0;
	ret = kernel_view_open(&checker->kernel, KERNEL_ANY, checker->tracer,
			       checker->options.verbose, err);
	checker->have_kernel = !ret;
	return ret;
}

int checker_sample(struct checker *checker, size_t place, struct sample *sample,
		   struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	struct producer producers[PRODUCERS_MAX];
	struct subject subject = {
		.process = &checker->process,
		.vm = checker->vms.vms[place].id,
		.qmp = options->qmp,
		.notes = options->verbose ? stderr : NULL,
		.kernel = &checker->kernel,
		.tracer = checker->tracer,
		.no_tracer = &checker->no_tracer,
		.log = &checker->log,
		.catch_up = catch_up,
		.owner = checker,
	};
	struct sample_source source = {
		.producers = producers,
		.generations = kernel_generations,
		.again = try_again,
		.log = &checker->log,
		.ctx = &subject,
	};
	uint32_t without = 0;
	int ret = turn_to(checker, &subject.vm, err);

	if (!ret)
		ret = open_kernel(checker, err);
	if (ret)
		return ret;
	if (options->no_model)
		without |= 1U << PARTY_MODEL;
	if (options->no_trace)
		without |= 1U << PARTY_TRACED;
	source.nr_producers =
		producers_choose(ways, nr_ways, without, &subject, producers);
	checker->sample_ms = clock_now_ms();
	ret = sample_take(&source, SAMPLE_TRIES, sample);
	checker->vm = subject.vm;
	if (!ret && !stop_requested)
		return 0;
	sample_deinit(sample);
	if (ret)
		return error_set(err, ret, "keep the views of a VM");
	error_set(err, EINTR, "read the memory of process %d",
		  checker->process.tgid);
	return error_why(err, "a signal asked to stop");
}
