// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/line.h"
#include "mtree/pasted.h"

static bool is_region(struct piece s)
{
	struct piece line;
	struct mtree_line parsed;
	char room[256];
	size_t len = s.len < sizeof(room) - 2 ? s.len : sizeof(room) - 2;

	/* In the place that its reader knows it in */
	memcpy(room, "  ", 2);
	memcpy(room + 2, s.s, len);
	line = (struct piece){ room, len + 2 };
	return mtree_line_parse(line, true, &parsed) == MTREE_LINE_REGION;
}

/* How many of the blanks before a line are QEMU's own; -1: the line does not tell */
static int own_indent(struct piece s)
{
	if (piece_begins(s, "address-space") ||
	    piece_begins(s, "memory-region: ") || piece_begins(s, "FlatView #"))
		return 0;
	if (piece_begins(s, "AS \"") || piece_begins(s, "Root memory region: "))
		return 1;
	return -1;
}

/**
 * struct paste - what was done to every line
 * @quote_blank: a blank follows the quote mark of each line that has one
 * @indent:	 blanks before the least indented line
 */
struct paste {
	bool quote_blank;
	size_t indent;
};

/* A line without quote marks */
static struct piece unquoted(const struct paste *paste, struct piece s)
{
	size_t quote = pasted_quote(s);

	piece_drop(&s, quote);
	if (quote && paste->quote_blank && s.len && s.s[0] == ' ')
		piece_drop(&s, 1);
	return s;
}

static void find_quotes(struct piece text, struct paste *paste)
{
	struct piece line;
	size_t quote;

	paste->quote_blank = true;
	while (piece_line(&text, &line)) {
		quote = pasted_quote(line);
		if (quote && quote < line.len && line.s[quote] != ' ')
			paste->quote_blank = false;
	}
}

/* Headers tell how far all is indented; where there is none, the regions do */
static void find_indent(struct piece text, struct paste *paste)
{
	size_t least = SIZE_MAX, regions = SIZE_MAX, indent;
	struct piece line;
	int own;

	while (piece_line(&text, &line)) {
		line = unquoted(paste, line);
		indent = piece_indent(line);
		piece_drop(&line, indent);
		own = own_indent(line);
		if (own >= 0 && indent >= (size_t)own && indent - own < least)
			least = indent - own;
		if (own < 0 && indent >= 2 && indent - 2 < regions &&
		    is_region(line))
			regions = indent - 2;
	}
	if (least == SIZE_MAX)
		least = regions == SIZE_MAX ? 0 : regions;
	paste->indent = least;
}

/* "QEMU 7.2.22 monitor - type 'help' for more information", where it is entered */
static bool is_banner(struct piece line)
{
	return piece_begins(line, "QEMU ") &&
	       piece_find(line, " monitor - type 'help'");
}

static struct piece clean(const struct paste *paste, struct piece s)
{
	static const struct piece nothing = { "", 0 };
	static const struct piece ellipsis = { MTREE_ELLIPSIS,
					       sizeof(MTREE_ELLIPSIS) - 1 };
	struct piece bare;
	size_t indent;

	s = unquoted(paste, s);
	bare = piece_trimmed(s);
	if (!bare.len || pasted_is_prompt(bare) || pasted_is_fence(bare) ||
	    is_banner(bare))
		return nothing;
	if (pasted_is_ellipsis(bare))
		return ellipsis;
	indent = piece_indent(s);
	piece_drop(&s, indent < paste->indent ? indent : paste->indent);
	return s;
}

static size_t clean_all(struct piece text, const struct paste *paste, char *out)
{
	struct piece line;
	size_t n = 0;

	while (text.len) {
		piece_line(&text, &line);
		/* Whether the last line had an end of its own stays as it was */
		line = clean(paste, line);
		memcpy(out + n, line.s, line.len);
		n += line.len;
		if (text.len || text.s[-1] == '\n')
			out[n++] = '\n';
	}
	return n;
}

int mtree_unpaste(const char *text, size_t len, char **out, size_t *out_len,
		  struct slotscope_error *err)
{
	struct piece all = { text, len };
	struct paste paste = {};

	*out = NULL;
	if (memchr(text, '\0', len)) {
		error_set(err, EINVAL, "read the text of info mtree");
		return error_why(err, "it holds NUL bytes: no text");
	}
	pasted_bom(&all);
	/* No line grows: what an ellipsis is made of has three bytes at least */
	*out = malloc(all.len + 1);
	if (!*out)
		return error_set(err, ENOMEM, "read the text of info mtree");
	find_quotes(all, &paste);
	find_indent(all, &paste);
	*out_len = clean_all(all, &paste, *out);
	(*out)[*out_len] = '\0';
	return 0;
}
