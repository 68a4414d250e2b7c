/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the events of a hook tell exactly what our own VM was asked? Pure. */
#ifndef TRACE_PROOF_H
#define TRACE_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include <slotscope/view.h>

#include "kvm/prove.h"
#include "trace/tracer.h"

/** slot_same() - all that the kernel tells of two slots is the same */
bool slot_same(const struct slot *a, const struct slot *b);

/**
 * proof_told() - may the hook for @job be trusted?
 * @events: what was told of our own thread's doings, in order
 * @proof:  what it did
 * @vm_fd:  the VM's descriptor then
 * @why:    filled with what is wrong if not; of @size bytes
 */
bool proof_told(enum tracer_job job, const struct slot_event *events, size_t nr,
		const struct kvm_proof *proof, int vm_fd, char *why,
		size_t size);

#endif
