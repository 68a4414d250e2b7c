/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the kernels that the module is built for. Members
 * and macros are tested, never versions, so that backports are served too; each
 * test names the mainline commit that made the difference.
 *
 * Oldest KVM served: 5.17, whose memslots are kept in trees (a54d806688fe,
 * "KVM: Keep memslots in tree-based structures instead of array-based ones").
 */
#ifndef SLOTSCOPE_COMPAT_KVM_H
#define SLOTSCOPE_COMPAT_KVM_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>

/* What is not served is refused here, and -Wfatal-errors ends the build with it */
#if !IS_ENABLED(CONFIG_KVM)
#error "slotscope: this kernel has no KVM (CONFIG_KVM)"
#endif
#ifndef CONFIG_DEBUG_INFO_BTF
#error "slotscope: this kernel has no BTF (CONFIG_DEBUG_INFO_BTF), by which KVM's layout is proven"
#endif
#ifndef kvm_for_each_memslot_in_gfn_range
#error "slotscope: this kernel is too old: KVM keeps its slots in trees since 5.17"
#endif

/*
 * The number of address spaces was a constant of the architecture until
 * eed52e434bc3 ("KVM: Allow arch code to track number of memslot address spaces
 * per VM"), 6.8.
 */
#ifdef KVM_MAX_NR_ADDRESS_SPACES
#define COMPAT_MAX_AS	  KVM_MAX_NR_ADDRESS_SPACES
#define compat_nr_as(kvm) kvm_arch_nr_memslot_as_ids(kvm)
#else
#define COMPAT_MAX_AS	  KVM_ADDRESS_SPACE_NUM
#define compat_nr_as(kvm) ((void)(kvm), KVM_ADDRESS_SPACE_NUM)
#endif

/*
 * Slots can have a guest_memfd since a7800aa80ea4 ("KVM: Add
 * KVM_CREATE_GUEST_MEMFD ioctl() for guest-specific backing memory"), 6.8. The
 * option was renamed by 19a9a1ab5c3d ("KVM: Rename CONFIG_KVM_PRIVATE_MEM to
 * CONFIG_KVM_GUEST_MEMFD"), 6.18. KVM_MEM_GUEST_MEMFD is defined either way.
 * The pointer was marked __rcu until 67b43038ce14 ("KVM: guest_memfd: Remove
 * RCU-protected attribute from slot->gmem.file"), 6.13; get_file_active(), which
 * KVM itself came to use, serves both. It becomes NULL when the file is closed.
 *
 * compat_slot_gmem_get() - the slot's guest_memfd, to be fput(); NULL if there
 * is none (any more)
 */
#if defined(CONFIG_KVM_PRIVATE_MEM) || defined(CONFIG_KVM_GUEST_MEMFD)
#define COMPAT_HAS_GMEM		     true
#define compat_slot_gmem_get(slot) \
	get_file_active((struct file **)(uintptr_t)&(slot)->gmem.file)
#define compat_slot_gmem_pgoff(slot) ((slot)->gmem.pgoff)
#else
#define COMPAT_HAS_GMEM		     false
#define compat_slot_gmem_get(slot)   ((void)(slot), (struct file *)NULL)
#define compat_slot_gmem_pgoff(slot) ((void)(slot), 0)
#endif

/*
 * KVM_MEM_GUEST_MEMFD came with it: bb58b90b1a8f ("KVM: Introduce
 * KVM_SET_USER_MEMORY_REGION2"), 6.8.
 */
#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD 0
#endif

/*
 * The type of a VM is kept since 89ea60c2c7b5 ("KVM: x86: Add support for
 * "protected VMs" that can utilize private memory"), 6.8, which has this type.
 */
#if defined(CONFIG_X86) && defined(KVM_X86_SW_PROTECTED_VM)
#define COMPAT_HAS_VM_TYPE
#define compat_vm_type(kvm) ((kvm)->arch.vm_type)
#else
#define compat_vm_type(kvm) ((void)(kvm), 0)
#endif

/*
 * mmu_lock is a rwlock where the architecture says so: 531810caa9f4 ("KVM: x86/mmu: Use
 * an rwlock for the x86 MMU"), 5.12.
 */
#ifdef KVM_HAVE_MMU_RWLOCK
#define compat_mmu_read_lock(kvm)   read_lock(&(kvm)->mmu_lock)
#define compat_mmu_read_unlock(kvm) read_unlock(&(kvm)->mmu_lock)
#else
#define compat_mmu_read_lock(kvm)   spin_lock(&(kvm)->mmu_lock)
#define compat_mmu_read_unlock(kvm) spin_unlock(&(kvm)->mmu_lock)
#endif

/*
 * A TDX VM's tables are the TDX module's, and KVM's own are a mirror of them:
 * 161d34609f9b ("KVM: TDX: Make TDX VM type supported"), 6.16.
 */
#if defined(CONFIG_X86) && defined(KVM_X86_TDX_VM)
#define compat_vm_is_tdx(kvm) ((kvm)->arch.vm_type == KVM_X86_TDX_VM)
#else
#define compat_vm_is_tdx(kvm) ((void)(kvm), false)
#endif

/*
 * A slot whose memory is its guest_memfd's alone: "KVM: guest_memfd: Track
 * guest_memfd mmap support in memslot", 6.18.
 */
#ifdef KVM_MEMSLOT_GMEM_ONLY
#define compat_slot_is_gmem_only(slot) \
	(!!((slot)->flags & KVM_MEMSLOT_GMEM_ONLY))
#else
#define compat_slot_is_gmem_only(slot) ((void)(slot), false)
#endif

/*
 * How many slots have dirty logging is counted since "KVM: x86/mmu: Do not recover
 * dirty-tracked NX Huge Pages", 6.3. Kbuild looks for the member: no macro tells.
 *
 * compat_nr_dirty_logging() - KVM's count, or, where it has none, what is expected
 */
#ifdef COMPAT_HAS_NR_DIRTY_LOGGING
#define compat_nr_dirty_logging(kvm, expected) \
	((u32)atomic_read(&(kvm)->nr_memslots_dirty_logging))
#else
#define compat_nr_dirty_logging(kvm, expected) ((void)(kvm), (expected))
#endif

/*
 * What x86 keeps beside a slot. Until 338068b5bec4 ("KVM: x86/mmu: Drop
 * infrastructure for multiple page-track modes"), 6.6, there could be several modes
 * in which pages are tracked, and was one. Kbuild looks for the member.
 */
#ifdef CONFIG_X86
#define COMPAT_HAS_SLOT_BOOKS
#define COMPAT_NR_HUGE		   (KVM_NR_PAGE_SIZES - 1)
#define compat_huge_shift(i)	   KVM_HPAGE_SHIFT(PG_LEVEL_2M + (i))
#define compat_huge_books(slot, i) READ_ONCE((slot)->arch.lpage_info[i])
#define compat_has_rmap(slot)	   (!!READ_ONCE((slot)->arch.rmap[0]))
#ifdef COMPAT_HAS_GFN_WRITE_TRACK
#define compat_write_track(slot)   READ_ONCE((slot)->arch.gfn_write_track)
#else
#define compat_write_track(slot)   READ_ONCE((slot)->arch.gfn_track[0])
#endif
#endif

#endif
