/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_VMS_H
#define RENDER_VMS_H

#include <stdbool.h>
#include <stdio.h>

#include <slotscope/view.h>

/**
 * struct vm_row - one line of the list of VMs
 * @id:	  which VM
 * @comm: the process's name; owned by whoever made the row
 * @qmp:  where its QMP monitor listens; NULL: not known to have one
 * @counted: @nr_slots and @bytes are known
 * @nr_slots: slots, of all address spaces, KVM's own among them
 * @bytes: of those of address space 0, without KVM's own: more of them show the same
 *	   again
 * @state: its slots, for JSON; NULL: could not be read, or not asked for
 */
struct vm_row {
	struct vm_id id;
	char *comm;
	char *qmp;
	bool counted;
	uint64_t nr_slots;
	uint64_t bytes;
	struct slot_state *state;
};

/** vm_row_count() - what the slots in @row->state add up to */
void vm_row_count(struct vm_row *row);

/** render_vms() - the VMs, a line each; 0 or -ENOMEM */
int render_vms(FILE *out, const struct vm_row *rows, size_t nr);

/**
 * render_vms_json() - the VMs as one document
 * @unseen: processes that could not be looked into
 * @kvm:    KVM is loaded; without it there is no VM to be listed
 */
void render_vms_json(FILE *out, const struct vm_row *rows, size_t nr,
		     size_t unseen, bool kvm);

#endif
