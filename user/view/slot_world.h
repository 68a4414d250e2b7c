/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all VMs of a log hold so far, kept as its events come: for whoever begins to
 * read the log here. What a VM holds is what fold() makes of its events; these are
 * kept until they are many, and then replaced by what they add up to. Pure.
 */
#ifndef VIEW_SLOT_WORLD_H
#define VIEW_SLOT_WORLD_H

#include <slotscope/view.h>

struct world_vm;

/**
 * struct slot_world - all zero is one without a VM; the rest is private
 * @now_ns: the latest end of an event
 */
struct slot_world {
	uint64_t now_ns;
	struct world_vm *vms; /* by serial */
	size_t nr, cap;
	bool saw_change;
};

void slot_world_deinit(struct slot_world *world);

/** slot_world_take() - one more event; 0 or -ENOMEM */
int slot_world_take(struct slot_world *world, const struct slot_event *event);

/**
 * slot_world_tell() - what there is, as events
 * @tell: gets of each VM a BASE a slot, a BASE_END an address space, and a LOST if
 *	  that may be wrong. Each is of now, its number is for @tell to give. What it
 *	  returns but 0 ends it
 *
 * A VM of which neither the creation nor a base was seen is not told of.
 *
 * Return: 0, -ENOMEM, or what @tell returned.
 */
int slot_world_tell(struct slot_world *world,
		    int (*tell)(const struct slot_event *event, void *arg),
		    void *arg);

#endif
