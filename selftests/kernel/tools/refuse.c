// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that asks for what KVM refuses, or too often:
 *
 *	refuse HOW [stopped]
 *
 * has slot 7 at 0xfe000000 (16 MiB), stops itself if so told, and asks for slot 8
 * at 0xfdfff000 (8 KiB), which overlaps. Then:
 *
 *	dies	ends with status 3
 *	aborts	ends by SIGABRT
 *	knows	meant to be refused: ends with status 0
 *	moves	asks for slot 8 elsewhere, and ends with status 3 all the same
 *	retries	deletes slot 7, asks again, says "made" and sleeps for a minute
 *	stays	says "made" and sleeps for a minute
 *	floods	asks for nothing that is refused; once its standard input ends asks
 *		40,000 times for what it has, says "made" and sleeps for a minute
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE (16UL << 20)

static int vm;
static char *ram;

static int set(uint32_t slot, uint64_t gpa, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uint64_t)ram,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int flood(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (int i = 0; i < 40000; i++) {
		if (set(7, 0xfe000000, SIZE))
			return 9;
	}
	return 0;
}

static int is(const char *how, const char *word)
{
	return !strcmp(how, word);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	vm = ioctl(open("/dev/kvm", O_RDWR | O_CLOEXEC), KVM_CREATE_VM, 0);
	ram = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || set(7, 0xfe000000, SIZE))
		return 9;
	if (argc > 2)
		raise(SIGSTOP);
	if (is(how, "floods") ? flood() : !set(8, 0xfdfff000, 8192))
		return 9;
	if (is(how, "knows"))
		return 0;
	if (is(how, "dies"))
		return 3;
	if (is(how, "aborts"))
		abort();
	if (is(how, "moves"))
		return set(8, 0x1000, 4096) ? 9 : 3;
	if (is(how, "retries") && (set(7, 0, 0) || set(8, 0xfdfff000, 8192)))
		return 9;
	puts("made");
	fflush(stdout);
	sleep(60);
	return 0;
}
