// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope trace: print or record slot requests and changes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "host/process.h"
#include "ptrace/filter.h"
#include "ptrace/ptracer.h"
#include "render/events.h"
#include "render/stacks.h"
#include "render/text.h"
#include "session/checker.h"
#include "session/stacks.h"
#include "session/stop.h"
#include "session/vms.h"
#include "trace/recording.h"
#include "trace/tracer.h"

enum {
	OPT_PID = CMD_OPT_FIRST_OWN,
	OPT_VM,
	OPT_FOR,
	OPT_READ,
	OPT_REPORT,
	OPT_STACKS,
	OPT_EVENTS,
	OPT_PTRACE,
};

#define POLL_MS 200

static const char help[] =
	"usage: slotscope trace --pid PID [OPTIONS]\n"
	"       slotscope trace [OPTIONS] -- COMMAND [ARGS]\n"
	"       slotscope trace --read FILE [OPTIONS]\n"
	"\n"
	"Prints each request for a memory slot (KVM_SET_USER_MEMORY_REGION and REGION2)\n"
	"with its result, and each change that KVM made. A slot reads\n"
	"AS/ID GPA+SIZE @HVA FLAGS. Ends with the process, or the COMMAND and all that it\n"
	"started, or at SIGINT.\n"
	"\n"
	"Options:\n"
	"      --pid PID      the process to trace, and what it starts from now on\n"
	"      --vm NAME      this VM alone: its number (1 is made first), PID:FD, or the\n"
	"                     name of its process\n"
	"      --for SECONDS  stop after so long; a COMMAND is ended\n"
	"  -o, --output FILE  write a recording, and print nothing\n"
	"      --read FILE    print a recording\n"
	"      --stacks       show who made each request: all functions that led there\n"
	"      --ptrace       trace the COMMAND without being root: its requests alone\n"
	"      --events LIST  other events, too: some of calls (dirty logs, guest_memfd,\n"
	"                     attributes), vcpus (who was in KVM_RUN at a change, what\n"
	"                     ended it), mmio, windows (when a change took effect),\n"
	"                     mappings (what is taken from under a slot), with commas;\n"
	"                     or all\n"
	"      --report FILE  print to FILE, apart from what the COMMAND prints\n"
	"      --json         print events as JSON, one a line\n"
	"  -v, --verbose      say more on standard error\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 done, 2 events were lost or not seen, or no VM was, 3 usage or\n"
	"error. In place of 0, that of a COMMAND that ended by itself.\n";

struct trace_options {
	pid_t pid;
	char **argv; /* the command to start; NULL without one */
	int for_ms;  /* -1: until it ends */
	const char *output;
	const char *read;
	bool stacks;
	unsigned int classes; /* TRACER_CLASS_* */
	bool ptrace;
	struct vm_name name;
};

/* Where events go, and what was seen of them */
struct sink {
	struct recording_writer *writer; /* NULL: they are printed */
	struct event_printer printer;
	struct stacks stacks;
	uint64_t events;
	uint64_t lost;
	bool unseen; /* a kind of event that no hook tells */
	const struct vm_name *name;
	struct session_vms vms;
	bool saw_vm; /* one that is meant */
	struct slotscope_error err;
};

static void print_event(struct sink *sink, const struct slot_event *event)
{
	const struct slot_stack *stack;

	if (cmd_globals.json) {
		stack = event->stack ? stack_table_first(&sink->stacks.table,
							 event->stack) :
				       NULL;
		if (stack)
			render_stack_json(cmd_report(), stack);
		render_event_json(cmd_report(), event);
		return;
	}
	sink->printer.out = cmd_report();
	sink->printer.stacks = &sink->stacks.table;
	event_printer_put(&sink->printer, event);
}

/* A VM whose beginning is lost, or that was there before: 0 or -ENOMEM */
static int learn(struct sink *sink, const struct slot_event *event)
{
	const struct vm_id id = { .tgid = event->tgid,
				  .fd = -1,
				  .serial = event->serial };
	char comm[sizeof(event->comm) + 1];

	if (!event->serial || session_vms_serial(&sink->vms, event->serial))
		return 0;
	/* It comes from a kernel: it need not end in NUL */
	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(event->comm),
		 event->comm);
	return session_vms_here(&sink->vms, &id, comm);
}

