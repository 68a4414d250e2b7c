/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benches of commands share: VMs to look at, and how long a command takes */
#ifndef BENCH_VM_VMS_H
#define BENCH_VM_VMS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#define PROGRAM "build/user/slotscope"
#define ROUNDS	3
#define PAGE	4096ull

static inline double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static inline void left_out(bool json, const char *bench, const char *why)
{
	if (json)
		printf("{ \"left_out\": \"%s\" }\n", why);
	else
		printf("bench vm/%s: left out: %s\n", bench, why);
	exit(0);
}

/* A page to be behind each slot, and one between each two */
static inline bool add_slots(int vm, unsigned int from, unsigned int to)
{
	static void *page;

	if (!page)
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned int i = from; i < to; i++) {
		struct kvm_userspace_memory_region slot = {
			.slot = i,
			.guest_phys_addr = 2 * i * PAGE,
			.memory_size = PAGE,
			.userspace_addr = (uintptr_t)page,
		};

		if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot))
			return false;
	}
	return true;
}

/* Return: the least of some rounds, in milliseconds; below 0 if it failed */
static inline double command_ms(const char *const *argv)
{
	double best = -1, start, ms;
	int status;

	for (int i = 0; i < ROUNDS; i++) {
		start = now_ms();
		if (!fork()) {
			dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
			execv(argv[0], (char *const *)argv);
			_exit(127);
		}
		wait(&status);
		ms = now_ms() - start;
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 2)
			return -1;
		if (best < 0 || ms < best)
			best = ms;
	}
	return best;
}

#endif
