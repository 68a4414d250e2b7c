// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMs for as long as a test wants them:
 *
 *	vms [-t] SECONDS NR_SLOTS...
 *
 * makes a VM for each NR_SLOTS, with so many slots of a page, says "made" and
 * sleeps. -t: another thread does, once the first has ended.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE 4096

static int run(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 0;
	const struct timespec time = { (time_t)seconds,
				       (seconds - (time_t)seconds) * 1e9 };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char *ram = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int vm, i, slot;

	for (i = 2; i < argc; i++) {
		vm = ioctl(kvm, KVM_CREATE_VM, 0);
		for (slot = 0; slot < atoi(argv[i]); slot++) {
			struct kvm_userspace_memory_region region = {
				.slot = slot,
				.guest_phys_addr = (uint64_t)slot * PAGE,
				.memory_size = PAGE,
				.userspace_addr = (uint64_t)ram,
			};

			if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) {
				perror("vms: KVM_SET_USER_MEMORY_REGION");
				return 3;
			}
		}
	}
	puts("made");
	fflush(stdout);
	nanosleep(&time, NULL);
	return 0;
}

static char **arguments;
static int nr_arguments;

static void *run_alone(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL);
	exit(run(nr_arguments, arguments));
}

int main(int argc, char **argv)
{
	static pthread_t self, other;

	if (argc < 2 || strcmp(argv[1], "-t"))
		return run(argc, argv);
	nr_arguments = argc - 1;
	arguments = argv + 1;
	self = pthread_self();
	if (pthread_create(&other, NULL, run_alone, &self))
		return 3;
	pthread_exit(NULL);
}
