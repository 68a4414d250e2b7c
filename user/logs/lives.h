/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMs that a log tells of, and how far it knows each of them. Pure. */
#ifndef LOGS_LIVES_H
#define LOGS_LIVES_H

#include <slotscope/view.h>

/**
 * struct log_life - one VM in a log
 * @vm:	       as its creation says; else its serial and the process of its first event
 * @created:   the log has its creation: nothing came before
 * @destroyed: the log has its end: nothing comes behind
 * @exited:    the log has the end of the process that made it, and no request behind it:
 *	       KVM takes a VM's requests from that process alone
 * @lost:      events that are missing, each of which may be of this VM; UINT64_MAX: nobody
 *	       could count them
 * @cut:       the log's end is missing: how many more, nobody knows
 */
struct log_life {
	struct vm_id vm;
	bool created;
	bool destroyed;
	bool exited;
	uint64_t lost;
	bool cut;
};

/**
 * log_lives() - all of them, by serial: in the order in which they came
 * @out: free() it
 *
 * Return: 0 or -ENOMEM.
 */
int log_lives(const struct slot_log *log, struct log_life **out, size_t *nr);

/** log_life_lose() - a LOST event, if it may be of this VM, is among what it lacks */
void log_life_lose(struct log_life *life, const struct slot_event *event);

/** log_life_of() - the place of a VM among @lives; @nr without it */
size_t log_life_of(const struct log_life *lives, size_t nr, uint64_t serial);

/**
 * log_losses() - what is missing, of whatever VM
 *
 * Return: how many in all, but those that were not kept (SLOT_LOST_DROPPED).
 */
uint64_t log_losses(const struct slot_log *log, struct slot_lost *lost);

#endif
