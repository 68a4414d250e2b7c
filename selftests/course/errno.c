// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lesson 6: provoke each errno. Where it is to be filled in, write one ask() for each rule that
 * the lesson lists.
 *
 *	cc -o errno errno.c && ./errno
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#define PAGE 0x1000ULL

static int vm;

static void ask(unsigned int slot, unsigned int flags, unsigned long long gpa,
		unsigned long long size, unsigned long long hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = hva,
	};
	int ret = ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);

	printf("slot %u, flags 0x%x, gpa 0x%llx, size 0x%llx, hva 0x%llx: %s\n",
	       slot, flags, gpa, size, hva, ret ? strerror(errno) : "taken");
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR);
	void *memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long long hva = (unsigned long)memory;

	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || memory == MAP_FAILED) {
		perror("make a VM");
		return 1;
	}
	/* This one is taken: slot 0, guest addresses 0x10000 to 0x13fff */
	ask(0, 0, 0x10000, 4 * PAGE, hva);

	/* size-align, to begin with: half a page */
	ask(1, 0, 0x20000, PAGE / 2, hva + 8 * PAGE);

	/* slot-id: the first one that is KVM's own */
	ask(32764, 0, 0x20000, PAGE, hva + 8 * PAGE);
	/* flags */
	ask(1, 1U << 15, 0x20000, PAGE, hva + 8 * PAGE);
	/* gpa-align */
	ask(1, 0, 0x20800, PAGE, hva + 8 * PAGE);
	/* hva-align */
	ask(1, 0, 0x20000, PAGE, hva + 8 * PAGE + 1);
	/* gpa-wrap */
	ask(1, 0, 0ULL - PAGE, 2 * PAGE, hva + 8 * PAGE);
	/* delete-absent */
	ask(1, 0, 0x20000, 0, 0);
	/* hva-changed */
	ask(0, 0, 0x10000, 4 * PAGE, hva + 4 * PAGE);
	/* size-changed */
	ask(0, 0, 0x10000, 5 * PAGE, hva);
	/* readonly-changed */
	ask(0, KVM_MEM_READONLY, 0x10000, 4 * PAGE, hva);
	/* overlap */
	ask(1, 0, 0x13000, PAGE, hva + 8 * PAGE);
	return 0;
}
