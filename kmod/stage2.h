/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SLOTSCOPE_STAGE2_H
#define SLOTSCOPE_STAGE2_H

long slotscope_stage2(void __user *argp);

#endif
