// SPDX-License-Identifier: GPL-2.0-only
/*
 * Do KVM's own indexes of its slots agree? It finds a slot by id in a hash, by gfn
 * in a tree and by hva in another, twice over: in the active set and in the one
 * that the next change is prepared in. SRCU protects the active one only, so
 * kvm->slots_lock is held.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/hashtable.h>
#include <linux/interval_tree.h>
#include <linux/kref.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include <slotscope.h>

#include "audit.h"
#include "compat/kvm.h"
#include "request.h"
#include "vm.h"

#define AUDIT_FIRST_SIZE offsetofend(struct slotscope_audit, end_ns)
#define FAULT_FIRST_SIZE offsetofend(struct slotscope_fault, expected)

/* More are counted, not told: who sees so many has seen enough */
#define FAULTS 256

/* In which index of the set in hand a slot was found */
#define IN_GFN_TREE BIT(0)
#define IN_HVA_TREE BIT(1)

/* Slots by id, as the hash has them */
struct by_id {
	const struct kvm_memory_slot *slot[KVM_MEM_SLOTS_NUM];
	u8 found[KVM_MEM_SLOTS_NUM];
};

/*
 * One audit. Shared by who asked and the worker, as the first may be killed while
 * the second waits for kvm->slots_lock.
 */
struct audit {
	struct kref users;
	struct work_struct work;
	struct completion done;
	struct vm vm;
	u32 as_id;
	u32 set;
	struct by_id *sets[2]; /* active, inactive */
	struct slotscope_fault faults[FAULTS];
	u32 nr_faults;
	u32 nr_slots;
	u32 nr_dirty_logging;
	u64 nr_pages;
	u64 begin_ns;
	u64 end_ns;
};

/*
 * The work is not the caller's: with kvm->slots_lock held, a limit on the caller's
 * time would be one on the VMM's.
 */
static struct workqueue_struct *audit_queue;

static void fault(struct audit *audit, u32 what,
		  const struct kvm_memory_slot *slot, u64 seen, u64 expected)
{
	if (audit->nr_faults < FAULTS)
		audit->faults[audit->nr_faults] = (struct slotscope_fault){
			.what = what,
			.as_id = audit->as_id,
			.set = audit->set,
			.id = slot ? slot->id : -1,
			.gpa = slot ? slot->base_gfn << PAGE_SHIFT : 0,
			.seen = seen,
			.expected = expected,
		};
	audit->nr_faults++;
}

static bool id_is_sane(const struct kvm_memory_slot *slot)
{
	return slot->id >= 0 && slot->id < KVM_MEM_SLOTS_NUM;
}

static void audit_hash(struct audit *audit, struct kvm_memslots *slots)
{
	struct by_id *by_id = audit->sets[audit->set];
	struct kvm_memory_slot *slot;
	u32 nr = 0;
	int bucket;

	hash_for_each(slots->id_hash, bucket, slot, id_node[slots->node_idx])
	{
		if (++nr > KVM_MEM_SLOTS_NUM) {
			fault(audit, SLOTSCOPE_FAULT_LOOP, slot, nr, 0);
			return;
		}
		if (!(nr % 1024))
			cond_resched();
		if (!id_is_sane(slot) || slot->as_id != audit->as_id ||
		    !slot->npages) {
			fault(audit, SLOTSCOPE_FAULT_SLOT, slot, 0, 0);
			continue;
		}
		if (bucket != hash_min(slot->id, HASH_BITS(slots->id_hash)) ||
		    by_id->slot[slot->id]) {
			fault(audit, SLOTSCOPE_FAULT_ID_HASH, slot, bucket,
			      hash_min(slot->id, HASH_BITS(slots->id_hash)));
			continue;
		}
		by_id->slot[slot->id] = slot;
	}
}

/* A slot was found in a tree: is it the one that the hash has by that id? */
static void found_in_tree(struct audit *audit,
			  const struct kvm_memory_slot *slot, u8 tree)
{
	struct by_id *by_id = audit->sets[audit->set];

	if (!id_is_sane(slot)) {
		fault(audit, SLOTSCOPE_FAULT_SLOT, slot, 0, 0);
		return;
	}
	/* Told once, though it is in two trees */
	if (by_id->slot[slot->id] != slot && tree == IN_GFN_TREE)
		fault(audit, SLOTSCOPE_FAULT_ID_HASH, slot, 0, 0);
	if (by_id->slot[slot->id] == slot)
		by_id->found[slot->id] |= tree;
}

