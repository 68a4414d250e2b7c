// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope trace: print slot requests and changes, as they come or recorded. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/plural.h"
#include "base/progress.h"
#include "base/read_file.h"
#include "check/refusals.h"
#include "cmd/cmd.h"
#include "cmd/look.h"
#include "cmd/page.h"
#include "cmd/recorded.h"
#include "cmd/tracing.h"
#include "kvm/limits.h"
#include "render/events.h"
#include "render/stacks.h"
#include "render/summary.h"
#include "trace/log_load.h"

enum {
	OPT_VM = CMD_OPT_FIRST_OWN,
	OPT_REPORT,
	OPT_HTML,
	OPT_STACKS,
};

static const struct cmd_option option_table[] = {
	TRACING_WHOM,
	{ OPT_VM, "vm", "NAME", NULL,
	  "this VM alone: its number (1 is made first), PID:FD, or the "
	  "name of its process" },
	TRACING_FOR,
	{ 'i', "input", "FILE", VALUES_FILES,
	  "print a recording, or what strace or QEMU's trace log says; - "
	  "is standard input" },
	{ OPT_STACKS, "stacks", NULL, NULL,
	  "show who made each request: all functions that led there" },
	{ TRACING_OPT_PTRACE, "ptrace", NULL, NULL,
	  "trace the COMMAND without being root: its requests alone" },
	{ TRACING_OPT_EVENTS, "events", "LIST", TRACING_EVENTS,
	  "other events, too: some of calls (dirty logs, guest_memfd, "
	  "attributes), vcpus (who was in KVM_RUN at a change, what ended "
	  "it), mmio, windows (when a change took effect), mappings (what "
	  "becomes of host memory under a slot), faults (who waits for "
	  "memory, or cannot have it), frees (slots that go with their VM), "
	  "with commas; or all" },
	TRACING_USDT,
	TRACING_FILTERS,
	{ 'c', "summary", NULL, NULL,
	  "print no events: how many of each kind there were, by whom, "
	  "how long they took, and what failed" },
	{ OPT_REPORT, "report", "FILE", VALUES_FILES,
	  "print to FILE, apart from what the COMMAND prints" },
	{ OPT_HTML, "html", "FILE", VALUES_FILES,
	  "write a page for a browser, too: a time line, and the slots at "
	  "each moment of it" },
	CMD_JSON("print events as JSON, one a line"),
	TRACING_DRY_RUN,
	CMD_COMMON
};

/**
 * struct printing - how events are printed
 * @stacks: that they name; NULL: none
 * @refusals: why requests were refused
 * @limits:   what this kernel allows, for @refusals
 */
struct printing {
	struct event_printer printer;
	struct stack_table *stacks;
	struct summary summary;
	struct refusals refusals;
	struct request_limits limits;
};

/* It takes VMs of our own to find out: before there is anything that traces them */
static void ask_limits(struct printing *p)
{
	struct slotscope_error ignored = {};

	if (!kvm_limits_probe(-1, &p->limits, &ignored))
		p->refusals.limits = &p->limits;
}

static int print_event(struct tracing *t, const struct slot_event *event)
{
	struct printing *p = t->arg;
	const struct slot_stack *stack;
	struct refusal refusal;
	struct event_why why;
	int ret;

	ret = refusals_take(&p->refusals, event, &refusal);
	if (ret < 0)
		return error_set(&t->err, ret, "keep the slots of a VM");
	if (ret)
		why = event_why_of(&refusal);
	stack = p->stacks && event->stack && (cmd_globals.json || page_json()) ?
			stack_table_first(p->stacks, event->stack) :
			NULL;
	page_event(event, ret ? &why : NULL, stack);
	if (cmd_globals.json) {
		if (stack)
			render_stack_json(cmd_report(), stack);
		render_event_json(cmd_report(), event, ret ? &why : NULL);
		return 0;
	}
	/* How many they are is told at the end */
	if (tracing_is_filtered(event))
		return 0;
	p->printer.out = cmd_report();
	p->printer.stacks = p->stacks;
	event_printer_put(&p->printer, event, ret ? why.words : NULL);
	return 0;
}

/* Where nobody reads any more, it ends */
static int flush(struct tracing *t)
{
	(void)t;
	return cmd_flush() ? 1 : 0;
}

