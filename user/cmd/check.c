// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope check: compare what a VMM means with what KVM holds. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <slotscope/check.h>

#include "base/clock.h"
#include "cmd/check_files.h"
#include "cmd/check_recording.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/ladder.h"
#include "cmd/look.h"
#include "cmd/page.h"
#include "cmd/progress_line.h"
#include "cmd/tracing.h"
#include "cmd/verdict.h"
#include "cmd/watch.h"
#include "render/check.h"
#include "render/style.h"
#include "session/child.h"
#include "session/course.h"
#include "session/producers.h"
#include "session/stage2_stretches.h"
#include "session/stop.h"

enum {
	OPT_AT = CMD_OPT_FIRST_OWN,
	OPT_WATCH,
	OPT_RESUME,
	OPT_TO_END,
	OPT_REPORT,
	OPT_HTML,
	OPT_EVENTS,
	OPT_DRY_RUN,
	OPT_STAGE2,
	OPT_EXPECT,
	OPT_PAGE_SIZE,
};

#define MAX_CHECKS    64
#define COMMAND_AT_MS 3000

static const struct cmd_option option_table[] = {
	{ 'p', "pid", "PID", VALUES_VM_PIDS,
	  "the VMM's process; what it starts meanwhile is followed" },
	{ LOOK_OPT_FD, "fd", "FD", NULL,
	  "the VM at this descriptor of PID alone" },
	{ LOOK_OPT_VM, "vm", "NAME", NULL,
	  "this VM alone: its number (1 is made first), PID:FD, or the "
	  "name of its process" },
	LOOK_QMP,
	{ OPT_AT, "at", "SECONDS", NULL,
	  "check so long after tracing began or, with a COMMAND or "
	  "--resume, after the VM was there; may be repeated (default: 0 "
	  "with --pid, 3 with a COMMAND)" },
	{ OPT_WATCH, "watch", NULL, NULL,
	  "check at each change until it ends, or SIGINT: a line a "
	  "change, a line a finding that is new (+) or gone (-)" },
	{ OPT_RESUME, "resume", NULL, NULL,
	  "send SIGCONT to PID once tracing has begun" },
	{ OPT_TO_END, "to-end", NULL, NULL,
	  "let the COMMAND run to its end after the last check; there is "
	  "none at the end" },
	{ OPT_EXPECT, "expect", "FILE", VALUES_FILES,
	  "MODEL is what FILE (- is standard input) says: slots as AS/ID "
	  "GPA+SIZE @HVA FLAGS" },
	{ LOOK_OPT_MTREE, "mtree", "FILE", VALUES_FILES,
	  "MODEL is the text of QEMU's info mtree (-o, -D, plain, -f; "
	  "twice: a tree and the flat views), as it was pasted" },
	{ LOOK_OPT_MODEL, "model", "FILE", VALUES_FILES,
	  "MODEL is what a VMM has written down, as JSON" },
	{ LOOK_OPT_SLOTS, "slots", "FILE", VALUES_FILES,
	  "KERNEL, as slotscope slots prints it, or TRACED: strace's "
	  "output, a QEMU trace log, a recording" },
	{ LOOK_OPT_MAPS, "maps", "FILE", VALUES_FILES,
	  "BACKING is the text of /proc/PID/maps or smaps" },
	{ OPT_PAGE_SIZE, "page-size", "N", "4k 16k 64k",
	  "of the host that the files are of: 4k (default), 16k, 64k" },
	LOOK_NO_TRACE,
	LOOK_HISTORY,
	{ OPT_DRY_RUN, "dry-run", NULL, NULL,
	  "look at nothing: tell by which hooks it would be traced, what "
	  "each costs, and why not by the others" },
	{ OPT_EVENTS, "events", "LIST", TRACING_EVENTS,
	  "trace other events, too, as slotscope trace does: what is "
	  "recorded has them" },
	{ LOOK_OPT_NO_MODEL, "no-model", NULL, NULL, "do without MODEL" },
	{ OPT_STAGE2, "stage2", NULL, NULL,
	  "hold what KVM's page tables map against the slots and the "
	  "host's pages, too; takes the module" },
	{ 'i', "input", "FILE", VALUES_FILES,
	  "look at a recording in place of a process" },
	{ 'o', "record", "FILE", VALUES_FILES,
	  "write what was traced to FILE" },
	{ OPT_REPORT, "report", "FILE", VALUES_FILES,
	  "print to FILE, apart from what the COMMAND prints; also the "
	  "error, if there is no verdict" },
	{ OPT_HTML, "html", "FILE", VALUES_FILES,
	  "write a page for a browser, too: findings, map, time line" },
	CMD_COLUMNS(CMD_OPT_COLUMNS, CHECK_COLUMN_KEYS,
		    "these columns of the table alone, with commas between: as, "
		    "range, model, traced, kernel, backing, verdict"),
	CMD_RAW,
	CMD_JSON("print one JSON document a check and VM, a line each"),
	CMD_COMMON
};

