/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way to KVM's ioctls, so that none goes untold (narrate/narrate.h). */
#ifndef SLOTSCOPE_KVM_IOCTL_H
#define SLOTSCOPE_KVM_IOCTL_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "narrate/narrate.h"

/* The same as kvm_ioctl(), and tells of it */
int kvm_ioctl_told(int fd, unsigned long request, uintptr_t arg);

static inline int kvm_ioctl_(int fd, unsigned long request, uintptr_t arg)
{
	return narrating() ? kvm_ioctl_told(fd, request, arg) :
			     ioctl(fd, request, arg);
}

/**
 * kvm_ioctl() - ioctl(2) on /dev/kvm, a VM or a vCPU
 * @arg: a number or a pointer
 */
#define kvm_ioctl(fd, request, arg) kvm_ioctl_(fd, request, (uintptr_t)(arg))

/**
 * kvm_ioctl_text() - spell a request and its argument as strace does
 * @text: "KVM_CREATE_VM, 0"
 *
 * What the argument points at is read, for those requests whose structure tells
 * something. It is our own memory, and must be whole.
 *
 * Return: the request's name; NULL for one that is not known here.
 */
const char *kvm_ioctl_text(char *text, size_t size, unsigned long request,
			   uintptr_t arg);

#endif
