// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "kvm/ioctl.h"

int kvm_ioctl_told(int fd, unsigned long request, uintptr_t arg)
{
	char text[512], what[480];
	struct narrate_call call = { .name = "ioctl", .fd = fd, .text = text };

	call.result = ioctl(fd, request, arg);
	call.error = call.result == -1 ? errno : 0;
	call.request = kvm_ioctl_text(what, sizeof(what), request, arg);
	snprintf(text, sizeof(text), "ioctl(%d, %s)", fd, what);
	narrate_call(&call);
	errno = call.error;
	return call.result;
}
