// SPDX-License-Identifier: GPL-2.0-or-later
/* KVM's requests and their arguments, as strace spells them. */
#include <inttypes.h>
#include <stdio.h>

#include "kvm/ioctl.h"

/* Written by the Makefile, from the kernel's header: CAP(KVM_CAP_IRQCHIP) ... */
#define CAP(name) { name, #name },
static const struct {
	int cap;
	const char *name;
} caps[] = {
#include "kvm_caps.inc"
};

/* "KVM_CAP_USER_MEMORY"; NULL for one that is not known */
static const char *cap_name(int cap)
{
	size_t i;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (caps[i].cap == cap)
			return caps[i].name;
	return NULL;
}

/* Each writes what comes behind the request's name and ", " */
typedef int arg_text(char *text, size_t size, uintptr_t arg);

static int number(char *text, size_t size, uintptr_t arg)
{
	return snprintf(text, size, "%" PRIuPTR, arg);
}

static int hex(char *text, size_t size, uintptr_t arg)
{
	return snprintf(text, size, "0x%" PRIxPTR, arg);
}

static int cap_text(char *text, size_t size, uintptr_t arg)
{
	const char *name = cap_name(arg);

	if (name)
		return snprintf(text, size, "%s", name);
	return snprintf(text, size, "0x%" PRIxPTR " /* KVM_CAP_??? */", arg);
}

static int u64_text(char *text, size_t size, uintptr_t arg)
{
	return snprintf(text, size, "[0x%llx]",
			(unsigned long long)*(const __u64 *)arg);
}

static int cap_args(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_enable_cap *cap = (const void *)arg;
	char name[64];

	cap_text(name, sizeof(name), cap->cap);
	return snprintf(text, size, "{cap=%s, args=[0x%llx, 0x%llx]}", name,
			(unsigned long long)cap->args[0],
			(unsigned long long)cap->args[1]);
}

static const char *flags_text(__u32 flags, char *text, size_t size)
{
	__u32 rest = flags &
		     ~(__u32)(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY);
	char hex[16] = "";

	if (rest)
		snprintf(hex, sizeof(hex), "%s0x%x", rest == flags ? "" : "|",
			 rest);
	snprintf(text, size, "%s%s%s%s",
		 flags & KVM_MEM_LOG_DIRTY_PAGES ? "KVM_MEM_LOG_DIRTY_PAGES" :
						   "",
		 (flags & KVM_MEM_LOG_DIRTY_PAGES) &&
				 (flags & KVM_MEM_READONLY) ?
			 "|" :
			 "",
		 flags & KVM_MEM_READONLY ? "KVM_MEM_READONLY" : "", hex);
	return flags ? text : "0";
}

static int region_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_userspace_memory_region *r = (const void *)arg;
	char flags[64];

	return snprintf(text, size,
			"{slot=%u, flags=%s, guest_phys_addr=%s%llx, "
			"memory_size=%llu, userspace_addr=%s%llx}",
			r->slot, flags_text(r->flags, flags, sizeof(flags)),
			r->guest_phys_addr ? "0x" : "", r->guest_phys_addr,
			r->memory_size, r->userspace_addr ? "0x" : "",
			r->userspace_addr);
}

static int ioeventfd_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_ioeventfd *e = (const void *)arg;

	return snprintf(text, size,
			"{datamatch=0x%llx, addr=0x%llx, len=%u, fd=%d, "
			"flags=0x%x}",
			e->datamatch, e->addr, e->len, e->fd, e->flags);
}

static int zone_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_coalesced_mmio_zone *z = (const void *)arg;

	return snprintf(text, size, "{addr=0x%llx, size=%u, pio=%u}", z->addr,
			z->size, z->pio);
}

static int cpuid_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_cpuid2 *c = (const void *)arg;

	return snprintf(text, size, "{nent=%u, entries=[...]}", c->nent);
}

static int list_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_msr_list *l = (const void *)arg;

	return snprintf(text, size, "{nmsrs=%u, indices=[...]}", l->nmsrs);
}

static int msrs_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_msrs *m = (const void *)arg;

	if (!m->nmsrs)
		return snprintf(text, size, "{nmsrs=0}");
	return snprintf(text, size,
			"{nmsrs=%u, entries=[{index=0x%x, data=0x%llx}%s]}",
			m->nmsrs, m->entries[0].index, m->entries[0].data,
			m->nmsrs > 1 ? ", ..." : "");
}

static int regs_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_regs *r = (const void *)arg;

	return snprintf(text, size,
			"{rax=0x%llx, ..., rsp=0x%llx, ..., rip=0x%llx, "
			"rflags=0x%llx}",
			r->rax, r->rsp, r->rip, r->rflags);
}

static int sregs_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_sregs *s = (const void *)arg;

	return snprintf(text, size,
			"{cs={base=0x%llx, selector=0x%x, ...}, ..., "
			"cr0=0x%llx, ..., apic_base=0x%llx, ...}",
			s->cs.base, s->cs.selector, s->cr0, s->apic_base);
}

static int mp_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_mp_state *m = (const void *)arg;

	return snprintf(text, size, "{mp_state=%u}", m->mp_state);
}

static int irq_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_irq_level *i = (const void *)arg;

	return snprintf(text, size, "{irq=%u, level=%u}", i->irq, i->level);
}

static int routing_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_irq_routing *r = (const void *)arg;

	return snprintf(text, size, "{nr=%u, flags=%u, entries=[...]}", r->nr,
			r->flags);
}

