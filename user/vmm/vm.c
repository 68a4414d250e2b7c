// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slotscope-vm, our own VMM: a program of its own, so that it is not in the one that
 * may look into every process.
 */
#include <errno.h>
#include <signal.h>
#include <slotscope/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "cmd/cmd.h"
#include "cmd/page.h"
#include "cmd/program.h"
#include "cmd/vm_options.h"
#include "kvm/options.h"
#include "machine/options.h"
#include "machine/vm.h"
#include "render/document.h"
#include "vmm/vm_explain.h"

static bool show_debugcon;

/* Called by two threads; a line is one call of stdio, which locks */
static void tell_text(enum vm_event event, const char *text)
{
	if (event == VM_EVENT_GUEST)
		printf("guest: %s\n", text);
	else
		fprintf(stderr, "slotscope vm: %s\n", text);
}

static void tell_json(enum vm_event event, const char *text)
{
	static const char *const names[] = {
		[VM_EVENT_STOPPING] = "stopping",
		[VM_EVENT_STARTED] = "started",
		[VM_EVENT_LACKS] = "lacks",
		[VM_EVENT_FAULT] = "fault",
		[VM_EVENT_GUEST] = "guest",
		[VM_EVENT_REFUSED] = "refused",
		[VM_EVENT_RESET] = "reset",
		[VM_EVENT_SHUTDOWN] = "shutdown",
		[VM_EVENT_HALTED] = "halted",
		[VM_EVENT_FAILED] = "failed",
		[VM_EVENT_ENDING] = "ending",
	};
	struct json_object *obj = json_object_new_object();

	if (obj && (json_put_str(obj, "event", names[event]) ||
		    json_put_str(obj, "text", text))) {
		json_object_put(obj);
		obj = NULL;
	}
	render_document(stdout, obj);
}

static void tell(enum vm_event event, const char *text)
{
	if (event == VM_EVENT_GUEST && !show_debugcon)
		return;
	if (cmd_globals.json)
		tell_json(event, text);
	else
		tell_text(event, text);
	/* A reader of standard output that sleeps holds up no other words */
	if (cmd_globals.json || event == VM_EVENT_GUEST)
		cmd_flush();
}

/* "seed=N", or the name of a fault */
static int parse_fault(const char *text, struct vm_options *vm,
		       struct slotscope_error *err)
{
	char *end;
	uint64_t seed;

	vm->fault_untold = !strncmp(text, "seed=", 5);
	if (!vm->fault_untold)
		return kvm_fault_parse(text, &vm->fault, err);
	seed = strtoull(text + 5, &end, 0);
	if (!text[5] || text[5] == '-' || *end) {
		error_set(err, EINVAL, "read the fault \"%.40s\"", text);
		error_why(err, "behind seed= a number is expected");
		return error_next(err, "give --fault seed=1, say");
	}
	vm->fault = kvm_fault_of_seed(seed);
	return 0;
}

static int parse_explain(const char *text, enum explain_how *how,
			 struct slotscope_error *err)
{
	if (!strcmp(text, "summary")) {
		*how = EXPLAIN_SUMMARY;
		return 0;
	}
	error_set(err, EINVAL, "tell the story as \"%.40s\"", text);
	error_why(err, "it is told whole, or as a summary");
	return error_next(err, "give --explain or --explain=summary");
}

int vm_command(const struct cmd *cmd, int argc, char **argv)
{
	static struct machine_config config; /* large */
	struct vm_options vm = { .config = &config, .tell = tell };
	struct slotscope_error err = {};
	enum explain_how how = EXPLAIN_ALL;
	bool explain = false, page = false;
	int opt, exit, ret = 0;

	config.kvm = &vm.kvm;
	/* "long only", so that QEMU's own -bios FILE works too */
	while (!ret && (opt = cmd_getopt(cmd, argc, argv)) != -1) {
		switch (opt) {
		case 'M':
			ret = config_machine(&config, optarg, &err);
			break;
		case 'm':
			ret = config_memory(&config, optarg, &err);
			break;
		case VM_OPT_OBJECT:
			ret = config_object(&config, optarg, &err);
			break;
		case VM_OPT_NUMA:
			ret = config_numa(&config, optarg, &err);
			break;
		case VM_OPT_BIOS:
			vm.bios = optarg;
			break;
		case VM_OPT_ACCEL:
			ret = kvm_accel_parse(optarg, &vm.kvm, &err);
			break;
		case VM_OPT_SMP:
			ret = config_smp(&config, optarg, &err);
			break;
		case VM_OPT_DIRTY_LOG:
			ret = kvm_dirty_parse(optarg, &vm.kvm, &err);
			break;
		case VM_OPT_GUEST_MEMFD:
			vm.kvm.guest_memfd = true;
			break;
		case VM_OPT_KEEP_OUT:
			vm.kvm.queue_slots = true;
			break;
		case VM_OPT_TEST_DEVICE:
			vm.test_device = true;
			break;
		case VM_OPT_VGA_WINDOW:
			vm.vga_window = true;
			break;
		case VM_OPT_QMP:
			/* A word alone would leave a file where we stand */
			if (optarg[0] != '@' && !strchr(optarg, '/') &&
			    strncmp(optarg, "unix:", 5))
				return cmd_usage(
					cmd,
					"--qmp %.80s: write unix:%.80s "
					"for a socket in this folder, "
					"@%.80s for an abstract one",
					optarg, optarg, optarg);
			vm.qmp = optarg;
			break;
		case VM_OPT_PAUSED:
			vm.paused = true;
			break;
		case VM_OPT_STOPPED:
			vm.stopped = true;
			break;
		case VM_OPT_EXIT:
			vm.exit_after_halt = true;
			break;
		case VM_OPT_DEBUGCON:
			show_debugcon = true;
			break;
		case VM_OPT_EXPLAIN:
			explain = true;
			if (optarg)
				ret = parse_explain(optarg, &how, &err);
			break;
		case VM_OPT_STEP:
			explain = true;
			how = EXPLAIN_STEP;
			break;
		case VM_OPT_HTML:
			ret = page_to(optarg, &err);
			page = true;
			break;
		case VM_OPT_FAULT:
			ret = parse_fault(optarg, &vm, &err);
			break;
		case 'V':
			puts("slotscope-vm " SLOTSCOPE_VERSION);
			return CMD_OK;
		default:
			if (cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (!ret && optind == argc)
		ret = config_finish(&config, &vm.board, &err);
	if (ret && !err.next[0])
		error_next(&err, "see slotscope vm --help, or its man page");
	if (ret)
		return cmd_fail(&err);
	if (optind < argc)
		return cmd_usage(cmd, "\"%.60s\" is one word too many",
				 argv[optind]);
	if (page && !explain)
		return cmd_usage(cmd, "a page is of the story: --html goes "
				      "with --explain");
	if (how == EXPLAIN_SUMMARY && cmd_globals.json)
		return cmd_usage(cmd, "the summary is for people: with --json "
				      "--explain tells all");
	if (page_begin(&vm.bios, 1, &err))
		return cmd_fail(&err);
	show_debugcon |= cmd_globals.verbose;
	if (explain) {
		explain_start(how);
		vm.built = explain_built;
	}
	ret = vm_run(&vm, &err);
	explain_stop();
	return ret ? cmd_fail(&err) : CMD_OK;
}

static int run(int argc, char **argv)
{
	return vm_command(&cmd_vm, argc, argv);
}

int main(int argc, char **argv)
{
	return program_main(argc, argv, run);
}
