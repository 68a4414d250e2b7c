/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HOST_VM_BIRTH_H
#define HOST_VM_BIRTH_H

#include <stdint.h>
#include <sys/types.h>

/**
 * vm_birth() - when a VM was made, by KVM's directory for it in debugfs
 * @tid:     of the thread that made it
 * @fd:      the descriptor that it was given
 * @real_ns: CLOCK_REALTIME, as coarse as the kernel's ticks
 *
 * Return: 0 or a negative errno: -ENOENT if there is none, as debugfs is not mounted, or
 * another thread made it.
 */
int vm_birth(pid_t tid, int fd, uint64_t *real_ns);

#endif
