// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope trace: print or record slot requests and changes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "host/process.h"
#include "host/vm_fds.h"
#include "render/events.h"
#include "session/child.h"
#include "session/stop.h"
#include "trace/recording.h"
#include "trace/tracer.h"

enum { OPT_PID = CMD_OPT_FIRST_OWN, OPT_FOR, OPT_READ };

#define POLL_MS 200

static const char help[] =
	"usage: slotscope trace --pid PID [OPTIONS]\n"
	"       slotscope trace [OPTIONS] -- COMMAND [ARGS]\n"
	"       slotscope trace --read FILE [OPTIONS]\n"
	"\n"
	"Prints each request for a memory slot (KVM_SET_USER_MEMORY_REGION and REGION2)\n"
	"with its result, and each change that KVM made. A slot reads\n"
	"AS/ID GPA+SIZE @HVA FLAGS. Ends with the process, or at SIGINT.\n"
	"\n"
	"Options:\n"
	"      --pid PID      the process to trace, its threads included\n"
	"      --for SECONDS  stop after so long\n"
	"  -o, --output FILE  write a recording, and print nothing\n"
	"      --read FILE    print a recording\n"
	"      --json         print events as JSON, one a line\n"
	"  -v, --verbose      say more on standard error\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 done, 2 events were lost or not seen, 3 usage or error.\n";

struct trace_options {
	pid_t pid;
	char **argv; /* the command to start; NULL without one */
	int for_ms;  /* -1: until it ends */
	const char *output;
	const char *read;
};

/* Where events go, and what was seen of them */
struct sink {
	struct recording_writer *writer; /* NULL: they are printed */
	uint64_t begin_ns;
	uint64_t events;
	uint64_t lost;
	bool unseen; /* a kind of event that no hook tells */
	struct slotscope_error err;
};

static int print_event(struct sink *sink, const struct slot_event *event)
{
	if (cmd_globals.json) {
		if (render_event_json(stdout, event))
			return error_set(&sink->err, ENOMEM, "print an event");
		return 0;
	}
	if (!sink->begin_ns) {
		sink->begin_ns = event->time_ns;
		render_events_header(stdout);
	}
	render_event(stdout, event, sink->begin_ns);
	return 0;
}

static int take_event(const struct slot_event *event, void *arg)
{
	struct sink *sink = arg;

	sink->events++;
	if (event->type == SLOT_EVENT_LOST)
		sink->lost += event->lost.count;
	if (sink->writer)
		return recording_write(sink->writer, event, &sink->err);
	return print_event(sink, event);
}

static int finish(struct sink *sink, int ret)
{
	if (ret < 0)
		return cmd_fail(&sink->err);
	cmd_flush();
	if (sink->lost)
		fprintf(stderr, "slotscope: %" PRIu64 " events were lost\n",
			sink->lost);
	return sink->lost || sink->unseen ? CMD_UNKNOWN : CMD_OK;
}

static int read_recording(const char *path)
{
	struct recording_reader *reader;
	struct slot_event event;
	struct sink sink = {};
	int ret;

	ret = recording_open(path, &reader, &sink.err);
	if (ret)
		return cmd_fail(&sink.err);
	while ((ret = recording_read(reader, &event, &sink.err)) > 0) {
		ret = take_event(&event, &sink);
		if (ret)
			break;
	}
	if (!ret && recording_state(reader) == RECORDING_GROWING)
		fputs("slotscope: it is still being written\n", stderr);
	recording_close(reader);
	return finish(&sink, ret);
}

/* Until the process ends, the time is up, or a signal; @child: NULL without one */
static int follow(struct tracer *tracer, const struct process *process,
		  struct child *child, int for_ms, struct sink *sink)
{
	int64_t end = clock_now_ms() + for_ms;
	bool last = false;
	int ret, wait;

