// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the tests of slotscope.ko alone; never to be installed. Its device does
 * these things:
 * - It looks like a VM as far as a name can: its ioctl handler is called as
 *   KVM's is. slotscope.ko must not fall for it.
 * - TEST_WALK walks a VM's slots and does nothing else: what a snapshot of them is
 *   measured by.
 * - TEST_HIDDEN_SLOTS gives a VM slots of KVM's own, or takes them away. KVM makes such slots for the
 *   APIC access page, the TSS and the identity map, which need VMX or AVIC, and
 *   the lab has neither.
 * - TEST_DAMAGE makes KVM's tables wrong, which KVM never is; and right again,
 *   before KVM looks at them. Or it has KVM do less than it is asked for.
 * - TEST_HOLDS counts how often the caller holds a VM's srcu, how long at most, and
 *   whether it could be preempted in that; between two of them it can do what an
 *   update of KVM's does.
 */
#include <linux/file.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "slotscope_test.h"

/* The first and the last of KVM's own slots */
#define FIRST_ID KVM_USER_MEM_SLOTS
#define LAST_ID	 (KVM_USER_MEM_SLOTS + KVM_INTERNAL_MEM_SLOTS - 1)

typedef void __user *(*set_region_fn)(struct kvm *kvm, int id, gpa_t gpa,
				      u32 size);

/* Newer kernels export it to the vendor modules alone; a kprobe finds it */
static set_region_fn find_set_region(void)
{
	struct kprobe probe = { .symbol_name = "__x86_set_memory_region" };
	void *addr;

	if (register_kprobe(&probe))
		return NULL;
	addr = probe.addr;
	unregister_kprobe(&probe);
	return addr;
}

static long set_hidden_slots(int fd, u32 size)
{
	set_region_fn set_region = find_set_region();
	struct file *file = fget(fd);
	struct kvm *kvm;
	void __user *hva;

	if (!file || !set_region) {
		if (file)
			fput(file);
		return -ENOENT;
	}
	/* The test is trusted to hand over a VM */
	kvm = file->private_data;
	mutex_lock(&kvm->slots_lock);
	hva = set_region(kvm, FIRST_ID, TEST_FIRST_GPA, size);
	if (!IS_ERR(hva))
		hva = set_region(kvm, LAST_ID, TEST_LAST_GPA, size);
	mutex_unlock(&kvm->slots_lock);
	fput(file);
	return PTR_ERR_OR_ZERO(hva);
}

static long bare_walk(int fd)
{
	struct file *file = fget(fd);
	struct kvm_memslot_iter iter;
	unsigned int nr = 0;
	struct kvm *kvm;
	u64 begin;
	int idx;

	if (!file)
		return -EBADF;
	kvm = file->private_data;
	begin = ktime_get_ns();
	idx = srcu_read_lock(&kvm->srcu);
	kvm_for_each_memslot_in_gfn_range(&iter, __kvm_memslots(kvm, 0), 0,
					  U64_MAX)
		nr += READ_ONCE(iter.slot->flags) & 1;
	srcu_read_unlock(&kvm->srcu, idx);
	begin = ktime_get_ns() - begin;
	fput(file);
	return min_t(u64, begin + !nr, INT_MAX);
}

#define SWAP_VALUE(member)                             \
	do {                                           \
		u64 old_value = (u64)(member);         \
                                                       \
		(member) = (typeof(member))req->value; \
		req->value = old_value;                \
	} while (0)

static void swap_in_hash(struct kvm_memslots *slots,
			 struct kvm_memory_slot *slot, struct test_damage *req)
{
	struct hlist_node *node = &slot->id_node[slots->node_idx];
	bool was = hash_hashed(node);

	if (req->value && !was)
		hash_add(slots->id_hash, node, slot->id);
	else if (!req->value && was)
		hash_del(node);
	req->value = was;
}

/* By the tree, as the hash may be what was damaged */
static struct kvm_memory_slot *find_slot(struct kvm_memslots *slots, short id)
{
	struct kvm_memslot_iter iter;

