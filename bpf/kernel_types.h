/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types, as far as we look into them. Members that are not listed
 * do not matter: libbpf finds each by its name in the running kernel's BTF and
 * patches the offsets (CO-RE). So this builds without that BTF, and one object
 * file serves all kernels. Array sizes here are never used; see compat.h.
 */
#ifndef SLOTSCOPE_BPF_KERNEL_TYPES_H
#define SLOTSCOPE_BPF_KERNEL_TYPES_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), \
			     apply_to = record)

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct file_operations;

struct mmu_notifier_subscriptions {
	struct hlist_head list;
};

struct mm_struct {
	unsigned long start_code;
	unsigned long start_stack;
	struct mmu_notifier_subscriptions *notifier_subscriptions;
};

struct vm_area_struct {
	struct mm_struct *vm_mm;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
};

struct userfaultfd_ctx {
	struct mm_struct *mm;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct file {
	const struct file_operations *f_op;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

struct signal_struct {
	atomic_t live; /* threads that have not ended */
	unsigned int flags;
	int group_exit_code;
};

struct task_struct {
	int pid;
	int tgid;
	int exit_code;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	char comm[16];
};

/* struct mutex: with and without CONFIG_PREEMPT_RT */
typedef struct {
	__s64 counter;
} atomic64_t;
typedef atomic64_t atomic_long_t;

struct rt_mutex_base {
	struct task_struct *owner;
};

struct mutex {
	atomic_long_t owner;
};

struct mutex___rt {
	struct rt_mutex_base rtmutex;
};

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

struct interval_tree_node {
	struct rb_node rb;
	unsigned long start;
	unsigned long last;
	unsigned long __subtree_last;
};

struct mmu_notifier {
	struct hlist_node hlist;
	struct mm_struct *mm;
};

enum mmu_notifier_event {
	MMU_NOTIFY_UNMAP,
	MMU_NOTIFY_CLEAR,
	MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_PROTECTION_PAGE,
};

struct mmu_notifier_range {
	unsigned long start;
	unsigned long end;
	enum mmu_notifier_event event;
};

struct kvm_memory_slot {
	struct hlist_node id_node[2];
	struct interval_tree_node hva_node[2];
	__u64 base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	__u32 flags;
	short id;
	__u16 as_id;
	struct {
		struct file *file;
		unsigned long pgoff;
	} gmem;
};

struct kvm_memslots {
	__u64 generation;
	struct rb_root_cached hva_tree;
	struct hlist_head id_hash[1];
	int node_idx;
};

struct kvm {
	struct mutex slots_lock;
	struct mm_struct *mm;
	refcount_t users_count;
	struct kvm_memslots *memslots[1];
	struct mmu_notifier mmu_notifier;
};

struct kvm_run {
	__u32 exit_reason;
};

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	struct kvm_run *run;
};

/* x86 */
union kvm_mmu_page_role___x86 {
	struct {
		unsigned int direct : 1;
	};
};

struct kvm_mmu___x86 {
	union kvm_mmu_page_role___x86 root_role;
};

struct kvm_vcpu_arch___x86 {
	unsigned long regs[1];
	struct kvm_mmu___x86 *mmu;
};

struct kvm_vcpu___x86 {
	struct kvm_vcpu_arch___x86 arch;
};

struct pt_regs___x86 {
	unsigned long di, si, dx, r10;
	unsigned long orig_ax;
};

struct pt_regs___arm64 {
	unsigned long regs[31];
	int syscallno;
};

/* Contexts of programs */
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_map;

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct trace_event_raw_sys_enter {
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	long ret;
};

#pragma clang attribute pop

#endif
