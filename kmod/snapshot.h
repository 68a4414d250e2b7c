/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SLOTSCOPE_SNAPSHOT_H
#define SLOTSCOPE_SNAPSHOT_H

long slotscope_snapshot(void __user *argp);

#endif