	kvm_for_each_memslot_in_gfn_range(&iter, slots, 0, U64_MAX)
		if (iter.slot->id == id)
			return iter.slot;
	return NULL;
}

/* By the hash, as the tree may be what was damaged */
static struct kvm_memory_slot *find_in_hash(struct kvm_memslots *slots, int id)
{
	struct kvm_memory_slot *slot;

	hash_for_each_possible(slots->id_hash, slot, id_node[slots->node_idx],
			       id)
		if (slot->id == id)
			return slot;
	return NULL;
}

static void add_to_gfn_tree(struct kvm_memslots *slots,
			    struct kvm_memory_slot *slot)
{
	struct rb_node *node = &slot->gfn_node[slots->node_idx];
	struct rb_node **link = &slots->gfn_tree.rb_node;
	struct rb_node *parent = NULL;
	struct kvm_memory_slot *other;

	while (*link) {
		parent = *link;
		other = container_of(parent, struct kvm_memory_slot,
				     gfn_node[slots->node_idx]);
		link = slot->base_gfn < other->base_gfn ? &parent->rb_left :
							  &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, &slots->gfn_tree);
}

static long swap_in_gfn_tree(struct kvm_memslots *slots,
			     struct test_damage *req)
{
	short id = req->id & 0xffff;
	struct kvm_memory_slot *slot = find_in_hash(slots, id);
	bool was = find_slot(slots, id);

	if (!slot)
		return -ENOENT;
	if (req->value && !was)
		add_to_gfn_tree(slots, slot);
	else if (!req->value && was)
		rb_erase(&slot->gfn_node[slots->node_idx], &slots->gfn_tree);
	req->value = was;
	return 0;
}

static void swap_active_set(struct kvm *kvm, struct test_damage *req)
{
	struct kvm_memslots *was = rcu_access_pointer(kvm->memslots[0]);
	struct kvm_memslots *set = (struct kvm_memslots *)req->value;

	if (req->value == 1)
		set = rcu_access_pointer(kvm->memslots[1]);
	rcu_assign_pointer(kvm->memslots[0], set);
	req->value = (u64)was;
}

static void swap_updating(struct kvm_memslots *slots, struct test_damage *req)
{
	u64 was = slots->generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;

	slots->generation ^= was;
	if (req->value)
		slots->generation |= KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
	req->value = was != 0;
}

/* The entry that maps a gfn: by vCPU 0's root, which must be a table by gpa */
static u64 *find_spte_by_root(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(kvm, 0);
	u64 mask = GENMASK_ULL(51, 12), *spte;
	hpa_t table;
	int level;

	if (!vcpu || !pfn_valid(PHYS_PFN(vcpu->arch.root_mmu.root.hpa)))
		return NULL;
	table = vcpu->arch.root_mmu.root.hpa;
	for (level = vcpu->arch.root_mmu.root_role.level; level; level--) {
		spte = __va(table & mask);
		spte += gfn >> ((level - 1) * 9) & 511;
		/* It may be what was taken away */
		if (level == 1)
			return spte;
		if (!(*spte & BIT_ULL(11)))
			return NULL;
		if (*spte & BIT_ULL(7))
			return spte;
		table = *spte;
	}
	return NULL;
}

static u64 *find_spte(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memslots *slots = __kvm_memslots(kvm, 0);
	struct kvm_memslot_iter iter;
	unsigned long val;

	kvm_for_each_memslot_in_gfn_range(&iter, slots, gfn, gfn + 1) {
		if (!iter.slot->arch.rmap[0])
			continue;
		val = *(unsigned long *)&iter.slot->arch
			       .rmap[0][gfn - iter.slot->base_gfn];
		return val & 1 ? NULL : (u64 *)val;
	}
	return find_spte_by_root(kvm, gfn);
}

/* No vCPU must run until it is mended */
static long swap_spte(struct kvm *kvm, struct test_damage *req)
{
	long ret = -ENOENT;
	u64 *spte;

	write_lock(&kvm->mmu_lock);
	spte = find_spte(kvm, req->id);
	if (spte) {
		swap(*spte, req->value);
		ret = 0;
	}
	write_unlock(&kvm->mmu_lock);
	return ret;
}

