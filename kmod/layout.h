/* SPDX-License-Identifier: GPL-2.0-only */
/* Is KVM laid out as the headers said that this module was built with? */
#ifndef SLOTSCOPE_LAYOUT_H
#define SLOTSCOPE_LAYOUT_H

#include <linux/types.h>

int layout_init(void);
int layout_prove(bool kvm_is_module);

long slotscope_layout(void __user *argp);

#endif
