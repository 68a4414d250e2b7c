// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to list many VMs: `slotscope list` beside the least that anyone has
 * to do for it, which is to look at each descriptor once and to take each VM's.
 *
 *   build/bench/many [--json] [PROGRAM]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

static const unsigned int sizes[] = { 100, 1000, 5000 };

#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS	  3

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void left_out(bool json, const char *why)
{
	if (json)
		printf("{ \"left_out\": \"%s\" }\n", why);
	else
		printf("bench vm/many: left out: %s\n", why);
	exit(0);
}

/* One more VM of one slot; false where there is no more room for any */
static bool add_vm(int dev, void *page)
{
	struct kvm_userspace_memory_region slot = {
		.memory_size = 4096,
		.userspace_addr = (uintptr_t)page,
	};
	int vm = ioctl(dev, KVM_CREATE_VM, 0);

	return vm >= 0 && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot);
}

static double bare(void)
{
	double start = now_ms();
	int pidfd = syscall(SYS_pidfd_open, getppid(), 0);
	struct dirent *entry;
	char dir[32], link[64];
	DIR *fds;
	ssize_t n;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", getppid());
	fds = opendir(dir);
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

/* In a child, whose parent has the VMs; Return: milliseconds */
static double in_child(double (*fn)(void))
{
	double result = -1;
	int p[2];

	if (pipe(p))
		return -1;
	if (!fork()) {
		result = fn();
		_exit(write(p[1], &result, sizeof(result)) < 0);
	}
	wait(NULL);
	if (read(p[0], &result, sizeof(result)) != sizeof(result))
		result = -1;
	close(p[0]);
	close(p[1]);
	return result;
}

static const char *program = "build/user/slotscope";

static double list(void)
{
	double start = now_ms();
	int status;

	if (!fork()) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execl(program, program, "list", "--json", NULL);
		_exit(127);
	}
	wait(&status);
	return WIFEXITED(status) && WEXITSTATUS(status) < 3 ?
		       now_ms() - start :
		       -1;
}

static double least(double (*fn)(void))
{
	double best = -1, ms;

	for (int i = 0; i < ROUNDS; i++) {
		ms = in_child(fn);
		if (best < 0 || (ms >= 0 && ms < best))
			best = ms;
	}
	return best;
}

int main(int argc, char **argv)
{
	struct rlimit files = { 16384, 16384 };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	unsigned int nr = 0;
	double ours, theirs;
	void *page;
	size_t i;

	if (argc > 1 + json)
		program = argv[1 + json];
	if (dev < 0)
		left_out(json, "no /dev/kvm");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	setrlimit(RLIMIT_NOFILE, &files);
	if (json)
		printf("{ \"vms\": [");
	else
		printf("%6s  %10s  %10s  %s\n", "VMs", "list (ms)",
		       "bare (ms)", "ratio   (the least of 3)");
	for (i = 0; i < NR(sizes); i++) {
		while (nr < sizes[i] && add_vm(dev, page))
			nr++;
		if (nr < sizes[i])
			break;
		fflush(stdout);
		ours = least(list);
		theirs = least(bare);
		if (json)
			printf("%s\n  { \"n\": %u, \"list_ms\": %.1f, "
			       "\"bare_ms\": %.1f }",
			       i ? "," : "", nr, ours, theirs);
		else
			printf("%6u  %10.1f  %10.1f  %.1f\n", nr, ours, theirs,
			       ours / theirs);
	}
	if (json)
		printf(" ] }\n");
	return 0;
}