/*
 * The VM whose requests are cut short: KVM makes each slot a page smaller than it was
 * asked for, and says that it did as it was asked
 */
static struct kvm *cut_short;
static DEFINE_MUTEX(cut_lock);

static int cut_request(struct kprobe *probe, struct pt_regs *regs)
{
	/* the first members of what followed it are the same (region2) */
	struct kvm_userspace_memory_region *region =
		(void *)regs_get_kernel_argument(regs, 1);

	if (regs_get_kernel_argument(regs, 0) ==
		    (unsigned long)READ_ONCE(cut_short) &&
	    region->memory_size > PAGE_SIZE)
		region->memory_size -= PAGE_SIZE;
	return 0;
}

static struct kprobe cut_probe;

static void end_cutting(void)
{
	if (!cut_short)
		return;
	unregister_kprobe(&cut_probe);
	WRITE_ONCE(cut_short, NULL);
}

/* The first that there is is the one that all requests go through */
static int begin_cutting(struct kvm *kvm)
{
	static const char *const names[] = { "__kvm_set_memory_region",
					     "kvm_set_memory_region" };
	int ret = -ENOENT;
	int i;

	WRITE_ONCE(cut_short, kvm);
	for (i = 0; i < ARRAY_SIZE(names) && ret; i++) {
		cut_probe = (struct kprobe){ .symbol_name = names[i],
					     .pre_handler = cut_request };
		ret = register_kprobe(&cut_probe);
	}
	if (ret)
		WRITE_ONCE(cut_short, NULL);
	return ret;
}

static long swap_cutting(struct kvm *kvm, struct test_damage *req)
{
	long ret = 0;
	bool was;

	mutex_lock(&cut_lock);
	was = cut_short == kvm;
	end_cutting();
	if (req->value)
		ret = begin_cutting(kvm);
	mutex_unlock(&cut_lock);
	req->value = was;
	return ret;
}

static long damage_vm(struct kvm *kvm, struct test_damage *req)
{
	struct kvm_memslots *slots = __kvm_memslots(kvm, 0);
	struct kvm_memory_slot *slot;

	if (req->what == DAMAGE_NR_PAGES) {
		SWAP_VALUE(kvm->nr_memslot_pages);
		return 0;
	}
	if (req->what == DAMAGE_NR_DIRTY_LOGGING) {
#ifdef COMPAT_HAS_NR_DIRTY_LOGGING
		req->value = atomic_xchg(&kvm->nr_memslots_dirty_logging,
					 req->value);
		return 0;
#else
		return -ENODEV;
#endif
	}
	if (req->what == DAMAGE_NODE_IDX) {
		SWAP_VALUE(kvm->__memslots[0][req->id & 1].node_idx);
		return 0;
	}
	if (req->what == DAMAGE_ACTIVE_SET) {
		swap_active_set(kvm, req);
		return 0;
	}
	if (req->what == DAMAGE_UPDATING) {
		swap_updating(slots, req);
		return 0;
	}
	if (req->what == DAMAGE_SPTE)
		return swap_spte(kvm, req);
	if (req->what == DAMAGE_HVA_LEFTMOST) {
		SWAP_VALUE(slots->hva_tree.rb_leftmost);
		return 0;
	}
	slots = __kvm_memslots(kvm, req->id >> 16);
	if (req->what == DAMAGE_GFN_TREE)
		return swap_in_gfn_tree(slots, req);
	slot = find_slot(slots, req->id & 0xffff);
	if (!slot)
		return -ENOENT;
	switch (req->what) {
	case DAMAGE_SLOT_AS_ID:
		SWAP_VALUE(slot->as_id);
		return 0;
	case DAMAGE_SLOT_ID:
		SWAP_VALUE(slot->id);
		return 0;
	case DAMAGE_SLOT_NPAGES:
		SWAP_VALUE(slot->npages);
		return 0;
	case DAMAGE_SLOT_BASE_GFN:
		SWAP_VALUE(slot->base_gfn);
		return 0;
	case DAMAGE_SLOT_HVA:
		SWAP_VALUE(slot->userspace_addr);
		return 0;
	case DAMAGE_HVA_START:
		SWAP_VALUE(slot->hva_node[slots->node_idx].start);
		return 0;
	case DAMAGE_HVA_SUBTREE:
		SWAP_VALUE(slot->hva_node[slots->node_idx].__subtree_last);
		return 0;
	case DAMAGE_ID_HASH:
		swap_in_hash(slots, slot, req);
		return 0;
	default:
		return -EINVAL;
	}
}

