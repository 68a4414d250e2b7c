// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "cmd/vm_options.h"

static const struct cmd_option option_table[] = {
	{ 'M', "machine", "NAME", "pc q35 microvm isapc",
	  "the board: pc, q35, microvm or isapc; behind it, after commas:\n"
	  "  max-ram-below-4g=SIZE: put less RAM below 4 GiB\n"
	  "  memory-backend=ID: this object is all RAM\n"
	  "  smm=on|off|auto: System Management Mode" },
	{ 'm', "memory", "SIZE", NULL,
	  "RAM: a number and K, M, G or T (default: M), such as 1.5G; "
	  "without -m: 128M. Behind it: slots=N,maxmem=SIZE: DIMMs can be "
	  "plugged, and how much there may be with all of them" },
	{ VM_OPT_OBJECT, "object", "KIND,id=ID,size=SIZE[,NAME=VALUE]...", NULL,
	  "host memory. KIND is memory-backend-ram, -file (mem-path=) or "
	  "-memfd (hugetlb=on, hugetlbsize=). All take share=, prealloc=, "
	  "reserve= (on, off), policy= (bind, preferred, interleave), "
	  "host-nodes=N-N" },
	{ VM_OPT_NUMA, "numa", "node,memdev=ID[,nodeid=N]", NULL,
	  "RAM is these objects, one behind the other" },
	{ VM_OPT_SMP, "smp", "N", NULL,
	  "vCPUs; default: 1. Also cpus=N, with sockets=, cores= and "
	  "threads= that fit it, of which no guest is told" },
	{ VM_OPT_ACCEL, "accel", "kvm[,NAME=VALUE]...", NULL,
	  "how KVM is used: kernel-irqchip=on|split|off, "
	  "kvm-shadow-mem=BYTES, dirty-ring-size=N; -M pc takes these too" },
	{ VM_OPT_DIRTY_LOG, "dirty-log", "HOW", "bitmap clear ring",
	  "find dirty pages by bitmap, clear (protected again apart), or "
	  "ring[=N]; default: clear if KVM can, else bitmap" },
	{ VM_OPT_BIOS, "bios", "FILE", VALUES_FILES,
	  "firmware; default: one of our own, which tests RAM and ROM, "
	  "tells the result on the debug console, and halts" },
	{ VM_OPT_VGA_WINDOW, "vga-window", NULL, NULL,
	  "have a graphics card's window at 0xa0000" },
	{ VM_OPT_GUEST_MEMFD, "guest-memfd", NULL, NULL,
	  "have pc.ram in a guest_memfd, private where KVM can" },
	{ VM_OPT_KEEP_OUT, "keep-vcpus-out", NULL, NULL,
	  "change slots at the end of a commit, all deletions first, with "
	  "no vCPU in KVM if something is gone for a moment" },
	{ VM_OPT_TEST_DEVICE, "test-device", NULL, NULL,
	  "have a device at 0xd0000 and port 0xe000, for guests that test "
	  "what becomes of their accesses" },
	{ VM_OPT_QMP, "qmp", "ADDRESS", VALUES_FILES,
	  "where the monitor listens: unix:PATH or @NAME (abstract); "
	  "default: @slotscope-qmp-PID" },
	{ VM_OPT_PAUSED, "paused", NULL, NULL,
	  "do not run the guest until the monitor's cont" },
	{ VM_OPT_STOPPED, "stopped", NULL, NULL,
	  "raise SIGSTOP before /dev/kvm is opened, so that a tracer can "
	  "be attached before the first ioctl" },
	{ VM_OPT_EXIT, "exit-after-halt", NULL, NULL,
	  "end when the guest has halted with interrupts off: nothing can "
	  "wake it. SeaBIOS does not, it waits with a timer on: for that "
	  "use the monitor's quit or timeout(1), and --debugcon to see "
	  "what it says" },
	{ VM_OPT_EXPLAIN, "explain", "[=summary]", "summary",
	  "tell how the VM is made: each step, what it changed, the "
	  "requests to KVM, where to read on in QEMU and in Linux; at the "
	  "end all of it on one page, or that alone (summary)" },
	{ VM_OPT_STEP, "step", NULL, NULL,
	  "the same, and wait before each step: Enter goes on, b back, ? "
	  "tells of more: jump, search, the tree now" },
	{ VM_OPT_HTML, "html", "FILE", VALUES_FILES,
	  "with --explain, write a page for a browser, too: the story, a "
	  "step at a time, with the structures before and after it" },
	{ VM_OPT_DEBUGCON, "debugcon", NULL, NULL,
	  "show what the guest writes to port 0x402; so does -v" },
	{ VM_OPT_FAULT, "fault", "KIND",
	  "skip-slot unmap ignore-refusal wrong-hva short-slot "
	  "read-only late-delete seed=",
	  "break the VM on purpose, to try a checker on it. It acts on "
	  "the RAM above 4 GiB, or else above 1 MiB, which the firmware "
	  "of our own does not need. The monitor does not know of it:\n"
	  "  skip-slot: its slot is never registered\n"
	  "  unmap: host memory in its middle is unmapped\n"
	  "  ignore-refusal: its slot is requested with an address that KVM "
	  "refuses; carry on as if done\n"
	  "  wrong-hva: its slot is that of the RAM's beginning\n"
	  "  short-slot: its slot is half of it\n"
	  "  read-only: its slot is read-only\n"
	  "  late-delete: once the VM runs, its slot is deleted\n"
	  "  seed=N: one of these, by N; it is not told which" },
	{ 'V', "version", NULL, NULL, "the version" },
	CMD_JSON("tell what happens in JSON, an object a line"),
	CMD_COMMON
};

const struct cmd cmd_vm = {
	.name = "vm",
	.summary = "run our own VMM",
	.usage = "vm [-M BOARD] [-m SIZE] [OPTIONS]",
	.about =
		"Runs a VM whose guest memory is that of QEMU 7.2 with the same "
		"-M and -m and -nodefaults -vga none. Memory that the guest "
		"does not touch is not allocated. It runs until it is told to "
		"quit: by its monitor, SIGINT, SIGTERM or SIGHUP.",
	.options = option_table,
	.ending =
		"The monitor speaks QMP, to processes of the same user or root. "
		"It has query-status, query-version, query-kvm, query-commands, "
		"stop, cont, system_reset, quit, and human-monitor-command with "
		"info mtree [-f] [-o] [-D], info ramblock, info status, info "
		"kvm, gpa2hva, stop, cont, system_reset, quit, help. Both have "
		"object_add and object_del (QMP: object-add, object-del) for "
		"memory backends, and device_add and device_del for pc-dimm. "
		"QMP has the events STOP, RESUME, RESET, SHUTDOWN and "
		"DEVICE_DELETED. To see what the guest writes to: dirty_log "
		"start|stop|clear [migration|vga], info dirty_log [-p].\n\n"
		"Exit status: 0 it ran and was told to end, 3 usage or error.",
	.one_dash = true,
	.run = vm_command,
};
