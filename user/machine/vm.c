// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads. The main one owns memory model, slots and monitor, and waits in
 * poll(2) for signals, clients and news of the vCPU. The vCPU's thread runs the
 * guest, and touches nothing of these but the debug console's line.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kvm/kvm.h"
#include "kvm/listener.h"
#include "kvm/vcpu.h"
#include "machine/bios.h"
#include "machine/debugcon.h"
#include "machine/firmware.h"
#include "machine/monitor.h"
#include "machine/pc.h"
#include "machine/ram.h"
#include "machine/vm.h"

#define RAM_BLOCKS 3 /* pc.ram, pc.bios, pc.rom */

struct vm {
	const struct vm_options *options;
	struct kvm_fault fault;
	struct bios bios;
	struct machine machine;
	struct machine_options board;
	struct machine_ops ops;
	struct kvm_state kvm;
	struct kvm_memory_listener listener;
	struct vcpu cpu;
	struct debugcon debugcon;
	struct monitor_target target;
	struct monitor *monitor;
	int signal_fd;
	bool paused;
	bool launched; /* it has run before */
	bool ended;    /* it will not run again */
	bool quit;
	struct {
		const char *name;
		void *host;
		uint64_t size;
	} ram[RAM_BLOCKS];
	size_t nr_ram;
};

