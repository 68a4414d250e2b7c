/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM's ABI for guest_memfd (Linux 6.8), where the headers are older, as Debian
 * 12's are. The names are those of <linux/kvm.h>.
 */
#ifndef SLOTSCOPE_KVM_REGION2_H
#define SLOTSCOPE_KVM_REGION2_H

#include <linux/kvm.h>

#ifndef KVM_SET_USER_MEMORY_REGION2

#define KVM_CAP_USER_MEMORY2 231
#define KVM_CAP_GUEST_MEMFD  234
#define KVM_CAP_VM_TYPES     235
#define KVM_MEM_GUEST_MEMFD  (1UL << 2)

struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};

struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};

#define KVM_SET_USER_MEMORY_REGION2 \
	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)
#define KVM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)

#endif

#endif
