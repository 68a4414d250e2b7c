// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Putting a VMM together, and taking it apart. Its threads are the main one and
 * one for each vCPU; the lock that they share is told of in machine.h.
 */
#include <cpuid.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "kvm/private.h"
#include "machine/firmware.h"
#include "machine/pc.h"
#include "machine/smram.h"
#include "machine/vm_private.h"
#include "narrate/memory.h"
#include "narrate/narrate.h"

void vm_tell(const struct vm *vm, enum vm_event event, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vm->options->tell(event, text);
}

static void guest_line(void *opaque, const char *text)
{
	const struct vm *vm = opaque;

	vm->options->tell(VM_EVENT_GUEST, text);
}

/*
 * The slot that faults act on: the one above 4 GiB, or else that from 1 MiB up.
 * Our own firmware needs neither.
 */
static int choose_fault(struct vm *vm, struct slotscope_error *err)
{
	struct ram_layout l =
		ram_layout(vm->options->config->class->ram_board, &vm->board);

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

static unsigned int nr_cpus(const struct vm *vm)
{
	return vm->options->kvm.nr_cpus ? vm->options->kvm.nr_cpus : 1;
}

static uint64_t count_exits(void *opaque)
{
	const struct vm *vm = opaque;
	struct vcpu_counts counts;

	vcpus_status(&vm->cpus, &counts, NULL);
	return counts.pio + counts.mmio;
}

static bool host_is_amd(void)
{
	unsigned int max, vendor[3];

	return __get_cpuid(0, &max, &vendor[0], &vendor[2], &vendor[1]) &&
	       !memcmp(vendor, "AuthenticAMD", sizeof(vendor));
}

/* On if KVM has it, as QEMU's smm=auto */
static int choose_smm(struct vm *vm, struct slotscope_error *err)
{
	const struct machine_config *config = vm->options->config;

	vm->board.smm = config->smm_given ? config->smm :
					    vm->kvm.smm && !vm->kvm.guest_memfd;
	if (!vm->board.smm || (vm->kvm.smm && !vm->kvm.guest_memfd))
		return 0;
	error_set(err, ENOTSUP, "have System Management Mode (-M smm=on)");
	if (vm->kvm.smm) {
		error_why(err, "a guest_memfd cannot be in both of KVM's "
			       "address spaces");
		return error_next(err, "use smm=off, or no --guest-memfd");
	}
	error_why(err, "this KVM has no KVM_CAP_X86_SMM");
	return error_next(err, "use smm=off, or a kernel with CONFIG_KVM_SMM");
}

/* What stands in the way of the board, or was refused while it was built */
static int build_board(struct vm *vm, struct slotscope_error *err)
{
	static const enum machine_irqchip irqchips[] = {
		[KVM_IRQCHIP_ALL] = MACHINE_IRQCHIP_ON,
		[KVM_IRQCHIP_SPLIT] = MACHINE_IRQCHIP_SPLIT,
		[KVM_IRQCHIP_NONE] = MACHINE_IRQCHIP_OFF,
	};
	int ret;

	vm->board.nr_cpus = nr_cpus(vm);
	vm->board.irqchip = irqchips[vm->options->kvm.irqchip];
	vm->board.phys_bits = vm->kvm.phys_bits;
	vm->board.bios_size = vm->bios.size;
	vm->board.vga_window = vm->options->vga_window;
	ret = choose_smm(vm, err);
	if (ret)
		return ret;
	world_init(vm);
	ret = machine_init(&vm->machine, vm->options->config->class, &vm->board,
			   &vm->ops, err);
	if (!ret)
		ret = debugcon_add(&vm->machine, err);
	if (!ret && vm->options->test_device)
		ret = test_device_add(&vm->machine, count_exits, vm,
				      &vm->test_device, err);
	if (ret)
		return ret;
	if (vm->listener.error.code) {
		*err = vm->listener.error;
		return -err->code;
	}
	return bios_load(&vm->bios, vm_memory_own(&vm->memory, "pc.bios"),
			 vm->machine.class->bios_in_ram, err);
}

/* SMM's memory, once the board has said what is in it */
static int listen_to_smram(struct vm *vm, struct slotscope_error *err)
{
	struct address_space *as;
	int ret;
	NARRATE(REGISTER_SMRAM_LISTENER, NULL, NULL, "%s", "");

	ret = smram_address_space_create(&vm->machine, &as, err);
	if (!ret)
		ret = kvm_smram_listener_register(&vm->smram_listener, &vm->kvm,
						  as, &vm->no_fault, err);
	if (!ret)
		ret = dirty_log_add_smram(&vm->dirty, as, &vm->smram_listener,
					  err);
	if (ret)
		return ret;
	vm->smram_listener.cpus = &vm->cpus;
	vm->smram_listener.notify_fd = vm->cpus.notify_fd;
	if (!vm->smram_listener.error.code)
		return 0;
	*err = vm->smram_listener.error;
	return -err->code;
}

/* All of pc.ram that shows: nothing of it is for us to read or write */
static int make_private(struct vm *vm, struct slotscope_error *err)
{
	const struct flat_view *view;
	const struct flat_range *r;
	int ret = 0;

	if (vm->guest_memfd < 0)
		return 0;
	view = address_space_get_flat_view(vm->machine.memory);
	flat_view_for_each(r, view) {
		const struct ram_block *block =
			memory_region_info(r->region)->ram_block;

		if (!ret && block && block->guest_memfd >= 0)
			ret = kvm_private_set(&vm->kvm, r->addr, r->size, err);
	}
	flat_view_unref(view);
	return ret;
}

static int configure_accelerators(struct vm *vm, struct slotscope_error *err)
{
	NARRATE(CONFIGURE_ACCELERATORS, NULL, NULL, "kvm");

	return kvm_init(&vm->kvm, &vm->options->kvm, err);
}

/*
 * In QEMU's order: KVM listens before there is anything to hear. What a failure
 * leaves behind is for end()
 */
static int start(struct vm *vm, struct slotscope_error *err)
{
	const struct memory_model_options model = {
		.observer = narrating() ? &narrate_memory : NULL,
	};
	int ret;

	ret = memory_model_create(&model, &vm->machine.model, err);
	if (!ret)
		ret = configure_accelerators(vm, err);
	if (!ret)
		ret = memory_map_init(vm->machine.model, &vm->machine, err);
	if (!ret)
		ret = kvm_memory_listener_register(&vm->listener, &vm->kvm,
						   vm->machine.memory,
						   &vm->fault, err);
	if (!ret)
		ret = kvm_io_listener_register(&vm->io_listener, &vm->kvm,
					       vm->machine.memory,
					       vm->machine.io, err);
	if (!ret)
		ret = vcpus_init(&vm->cpus, nr_cpus(vm), &vm->kvm, &vm->lock,
				 &vm->io_listener, err);
	if (ret)
		return ret;
	vm->listener.notify_fd = vm->cpus.notify_fd;
	vm->listener.cpus = &vm->cpus;
	ret = dirty_log_register(&vm->dirty, &vm->kvm, &vm->listener, &vm->cpus,
				 err);
	if (!ret)
		ret = vm_memory_open(&vm->memory, vm->machine.model,
				     vm->options->config->objects,
				     vm->options->config->nr_objects, err);
	if (!ret)
		ret = build_board(vm, err);
	if (!ret && vm->machine.smram && vm->board.smm)
		ret = listen_to_smram(vm, err);
	if (!ret)
		ret = make_private(vm, err);
	if (!ret)
		ret = kvm_irqchip_route(&vm->kvm, err);
	if (!ret)
		ret = kvm_pit_create(&vm->kvm, err);
	if (!ret)
		ret = vcpus_save(&vm->cpus, err);
	if (!ret)
		ret = kvm_irqchip_save(&vm->kvm, err);
	if (ret)
		return ret;
	if (vm->options->built)
		vm->options->built(vm->machine.model);
	main_loop_target(vm);
	return monitor_create(vm->options->qmp, &vm->target, &vm->monitor, err);
}

/*
 * Whatever of it there is. @undo: it never ran, so a file that a backend made
 * is removed
 */
static void end(struct vm *vm, bool undo)
{
	/* A vCPU that waits for somebody to read it could not be ended */
	narrate_end();
	monitor_destroy(vm->monitor);
	vm->listener.notify_fd = -1;
	vm->listener.cpus = vm->smram_listener.cpus = NULL;
	vm->smram_listener.notify_fd = -1;
	dirty_log_unregister(&vm->dirty);
	vcpus_deinit(&vm->cpus);
	debugcon_flush(&vm->debugcon);
	kvm_io_listener_unregister(&vm->io_listener);
	kvm_memory_listener_unregister(&vm->smram_listener);
	kvm_memory_listener_unregister(&vm->listener);
	kvm_deinit(&vm->kvm);
	memory_model_destroy(vm->machine.model);
	machine_deinit(&vm->machine);
	test_device_free(vm->test_device);
	vm_memory_close(&vm->memory, undo);
}

/* Running it */

static void tell_started(const struct vm *vm)
{
	uint64_t kib = vm->board.ram_size >> 10;
	char unit = 'K';

	if (kib % 1024 == 0) {
		kib /= 1024;
		unit = 'M';
	}
	if (unit == 'M' && kib % 1024 == 0) {
		kib /= 1024;
		unit = 'G';
	}
	vm_tell(vm, VM_EVENT_STARTED, "pid %d, -M %s -m %" PRIu64 "%c, qmp %s",
		getpid(), vm->options->config->class->name, kib, unit,
		monitor_address(vm->monitor));
}

/*
 * QEMU makes of its own what is then not in the kernel; here is nobody. A board whose
 * default it is knows that.
 */
static void tell_lacks(const struct vm *vm)
{
	if (!vm->options->kvm.irqchip_given)
		return;
	if (vm->kvm.irqchip == KVM_IRQCHIP_SPLIT)
		vm_tell(vm, VM_EVENT_LACKS,
			"kernel-irqchip=split: there is no timer (PIT), no PIC "
			"and no I/O APIC; local APICs' own interrupts alone "
			"reach the guest");
	if (vm->kvm.irqchip != KVM_IRQCHIP_NONE)
		return;
	vm_tell(vm, VM_EVENT_LACKS,
		"kernel-irqchip=off: there is no timer (PIT) and no interrupt "
		"controller; no interrupt reaches the guest");
	if (nr_cpus(vm) > 1)
		vm_tell(vm, VM_EVENT_LACKS,
			"kernel-irqchip=off: vCPU 0 alone ever runs, since "
			"INIT and SIPI reach no other; firmware that starts "
			"all (SeaBIOS) waits for them for ever");
}

/* Where the model has @gpa, and @size bytes from there on */
static void *host_at(struct vm *vm, gpa_t gpa, uint64_t *size)
{
	const struct flat_view *view =
		address_space_get_flat_view(vm->machine.memory);
	const struct flat_range *r = flat_view_lookup(view, gpa);
	const struct ram_block *block =
		r ? memory_region_info(r->region)->ram_block : NULL;
	char *host = block ? block->host : NULL;

	if (host) {
		host += r->offset_in_region + (gpa - r->addr);
		*size = r->size - (gpa - r->addr);
	}
	flat_view_unref(view);
	return host;
}

/* Who is to find it is not told what it is */
static int tell_fault(struct vm *vm, const char *what)
{
	if (vm->options->fault_untold)
		vm_tell(vm, VM_EVENT_FAULT, "there is a fault: find it");
	else
		vm_tell(vm, VM_EVENT_FAULT, "fault %s: %s",
			kvm_fault_name(vm->fault.kind), what);
	return 0;
}

/*
 * The faults in requests have acted by now, while the board was built. The others
 * act on a VM that runs.
 */
static int apply_fault(struct vm *vm, struct slotscope_error *err)
{
	uint64_t size;
	void *host;
	char what[96];
	gpa_t hole;
	int64_t len;

	if (vm->fault.kind == KVM_FAULT_NONE)
		return 0;
	if (vm->fault.kind != KVM_FAULT_UNMAP) {
		int ret = vm->fault.kind == KVM_FAULT_LATE_DELETE ?
				  kvm_fault_delete(&vm->fault, vm->kvm.vm_fd,
						   err) :
				  0;

		snprintf(what, sizeof(what), "slot %u at 0x%" PRIx64,
			 vm->fault.slot, vm->fault.gpa);
		return ret ? ret : tell_fault(vm, what);
	}
	host = host_at(vm, vm->fault.gpa, &size);
	if (!host)
		return error_set(err, ENOENT, "find RAM at 0x%" PRIx64,
				 vm->fault.gpa);
	len = kvm_fault_unmap(&vm->fault, host, size, &hole, err);
	if (len < 0)
		return len;
	snprintf(what, sizeof(what),
		 "%" PRId64 " KiB at 0x%" PRIx64 " have no host memory",
		 len >> 10, hole);
	return tell_fault(vm, what);
}

static int run(struct vm *vm, struct slotscope_error *err)
{
	int ret;

	if (vm->options->stopped) {
		vm_tell(vm, VM_EVENT_STOPPING,
			"pid %d stops, before it opens KVM: kill -CONT %d",
			getpid(), getpid());
		raise(SIGSTOP);
	}
	ret = start(vm, err);
	if (ret) {
		end(vm, true);
		return ret;
	}
	tell_started(vm);
	tell_lacks(vm);
	vm->paused = true;
	if (!vm->options->paused)
		main_loop_launch(vm);
	ret = apply_fault(vm, err);
	if (!ret)
		ret = main_loop(vm, err);
	vm_tell(vm, VM_EVENT_ENDING, "ends");
	end(vm, false);
	return ret;
}

int vm_run(const struct vm_options *options, struct slotscope_error *err)
{
	struct vm vm = { .options = options,
			 .board = options->board,
			 .kvm = { .dev_fd = -1, .vm_fd = -1 },
			 .guest_memfd = -1 };
	uint64_t own_bios = options->config->class->bios_size;
	struct signalfd_siginfo info;
	struct sigaction hangup;
	sigset_t mask, old;
	int ret;

	/* KVM's guests are told of the host's vendor, whatever their model */
	vm.board.amd = host_is_amd();
	vm.debugcon.line = guest_line;
	vm.debugcon.opaque = &vm;
	ret = choose_fault(&vm, err);
	if (ret)
		return ret;
	ret = bios_open(options->bios, PC_BIOS_SIZE_UNIT, PC_BIOS_SIZE_MAX,
			own_bios ? own_bios : PC_BIOS_SIZE_DEFAULT, &vm.bios,
			err);
	if (ret)
		return ret;
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	/* A signalfd would get what nohup has us ignore */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(&mask, SIGHUP);
	vm.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (vm.signal_fd < 0) {
		ret = error_set(err, errno, "wait for signals (signalfd)");
		goto out_bios;
	}
	sigprocmask(SIG_BLOCK, &mask, &old);
	big_lock_init(&vm.lock);
	big_lock(&vm.lock);
	ret = run(&vm, err);
	if (vm.guest_memfd >= 0)
		close(vm.guest_memfd);
	big_unlock(&vm.lock);
	big_lock_deinit(&vm.lock);
	/* Those that made us end are done with */
	while (read(vm.signal_fd, &info, sizeof(info)) > 0)
		;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(vm.signal_fd);
out_bios:
	bios_close(&vm.bios);
	return ret;
}
