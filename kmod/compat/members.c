// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every member of KVM's that this module looks at, and every struct of which it
 * must know the size. What is not in this list must not be used: layout.c proves
 * the list, and nothing else.
 */
#include <linux/kernel.h>
#include <linux/stddef.h>

#include <slotscope.h>

#include "kvm.h"
#include "members.h"

#define MEMBER(type, member)                                     \
	{                                                        \
		.name = #type "." #member,                       \
		.built_offset = offsetof(struct type, member),   \
		.built_size = sizeof_field(struct type, member), \
	}

#define WHOLE(type)                                              \
	{                                                        \
		.name = #type, .built_size = sizeof(struct type) \
	}

struct slotscope_member compat_members[] = {
	MEMBER(kvm, __memslots),
	MEMBER(kvm, memslots),
	MEMBER(kvm, srcu),
	MEMBER(kvm, mm),
	MEMBER(kvm, slots_lock),
	MEMBER(kvm, users_count),
	MEMBER(kvm, nr_memslot_pages),
	MEMBER(kvm, online_vcpus),
	MEMBER(kvm, dirty_ring_size),
	MEMBER(kvm, mmu_lock),
#ifdef CONFIG_X86_64
	MEMBER(kvm, arch.tdp_mmu_roots),
#endif
#ifdef COMPAT_HAS_NR_DIRTY_LOGGING
	MEMBER(kvm, nr_memslots_dirty_logging),
#endif
#ifdef COMPAT_HAS_VM_TYPE
	MEMBER(kvm, arch.vm_type),
#endif
/* What kvm_arch_nr_memslot_as_ids() looks at; see compat_nr_as() */
#if defined(KVM_MAX_NR_ADDRESS_SPACES) && defined(CONFIG_X86)
	MEMBER(kvm, arch.has_private_mem),
#endif

	WHOLE(kvm_memslots),
	MEMBER(kvm_memslots, generation),
	MEMBER(kvm_memslots, gfn_tree),
	MEMBER(kvm_memslots, hva_tree),
	MEMBER(kvm_memslots, id_hash),
	MEMBER(kvm_memslots, node_idx),

	WHOLE(kvm_memory_slot),
	MEMBER(kvm_memory_slot, id_node),
	MEMBER(kvm_memory_slot, gfn_node),
	MEMBER(kvm_memory_slot, hva_node),
	MEMBER(kvm_memory_slot, base_gfn),
	MEMBER(kvm_memory_slot, npages),
	MEMBER(kvm_memory_slot, userspace_addr),
	MEMBER(kvm_memory_slot, flags),
	MEMBER(kvm_memory_slot, id),
	MEMBER(kvm_memory_slot, as_id),
	MEMBER(kvm_memory_slot, dirty_bitmap),
#ifdef COMPAT_HAS_SLOT_BOOKS
	WHOLE(kvm_lpage_info),
	MEMBER(kvm_lpage_info, disallow_lpage),
	MEMBER(kvm_memory_slot, arch.lpage_info),
	MEMBER(kvm_memory_slot, arch.rmap),
	WHOLE(kvm_rmap_head),
#ifdef COMPAT_HAS_GFN_WRITE_TRACK
	MEMBER(kvm_memory_slot, arch.gfn_write_track),
#else
	MEMBER(kvm_memory_slot, arch.gfn_track),
#endif
#endif
	/* See COMPAT_HAS_GMEM */
#if defined(CONFIG_KVM_PRIVATE_MEM) || defined(CONFIG_KVM_GUEST_MEMFD)
	MEMBER(kvm_memory_slot, gmem.file),
	MEMBER(kvm_memory_slot, gmem.pgoff),
#endif
};

const u32 compat_nr_members = ARRAY_SIZE(compat_members);
