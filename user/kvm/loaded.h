/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there KVM at all? Without it no process has a VM. */
#ifndef KVM_LOADED_H
#define KVM_LOADED_H

#include <stdbool.h>

#include <slotscope/error.h>

/**
 * kvm_loaded() - does this kernel have KVM, ready to make VMs?
 *
 * Goes by sysfs, since in a container there may be VMs and no /dev/kvm; without
 * sysfs by the device.
 */
bool kvm_loaded(void);

/**
 * kvm_not_loaded() - say in an error that it is not, and what loads it
 *
 * Return: the negative code that error_set() gave @err.
 */
int kvm_not_loaded(struct slotscope_error *err);

/**
 * kvm_not_loaded_next() - what loads it, alone: "`modprobe kvm_amd`"
 * @cpuinfo: text of /proc/cpuinfo; pure
 */
const char *kvm_not_loaded_next(const char *cpuinfo);

#endif
