/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Problems on guest memory, as many as anybody wants: a seed makes one, the memory
 * model or the errno rules say what is right, and an answer is held against that.
 * Pure. The tests hold what is right against a real KVM.
 */
#ifndef LEARN_QUIZ_H
#define LEARN_QUIZ_H

#include <slotscope/rules.h>

#include "learn/ranges.h"
#include "learn/scene.h"

enum quiz_kind {
	QUIZ_VIEW,   /* which flat view is rendered? */
	QUIZ_WHERE,  /* what answers an access to an address? */
	QUIZ_COMMIT, /* which slots does a commit delete and add? */
	QUIZ_SLOTS,  /* which slots are there, cut to the host's pages? */
	QUIZ_ERRNO,  /* what does KVM answer to a request? */
	QUIZ_KINDS,
};

/** quiz_kind_name() - "view", "where", "commit", "slots", "errno" */
const char *quiz_kind_name(enum quiz_kind kind);
/** quiz_kind_by_name() - false: there is none */
bool quiz_kind_by_name(const char *name, enum quiz_kind *out);

#define QUIZ_SLOTS_MAX 4

/**
 * struct quiz_request - a request, and the slots that stand
 * @slots:   @nr of them
 * @limits:  what the kernel allows: what every kernel of x86 does
 * @outcome: what the rules say; its other party is one of @slots, or NULL
 */
struct quiz_request {
	struct slot slots[QUIZ_SLOTS_MAX];
	size_t nr;
	struct slot_request request;
	struct request_limits limits;
	struct request_outcome outcome;
};

/**
 * struct quiz - a problem
 * @seed:      that made it, with
 * @number:    its place in a row
 * @scene:     of all kinds but QUIZ_ERRNO
 * @page_size: of the host, of QUIZ_SLOTS
 * @addr:      of QUIZ_WHERE
 * @played:    what the model says of @scene
 * @wanted:    the right answer of all but QUIZ_ERRNO; of QUIZ_WHERE one range of
 *	       one byte, or none
 * @ask:       of QUIZ_ERRNO
 */
struct quiz {
	enum quiz_kind kind;
	uint64_t seed;
	uint64_t number;
	struct scene scene;
	uint64_t page_size;
	uint64_t addr;
	struct scene_played played;
	struct ranges wanted;
	struct quiz_request ask;
};

/**
 * quiz_make() - make a problem
 * @kinds: bit n: of enum quiz_kind n; the seed chooses among them
 *
 * Return: 0, or a negative errno: -EINVAL if @kinds is empty, -ENOMEM.
 */
int quiz_make(uint64_t seed, uint64_t number, unsigned int kinds,
	      struct quiz *out, struct slotscope_error *err);

/** quiz_print() - the problem, and how it is to be answered */
void quiz_print(const struct quiz *quiz, FILE *out);

/** quiz_answer() - what is right, in the form of an answer */
void quiz_answer(const struct quiz *quiz, FILE *out);

/** quiz_reason() - why it is right: sentences */
void quiz_reason(const struct quiz *quiz, FILE *out);

enum quiz_verdict { QUIZ_RIGHT, QUIZ_WRONG, QUIZ_UNREADABLE };

/**
 * quiz_judge() - hold an answer against what is right
 * @why: of a wrong one: what is wrong, and what is right there; of one that cannot be
 *	 read: how to write it
 */
enum quiz_verdict quiz_judge(const struct quiz *quiz, const char *answer,
			     char why[RANGES_SAY_MAX]);

#endif