	while (!last) {
		wait = POLL_MS;
		if (for_ms >= 0 && end - clock_now_ms() < wait)
			wait = end > clock_now_ms() ? end - clock_now_ms() : 0;
		last = stop_requested || !wait ||
		       (child && child_ended(child)) || process_alive(process);
		if (last)
			ret = tracer_flush(tracer, take_event, sink,
					   &sink->err);
		else
			ret = tracer_poll(tracer, wait, take_event, sink,
					  &sink->err);
		if (ret >= 0 && sink->writer)
			ret = recording_flush(sink->writer, &sink->err);
		else if (ret >= 0)
			cmd_flush();
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void tell_unseen(const struct tracer *tracer, struct sink *sink)
{
	static const enum tracer_job jobs[] = { TRACER_REQUESTS,
						TRACER_CHANGES };
	size_t i;

	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (tracer_hook_used(tracer_report(tracer), jobs[i]))
			continue;
		sink->unseen = true;
		fprintf(stderr,
			"slotscope: no %s can be seen on this kernel; "
			"slotscope doctor says why\n",
			tracer_job_names[jobs[i]]);
	}
}

/* Nothing will come before there is a VM: silence would look like a fault */
static void tell_without_vm(const struct process *process)
{
	struct slotscope_error ignored = {};
	struct vm_fds vms;

	if (vm_fds_find(process, &vms, &ignored))
		return; /* it may not be looked into; it can be traced all the same */
	if (!vms.nr)
		fprintf(stderr,
			"slotscope: process %d has no VM yet; waiting for one\n",
			process->tgid);
	vm_fds_deinit(&vms);
}

static int trace_process(const struct trace_options *options,
			 const struct process *process, struct child *child,
			 struct sink *sink)
{
	const struct tracer_options tracing = {
		.tgid = process->tgid,
		.verbose = cmd_globals.verbose,
	};
	struct slotscope_error ignored = {};
	struct tracer *tracer;
	int ret;

	ret = tracer_open(&tracing, NULL, &tracer, &sink->err);
	if (ret)
		return ret;
	tell_unseen(tracer, sink);
	if (options->output) {
		ret = recording_create(options->output, process->tgid,
				       &sink->writer, &sink->err);
		if (ret)
			goto close_tracer;
	}
	if (options->argv)
		ret = child_go(child, options->argv, &sink->err);
	else
		tell_without_vm(process);
	if (!ret)
		ret = follow(tracer, process, options->argv ? child : NULL,
			     options->for_ms, sink);
	/* What was seen up to an error is kept; that error is the one to tell */
	if (sink->writer) {
		if (!ret)
			ret = recording_finish(sink->writer, &sink->err);
		else
			recording_finish(sink->writer, &ignored);
	}
close_tracer:
	tracer_close(tracer);
	return ret;
}

static int trace(const struct trace_options *options)
{
	struct child child = {};
	struct process process;
	struct sink sink = {};
	pid_t pid = options->pid;
	int ret;

	stop_on_signals();
	if (options->argv) {
		ret = child_start(&child, options->argv, &sink.err);
		if (ret)
			return cmd_fail(&sink.err);
		pid = child.pid;
	}
	ret = process_open(pid, &process, &sink.err);
	if (!ret) {
		ret = trace_process(options, &process, &child, &sink);
		process_close(&process);
	}
	child_end(&child);
	return finish(&sink, ret);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pid", required_argument, NULL, OPT_PID },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "output", required_argument, NULL, 'o' },
		{ "read", required_argument, NULL, OPT_READ },
		CMD_COMMON_LONG,
		{}
	};
	struct trace_options options = { .for_ms = -1 };
	struct slotscope_error err = {};
	int opt, exit;

	while ((opt = cmd_getopt(getopt_long, argc, argv,
				 "+:o:" CMD_COMMON_SHORT, long_options)) >= 0) {
		switch (opt) {
		case OPT_PID:
			if (cmd_parse_pid(optarg, &options.pid, &err))
				return cmd_fail(&err);
			break;
		case OPT_FOR:
			if (cmd_parse_seconds(optarg, &options.for_ms, &err))
				return cmd_fail(&err);
			break;
		case 'o':
			options.output = optarg;
			break;
		case OPT_READ:
			options.read = optarg;
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		options.argv = argv + optind;
	if (!options.pid + !options.argv + !options.read != 2)
		return cmd_usage(cmd,
				 "give one of --pid, --read and a COMMAND");
	if (options.read && (options.output || options.for_ms >= 0))
		return cmd_usage(cmd, "--read goes with neither -o nor --for");
	return options.read ? read_recording(options.read) : trace(&options);
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print or record slot requests and changes",
	.help = help,
	.run = run,
};