/* What is not of any VM, as a loss, is everybody's */
static bool is_meant(const struct sink *sink, const struct slot_event *event)
{
	const struct session_vm *known =
		session_vms_serial(&sink->vms, event->serial);

	return !event->serial || vm_name_fits(sink->name, known);
}

static int take_event(const struct slot_event *event, void *arg)
{
	struct sink *sink = arg;

	bool meant;

	if (session_vms_event(&sink->vms, event) || learn(sink, event))
		return error_set(&sink->err, ENOMEM, "keep the list of VMs");
	meant = is_meant(sink, event);
	sink->saw_vm |= meant && event->serial;
	/* A recording has all of it: a hole in it would be a loss */
	if (!meant && !sink->writer)
		return 0;
	sink->events++;
	if (event->type == SLOT_EVENT_LOST)
		sink->lost += event->lost.count;
	if (sink->writer)
		return recording_write(sink->writer, event, &sink->err);
	print_event(sink, event);
	return 0;
}

static int finish(struct sink *sink, int ret)
{
	event_printer_flush(&sink->printer);
	if (ret < 0)
		return cmd_fail(&sink->err);
	cmd_flush();
	if (sink->lost)
		fprintf(stderr, "slotscope: %" PRIu64 " event%s lost\n",
			sink->lost, sink->lost == 1 ? " was" : "s were");
	if (sink->stacks.lost)
		fprintf(stderr, "slotscope: %" PRIu64 " stack%s lost\n",
			sink->stacks.lost,
			sink->stacks.lost == 1 ? " was" : "s were");
	return sink->lost || sink->stacks.lost || sink->unseen ? CMD_UNKNOWN :
								 CMD_OK;
}

/* A recording of no VM, or without the one that is meant, tells nothing */
static int not_recorded(const char *path, const struct sink *sink)
{
	struct slotscope_error err = {};
	char list[192];

	error_set(&err, ENOENT, "read the events of a VM in recording %s",
		  path);
	if (sink->vms.nr) {
		session_vms_list(&sink->vms, list, sizeof(list));
		error_why(&err, "none is the one that is meant: %s", list);
		error_next(&err,
			   "name one of those with --vm, or leave it out");
	} else {
		error_why(&err, "there is no VM in it");
	}
	return cmd_cannot_tell(&err);
}

