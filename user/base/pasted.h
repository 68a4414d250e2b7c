/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text as people paste it: with CRLF, the quote marks of a mail or a forum, a
 * prompt, a code fence, and a mark where lines were left out. What a line is beyond
 * that is for the reader of the text.
 */
#ifndef SLOTSCOPE_BASE_PASTED_H
#define SLOTSCOPE_BASE_PASTED_H

#include <stdbool.h>
#include <stddef.h>

/** struct piece - a piece of a text; s is NULL for none */
struct piece {
	const char *s;
	size_t len;
};

/** piece_begins() - does it begin with @prefix? */
bool piece_begins(struct piece piece, const char *prefix);
/** piece_drop() - move its begin by @n bytes, which it has */
void piece_drop(struct piece *piece, size_t n);
/** piece_indent() - how many blanks it begins with */
size_t piece_indent(struct piece piece);
/** piece_trimmed() - without blanks at both ends */
struct piece piece_trimmed(struct piece piece);
/** piece_find() - where @word begins in it; NULL: nowhere */
const char *piece_find(struct piece piece, const char *word);

/**
 * piece_line() - cut a line off a text
 * @text: moved behind the line
 * @line: without its "\n" or "\r\n"
 *
 * Return: false at the end of the text.
 */
bool piece_line(struct piece *text, struct piece *line);

/** pasted_bom() - leave out the mark of byte order that an editor put first */
void pasted_bom(struct piece *text);
/** pasted_quote() - how many bytes of a line are quote marks ("> ") */
size_t pasted_quote(struct piece line);
/** pasted_is_prompt() - a monitor's or shell's, and what was typed; of a trimmed line */
bool pasted_is_prompt(struct piece line);
/** pasted_is_fence() - begins or ends code; of a trimmed line */
bool pasted_is_fence(struct piece line);
/**
 * pasted_is_ellipsis() - stands for lines that were left out; of a trimmed line
 *
 * "...", "[...]", "<snip>", an ellipsis of UTF-8, and the like.
 */
bool pasted_is_ellipsis(struct piece line);

/**
 * pasted_unended() - does a text end within a line?
 *
 * What stands there without a newline may be the beginning of what stood there: a
 * number of fewer digits, half a name. Not to be trusted, whatever it says. Blanks, a
 * fence and a prompt alone are no such line: whatever they began, it is as if the text
 * ended before it.
 *
 * Return: how many bytes that line has; 0: none.
 */
size_t pasted_unended(const char *text, size_t len);

#define PASTED_ELLIPSIS "..."

/**
 * pasted_clean() - a text in which blanks at the begin and end of a line mean nothing
 * @out_len: of what is returned, without the NUL behind it
 *
 * The lines stay as many. Prompts and fences become empty lines; marks of what was
 * left out become PASTED_ELLIPSIS; a last line without an end stays so.
 *
 * Return: a copy, to be freed; NULL without memory.
 */
char *pasted_clean(const char *text, size_t len, size_t *out_len);

#endif