struct check_options {
	struct look_options look; /* a process, a recording, or files */
	char **argv;		  /* the command to start; NULL without one */
	int at_ms[MAX_CHECKS];
	size_t nr_at;
	bool watch;
	bool resume;
	bool to_end;
	bool dry_run;
	bool html;
	const char *expect;
};

static int print_verdict(void *ctx, const struct checker *checker, size_t place,
			 const struct sample *sample, int at_ms,
			 struct slotscope_error *err)
{
	struct request_limits limits = {};
	struct check_input input = {
		.limits = &limits,
		.serial = checker->vm.serial,
		.page_size = sysconf(_SC_PAGESIZE),
		.expected = checker->options.expect,
	};
	const struct sampled *kernel = sample_find(sample, PARTY_KERNEL);
	struct check_document document = {
		.vm = &checker->vm,
		.number = checker->vms.nr > 1 ? checker->vms.vms[place].number :
						0,
		.pid = sample->ended ? 0 : checker->vm.tgid,
		.comm = checker->process.comm,
		.kernel_by = kernel ? kernel_view_name(&checker->kernel) : NULL,
		.real_ns = clock_read(CLOCK_REALTIME),
		.at_ms = at_ms,
	};
	const struct given *given = checker->options.given;
	struct check_file files[GIVEN_MAX];
	static const struct stage2_row
		none; /* that nothing is mapped is told, too */
	struct stage2_stretches mapped = {};
	struct slotscope_error unmapped = {};
	const uint64_t now_ns = clock_now();
	struct look_past past;
	struct model_tree tree;
	int ret = look_past(checker, &input, now_ns, document.real_ns, &past,
			    err);

	if (ret)
		goto free_past;
	document.past = past.told ? &past.words : NULL;

	if (given && (given->mtree.flat || given->mtree.tree.nr_nodes)) {
		tree = text_model_tree(&given->mtree);
		document.tree = &tree;
	} else if (checker->told.have) {
		tree = model_tree_told(&checker->told);
		document.tree = &tree;
	}
	if (given) {
		document.files = files;
		document.nr_files = check_files_list(given, files);
		document.assumed = given->notes;
	}
	sample_input(sample, &input);
	verdict_limits(&input, kernel, &limits);
	if (checker->options.stage2 && kernel && kernel->have &&
	    (cmd_globals.json || page_json())) {
		ret = stage2_stretches_read(&checker->kernel, &checker->process,
					    &checker->vm, &kernel->state,
					    &mapped, &unmapped);
		document.mapped = ret	      ? NULL :
				  mapped.rows ? mapped.rows :
						&none;
		document.nr_mapped = mapped.nr;
		document.mapped_why = ret ? unmapped.why : NULL;
	}
	ret = verdict_print(&input, &document, now_ns, err);
	stage2_stretches_deinit(&mapped);
free_past:
	slot_log_deinit(&past.log);
	return ret;
}

static void tell_cannot(void *ctx, const struct slotscope_error *err)
{
	cmd_cannot_tell(err);
}

static int run_course(const struct course *course, struct checker *checker,
		      struct slotscope_error *err)
{
	int ret = course_run(course, checker, err);

	return ret < 0 ? cmd_fail(err) : ret;
}

