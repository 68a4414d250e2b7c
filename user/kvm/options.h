/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From words to struct kvm_options, in QEMU's spelling. */
#ifndef SLOTSCOPE_KVM_OPTIONS_H
#define SLOTSCOPE_KVM_OPTIONS_H

#include <slotscope/error.h>

#include "kvm/kvm.h"

/**
 * kvm_accel_parse() - -accel: "kvm", and its properties
 * @text: "kvm[,kernel-irqchip=on|off|split][,kvm-shadow-mem=BYTES]
 *	  [,dirty-ring-size=N]"
 *
 * Return: 0, or -EINVAL: another accelerator, or what it does not have.
 */
int kvm_accel_parse(const char *text, struct kvm_options *options,
		    struct slotscope_error *err);

/**
 * kvm_option_set() - one property
 *
 * QEMU takes them after -M too.
 *
 * Return: 0; -ENOENT, without an error, if there is none of that name; -EINVAL
 * for a value that it cannot have.
 */
int kvm_option_set(const char *name, const char *value,
		   struct kvm_options *options, struct slotscope_error *err);

/** kvm_dirty_parse() - "bitmap", "clear", "ring" or "ring=N" */
int kvm_dirty_parse(const char *text, struct kvm_options *options,
		    struct slotscope_error *err);

#endif
