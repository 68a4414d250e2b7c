// SPDX-License-Identifier: GPL-2.0-or-later
/* Exits from KVM_RUN: which are answered, and what the others mean. */
#include <errno.h>
#include <string.h>

#include "kvm/dirty_log.h"
#include "kvm/exits.h"
#include "kvm/ioctl.h"
#include "kvm/place.h"

/* Newer than Debian 12's headers (Linux 6.8) */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

struct memory_fault {
	uint64_t flags;
	uint64_t gpa;
	uint64_t size;
};

#define MEMORY_FAULT_PRIVATE (1ULL << 3)

/* A string instruction comes as several elements for the same port */
static void handle_pio(struct vcpu *cpu)
{
	struct kvm_run *run = cpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i;

	cpu->counts.pio++;
	cpu->io_pending = true;
	for (i = 0; i < run->io.count; i++, data += run->io.size)
		address_space_rw(cpu->set->events->io, run->io.port, data,
				 run->io.size,
				 run->io.direction == KVM_EXIT_IO_OUT);
}

/* Also a write to a ROM's slot, which the model drops */
static void handle_mmio(struct vcpu *cpu)
{
	struct kvm_run *run = cpu->run;

	cpu->counts.mmio++;
	cpu->io_pending = true;
	address_space_rw(cpu->set->events->memory, run->mmio.phys_addr,
			 run->mmio.data, run->mmio.len, run->mmio.is_write);
}

/* Return: true if what it is to run next lies in memory */
static bool set_error_at(struct vcpu *cpu, int code, const char *how,
			 struct slotscope_error *err)
{
	char place[PLACE_TEXT];
	bool memory = place_of_vcpu(cpu, place);

	error_set(err, code, "run the guest at %s%s", place, how);
	return memory;
}

/* KVM emulates what accesses a device, or is fetched from where no slot is */
static void emulation_failed(const struct vcpu *cpu, bool memory,
			     struct slotscope_error *err)
{
	const char *what = "KVM had to emulate an instruction and could not";

	if (!memory)
		error_why(err,
			  "%s: the guest has jumped to what is no memory, or "
			  "taken its own away",
			  what);
	else if (cpu->set->kvm->queue_slots)
		error_why(err,
			  "%s: its emulator does not know that one, or not "
			  "with a device's registers",
			  what);
	else
		error_why(err,
			  "%s: its memory may have lacked a slot for a moment, "
			  "as in QEMU 7.2, while slots were changed; "
			  "--keep-vcpus-out prevents that",
			  what);
}

static void internal_error(struct vcpu *cpu, struct slotscope_error *err)
{
	uint32_t suberror = cpu->run->internal.suberror;
	bool memory = set_error_at(cpu, EIO, "", err);

	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		emulation_failed(cpu, memory, err);
		break;
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		error_why(err, "two exceptions at once (KVM internal error 2)");
		break;
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		error_why(err, "an event could not be delivered: the stack or "
			       "the interrupt table may lie outside RAM (KVM "
			       "internal error 3)");
		break;
	default:
		error_why(err, "KVM internal error %u", suberror);
	}
	error_next(err, "look at what the guest did last");
}

/* AMD's leaves nothing that could be read: KVM resets that vCPU before it tells */
static bool is_reset(const struct vcpu *cpu)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	return !kvm_ioctl(cpu->fd, KVM_GET_REGS, &regs) &&
	       !kvm_ioctl(cpu->fd, KVM_GET_SREGS, &sregs) &&
	       regs.rip == 0xfff0 && sregs.cs.base == 0xffff0000;
}

static void triple_fault(struct vcpu *cpu, struct slotscope_error *err)
{
	set_error_at(cpu, EIO, "", err);
	error_why(err,
		  "triple fault: it could not handle an exception, and a real "
		  "machine would reset%s",
		  is_reset(cpu) ? "; KVM has reset this vCPU by now, so that "
				  "the address says nothing" :
				  "");
	error_next(err, "look at what the guest did last");
}

