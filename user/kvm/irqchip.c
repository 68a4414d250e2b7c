// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86's interrupt controllers and timer, as far as they are the kernel's. With
 * them there, a halted vCPU waits in KVM_RUN; without, HLT is an exit.
 */
#include <errno.h>
#include <stdlib.h>

#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/watch.h"

#define NR_CHIPS     3 /* PIC master, PIC slave, I/O APIC */
#define PIC_PINS     8
#define IOAPIC_PINS  24
#define TIMER_IRQ    0
#define TIMER_IOAPIC 2 /* where a PC has the timer's line on the I/O APIC */

struct kvm_irqchip_state {
	struct kvm_irqchip chips[NR_CHIPS];
	struct kvm_pit_state2 pit;
};

static const struct kvm_required needs_all = {
	KVM_CAP_IRQCHIP,
	"KVM_CAP_IRQCHIP",
	"interrupt controllers in the kernel (kernel-irqchip=on)",
};

static const struct kvm_required needs_pit = {
	KVM_CAP_PIT2,
	"KVM_CAP_PIT2",
	"a timer in the kernel, beside its interrupt controllers",
};

static const struct kvm_required needs_split = {
	KVM_CAP_SPLIT_IRQCHIP,
	"KVM_CAP_SPLIT_IRQCHIP",
	"local APICs alone in the kernel (kernel-irqchip=split)",
};

static int create_all(struct kvm_state *s, struct slotscope_error *err)
{
	int ret = kvm_require(s, &needs_all, 1, err);
	if (ret)
		return ret;
	if (kvm_ioctl(s->vm_fd, KVM_CREATE_IRQCHIP, 0))
		return error_set(err, errno,
				 "make interrupt controllers in the kernel "
				 "(KVM_CREATE_IRQCHIP)");
	return 0;
}

static int create_split(struct kvm_state *s, struct slotscope_error *err)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_SPLIT_IRQCHIP,
		.args[0] = IOAPIC_PINS,
	};
	int ret = kvm_require(s, &needs_split, 1, err);

	if (ret)
		return ret;
	if (!kvm_ioctl(s->vm_fd, KVM_ENABLE_CAP, &cap))
		return 0;
	return error_set(err, errno,
			 "make local APICs in the kernel (KVM_ENABLE_CAP of "
			 "KVM_CAP_SPLIT_IRQCHIP)");
}

int kvm_irqchip_create(struct kvm_state *s, enum kvm_irqchip_mode mode,
		       struct slotscope_error *err)
{
	static const char *const names[] = {
		[KVM_IRQCHIP_ALL] = "on",
		[KVM_IRQCHIP_SPLIT] = "split",
		[KVM_IRQCHIP_NONE] = "off",
	};
	NARRATE(KVM_IRQCHIP_CREATE, watch_kvm_state, s, "kernel-irqchip=%s",
		names[mode]);

	s->irqchip = mode;
	if (mode == KVM_IRQCHIP_ALL)
		return create_all(s, err);
	return mode == KVM_IRQCHIP_SPLIT ? create_split(s, err) : 0;
}

int kvm_irqchip_route(struct kvm_state *s, struct slotscope_error *err)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entries[2 * PIC_PINS + IOAPIC_PINS];
	} table = {};
	struct kvm_irq_routing_entry *e = table.entries;
	uint32_t i;
	NARRATE(KVM_IRQ_ROUTING, NULL, NULL, "%s", "");

	/* Without it, KVM's own ties stay, which are nearly the same */
	if (s->irqchip != KVM_IRQCHIP_ALL || !s->irq_routing)
		return 0;
	/* Line 2 of the master is the slave */
	for (i = 0; i < 2 * PIC_PINS; i++)
		if (i != 2)
			*e++ = (struct kvm_irq_routing_entry){
				.gsi = i,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip.irqchip = i / PIC_PINS,
				.u.irqchip.pin = i % PIC_PINS,
			};
	for (i = 0; i < IOAPIC_PINS; i++)
		if (i != TIMER_IOAPIC)
			*e++ = (struct kvm_irq_routing_entry){
				.gsi = i,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC,
				.u.irqchip.pin = i == TIMER_IRQ ? TIMER_IOAPIC :
								  i,
			};
	table.head.nr = e - table.entries;
	if (!kvm_ioctl(s->vm_fd, KVM_SET_GSI_ROUTING, &table))
		return 0;
	return error_set(err, errno,
			 "tie interrupt lines to the kernel's controllers "
			 "(KVM_SET_GSI_ROUTING)");
}

int kvm_pit_create(struct kvm_state *s, struct slotscope_error *err)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };
	int ret;

	if (s->irqchip != KVM_IRQCHIP_ALL)
		return 0;
	NARRATE(KVM_PIT, NULL, NULL, "%s", "");
	ret = kvm_require(s, &needs_pit, 1, err);
	if (ret)
		return ret;
	if (!kvm_ioctl(s->vm_fd, KVM_CREATE_PIT2, &config))
		return 0;
	return error_set(err, errno,
			 "make a timer in the kernel (KVM_CREATE_PIT2)");
}

int kvm_irqchip_save(struct kvm_state *s, struct slotscope_error *err)
{
	struct kvm_irqchip_state *state;
	uint32_t i;

	if (s->irqchip != KVM_IRQCHIP_ALL)
		return 0;
	NARRATE(KVM_IRQCHIP_GET, NULL, NULL, "%s", "");
	state = calloc(1, sizeof(*state));
	if (!state)
		return error_set(err, ENOMEM, "keep interrupt controllers");
	s->irqchip_state = state;
	if (kvm_ioctl(s->vm_fd, KVM_GET_PIT2, &state->pit))
		return error_set(err, errno, "read the timer (KVM_GET_PIT2)");
	for (i = 0; i < NR_CHIPS; i++) {
		state->chips[i].chip_id = i;
		if (kvm_ioctl(s->vm_fd, KVM_GET_IRQCHIP, &state->chips[i]))
			return error_set(err, errno,
					 "read interrupt controller %u "
					 "(KVM_GET_IRQCHIP)",
					 i);
	}
	return 0;
}

int kvm_irqchip_reset(struct kvm_state *s, struct slotscope_error *err)
{
	const struct kvm_irqchip_state *state = s->irqchip_state;
	uint32_t i;

	if (!state)
		return 0;
	for (i = 0; i < NR_CHIPS; i++)
		if (kvm_ioctl(s->vm_fd, KVM_SET_IRQCHIP, &state->chips[i]))
			return error_set(err, errno,
					 "reset interrupt controller %u "
					 "(KVM_SET_IRQCHIP)",
					 i);
	if (kvm_ioctl(s->vm_fd, KVM_SET_PIT2, &state->pit))
		return error_set(err, errno, "reset the timer (KVM_SET_PIT2)");
	return 0;
}
