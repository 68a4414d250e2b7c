/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's structures on our side, field by field, under QEMU's names. */
#ifndef SLOTSCOPE_KVM_WATCH_H
#define SLOTSCOPE_KVM_WATCH_H

#include "narrate/narrate.h"

narrate_watch watch_kvm_state; /* struct kvm_state; QEMU's KVMState */
narrate_watch watch_vcpu;      /* struct vcpu; QEMU's CPUState */
narrate_watch watch_kvm_run;   /* struct vcpu: what it shares with KVM */

#endif