static int check(struct check_options *options)
{
	const struct course course = {
		.at_ms = options->at_ms,
		.nr_at = options->nr_at,
		.wait = options->argv || options->resume,
		.to_end = options->to_end,
		.sample = checker_sample,
		.verdict = print_verdict,
		.died = checker_died,
		.cannot = tell_cannot,
	};
	struct slotscope_error err = {};
	struct checker checker;
	struct child child = {};
	int ret, status;

	stop_on_signals();
	if (options->argv) {
		/* The terminal is the COMMAND's, too */
		progress_line_stop();
		if (child_start(&child, options->argv, &err))
			return cmd_fail(&err);
		options->look.checker.child = &child;
		options->look.checker.command = options->argv[0];
	}
	ret = checker_open(&checker, &options->look.checker, &err);
	if (ret) {
		course_interrupted(&course, options->nr_at, ret, &err);
		status = cmd_fail(&err);
		goto end_child;
	}
	if (options->argv && child_go(&child, options->argv, &err)) {
		checker_abandon_recording(&checker);
		status = cmd_fail(&err);
		goto close_checker;
	}
	ret = options->resume ? checker_resume(&checker, &err) : 0;
	if (ret) {
		course_interrupted(&course, options->nr_at, ret, &err);
		status = cmd_fail(&err);
		goto close_checker;
	}
	status = options->watch ? watch(&checker) :
				  run_course(&course, &checker, &err);
	child_poll(&child);
	if (options->argv && !stop_requested)
		status = command_status(&child, options->argv[0],
					options->watch ? "the views agreed" :
							 "the views agree",
					status);
close_checker:
	if (checker_close(&checker, &err) && status != CMD_ERROR)
		status = cmd_fail(&err);
end_child:
	if (child_end(&child, &err) && status != CMD_ERROR)
		status = cmd_fail(&err);
	return status;
}

/* By what it would be traced; nothing is started, and nobody else is looked at */
static int check_dry_run(const struct check_options *options)
{
	const struct checker_options *checker = &options->look.checker;
	const struct tracer_options tracing = {
		.tgid = checker->pid ? checker->pid : getpid(),
		.brief = checker->brief,
		.verbose = checker->verbose,
		.classes = checker->classes,
		.measure = true,
	};
	struct slotscope_error err = {};
	struct tracer *tracer;
	bool all;

	if (tracer_open(&tracing, NULL, &tracer, &err))
		return cmd_fail(&err);
	all = tracer_hook_used(tracer_report(tracer), TRACER_REQUESTS) &&
	      tracer_hook_used(tracer_report(tracer), TRACER_CHANGES);
	for (int i = 0; i < TRACER_CLASSES; i++)
		all &= !(checker->classes & 1U << i) ||
		       tracer_class_used(tracer_report(tracer), 1U << i);
	ladder_print(tracer_report(tracer));
	tracer_close(tracer);
	return all ? CMD_OK : CMD_UNKNOWN;
}

/* Keeps the times in order */
static int add_time(struct check_options *options, const char *text,
		    struct slotscope_error *err)
{
	size_t i;
	int ms;

	if (options->nr_at == MAX_CHECKS) {
		error_set(err, E2BIG, "check at %.40s s", text);
		return error_why(err, "%d checks are the most", MAX_CHECKS);
	}
	if (cmd_parse_seconds(text, &ms, err))
		return -EINVAL;
	for (i = options->nr_at++; i && options->at_ms[i - 1] > ms; i--)
		options->at_ms[i] = options->at_ms[i - 1];
	options->at_ms[i] = ms;
	return 0;
}

static int choose_columns(const char *list, struct slotscope_error *err)
{
	struct table_column columns[TABLE_COLUMNS];
	const size_t nr = check_columns(columns);

	return table_choose(list, columns, nr, err);
}

static int set_option(struct check_options *options, int opt,
		      struct slotscope_error *err)
{
	switch (opt) {
	case CMD_OPT_COLUMNS:
		return choose_columns(optarg, err);
	case OPT_REPORT:
		return cmd_report_to(optarg, false, err);
	case OPT_HTML:
		options->html = true;
		return page_to(optarg, err);
	case OPT_TO_END:
		options->to_end = true;
		return 0;
	case OPT_AT:
		return add_time(options, optarg, err);
	case OPT_WATCH:
		options->watch = true;
		return 0;
	case OPT_RESUME:
		options->resume = true;
		return 0;
	case OPT_STAGE2:
		options->look.checker.stage2 = true;
		return 0;
	case OPT_DRY_RUN:
		options->dry_run = true;
		return 0;
	case OPT_EVENTS:
		return tracer_classes_parse(
			optarg, &options->look.checker.classes, err);
	case OPT_EXPECT:
		return look_once(&options->expect, err);
	case OPT_PAGE_SIZE:
		return check_files_page_size(
			optarg, &options->look.files.page_size, err);
	case 'o':
		options->look.checker.record = optarg;
		return 0;
	default:
		return look_option(&options->look, opt, err);
	}
}

