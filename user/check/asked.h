/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the VMM asked for, in an order in which it can be looked up */
#ifndef CHECK_ASKED_H
#define CHECK_ASKED_H

#include <slotscope/rules.h>
#include <slotscope/view.h>

#include "check/latest.h"

/**
 * struct asked - a request, or several of the same words and outcome
 * @request: its words; the outcome
 * @first:   seq of the first
 * @seq:     of the last
 * @count:   how many
 * @why:     why the last of them failed, in a sentence; NULL: not known. Owned
 * @rule_known: it was @rule, for certain
 * @other:   who stood in the way, if @why names it; else of size 0
 * @finding: for the caller
 */
struct asked {
	struct slot_request request;
	uint64_t first;
	uint64_t seq;
	uint64_t count;
	char *why;
	bool rule_known;
	enum request_rule rule;
	struct slot other;
	size_t finding;
};

/**
 * struct asked_list - requests with one kind of outcome
 * @items:    by (address space, gpa)
 * @by_slot:  the same, by (raw slot word, seq)
 * @by_place: private
 */
struct asked_list {
	struct asked *items;
	struct asked **by_slot;
	size_t nr;
	struct latest by_place;
	struct latest_range *ranges;
};

/**
 * asked_collect() - those of a VM's requests that failed
 *
 * Requests whose arguments could not be read are not in it.
 * Return: 0 or -ENOMEM; asked_deinit() after either.
 */
int asked_collect(struct asked_list *list, const struct slot_log *log,
		  uint64_t serial);
void asked_deinit(struct asked_list *list);

/**
 * asked_explain() - fill @why of requests that failed
 * @limits: what the kernel allows; NULL: not known
 *
 * From the slots before each, as far as the log tells.
 * Return: 0 or -ENOMEM.
 */
int asked_explain(struct asked_list *failed, const struct slot_log *log,
		  uint64_t serial, const struct request_limits *limits);

uint16_t asked_as_id(const struct asked *asked);
int32_t asked_slot_id(const struct asked *asked);

/**
 * asked_about_range() - the latest about a range: not a deletion
 *
 * Return: NULL if there is none.
 */
struct asked *asked_about_range(const struct asked_list *list, uint16_t as_id,
				gpa_t gpa, uint64_t size);

/** asked_about_slot() - the latest about a slot, or NULL */
struct asked *asked_about_slot(const struct asked_list *list, uint16_t as_id,
			       int32_t id);

/** struct done_list - when what succeeded was asked for; private */
struct done_list {
	struct latest by_place;
	struct latest_range *ranges;
	struct done *by_slot;
	size_t nr;
};

/** done_collect() - those that succeeded; 0 or -ENOMEM; done_deinit() it */
int done_collect(struct done_list *list, const struct slot_log *log,
		 uint64_t serial);
void done_deinit(struct done_list *list);

/** done_about_range() - seq of the latest about a range, or 0 */
uint64_t done_about_range(const struct done_list *list, uint16_t as_id,
			  gpa_t gpa, uint64_t size);

/** done_about_slot() - seq of the latest about a slot, or 0 */
uint64_t done_about_slot(const struct done_list *list, uint16_t as_id,
			 int32_t id);

#endif
