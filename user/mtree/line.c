// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "mtree/line.h"
#include "mtree/pasted.h"

#define HEX_DIGITS 16 /* QEMU prints every address with as many */

/* Take @prefix off the front of @s */
static bool eat(struct piece *s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (s->len < len || memcmp(s->s, prefix, len))
		return false;
	s->s += len;
	s->len -= len;
	return true;
}

/* Take @suffix off the end of @s */
static bool eat_end(struct piece *s, const char *suffix)
{
	size_t len = strlen(suffix);

	if (s->len < len || memcmp(s->s + s->len - len, suffix, len))
		return false;
	s->len -= len;
	return true;
}

static bool equals(struct piece s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.s, word, s.len) == 0;
}

/* Cut @s at the first (or last) @sep; what is behind it goes to @rest */
static bool cut(struct piece *s, const char *sep, bool last, struct piece *rest)
{
	size_t i, len = strlen(sep), at = s->len;

	for (i = 0; i + len <= s->len; i++) {
		if (memcmp(s->s + i, sep, len))
			continue;
		at = i;
		if (!last)
			break;
	}
	if (at == s->len)
		return false;
	rest->s = s->s + at + len;
	rest->len = s->len - at - len;
	s->len = at;
	return true;
}

static bool eat_hex(struct piece *s, uint64_t *value)
{
	size_t i;

	if (s->len < HEX_DIGITS)
		return false;
	*value = 0;
	for (i = 0; i < HEX_DIGITS; i++) {
		char c = s->s[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (c - 'a' + 10);
		else
			return false;
	}
	s->s += HEX_DIGITS;
	s->len -= HEX_DIGITS;
	return true;
}

/* "%016x-%016x" */
static bool eat_bounds(struct piece *s, uint64_t *start, uint64_t *end)
{
	return eat_hex(s, start) && eat(s, "-") && eat_hex(s, end);
}

static bool eat_int32(struct piece *s, int32_t *value)
{
	bool negative = eat(s, "-");
	int64_t v = 0;
	size_t i;

	for (i = 0; i < s->len && s->s[i] >= '0' && s->s[i] <= '9'; i++) {
		v = v * 10 + (s->s[i] - '0');
		if (v > (int64_t)INT32_MAX + 1)
			return false;
	}
	if (negative)
		v = -v;
	if (i == 0 || v > INT32_MAX)
		return false;
	*value = (int32_t)v;
	s->s += i;
	s->len -= i;
	return true;
}

static const char *const kind_names[] = {
	[MTREE_IO] = "i/o",    [MTREE_CONTAINER] = "container",
	[MTREE_RAM] = "ram",   [MTREE_ROM] = "rom",
	[MTREE_ROMD] = "romd", [MTREE_RAMD] = "ramd",
};

const char *mtree_kind_name(enum mtree_kind kind)
{
	return kind == MTREE_RIGHTS ? "not known" : kind_names[kind];
}

static bool parse_kind(struct piece s, struct mtree_line *line)
{
	size_t i;

	/* QEMU 2.8: 'R' and 'W', or '-' in their place */
	if (s.len == 2 && (s.s[0] == 'R' || s.s[0] == '-') &&
	    (s.s[1] == 'W' || s.s[1] == '-')) {
		line->kind = MTREE_RIGHTS;
		line->readable = s.s[0] == 'R';
		line->writable = s.s[1] == 'W';
		return true;
	}
	line->nonvolatile = eat(&s, "nv-");
	for (i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (equals(s, kind_names[i])) {
			line->kind = i;
			return true;
		}
	}
	return false;
}

/* Take " LABEL:{WHAT}" off the end of @s; WHAT may hold braces of its own */
static bool eat_label(struct piece *s, const char *label, struct piece *what)
{
	struct piece head = *s, rest;

	if (!eat_end(&head, "}") || !cut(&head, label, true, &rest))
		return false;
	*s = head;
	*what = rest;
	return true;
}

static void parse_owner(struct piece *s, struct mtree_line *line)
{
	bool parent = eat_label(s, " parent:{", &line->parent);
	bool owner = eat_label(s, " owner:{", &line->owner);

	line->owned = owner || parent || eat_end(s, " orphan");
}

/* Behind "): " of a flat range: NAME[ @OFFSET][ OWNER][ KVM]... */
static bool parse_range(struct piece s, struct mtree_line *line)
{
	struct piece head, rest;
	uint64_t offset;

	/* Once for each address space that shares the view and has it */
	while (eat_end(&s, " KVM") || eat_end(&s, " kvm"))
		line->accel = true;
	parse_owner(&s, line);
	head = s;
	if (cut(&head, " @", true, &rest) && eat_hex(&rest, &offset) &&
	    rest.len == 0) {
		line->offset = offset;
		s = head;
	}
	line->name = s;
	return true;
}

/*
 * Behind "): " in the tree: NAME[ [disabled]][ OWNER], or
 * alias NAME @TARGET START-END[ [disabled]][ OWNER]
 */
static bool parse_node(struct piece s, struct mtree_line *line)
{
	struct piece name, target, bounds;
	uint64_t start, end;

	parse_owner(&s, line);
	line->disabled = eat_end(&s, " [disabled]");
	line->name = s;
	name = s;
	if (!eat(&name, "alias ") || !cut(&name, " @", false, &target) ||
	    !cut(&target, " ", true, &bounds) ||
	    !eat_bounds(&bounds, &start, &end) || bounds.len)
		return true;
	line->name = name;
	line->alias = target;
	line->alias_start = start;
	line->alias_end = end;
	return true;
}

static bool parse_region(struct piece s, bool in_flatview,
			 struct mtree_line *line)
{
	struct piece kind, rest;

	while (eat(&s, "  "))
		line->level++;
	if (!line->level || !eat_bounds(&s, &line->start, &line->end) ||
	    !eat(&s, " (prio ") || !eat_int32(&s, &line->priority) ||
	    !eat(&s, ", "))
		return false;
	kind = s;
	if (!cut(&kind, "): ", false, &rest) || !parse_kind(kind, line))
		return false;
	return in_flatview ? parse_range(rest, line) : parse_node(rest, line);
}

/* Behind ` AS "`: NAME", root: ROOT */
static bool parse_flatview_as(struct piece s, struct mtree_line *line)
{
	line->name = s;
	if (!cut(&line->name, "\", root: ", false, &line->root))
		return false;
	cut(&line->root, ", alias ", false, &line->alias);
	return true;
}

static bool is_number(struct piece s)
{
	int32_t n;

	return eat_int32(&s, &n) && s.len == 0;
}

enum mtree_line_type mtree_line_parse(struct piece s, bool in_flatview,
				      struct mtree_line *line)
{
	memset(line, 0, sizeof(*line));
	/* Also of regions that are not shown; those leave it to the next line */
	while (eat(&s, "[DETECTED OVERFLOW!] "))
		line->overflow = true;
	if (s.len == 0)
		return line->type = MTREE_LINE_BLANK;
	if (equals(s, MTREE_ELLIPSIS))
		return line->type = MTREE_LINE_ELLIPSIS;
	line->name = s;
	if (eat(&line->name, "address-space (flat view): "))
		return line->type = MTREE_LINE_FLATVIEW_OLD;
	if (eat(&line->name, "address-space: "))
		return line->type = MTREE_LINE_ADDRESS_SPACE;
	if (eat(&line->name, "memory-region: "))
		return line->type = MTREE_LINE_MEMORY_REGION;
	if (eat(&line->name, "FlatView #") && is_number(line->name))
		return line->type = MTREE_LINE_FLATVIEW;
	/* Who copies from here on may leave its blank behind */
	if (in_flatview)
		eat(&line->name, " ");
	if (in_flatview && eat(&line->name, "Root memory region: "))
		return line->type = MTREE_LINE_FLATVIEW_ROOT;
	if (in_flatview && equals(s, "  No rendered FlatView"))
		return line->type = MTREE_LINE_FLATVIEW_EMPTY;
	if (in_flatview && equals(s, "  Dispatch"))
		return line->type = MTREE_LINE_DISPATCH;
	if (in_flatview && eat(&line->name, "AS \"") &&
	    parse_flatview_as(line->name, line))
		return line->type = MTREE_LINE_FLATVIEW_AS;
	if (parse_region(s, in_flatview, line))
		return line->type = MTREE_LINE_REGION;
	return line->type = MTREE_LINE_BAD;
}
