// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/pasted.h"

bool piece_begins(struct piece piece, const char *prefix)
{
	size_t len = strlen(prefix);

	return piece.len >= len && !memcmp(piece.s, prefix, len);
}

void piece_drop(struct piece *piece, size_t n)
{
	piece->s += n;
	piece->len -= n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t piece_indent(struct piece piece)
{
	size_t n = 0;

	while (n < piece.len && is_blank(piece.s[n]))
		n++;
	return n;
}

struct piece piece_trimmed(struct piece piece)
{
	piece_drop(&piece, piece_indent(piece));
	while (piece.len && is_blank(piece.s[piece.len - 1]))
		piece.len--;
	return piece;
}

const char *piece_find(struct piece piece, const char *word)
{
	size_t len = strlen(word);

	for (; piece.len >= len; piece_drop(&piece, 1)) {
		if (!memcmp(piece.s, word, len))
			return piece.s;
	}
	return NULL;
}

bool piece_line(struct piece *text, struct piece *line)
{
	const char *end;

	if (!text->len)
		return false;
	end = memchr(text->s, '\n', text->len);
	line->s = text->s;
	line->len = end ? (size_t)(end - text->s) : text->len;
	piece_drop(text, line->len + !!end);
	if (line->len && line->s[line->len - 1] == '\r')
		line->len--;
	return true;
}

void pasted_bom(struct piece *text)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (piece_begins(*text, bom))
		piece_drop(text, strlen(bom));
}

size_t pasted_quote(struct piece line)
{
	size_t i, n = 0;

	for (i = piece_indent(line); i < line.len && line.s[i] == '>';) {
		n = ++i;
		/* Between two marks, a blank belongs to them */
		if (i + 1 < line.len && line.s[i] == ' ' &&
		    line.s[i + 1] == '>')
			i++;
	}
	return n;
}

bool pasted_is_prompt(struct piece line)
{
	/* It is trimmed: a prompt that waits has lost its blank */
	static const char *const prompts[] = { "(qemu)", "(QEMU)", "virsh " };
	size_t i;

	for (i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
		if (piece_begins(line, prompts[i]))
			return true;
	return line.len && strchr("$#%", line.s[0]) &&
	       (line.len == 1 || line.s[1] == ' ');
}

bool pasted_is_fence(struct piece line)
{
	return piece_begins(line, "```") || piece_begins(line, "~~~");
}

bool pasted_is_ellipsis(struct piece line)
{
	static const char utf8[] = "\xe2\x80\xa6";
	size_t dots = 0;

	while (line.len && strchr("[(<{-*/# ", line.s[0]))
		piece_drop(&line, 1);
	while (line.len && strchr("])>}-*/# ", line.s[line.len - 1]))
		line.len--;
	if (line.len == 4 &&
	    (piece_begins(line, "snip") || piece_begins(line, "SNIP")))
		return true;
	while (line.len) {
		if (line.s[0] == '.') {
			dots++;
			piece_drop(&line, 1);
		} else if (piece_begins(line, utf8)) {
			dots += 3;
			piece_drop(&line, 3);
		} else {
			return false;
		}
	}
	return dots >= 3;
}

size_t pasted_unended(const char *text, size_t len)
{
	const char *end = memrchr(text, '\n', len);
	const char *begin = end ? end + 1 : text;
	struct piece line = { begin, text + len - begin };
	const size_t size = line.len;

	piece_drop(&line, pasted_quote(line));
	line = piece_trimmed(line);
	/* What stands behind a prompt may be such a line */
	if (pasted_is_prompt(line) && line.len <= strlen("(qemu)"))
		return 0;
	return line.len && !pasted_is_fence(line) ? size : 0;
}

char *pasted_clean(const char *text, size_t len, size_t *out_len)
{
	static const struct piece ellipsis = { PASTED_ELLIPSIS,
					       sizeof(PASTED_ELLIPSIS) - 1 };
	struct piece all = { text, len }, line;
	/* No line grows: what an ellipsis is made of has three bytes at least */
	char *out = malloc(len + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	pasted_bom(&all);
	while (piece_line(&all, &line)) {
		piece_drop(&line, pasted_quote(line));
		line = piece_trimmed(line);
		if (pasted_is_prompt(line) || pasted_is_fence(line))
			line.len = 0;
		else if (pasted_is_ellipsis(line))
			line = ellipsis;
		memcpy(out + n, line.s, line.len);
		n += line.len;
		if (all.len || all.s[-1] == '\n')
			out[n++] = '\n';
	}
	out[n] = '\0';
	*out_len = n;
	return out;
}
