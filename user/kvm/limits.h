/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the running kernel allows of a memslot, asked of the kernel itself */
#ifndef SLOTSCOPE_KVM_LIMITS_H
#define SLOTSCOPE_KVM_LIMITS_H

#include <slotscope/rules.h>

/**
 * kvm_limits_probe() - what requests this kernel takes
 * @vm_fd:  the VM that requests are for, if it is our own; -1: another process
 *	    has it. KVM does not let us ask that one, so what depends on a VM's type
 *	    (read-only, guest_memfd) is known only where VMs of all types that this
 *	    kernel makes agree, and @limits->nr_as is what the kernel has at most:
 *	    set it, if the VM's own is known
 * @limits: filled; nothing is known of any guest_memfd
 *
 * What has a capability is asked for; what has none is tried on a VM that is
 * made for that, and goes before this returns. About 200 ioctls, most of them
 * refused at once.
 *
 * Return: 0, or a negative errno: no /dev/kvm, no right to it, no VM. @limits
 * tells of nothing then.
 */
int kvm_limits_probe(int vm_fd, struct request_limits *limits,
		     struct slotscope_error *err);

#endif