static int print_last(struct tracing *t)
{
	struct printing *p = t->arg;

	event_printer_flush(&p->printer);
	return 0;
}

static const struct tracing_ops printing = {
	.put = print_event,
	.flush = flush,
	.end = print_last,
};

static int count_event(struct tracing *t, const struct slot_event *event)
{
	struct printing *p = t->arg;

	if (page_take(event, NULL, NULL))
		return error_set(&t->err, ENOMEM, "keep the slots of a VM");
	if (summary_add(&p->summary, event))
		return error_set(&t->err, ENOMEM, "add up the events");
	return 0;
}

/* Its table comes at the end: there is nothing to flush */
static int go_on(struct tracing *t)
{
	(void)t;
	return 0;
}

static int print_summary(struct tracing *t)
{
	struct printing *p = t->arg;
	int ret = cmd_globals.json ?
			  render_summary_json(cmd_report(), &p->summary,
					      p->stacks) :
			  render_summary(cmd_report(), &p->summary, p->stacks);

	return ret ? error_set(&t->err, ENOMEM, "print the summary") : 0;
}

static const struct tracing_ops summing = {
	.put = count_event,
	.flush = go_on,
	.end = print_summary,
};

/* A recording of no VM, or without the one that is meant, tells nothing */
static int not_recorded(const char *path, const struct tracing *t)
{
	struct slotscope_error err = {};
	char list[192];

	error_set(&err, ENOENT, "read the events of a VM in %.160s",
		  read_file_name(path));
	if (t->vms.nr) {
		session_vms_list(&t->vms, list, sizeof(list));
		error_why(&err, "none is the one that is meant; %s", list);
		error_next(&err,
			   "name one of those with --vm, or leave it out");
	} else {
		error_why(&err, "there is no VM in it");
	}
	return cmd_cannot_tell(&err);
}

/* What was in it that is no event of ours: some of it makes us not know */
static int tell_odd(const struct recording_reader *reader, int status)
{
	const struct recording_odd odd = recording_odd(reader);

	if (odd.unknown)
		cmd_notice("%" PRIu64 " record%s of kinds that only "
			   "a newer slotscope knows",
			   odd.unknown, odd.unknown == 1 ? " is" : "s are");
	if (!odd.damaged)
		return status;
	cmd_notice("the recording is damaged in %" PRIu64 " place%s",
		   odd.damaged, plural(odd.damaged));
	return status == CMD_OK ? CMD_UNKNOWN : status;
}

/*
 * Requests that were granted, and no change: it has them alone. Where BPF was to see
 * changes and could not, that was so told when it was made, and is told again.
 */
static int tell_unchanging(const struct recording_reader *reader, int status)
{
	const char *notes = reader ? recording_info(reader)->notes : NULL;

	if (notes && strstr(notes, "hook=changes "))
		return status;
	cmd_notice("it has requests alone: what KVM made of them nobody saw");
	if (!notes || !strstr(notes, "hook=requests ") ||
	    strstr(notes, "hook=requests ptrace"))
		return status;
	return status == CMD_OK ? CMD_UNKNOWN : status;
}

