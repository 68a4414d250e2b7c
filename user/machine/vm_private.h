/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to vm.c, world.c and main_loop.c: the parts of a running VMM. */
#ifndef SLOTSCOPE_MACHINE_VM_PRIVATE_H
#define SLOTSCOPE_MACHINE_VM_PRIVATE_H

#include "kvm/big_lock.h"
#include "kvm/dirty_log.h"
#include "kvm/io_listener.h"
#include "kvm/kvm.h"
#include "kvm/listener.h"
#include "kvm/vcpu.h"
#include "machine/bios.h"
#include "machine/debugcon.h"
#include "machine/monitor.h"
#include "machine/test_device.h"
#include "machine/vm.h"
#include "machine/vm_memory.h"

/**
 * struct vm - all of it; guarded by @lock
 * @ops:      what the board asks of the world; see world.c
 * @clock_at: CLOCK_MONOTONIC when the guest was let run last, in ns
 * @clock_ns: how long it had run before
 * @look_ms:  until vCPUs are looked at again, whether they have halted
 * @paused:   by the user; a reset alone does not show
 * @launched: it has run before
 * @ended:    it will not run again, unless it is reset
 * @want_reset, @want_shutdown: the guest asked for it; the main loop does it
 * @told_running: what the monitor's clients were told last: RESUME, not STOP
 * @host_reset: it was the monitor who asked for the reset
 * @quit:     why the main loop is to end, as QEMU's event SHUTDOWN has it; or NULL
 * @guest_quit: it was the guest who wanted that
 */
struct vm {
	struct big_lock lock;
	const struct vm_options *options;
	struct kvm_fault fault;
	struct bios bios;
	struct machine machine;
	struct machine_options board;
	struct machine_ops ops;
	struct kvm_state kvm;
	struct kvm_memory_listener listener;
	struct kvm_memory_listener smram_listener; /* without SMM all 0 */
	struct kvm_fault no_fault;
	struct kvm_io_listener io_listener;
	struct vcpus cpus;
	struct dirty_log dirty;
	struct debugcon debugcon;
	struct test_device *test_device;
	struct monitor_target target;
	struct monitor *monitor;
	int signal_fd;
	int guest_memfd; /* of pc.ram; -1 if none */
	uint64_t clock_at;
	uint64_t clock_ns;
	int look_ms;
	bool paused;
	bool launched;
	bool ended;
	bool want_reset;
	bool want_shutdown;
	bool told_running;
	bool host_reset;
	const char *quit;
	bool guest_quit;
	struct vm_memory memory;
};

/* vm.c */
void vm_tell(const struct vm *vm, enum vm_event event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* world.c: machine_ops, and the guest's clock */
void world_init(struct vm *vm);
void world_clock_run(struct vm *vm);
void world_clock_stop(struct vm *vm);

/* main_loop.c: called with the lock held, as all the above */
void main_loop_launch(struct vm *vm);
void main_loop_target(struct vm *vm);
int main_loop(struct vm *vm, struct slotscope_error *err);

#endif
