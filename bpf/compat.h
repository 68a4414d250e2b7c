/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every difference between kernels and architectures, and nothing else: reads
 * of kernel memory that know what may be missing or of another size. What
 * differs in the functions that are hooked is in user/trace/hooks.c, which
 * chooses among the programs.
 *
 * Needed from the kernel: slots in per-VM hash tables, with two sets of nodes
 * (a54d806688fe "KVM: Keep memslots in tree-based structures instead of
 * array-based ones", 5.17), bpf_loop() (e6f2dd0f8067 "bpf: Add bpf_loop helper",
 * 5.17), and task_struct.start_boottime (cf25e24db61c "time: Rename
 * tsk->real_start_time to ->start_boottime", 5.5).
 */
#ifndef SLOTSCOPE_BPF_COMPAT_H
#define SLOTSCOPE_BPF_COMPAT_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "events.h"
#include "kernel_types.h"

/*
 * The active memslots of an address space; NULL if the VM does not have it.
 * memslots[] has one element on arm64 and riscv, two on x86, of which a VM with
 * private memory uses the first alone (eed52e434bc3 "KVM: Allow arch code to
 * track number of memslot address spaces per VM", 6.8).
 */
static __always_inline struct kvm_memslots *
compat_memslots(const struct kvm *kvm, __u32 as_id)
{
	const void *array =
		(const void *)kvm + bpf_core_field_offset(struct kvm, memslots);
	struct kvm_memslots *slots = NULL;

	if (as_id >= bpf_core_field_size(struct kvm, memslots) / sizeof(void *))
		return NULL;
	bpf_probe_read_kernel(&slots, sizeof(slots),
			      array + as_id * sizeof(void *));
	return slots;
}

/*
 * A member that is farther in than a load reaches by itself (6.1's struct kvm); the
 * compiler is not to know where.
 */
static __always_inline const void *member_at(const void *p, __u64 offset)
{
	asm volatile("" : "+r"(offset));
	return p + offset;
}

/*
 * The generation of an address space's slots. A place in an array that is not constant
 * no pointer of the kernel's may be followed to.
 */
static __always_inline __u64 compat_generation(const struct kvm *kvm,
					       __u32 as_id, bool direct)
{
	const struct kvm_memslots *slots;

	if (direct && !as_id) {
		slots = *(struct kvm_memslots *const *)member_at(
			kvm, bpf_core_field_offset(struct kvm, memslots));
		return slots->generation;
	}
	slots = compat_memslots(kvm, as_id);
	return BPF_CORE_READ(slots, generation);
}

/* The first slot's node in a bucket; the caller keeps below compat_buckets() */
static __always_inline struct hlist_node *
compat_bucket(const struct kvm_memslots *slots, __u32 bucket)
{
	const void *array = (const void *)slots +
			    bpf_core_field_offset(struct kvm_memslots, id_hash);
	struct hlist_node *node = NULL;

	bpf_probe_read_kernel(
		&node, sizeof(node),
		array + bucket * bpf_core_type_size(struct hlist_head));
	return node;
}

static __always_inline __u32 compat_buckets(void)
{
	return bpf_core_field_size(struct kvm_memslots, id_hash) /
	       bpf_core_type_size(struct hlist_head);
}

/* container_of(node, struct kvm_memory_slot, id_node[node_idx]) */
static __always_inline struct kvm_memory_slot *
compat_slot(struct hlist_node *node, __u32 node_idx)
{
	return (void *)node -
	       bpf_core_field_offset(struct kvm_memory_slot, id_node) -
	       (node_idx & 1) * bpf_core_type_size(struct hlist_node);
}

#define KVM_GUEST_MEMFD (1U << 2) /* KVM_MEM_GUEST_MEMFD */

/*
 * Slots have a guest_memfd, and an offset into it, since a7800aa80ea4 "KVM: Add
 * KVM_CREATE_GUEST_MEMFD ioctl() for guest-specific backing memory" (6.8), and
 * only if the kernel is configured for it. The file is NULL once it is closed.
 */
static __always_inline void compat_gmem_read(struct slot_record *rec,
					     const struct kvm_memory_slot *slot)
{
	struct file *file;

	rec->gmem_pgoff = 0;
	rec->gmem_inode = 0;
	rec->gmem_dev = 0;
	rec->gmem_closed = 0;
	if (!(rec->flags & KVM_GUEST_MEMFD) ||
	    !bpf_core_field_exists(slot->gmem.pgoff))
		return;
	file = BPF_CORE_READ(slot, gmem.file);
	rec->gmem_pgoff = BPF_CORE_READ(slot, gmem.pgoff);
	rec->gmem_closed = !file;
	rec->gmem_inode = BPF_CORE_READ(file, f_inode, i_ino);
	rec->gmem_dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
}

/*
 * The VM that a guest_memfd was made for: the first member of what is behind its
 * file, struct kvm_gmem, since 6.18 struct gmem_file. The caller looks whether there
 * is such a VM.
 */
static __always_inline const struct kvm *
compat_gmem_kvm(const struct file *file)
{
	const struct kvm *kvm = NULL;

	bpf_probe_read_kernel(&kvm, sizeof(kvm),
			      BPF_CORE_READ(file, private_data));
	return kvm;
}

/* Members that stand side by side on every kernel so far */
struct slot_range {
	__u64 base_gfn;
	__u64 npages;
};

struct slot_rest {
	__u64 userspace_addr;
	__u32 flags;
	__s16 id;
	__u16 as_id;
};

#define slot_offset(member) \
	bpf_core_field_offset(struct kvm_memory_slot, member)
#define is_behind(member, first, type)               \
	(slot_offset(member) - slot_offset(first) == \
	 __builtin_offsetof(type, member) - __builtin_offsetof(type, first))

/*
 * Each read of kernel memory is a call of 50 instructions and more, so two take
 * what six would. Where members stand is known when the program is loaded: of
 * the two ways one is left. @direct: loads will do.
 */
static __always_inline void compat_slot_read(struct slot_record *rec,
					     const struct kvm_memory_slot *slot,
					     bool direct)
{
	struct slot_range range = {};
	struct slot_rest rest = {};

	if (direct) {
		range.base_gfn = slot->base_gfn;
		range.npages = slot->npages;
		rest.userspace_addr = slot->userspace_addr;
		rest.flags = slot->flags;
		rest.id = slot->id;
		rest.as_id = slot->as_id;
	} else if (is_behind(npages, base_gfn, struct slot_range) &&
		   is_behind(flags, userspace_addr, struct slot_rest) &&
		   is_behind(id, userspace_addr, struct slot_rest) &&
		   is_behind(as_id, userspace_addr, struct slot_rest)) {
		bpf_probe_read_kernel(&range, sizeof(range),
				      (const void *)slot +
					      slot_offset(base_gfn));
		bpf_probe_read_kernel(&rest, sizeof(rest),
				      (const void *)slot +
					      slot_offset(userspace_addr));
	} else {
		range.base_gfn = BPF_CORE_READ(slot, base_gfn);
		range.npages = BPF_CORE_READ(slot, npages);
		rest.userspace_addr = BPF_CORE_READ(slot, userspace_addr);
		rest.flags = BPF_CORE_READ(slot, flags);
		rest.id = BPF_CORE_READ(slot, id);
		rest.as_id = BPF_CORE_READ(slot, as_id);
	}
	rec->gfn = range.base_gfn;
	rec->nr_pages = range.npages;
	rec->hva = rest.userspace_addr;
	rec->flags = rest.flags;
	rec->id = rest.id;
	rec->as_id = rest.as_id;
	__builtin_memset(rec->pad, 0, sizeof(rec->pad));
	compat_gmem_read(rec, slot);
}

/* A slot as a node of the tree of host addresses */
struct hva_range {
	const void *left;
	const void *right;
	__u64 start;
	__u64 last;
	__u64 subtree_last;
};

static __always_inline void compat_hva_read(struct hva_range *range,
					    const void *rb)
{
	const struct interval_tree_node *node =
		rb - bpf_core_field_offset(struct interval_tree_node, rb);

	range->left = BPF_CORE_READ(node, rb.rb_left);
	range->right = BPF_CORE_READ(node, rb.rb_right);
	range->start = BPF_CORE_READ(node, start);
	range->last = BPF_CORE_READ(node, last);
	range->subtree_last = BPF_CORE_READ(node, __subtree_last);
}

/* container_of(node, struct kvm_memory_slot, hva_node[node_idx].rb) */
static __always_inline const struct kvm_memory_slot *
compat_hva_slot(const void *rb, __u32 node_idx)
{
	return rb - bpf_core_field_offset(struct interval_tree_node, rb) -
	       bpf_core_field_offset(struct kvm_memory_slot, hva_node) -
	       (node_idx & 1) * bpf_core_type_size(struct interval_tree_node);
}

/* Which number of enum mmu_notifier_event means what is the kernel's */
#define EVENT_IS(event, name)                                         \
	(bpf_core_enum_value_exists(enum mmu_notifier_event, name) && \
	 (event) == bpf_core_enum_value(enum mmu_notifier_event, name))

static __always_inline enum mapping_kind compat_mapping_kind(__u32 event)
{
	if (EVENT_IS(event, MMU_NOTIFY_UNMAP))
		return MAPPING_UNMAP;
	if (EVENT_IS(event, MMU_NOTIFY_CLEAR))
		return MAPPING_CLEAR;
	if (EVENT_IS(event, MMU_NOTIFY_PROTECTION_VMA) ||
	    EVENT_IS(event, MMU_NOTIFY_PROTECTION_PAGE))
		return MAPPING_PROTECT;
	return MAPPING_OTHER;
}

/* The first arguments of the system call of which these are the registers */
static __always_inline void compat_args_read(__u64 args[4], const void *regs)
{
	const struct pt_regs___x86 *x86 = regs;
	const struct pt_regs___arm64 *arm64 = regs;

	if (bpf_core_field_exists(x86->orig_ax)) {
		args[0] = BPF_CORE_READ(x86, di);
		args[1] = BPF_CORE_READ(x86, si);
		args[2] = BPF_CORE_READ(x86, dx);
		args[3] = BPF_CORE_READ(x86, r10);
	} else if (bpf_core_field_exists(arm64->syscallno)) {
		for (int i = 0; i < 4; i++)
			args[i] = BPF_CORE_READ(arm64, regs[i]);
	}
}

/* That system call; nothing where none is known */
static __always_inline void compat_syscall_read(struct mapping_record *rec,
						const void *regs)
{
	const struct pt_regs___x86 *x86 = regs;
	const struct pt_regs___arm64 *arm64 = regs;

	if (bpf_core_field_exists(x86->orig_ax))
		rec->syscall = BPF_CORE_READ(x86, orig_ax);
	else if (bpf_core_field_exists(arm64->syscallno))
		rec->syscall = BPF_CORE_READ(arm64, syscallno);
	if (rec->syscall >= 0)
		compat_args_read(rec->args, regs);
}

/*
 * The instruction at which a vCPU stands; 0 where that is not known. x86 keeps it
 * behind the 16 general registers; VMX reads it from the VMCS when somebody asks,
 * which for the exits that are told KVM has done.
 */
static __always_inline __u64 compat_rip(const struct kvm_vcpu *vcpu)
{
	const struct kvm_vcpu___x86 *x86 = (const void *)vcpu;
	__u64 rip = 0;

	if (bpf_core_field_exists(x86->arch.regs))
		bpf_probe_read_kernel(
			&rip, sizeof(rip),
			(const void *)x86 +
				bpf_core_field_offset(struct kvm_vcpu___x86,
						      arch) +
				bpf_core_field_offset(
					struct kvm_vcpu_arch___x86, regs) +
				16 * sizeof(rip));
	return rip;
}

/*
 * Is the address of a vCPU's fault that the processor tells a guest physical one? Not
 * with shadow paging, once the guest has paging of its own; nor of a nested guest.
 */
static __always_inline bool compat_faults_by_gpa(const struct kvm_vcpu *vcpu)
{
	const struct kvm_vcpu___x86 *x86 = (const void *)vcpu;
	const struct kvm_mmu___x86 *mmu;

	if (!bpf_core_field_exists(x86->arch.mmu))
		return true;
	mmu = BPF_CORE_READ(x86, arch.mmu);
	if (!bpf_core_field_exists(mmu->root_role.direct))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(mmu, root_role.direct);
}

/*
 * Is a VM being destroyed? Then its last user is gone; whoever makes one is a
 * user of it before anything is done with it.
 */
static __always_inline bool compat_dying(const struct kvm *kvm, bool direct)
{
	const int *users = member_at(
		kvm, bpf_core_field_offset(kvm->users_count.refs.counter));
	int left = 1;

	if (!bpf_core_field_exists(kvm->users_count.refs.counter))
		return false;
	if (direct)
		return !*users;
	bpf_probe_read_kernel(&left, sizeof(left), users);
	return !left;
}

/*
 * Who holds the lock under which slots change, or NULL. On PREEMPT_RT a mutex is
 * an rt_mutex (bb630f9f7a7d "locking/rtmutex: Add mutex variant for RT", 5.15).
 * The low bits of an owner are flags.
 */
static __always_inline struct task_struct *
compat_slots_owner(const struct kvm *kvm)
{
	const struct mutex *lock =
		(const void *)kvm +
		bpf_core_field_offset(struct kvm, slots_lock);
	const struct mutex___rt *rt = (const void *)lock;
	unsigned long owner;

	if (bpf_core_field_exists(lock->owner))
		owner = BPF_CORE_READ(lock, owner.counter);
	else
		owner = (unsigned long)BPF_CORE_READ(rt, rtmutex.owner);
	return (struct task_struct *)(owner & ~7UL);
}

#endif
