// SPDX-License-Identifier: GPL-2.0-only
#include <linux/list.h>

#include "kvm.h"
#include "private.h"

/*
 * Pages of the TDP MMU are these, too: 02c00b3a2f7e ("kvm: x86/mmu: Allocate and free
 * TDP MMU roots"), 5.10. Their members are elsewhere in many a kernel.
 */
struct compat_private compat_privates[PRIVATE_NR] = {
	[PRIVATE_PAGE_LINK] = {
		.name = "kvm_mmu_page.link",
		.least = sizeof(struct list_head),
	},
	[PRIVATE_PAGE_ROLE] = {
		.name = "kvm_mmu_page.role",
		.least = sizeof(u32),
	},
	[PRIVATE_PAGE_SPT] = {
		.name = "kvm_mmu_page.spt",
		.least = sizeof(u64 *),
	},
	[PRIVATE_LIST_SPTES] = {
		.name = "pte_list_desc.sptes",
		.least = sizeof(u64 *),
	},
};

/**
 * compat_private_are_known() - were all of them found?
 */
bool compat_private_are_known(void)
{
	unsigned int i;

	for (i = 0; i < PRIVATE_NR; i++)
		if (!compat_privates[i].known)
			return false;
	return true;
}
