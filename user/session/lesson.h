/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer to a lesson: looks at what it names, runs what it names, has it judged. */
#ifndef SESSION_LESSON_H
#define SESSION_LESSON_H

#include "learn/lesson.h"

/**
 * lesson_check() - judge an answer
 * @words: what stands behind --check, @nr
 * @out:   what is said of it: also that it could not be judged, and why
 *
 * Return: 0, or a negative errno with @err filled: something failed that is not the
 * learner's.
 */
int lesson_check(const struct lesson *lesson, char *const *words, size_t nr,
		 struct learn_word *out, struct slotscope_error *err);

#endif
