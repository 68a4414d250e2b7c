/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What moved between two looks at a VM */
#ifndef CHECK_RESTLESS_H
#define CHECK_RESTLESS_H

#include <slotscope/check.h>

/**
 * restless_find() - which slots changed between two looks
 * @before: the first look, and
 * @after:  the second: generations, and slots or none
 * @traced: what the log folds to; NULL: there is no log
 * @log:    what happened
 * @out:    allocated here; the caller frees it
 *
 * Where generations moved, the log tells what did, if nothing of it was lost;
 * else it is the whole address space. Without generations the slots of the two
 * looks are compared.
 *
 * Return: 0 or -ENOMEM.
 */
int restless_find(const struct slot_state *before,
		  const struct slot_state *after,
		  const struct slot_state *traced, const struct slot_log *log,
		  struct restless **out, size_t *nr);

/** same_generations() - is each address space that both cover at one of them? */
bool same_generations(const struct slot_state *a, const struct slot_state *b);

/** same_slots() - the same slots, but for KVM's own? */
bool same_slots(const struct slot_state *a, const struct slot_state *b);

#endif
