/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots as people write them. Pure. */
#ifndef VIEW_SLOTS_TEXT_H
#define VIEW_SLOTS_TEXT_H

#include <slotscope/error.h>
#include <slotscope/view.h>

/**
 * slots_from_text() - read slots, one a line: AS/ID GPA+SIZE [@HVA] [FLAGS]
 * @text: as slotscope trace prints slots; numbers as strtoull() reads them, "*" for
 *	  an id that does not matter. FLAGS are "rw" (the same as none), "ro", "log", "gmem", with commas. What
 *	  follows a "#" is passed over. The text is changed
 * @out:  has its address spaces; its slots are added, sorted, and its coverage is
 *	  set: it speaks for all of these address spaces, but not for the host
 *	  address of a slot that has none here. A last line without a newline may be
 *	  cut: it is not taken, and the coverage is truncated
 *
 * Return: 0; -EINVAL with the line in @err; -ENOMEM.
 */
int slots_from_text(char *text, struct slot_state *out,
		    struct slotscope_error *err);

/**
 * slots_twice() - refuse slots that stand there twice by one number
 *
 * KVM has one of each: which of them would be meant?
 *
 * Return: 0, or -EINVAL or -ENOMEM with @err filled.
 */
int slots_twice(const struct slot_state *state, struct slotscope_error *err);

#endif
