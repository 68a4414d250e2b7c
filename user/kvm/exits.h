/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to vcpu_thread.c: what to do about one exit from KVM_RUN. */
#ifndef SLOTSCOPE_KVM_EXITS_H
#define SLOTSCOPE_KVM_EXITS_H

#include "kvm/vcpu.h"

/**
 * vcpu_handle_exit() - answer the exit that is in @cpu->run; it is counted
 * @err:    why, for VCPU_STOPPED
 *
 * Return: VCPU_RUNNING to go on, VCPU_HALTED, or VCPU_STOPPED.
 */
enum vcpu_status vcpu_handle_exit(struct vcpu *cpu,
				  struct slotscope_error *err);

/** vcpu_run_failed() - KVM_RUN itself failed with @code: say what that means */
void vcpu_run_failed(struct vcpu *cpu, int code, struct slotscope_error *err);

#endif
