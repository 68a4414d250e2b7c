// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope slots: what KVM holds of one VM. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope.h>

#include "base/size_text.h"
#include "cmd/cmd.h"
#include "cmd/look.h"
#include "cmd/slots_recorded.h"
#include "render/mappings.h"
#include "render/slot_details.h"
#include "render/slots.h"
#include "render/style.h"
#include "render/text.h"
#include "session/kernel_view.h"

enum {
	OPT_FD = CMD_OPT_FIRST_OWN,
	OPT_FROM,
	OPT_DETAILS,
	OPT_STAGE2,
	OPT_AT,
	OPT_VM,
};

static const struct cmd_option option_table[] = {
	{ 'p', "pid", "PID", VALUES_VM_PIDS, "the VMM's process" },
	{ OPT_FD, "fd", "FD", NULL,
	  "the VM's descriptor there, if it has several VMs" },
	{ OPT_FROM, "from", "SOURCE", "module bpf",
	  "module or bpf; default: the module if it is loaded" },
	{ OPT_DETAILS, "details", NULL, NULL,
	  "also what KVM keeps beside the slots: pages that are dirty or "
	  "tracked, huge pages; vCPUs, users, owner" },
	{ OPT_STAGE2, "stage2", "RANGE", "all",
	  "also what KVM's page tables map of RANGE now, and if that is "
	  "the host's page: GPA, GPA+SIZE or all" },
	{ 'i', "input", "FILE", VALUES_FILES,
	  "a recording, or what strace or QEMU's trace log says; - is "
	  "standard input" },
	{ OPT_AT, "at", "TIME", NULL,
	  "seconds after its first event, as slotscope trace counts, or "
	  "local time, \"2026-11-29 10:00:00\" or 10:00; default: its end" },
	{ OPT_VM, "vm", "NAME", NULL,
	  "this VM of it alone: its number, PID:FD, or the name of its "
	  "process" },
	CMD_COLUMNS('o', SLOT_COLUMN_KEYS,
		    "these columns alone, with commas between: as, slot, gpa, "
		    "size, hva, flags, guest_memfd"),
	CMD_RAW,
	CMD_JSON("print one JSON document a VM"),
	CMD_COMMON
};

struct slots_options {
	pid_t pid;
	int fd;
	enum kernel_source source;
	bool details;
	bool stage2;
	uint64_t gpa; /* of that */
	uint64_t size;
};

/* A look at one VM */
struct look {
	const struct slots_options *options;
	const struct kernel_view *view;
	const struct process *process;
	const struct vm_id *vm;
	struct slot_state state;
	struct vm_detail detail;
	struct json_writer *json; /* where mappings go; NULL: they are a table */
	uint64_t mapped;
	uint32_t tables;
	int status;
};

#define PAGE 4096ULL
#define ALL  (1ULL << 52)

/* GPA, GPA+SIZE or all, to whole pages */
static int parse_range(const char *text, struct slots_options *options,
		       struct slotscope_error *err)
{
	uint64_t gpa = 0, size = ALL;
	char *end = "";

	if (strcmp(text, "all")) {
		errno = 0;
		size = PAGE;
		gpa = strtoull(text, &end, 0);
		if (end != text && *end == '+') {
			text = end + 1;
			size = strtoull(text, &end, 0);
		}
		if (errno || end == text || *end || *text == '-' || !size)
			gpa = ALL;
	}
	if (gpa < ALL && size <= ALL - gpa) {
		options->stage2 = true;
		options->gpa = gpa & ~(PAGE - 1);
		options->size =
			((gpa + size + PAGE - 1) & ~(PAGE - 1)) - options->gpa;
		return 0;
	}
	error_set(err, EINVAL, "read the range \"%.60s\"", text);
	error_why(err, "it is no guest address below 2^52, with a size behind "
		       "a + or without");
	return error_next(err, "such as 0x100000, 0x100000+0x200000, or all");
}

/* All slots that there were at one moment */
static bool is_whole(const struct slot_state *state)
{
	for (size_t i = 0; i < state->nr_as; i++)
		if (state->as[i].torn)
			return false;
	return !state->coverage.truncated;
}

static void tell_row(void *opaque, const struct stage2_row *row)
{
	struct look *look = opaque;

	if (look->json)
		mapping_write_json(look->json, row);
	else if (!look->mapped)
		render_mappings_head(stdout);
	if (!look->json)
		render_mapping(stdout, row);
	look->mapped += row->map.size;
}

static int look_at_mappings(struct look *look, struct slotscope_error *err)
{
	return kernel_view_mappings(look->view, look->process, look->vm,
				    &look->state, look->options->gpa,
				    look->options->size, &look->tables,
				    tell_row, look, err);
}

static void print_mappings(struct look *look)
{
	struct slotscope_error err = {};

	putchar('\n');
	if (look_at_mappings(look, &err)) {
		/* What was asked for, and is not told */
		look->status = CMD_UNKNOWN;
		printf("KVM's page tables: %s: %s\n", err.tried, err.why);
		if (err.next[0])
			text_wrap(stdout, "  next: ", 8, err.next);
		return;
	}
	if (!look->tables)
		printf("KVM has no page tables yet: no vCPU ran\n");
	else
		printf("%s mapped there%s\n", SIZE_IN_TEXT(look->mapped),
		       look->tables & SLOTSCOPE_STAGE2_EPT ?
			       " (EPT: not proven on such a machine)" :
			       "");
	if (look->tables & SLOTSCOPE_STAGE2_CUT) {
		look->status = CMD_UNKNOWN;
		printf("there are more page tables than were looked at\n");
	}
}

