// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope tree: the regions of a VMM, what of each is seen, and what hides the rest. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/look.h"
#include "cmd/look_tree.h"
#include "qemu/mtree_fetch.h"
#include "render/tree.h"
#include "session/monitor.h"

enum {
	OPT_REPORT = CMD_OPT_FIRST_OWN,
};

#define QMP_MS	   10000
#define MONITOR_MS 10000

static const struct cmd_option option_table[] = {
	{ 'p', "pid", "PID", VALUES_VM_PIDS,
	  "the VMM's process; it need not run on KVM" },
	LOOK_WHICH_VM,
	LOOK_QMP,
	{ 'M', "machine", "NAME", "pc q35 microvm isapc",
	  "of our own VMM with this board, which is made, looked at, and "
	  "ended; NAME is as vm has it" },
	{ 'm', "memory", "SIZE", NULL, "and so much RAM" },
	{ LOOK_OPT_MTREE, "mtree", "FILE", VALUES_FILES,
	  "of the text of QEMU's info mtree; a second FILE may have that of "
	  "info mtree -f" },
	{ OPT_REPORT, "report", "FILE", VALUES_FILES,
	  "print to FILE, apart from what a COMMAND prints" },
	CMD_JSON("print one JSON document"),
	CMD_COMMON
};

static int print(const struct tree_document *document)
{
	int ret = 0;

	if (cmd_globals.json)
		ret = render_tree_document(cmd_report(), document);
	else
		render_tree(cmd_report(), document);
	return ret;
}

/* What is told, or @why there is nothing */
static int tell_tree(struct tree_document *document,
		     const struct model_tree *tree, const char *why,
		     struct slotscope_error *err)
{
	struct model_layout layout = {};
	int ret;

	if (!why) {
		ret = model_tree_lay_out(tree, &layout);
		if (ret) {
			model_layout_deinit(&layout);
			return error_set(err, ret, "lay out the tree");
		}
		if (layout.not_built.code)
			why = layout.not_built.why;
		else if (!layout.model)
			why = "there is a flat view alone, and no text of the "
			      "tree";
	}
	if (why) {
		error_set(err, ENODATA, "tell of the MemoryRegion tree");
		error_why(err, "%s", why);
		error_next(err,
			   "a QEMU tells it by QMP; --mtree takes what its "
			   "info mtree printed");
		model_layout_deinit(&layout);
		return cmd_cannot_tell(err);
	}
	document->tree = tree;
	document->layout = &layout;
	ret = print(document);
	model_layout_deinit(&layout);
	return ret ? error_set(err, ret, "print the tree") : 0;
}

/* Is there a view of slots, be it what is meant alone? */
static bool any_slots(const struct check_input *input)
{
	for (size_t i = 0; i < input->nr_views; i++)
		if (input->views[i].slots)
			return true;
	return false;
}

static const char *no_kernel(const struct looked *looked)
{
	const struct check_input *input = looked->comparison->input;

	if (!looked->checker)
		return NULL;
	for (size_t i = 0; i < input->nr_views; i++)
		if (input->views[i].party == PARTY_KERNEL)
			return input->views[i].unread;
	return "nobody asked KVM";
}

static int answer(void *ctx, const struct looked *looked,
		  struct slotscope_error *err)
{
	struct tree_document document = { .as_id = -1 };
	struct model_tree tree;
	const char *why = look_tree(looked, &tree);

	document.vm = looked->vm;
	document.no_slots = no_kernel(looked);
	if (any_slots(looked->comparison->input) && !document.no_slots) {
		document.comparison = looked->comparison;
		document.rows = looked->rows;
	}
	return tell_tree(&document, &tree, why, err);
}

/* Of a process without a VM of KVM: its monitor alone is asked */
static int ask_monitor(const struct process *process, const char *address,
		       struct slotscope_error *err)
{
	struct tree_document document = {
		.as_id = -1,
		.no_slots = "the process has no VM of KVM",
	};
	struct model_told told = {};
	struct model_tree tree;
	struct qmp *qmp;
	int ret = monitor_open(process, address, QMP_MS, &qmp, err);

