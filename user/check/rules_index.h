/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The errno rules where many requests are asked about: with an index of slots */
#ifndef CHECK_RULES_INDEX_H
#define CHECK_RULES_INDEX_H

#include <slotscope/rules.h>

struct slot_index;

/**
 * request_foresee_by() - request_foresee(), in O(log n)
 * @index: of @before, in order; NULL: request_foresee()
 */
void request_foresee_by(const struct slot_state *before,
			const struct slot_index *index,
			const struct slot_request *request,
			const struct request_limits *limits,
			struct request_foresight *out);

/**
 * request_explain_by() - request_explain(), in O(log n)
 * @why: the rule and who stood in the way, as far as the sentence names them; the
 *	 rule only with true
 */
bool request_explain_by(const struct slot_state *before,
			const struct slot_index *index,
			const struct slot_request *request, int result,
			const struct request_limits *limits,
			char buf[REQUEST_SAY_MAX], struct request_outcome *why);

#endif
