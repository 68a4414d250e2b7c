// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a VMM: a KVM that is interrupted, or lacks something, or is asked for
 * what it was not meant to be.
 *
 *	KVM_SHIM_EINTR=N    the first N of KVM_CREATE_VM fail with EINTR
 *	KVM_SHIM_LACKS=CAP  KVM_CHECK_EXTENSION says 0 for this number
 *	KVM_SHIM_MOVES=N    the host address in the Nth KVM_SET_USER_MEMORY_REGION is a
 *			    byte too high, which KVM refuses
 *
 * All other requests go to the kernel. Each that does not is told on standard error,
 * so a test that did not reach the shim cannot pass; so is how many descriptors of
 * KVM's are open then, and at the end.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kvm.h>

static long setting(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value ? strtol(value, NULL, 10) : otherwise;
}

static int kvm_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char to[64];
	ssize_t len;
	int nr = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, to, sizeof(to) - 1);
		to[len < 0 ? 0 : len] = '\0';
		nr += !strcmp(to, "/dev/kvm") ||
		      !strncmp(to, "anon_inode:kvm-", 15);
	}
	closedir(dir);
	return nr;
}

static void __attribute__((destructor)) at_end(void)
{
	fprintf(stderr, "shim: ends with %d of KVM open\n", kvm_fds());
}

int ioctl(int fd, unsigned long request, ...)
{
	struct kvm_userspace_memory_region region;
	static long interrupted;
	static long regions;
	unsigned long arg;
	va_list args;

	va_start(args, request);
	arg = va_arg(args, unsigned long);
	va_end(args);
	if (request == KVM_CREATE_VM &&
	    interrupted < setting("KVM_SHIM_EINTR", 0)) {
		interrupted++;
		fprintf(stderr, "shim: interrupted, %d of KVM open\n",
			kvm_fds());
		errno = EINTR;
		return -1;
	}
	if (request == KVM_CHECK_EXTENSION &&
	    (long)arg == setting("KVM_SHIM_LACKS", -1)) {
		fprintf(stderr, "shim: lacks %ld, %d of KVM open\n", (long)arg,
			kvm_fds());
		return 0;
	}
	if (request == KVM_SET_USER_MEMORY_REGION &&
	    ++regions == setting("KVM_SHIM_MOVES", 0)) {
		memcpy(&region, (void *)arg, sizeof(region));
		region.userspace_addr++;
		fprintf(stderr, "shim: moves slot 0x%x\n", region.slot);
		return syscall(SYS_ioctl, fd, request, &region);
	}
	return syscall(SYS_ioctl, fd, request, arg);
}
