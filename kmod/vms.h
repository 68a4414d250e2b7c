/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs of this machine. */
#ifndef SLOTSCOPE_VMS_H
#define SLOTSCOPE_VMS_H

#include <linux/types.h>

struct slotscope_vm;

/**
 * struct vms - what was found of them; keeps none of them
 * @record: by process, then by descriptor
 * @nr:	    records
 * @nr_vms: VMs
 */
struct vms {
	struct slotscope_vm *record;
	u32 nr;
	u32 nr_vms;
};

int vms_find(struct vms *vms);
void vms_free(struct vms *vms);

long slotscope_vms(void __user *argp);

void vms_file_init(void);
void vms_file_exit(void);

#endif