static int read_recording(const char *path, struct tracing *t)
{
	PROGRESS(strcmp(path, "-") ? "reading events" : NULL);
	struct recording_reader *recording;
	struct printing *p = t->arg;
	struct log_reader *reader;
	struct slot_event event;
	bool granted = false, changed = false;
	int ret, ended, status;

	ret = log_open(path, &reader, &t->err);
	if (ret)
		return cmd_fail(&t->err);
	recording = log_recording(reader);
	if (recording)
		p->stacks = recording_stacks(recording);
	while ((ret = log_read(reader, &event, &t->err)) > 0) {
		granted |= event.type == SLOT_EVENT_REQUEST &&
			   !event.request.result;
		changed |= event.type == SLOT_EVENT_CHANGE;
		ret = tracing_take(&event, t);
		/* From a pipe there is more to come: print it as it comes */
		if (!ret)
			ret = t->ops->flush(t);
		if (ret)
			break;
	}
	ended = t->ops->end(t);
	ret = ret < 0 ? ret : ended;
	status = tracing_finish(t, ret);
	if (!ret)
		recorded_tell_growing(path, log_growing(reader));
	if (recording && !ret)
		status = tell_odd(recording, status);
	if (!ret && granted && !changed)
		status = tell_unchanging(recording, status);
	if (!ret && log_unended(reader))
		cmd_notice("the last line of %.160s may be cut, as no "
			   "newline ends it; if it is whole, add one",
			   read_file_name(path));
	log_close(reader);
	if (!ret && !t->saw_vm)
		status = not_recorded(path, t);
	session_vms_deinit(&t->vms);
	return status;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct printing printed = {};
	struct tracing t = TRACING_INIT;
	struct stacks stacks = {};
	struct slotscope_error err = {};
	const char *input = NULL;
	const char *wrong;
	int opt, ret, exit;

	t.verb = "trace";
	t.ops = &printing;
	t.arg = &printed;
	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case OPT_VM:
			if (vm_name_parse(optarg, &t.name, &err))
				return cmd_fail(&err);
			break;
		case OPT_REPORT:
			if (cmd_report_to(optarg, false, &err))
				return cmd_fail(&err);
			break;
		case OPT_HTML:
			if (page_to(optarg, &err))
				return cmd_fail(&err);
			break;
		case OPT_STACKS:
			t.stacks = &stacks;
			printed.stacks = &stacks.table;
			break;
		case 'i':
			if (look_once(&input, &err))
				return cmd_fail(&err);
			break;
		case 'c':
			t.ops = &summing;
			break;
		default:
			ret = tracing_option(&t, opt, &err);
			if (ret < 0)
				return cmd_fail(&err);
			if (ret && cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		t.argv = argv + optind;
	if (!t.pid + !t.argv + !t.all + !input != 3)
		return cmd_usage(cmd, "give one of --pid, --all, -i and a "
				      "COMMAND");
	if (input && t.for_ms >= 0)
		return cmd_usage(cmd, "-i does not go with --for");
	if (input && t.usdt)
		return cmd_usage(cmd, "a recording has the static probes that "
				      "it has: --usdt does not go with -i");
	if (input && t.classes)
		return cmd_usage(cmd, "a recording has the events that it has: "
				      "--events does not go with -i");
	if (input && t.dry_run)
		return cmd_usage(cmd, "what a recording was made by is in it: "
				      "--dry-run does not go with -i");
	wrong = tracing_wrong(&t);
	if (wrong)
		return cmd_usage(cmd, "%s", wrong);
	if (input && tracing_filters(&t.filter))
		return cmd_usage(cmd, "it is the kernel that filters: --as, "
				      "--slot, --gpa and --failed-only do not "
				      "go with -i");
	if (input && t.stacks)
		return cmd_usage(cmd, "a recording has the stacks that it has: "
				      "--stacks does not go with -i");
	if (cmd_report_begin(&input, 1, &err) || page_begin(&input, 1, &err))
		return cmd_fail(&err);
	/* A recording may be of another kernel: what that allows is not known here */
	if (!input && !t.dry_run && t.ops == &printing)
		ask_limits(&printed);
	/* What comes as it happens is not paged */
	if (input && strcmp(input, "-"))
		cmd_page();
	exit = input ? read_recording(input, &t) : tracing_run(&t);
	summary_deinit(&printed.summary);
	refusals_deinit(&printed.refusals);
	stacks_deinit(&stacks);
	return exit;
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "print slot requests and changes, as they come or recorded",
	.usage = "trace --pid PID [OPTIONS]\n"
		 "trace --all [OPTIONS]\n"
		 "trace [OPTIONS] -- COMMAND [ARGS]\n"
		 "trace -i FILE [OPTIONS]",
	.about =
		"Prints each request for a memory slot "
		"(KVM_SET_USER_MEMORY_REGION and REGION2) with its result, and "
		"each change that KVM made. A slot reads AS/ID GPA+SIZE @HVA "
		"FLAGS. Ends with the process, or the COMMAND and all that it "
		"started, or at SIGINT.",
	.options = option_table,
	.ending =
		"Exit status: 0 done, 2 events were lost or not seen, or no VM "
		"was, 3 usage or error. In place of 0, that of a COMMAND that "
		"ended by itself.",
	.takes_command = true,
	.run = run,
};