/* One at its own time: what of a process, an option or a command goes with it */
static int check_input_file(const struct cmd *cmd,
			    const struct check_options *options)
{
	const struct checker_options *checker = &options->look.checker;

	if (checker->pid || options->argv || options->resume ||
	    options->watch || options->to_end || options->dry_run ||
	    options->expect || checker->qmp || checker->record ||
	    checker->no_trace || checker->no_model || checker->stage2 ||
	    checker->classes || checker->fd >= 0 || checker->history ||
	    options->nr_at > 1 || check_files_any(&options->look.files))
		return cmd_usage(cmd, "-i goes with one --at, --vm, "
				      "--report and --html alone");
	return check_recording(options->look.input, &checker->name,
			       options->nr_at ? options->at_ms[0] : -1);
}

/* A file that is no text of slots is told before anything is started */
static int check_expected(struct check_options *options)
{
	struct slotscope_error err = {};
	struct expected expected;
	int status;

	if (expected_read(options->expect, &expected, &err))
		return cmd_fail(&err);
	if (expected.unended)
		cmd_notice("the last line of %.160s may be cut, as no "
			   "newline ends it; if it is whole, add one",
			   expected.name);
	options->look.checker.expect = &expected;
	status = check(options);
	expected_deinit(&expected);
	return status;
}

/* MODEL of a file, all else of a VM that runs */
static int check_given(struct check_options *options)
{
	struct slotscope_error err = {};
	struct given given;
	int status;

	if (check_files_read(&options->look.files, 0, &given, &err)) {
		status = cmd_fail(&err);
	} else if (given.doubt) {
		error_set(&err, EINVAL, "take MODEL from %.160s",
			  given.views[0].name);
		error_why(&err, "%s", given.doubt);
		error_next(&err, "give all of it, or leave --pid out");
		status = cmd_fail(&err);
	} else {
		options->look.checker.given = &given;
		status = check(options);
	}
	given_deinit(&given);
	return status;
}

/* What of the command line goes with no VM; NULL: all of it */
static const char *needs_vm(const struct check_options *options)
{
	const struct checker_options *checker = &options->look.checker;

	if (options->resume || options->nr_at || options->to_end ||
	    options->watch || options->dry_run)
		return "--at, --watch, --resume, --to-end and --dry-run are "
		       "for a VM that runs";
	if (checker->fd >= 0 || checker->qmp || options->expect ||
	    checker->no_trace || checker->no_model || checker->record ||
	    checker->classes || checker->history || options->look.no_history)
		return "--fd, --qmp, --expect, --no-trace, --no-model, "
		       "--events, --history and --record are for a VM that "
		       "runs";
	if (checker->name.text && !checker->name.number)
		return "of a file a VM is named by its number: --vm 1";
	return NULL;
}

static const char *wrong_files(const struct check_options *options)
{
	const struct check_files *files = &options->look.files;

	if (files->nr_mtree && files->model)
		return "MODEL is either --mtree's or --model's";
	if (!options->look.checker.pid && !options->argv)
		return needs_vm(options);
	if (files->slots || files->maps)
		return "--slots and --maps are of a VM that is not looked at: "
		       "without --pid and COMMAND";
	if (options->expect || options->look.checker.no_model ||
	    options->look.checker.qmp)
		return "MODEL is either a file's, or --qmp's, or none";
	return NULL;
}

/* What is written to is nothing that is read, nor what else is written to */
static int begin_outputs(const struct check_options *options,
			 struct slotscope_error *err)
{
	const char *files[7 + CHECK_FILES_MAX] = {
		options->look.checker.record,
		options->look.input,
		options->expect,
		options->look.files.model,
		options->look.files.slots,
		options->look.files.maps,
		options->look.checker.history,
	};
	const size_t nr = 7 + options->look.files.nr_mtree;
	int ret;

