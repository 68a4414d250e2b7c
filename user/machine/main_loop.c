// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main loop, and what it does: signals, the monitor, what vCPUs report. It
 * holds the lock but while it waits.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "base/plural.h"
#include "machine/vm_private.h"

#define LOOK_MIN_MS 16
#define LOOK_MAX_MS 512

/* The monitor's commands */

static const char *monitor_status(void *opaque)
{
	struct vm *vm = opaque;

	if (vcpus_status(&vm->cpus, NULL, NULL) == VCPU_STOPPED)
		return "internal-error";
	if (vm->paused)
		return vm->launched ? "paused" : "prelaunch";
	return "running";
}

/* A guest that cannot run on has stopped already, and "stop" changes nothing */
static void tell_running(struct vm *vm, bool running)
{
	if (vm->told_running != running)
		monitor_event(vm->monitor, running ? "RESUME" : "STOP");
	vm->told_running = running;
}

/* Of several reasons the first */
static void quit(struct vm *vm, bool guest, const char *reason)
{
	if (vm->quit)
		return;
	vm->quit = reason;
	vm->guest_quit = guest;
}

static void monitor_stop(void *opaque)
{
	struct vm *vm = opaque;

	tell_running(vm, false);
	vcpus_pause(&vm->cpus);
	world_clock_stop(vm);
	vm->paused = true;
}

void main_loop_launch(struct vm *vm)
{
	tell_running(vm, true);
	vm->paused = false;
	vm->launched = true;
	world_clock_run(vm);
	vcpus_resume(&vm->cpus);
}

static bool monitor_cont(void *opaque)
{
	struct vm *vm = opaque;

	if (vcpus_status(&vm->cpus, NULL, NULL) == VCPU_STOPPED)
		return false;
	main_loop_launch(vm);
	return true;
}

static void monitor_reset(void *opaque)
{
	struct vm *vm = opaque;

	vm->want_reset = true;
	vm->host_reset = true;
	vcpus_notify(&vm->cpus);
}

static int monitor_object_add(void *opaque, struct keyval *kv,
			      struct slotscope_error *err)
{
	struct vm *vm = opaque;

	return vm_memory_object_add(&vm->memory, vm->machine.model, kv, err);
}

static int monitor_object_del(void *opaque, const char *id,
			      struct slotscope_error *err)
{
	struct vm *vm = opaque;

	return vm_memory_object_del(&vm->memory, id, err);
}

/* While the guest ran: it goes on with less memory than it should have */
static void tell_refused(struct vm *vm)
{
	struct slotscope_error *const refused[] = { &vm->listener.error,
						    &vm->smram_listener.error,
						    &vm->io_listener.error };
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!refused[i]->code)
			continue;
		vm_tell(vm, VM_EVENT_REFUSED,
			"KVM and the machine differ now: %s: %s",
			refused[i]->tried, refused[i]->why);
		*refused[i] = (struct slotscope_error){};
	}
}

/* Plugged only if KVM has it too */
static int monitor_device_add(void *opaque, struct keyval *kv,
			      struct slotscope_error *err)
{
	struct vm *vm = opaque;
	struct slotscope_error refused, stuck = {};
	struct dimm *dimm;
	int ret;

	/* What was refused before is not this one's */
	tell_refused(vm);
	ret = vm_memory_device_add(&vm->memory, &vm->machine, kv, &dimm, err);
	if (ret)
		return ret;
	refused = vm->listener.error.code ? vm->listener.error :
					    vm->smram_listener.error;
	if (!refused.code)
		return 0;
	/* Should it not come out again, that is told as a difference */
	if (!vm_memory_unplug(&vm->memory, &vm->machine, dimm, &stuck)) {
		vm->listener.error = (struct slotscope_error){};
		vm->smram_listener.error = (struct slotscope_error){};
	}
	*err = refused;
	return -err->code;
}

static int monitor_device_del(void *opaque, const char *id,
			      struct slotscope_error *err)
{
	struct vm *vm = opaque;
	struct dimm *dimm = dimm_find(&vm->memory.dimms, id);
	int ret;

	if (dimm) {
		ret = vm_memory_unplug(&vm->memory, &vm->machine, dimm, err);
		if (!ret)
			monitor_event_deleted(vm->monitor, id);
		return ret;
	}
	error_set(err, ENOENT, "unplug the device \"%.80s\"", id);
	return error_why(err, "there is none of that name");
}

static void monitor_quit(void *opaque)
{
	struct vm *vm = opaque;

	quit(vm, false, "host-qmp-quit");
}

void main_loop_target(struct vm *vm)
{
	vm->target = (struct monitor_target){
		.model = vm->machine.model,
		.memory = vm->machine.memory,
		.dirty = &vm->dirty,
		.status = monitor_status,
		.stop = monitor_stop,
		.cont = monitor_cont,
		.reset = monitor_reset,
		.object_add = monitor_object_add,
		.object_del = monitor_object_del,
		.device_add = monitor_device_add,
		.device_del = monitor_device_del,
		.quit = monitor_quit,
		.opaque = vm,
	};
}

