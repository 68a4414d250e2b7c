// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "base/plural.h"
#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/vcpu.h"
#include "kvm/watch.h"

void watch_kvm_state(const void *object, struct narrate_fields *f)
{
	static const char *const irqchips[] = {
		[KVM_IRQCHIP_ALL] = "on",
		[KVM_IRQCHIP_SPLIT] = "split",
		[KVM_IRQCHIP_NONE] = "off",
	};
	const struct kvm_state *s = object;

	narrate_struct(f, "KVMState", "%s", "");
	narrate_object(f, s);
	narrate_field(f, "fd", NULL, "%d", s->dev_fd);
	narrate_field(f, "vmfd", NULL, "%d", s->vm_fd);
	narrate_field(f, "nr_slots", NULL, "%u", s->nr_slots);
	narrate_field(f, "nr_as", NULL, "%u", s->nr_as);
	narrate_field(f, "coalesced_mmio", NULL, "%u", s->coalesced_page);
	narrate_field(f, "manual_dirty_log_protect", NULL, "%d",
		      s->dirty == KVM_DIRTY_CLEAR);
	narrate_field(f, "kvm_dirty_ring_size", NULL, "%u", s->ring_size);
	narrate_words(f, "kernel_irqchip", NULL, irqchips[s->irqchip]);
	narrate_field(f, "(MSRs)", NULL, "%u", s->msrs ? s->msrs->nmsrs : 0);
	narrate_field(f, "(CPUID leaves)", NULL, "%u",
		      s->cpuid ? s->cpuid->nent : 0);
	narrate_field(f, "(physical bits)", NULL, "%u", s->phys_bits);
}

void watch_vcpu(const void *object, struct narrate_fields *f)
{
	const struct vcpu *cpu = object;

	narrate_struct(f, "CPUState", "%u", cpu->index);
	narrate_object(f, cpu);
	narrate_field(f, "kvm_fd", NULL, "%d", cpu->fd);
	if (cpu->run)
		narrate_field(f, "kvm_run", NULL, "%p", (void *)cpu->run);
	else
		narrate_field(f, "kvm_run", NULL, "NULL");
	narrate_field(f, "thread", NULL, "%s",
		      cpu->has_thread ? "true" : "false");
}

void watch_kvm_run(const void *object, struct narrate_fields *f)
{
	static const char *const exits[] = {
		[KVM_EXIT_UNKNOWN] = "KVM_EXIT_UNKNOWN",
		[KVM_EXIT_IO] = "KVM_EXIT_IO",
		[KVM_EXIT_HLT] = "KVM_EXIT_HLT",
		[KVM_EXIT_MMIO] = "KVM_EXIT_MMIO",
		[KVM_EXIT_SHUTDOWN] = "KVM_EXIT_SHUTDOWN",
		[KVM_EXIT_FAIL_ENTRY] = "KVM_EXIT_FAIL_ENTRY",
		[KVM_EXIT_INTR] = "KVM_EXIT_INTR",
		[KVM_EXIT_INTERNAL_ERROR] = "KVM_EXIT_INTERNAL_ERROR",
	};
	const struct vcpu *cpu = object;
	uint32_t reason = cpu->run->exit_reason;
	const char *name = reason < sizeof(exits) / sizeof(exits[0]) ?
				   exits[reason] :
				   NULL;

	narrate_struct(f, "kvm_run", "of vCPU %u", cpu->index);
	if (name)
		narrate_words(f, "exit_reason", NULL, name);
	else
		narrate_field(f, "exit_reason", NULL, "%u", reason);
	if (reason == KVM_EXIT_IO)
		narrate_field(f, "io", NULL, "port 0x%x, %u byte%s, %s",
			      cpu->run->io.port, cpu->run->io.size,
			      plural(cpu->run->io.size),
			      cpu->run->io.direction == KVM_EXIT_IO_OUT ?
				      "out" :
				      "in");
	if (reason == KVM_EXIT_MMIO)
		narrate_field(f, "mmio", NULL, "0x%llx, %u byte%s, %s",
			      cpu->run->mmio.phys_addr, cpu->run->mmio.len,
			      plural(cpu->run->mmio.len),
			      cpu->run->mmio.is_write ? "write" : "read");
}
