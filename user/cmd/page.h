/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --html FILE: a page of what a command tells, beside what it prints. */
#ifndef SLOTSCOPE_CMD_PAGE_H
#define SLOTSCOPE_CMD_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <slotscope/error.h>

#include "check/refusals.h"
#include "render/events.h"
#include "render/style.h"

/**
 * page_to() - have a page, once page_begin() was called
 *
 * What the file has stays until the page is written. Return: 0 or a negative errno.
 */
int page_to(const char *path, struct slotscope_error *err);

/**
 * page_begin() - the command line was read
 * @inputs: as of cmd_report_begin(); NULL among them are passed over
 *
 * Return: 0, also without a page; -EINVAL where it is one of @inputs, or --report's
 * file; -ENOMEM.
 */
int page_begin(const char *const *inputs, size_t nr,
	       struct slotscope_error *err);

/**
 * page_json() - where the documents of --json go, too; NULL without a page
 *
 * main() makes the page of them, whatever the command ends with.
 */
FILE *page_json(void);

/** page_printed() - where goes what is printed for people of them; NULL without a page */
FILE *page_printed(void);

/**
 * page_style() - from now on print as for a page: a document a line, no colours
 *
 * Return: how it was; assign it to render_style when the page has got its piece.
 */
struct render_style page_style(void);

/** event_why_of() - what a request's JSON says of why it was refused; borrows @refusal */
struct event_why event_why_of(const struct refusal *refusal);

/**
 * page_event() - an event for the page, if there is one
 * @why:   of a request that was refused; or NULL
 * @stack: that it is the first to name; or NULL
 */
void page_event(const struct slot_event *event, const struct event_why *why,
		const struct slot_stack *stack);

/**
 * page_take() - the same for whoever does not ask why requests are refused
 *
 * To be called for each event of the log, in order.
 * Return: 0 or -ENOMEM.
 */
int page_take(const struct slot_event *event, const struct slot_stack *stack,
	      const struct request_limits *limits);

/**
 * page_log() - the events of a log that the page does not have yet, if there is one
 * @log:    may be NULL
 * @limits: what the kernel allows, to say why requests were refused; may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int page_log(const struct slot_log *log, const struct request_limits *limits);

/**
 * page_end() - write it
 * @argv: the command line of slotscope, whole
 *
 * Return: 0, or a negative errno with @err filled.
 */
int page_end(int argc, char **argv, struct slotscope_error *err);

#endif