static long damage(struct test_damage __user *argp)
{
	struct test_damage req;
	struct file *file;
	struct kvm *kvm;
	long ret;

	if (copy_from_user(&req, argp, sizeof(req)))
		return -EFAULT;
	file = fget(req.vm_fd);
	if (!file)
		return -EBADF;
	/* The test is trusted to hand over a VM */
	kvm = file->private_data;
	if (req.what == DAMAGE_REQUESTS) {
		ret = swap_cutting(kvm, &req);
	} else {
		mutex_lock(&kvm->slots_lock);
		ret = damage_vm(kvm, &req);
		mutex_unlock(&kvm->slots_lock);
	}
	fput(file);
	if (!ret && copy_to_user(argp, &req, sizeof(req)))
		ret = -EFAULT;
	return ret;
}

/*
 * Both ends of a hold are calls of functions, in which probes can look. A probe
 * itself is not preemptible; how deep it is in that, a hold of our own tells.
 */
static struct {
	struct task_struct *task;
	struct file *vm;
	const struct srcu_struct *srcu;
	int depth; /* in the probe, when preemption is on outside of it */
	u32 nr;
	u32 preemptible;
	u32 keeping;
	u32 step_at;
	u32 nr_as;
	u64 begin_ns;
	u64 longest_ns;
	u64 empty_ns;
} holds;
static DEFINE_MUTEX(holds_lock);
DEFINE_STATIC_SRCU(own_srcu);

