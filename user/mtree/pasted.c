// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mtree/line.h"
#include "mtree/pasted.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void drop(struct mtree_str *s, size_t n)
{
	s->s += n;
	s->len -= n;
}

static size_t indent_of(struct mtree_str s)
{
	size_t n = 0;

	while (n < s.len && is_blank(s.s[n]))
		n++;
	return n;
}

static struct mtree_str trimmed(struct mtree_str s)
{
	drop(&s, indent_of(s));
	while (s.len && is_blank(s.s[s.len - 1]))
		s.len--;
	return s;
}

static bool begins(struct mtree_str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && !memcmp(s.s, prefix, len);
}

/* How many bytes of a line are quote marks, "> " of a mail or of a forum */
static size_t quote_of(struct mtree_str s)
{
	size_t i = 0, n = 0;

	for (i = indent_of(s); i < s.len && s.s[i] == '>';) {
		n = ++i;
		/* Between two marks, a blank belongs to them */
		if (i + 1 < s.len && s.s[i] == ' ' && s.s[i + 1] == '>')
			i++;
	}
	return n;
}

/* @s is trimmed: a prompt that waits has lost its blank */
static bool is_prompt(struct mtree_str s)
{
	static const char *const prompts[] = { "(qemu)", "(QEMU)", "virsh " };
	size_t i;

	for (i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
		if (begins(s, prompts[i]))
			return true;
	return s.len && strchr("$#%", s.s[0]) && (s.len == 1 || s.s[1] == ' ');
}

static bool is_fence(struct mtree_str s)
{
	return begins(s, "```") || begins(s, "~~~");
}

/* "...", "[...]", "<snip>", an ellipsis of UTF-8, and the like */
static bool is_ellipsis(struct mtree_str s)
{
	static const char utf8[] = "\xe2\x80\xa6";
	size_t dots = 0;

	while (s.len && strchr("[(<{-*/# ", s.s[0]))
		drop(&s, 1);
	while (s.len && strchr("])>}-*/# ", s.s[s.len - 1]))
		s.len--;
	if (s.len == 4 && (begins(s, "snip") || begins(s, "SNIP")))
		return true;
	while (s.len) {
		if (s.s[0] == '.') {
			dots++;
			drop(&s, 1);
		} else if (begins(s, utf8)) {
			dots += 3;
			drop(&s, 3);
		} else {
			return false;
		}
	}
	return dots >= 3;
}

static bool is_region(struct mtree_str s)
{
	struct mtree_str line;
	struct mtree_line parsed;
	char room[256];
	size_t len = s.len < sizeof(room) - 2 ? s.len : sizeof(room) - 2;

	/* In the place that its reader knows it in */
	memcpy(room, "  ", 2);
	memcpy(room + 2, s.s, len);
	line = (struct mtree_str){ room, len + 2 };
	return mtree_line_parse(line, true, &parsed) == MTREE_LINE_REGION;
}

/* How many of the blanks before a line are QEMU's own; -1: the line does not tell */
static int own_indent(struct mtree_str s)
{
	if (begins(s, "address-space") || begins(s, "memory-region: ") ||
	    begins(s, "FlatView #"))
		return 0;
	if (begins(s, "AS \"") || begins(s, "Root memory region: "))
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
static struct mtree_str unquoted(const struct paste *paste, struct mtree_str s)
{
	size_t quote = quote_of(s);

	drop(&s, quote);
	if (quote && paste->quote_blank && s.len && s.s[0] == ' ')
		drop(&s, 1);
	return s;
}

static void find_quotes(struct mtree_str text, struct paste *paste)
{
	struct mtree_str line;
	size_t quote;

	paste->quote_blank = true;
	while (mtree_line_next(&text, &line)) {
		quote = quote_of(line);
		if (quote && quote < line.len && line.s[quote] != ' ')
			paste->quote_blank = false;
	}
}

/* Headers tell how far all is indented; where there is none, the regions do */
static void find_indent(struct mtree_str text, struct paste *paste)
{
	size_t least = SIZE_MAX, regions = SIZE_MAX, indent;
	struct mtree_str line;
	int own;

	while (mtree_line_next(&text, &line)) {
		line = unquoted(paste, line);
		indent = indent_of(line);
		drop(&line, indent);
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

static struct mtree_str clean(const struct paste *paste, struct mtree_str s)
{
	static const struct mtree_str nothing = { "", 0 };
	static const struct mtree_str ellipsis = { MTREE_ELLIPSIS,
						   sizeof(MTREE_ELLIPSIS) - 1 };
	struct mtree_str bare;
	size_t indent;

	s = unquoted(paste, s);
	bare = trimmed(s);
	if (!bare.len || is_prompt(bare) || is_fence(bare))
		return nothing;
	if (is_ellipsis(bare))
		return ellipsis;
	indent = indent_of(s);
	drop(&s, indent < paste->indent ? indent : paste->indent);
	return s;
}

static size_t clean_all(struct mtree_str text, const struct paste *paste,
			char *out)
{
	struct mtree_str line;
	size_t n = 0;

	while (text.len) {
		mtree_line_next(&text, &line);
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
	static const char bom[] = "\xef\xbb\xbf";
	struct mtree_str all = { text, len };
	struct paste paste = {};

	*out = NULL;
	if (memchr(text, '\0', len)) {
		error_set(err, EINVAL, "read the text of info mtree");
		return error_why(err, "it holds NUL bytes: no text");
	}
	if (begins(all, bom))
		drop(&all, strlen(bom));
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
