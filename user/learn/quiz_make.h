/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LEARN_QUIZ_MAKE_H
#define LEARN_QUIZ_MAKE_H

#include "learn/quiz.h"
#include "learn/random.h"

/** quiz_make_scene() - a scene of the kind that @out->kind asks about */
void quiz_make_scene(struct learn_random *random, struct quiz *out);

/**
 * quiz_make_request() - slots, and a request
 *
 * Return: 0; -EAGAIN: what comes of it is not certain; -ENOMEM.
 */
int quiz_make_request(struct learn_random *random, struct quiz_request *out);

#endif
