/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM and its slots, for tests. Calls that begin with two underscores return -1
 * and errno; those without assert that they succeed.
 */
#ifndef SELFTESTS_KSELFTEST_VM_H
#define SELFTESTS_KSELFTEST_VM_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "ktap.h"

#define PAGE 4096ULL
#define MIB  (1ULL << 20)

static inline int __vm_create_type(unsigned long type)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, type);
	int err = errno;

	close(kvm);
	errno = err;
	return vm;
}

static inline int __vm_create(void)
{
	return __vm_create_type(0);
}

static inline int vm_create(void)
{
	int vm = __vm_create();

	ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	return vm;
}

static inline int vm_has(int vm, int cap)
{
	int ret = ioctl(vm, KVM_CHECK_EXTENSION, cap);

	return ret < 0 ? 0 : ret;
}

static inline unsigned int vm_nr_as(int vm)
{
	int nr = vm_has(vm, KVM_CAP_MULTI_ADDRESS_SPACE);

	return nr ? nr : 1;
}

/* @slot: as KVM wants it, with the address space in the upper half */
static inline int __vm_set(int vm, uint32_t slot, uint32_t flags, uint64_t gpa,
			   uint64_t size, const void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static inline void vm_set(int vm, uint32_t slot, uint32_t flags, uint64_t gpa,
			  uint64_t size, const void *hva)
{
	ASSERT(!__vm_set(vm, slot, flags, gpa, size, hva),
	       "slot 0x%x at 0x%llx, 0x%llx bytes, flags 0x%x: %s", slot,
	       (unsigned long long)gpa, (unsigned long long)size, flags,
	       strerror(errno));
}

/* Address space, never touched, so it costs nothing */
static inline char *guest_memory(size_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

#endif
