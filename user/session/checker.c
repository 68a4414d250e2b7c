// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "host/maps.h"
#include "host/qmp_socket.h"
#include "qemu/model.h"
#include "qemu/qmp.h"
#include "session/checker.h"
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
				 checker->process.tgid);
	if (!checker->writer)
		return 0;
	return recording_write(checker->writer, event, taking->err);
}

int checker_open(struct checker *checker, const struct checker_options *options,
		 struct slotscope_error *err)
{
	struct tracer_options tracing = { .verbose = options->verbose };
	int ret;

	*checker = (struct checker){ .options = *options };
	slot_log_init(&checker->log);
	ret = process_open(options->pid, &checker->process, err);
	if (ret)
		return ret;
	if (options->no_trace)
		return 0;
	tracing.tgid = checker->process.tgid;
	ret = tracer_open(&tracing, NULL, &checker->tracer,
			  &checker->no_tracer);
	if (!options->record)
		return 0;
	if (ret)
		*err = checker->no_tracer;
	else
		ret = recording_create(options->record, checker->process.tgid,
				       &checker->writer, err);
	if (ret) {
		tracer_close(checker->tracer);
		process_close(&checker->process);
	}
	return ret;
}

int checker_close(struct checker *checker, struct slotscope_error *err)
{
	int ret = 0;

	if (checker->writer)
		ret = recording_finish(checker->writer, err);
	if (checker->have_kernel)
		kernel_view_close(&checker->kernel);
	tracer_close(checker->tracer);
	process_close(&checker->process);
	slot_log_deinit(&checker->log);
	return ret;
}

static int pause_ms(int ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000L };

	return nanosleep(&ts, NULL);
}

int checker_wait(struct checker *checker, int ms, struct slotscope_error *err)
{
	struct taking taking = { checker, err };
	int64_t end = clock_now_ms() + ms;
	int64_t left;
	int ret;

	while ((left = end - clock_now_ms()) > 0 && !stop_requested &&
	       !process_alive(&checker->process)) {
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

int checker_wait_vm(struct checker *checker, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + VM_MS;
	int ret;

	while ((ret = find_vm(&checker->process, checker->options.fd,
			      &checker->vm, err)) &&
	       clock_now_ms() < end && !stop_requested &&
	       !process_alive(&checker->process)) {
		ret = checker_wait(checker, POLL_MS / 4, err);
		if (ret)
			return ret;
		process_refresh(&checker->process);
	}
	if (ret && process_alive(&checker->process))
		error_next(err, "if it went to the background (QEMU's "
				"-daemonize), leave that out, or check by "
				"--pid what runs there");
	return ret;
}

int checker_resume(struct checker *checker, struct slotscope_error *err)
{
	int64_t end = clock_now_ms() + STOP_MS;
	int ret;

	while (!process_stopped(&checker->process)) {
		ret = process_alive(&checker->process);
		if (ret)
			return process_failed(&checker->process, ret, "resume",
					      err);
		if (clock_now_ms() >= end || stop_requested) {
			error_set(err, ETIMEDOUT, "resume process %d",
				  checker->process.tgid);
			error_why(err, "it is not stopped");
			return error_next(err, "leave --resume out");
		}
		pause_ms(POLL_MS / 10);
	}
	if (kill(checker->process.tgid, SIGCONT))
		return process_failed(&checker->process, -errno, "resume", err);
	return 0;
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
static int read_model(void *ctx, struct slot_state *out,
		      struct slotscope_error *err)
{
	struct checker *checker = ctx;
	struct qemu_model_options options = { .nr_as = checker->nr_as };
	const char *address = checker->options.qmp;
	char found[QMP_ADDRESS_MAX];
	struct qmp *qmp;
	int ret;

	slot_state_init(out, VIEW_MODEL);
	if (!address) {
		ret = qmp_socket_find(&checker->process, found, err);
		if (ret)
			return ret;
		address = found;
	}
	ret = qmp_open(address, QMP_TIMEOUT_MS, &qmp, err);
	if (ret)
		return ret;
	if (checker->options.verbose)
		options.notes = stderr;
	qmp_limit(qmp, MODEL_MS, &stop_requested);
	ret = refuse_other_vmm(checker, qmp, err);
	if (!ret)
		ret = qemu_model_read(qmp, &options, out, err);
	qmp_close(qmp);
	out->vm = checker->vm;
	return ret;
}

static int read_traced(void *ctx, struct slot_state *out,
		       struct slotscope_error *err)
{
	struct checker *checker = ctx;
	struct taking taking = { checker, err };
	int ret;

	slot_state_init(out, VIEW_TRACED);
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
	ret = fold(&checker->log, &checker->vm, out);
	return ret ? error_set(err, ret, "fold the trace") : 0;
}

static int read_kernel(void *ctx, struct slot_state *out,
		       struct slotscope_error *err)
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

int checker_sample(struct checker *checker, struct sample *sample,
		   struct slotscope_error *err)
{
	const struct sample_source source = {
		.generations = read_generations,
		.model = checker->options.no_model ? NULL : read_model,
		.kernel = read_kernel,
		.traced = checker->options.no_trace ? NULL : read_traced,
		.backing = read_backing,
		.again = try_again,
		.ctx = checker,
	};
	uint64_t serial = checker->vm.serial;
	int ret;

	process_refresh(&checker->process);
	ret = find_vm(&checker->process, checker->options.fd, &checker->vm,
		      err);
	if (ret)
		return ret;
	checker->vm.serial = serial;
	if (!checker->have_kernel) {
		ret = kernel_view_open(&checker->kernel, KERNEL_ANY,
				       checker->tracer,
				       checker->options.verbose, err);
		if (ret)
			return ret;
		checker->have_kernel = true;
	}
	checker->sample_ms = clock_now_ms();
	sample_take(&source, SAMPLE_TRIES, sample);
	if (stop_requested) {
		sample_deinit(sample);
		error_set(err, EINTR, "read the memory of process %d",
			  checker->process.tgid);
		return error_why(err, "a signal asked to stop");
	}
	return 0;
}
