// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM with slots 1 and 2, which stay, and slot 0, which comes and goes so many times
 * (the argument). 2 + 2 * N requests.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define SIZE 0x10000

static int vm;
static char *memory;

static void set(unsigned int id, unsigned long size)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.guest_phys_addr = (unsigned long)id * SIZE,
		.memory_size = size,
		.userspace_addr = (unsigned long)memory + id * SIZE,
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		exit(1);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1;

	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	memory = mmap(NULL, 3 * SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || memory == MAP_FAILED)
		return 1;
	set(1, SIZE);
	set(2, SIZE);
	while (rounds--) {
		set(0, SIZE);
		set(0, 0);
	}
	return 0;
}