static int read_recording(const char *path, const struct vm_name *name)
{
	struct recording_reader *reader;
	struct slot_event event;
	struct sink sink = { .name = name };
	int ret, status;

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
	status = finish(&sink, ret);
	if (!ret && !sink.saw_vm)
		status = not_recorded(path, &sink);
	session_vms_deinit(&sink.vms);
	stacks_deinit(&sink.stacks);
	return status;
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

/* Until all have ended, the time is up, or a signal; @child: NULL without one */
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
		       has_ended(tracer, process, child);
		if (last)
			ret = tracer_finish(tracer, take_event, sink,
					    &sink->err);
		else
			ret = tracer_poll(tracer, wait, take_event, sink,
					  &sink->err);
		if (ret >= 0 && sink->writer)
			ret = recording_flush(sink->writer, &sink->err);
		else if (ret >= 0 && cmd_flush())
			last = true; /* nobody reads any more */
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void tell_unseen(const struct tracer *tracer, struct sink *sink)
{
	static const enum tracer_job jobs[] = { TRACER_REQUESTS, TRACER_CHANGES,
						TRACER_PROCESSES };
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

/* What was asked for and cannot be seen is as good as lost */
static void tell_unseen_classes(const struct tracer *tracer,
				unsigned int classes, struct sink *sink)
{
	for (int i = 0; i < TRACER_CLASSES; i++) {
		if (!(classes & 1U << i) ||
		    tracer_class_used(tracer_report(tracer), 1U << i))
			continue;
		sink->unseen = true;
		fprintf(stderr,
			"slotscope: no events of class %s can be seen on this "
			"kernel; slotscope doctor says why\n",
			tracer_class_names[i]);
	}
}

/* Nothing will come before there is a VM: silence would look like a fault */
static void tell_without_vm(const struct process *process, struct sink *sink)
{
	struct slotscope_error err = {};

	if (session_vms_look(&sink->vms, process->tgid, UINT64_MAX, &err))
		return; /* it may not be looked into; it can be traced all the same */
	if (sink->vms.nr)
		return;
	err = (struct slotscope_error){};
	session_vms_elsewhere(process, "trace", &err);
	fprintf(stderr,
		"slotscope: process %d has no VM yet; waiting for one\n",
		process->tgid);
	if (err.why[0]) {
		text_wrap(stderr, "  why: ", 7, err.why);
		text_wrap(stderr, "  next: ", 8, err.next);
	}
}

/* Which of the events are of a VM that was there is known by its number alone */
static void give_serials(struct tracer *tracer, struct sink *sink)
{
	struct slotscope_error ignored = {};
	struct session_vm *vm;
	struct vm_id id;

	for (size_t i = 0; i < sink->vms.nr; i++) {
		vm = &sink->vms.vms[i];
		if (tracer_find_vm(tracer, vm->id.tgid, vm->id.fd, &id,
				   &ignored))
			continue;
		vm->id.serial = id.serial;
		vm->number = id.serial;
	}
}

static int tell_no_vm(const struct trace_options *options,
		      const struct process *process, const struct child *child,
		      struct sink *sink)
{
	struct slotscope_error err = {};

	if (options->argv)
		error_set(&err, ENOENT, "trace the VMs of the command %.80s",
			  options->argv[0]);
	else
		error_set(&err, ENOENT, "trace the VMs of process %d",
			  options->pid);
	error_why(&err, "it had none, and made none meanwhile");
	if (sink->vms.nr)
		vm_name_none(&options->name, &sink->vms, &err);
	else if (options->argv)
		child_no_vm(child, NULL, &err);
	else
		error_next(&err, "slotscope list shows the VMs of this "
				 "machine; a VMM without KVM has none");
	if (!sink->vms.nr && !options->argv)
		session_vms_elsewhere(process, "trace", &err);
	return cmd_cannot_tell(&err);
}

static int trace_process(const struct trace_options *options,
			 const struct process *process, struct child *child,
			 struct sink *sink)
{
	const struct tracer_options tracing = {
		.tgid = process->tgid,
		.verbose = cmd_globals.verbose,
		.stack_fn = options->stacks ? stacks_take : NULL,
		.stack_arg = &sink->stacks,
		.classes = options->classes,
	};
	struct slotscope_error ignored = {};
	struct tracer *tracer;
	int ret;

	ret = tracer_open(&tracing, NULL, &tracer, &sink->err);
	if (ret)
		return ret;
	tell_unseen(tracer, sink);
	tell_unseen_classes(tracer, options->classes, sink);
	if (options->output) {
		ret = recording_create(options->output, process->tgid,
				       &sink->writer, &sink->err);
		if (ret)
			goto close_tracer;
	}
	if (options->argv)
		ret = child_go(child, options->argv, &sink->err);
	else
		tell_without_vm(process, sink);
	give_serials(tracer, sink);
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

/* The same by ptrace, until all has ended, the time is up, or a signal */
static int follow_by_ptrace(const struct trace_options *options,
			    struct child *child, struct sink *sink)
{
	const struct ptracer_options tracing = {
		.pid = child->pid,
		.event = take_event,
		.event_arg = sink,
		.stack = options->stacks ? stacks_take : NULL,
		.stack_arg = &sink->stacks,
	};
	int64_t end = clock_now_ms() + options->for_ms, left = POLL_MS;
	struct ptracer *ptracer;
	int ret;

	ret = ptracer_open(&tracing, &ptracer, &sink->err);
	if (ret)
		return ret;
	ret = child_go(child, options->argv, &sink->err);
	while (!ret && !stop_requested && left > 0 && !child->all_ended) {
		ret = ptracer_poll(ptracer, left, &sink->err);
		if (!ret && sink->writer)
			ret = recording_flush(sink->writer, &sink->err);
		else if (!ret && cmd_flush())
			break; /* nobody reads any more */
		child_poll(child);
		if (options->for_ms >= 0 && end - clock_now_ms() < POLL_MS)
			left = end - clock_now_ms();
	}
	ptracer_close(ptracer);
	return ret;
}

static int trace_by_ptrace(const struct trace_options *options,
			   struct child *child, struct sink *sink)
{
	struct slotscope_error ignored = {};
	int ret = 0;

	if (options->output)
		ret = recording_create(options->output, child->pid,
				       &sink->writer, &sink->err);
	if (ret)
		return ret;
	ret = follow_by_ptrace(options, child, sink);
	if (sink->writer && !ret)
		return recording_finish(sink->writer, &sink->err);
	if (sink->writer)
		recording_finish(sink->writer, &ignored);
	return ret;
}

static int trace(const struct trace_options *options)
{
	struct sink sink = { .name = &options->name };
	struct slotscope_error err = {};
	struct child child = {};
	struct process process;
	pid_t pid = options->pid;
	int ret, status;

	stop_on_signals();
	if (options->argv) {
		ret = child_start_prepared(
			&child, options->argv,
			options->ptrace ? filter_install : NULL, &sink.err);
		if (ret)
			return cmd_fail(&sink.err);
		pid = child.pid;
	}
	ret = process_open(pid, &process, &sink.err);
	if (!ret) {
		ret = options->ptrace ?
			      trace_by_ptrace(options, &child, &sink) :
			      trace_process(options, &process, &child, &sink);
		process_close(&process);
	}
	status = finish(&sink, ret);
	if (!ret && !sink.saw_vm)
		status = tell_no_vm(options, &process, &child, &sink);
	else if (options->argv && !stop_requested)
		status = command_status(&child, options->argv[0],
					"all was traced", status);
	session_vms_deinit(&sink.vms);
	stacks_deinit(&sink.stacks);
	if (child_end(&child, &err) && status != CMD_ERROR)
		status = cmd_fail(&err);
	return status;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "pid", required_argument, NULL, OPT_PID },
		{ "vm", required_argument, NULL, OPT_VM },
		{ "report", required_argument, NULL, OPT_REPORT },
		{ "for", required_argument, NULL, OPT_FOR },
		{ "ptrace", no_argument, NULL, OPT_PTRACE },
		{ "stacks", no_argument, NULL, OPT_STACKS },
		{ "events", required_argument, NULL, OPT_EVENTS },
		{ "output", required_argument, NULL, 'o' },
		{ "read", required_argument, NULL, OPT_READ },
		CMD_COMMON_LONG,
		{}
	};
	struct trace_options options = { .for_ms = -1, .name.fd = -1 };
	struct slotscope_error err = {};
	int opt, exit;

	while ((opt = cmd_getopt(getopt_long, argc, argv,
				 "+:o:" CMD_COMMON_SHORT, long_options)) >= 0) {
		switch (opt) {
		case OPT_PID:
			if (cmd_parse_pid(optarg, &options.pid, &err))
				return cmd_fail(&err);
			break;
		case OPT_VM:
			if (vm_name_parse(optarg, &options.name, &err))
				return cmd_fail(&err);
			break;
		case OPT_REPORT:
			if (cmd_report_to(optarg, &err))
				return cmd_fail(&err);
			break;
		case OPT_FOR:
			if (cmd_parse_seconds(optarg, &options.for_ms, &err))
				return cmd_fail(&err);
			break;
		case OPT_PTRACE:
			options.ptrace = true;
			break;
		case OPT_STACKS:
			options.stacks = true;
			break;
		case OPT_EVENTS:
			if (tracer_classes_parse(optarg, &options.classes,
						 &err))
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
	if (options.classes && options.read)
		return cmd_usage(cmd, "a recording has the events that it has: "
				      "--events does not go with --read");
	if (options.ptrace && !options.argv)
		return cmd_usage(cmd, "--ptrace goes with a COMMAND alone");
	if (options.ptrace && options.classes)
		return cmd_usage(cmd,
				 "--ptrace sees requests alone: it does not "
				 "go with --events");
	if (options.stacks && (options.read || options.output))
		return cmd_usage(cmd,
				 "a recording has no stacks: --stacks goes "
				 "with neither --read nor -o");
	return options.read ? read_recording(options.read, &options.name) :
			      trace(&options);
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print or record slot requests and changes",
	.help = help,
	.run = run,
};