#define RING_FULL_MAX 100

/*
 * Once in a while another thread has emptied it meanwhile. Again and again, KVM
 * counts entries that it has written over: that vCPU would never run again.
 */
static enum vcpu_status ring_full(struct vcpu *cpu, struct slotscope_error *err)
{
	if (cpu->set->dirty && dirty_log_reap(cpu->set->dirty))
		cpu->ring_full = 0;
	else
		cpu->ring_full++;
	if (cpu->ring_full < RING_FULL_MAX)
		return VCPU_RUNNING;
	set_error_at(cpu, EIO, "", err);
	error_why(err, "KVM says that the vCPU's dirty ring is full, and it is "
		       "empty: KVM has overrun it before");
	error_next(err, "use a larger --dirty-log ring=N, or clear");
	return VCPU_STOPPED;
}

enum vcpu_status vcpu_handle_exit(struct vcpu *cpu, struct slotscope_error *err)
{
	struct kvm_run *run = cpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		handle_pio(cpu);
		return VCPU_RUNNING;
	case KVM_EXIT_MMIO:
		handle_mmio(cpu);
		return VCPU_RUNNING;
	case KVM_EXIT_DIRTY_RING_FULL:
		return ring_full(cpu, err);
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		cpu->counts.interrupted++;
		return VCPU_RUNNING;
	case KVM_EXIT_HLT:
		return VCPU_HALTED;
	case KVM_EXIT_SHUTDOWN:
		triple_fault(cpu, err);
		return VCPU_STOPPED;
	case KVM_EXIT_FAIL_ENTRY:
		set_error_at(cpu, EIO, " (entry)", err);
		error_why(err,
			  "the CPU refused its state, hardware reason 0x%llx",
			  (unsigned long long)run->fail_entry
				  .hardware_entry_failure_reason);
		error_next(err, "see dmesg; the reason is explained in the "
				"CPU's manual");
		return VCPU_STOPPED;
	case KVM_EXIT_INTERNAL_ERROR:
		internal_error(cpu, err);
		return VCPU_STOPPED;
	case KVM_EXIT_UNKNOWN:
		error_set(err, EIO, "run the guest");
		error_why(
			err,
			"an exit that KVM does not know, hardware reason 0x%llx",
			(unsigned long long)run->hw.hardware_exit_reason);
		error_next(err, "see dmesg");
		return VCPU_STOPPED;
	default:
		error_set(err, ENOSYS, "run the guest");
		error_why(err, "exit reason %u of KVM_RUN is not handled here",
			  run->exit_reason);
		error_next(err, "report what guest did this");
		return VCPU_STOPPED;
	}
}

/* Newer kernels say which memory it is about */
static void memory_fault(struct vcpu *cpu, int code,
			 struct slotscope_error *err)
{
	const struct memory_fault *fault = (const void *)&cpu->run->hw;
	char place[PLACE_TEXT];

	place_of_gpa(cpu->set->events->memory, fault->gpa, place);
	error_set(err, code, "run the guest, which touched memory at %s",
		  place);
	error_why(err,
		  "%s: the slot there cannot give %s memory (memory fault "
		  "exit)",
		  code == EFAULT ? "Bad address" : strerror(code),
		  fault->flags & MEMORY_FAULT_PRIVATE ? "private" : "shared");
	error_next(err, "slotscope check --pid of this process names the slot");
}

void vcpu_run_failed(struct vcpu *cpu, int code, struct slotscope_error *err)
{
	if ((code == EFAULT || code == EHWPOISON) &&
	    cpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
		memory_fault(cpu, code, err);
		return;
	}
	set_error_at(cpu, code, " (KVM_RUN)", err);
	if (code != EFAULT)
		return;
	error_why(err, "Bad address: the guest touched memory whose host "
		       "address is not mapped, or lacks rights");
	error_next(err, "slotscope check --pid of this process names the slot");
}
