/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a VM's events is compared, as numbers. For diff.c. */
#ifndef LOGS_DIFF_ITEMS_H
#define LOGS_DIFF_ITEMS_H

#include "logs/diff.h"

/* What is the same in two runs of the same VMM; each word is zero where it says nothing */
enum {
	KEY_TYPE,
	KEY_SLOT, /* with KEY_TYPE: what it is about */
	KEY_CALL,
	KEY_KIND,
	KEY_GPA,
	KEY_SIZE,
	KEY_FLAGS,
	KEY_HVA,
	KEY_GMEM,
	KEY_GMEM_OFFSET,
	KEY_BEFORE_GPA,
	KEY_BEFORE_SIZE,
	KEY_BEFORE_FLAGS,
	KEY_RESULT,
	KEY_WORDS,
};

struct diff_item {
	const struct slot_event *event;
	uint64_t key[KEY_WORDS];
};

/**
 * struct diff_items - events that are compared, in order
 * @ids:     of each; equal events have one id, over both logs
 * @about:   of each, likewise by KEY_TYPE and KEY_SLOT alone
 * @nr_base: of them at the beginning, BASE slots
 * @unread:  requests whose arguments are not known: they are not in it
 */
struct diff_items {
	struct diff_item *items;
	uint32_t *ids;
	uint32_t *about;
	size_t nr;
	size_t cap;
	size_t nr_base;
	uint64_t unread;
};

/**
 * diff_items_add() - take an event, if it is of a kind that is compared
 *
 * Return: 1 if so, 0 if not, or -ENOMEM.
 */
int diff_items_add(struct diff_items *items, const struct slot_event *event);

/** diff_items_number() - give equal ones of all @nr equal ids; 0 or -ENOMEM */
int diff_items_number(struct diff_items *all, size_t nr);

/** diff_items_differ() - in what; LOG_DIFFERS_* */
uint32_t diff_items_differ(const struct diff_item *a,
			   const struct diff_item *b);

void diff_items_deinit(struct diff_items *items);

#endif
