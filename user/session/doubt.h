/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view of which a part is missing, nobody knows which: where another contradicts it,
 * what is missing may be why. Pure.
 */
#ifndef SLOTSCOPE_SESSION_DOUBT_H
#define SLOTSCOPE_SESSION_DOUBT_H

#include <slotscope/check.h>

/**
 * doubt_contradictions() - take back what a view says where others contradict it
 * @state: the view, one of those compared; what is taken back is blind
 * @why:   in words
 * @any:   set if there was something: then compare once more
 *
 * Return: 0 or -ENOMEM.
 */
int doubt_contradictions(const struct comparison *comparison,
			 struct slot_state *state, const char *why, bool *any);

#endif
