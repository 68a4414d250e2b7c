/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VMM died of, as far as a log tells: of a request that was refused, or of a
 * vCPU that could not go on for what memory is. Pure.
 */
#ifndef CHECK_DEATH_H
#define CHECK_DEATH_H

#include "check/last_words.h"
#include "check/sample.h"

/**
 * death_of() - did the VMM of a VM die of any such thing?
 * @end: that it ended, and how, if that is known
 * @out: what was seen of it, for crosscheck(), which says what it was; sample_deinit()
 *	 it after 1
 *
 * An exit tells that a vCPU did not go on, and the slots whether that was for what
 * memory is: of an internal error where memory is as it should be, nothing is said.
 *
 * Return: 1 if so, 0 if not, or -ENOMEM.
 */
int death_of(const struct slot_log *log, const struct vm_id *vm,
	     const struct vm_end *end, struct sample *out);

#endif