/* What vCPUs report */

static int reset(struct vm *vm, struct slotscope_error *err)
{
	int ret;

	vcpus_pause(&vm->cpus);
	/* Not before: until they have stopped, others may ask for it too */
	vm->want_reset = false;
	debugcon_flush(&vm->debugcon);
	vm_tell(vm, VM_EVENT_RESET, "the machine is reset");
	ret = machine_reset(&vm->machine, err);
	if (!ret)
		ret = kvm_irqchip_reset(&vm->kvm, err);
	if (!ret)
		ret = vcpus_reset(&vm->cpus, err);
	if (ret)
		return ret;
	vm->ended = false;
	monitor_event_cause(vm->monitor, "RESET", !vm->host_reset,
			    vm->host_reset ? "host-qmp-system-reset" :
					     "guest-reset");
	vm->host_reset = false;
	if (!vm->paused) {
		tell_running(vm, true);
		vcpus_resume(&vm->cpus);
	}
	return 0;
}

static int tell_ended(struct vm *vm, struct slotscope_error *err)
{
	enum vcpu_status status;
	struct vcpu_counts counts;

	status = vcpus_status(&vm->cpus, &counts, err);
	if (vm->ended || (status != VCPU_HALTED && status != VCPU_STOPPED)) {
		*err = (struct slotscope_error){};
		return 0;
	}
	vm->ended = true;
	debugcon_flush(&vm->debugcon);
	if (status == VCPU_STOPPED)
		tell_running(vm, false);
	if (vm->options->exit_after_halt)
		quit(vm, status == VCPU_HALTED,
		     status == VCPU_HALTED ? "guest-shutdown" : "host-error");
	if (status == VCPU_HALTED) {
		vm_tell(vm, VM_EVENT_HALTED,
			"the guest has halted, after %" PRIu64 " port and "
			"%" PRIu64 " memory exit%s",
			counts.pio, counts.mmio, plural(counts.mmio));
		return 0;
	}
	vm_tell(vm, VM_EVENT_FAILED, "the guest cannot run on: %s: %s",
		err->tried, err->why);
	return vm->quit ? -err->code : 0;
}

static int handle_vcpus(struct vm *vm, struct slotscope_error *err)
{
	uint64_t drained;

	(void)!read(vm->cpus.notify_fd, &drained, sizeof(drained));
	tell_refused(vm);
	if (vm->want_shutdown) {
		debugcon_flush(&vm->debugcon);
		vm_tell(vm, VM_EVENT_SHUTDOWN, "the guest switches itself off");
		quit(vm, true, "guest-shutdown");
		return 0;
	}
	if (vm->want_reset)
		return reset(vm, err);
	return tell_ended(vm, err);
}

/* How long to wait before the vCPUs are looked at; -1: no need to */
static int next_look(struct vm *vm)
{
	if (vm->ended || !vcpus_may_sleep(&vm->cpus)) {
		vm->look_ms = LOOK_MIN_MS;
		return -1;
	}
	return vm->look_ms;
}

/* Less and less often: a guest that ends does so at once, or who knows when */
static void look(struct vm *vm)
{
	vcpus_look(&vm->cpus);
	if (vm->look_ms < LOOK_MAX_MS)
		vm->look_ms *= 2;
}

int main_loop(struct vm *vm, struct slotscope_error *err)
{
	struct pollfd fds[2 + MONITOR_FDS];
	int ret = 0, timeout, found, code;
	size_t nr;

	vm->look_ms = LOOK_MIN_MS;
	while (!ret && !vm->quit) {
		fds[0] = (struct pollfd){ vm->signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ vm->cpus.notify_fd, POLLIN, 0 };
		nr = 2 + monitor_poll_fds(vm->monitor, fds + 2);
		timeout = next_look(vm);
		big_unlock(&vm->lock);
		found = poll(fds, nr, timeout);
		code = found < 0 ? errno : 0;
		big_lock(&vm->lock);
		if (code == EINTR)
			continue;
		if (code)
			return error_set(err, code, "wait for something to do");
		kvm_flush_coalesced(&vm->io_listener);
		if (!found)
			look(vm);
		if (fds[0].revents)
			quit(vm, false, "host-signal");
		if (fds[1].revents)
			ret = handle_vcpus(vm, err);
		monitor_handle(vm->monitor, fds + 2, nr - 2);
	}
	quit(vm, false, "host-error"); /* it is what is left */
	monitor_event_cause(vm->monitor, "SHUTDOWN", vm->guest_quit, vm->quit);
	monitor_flush(vm->monitor);
	return ret;
}
