// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM with static probes of QEMU's names, as its trace backend dtrace leaves them:
 * 3 slots are asked for, and told as QEMU 7.2 tells it, then 2 as 9.1 and later do; and
 * of another provider there is one that nobody knows.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sdt.h>

#define SIZE (2UL << 20)

static int vm;
static void *ram;

static int set(uint32_t slot)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = slot * SIZE,
		.memory_size = SIZE,
		.userspace_addr = (uint64_t)ram,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int ret;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ram = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || ram == MAP_FAILED)
		return 1;
	DTRACE_PROBE2(qemu, flatview_new, (void *)0x1000, (void *)0x2000);
	DTRACE_PROBE1(other, flatview_new, 1);
	for (uint32_t slot = 1; slot <= 3; slot++) {
		ret = set(slot);
		DTRACE_PROBE6(qemu, kvm_set_user_memory, slot, 0, slot * SIZE,
			      SIZE, ram, ret);
	}
	for (uint32_t slot = 4; slot <= 5; slot++) {
		ret = set(slot);
		DTRACE_PROBE9(qemu, kvm_set_user_memory, (uint16_t)0,
			      (uint16_t)slot, 0, slot * SIZE, SIZE, ram, 0, 0,
			      ret);
	}
	return 0;
}
