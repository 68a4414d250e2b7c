/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why requests were refused, of events as they go by: the slots of each VM are kept as
 * the log leaves them, and the errno rules asked at each refusal. Pure.
 */
#ifndef CHECK_REFUSALS_H
#define CHECK_REFUSALS_H

#include <slotscope/rules.h>

struct refusals_vm;

/**
 * struct refusals - zero but for @limits to begin with
 * @limits: what the kernel allows; NULL: not known
 */
struct refusals {
	const struct request_limits *limits;
	struct refusals_vm *vms; /* private */
};

#define REFUSAL_SAY_MAX (REQUEST_SAY_MAX + 160)

/**
 * struct refusal - why one request was
 * @known: it broke @rule, for certain
 * @other: the other party, as it was; of size 0: none, or not known
 * @made_ns: how long before that was made, by
 * @tid:   this thread; 0: before tracing began
 * @words: all of it in a sentence, without a full stop
 */
struct refusal {
	bool known;
	enum request_rule rule;
	struct slot other;
	uint64_t made_ns;
	pid_t tid;
	char words[REFUSAL_SAY_MAX];
};

/**
 * refusals_take() - the next event of the log
 * @out: filled if it is a request that was refused
 *
 * Costs O(log n) in the slots of its VM.
 *
 * Return: 1 if it is one, 0 if not, or -ENOMEM.
 */
int refusals_take(struct refusals *refusals, const struct slot_event *event,
		  struct refusal *out);
void refusals_deinit(struct refusals *refusals);

#endif
