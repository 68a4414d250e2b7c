/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MODEL of a real QEMU, by QMP: what its own flat views say that KVM should
 * have. Neither QEMU's slot table nor the "KVM" mark that it prints from it is
 * looked at, and the guest is never stopped.
 */
#ifndef SLOTSCOPE_QEMU_MODEL_H
#define SLOTSCOPE_QEMU_MODEL_H

#include <stdio.h>

#include <slotscope/mtree.h>
#include <slotscope/view.h>

#include "qemu/model_tree.h"
#include "qemu/qmp.h"

#define QEMU_MODEL_TRIES 5

/**
 * struct qemu_model_options - all 0 for the defaults
 * @nr_as: address spaces that KVM has for this VM, if that is known: those that
 *	   QEMU never listens on are then covered, without a slot
 * @tries: how often to begin again when memory changes meanwhile; 0 means
 *	   QEMU_MODEL_TRIES
 * @notes: what could not be learnt, and why, a line each; and where our own
 *	   rendering of the tree differs from QEMU's flat view. NULL for none
 * @told:  gets the texts that MODEL is made of, to be shown, in place of what it has;
 *	   stays as it is after an error. NULL: nobody wants them
 */
struct qemu_model_options {
	size_t nr_as;
	unsigned int tries;
	FILE *notes;
	struct model_told *told;
};

/**
 * qemu_model_read() - MODEL of the VM behind a QMP monitor
 * @options: NULL for the defaults
 * @out:     initialised here; the caller deinits it, also after an error. The
 *	     vm_id in it is left empty: a monitor does not tell a process
 *
 * One slot for each flat range that is memory, of the address spaces that QEMU
 * has KVM listen on: "memory" (as_id 0) and, on x86 with SMM, "KVM-SMRAM"
 * (as_id 1).
 *
 * Covered: GPA, SIZE, HVA, READONLY. What could not be learnt for one slot is
 * in its @unknown; where even that there is memory could not be told is blind.
 *
 * Return: 0, -EAGAIN if memory kept changing, -EPROTO for text that is not
 * QEMU's, -ENOMEM, or as qmp_hmp().
 */
int qemu_model_read(struct qmp *q, const struct qemu_model_options *options,
		    struct slot_state *out, struct slotscope_error *err);

#endif
