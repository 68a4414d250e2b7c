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
 * @state: its slots; NULL: could not be read
 */
struct vm_row {
	struct vm_id id;
	char *comm;
	char *qmp;
	struct slot_state *state;
};

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
