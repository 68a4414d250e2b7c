// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/maps.h"
#include "host/vm_fds.h"
#include "qemu/model.h"
#include "qemu/qmp.h"
#include "session/checker.h"
#include "session/monitor.h"
#include "session/stop.h"

#define POLL_MS	     100
#define PAUSE_MS     30 /* a VMM's commit of its memory is over by then */
#define SAMPLE_TRIES 10
#define SAMPLE_MS    20000 /* no further try after that */
#define MODEL_MS     60000 /* for all that one try asks QEMU */
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

static int read_generations(void *ctx, struct slot_state *out,
			    struct slotscope_error *err)
{
	struct checker *checker = ctx;
	int ret = kernel_view_generations(&checker->kernel, &checker->process,
					  &checker->vm, out, err);

	checker->nr_as = out->nr_as;
	return ret;
}

/*
 * Whoever gives an address may give that of another VM's monitor, whose MODEL
 * would contradict everything. That another process listened proves nothing by
 * itself, since libvirt does so for its VMMs; that it holds a VM does.
 */
static int refuse_other_vmm(const struct checker *checker, struct qmp *qmp,
			    struct slotscope_error *err)
{
	const struct process *process = &checker->process;
	struct slotscope_error ignored = {};
	pid_t peer = qmp_peer(qmp);
	struct process other;
	struct vm_id vm;
	int ret;

	if (!peer || peer == process->tgid ||
	    process_open(peer, &other, &ignored))
		return 0;
	ret = find_vm(&other, -1, &vm, &ignored);
	if (!ret || ret == -ENOTUNIQ) {
		ret = error_set(err, EXDEV,
				"ask process %d (%s) on QMP socket %s",
				process->tgid, process->comm, qmp_name(qmp));
		error_why(err,
			  "it is the monitor of process %d (%s), another VMM",
			  other.tgid, other.comm);
		error_next(err, "give the right one, or leave --qmp out: it is "
				"found by itself if the VMM's command line "
				"tells");
	} else {
		ret = 0;
	}
	process_close(&other);
	return ret;
}

/* A monitor serves one client at a time: it is held as short as possible */
static int read_model(void *ctx, const struct slot_state *upto,
		      struct slot_state *out, struct slotscope_error *err)
{
	struct checker *checker = ctx;
	struct qemu_model_options options = { .nr_as = checker->nr_as };
	struct qmp *qmp;
	int ret;

	slot_state_init(out, PARTY_MODEL);
	ret = monitor_open(&checker->process, checker->options.qmp,
			   QMP_TIMEOUT_MS, &qmp, err);
	if (ret)
		return ret;
	if (checker->options.verbose)
		options.notes = stderr;
	qmp_limit(qmp, MODEL_MS, &stop_requested);
	ret = refuse_other_vmm(checker, qmp, err);
	if (!ret)
		ret = qemu_model_read(qmp, &options, out, err);
	ret = monitor_failed(&checker->process, ret, err);
	qmp_close(qmp);
	out->vm = checker->vm;
	return ret;
}

static int read_traced(void *ctx, const struct slot_state *upto,
		       struct slot_state *out, struct slotscope_error *err)
{
	struct checker *checker = ctx;
	struct taking taking = { checker, err };
	int ret;

	slot_state_init(out, PARTY_TRACED);
	if (!checker->tracer) {
		*err = checker->no_tracer;
		return -err->code;
	}
	ret = tracer_flush(checker->tracer, take_event, &taking, err);
	if (ret < 0)
		return ret;
	ret = tracer_find_vm(checker->tracer, checker->vm.tgid, checker->vm.fd,
			     &checker->vm, err);
	if (ret)
		return ret;
	ret = fold_until(&checker->log, &checker->vm, upto, out);
	return ret ? error_set(err, ret, "fold the trace") : 0;
}

static int read_kernel(void *ctx, const struct slot_state *upto,
		       struct slot_state *out, struct slotscope_error *err)
{
	struct checker *checker = ctx;

	return kernel_view_read(&checker->kernel, &checker->process,
				&checker->vm, out, err);
}

static int read_backing(void *ctx, struct host_map *out,
			struct slotscope_error *err)
{
	struct checker *checker = ctx;
	struct tracer *tracer = checker->tracer ? checker->tracer :
						  checker->kernel.tracer;
	const struct process *process = &checker->process;

	host_map_init(out);
	/* Of the module alone it cannot be learnt */
	if (tracer && !tracer_owns_memory(tracer, &checker->vm, err)) {
		error_set(err, EXDEV, "read the memory map of process %d (%s)",
			  process->tgid, process->comm);
		return error_why(err,
				 "it holds the VM, and did not make it: the "
				 "slots' host addresses are those of another "
				 "process, which slotscope list may show");
	}
	return host_map_read(&checker->process, NULL, out, err);
}

static bool try_again(void *ctx, unsigned int try)
{
	const struct checker *checker = ctx;

	if (stop_requested || clock_now_ms() - checker->sample_ms > SAMPLE_MS)
		return false;
	pause_ms(PAUSE_MS);
	return true;
}

/* Make @vm the one that is read. */
static int turn_to(struct checker *checker, const struct session_vm *vm,
		   struct slotscope_error *err)
{
	int ret;

	process_close(&checker->process);
	ret = process_open(vm->id.tgid, &checker->process, err);
	if (ret) {
		checker->process.dir = -1;
		return ret;
	}
	checker->vm = vm->id;
	if (checker->process.start_time == vm->id.start_time)
		return 0;
	return process_failed(&checker->process, -ESRCH, "look at its VM", err);
}

int checker_sample(struct checker *checker, const struct session_vm *vm,
		   struct sample *sample, struct slotscope_error *err)
{
	const struct checker_options *options = &checker->options;
	const struct producer producers[] = {
		{ .party = PARTY_MODEL,
		  .slots = options->no_model ? NULL : read_model },
		{ .party = PARTY_TRACED,
		  .slots = options->no_trace ? NULL : read_traced },
		{ .party = PARTY_KERNEL, .slots = read_kernel },
		{ .party = PARTY_BACKING, .map = read_backing },
	};
	const struct sample_source source = {
		.producers = producers,
		.nr_producers = sizeof(producers) / sizeof(producers[0]),
		.generations = read_generations,
		.again = try_again,
		.log = &checker->log,
		.ctx = checker,
	};
	int ret = turn_to(checker, vm, err);

	if (ret)
		return ret;
	if (!checker->have_kernel) {
		ret = kernel_view_open(&checker->kernel, KERNEL_ANY,
				       checker->tracer,
				       checker->options.verbose, err);
		if (ret)
			return ret;
		checker->have_kernel = true;
	}
	checker->sample_ms = clock_now_ms();
	ret = sample_take(&source, SAMPLE_TRIES, sample);
	if (ret) {
		sample_deinit(sample);
		return error_set(err, ret, "keep the views of a VM");
	}
	if (stop_requested) {
		sample_deinit(sample);
		error_set(err, EINTR, "read the memory of process %d",
			  checker->process.tgid);
		return error_why(err, "a signal asked to stop");
	}
	return 0;
}
