/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose memory a VM's host addresses are of. */
#ifndef SLOTSCOPE_OWNER_H
#define SLOTSCOPE_OWNER_H

#include <linux/types.h>

struct kvm;

u32 owner_is(const struct kvm *kvm, pid_t pid);

#endif