static struct rb_node *leftmost(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static u32 audit_gfn_tree(struct audit *audit, struct kvm_memslots *slots)
{
	struct rb_node *node = leftmost(&slots->gfn_tree);
	gfn_t end = 0;
	u32 nr = 0;

	for (; node; node = rb_next(node)) {
		const struct kvm_memory_slot *slot =
			container_of(node, struct kvm_memory_slot,
				     gfn_node[slots->node_idx]);

		if (++nr > KVM_MEM_SLOTS_NUM) {
			fault(audit, SLOTSCOPE_FAULT_LOOP, slot, nr, 0);
			return nr;
		}
		if (!(nr % 1024))
			cond_resched();
		found_in_tree(audit, slot, IN_GFN_TREE);
		if (slot->base_gfn < end)
			fault(audit, SLOTSCOPE_FAULT_GFN_ORDER, slot,
			      slot->base_gfn << PAGE_SHIFT, end << PAGE_SHIFT);
		end = slot->base_gfn + slot->npages;
		/* Once for each slot, and not for each index of each set */
		if (audit->set)
			continue;
		audit->nr_pages += slot->npages;
		audit->nr_dirty_logging +=
			!!(slot->flags & KVM_MEM_LOG_DIRTY_PAGES);
	}
	return nr;
}

static u64 subtree_last(const struct rb_node *node)
{
	return node ? rb_entry(node, struct interval_tree_node, rb)
			       ->__subtree_last :
		      0;
}

static void audit_hva_node(struct audit *audit,
			   const struct kvm_memory_slot *slot,
			   const struct interval_tree_node *node)
{
	u64 start = slot->userspace_addr;
	u64 last = start + (slot->npages << PAGE_SHIFT) - 1;
	u64 below = max3((u64)node->last, subtree_last(node->rb.rb_left),
			 subtree_last(node->rb.rb_right));

	if (node->start != start)
		fault(audit, SLOTSCOPE_FAULT_HVA_RANGE, slot, node->start,
		      start);
	else if (node->last != last)
		fault(audit, SLOTSCOPE_FAULT_HVA_RANGE, slot, node->last, last);
	else if (node->__subtree_last != below)
		fault(audit, SLOTSCOPE_FAULT_HVA_ORDER, slot,
		      node->__subtree_last, below);
}

static void audit_hva_tree(struct audit *audit, struct kvm_memslots *slots)
{
	struct rb_node *rb = leftmost(&slots->hva_tree.rb_root);
	u64 start = 0;
	u32 nr = 0;

	if (rb != slots->hva_tree.rb_leftmost)
		fault(audit, SLOTSCOPE_FAULT_HVA_ORDER, NULL, 0, 0);
	for (; rb; rb = rb_next(rb)) {
		const struct interval_tree_node *node =
			rb_entry(rb, struct interval_tree_node, rb);
		const struct kvm_memory_slot *slot =
			container_of(node, struct kvm_memory_slot,
				     hva_node[slots->node_idx]);

		if (++nr > KVM_MEM_SLOTS_NUM) {
			fault(audit, SLOTSCOPE_FAULT_LOOP, slot, nr, 0);
			return;
		}
		if (!(nr % 1024))
			cond_resched();
		found_in_tree(audit, slot, IN_HVA_TREE);
		audit_hva_node(audit, slot, node);
		if (node->start < start)
			fault(audit, SLOTSCOPE_FAULT_HVA_ORDER, slot,
			      node->start, start);
		start = node->start;
	}
}

/* Who is in the hash and not in both trees */
static void audit_found(struct audit *audit)
{
	const struct by_id *by_id = audit->sets[audit->set];
	u32 id;

	for (id = 0; id < KVM_MEM_SLOTS_NUM; id++) {
		const struct kvm_memory_slot *slot = by_id->slot[id];

		if (slot && !(by_id->found[id] & IN_GFN_TREE))
			fault(audit, SLOTSCOPE_FAULT_GFN_TREE, slot, 0, 0);
		if (slot && !(by_id->found[id] & IN_HVA_TREE))
			fault(audit, SLOTSCOPE_FAULT_HVA_TREE, slot, 0, 0);
	}
}

/*
 * While no change is under way the two sets hold the same slots. A slot that is
 * in one alone by a fault of that one's hash was told already, so trees count.
 */
static void audit_sets(struct audit *audit)
{
	const struct kvm_memory_slot *active, *inactive;
	u32 id;

	for (id = 0; id < KVM_MEM_SLOTS_NUM; id++) {
		active = audit->sets[0]->slot[id];
		inactive = audit->sets[1]->slot[id];
		if (active != inactive)
			fault(audit, SLOTSCOPE_FAULT_SETS,
			      active ? active : inactive, !!active, !!inactive);
	}
}

static void audit_as(struct audit *audit)
{
	struct kvm *kvm = audit->vm.kvm;
	struct kvm_memslots *active =
		rcu_access_pointer(kvm->memslots[audit->as_id]);
	u32 nr;

	for (audit->set = 0; audit->set < 2; audit->set++) {
		struct kvm_memslots *slots = active;

		if (audit->set)
			slots = &kvm->__memslots[audit->as_id]
						[!active->node_idx];
		memset(audit->sets[audit->set], 0, sizeof(struct by_id));
		audit_hash(audit, slots);
		nr = audit_gfn_tree(audit, slots);
		audit_hva_tree(audit, slots);
		audit_found(audit);
		if (!audit->set)
			audit->nr_slots += nr;
	}
	audit->set = 0;
	audit_sets(audit);
}

static void audit_free(struct kref *users)
{
	struct audit *audit = container_of(users, struct audit, users);

	vm_put(&audit->vm);
	kvfree(audit->sets[0]);
	kvfree(audit->sets[1]);
	kvfree(audit);
}

static void audit_counts(struct audit *audit)
{
	struct kvm *kvm = audit->vm.kvm;
	u32 nr = compat_nr_dirty_logging(kvm, audit->nr_dirty_logging);

	if (kvm->nr_memslot_pages != audit->nr_pages)
		fault(audit, SLOTSCOPE_FAULT_NR_PAGES, NULL,
		      kvm->nr_memslot_pages, audit->nr_pages);
	if (nr != audit->nr_dirty_logging)
		fault(audit, SLOTSCOPE_FAULT_NR_DIRTY_LOGGING, NULL, nr,
		      audit->nr_dirty_logging);
}

static void audit_work(struct work_struct *work)
{
	struct audit *audit = container_of(work, struct audit, work);
	struct kvm *kvm = audit->vm.kvm;
	u32 nr_as = compat_nr_as(kvm);

	mutex_lock(&kvm->slots_lock);
	audit->begin_ns = ktime_get_ns();
	for (audit->as_id = 0; audit->as_id < nr_as; audit->as_id++)
		audit_as(audit);
	audit->as_id = 0;
	audit_counts(audit);
	audit->end_ns = ktime_get_ns();
	mutex_unlock(&kvm->slots_lock);
	complete(&audit->done);
	kref_put(&audit->users, audit_free);
}

static struct audit *audit_new(struct vm *vm)
{
	struct audit *audit = kvzalloc(sizeof(*audit), GFP_KERNEL_ACCOUNT);
	int i;

	if (!audit)
		return NULL;
	for (i = 0; i < 2; i++) {
		audit->sets[i] =
			kvmalloc(sizeof(*audit->sets[i]), GFP_KERNEL_ACCOUNT);
		if (!audit->sets[i]) {
			kvfree(audit->sets[0]);
			kvfree(audit);
			return NULL;
		}
	}
	kref_init(&audit->users);
	init_completion(&audit->done);
	INIT_WORK(&audit->work, audit_work);
	audit->vm = *vm;
	return audit;
}

static int audit_put(struct slotscope_audit *req, const struct audit *audit)
{
	req->nr_faults = audit->nr_faults;
	req->nr_copied =
		min3(audit->nr_faults, req->fault_capacity, (u32)FAULTS);
	req->nr_slots = audit->nr_slots;
	req->begin_ns = audit->begin_ns;
	req->end_ns = audit->end_ns;
	return records_put(req->fault_addr, req->fault_size, audit->faults,
			   sizeof(audit->faults[0]), req->nr_copied);
}

/**
 * slotscope_audit() - the ioctl SLOTSCOPE_AUDIT
 * @argp: struct slotscope_audit of the caller
 *
 * Return: 0 or an error of the uapi header.
 */
long slotscope_audit(void __user *argp)
{
	struct slotscope_audit req;
	struct audit *audit;
	struct vm vm;
	u32 size;
	int ret;

	ret = request_get(&req, sizeof(req), AUDIT_FIRST_SIZE, argp, &size);
	if (ret)
		return ret;
	if (req.flags || req.reserved || req.reserved2)
		return -EINVAL;
	ret = record_size_check(req.fault_size, FAULT_FIRST_SIZE);
	if (ret)
		return ret;
	ret = vm_get(&vm, req.vm_fd);
	if (ret)
		return ret;
	audit = audit_new(&vm);
	if (!audit) {
		vm_put(&vm);
		return -ENOMEM;
	}
	kref_get(&audit->users);
	queue_work(audit_queue, &audit->work);
	ret = wait_for_completion_killable(&audit->done) ? -EINTR : 0;
	if (!ret)
		ret = audit_put(&req, audit);
	kref_put(&audit->users, audit_free);
	if (ret)
		return ret;
	return request_put(argp, size, &req, sizeof(req));
}

/**
 * audit_init() - to be called before the first audit
 *
 * Return: 0 or -ENOMEM.
 */
int audit_init(void)
{
	audit_queue = alloc_workqueue("slotscope", WQ_UNBOUND, 0);
	return audit_queue ? 0 : -ENOMEM;
}

/**
 * audit_exit() - after the last call: waits for those whose caller was killed
 */
void audit_exit(void)
{
	destroy_workqueue(audit_queue);
}
