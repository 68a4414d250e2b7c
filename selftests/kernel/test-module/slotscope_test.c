// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the tests of slotscope.ko alone; never to be installed. Its device does
 * two things:
 * - It looks like a VM as far as a name can: its ioctl handler is called as
 *   KVM's is. slotscope.ko must not fall for it.
 * - Its one ioctl gives a VM a slot of KVM's own. KVM makes such slots for the
 *   APIC access page, the TSS and the identity map, which need VMX or AVIC, and
 *   the lab has neither.
 */
#include <linux/file.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#define TEST_HIDDEN_SLOT _IO('T', 1) /* argument: descriptor of a VM */

/* Where the APIC access page lies, and the last of KVM's own slots */
#define HIDDEN_GPA 0xfee00000
#define HIDDEN_ID  (KVM_USER_MEM_SLOTS + KVM_INTERNAL_MEM_SLOTS - 1)

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

static long make_hidden_slot(int fd)
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
	hva = set_region(kvm, HIDDEN_ID, HIDDEN_GPA, PAGE_SIZE);
	mutex_unlock(&kvm->slots_lock);
	fput(file);
	return PTR_ERR_OR_ZERO(hva);
}

/* Not static alone: noinline and this very name are what is tested */
static noinline long kvm_vm_ioctl(struct file *file, unsigned int cmd,
				  unsigned long arg)
{
	return cmd == TEST_HIDDEN_SLOT ? make_hidden_slot(arg) : -ENOTTY;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kvm_vm_ioctl,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "slotscope-test",
	.fops = &test_fops,
	.mode = 0600,
};
module_misc_device(test_device);

MODULE_DESCRIPTION("Passes for a VM, and makes hidden slots, to test slotscope");
MODULE_AUTHOR("The slotscope developers");
MODULE_LICENSE("GPL");
