/* SPDX-License-Identifier: GPL-2.0-only */
/* Pure, and no more than strings: a test includes it. */
#ifndef SLOTSCOPE_VM_NAME_H
#define SLOTSCOPE_VM_NAME_H

/**
 * name_is_vms() - is that the ioctl handler of a VM's file?
 * @symbol: as sprint_symbol_no_offset() gives it: with its module's name behind
 *	    it, if it is in one. A function of that name in any other module is not
 *	    KVM's
 * @is_module: out: KVM is a module, and not part of vmlinux
 */
static inline bool name_is_vms(const char *symbol, bool *is_module)
{
	*is_module = !strcmp(symbol, "kvm_vm_ioctl [kvm]");
	return *is_module || !strcmp(symbol, "kvm_vm_ioctl");
}

#endif
