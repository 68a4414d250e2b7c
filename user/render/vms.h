/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_VMS_H
#define RENDER_VMS_H

#include <stdbool.h>
#include <stdio.h>

#include "logs/top.h"
#include "render/table.h"

/**
 * struct vm_row - one line of the list of VMs
 * @id:	   which VM
 * @comm:  the process's name; owned by whoever made the row
 * @qmp:   where its QMP monitor listens; NULL: not known to have one
 * @vmm:   the program that it is; empty: none that we know
 * @name:  the VM's, as its command line has it; empty: it has none
 * @look:  what was found; but for TOP_UNKNOWN all zero: there was no way to look
 * @state: its slots, for JSON; NULL: could not be read, or not asked for
 */
struct vm_row {
	struct vm_id id;
	char *comm;
	char *qmp;
	char vmm[24];
	char name[128];
	struct top_look look;
	struct slot_state *state;
};

/* The columns of that, for table_choose(); and their keys, for completion */
#define VM_COLUMNS     8
#define VM_COLUMN_KEYS ",pid fd vmm name memory slots state verdict"
extern const struct table_column vm_columns[VM_COLUMNS];

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
