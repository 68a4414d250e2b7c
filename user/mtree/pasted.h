/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text of info mtree as people have it: with the monitor's prompt, quote marks, a
 * code fence, indented, with CRLF, with lines left out.
 */
#ifndef SLOTSCOPE_MTREE_PASTED_H
#define SLOTSCOPE_MTREE_PASTED_H

#include <stddef.h>

#include <slotscope/error.h>

/* What a line that stands for others which were left out becomes */
#define MTREE_ELLIPSIS "..."

/**
 * mtree_unpaste() - the text as the monitor printed it
 * @text: need not end with NUL
 * @out:  a copy that does, to be freed by the caller; NULL after an error
 * @out_len: of @out, without the NUL
 *
 * The lines stay as many, and in their places: a number of a line holds for both.
 * Lines of prompts and of
 * fences become empty ones; those that say that something was left out ("...",
 * "[snip]") become MTREE_ELLIPSIS. What it does not know stays, for the reader
 * to refuse.
 *
 * Return: 0, -ENOMEM, or -EINVAL for NUL bytes.
 */
int mtree_unpaste(const char *text, size_t len, char **out, size_t *out_len,
		  struct slotscope_error *err);

#endif
