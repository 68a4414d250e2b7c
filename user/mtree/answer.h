/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of info mtree within QMP's JSON, as human-monitor-command answers. */
#ifndef SLOTSCOPE_MTREE_ANSWER_H
#define SLOTSCOPE_MTREE_ANSWER_H

#include <stddef.h>

#include <slotscope/error.h>

/**
 * mtree_answer() - take the text out of JSON
 * @text: what was handed in; a text that begins with neither "{" nor a quote mark is
 *	  no JSON, and the text of info mtree begins with neither
 * @out:  the answers, one behind the other, to be freed by the caller; NULL if
 *	  @text is no JSON, and after an error
 *
 * A whole session may be given: greetings, events and answers without text are
 * passed over. A string alone is taken for an answer. Not part of the library,
 * which would need json-c for it.
 *
 * Return: 0, -ENOMEM, or -EINVAL for JSON that is cut off, or without an answer.
 */
int mtree_answer(const char *text, size_t len, char **out, size_t *out_len,
		 struct slotscope_error *err);

#endif