static int pit_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_pit_config *p = (const void *)arg;

	return snprintf(text, size, "{flags=0x%x}", p->flags);
}

static int vapic_text(char *text, size_t size, uintptr_t arg)
{
	const struct kvm_vapic_addr *v = (const void *)arg;

	return snprintf(text, size, "{vapic_addr=0x%llx}", v->vapic_addr);
}

#define R(name, text)             \
	{                         \
		name, #name, text \
	}
static const struct {
	unsigned long request;
	const char *name;
	arg_text *text;
} requests[] = {
	/* /dev/kvm, and the VM */
	R(KVM_GET_API_VERSION, number),
	R(KVM_CREATE_VM, number),
	R(KVM_CHECK_EXTENSION, cap_text),
	R(KVM_GET_VCPU_MMAP_SIZE, number),
	R(KVM_GET_SUPPORTED_CPUID, cpuid_text),
	R(KVM_GET_MSR_INDEX_LIST, list_text),
	R(KVM_GET_MSR_FEATURE_INDEX_LIST, list_text),
	R(KVM_X86_GET_MCE_CAP_SUPPORTED, u64_text),
	R(KVM_ENABLE_CAP, cap_args),
	R(KVM_SET_USER_MEMORY_REGION, region_text),
	R(KVM_GET_DIRTY_LOG, hex),
	R(KVM_CLEAR_DIRTY_LOG, hex),
	R(KVM_RESET_DIRTY_RINGS, number),
	R(KVM_SET_IDENTITY_MAP_ADDR, u64_text),
	R(KVM_SET_TSS_ADDR, hex),
	R(KVM_SET_NR_MMU_PAGES, number),
	R(KVM_X86_SET_MSR_FILTER, hex),
	R(KVM_CREATE_IRQCHIP, number),
	R(KVM_GET_IRQCHIP, hex),
	R(KVM_SET_IRQCHIP, hex),
	R(KVM_CREATE_PIT2, pit_text),
	R(KVM_GET_PIT2, hex),
	R(KVM_SET_PIT2, hex),
	R(KVM_IRQ_LINE, irq_text),
	R(KVM_IRQ_LINE_STATUS, irq_text),
	R(KVM_SET_GSI_ROUTING, routing_text),
	R(KVM_SIGNAL_MSI, hex),
	R(KVM_IRQFD, hex),
	R(KVM_IOEVENTFD, ioeventfd_text),
	R(KVM_REGISTER_COALESCED_MMIO, zone_text),
	R(KVM_UNREGISTER_COALESCED_MMIO, zone_text),
	R(KVM_GET_CLOCK, hex),
	R(KVM_SET_CLOCK, hex),
	R(KVM_GET_DEVICE_ATTR, hex),
	R(KVM_SET_BOOT_CPU_ID, number),
	/* A vCPU */
	R(KVM_CREATE_VCPU, number),
	R(KVM_RUN, number),
	R(KVM_SET_CPUID2, cpuid_text),
	R(KVM_X86_SETUP_MCE, u64_text),
	R(KVM_GET_TSC_KHZ, number),
	R(KVM_SET_TSC_KHZ, number),
	R(KVM_GET_REGS, regs_text),
	R(KVM_SET_REGS, regs_text),
	R(KVM_GET_SREGS, sregs_text),
	R(KVM_SET_SREGS, sregs_text),
	R(KVM_GET_SREGS2, hex),
	R(KVM_SET_SREGS2, hex),
	R(KVM_GET_MSRS, msrs_text),
	R(KVM_SET_MSRS, msrs_text),
	R(KVM_GET_FPU, hex),
	R(KVM_SET_FPU, hex),
	R(KVM_GET_XSAVE, hex),
	R(KVM_SET_XSAVE, hex),
	R(KVM_GET_XCRS, hex),
	R(KVM_SET_XCRS, hex),
	R(KVM_GET_LAPIC, hex),
	R(KVM_SET_LAPIC, hex),
	R(KVM_GET_MP_STATE, mp_text),
	R(KVM_SET_MP_STATE, mp_text),
	R(KVM_GET_VCPU_EVENTS, hex),
	R(KVM_SET_VCPU_EVENTS, hex),
	R(KVM_GET_DEBUGREGS, hex),
	R(KVM_SET_DEBUGREGS, hex),
	R(KVM_TPR_ACCESS_REPORTING, hex),
	R(KVM_SET_VAPIC_ADDR, vapic_text),
	R(KVM_SET_SIGNAL_MASK, hex),
	R(KVM_SMI, number),
	R(KVM_NMI, number),
/* Newer than 6.1: the header may not have them */
#ifdef KVM_GET_XSAVE2
	R(KVM_GET_XSAVE2, hex),
#endif
#ifdef KVM_GET_STATS_FD
	R(KVM_GET_STATS_FD, number),
#endif
#ifdef KVM_SET_USER_MEMORY_REGION2
	R(KVM_SET_USER_MEMORY_REGION2, hex),
#endif
#ifdef KVM_CREATE_GUEST_MEMFD
	R(KVM_CREATE_GUEST_MEMFD, hex),
#endif
};

const char *kvm_ioctl_text(char *text, size_t size, unsigned long request,
			   uintptr_t arg)
{
	size_t i;
	int at;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].request != request)
			continue;
		at = snprintf(text, size, "%s, ", requests[i].name);
		if ((size_t)at < size)
			requests[i].text(text + at, size - at, arg);
		return requests[i].name;
	}
	snprintf(text, size, "0x%lx, 0x%" PRIxPTR, request, arg);
	return NULL;
}
