// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kvm/loaded.h"

/* The device that KVM registers once its vendor's module works */
#define KVM_CLASS "/sys/class/misc/kvm"

/* The first CPU's lines; x86 has some 1,500 bytes of them */
#define CPUINFO_MAX 8192

bool kvm_loaded(void)
{
	int fd;

	if (!access(KVM_CLASS, F_OK))
		return true;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	/* The node may stand there without a driver behind it */
	return fd >= 0 ||
	       (errno != ENOENT && errno != ENODEV && errno != ENXIO);
}

/* Is @flag a word of the first line of flags? */
static bool has_flag(const char *cpuinfo, const char *flag)
{
	const char *line = strstr(cpuinfo, "flags");
	size_t len = strlen(flag);
	const char *end, *at;

	if (!line)
		return false;
	end = strchrnul(line, '\n');
	for (at = line; (at = strstr(at, flag)) && at < end; at += len)
		if (isspace((unsigned char)at[-1]) &&
		    (!at[len] || isspace((unsigned char)at[len])))
			return true;
	return false;
}

const char *kvm_not_loaded_next(const char *cpuinfo)
{
	if (has_flag(cpuinfo, "svm"))
		return "`modprobe kvm_amd`";
	if (has_flag(cpuinfo, "vmx"))
		return "`modprobe kvm_intel`";
	return "the CPU offers no virtualisation (neither vmx nor svm in "
	       "/proc/cpuinfo): turn it on in the firmware; in a VM, allow "
	       "nested virtualisation";
}

int kvm_not_loaded(struct slotscope_error *err)
{
	char cpuinfo[CPUINFO_MAX] = "";
	int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && len < sizeof(cpuinfo) - 1) {
		n = read(fd, cpuinfo + len, sizeof(cpuinfo) - 1 - len);
		len += n > 0 ? n : 0;
	}
	if (fd >= 0)
		close(fd);
	cpuinfo[len] = '\0';
	error_why(err, "KVM is not loaded");
	return error_next(err, "%s", kvm_not_loaded_next(cpuinfo));
}
