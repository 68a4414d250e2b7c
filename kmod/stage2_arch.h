/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM's page tables of an architecture map. One look is taken with kvm->mmu_lock
 * held, in an RCU read section and with kvm->srcu held: nothing here may sleep, and
 * nothing that is found may be used after.
 */
#ifndef SLOTSCOPE_STAGE2_ARCH_H
#define SLOTSCOPE_STAGE2_ARCH_H

#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/types.h>

struct kvm;
struct slotscope_mapping;

/* Of one address space; more than KVM ever has in use at once */
#define STAGE2_ROOTS 16

/**
 * struct stage2 - tables that are looked at
 * @kvm:    whose
 * @as_id:  of which address space
 * @end:    gpa at which looking ends
 * @tables: SLOTSCOPE_STAGE2_*, of all looks so far
 * @nr_roots: of this look
 * @roots:  addresses of their pages
 * @levels: of each
 * @ad:     each tells what was accessed
 */
struct stage2 {
	struct kvm *kvm;
	u32 as_id;
	u64 end;
	u32 tables;
	u32 nr_roots;
	u64 roots[STAGE2_ROOTS];
	u32 levels[STAGE2_ROOTS];
	bool ad[STAGE2_ROOTS];
};

/*
 * stage2_arch_check() - can this VM's tables be looked at? Needs no lock
 * stage2_arch_begin() - begin a look. 0 or -EPROTO
 * stage2_arch_find() - what maps @gpa: 1 and @mapping; or 0, and in *@hole the next
 *	address at which something may be mapped; -EPROTO. Takes off *@steps what
 *	it did, and may end early when these are used up
 */
#ifdef CONFIG_X86_64
int stage2_arch_check(struct kvm *kvm);
int stage2_arch_begin(struct stage2 *stage2);
int stage2_arch_find(struct stage2 *stage2, u64 gpa,
		     struct slotscope_mapping *mapping, u64 *hole, int *steps);
#else
static inline int stage2_arch_check(struct kvm *kvm)
{
	return -EOPNOTSUPP;
}

static inline int stage2_arch_begin(struct stage2 *stage2)
{
	return -EOPNOTSUPP;
}

static inline int stage2_arch_find(struct stage2 *stage2, u64 gpa,
				   struct slotscope_mapping *mapping, u64 *hole,
				   int *steps)
{
	return -EOPNOTSUPP;
}
#endif

#endif
