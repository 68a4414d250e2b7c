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
#include "cmd/program.h"
#include "kvm/options.h"
#include "machine/options.h"
#include "machine/vm.h"
#include "render/document.h"
#include "vmm/vm_explain.h"

enum {
	OPT_BIOS = CMD_OPT_FIRST_OWN,
	OPT_QMP,
	OPT_FAULT,
	OPT_STOPPED,
	OPT_PAUSED,
	OPT_EXIT,
	OPT_DEBUGCON,
	OPT_EXPLAIN,
	OPT_STEP,
	OPT_VGA_WINDOW,
	OPT_OBJECT,
	OPT_NUMA,
	OPT_ACCEL,
	OPT_SMP,
	OPT_DIRTY_LOG,
	OPT_TEST_DEVICE,
	OPT_KEEP_OUT,
	OPT_GUEST_MEMFD,
	OPT_VERSION,
};

static const char help[] =
	"usage: slotscope vm [-M BOARD] [-m SIZE] [OPTIONS]\n"
	"\n"
	"Runs a VM whose guest memory is that of QEMU 7.2 with the same -M and -m and\n"
	"-nodefaults -vga none. Memory that the guest does not touch is not allocated.\n"
	"It runs until it is told to quit: by its monitor, SIGINT, SIGTERM or SIGHUP.\n"
	"\n"
	"  -M NAME, --machine NAME  the board: pc, q35, microvm or isapc; behind it,\n"
	"                   after commas:\n"
	"                     max-ram-below-4g=SIZE  put less RAM below 4 GiB\n"
	"                     memory-backend=ID      this object is all RAM\n"
	"                     smm=on|off|auto        System Management Mode\n"
	"  -m SIZE, --memory SIZE   RAM: a number and K, M, G or T (default: M), such as\n"
	"                   1.5G; without -m: 128M. Behind it: slots=N,maxmem=SIZE: DIMMs\n"
	"                   can be plugged, and how much there may be with all of them\n"
	"  --object KIND,id=ID,size=SIZE[,NAME=VALUE]...  host memory. KIND is\n"
	"                   memory-backend-ram, -file (mem-path=) or -memfd (hugetlb=on,\n"
	"                   hugetlbsize=). All take share=, prealloc=, reserve= (on,\n"
	"                   off), policy= (bind, preferred, interleave), host-nodes=N-N\n"
	"  --numa node,memdev=ID[,nodeid=N]  RAM is these objects, one behind the other\n"
	"  --smp N          vCPUs; default: 1. Also cpus=N, with sockets=, cores= and\n"
	"                   threads= that fit it, of which no guest is told\n"
	"  --accel kvm[,kernel-irqchip=on|split|off][,kvm-shadow-mem=BYTES]\n"
	"      [,dirty-ring-size=N]  how KVM is used; -M pc takes these too\n"
	"  --dirty-log HOW  find dirty pages by bitmap, clear (protected again apart),\n"
	"                   or ring[=N]; default: clear if KVM can, else bitmap\n"
	"  --bios FILE      firmware; default: one of our own, which tests RAM and ROM,\n"
	"                   tells the result on the debug console, and halts\n"
	"  --vga-window     have a graphics card's window at 0xa0000\n"
	"  --guest-memfd    have pc.ram in a guest_memfd, private where KVM can\n"
	"  --keep-vcpus-out change slots at the end of a commit, all deletions first,\n"
	"                   with no vCPU in KVM if something is gone for a moment\n"
	"  --test-device    have a device at 0xd0000 and port 0xe000, for guests that\n"
	"                   test what becomes of their accesses\n"
	"  --qmp ADDRESS    where the monitor listens: unix:PATH or @NAME\n"
	"                   (abstract); default: @slotscope-qmp-PID\n"
	"  --paused         do not run the guest until the monitor's cont\n"
	"  --stopped        raise SIGSTOP before /dev/kvm is opened, so that a tracer\n"
	"                   can be attached before the first ioctl\n"
	"  --exit-after-halt  end when the guest has halted with interrupts off: nothing\n"
	"                   can wake it. SeaBIOS does not, it waits with a timer on: for\n"
	"                   that use the monitor's quit or timeout(1), and --debugcon to\n"
	"                   see what it says\n"
	"  --explain        tell how the VM is made: each step, what it changed, the\n"
	"                   requests to KVM, where to read on in QEMU and in Linux\n"
	"  --step           the same, and wait for Enter before each step\n"
	"  --debugcon       show what the guest writes to port 0x402; so does -v\n"
	"  --fault KIND     break the VM on purpose, to try a checker on it. It acts on\n"
	"                   the RAM above 4 GiB, or else above 1 MiB, which the firmware\n"
	"                   of our own does not need. The monitor does not know of it:\n"
	"                     skip-slot       its slot is never registered\n"
	"                     unmap           host memory in its middle is unmapped\n"
	"                     ignore-refusal  its slot is requested with an address\n"
	"                                     that KVM refuses; carry on as if done\n"
	"                     wrong-hva       its slot is that of the RAM's beginning\n"
	"                     short-slot      its slot is half of it\n"
	"                     read-only       its slot is read-only\n"
	"                     late-delete     once the VM runs, its slot is deleted\n"
	"                     seed=N          one of these, by N; it is not told which\n"
	"  --version        the version\n"
	"  --json           tell what happens in JSON, an object a line\n"
	"  -v, --verbose    say more on standard error\n"
	"  -h, --help       this text\n"
	"\n"
	"The monitor speaks QMP, to processes of the same user or root. It has\n"
	"query-status, query-version, query-kvm, query-commands, stop, cont,\n"
	"system_reset, quit, and human-monitor-command with info mtree [-f] [-o] [-D],\n"
	"info ramblock, info status, info kvm, gpa2hva, stop, cont, system_reset, quit,\n"
	"help. Both have object_add and object_del (QMP: object-add, object-del) for\n"
	"memory backends, and device_add and device_del for pc-dimm. QMP has the events\n"
	"STOP, RESUME, RESET, SHUTDOWN and DEVICE_DELETED. To see what the\n"
	"guest writes to: dirty_log start|stop|clear [migration|vga],\n"
	"info dirty_log [-p].\n"
	"\n"
	"Exit status: 0 it ran and was told to end, 3 usage or error.\n";

