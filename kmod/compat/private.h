/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members of structs that no header tells of. Where they are is read from the BTF of
 * the KVM that runs, before any VM is looked into; they may lie elsewhere in each
 * kernel, or be missing: then what needs them is not to be had.
 */
#ifndef SLOTSCOPE_COMPAT_PRIVATE_H
#define SLOTSCOPE_COMPAT_PRIVATE_H

#include <linux/types.h>

enum {
	PRIVATE_PAGE_LINK, /* in the list of roots */
	PRIVATE_PAGE_ROLE, /* union kvm_mmu_page_role */
	PRIVATE_PAGE_SPT,  /* its entries */
	PRIVATE_LIST_SPTES, /* of a reverse map that is a list: pointers to entries */
	PRIVATE_NR,
};

/**
 * struct compat_private - a member of KVM's, as the running KVM has it
 * @name:	"STRUCT.MEMBER"
 * @least:	its size, in bytes; of an array at least
 * @offset:	where it is
 * @known:	it was found, and has the size
 */
struct compat_private {
	const char *name;
	u32 least;
	u32 offset;
	bool known;
};

/* Filled by layout.c */
extern struct compat_private compat_privates[PRIVATE_NR];

bool compat_private_are_known(void);

static inline u32 compat_private(unsigned int which)
{
	return compat_privates[which].offset;
}

#endif
