/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SLOTSCOPE_AUDIT_H
#define SLOTSCOPE_AUDIT_H

long slotscope_audit(void __user *argp);

int audit_init(void);
void audit_exit(void);

#endif