static void tell(const struct vm *vm, enum vm_event event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(const struct vm *vm, enum vm_event event, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vm->options->tell(event, text);
}

/* The guest's I/O, in the vCPU's thread */

static void pio_write(void *opaque, uint16_t port, uint8_t value)
{
	struct vm *vm = opaque;

	if (port == DEBUGCON_PORT)
		debugcon_putc(&vm->debugcon, value);
}

static uint8_t pio_read(void *opaque, uint16_t port)
{
	return port == DEBUGCON_PORT ? DEBUGCON_PRESENT : 0xff;
}

static void guest_line(void *opaque, const char *text)
{
	const struct vm *vm = opaque;

	vm->options->tell(VM_EVENT_GUEST, text);
}

/* The monitor's commands */

static const char *monitor_status(void *opaque)
{
	struct vm *vm = opaque;

	if (vcpu_status(&vm->cpu, NULL, NULL) == VCPU_STOPPED)
		return "internal-error";
	if (vm->paused)
		return vm->launched ? "paused" : "prelaunch";
	return "running";
}

static void monitor_stop(void *opaque)
{
	struct vm *vm = opaque;

	vcpu_pause(&vm->cpu);
	vm->paused = true;
}

static void launch(struct vm *vm)
{
	vm->paused = false;
	vm->launched = true;
	vcpu_resume(&vm->cpu);
}

static bool monitor_cont(void *opaque)
{
	struct vm *vm = opaque;

	if (vcpu_status(&vm->cpu, NULL, NULL) == VCPU_STOPPED)
		return false;
	launch(vm);
	return true;
}

static void monitor_quit(void *opaque)
{
	struct vm *vm = opaque;

	vm->quit = true;
}

/* Building it */

static int alloc_ram(void *opaque, const char *name, uint64_t size,
		     struct ram_block_options *ram, struct slotscope_error *err)
{
	struct vm *vm = opaque;
	void *host;
	int ret;

	if (vm->nr_ram == RAM_BLOCKS)
		return error_set(err, ENOSPC, "make room for %s", name);
	ret = ram_map(name, size, &host, err);
	if (ret)
		return ret;
	vm->ram[vm->nr_ram].name = name;
	vm->ram[vm->nr_ram].host = host;
	vm->ram[vm->nr_ram++].size = size;
	ram->host = host;
	return 0;
}

static void *ram_host(const struct vm *vm, const char *name)
{
	size_t i;

	for (i = 0; i < vm->nr_ram; i++)
		if (!strcmp(vm->ram[i].name, name))
			return vm->ram[i].host;
	return NULL;
}

/* What is known of the board before there is KVM */
static struct ram_layout layout(const struct vm *vm)
{
	const struct machine_options options = {
		.ram_size = vm->options->ram_size,
	};

	return ram_layout(vm->options->class->ram_board, &options);
}

/*
 * The slot that faults act on: the one above 4 GiB, or else that from 1 MiB up.
 * Our own firmware needs neither.
 */
static int choose_fault(struct vm *vm, struct slotscope_error *err)
{
	struct ram_layout l = layout(vm);

	vm->fault.kind = vm->options->fault;
	vm->fault.gpa = l.above_4g ? l.above_4g_start : 1ULL << 20;
	if (vm->fault.kind == KVM_FAULT_NONE || l.above_4g ||
	    l.below_4g > vm->fault.gpa)
		return 0;
	error_set(err, EINVAL, "break the VM on purpose (%s)",
		  kvm_fault_name(vm->fault.kind));
	error_why(err, "all of its RAM is what the firmware needs");
	return error_next(err, "use -m 2M or more");
}

/* What stands in the way of the board, or was refused while it was built */
static int build_board(struct vm *vm, struct slotscope_error *err)
{
	int ret;

	vm->board = (struct machine_options){
		.ram_size = vm->options->ram_size,
		.nr_cpus = 1,
		.phys_bits = vm->kvm.phys_bits,
		.bios_size = vm->bios.size,
		.vga_window = vm->options->vga_window,
	};
	vm->ops = (struct machine_ops){ .alloc = alloc_ram, .opaque = vm };
	ret = machine_init(&vm->machine, vm->options->class, &vm->board,
			   &vm->ops, err);
	if (ret)
		return ret;
	if (vm->listener.error.code) {
		*err = vm->listener.error;
		return -err->code;
	}
	return bios_load(&vm->bios, ram_host(vm, "pc.bios"), err);
}

static void free_ram(struct vm *vm)
{
	while (vm->nr_ram) {
		vm->nr_ram--;
		ram_unmap(vm->ram[vm->nr_ram].host, vm->ram[vm->nr_ram].size);
	}
}

/* In QEMU's order: KVM listens before there is anything to hear */
static int start(struct vm *vm, struct slotscope_error *err)
{
	const struct vcpu_ops io = { pio_write, pio_read, vm };
	int ret;

	ret = memory_model_create(NULL, &vm->machine.model, err);
	if (ret)
		return ret;
	ret = kvm_init(&vm->kvm, err);
	if (ret)
		goto err_model;
	ret = memory_map_init(vm->machine.model, &vm->machine, err);
	if (ret)
		goto err_kvm;
	ret = kvm_memory_listener_register(&vm->listener, &vm->kvm,
					   vm->machine.memory, &vm->fault, err);
	if (ret)
		goto err_kvm;
	ret = kvm_init_vcpu(&vm->cpu, &vm->kvm, &io, err);
	if (ret)
		goto err_listener;
	ret = build_board(vm, err);
	if (ret)
		goto err_vcpu;
	vm->target = (struct monitor_target){
		.model = vm->machine.model,
		.memory = vm->machine.memory,
		.status = monitor_status,
		.stop = monitor_stop,
		.cont = monitor_cont,
		.quit = monitor_quit,
		.opaque = vm,
	};
	ret = monitor_create(vm->options->qmp, &vm->target, &vm->monitor, err);
	if (ret)
		goto err_vcpu;
	return 0;

err_vcpu:
	vcpu_deinit(&vm->cpu);
err_listener:
	kvm_memory_listener_unregister(&vm->listener);
err_kvm:
	kvm_deinit(&vm->kvm);
err_model:
	memory_model_destroy(vm->machine.model);
	machine_deinit(&vm->machine);
	free_ram(vm);
	return ret;
}

static void end(struct vm *vm)
{
	monitor_destroy(vm->monitor);
	vcpu_deinit(&vm->cpu);
	debugcon_flush(&vm->debugcon);
	kvm_memory_listener_unregister(&vm->listener);
	kvm_deinit(&vm->kvm);
	memory_model_destroy(vm->machine.model);
	machine_deinit(&vm->machine);
	free_ram(vm);
}

/* Running it */

static void tell_started(const struct vm *vm)
{
	uint64_t kib = vm->options->ram_size >> 10;
	char unit = 'K';

	if (kib % 1024 == 0) {
		kib /= 1024;
		unit = 'M';
	}
	if (unit == 'M' && kib % 1024 == 0) {
		kib /= 1024;
		unit = 'G';
	}
	tell(vm, VM_EVENT_STARTED, "pid %d, -M %s -m %" PRIu64 "%c, qmp %s",
	     getpid(), vm->options->class->name, kib, unit,
	     monitor_address(vm->monitor));
}

/*
 * The two faults in requests have acted by now, while the board was built. The
 * third acts on a VM that runs.
 */
static int apply_fault(struct vm *vm, struct slotscope_error *err)
{
	struct ram_layout l = layout(vm);
	uint64_t offset = l.above_4g ? l.below_4g : vm->fault.gpa;
	gpa_t hole;
	int64_t len;

	if (vm->fault.kind == KVM_FAULT_NONE)
		return 0;
	if (vm->fault.kind != KVM_FAULT_UNMAP) {
		tell(vm, VM_EVENT_FAULT, "fault %s: slot %u at 0x%" PRIx64,
		     kvm_fault_name(vm->fault.kind), vm->fault.slot,
		     vm->fault.gpa);
		return 0;
	}
	len = kvm_fault_unmap(&vm->fault,
			      (char *)ram_host(vm, "pc.ram") + offset,
			      vm->options->ram_size - offset, &hole, err);
	if (len < 0)
		return len;
	tell(vm, VM_EVENT_FAULT,
	     "fault unmap: %" PRId64 " KiB at 0x%" PRIx64
	     " have no host memory",
	     len >> 10, hole);
	return 0;
}

/* The vCPU's status has changed */
static int handle_vcpu(struct vm *vm, struct slotscope_error *err)
{
	enum vcpu_status status;
	struct vcpu_counts counts;
	uint64_t drained;

	(void)!read(vm->cpu.notify_fd, &drained, sizeof(drained));
	status = vcpu_status(&vm->cpu, &counts, err);
	if (vm->ended || (status != VCPU_HALTED && status != VCPU_STOPPED)) {
		*err = (struct slotscope_error){};
		return 0;
	}
	vm->ended = true;
	vm->quit = vm->options->exit_after_halt;
	/* Its thread waits for good, and writes there no more */
	debugcon_flush(&vm->debugcon);
	if (status == VCPU_HALTED) {
		tell(vm, VM_EVENT_HALTED,
		     "the guest has halted, after %" PRIu64 " port and "
		     "%" PRIu64 " memory exits",
		     counts.pio, counts.mmio);
		return 0;
	}
	tell(vm, VM_EVENT_FAILED, "the guest cannot run on: %s: %s", err->tried,
	     err->why);
	return vm->quit ? -err->code : 0;
}

static int loop(struct vm *vm, struct slotscope_error *err)
{
	struct pollfd fds[2 + MONITOR_FDS];
	size_t nr;
	int ret = 0;

	while (!ret && !vm->quit) {
		fds[0] = (struct pollfd){ vm->signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ vm->cpu.notify_fd, POLLIN, 0 };
		nr = 2 + monitor_poll_fds(vm->monitor, fds + 2);
		if (poll(fds, nr, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_set(err, errno,
					 "wait for something to do");
		}
		if (fds[0].revents)
			vm->quit = true;
		if (fds[1].revents)
			ret = handle_vcpu(vm, err);
		monitor_handle(vm->monitor, fds + 2, nr - 2);
	}
	return ret;
}

static int run(struct vm *vm, struct slotscope_error *err)
{
	int ret;

	if (vm->options->stopped) {
		tell(vm, VM_EVENT_STOPPING,
		     "pid %d stops, before it opens KVM: kill -CONT %d",
		     getpid(), getpid());
		raise(SIGSTOP);
	}
	ret = start(vm, err);
	if (ret)
		return ret;
	tell_started(vm);
	vm->paused = true;
	if (!vm->options->paused)
		launch(vm);
	ret = apply_fault(vm, err);
	if (!ret)
		ret = loop(vm, err);
	tell(vm, VM_EVENT_ENDING, "ends");
	end(vm);
	return ret;
}

int vm_run(const struct vm_options *options, struct slotscope_error *err)
{
	struct vm vm = { .options = options };
	struct signalfd_siginfo info;
	sigset_t mask, old;
	int ret;

	vm.debugcon.line = guest_line;
	vm.debugcon.opaque = &vm;
	ret = choose_fault(&vm, err);
	if (ret)
		return ret;
	ret = bios_open(options->bios, PC_BIOS_SIZE_UNIT, PC_BIOS_SIZE_MAX,
			PC_BIOS_SIZE_DEFAULT, &vm.bios, err);
	if (ret)
		return ret;
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	vm.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (vm.signal_fd < 0) {
		ret = error_set(err, errno, "wait for signals (signalfd)");
		goto out_bios;
	}
	sigprocmask(SIG_BLOCK, &mask, &old);
	ret = run(&vm, err);
	/* Those that made us end are done with */
	while (read(vm.signal_fd, &info, sizeof(info)) > 0)
		;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(vm.signal_fd);
out_bios:
	bios_close(&vm.bios);
	return ret;
}