/* A set that comes into use is marked until all know of it; then it is the next */
static void step_update(void)
{
	struct kvm *kvm = holds.vm->private_data;
	struct kvm_memslots *slots = rcu_access_pointer(kvm->memslots[0]);
	u64 generation = slots->generation;

	if (generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		generation += holds.nr_as;
	slots->generation = generation ^ KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
}

static bool hold_is_counted(struct pt_regs *regs)
{
	return READ_ONCE(holds.task) == current &&
	       regs_get_kernel_argument(regs, 0) == (unsigned long)holds.srcu;
}

static int hold_begins(struct kprobe *probe, struct pt_regs *regs)
{
	if (!hold_is_counted(regs))
		return 0;
	if (holds.nr && need_resched())
		holds.keeping++;
	holds.begin_ns = ktime_get_mono_fast_ns();
	return 0;
}

static int hold_ends(struct kprobe *probe, struct pt_regs *regs)
{
	u64 end_ns = ktime_get_mono_fast_ns();

	if (!hold_is_counted(regs))
		return 0;
	holds.nr++;
	holds.longest_ns = max(holds.longest_ns, end_ns - holds.begin_ns);
	if (holds.srcu == &own_srcu)
		holds.depth = preempt_count();
	else if (preempt_count() <= holds.depth)
		holds.preemptible++;
	if (holds.srcu == &own_srcu)
		return 0;
	if (holds.nr == holds.step_at)
		step_update();
	/* As if somebody with precedence had woken up */
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	return 0;
}

static struct kprobe begin_probe = {
	.symbol_name = "__srcu_read_lock",
	.pre_handler = hold_begins,
};

static struct kprobe end_probe = {
	.symbol_name = "__srcu_read_unlock",
	.pre_handler = hold_ends,
};

static struct kprobe *hold_probes[] = { &begin_probe, &end_probe };

static void own_hold(void)
{
	srcu_read_unlock(&own_srcu, srcu_read_lock(&own_srcu));
}

/* Does the probe see a hold, and whether it is preemptible? */
static bool holds_are_seen(void)
{
	int depth;

	holds.srcu = &own_srcu;
	own_hold();
	depth = holds.depth;
	preempt_disable();
	own_hold();
	preempt_enable();
	swap(depth, holds.depth);
	swap(holds.empty_ns, holds.longest_ns);
	return holds.nr == 2 && depth == holds.depth + 1;
}

static void holds_end(void)
{
	if (!holds.task)
		return;
	unregister_kprobes(hold_probes, ARRAY_SIZE(hold_probes));
	WRITE_ONCE(holds.task, NULL);
	fput(holds.vm);
}

static int holds_begin(const struct test_holds *req)
{
	struct file *vm;
	int ret, i;

	if (holds.task)
		return -EBUSY;
	vm = fget(req->vm_fd);
	if (!vm)
		return -EBADF;
	memset(&holds, 0, sizeof(holds));
	holds.step_at = req->step_at;
	holds.nr_as = req->nr_as;
	/* What the last time left there */
	for (i = 0; i < ARRAY_SIZE(hold_probes); i++) {
		hold_probes[i]->addr = NULL;
		hold_probes[i]->flags = 0;
	}
	ret = register_kprobes(hold_probes, ARRAY_SIZE(hold_probes));
	if (ret) {
		fput(vm);
		return ret;
	}
	holds.vm = vm;
	holds.task = current;
	if (!holds_are_seen()) {
		holds_end();
		return -EOPNOTSUPP;
	}
	holds.nr = 0;
	holds.keeping = 0;
	/* The test is trusted to hand over a VM */
	holds.srcu = &((struct kvm *)vm->private_data)->srcu;
	return 0;
}

static long count_holds(struct test_holds __user *argp)
{
	struct test_holds req;
	long ret = 0;

	if (copy_from_user(&req, argp, sizeof(req)))
		return -EFAULT;
	mutex_lock(&holds_lock);
	if (req.vm_fd < 0)
		holds_end();
	else
		ret = holds_begin(&req);
	req.nr = holds.nr;
	req.preemptible = holds.preemptible;
	req.keeping = holds.keeping;
	req.longest_ns = holds.longest_ns;
	req.empty_ns = holds.empty_ns;
	mutex_unlock(&holds_lock);
	if (!ret && copy_to_user(argp, &req, sizeof(req)))
		ret = -EFAULT;
	return ret;
}

/* Not static alone: noinline and this very name are what is tested */
static noinline long kvm_vm_ioctl(struct file *file, unsigned int cmd,
				  unsigned long arg)
{
	switch (cmd) {
	case TEST_HIDDEN_SLOTS:
		return set_hidden_slots(arg, PAGE_SIZE);
	case TEST_NO_HIDDEN_SLOTS:
		return set_hidden_slots(arg, 0);
	case TEST_DAMAGE:
		return damage((void __user *)arg);
	case TEST_HOLDS:
		return count_holds((void __user *)arg);
	case TEST_WALK:
		return bare_walk(arg);
	default:
		return -ENOTTY;
	}
}

/* A test that died has left it on */
static int test_release(struct inode *inode, struct file *file)
{
	mutex_lock(&holds_lock);
	holds_end();
	mutex_unlock(&holds_lock);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.release = test_release,
	.unlocked_ioctl = kvm_vm_ioctl,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "slotscope-test",
	.fops = &test_fops,
	.mode = 0600,
};

static int __init test_init(void)
{
	return misc_register(&test_device);
}

static void __exit test_exit(void)
{
	misc_deregister(&test_device);
	end_cutting();
}

module_init(test_init);
module_exit(test_exit);

MODULE_DESCRIPTION("Passes for a VM, and makes hidden slots, to test slotscope");
MODULE_AUTHOR("The slotscope developers");
MODULE_LICENSE("GPL");
