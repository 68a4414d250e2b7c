// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many VMs of one process: `slotscope list` beside the least that anyone has to do for
 * it, which is to look at each descriptor once and to take each VM's.
 *
 *   build/bench/list [--json] [MOST]
 */
#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "vms.h"

static const unsigned int sizes[] = { 100, 1000, 5000 };

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static double bare_ms(void)
{
	double start = now_ms();
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	char link[64];
	ssize_t n;

	while (fds && (entry = readdir(fds))) {
		n = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link));
		if (n == 17 && !memcmp(link, "anon_inode:kvm-vm", 17))
			close(syscall(SYS_pidfd_getfd, pidfd,
				      atoi(entry->d_name), 0));
	}
	closedir(fds);
	close(pidfd);
	return now_ms() - start;
}

int main(int argc, char **argv)
{
	static const char *const list[] = { PROGRAM, "list", "--json", NULL };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	unsigned int most = argc > 1 + json ? atoi(argv[1 + json]) : 5000;
	struct rlimit files = { 16384, 16384 };
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	unsigned int nr = 0;
	double ours, bare;
	int vm;

	if (dev < 0)
		left_out(json, "list", "no /dev/kvm");
	setrlimit(RLIMIT_NOFILE, &files);
	if (json)
		printf("{ \"vms\": [");
	else
		printf("%6s  %10s  %10s  %s\n", "VMs", "list (ms)", "bare (ms)",
		       "ratio   (the least of 3)");
	for (size_t i = 0; i < NR_SIZES && sizes[i] <= most; i++) {
		for (; nr < sizes[i]; nr++) {
			vm = ioctl(dev, KVM_CREATE_VM, 0);
			if (vm < 0 || !add_slots(vm, 0, 1))
				break;
		}
		if (nr < sizes[i])
			break;
		fflush(stdout);
		bare = bare_ms();
		ours = command_ms(list);
		if (json)
			printf("%s\n  { \"n\": %u, \"list_ms\": %.1f, "
			       "\"bare_ms\": %.1f }",
			       i ? "," : "", nr, ours, bare);
		else
			printf("%6u  %10.1f  %10.1f  %.1f\n", nr, ours, bare,
			       ours / bare);
	}
	if (json)
		printf(" ] }\n");
	return 0;
}
