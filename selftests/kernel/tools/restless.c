// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM one of whose four slots never rests. Prints "ready" and goes on until its
 * standard input ends.
 *
 *	restless flags|remake	slot 3 has its dirty log switched on and off, or is
 *				deleted and made, every 3 ms
 */
#include <linux/kvm.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>

#define SLOTS 4
#define SIZE  (1ULL << 20)
#define APART (16ULL << 20)

static int set(int vm, uint32_t id, uint64_t size, uint32_t flags, char *mem)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.flags = flags,
		.guest_phys_addr = id * APART,
		.memory_size = size,
		.userspace_addr = (uintptr_t)mem + id * SIZE,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int main(int argc, char **argv)
{
	bool remake = argc > 1 && !strcmp(argv[1], "remake");
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int kvm = open("/dev/kvm", O_RDWR);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	char *mem = mmap(NULL, SLOTS * SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool on = false;

	if (vm < 0 || mem == MAP_FAILED) {
		perror("restless");
		return 1;
	}
	for (uint32_t id = 0; id < SLOTS; id++) {
		if (set(vm, id, SIZE, 0, mem)) {
			perror("restless");
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	while (!poll(&in, 1, 3)) {
		on = !on;
		if (remake ? set(vm, 3, on ? 0 : SIZE, 0, mem) :
			     set(vm, 3, SIZE, on ? KVM_MEM_LOG_DIRTY_PAGES : 0,
				 mem)) {
			perror("restless");
			return 1;
		}
	}
	return 0;
}
