/* SPDX-License-Identifier: GPL-2.0-only */
/* The members of KVM's that this module looks at; see members.c. */
#ifndef SLOTSCOPE_COMPAT_MEMBERS_H
#define SLOTSCOPE_COMPAT_MEMBERS_H

#include <linux/types.h>

struct slotscope_member;

/* What was built, filled in; beside it room for what is found */
extern struct slotscope_member compat_members[];
extern const u32 compat_nr_members;

#endif
