/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at all VMs of a process at once: what KVM holds against what is mapped, and
 * against what was traced where something was. Its cost is that of the process's
 * descriptors, mappings and slots, however many VMs share them: asked for one VM after
 * the other, BPF would walk all descriptors for each.
 */
#ifndef SLOTSCOPE_SESSION_GLANCE_H
#define SLOTSCOPE_SESSION_GLANCE_H

#include <slotscope/check.h>

#include "host/process.h"
#include "logs/top.h"
#include "session/kernel_view.h"

/**
 * struct glance - a VM of the process
 * @id:	     which; for the caller to fill in, as
 * @log:     what was traced of it; NULL: nothing
 * @alone:   its process has no other VM: its vCPUs are looked at, too
 * @look:    verdict, findings, slots
 * @state:   its slots, if
 * @have:    they could be read
 * @ended:   it is not there any more
 * @settled: nothing changed meanwhile; if not, the verdict is TOP_UNKNOWN
 * @why:     why they could not be read
 */
struct glance {
	struct vm_id id;
	const struct slot_log *log;
	bool alone;
	struct top_look look;
	struct slot_state state;
	bool have;
	bool ended;
	bool settled;
	struct slotscope_error why;
};

/**
 * struct glancer - the means
 * @kernel:   the way to KVM's slots
 * @follow:   TRACED is a party; where there is no log it has nothing to tell
 * @catch_up: has logs hold all that has happened by now; gets @owner. NULL: there are
 *	      none
 */
struct glancer {
	const struct kernel_view *kernel;
	bool follow;
	int (*catch_up)(void *owner, struct slotscope_error *err);
	void *owner;
};

/**
 * glance_at() - look at them
 * @vms: by descriptor, of @process; glance_deinit() each, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int glance_at(const struct glancer *glancer, const struct process *process,
	      struct glance *vms, size_t nr);
void glance_deinit(struct glance *glance);

/** glance_judge() - cross-check, and what that says in a word: top_judge() */
int glance_judge(const struct check_input *input, struct top_look *look);

#endif