	for (size_t i = 7; i < nr; i++)
		files[i] = options->look.files.mtree[i - 7];
	ret = cmd_report_begin(files, nr, err);
	for (size_t i = 1; files[0] && i < nr && !ret; i++)
		ret = cmd_apart(files[0], files[i], err);
	return ret ?: page_begin(files, nr, err);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct check_options options = { .look = { .checker = { .fd = -1,
								.name.fd = -1 },
						   .files.page_size = 4096 } };
	struct slotscope_error err = {};
	const char *wrong;
	int opt, ret, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		ret = set_option(&options, opt, &err);
		if (ret < 0)
			return cmd_fail(&err);
		if (ret && cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	if (begin_outputs(&options, &err))
		return cmd_fail(&err);
	options.look.checker.verbose = cmd_globals.verbose;
	options.look.checker.notes = cmd_notices();
	if (options.watch && (render_style.raw || table_is_chosen()))
		return cmd_usage(cmd, "--columns and --raw are for the table, "
				      "which --watch does not print");
	if (optind < argc)
		options.argv = argv + optind;
	/* One check, and the end: of several each is shown as it comes */
	if (!options.argv && !options.watch && options.nr_at <= 1)
		cmd_page();
	if (options.look.input)
		return check_input_file(cmd, &options);
	if (options.look.checker.stage2 && check_files_any(&options.look.files))
		return cmd_usage(cmd, "--stage2 looks at a VM that is there: "
				      "it does not go with files");
	wrong = check_files_any(&options.look.files) ? wrong_files(&options) :
						       NULL;
	if (wrong)
		return cmd_usage(cmd, "%s", wrong);
	if (check_files_any(&options.look.files) && !options.look.checker.pid &&
	    !options.argv)
		return check_files_run(&options.look.files,
				       options.look.checker.name.number);
	if (!options.look.checker.pid == !options.argv)
		return cmd_usage(cmd, "give one of --pid, -i, a COMMAND and "
				      "files");
	if (options.resume && options.argv)
		return cmd_usage(cmd, "--resume goes with --pid");
	if (options.to_end && !options.argv)
		return cmd_usage(cmd, "--to-end goes with a COMMAND");
	if (options.watch && options.html)
		return cmd_usage(cmd,
				 "a page is of what a check finds: with "
				 "--watch, --record what happens, and make "
				 "a page of that by -i");
	if (options.watch && (options.nr_at || options.to_end))
		return cmd_usage(cmd, "--watch checks at each change, to the "
				      "end: it goes without --at and --to-end");
	if (options.look.checker.fd >= 0 && options.argv)
		return cmd_usage(cmd, "--fd goes with --pid; a COMMAND's VMs "
				      "are named by --vm");
	if (options.dry_run && options.look.checker.no_trace)
		return cmd_usage(cmd, "--dry-run tells how it would be traced, "
				      "and --no-trace that it is not to be");
	if (options.look.checker.classes && options.look.checker.no_trace)
		return cmd_usage(cmd, "there are no events with --no-trace");
	if (options.look.checker.record && options.look.checker.no_trace)
		return cmd_usage(cmd,
				 "there is nothing to record with --no-trace");
	if (options.expect &&
	    (options.look.checker.no_model || options.look.checker.qmp))
		return cmd_usage(cmd, "MODEL is either --expect's, or --qmp's, "
				      "or none");
	if (!options.nr_at)
		options.at_ms[options.nr_at++] = options.argv ? COMMAND_AT_MS :
								0;
	options.look.checker.now = !options.argv && !options.resume &&
				   !options.at_ms[0];
	options.look.checker.brief =
		options.look.checker.now && options.nr_at == 1 &&
		!options.look.checker.record && !options.watch;
	wrong = look_history(&options.look,
			     options.look.checker.pid && !options.watch &&
				     !options.look.checker.record &&
				     !options.look.checker.no_trace);
	if (wrong)
		return cmd_usage(cmd, "%s", wrong);
	if (options.dry_run)
		return check_dry_run(&options);
	if (check_files_any(&options.look.files))
		return check_given(&options);
	return options.expect ? check_expected(&options) : check(&options);
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "compare what a VMM means with what KVM holds",
	.usage = "check --pid PID [OPTIONS]\n"
		 "check [OPTIONS] -- COMMAND [ARGS]\n"
		 "check --watch [OPTIONS] {--pid PID | -- COMMAND [ARGS]}\n"
		 "check [--mtree FILE] [--model FILE] [--slots FILE] ...\n"
		 "check -i FILE [--at SECONDS] [--vm NAME] [--json]",
	.about =
		"Compares the views of a VM: MODEL (what the VMM means, by "
		"QMP), TRACED (what BPF saw), KERNEL (what KVM holds) and "
		"BACKING (what is mapped there). Prints a table of guest "
		"memory, the findings, and the verdict, for each VM that is "
		"there. With a COMMAND: starts it, traces it and all that it "
		"starts from the first system call on, and ends all of it after "
		"the last check. With files alone: compares what they have, "
		"without a VM, KVM or root. Of a VMM that dies it says of which "
		"refused request, if it was one. With -i: what a recording "
		"tells of its VMs, at its end or --at.",
	.options = option_table,
	.ending =
		"Exit status: 0 agree, 1 mismatch, 2 cannot tell, 3 usage or "
		"error. Where the views agree, that of a COMMAND that ended by "
		"itself, which is then told on standard error if it is not 0.",
	.takes_command = true,
	.run = run,
};
