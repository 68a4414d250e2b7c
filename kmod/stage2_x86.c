// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86: the roots of the TDP MMU, which are tables by gpa, one for each address space
 * (and more, as KVM likes); and for all other tables the reverse map of each slot:
 * which entries map this page of it.
 */
#include <linux/errno.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/page.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "compat/private.h"
#include "pagetable.h"
#include "stage2_arch.h"

/* All roots of a VM; an end to a list that goes round */
#define LIST_MAX 256

/* Low bits of a reverse map's word are KVM's own, the first of them "a list" */
#define RMAP_MANY 1UL
#define RMAP_BITS 7UL

static u64 address_mask(void)
{
	/* Some bits of an address may be memory encryption's */
	return GENMASK_ULL(boot_cpu_data.x86_phys_bits - 1, PAGE_SHIFT) &
	       __PHYSICAL_MASK;
}

static bool has_ept(void)
{
	return boot_cpu_has(X86_FEATURE_VMX);
}

/*
 * Whatever is wrong with a table, following it must not take the kernel down; the
 * same for what is reached by members that no header tells of.
 */
static int read_kernel(void *to, const void *from, size_t size)
{
	return copy_from_kernel_nofault(to, from, size) ? -EPROTO : 0;
}

static int read_entry(void *unused, u64 table, u32 index, u64 *spte)
{
	if (!pfn_valid(PHYS_PFN(table)))
		return -EIO;
	return read_kernel(spte, (u64 *)__va(table) + index, sizeof(*spte));
}

/**
 * stage2_arch_check() - can this VM's tables be looked at?
 * @kvm: the VM
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int stage2_arch_check(struct kvm *kvm)
{
	if (!compat_private_are_known() || compat_vm_is_tdx(kvm))
		return -EOPNOTSUPP;
	return 0;
}

static int add_root(struct stage2 *stage2, const void *page)
{
	union kvm_mmu_page_role role;
	const void *spt;
	int ret;

	ret = read_kernel(&role, page + compat_private(PRIVATE_PAGE_ROLE),
			  sizeof(role));
	if (ret)
		return ret;
	ret = read_kernel(&spt, page + compat_private(PRIVATE_PAGE_SPT),
			  sizeof(spt));
	if (ret)
		return ret;
	if (role.smm != stage2->as_id || role.invalid)
		return 0;
	if (role.level < PAGETABLE_MIN_LEVEL ||
	    role.level > PAGETABLE_MAX_LEVEL || !virt_addr_valid(spt))
		return -EPROTO;
	if (stage2->nr_roots == STAGE2_ROOTS) {
		stage2->tables |= SLOTSCOPE_STAGE2_CUT;
		return 0;
	}
	stage2->roots[stage2->nr_roots] = __pa(spt);
	stage2->levels[stage2->nr_roots] = role.level;
	stage2->ad[stage2->nr_roots] = !role.ad_disabled;
	stage2->nr_roots++;
	stage2->tables |= SLOTSCOPE_STAGE2_TDP;
	if (has_ept())
		stage2->tables |= SLOTSCOPE_STAGE2_EPT;
	return 0;
}

/**
 * stage2_arch_begin() - begin a look: which roots are there?
 * @stage2: the tables
 *
 * Return: 0 or -EPROTO.
 */
int stage2_arch_begin(struct stage2 *stage2)
{
	const struct list_head *head = &stage2->kvm->arch.tdp_mmu_roots;
	const struct list_head *node = READ_ONCE(head->next);
	int ret = 0, nr = 0;

	stage2->nr_roots = 0;
	/* NULL: the list was never made, as there is no TDP MMU (before 6.3) */
	while (!ret && node && node != head) {
		if (++nr > LIST_MAX) {
			stage2->tables |= SLOTSCOPE_STAGE2_CUT;
			return 0;
		}
		ret = add_root(stage2,
			       (const void *)node -
				       compat_private(PRIVATE_PAGE_LINK));
		if (!ret)
			ret = read_kernel(&node, &node->next, sizeof(node));
	}
	return ret;
}

static void tell(struct slotscope_mapping *to,
		 const struct pagetable_entry *entry, bool ad)
{
	*to = (struct slotscope_mapping){
		.gpa = entry->gpa,
		.bytes = entry->bytes,
		.hpa = entry->hpa,
		.spte = entry->spte,
		.level = entry->level,
	};
	if (entry->writable)
		to->flags |= SLOTSCOPE_MAP_WRITABLE;
	if (entry->executable)
		to->flags |= SLOTSCOPE_MAP_EXECUTABLE;
	if (!ad)
		return;
	to->flags |= SLOTSCOPE_MAP_AD;
	if (entry->accessed)
		to->flags |= SLOTSCOPE_MAP_ACCESSED;
	if (entry->dirty)
		to->flags |= SLOTSCOPE_MAP_DIRTY;
}

/* As stage2_arch_find(), in one root */
static int find_by_root(struct stage2 *stage2, u32 root, u64 gpa,
			struct slotscope_mapping *mapping, u64 *hole)
{
	struct pagetable table = {
		.format = has_ept() ? PAGETABLE_EPT : PAGETABLE_LONG,
		.level = stage2->levels[root],
		.root = stage2->roots[root],
		.address_mask = address_mask(),
		.read = read_entry,
	};
	struct pagetable_entry entry;

	if (gpa >= pagetable_bytes(table.level + 1)) {
		*hole = U64_MAX;
		return 0;
	}
	if (pagetable_find(&table, gpa, &entry))
		return -EPROTO;
	if (entry.present) {
		tell(mapping, &entry, stage2->ad[root]);
		return 1;
	}
	*hole = entry.gpa + entry.bytes;
	return 0;
}

