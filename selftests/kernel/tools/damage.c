// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * KVM's tables of another process's VM, made wrong by slotscope_test.ko, or right
 * again:
 *
 *	damage PID WHAT ID VALUE
 *
 * WHAT is DAMAGE_* of test-module/slotscope_test.h by its name below, of slot ID in
 * the first VM of PID. Prints the value that was there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../test-module/slotscope_test.h"

#define FDS 1024

static const char *const names[] = {
	[DAMAGE_SLOT_ID] = "id",
	[DAMAGE_SLOT_NPAGES] = "npages",
	[DAMAGE_SLOT_BASE_GFN] = "base-gfn",
	[DAMAGE_SLOT_HVA] = "hva",
	[DAMAGE_ID_HASH] = "id-hash",
	[DAMAGE_GFN_TREE] = "gfn-tree",
	[DAMAGE_HVA_START] = "hva-start",
	[DAMAGE_NR_PAGES] = "nr-pages",
	[DAMAGE_NR_DIRTY_LOGGING] = "nr-dirty-logging",
	/* ID: the gfn */
	[DAMAGE_SPTE] = "spte",
	/* ID: any */
	[DAMAGE_REQUESTS] = "requests",
};

static int fail(const char *what)
{
	fprintf(stderr, "damage: %s: %s\n", what, strerror(errno));
	return 3;
}

static int vm_of(const char *pid)
{
	char path[64], target[64];
	int pidfd, fd;

	for (fd = 0; fd < FDS; fd++) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%d", pid, fd);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) < 0 ||
		    strcmp(target, "anon_inode:kvm-vm"))
			continue;
		pidfd = syscall(SYS_pidfd_open, atoi(pid), 0);
		return pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	}
	errno = ENOENT;
	return -1;
}

int main(int argc, char **argv)
{
	struct test_damage req = { .what = UINT32_MAX };
	unsigned int i;
	int test;

	if (argc != 5) {
		fputs("damage PID WHAT ID VALUE\n", stderr);
		return 3;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && !strcmp(names[i], argv[2]))
			req.what = i;
	req.id = strtoul(argv[3], NULL, 0);
	req.value = strtoull(argv[4], NULL, 0);
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	if (test < 0)
		return fail(TEST_DEVICE);
	req.vm_fd = vm_of(argv[1]);
	if (req.vm_fd < 0)
		return fail("its VM");
	if (ioctl(test, TEST_DAMAGE, &req))
		return fail(argv[2]);
	printf("0x%llx\n", (unsigned long long)req.value);
	return 0;
}
