/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one event does to a TRACED state. slot_state_apply() and fold() share
 * the rules; fold() keeps an index by slot id beside them and puts the slots
 * in order once, at the end.
 */
#ifndef VIEW_APPLY_H
#define VIEW_APPLY_H

#include <slotscope/view.h>

#include "view/slot_index.h"

/**
 * struct slot_writer - a state being written
 * @index:   of the slots, if @indexed
 * @indexed: else search, and keep the slots in order after each event
 */
struct slot_writer {
	struct slot_state *state;
	struct slot_index index;
	bool indexed;
};

/**
 * slot_writer_change() - a change that the kernel made
 *
 * Return: 0 or -ENOMEM.
 */
int slot_writer_change(struct slot_writer *writer,
		       const struct slot_event *event);

/**
 * slot_writer_request() - follow a request that succeeded
 * @told: the state may hold its effect already: what does not fit is no loss
 *
 * For logs that have no changes.
 * Return: 0 or -ENOMEM.
 */
int slot_writer_request(struct slot_writer *writer,
			const struct slot_event *event, bool told);

/**
 * slot_writer_other() - any event but a change or a request
 *
 * Return: 0 or -ENOMEM.
 */
int slot_writer_other(struct slot_writer *writer,
		      const struct slot_event *event);

/**
 * slot_writer_finish() - put the slots in order
 *
 * KVM lets no two slots of an address space overlap. If two do, the deletion
 * of the older one was missed: it goes, and a loss is counted.
 */
void slot_writer_finish(struct slot_writer *writer);

#endif