	if (ret)
		return ret;
	ret = fetch_tree(qmp, &told.tree, err);
	if (!ret)
		ret = fetch_flatviews(qmp, &told.views, err);
	if (ret)
		ret = monitor_failed(process, ret, err);
	qmp_close(qmp);
	if (!ret) {
		tree = model_tree_told(&told);
		ret = tell_tree(&document, &tree, NULL, err);
	}
	model_told_deinit(&told);
	return ret;
}

static int look_or_ask(const struct look_options *options)
{
	const struct checker_options *checker = &options->checker;
	struct slotscope_error err = {}, none = {};
	struct process process;
	struct vm_id vm;
	int ret;

	if (!checker->pid || checker->fd >= 0)
		return look(options, answer, NULL);
	if (process_open(checker->pid, &process, &err))
		return cmd_fail(&err);
	ret = find_vm(&process, -1, &vm, &none);
	if (ret != -ENOENT) {
		process_close(&process);
		return look(options, answer, NULL);
	}
	ret = ask_monitor(&process, checker->qmp, &err);
	process_close(&process);
	return ret < 0 ? cmd_fail(&err) : ret;
}

/* Our own VMM, as a command that is ended when it was looked at */
static int look_at_own(struct look_options *options, const char *machine,
		       const char *memory)
{
	char self[PATH_MAX] = "";
	char *argv[] = {
		self, "vm",	      "--paused", "-M", (char *)machine,
		"-m", (char *)memory, NULL
	};
	struct slotscope_error err = {};

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
		error_set(&err, errno, "find slotscope's own file");
		return cmd_fail(&err);
	}
	if (!memory)
		argv[5] = NULL;
	options->argv = argv;
	return look(options, answer, NULL);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct look_options options = {
		.checker = { .fd = -1,
			     .name.fd = -1,
			     .now = true,
			     .no_trace = true },
		.files.page_size = 4096,
		.monitor_ms = MONITOR_MS,
	};
	const char *machine = NULL, *memory = NULL;
	struct slotscope_error err = {};
	int opt, ret, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		ret = 0;
		if (opt == 'M')
			machine = optarg;
		else if (opt == 'm')
			memory = optarg;
		else if (opt == OPT_REPORT)
			ret = cmd_report_to(optarg, false, &err);
		else
			ret = look_option(&options, opt, &err);
		if (ret < 0)
			return cmd_fail(&err);
		if (ret && cmd_common_opt(cmd, opt, argv, &exit))
			return exit;
	}
	if (cmd_report_begin(options.files.mtree, options.files.nr_mtree, &err))
		return cmd_fail(&err);
	options.checker.verbose = cmd_globals.verbose;
	if (optind < argc)
		options.argv = argv + optind;
	if (!!options.checker.pid + !!options.argv + !!machine +
		    check_files_any(&options.files) !=
	    1)
		return cmd_usage(cmd, "give one of --pid, -M, --mtree and a "
				      "COMMAND");
	if (memory && !machine)
		return cmd_usage(cmd, "-m goes with -M");
	if (check_files_any(&options.files) &&
	    (options.checker.fd >= 0 || options.checker.qmp))
		return cmd_usage(cmd, "--fd and --qmp are for a VM that runs");
	if (machine)
		return look_at_own(&options, machine, memory);
	return look_or_ask(&options);
}

const struct cmd cmd_tree = {
	.name = "tree",
	.summary = "print a VMM's regions, and what hides what",
	.usage = "tree --pid PID [OPTIONS]\n"
		 "tree -M BOARD [-m SIZE] [OPTIONS]\n"
		 "tree [OPTIONS] -- COMMAND [ARGS]\n"
		 "tree --mtree FILE [--mtree FILE] [OPTIONS]",
	.about =
		"Prints the MemoryRegions of a QEMU, or of our own VMM, as they "
		"stand in the address spaces that KVM has slots of: what of "
		"each is seen, what hides the rest, and why (priority, order, "
		"what an alias shows, what a container has room for); and the "
		"slots of what is seen.",
	.options = option_table,
	.ending = "Exit status: 0 printed, 2 there is no tree to be had, 3 "
		  "usage or error.",
	.takes_command = true,
	.run = run,
};
