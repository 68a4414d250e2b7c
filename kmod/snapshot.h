/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SLOTSCOPE_SNAPSHOT_H
#define SLOTSCOPE_SNAPSHOT_H

#include <linux/types.h>

struct kvm;

long slotscope_snapshot(void __user *argp);
int snapshot_count(struct kvm *kvm, u32 *nr, u64 *bytes);

#endif
