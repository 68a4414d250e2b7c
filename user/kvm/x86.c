// SPDX-License-Identifier: GPL-2.0-or-later
/* What a VM needs on x86 before its first slot and vCPU. */
#include <errno.h>
#include <stdlib.h>

#include "kvm/ioctl.h"
#include "kvm/kvm.h"
#include "kvm/watch.h"

/*
 * Four pages of guest address space that KVM needs for itself on Intel (real
 * mode is emulated in a TSS and an identity map): where QEMU has them, below
 * the largest firmware (16 MiB) and above the APIC page. On kernels that
 * back them, they are the hidden slots.
 */
#define IDENTITY_MAP_ADDR 0xfeffc000ULL
#define TSS_ADDR	  0xfeffd000UL

#define CPUID_FEATURES	    1U
#define CPUID_TOPOLOGY	    0xbU
#define CPUID_ADDRESS_SIZES 0x80000008U
#define CPUID_MAX_ENTRIES   4096
#define MSRS_MAX	    4096

static const struct kvm_required needed[] = {
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR",
	  "KVM's own pages can be put where no RAM will be" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID",
	  "the CPU that the guest sees can be described" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE",
	  "a halted vCPU can be told from a running one" },
};

static const struct kvm_required needed_state[] = {
	{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS",
	  "a reset drops what was pending" },
	{ KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS",
	  "a reset clears the debug registers" },
};

static const struct kvm_required needed_identity[] = {
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR",
	  "KVM's own page can be put where no firmware will be" },
};

int kvm_arch_require(struct kvm_state *s, struct slotscope_error *err)
{
	return kvm_require(s, needed, sizeof(needed) / sizeof(needed[0]), err);
}

int kvm_arch_require_state(struct kvm_state *s, struct slotscope_error *err)
{
	return kvm_require(s, needed_state, 2, err);
}

/* Asked twice, as it is meant: the first answer says how many there are */
static int get_msr_list(struct kvm_state *s, struct slotscope_error *err)
{
	struct kvm_msr_list probe = {};

	if (kvm_ioctl(s->dev_fd, KVM_GET_MSR_INDEX_LIST, &probe) &&
	    errno != E2BIG)
		goto failed;
	if (probe.nmsrs > MSRS_MAX) {
		errno = E2BIG;
		goto failed;
	}
	s->msrs = calloc(1, sizeof(*s->msrs) +
				    probe.nmsrs * sizeof(s->msrs->indices[0]));
	if (!s->msrs)
		return error_set(err, ENOMEM, "list the CPU's MSRs");
	s->msrs->nmsrs = probe.nmsrs;
	if (!kvm_ioctl(s->dev_fd, KVM_GET_MSR_INDEX_LIST, s->msrs))
		return 0;
failed:
	return error_set(err, errno,
			 "ask KVM for the CPU's MSRs "
			 "(KVM_GET_MSR_INDEX_LIST)");
}

/*
 * KVM says E2BIG until there is room for all it has. Each time it asks the CPU for
 * all, which takes long where that is a VM's: so there is room for KVM's most at once.
 */
static int get_supported_cpuid(struct kvm_state *s, struct slotscope_error *err)
{
	uint32_t nent = 256;
	int code;

	for (; nent <= CPUID_MAX_ENTRIES; nent *= 2) {
		s->cpuid =
			calloc(1, sizeof(*s->cpuid) +
					  nent * sizeof(s->cpuid->entries[0]));
		if (!s->cpuid)
			return error_set(err, ENOMEM,
					 "list the CPU's features");
		s->cpuid->nent = nent;
		if (!kvm_ioctl(s->dev_fd, KVM_GET_SUPPORTED_CPUID, s->cpuid))
			return 0;
		code = errno;
		free(s->cpuid);
		s->cpuid = NULL;
		if (code != E2BIG)
			return error_set(err, code,
					 "ask KVM for the CPU's features "
					 "(KVM_GET_SUPPORTED_CPUID)");
	}
	return error_set(err, E2BIG, "ask KVM for the CPU's features");
}

static unsigned int phys_bits(const struct kvm_cpuid2 *cpuid)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == CPUID_ADDRESS_SIZES)
			return cpuid->entries[i].eax & 0xff;
	return 36; /* what a CPU without that leaf has */
}

/* Page tables for the guest's memory, where the CPU has no nested paging */
static int set_shadow_mem(struct kvm_state *s, uint64_t bytes,
			  struct slotscope_error *err)
{
	if (!bytes || !kvm_ioctl(s->vm_fd, KVM_SET_NR_MMU_PAGES, bytes / 4096))
		return 0;
	error_set(err, errno,
		  "let KVM use %llu KiB for page tables "
		  "(KVM_SET_NR_MMU_PAGES)",
		  (unsigned long long)bytes >> 10);
	return error_next(err, "give kvm-shadow-mem= at least 256K, or none");
}

int kvm_arch_init(struct kvm_state *s, const struct kvm_options *options,
		  struct slotscope_error *err)
{
	uint64_t identity = IDENTITY_MAP_ADDR;
	int ret;
	NARRATE(KVM_ARCH_INIT, watch_kvm_state, s, "%s", "");

	s->xsave = kvm_check_extension(s, KVM_CAP_XSAVE);
	ret = get_msr_list(s, err);
	if (!ret)
		ret = kvm_require(s, needed_identity, 1, err);
	if (ret)
		return ret;
	if (kvm_ioctl(s->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity))
		return error_set(err, errno,
				 "set the identity map's address to 0x%llx "
				 "(KVM_SET_IDENTITY_MAP_ADDR)",
				 IDENTITY_MAP_ADDR);
	if (kvm_ioctl(s->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDR))
		return error_set(err, errno,
				 "set the TSS's address to 0x%lx "
				 "(KVM_SET_TSS_ADDR)",
				 TSS_ADDR);
	s->smm = kvm_check_extension(s, KVM_CAP_X86_SMM);
	return set_shadow_mem(s, options->shadow_mem, err);
}

int kvm_arch_init_cpuid(struct kvm_state *s, struct slotscope_error *err)
{
	NARRATE(KVM_GET_SUPPORTED_CPUID, watch_kvm_state, s, "%s", "");
	int ret = get_supported_cpuid(s, err);

	if (!ret)
		s->phys_bits = phys_bits(s->cpuid);
	return ret;
}

/* Where a CPU reads its own number; KVM gives the host CPU's that was asked */
static void set_apic_id(struct kvm_cpuid2 *cpuid, unsigned int index)
{
	struct kvm_cpuid_entry2 *e;

	for (e = cpuid->entries; e < cpuid->entries + cpuid->nent; e++) {
		if (e->function == CPUID_FEATURES)
			e->ebx = (e->ebx & 0x00ffffff) | index << 24;
		else if (e->function == CPUID_TOPOLOGY)
			e->edx = index;
	}
}

/* Registers need no setting: KVM creates a vCPU in the state of a reset */
int kvm_arch_init_vcpu(struct kvm_state *s, int vcpu_fd, unsigned int index,
		       struct slotscope_error *err)
{
	NARRATE(KVM_ARCH_INIT_VCPU, NULL, NULL, "vCPU %u", index);

	s->xsave_size = kvm_check_extension(s, KVM_CAP_XSAVE2);
	set_apic_id(s->cpuid, index);
	if (kvm_ioctl(vcpu_fd, KVM_SET_CPUID2, s->cpuid))
		return error_set(err, errno,
				 "describe the CPU to vCPU %u (KVM_SET_CPUID2)",
				 index);
	return 0;
}
