/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes that say the same of several address spaces, to be said once */
#ifndef RENDER_ALIKE_H
#define RENDER_ALIKE_H

#include <slotscope/check.h>

/**
 * struct alike - by place in the list of findings
 * @first: that which says it for this one, too; itself, if none does
 * @next:  of those that it says it for, the next; SIZE_MAX: there is none
 */
struct alike {
	size_t *first;
	size_t *next;
};

/**
 * alike_init() - find them
 *
 * Alike are notes of one kind and range whose sentences differ in slot numbers alone, each
 * of another address space, and neither beneath another finding nor above one. A mismatch
 * stands for itself.
 *
 * Return: 0 or -ENOMEM; alike_deinit() it after either.
 */
int alike_init(struct alike *alike, const struct findings *findings);
void alike_deinit(struct alike *alike);

#endif
