/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which requests a program has to make on a fresh VM to end as a VM of a log did. Pure;
 * slotscope repro writes the program.
 */
#ifndef SLOTSCOPE_REPRO_H
#define SLOTSCOPE_REPRO_H

#include <slotscope/rules.h>
#include <slotscope/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct repro_request - one to make
 * @seq:  the event that it is; 0: a slot that stood when the log began
 */
struct repro_request {
	uint64_t seq;
	struct slot_request request;
};

/**
 * struct repro - what to do, and how it ends
 * @requests: in order
 * @end:      the slots at the end
 * @failed:   place of the last one that fails; @nr: none does
 * @left_out: requests that could not be read: not among them
 * @lost:     events that are lost: it may end otherwise
 * @late:     nothing tells which slots stood before: it may, too
 * @dropped:  by repro_minimize()
 */
struct repro {
	struct repro_request *requests;
	size_t nr;
	size_t failed;
	struct slot_state end;
	uint64_t left_out;
	uint64_t lost;
	bool late;
	size_t dropped;
};

/**
 * repro_make() - all that the VM was asked for
 * @out: initialised here; repro_deinit() it, also after an error
 *
 * Slots that stood before come first, as requests. Return: 0 or -ENOMEM.
 */
int repro_make(const struct slot_log *log, const struct vm_id *vm,
	       struct repro *out);

/**
 * repro_minimize() - drop what its end does not need
 *
 * With a failure: all but that request, and what made its slot and the other party's
 * as they were, by the errno rules; what comes after it too. Without: all but what made
 * the slots that are left. If the rules do not foresee the same of what is left,
 * nothing is dropped.
 *
 * Return: 0 or -ENOMEM.
 */
int repro_minimize(struct repro *repro);

/** repro_deinit() - free it; zero is empty */
void repro_deinit(struct repro *repro);

#ifdef __cplusplus
}
#endif

#endif