/* The slot with @gfn or, if there is none, the next one; NULL */
static const struct kvm_memory_slot *slot_from(struct kvm_memslots *slots,
					       gfn_t gfn)
{
	const struct kvm_memory_slot *found = NULL;
	struct rb_node *node = slots->gfn_tree.rb_node;

	while (node) {
		const struct kvm_memory_slot *slot =
			container_of(node, struct kvm_memory_slot,
				     gfn_node[slots->node_idx]);

		if (gfn < slot->base_gfn + slot->npages) {
			found = slot;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* The entry that a reverse map has, the first of them: 0 for none */
static int first_entry(const struct kvm_rmap_head *head, u64 *spte, bool *many)
{
	unsigned long word;
	const void *at;
	int ret;

	ret = read_kernel(&word, head, sizeof(word));
	*spte = 0;
	*many = word & RMAP_MANY;
	at = (const void *)(word & ~RMAP_BITS);
	if (ret || !at)
		return ret;
	if (*many)
		ret = read_kernel(&at, at + compat_private(PRIVATE_LIST_SPTES),
				  sizeof(at));
	if (ret || !at)
		return ret ? ret : -EPROTO;
	return read_kernel(spte, at, sizeof(*spte));
}

/* As stage2_arch_find(), of one page of a slot */
static int find_by_rmap(const struct kvm_memory_slot *slot, gfn_t gfn,
			struct slotscope_mapping *mapping)
{
	struct pagetable_entry entry;
	u64 spte;
	bool many;
	int level, ret;

	for (level = 1; level <= KVM_NR_PAGE_SIZES; level++) {
		const struct kvm_rmap_head *rmap =
			READ_ONCE(slot->arch.rmap[level - 1]);
		int shift = KVM_HPAGE_GFN_SHIFT(level);
		gfn_t first = slot->base_gfn >> shift;

		if (!rmap)
			continue;
		ret = first_entry(&rmap[(gfn >> shift) - first], &spte, &many);
		if (ret)
			return ret;
		if (!pagetable_is_present(spte))
			continue;
		/*
		 * An EPT of a nested guest has other bits for what was accessed,
		 * a shadow table on the same processor has not
		 */
		pagetable_decode(PAGETABLE_LONG, address_mask(), spte, level,
				 gfn << PAGE_SHIFT, &entry);
		tell(mapping, &entry, !has_ept());
		if (has_ept())
			mapping->flags &= ~SLOTSCOPE_MAP_EXECUTABLE;
		mapping->flags |= SLOTSCOPE_MAP_SHADOW;
		if (many)
			mapping->flags |= SLOTSCOPE_MAP_SEVERAL;
		return 1;
	}
	return 0;
}

/* As stage2_arch_find(), in the reverse maps of all slots */
static int find_by_slots(struct stage2 *stage2, u64 gpa,
			 struct slotscope_mapping *mapping, u64 *hole,
			 int *steps)
{
	const struct kvm_memory_slot *slot;
	gfn_t gfn = gpa >> PAGE_SHIFT, end;
	int ret = 0;

	*hole = U64_MAX;
	slot = slot_from(__kvm_memslots(stage2->kvm, stage2->as_id), gfn);
	if (!slot)
		return 0;
	end = min_t(gfn_t, slot->base_gfn + slot->npages,
		    stage2->end >> PAGE_SHIFT);
	if (gfn < slot->base_gfn) {
		*hole = slot->base_gfn << PAGE_SHIFT;
		return 0;
	}
	*hole = end << PAGE_SHIFT;
	if (!READ_ONCE(slot->arch.rmap[0]))
		return 0;
	stage2->tables |= SLOTSCOPE_STAGE2_RMAP;
	for (; gfn < end && !ret; gfn++) {
		*hole = gfn << PAGE_SHIFT;
		if (gfn << PAGE_SHIFT > gpa && --*steps <= 0)
			return 0;
		ret = find_by_rmap(slot, gfn, mapping);
	}
	if (!ret)
		*hole = end << PAGE_SHIFT;
	return ret;
}

/**
 * stage2_arch_find() - what maps an address, or where to go on
 * @stage2: the tables, begun
 * @gpa: the address
 * @mapping: out, if there is one: of @gpa or, if nothing maps that, behind it
 * @hole: out, if there is none: behind @gpa; nothing before that is mapped
 * @steps: what may be done; what was is taken off
 *
 * Return: 1 (a mapping), 0 (none) or -EPROTO.
 */
int stage2_arch_find(struct stage2 *stage2, u64 gpa,
		     struct slotscope_mapping *mapping, u64 *hole, int *steps)
{
	struct slotscope_mapping behind;
	u64 end;
	u32 i;
	int ret;

	*hole = U64_MAX;
	for (i = 0; i < stage2->nr_roots; i++) {
		ret = find_by_root(stage2, i, gpa, mapping, &end);
		if (ret)
			return ret;
		*hole = min(*hole, end);
	}
	ret = find_by_slots(stage2, gpa, &behind, &end, steps);
	if (ret < 0)
		return ret;
	if (!ret) {
		*hole = min(*hole, end);
		return 0;
	}
	/* What lies between may be mapped by a root */
	if (behind.gpa > gpa && stage2->nr_roots) {
		*hole = min(*hole, behind.gpa);
		return 0;
	}
	*mapping = behind;
	return 1;
}
