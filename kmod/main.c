// SPDX-License-Identifier: GPL-2.0-only
/*
 * slotscope.ko: shows the memory slots that KVM holds. It only reads.
 * <slotscope.h> (include/uapi) is the specification.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/stringify.h>

#include <slotscope.h>

#include "audit.h"
#include "compat/kvm.h"
#include "layout.h"
#include "request.h"
#include "snapshot.h"
#include "stage2.h"
#include "vm.h"
#include "vms.h"

#define INFO_FIRST_SIZE offsetofend(struct slotscope_info, slot_size)

static long slotscope_info(void __user *argp)
{
	struct slotscope_info info;
	u32 size;
	int ret;

	ret = request_get(&info, sizeof(info), INFO_FIRST_SIZE, argp, &size);
	if (ret)
		return ret;
	if (info.flags)
		return -EINVAL;

	info = (struct slotscope_info){
		.size = size,
		.major = SLOTSCOPE_MAJOR,
		.minor = SLOTSCOPE_MINOR,
		.features = COMPAT_HAS_GMEM ? SLOTSCOPE_FEATURE_GUEST_MEMFD : 0,
		.max_as = COMPAT_MAX_AS,
		.user_slots = KVM_USER_MEM_SLOTS,
		.max_slots = KVM_MEM_SLOTS_NUM,
		.snapshot_size = sizeof(struct slotscope_snapshot),
		.as_size = sizeof(struct slotscope_as),
		.slot_size = sizeof(struct slotscope_slot),
	};
	return request_put(argp, size, &info, sizeof(info));
}

static long slotscope_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case SLOTSCOPE_INFO:
		return slotscope_info(argp);
	case SLOTSCOPE_SNAPSHOT:
		return slotscope_snapshot(argp);
	case SLOTSCOPE_LAYOUT:
		return slotscope_layout(argp);
	case SLOTSCOPE_AUDIT:
		return slotscope_audit(argp);
	case SLOTSCOPE_STAGE2:
		return slotscope_stage2(argp);
	case SLOTSCOPE_VMS:
		return slotscope_vms(argp);
	default:
		return -ENOTTY;
	}
}

/* Host addresses of other processes are nothing for everybody */
static int slotscope_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return nonseekable_open(inode, file);
}

static const struct file_operations slotscope_fops = {
	.owner = THIS_MODULE,
	.open = slotscope_open,
	.unlocked_ioctl = slotscope_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice slotscope_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "slotscope",
	.fops = &slotscope_fops,
	.mode = 0600,
};

static int __init slotscope_init(void)
{
	int ret;

	ret = layout_init();
	if (ret)
		return ret;
	ret = vm_init();
	if (ret)
		return ret;
	ret = audit_init();
	if (ret)
		goto err_vm;
	ret = misc_register(&slotscope_device);
	if (ret)
		goto err_audit;
	vms_file_init();
	return 0;

err_audit:
	audit_exit();
err_vm:
	vm_exit();
	return ret;
}
module_init(slotscope_init);

static void __exit slotscope_exit(void)
{
	vms_file_exit();
	misc_deregister(&slotscope_device);
	audit_exit();
	vm_exit();
}
module_exit(slotscope_exit);

MODULE_DESCRIPTION("Shows the memory slots that KVM holds");
MODULE_AUTHOR("The slotscope developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(__stringify(SLOTSCOPE_MAJOR) "." __stringify(SLOTSCOPE_MINOR));
