/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's side of KVM: what QEMU does in kvm_init(), kvm_arch_init() and
 * kvm_init_vcpu(), in its order. No other folder calls KVM.
 */
#ifndef SLOTSCOPE_KVM_H
#define SLOTSCOPE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>

struct kvm_cpuid2;
struct kvm_irqchip_state;
struct kvm_msr_list;

/* Where the interrupt controllers are; QEMU's kernel-irqchip= */
enum kvm_irqchip_mode {
	KVM_IRQCHIP_ALL, /* on: PICs, I/O APIC and local APICs in the kernel */
	KVM_IRQCHIP_SPLIT, /* the local APICs alone */
	KVM_IRQCHIP_NONE,  /* off */
};

/* How it is found out which pages the guest wrote to */
enum kvm_dirty_mode {
	KVM_DIRTY_AUTO,	  /* clear, or else bitmap; as QEMU */
	KVM_DIRTY_BITMAP, /* asking for a slot's bitmap resets it */
	KVM_DIRTY_CLEAR,  /* what was looked at is reset apart, in pieces */
	KVM_DIRTY_RING,	  /* each vCPU writes pages to a ring */
};

/**
 * struct kvm_options - what may be chosen; all 0 is QEMU's default
 * @irqchip:	where the interrupt controllers are
 * @irqchip_given: the user said so; otherwise a board may know better
 * @nr_cpus:	how many vCPUs there will be; 0 means 1
 * @shadow_mem:	bytes of page tables that KVM may use (kvm-shadow-mem=); 0: its
 *		own choice
 * @dirty:	how dirty pages are found
 * @ring_size:	entries of each vCPU's ring, a power of 2; for KVM_DIRTY_RING
 * @queue_slots: change slots at a commit's end, all deletions first, with vCPUs
 *		kept out if what goes and what comes overlap: as newer QEMUs. Else
 *		as the commit goes, as QEMU 7.2: a vCPU may find nothing for a moment
 * @guest_memfd: RAM in a guest_memfd, private where KVM can
 */
struct kvm_options {
	enum kvm_irqchip_mode irqchip;
	bool irqchip_given;
	unsigned int nr_cpus;
	uint64_t shadow_mem;
	enum kvm_dirty_mode dirty;
	unsigned int ring_size;
	bool queue_slots;
	bool guest_memfd;
};

/**
 * struct kvm_state - one VM and the way to it; QEMU's KVMState
 * @dev_fd:	 /dev/kvm
 * @vm_fd:	 the VM
 * @nr_slots:	 memslots that userspace may use, per address space
 * @nr_as:	 address spaces KVM has
 * @phys_bits:	 width of a guest physical address, by the host's CPUID
 * @coalesced_page: page of a vCPU's kvm_run that is the ring of coalesced writes;
 *		 0: KVM has none
 * @coalesced_pio: writes to ports can be coalesced too
 * @ioeventfd:	 writes can signal an eventfd
 * @ioeventfd_any: without regard to their length too
 * @queue_slots: as it was asked for
 * @guest_memfd: likewise
 * @shared_memfd: the VMM reaches that memory too
 * @no_readonly_mem: this VM cannot have read-only slots
 * @irq_routing: interrupt lines can be tied to controllers
 * @xsave:	 extended registers can be read
 * @xsave_size:	 bytes of them, if more than a page
 * @smm:	 KVM knows System Management Mode
 * @dirty:	 in use; not KVM_DIRTY_AUTO
 * @ring_size:	 entries of each vCPU's dirty ring; 0 without
 * @msrs:	 those that KVM keeps
 * @cpuid:	 what KVM supports, given to each vCPU with its own number
 * @irqchip:	 as it was asked for
 * @irqchip_state: the controllers at power on, for a reset
 *
 * Owned by the caller: kvm_init(), kvm_deinit().
 */
struct kvm_state {
	int dev_fd;
	int vm_fd;
	unsigned int nr_slots;
	unsigned int nr_as;
	unsigned int phys_bits;
	unsigned int coalesced_page;
	bool coalesced_pio;
	bool ioeventfd;
	bool ioeventfd_any;
	bool queue_slots;
	bool guest_memfd;
	bool shared_memfd;
	bool no_readonly_mem;
	bool irq_routing;
	bool smm;
	bool xsave;
	unsigned int xsave_size;
	enum kvm_dirty_mode dirty;
	unsigned int ring_size;
	struct kvm_msr_list *msrs;
	struct kvm_cpuid2 *cpuid;
	enum kvm_irqchip_mode irqchip;
	struct kvm_irqchip_state *irqchip_state;
};

/**
 * kvm_init() - open KVM and create a VM
 * @s:	filled; on failure nothing is left open
 * @options: NULL for the defaults
 *
 * Return: 0, or a negative errno: no /dev/kvm, no right to it, an API that is not
 * version 12, or an extension missing (@err says what it is needed for).
 */
int kvm_init(struct kvm_state *s, const struct kvm_options *options,
	     struct slotscope_error *err);

/** kvm_deinit() - close the VM; its vCPUs and slots go with its last user */
void kvm_deinit(struct kvm_state *s);

/**
 * kvm_check_extension() - what KVM says of a capability
 * Return: its value; 0 for one that this KVM does not know.
 */
int kvm_check_extension(const struct kvm_state *s, int cap);

/**
 * struct kvm_required - an extension that we cannot do without
 * @meaning: what it gives, for the message that names it
 */
struct kvm_required {
	int cap;
	const char *name;
	const char *meaning;
};

/** kvm_require() - 0 if KVM has all @nr extensions; else @err names the first */
int kvm_require(const struct kvm_state *s, const struct kvm_required *required,
		size_t nr, struct slotscope_error *err);

/** kvm_enable_cap() - switch a capability of the VM on; 0 or a negative errno */
int kvm_enable_cap(const struct kvm_state *s, uint32_t cap, uint64_t arg);

/* dirty_init.c */

/** kvm_dirty_init() - choose how dirty pages are found, and tell KVM */
int kvm_dirty_init(struct kvm_state *s, const struct kvm_options *options,
		   struct slotscope_error *err);

/* x86.c: what this architecture needs before the first slot and vCPU */
int kvm_arch_require(struct kvm_state *s, struct slotscope_error *err);
int kvm_arch_require_state(struct kvm_state *s, struct slotscope_error *err);
int kvm_arch_init(struct kvm_state *s, const struct kvm_options *options,
		  struct slotscope_error *err);
int kvm_arch_init_cpuid(struct kvm_state *s, struct slotscope_error *err);
int kvm_arch_init_vcpu(struct kvm_state *s, int vcpu_fd, unsigned int index,
		       struct slotscope_error *err);

/* irqchip.c: x86's interrupt controllers */

/** kvm_irqchip_create() - make those that are to be in the kernel */
int kvm_irqchip_create(struct kvm_state *s, enum kvm_irqchip_mode mode,
		       struct slotscope_error *err);

/**
 * kvm_irqchip_route() - tie the lines of a PC to them
 *
 * As QEMU does: IRQ 0 of the PIC is line 2 of the I/O APIC.
 */
int kvm_irqchip_route(struct kvm_state *s, struct slotscope_error *err);

/** kvm_pit_create() - the timer (8254), where the PICs are in the kernel */
int kvm_pit_create(struct kvm_state *s, struct slotscope_error *err);

/** kvm_irqchip_save() - keep controllers and timer as they are now */
int kvm_irqchip_save(struct kvm_state *s, struct slotscope_error *err);

/** kvm_irqchip_reset() - bring back what was kept */
int kvm_irqchip_reset(struct kvm_state *s, struct slotscope_error *err);

#endif
