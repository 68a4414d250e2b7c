// SPDX-License-Identifier: GPL-2.0-or-later
/* What a VM needs on x86 before its first slot and vCPU. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "kvm/kvm.h"

/*
 * Four pages of guest address space that KVM needs for itself on Intel (real
 * mode is emulated in a TSS and an identity map): where QEMU has them, below
 * the largest firmware (16 MiB) and above the APIC page. On kernels that
 * back them, they are the hidden slots.
 */
#define IDENTITY_MAP_ADDR 0xfeffc000ULL
#define TSS_ADDR	  0xfeffd000UL

#define CPUID_ADDRESS_SIZES 0x80000008U
#define CPUID_MAX_ENTRIES   4096

static const struct kvm_required needed[] = {
	{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR",
	  "KVM's own pages can be put where no RAM will be" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID",
	  "the CPU that the guest sees can be described" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE",
	  "a halted vCPU can be told from a running one" },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR",
	  "KVM's own page can be put where no firmware will be" },
};

/* KVM says E2BIG until there is room for all it has */
static int get_supported_cpuid(struct kvm_state *s, struct slotscope_error *err)
{
	uint32_t nent = 64;
	int code;

	for (; nent <= CPUID_MAX_ENTRIES; nent *= 2) {
		s->cpuid =
			calloc(1, sizeof(*s->cpuid) +
					  nent * sizeof(s->cpuid->entries[0]));
		if (!s->cpuid)
			return error_set(err, ENOMEM,
					 "list the CPU's features");
		s->cpuid->nent = nent;
		if (!ioctl(s->dev_fd, KVM_GET_SUPPORTED_CPUID, s->cpuid))
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

int kvm_arch_init(struct kvm_state *s, struct slotscope_error *err)
{
	uint64_t identity = IDENTITY_MAP_ADDR;
	int ret;

	ret = kvm_require(s, needed, sizeof(needed) / sizeof(needed[0]), err);
	if (ret)
		return ret;
	if (ioctl(s->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity))
		return error_set(err, errno,
				 "set the identity map's address to 0x%llx "
				 "(KVM_SET_IDENTITY_MAP_ADDR)",
				 IDENTITY_MAP_ADDR);
	if (ioctl(s->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDR))
		return error_set(err, errno,
				 "set the TSS's address to 0x%lx "
				 "(KVM_SET_TSS_ADDR)",
				 TSS_ADDR);
	ret = get_supported_cpuid(s, err);
	if (ret)
		return ret;
	s->phys_bits = phys_bits(s->cpuid);
	return 0;
}

/* Registers need no setting: KVM creates vCPU 0 in the state of a reset */
int kvm_arch_init_vcpu(const struct kvm_state *s, int vcpu_fd,
		       struct slotscope_error *err)
{
	if (ioctl(vcpu_fd, KVM_SET_CPUID2, s->cpuid))
		return error_set(err, errno,
				 "describe the CPU to vCPU 0 (KVM_SET_CPUID2)");
	return 0;
}
