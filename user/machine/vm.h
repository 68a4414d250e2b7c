/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own VMM, put together: model, KVM, board, firmware, monitor, main loop. */
#ifndef SLOTSCOPE_MACHINE_VM_H
#define SLOTSCOPE_MACHINE_VM_H

#include <stdbool.h>
#include <stdint.h>

#include <slotscope/error.h>

#include "kvm/fault.h"
#include "kvm/kvm.h"
#include "machine/machine.h"
#include "machine/options.h"

/* What a VM tells while it runs; see struct vm_options */
enum vm_event {
	VM_EVENT_STOPPING, /* about to wait for SIGCONT */
	VM_EVENT_STARTED,
	VM_EVENT_LACKS, /* what the guest will not find, though it may wait for it */
	VM_EVENT_FAULT, /* a fault on purpose has acted */
	VM_EVENT_GUEST, /* a line of the debug console; from a vCPU's thread */
	VM_EVENT_REFUSED,  /* KVM refused a slot while the guest ran */
	VM_EVENT_RESET,	   /* the machine is reset */
	VM_EVENT_SHUTDOWN, /* the guest asked to be switched off */
	VM_EVENT_HALTED, /* the guest waits for an interrupt: none will come */
	VM_EVENT_FAILED, /* the guest cannot run on */
	VM_EVENT_ENDING,
};

/**
 * struct vm_options - what to run, and how
 * @config:	the machine, with its memory
 * @board:	of @config, by config_finish()
 * @bios:	firmware file; NULL for our own
 * @qmp:	where the monitor listens; see monitor_create()
 * @fault:	a fault on purpose
 * @fault_untold: say that there is one, and not which
 * @kvm:	how KVM is used: vCPUs, interrupt controllers, dirty log
 * @vga_window: see struct machine_options
 * @test_device: have a device for guests that test accesses
 * @stopped:	raise SIGSTOP before KVM is opened
 * @paused:	do not run the vCPU until the monitor says so
 * @exit_after_halt: end once the guest halts or cannot run on
 * @tell:	called for what happens, with a text for people
 * @built:	called once, with memory as it was made, before anything can change it;
 *		NULL: nobody wants it
 */
struct vm_options {
	const struct machine_config *config;
	struct machine_options board;
	const char *bios;
	const char *qmp;
	enum kvm_fault_kind fault;
	bool fault_untold;
	struct kvm_options kvm;
	bool vga_window;
	bool test_device;
	bool stopped;
	bool paused;
	bool exit_after_halt;
	void (*tell)(enum vm_event event, const char *text);
	void (*built)(const struct memory_model *model);
};

/**
 * vm_run() - run a VM until it is told to end
 *
 * Ends by the monitor's quit, SIGINT or SIGTERM. Takes the process's signal mask
 * and SIGUSR1 for itself; everything else it leaves as it found it.
 *
 * Return: 0, or a negative errno: it could not start, a request to KVM was
 * refused, or, with @exit_after_halt, the guest could not run on.
 */
int vm_run(const struct vm_options *options, struct slotscope_error *err);

#endif
