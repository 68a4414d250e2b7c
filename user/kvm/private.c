// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/private.h"
#include "kvm/region2.h"

/* Newer than Debian 12's headers, as region2.h */
#define CAP_MEMORY_ATTRIBUTES 233
#define CAP_VM_TYPES	      235
#define CAP_GUEST_MEMFD_FLAGS 244
#define MEMFD_SHARED	      3 /* to be mapped, and shared from the start */
#define ATTRIBUTE_PRIVATE     (1ULL << 3)

struct memory_attributes {
	__u64 address;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};

#define SET_MEMORY_ATTRIBUTES _IOW(KVMIO, 0xd2, struct memory_attributes)

static int lacks(const char *what, struct slotscope_error *err)
{
	error_set(err, ENOTSUP, "put guest memory into a guest_memfd");
	error_why(err, "this KVM lacks %s", what);
	return error_next(err, "use a kernel with CONFIG_KVM_SW_PROTECTED_VM "
			       "(6.8 or newer), or one that maps guest_memfd "
			       "(6.18), or no --guest-memfd");
}

int kvm_private_choose(struct kvm_state *s, int *type,
		       struct slotscope_error *err)
{
	*type = 0;
	s->guest_memfd = true;
	if (kvm_check_extension(s, CAP_VM_TYPES) & 1 << KVM_PRIVATE_VM_TYPE) {
		*type = KVM_PRIVATE_VM_TYPE;
		return 0;
	}
	s->shared_memfd = (kvm_check_extension(s, CAP_GUEST_MEMFD_FLAGS) &
			   MEMFD_SHARED) == MEMFD_SHARED;
	if (s->shared_memfd)
		return 0;
	return lacks("the VM type KVM_X86_SW_PROTECTED_VM (KVM_CAP_VM_TYPES), "
		     "and cannot map one either (KVM_CAP_GUEST_MEMFD_FLAGS)",
		     err);
}

static bool vm_has(const struct kvm_state *s, int cap)
{
	return kvm_ioctl(s->vm_fd, KVM_CHECK_EXTENSION, cap) > 0;
}

int kvm_private_init(struct kvm_state *s, struct slotscope_error *err)
{
	if (!vm_has(s, KVM_CAP_USER_MEMORY2))
		return lacks("KVM_CAP_USER_MEMORY2", err);
	if (!vm_has(s, KVM_CAP_GUEST_MEMFD))
		return lacks("KVM_CAP_GUEST_MEMFD", err);
	if (!s->shared_memfd && !vm_has(s, CAP_MEMORY_ATTRIBUTES))
		return lacks("KVM_CAP_MEMORY_ATTRIBUTES", err);
	/* KVM has no read-only slots where memory can be private */
	s->no_readonly_mem = !vm_has(s, KVM_CAP_READONLY_MEM);
	return 0;
}

int kvm_private_create(const struct kvm_state *s, void *host, uint64_t size,
		       struct slotscope_error *err)
{
	struct kvm_create_guest_memfd request = {
		.size = size,
		.flags = s->shared_memfd ? MEMFD_SHARED : 0,
	};
	int fd = kvm_ioctl(s->vm_fd, KVM_CREATE_GUEST_MEMFD, &request), ret;

	if (fd < 0)
		return error_set(err, errno,
				 "make a guest_memfd of %llu KiB "
				 "(KVM_CREATE_GUEST_MEMFD)",
				 (unsigned long long)size >> 10);
	if (!s->shared_memfd || mmap(host, size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED, fd, 0) == host)
		return fd;
	ret = error_set(err, errno, "map a guest_memfd of %llu KiB",
			(unsigned long long)size >> 10);
	close(fd);
	return ret;
}

int kvm_private_set(const struct kvm_state *s, uint64_t gpa, uint64_t size,
		    struct slotscope_error *err)
{
	struct memory_attributes request = {
		.address = gpa,
		.size = size,
		.attributes = ATTRIBUTE_PRIVATE,
	};

	if (s->shared_memfd ||
	    !kvm_ioctl(s->vm_fd, SET_MEMORY_ATTRIBUTES, &request))
		return 0;
	return error_set(err, errno,
			 "make guest memory private: 0x%llx bytes at 0x%llx "
			 "(KVM_SET_MEMORY_ATTRIBUTES)",
			 (unsigned long long)size, (unsigned long long)gpa);
}