static const struct cmd cmd = { .name = "vm", .help = help };

static const struct option options[] = {
	{ "machine", required_argument, NULL, 'M' },
	{ "memory", required_argument, NULL, 'm' },
	{ "bios", required_argument, NULL, OPT_BIOS },
	{ "vga-window", no_argument, NULL, OPT_VGA_WINDOW },
	{ "object", required_argument, NULL, OPT_OBJECT },
	{ "numa", required_argument, NULL, OPT_NUMA },
	{ "accel", required_argument, NULL, OPT_ACCEL },
	{ "smp", required_argument, NULL, OPT_SMP },
	{ "dirty-log", required_argument, NULL, OPT_DIRTY_LOG },
	{ "guest-memfd", no_argument, NULL, OPT_GUEST_MEMFD },
	{ "keep-vcpus-out", no_argument, NULL, OPT_KEEP_OUT },
	{ "test-device", no_argument, NULL, OPT_TEST_DEVICE },
	{ "qmp", required_argument, NULL, OPT_QMP },
	{ "paused", no_argument, NULL, OPT_PAUSED },
	{ "stopped", no_argument, NULL, OPT_STOPPED },
	{ "exit-after-halt", no_argument, NULL, OPT_EXIT },
	{ "debugcon", no_argument, NULL, OPT_DEBUGCON },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "step", no_argument, NULL, OPT_STEP },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "version", no_argument, NULL, OPT_VERSION },
	CMD_COMMON_LONG,
	{},
};

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

static int run(int argc, char **argv)
{
	static struct machine_config config; /* large */
	struct vm_options vm = { .config = &config, .tell = tell };
	struct slotscope_error err = {};
	bool explain = false, step = false;
	int opt, exit, ret = 0;

	config.kvm = &vm.kvm;
	/* "long only", so that QEMU's own -bios FILE works too */
	while (!ret &&
	       (opt = cmd_getopt(getopt_long_only, argc, argv,
				 ":" CMD_COMMON_SHORT "M:m:", options)) != -1) {
		switch (opt) {
		case 'M':
			ret = config_machine(&config, optarg, &err);
			break;
		case 'm':
			ret = config_memory(&config, optarg, &err);
			break;
		case OPT_OBJECT:
			ret = config_object(&config, optarg, &err);
			break;
		case OPT_NUMA:
			ret = config_numa(&config, optarg, &err);
			break;
		case OPT_BIOS:
			vm.bios = optarg;
			break;
		case OPT_ACCEL:
			ret = kvm_accel_parse(optarg, &vm.kvm, &err);
			break;
		case OPT_SMP:
			ret = config_smp(&config, optarg, &err);
			break;
		case OPT_DIRTY_LOG:
			ret = kvm_dirty_parse(optarg, &vm.kvm, &err);
			break;
		case OPT_GUEST_MEMFD:
			vm.kvm.guest_memfd = true;
			break;
		case OPT_KEEP_OUT:
			vm.kvm.queue_slots = true;
			break;
		case OPT_TEST_DEVICE:
			vm.test_device = true;
			break;
		case OPT_VGA_WINDOW:
			vm.vga_window = true;
			break;
		case OPT_QMP:
			/* A word alone would leave a file where we stand */
			if (optarg[0] != '@' && !strchr(optarg, '/') &&
			    strncmp(optarg, "unix:", 5))
				return cmd_usage(
					&cmd,
					"--qmp %.80s: write unix:%.80s "
					"for a socket in this folder, "
					"@%.80s for an abstract one",
					optarg, optarg, optarg);
			vm.qmp = optarg;
			break;
		case OPT_PAUSED:
			vm.paused = true;
			break;
		case OPT_STOPPED:
			vm.stopped = true;
			break;
		case OPT_EXIT:
			vm.exit_after_halt = true;
			break;
		case OPT_DEBUGCON:
			show_debugcon = true;
			break;
		case OPT_EXPLAIN:
			explain = true;
			break;
		case OPT_STEP:
			explain = step = true;
			break;
		case OPT_FAULT:
			ret = parse_fault(optarg, &vm, &err);
			break;
		case OPT_VERSION:
			puts("slotscope-vm " SLOTSCOPE_VERSION);
			return CMD_OK;
		default:
			if (cmd_common_opt(&cmd, opt, argv, &exit))
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
		return cmd_usage(&cmd, "\"%.60s\" is one word too many",
				 argv[optind]);
	show_debugcon |= cmd_globals.verbose;
	if (explain)
		explain_start(step);
	ret = vm_run(&vm, &err);
	explain_stop();
	return ret ? cmd_fail(&err) : CMD_OK;
}

int main(int argc, char **argv)
{
	return program_main(argc, argv, run);
}