static void write_mappings(struct json_writer *w, void *opaque)
{
	struct slotscope_error err = {};
	struct look *look = opaque;
	int ret;

	if (!look->options->stage2)
		return;
	look->json = w;
	json_begin_object(w, "stage2");
	json_begin_array(w, "mappings");
	ret = look_at_mappings(look, &err);
	json_end_array(w);
	json_write_bool(w, "ept", look->tables & SLOTSCOPE_STAGE2_EPT);
	json_write_bool(w, "cut", look->tables & SLOTSCOPE_STAGE2_CUT);
	if (ret)
		json_write_str(w, "unread", err.why);
	json_end_object(w);
	if (ret || look->tables & SLOTSCOPE_STAGE2_CUT)
		look->status = CMD_UNKNOWN;
}

static int print_look(struct look *look)
{
	const struct vm_detail *detail =
		look->options->details ? &look->detail : NULL;

	look->status = is_whole(&look->state) && !(detail && detail->none) ?
			       CMD_OK :
			       CMD_UNKNOWN;
	if (cmd_globals.json) {
		render_slots_json(stdout, &look->state, detail, write_mappings,
				  look);
		return look->status;
	}
	render_slots(stdout, &look->state);
	if (render_style.raw)
		return look->status;
	printf("read by %s\n", kernel_view_name(look->view));
	if (detail)
		render_slot_details(stdout, &look->state, detail);
	if (look->options->stage2)
		print_mappings(look);
	return look->status;
}

static int read_look(struct look *look, struct slotscope_error *err)
{
	if (look->options->details)
		return kernel_view_details(look->view, look->process, look->vm,
					   &look->state, &look->detail, err);
	return kernel_view_read(look->view, look->process, look->vm,
				&look->state, err);
}

static int show(const struct slots_options *options)
{
	struct slotscope_error err = {};
	struct kernel_view view;
	struct process process;
	struct vm_id vm;
	struct look look = {
		.options = options,
		.view = &view,
		.process = &process,
		.vm = &vm,
	};
	int ret;

	if (process_open(options->pid, &process, &err))
		return cmd_fail(&err);
	ret = find_vm(&process, options->fd, &vm, &err);
	if (ret) {
		ret = cmd_fail(&err);
		goto close_process;
	}
	ret = kernel_view_open(&view, options->source, NULL,
			       cmd_globals.verbose, &err);
	if (ret) {
		ret = cmd_fail(&err);
		goto close_process;
	}
	ret = read_look(&look, &err) ? cmd_fail(&err) : print_look(&look);
	slot_state_deinit(&look.state);
	vm_detail_deinit(&look.detail);
	kernel_view_close(&view);
close_process:
	process_close(&process);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct slots_options options = { .fd = -1 };
	struct vm_name name = { .fd = -1 };
	struct moment at = { .kind = MOMENT_END };
	const char *input = NULL;
	struct slotscope_error err = {};
	int opt, exit;

	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case 'p':
			if (cmd_parse_pid(optarg, &options.pid, &err))
				return cmd_fail(&err);
			break;
		case OPT_FD:
			if (cmd_parse_fd(optarg, &options.fd, &err))
				return cmd_fail(&err);
			break;
		case 'i':
			if (look_once(&input, &err))
				return cmd_fail(&err);
			break;
		case OPT_AT:
			if (moment_parse(optarg, &at, &err))
				return cmd_fail(&err);
			break;
		case OPT_VM:
			if (vm_name_parse(optarg, &name, &err))
				return cmd_fail(&err);
			break;
		case OPT_FROM:
			if (!strcmp(optarg, "module"))
				options.source = KERNEL_BY_MODULE;
			else if (!strcmp(optarg, "bpf"))
				options.source = KERNEL_BY_BPF;
			else
				return cmd_usage(
					cmd, "--from %s: it is module or bpf",
					optarg);
			break;
		case 'o':
			if (table_choose(optarg, slot_columns, SLOT_COLUMNS,
					 &err))
				return cmd_fail(&err);
			break;
		case OPT_DETAILS:
			options.details = true;
			break;
		case OPT_STAGE2:
			if (parse_range(optarg, &options, &err))
				return cmd_fail(&err);
			break;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc && !options.pid && is_process_number(argv[optind]))
		return cmd_usage(cmd, "extra word \"%s\": write --pid %s",
				 argv[optind], argv[optind]);
	if (optind < argc)
		return cmd_usage(cmd, "extra word \"%s\"", argv[optind]);
	if (input && (options.pid || options.fd >= 0 || options.source ||
		      options.details || options.stage2))
		return cmd_usage(cmd, "-i goes with --at and --vm alone");
	if (render_style.raw && (options.details || options.stage2))
		return cmd_usage(cmd, "--raw is one table: it goes without "
				      "--details and --stage2");
	cmd_page();
	if (input)
		return slots_recorded(input, &at, &name);
	if (at.kind != MOMENT_END || name.text)
		return cmd_usage(cmd, "--at and --vm go with -i");
	if (!options.pid)
		return cmd_usage(cmd, "no --pid given");
	return show(&options);
}

const struct cmd cmd_slots = {
	.name = "slots",
	.summary = "print the memory slots of one VM",
	.usage = "slots --pid PID [OPTIONS]\n"
		 "slots -i FILE [--at TIME] [OPTIONS]",
	.about =
		"Prints the memory slots that KVM holds for a VM, and the "
		"generation of each address space. KVM's own slots are marked. "
		"With -i: what VMs held at some time, as a recording tells.",
	.options = option_table,
	.ending =
		"Exit status: 0 done, 2 cut off or not told, 3 usage or error.",
	.run = run,
};
