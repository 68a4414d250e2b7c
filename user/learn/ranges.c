// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pasted.h"
#include "learn/ranges.h"

static int by_place(const struct range *a, const struct range *b)
{
	if (a->deed != b->deed)
		return a->deed < b->deed ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->last > b->last) - (a->last < b->last);
}

int ranges_add(struct ranges *ranges, const struct range *range)
{
	size_t i = ranges->nr;

	if (ranges->nr == RANGES_MAX)
		return -E2BIG;
	for (; i && by_place(&ranges->items[i - 1], range) > 0; i--)
		ranges->items[i] = ranges->items[i - 1];
	ranges->items[i] = *range;
	ranges->nr++;
	return 0;
}

bool ranges_have_deeds(const struct ranges *ranges)
{
	return ranges->nr && ranges->items[0].deed != RANGE_IS;
}

/*
 * Reading
 */

static bool is_word(struct piece word, const char *const *words)
{
	for (; *words; words++)
		if (word.len == strlen(*words) &&
		    !strncasecmp(word.s, *words, word.len))
			return true;
	return false;
}

/* Up to a blank; moved behind it */
static struct piece take_word(struct piece *text)
{
	struct piece word;

	*text = piece_trimmed(*text);
	word = (struct piece){ text->s, 0 };
	while (word.len < text->len &&
	       !isspace((unsigned char)word.s[word.len]))
		word.len++;
	piece_drop(text, word.len);
	return word;
}

static int shift_of(char suffix)
{
	switch (suffix) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return -1;
	}
}

/* Hexadecimal; decimal with a suffix. Moved behind it */
static bool take_number(struct piece *text, uint64_t *out)
{
	size_t digits = 0, decimal = 0, begin = 0;
	char copy[20];
	int shift;

	if (piece_begins(*text, "0x") || piece_begins(*text, "0X"))
		begin = 2;
	while (begin + digits < text->len &&
	       isxdigit((unsigned char)text->s[begin + digits]))
		digits++;
	while (!begin && decimal < digits &&
	       isdigit((unsigned char)text->s[decimal]))
		decimal++;
	if (!digits || digits > 16)
		return false;
	memcpy(copy, text->s + begin, digits);
	copy[digits] = '\0';
	shift = decimal == digits && digits < text->len ?
			shift_of(text->s[digits]) :
			-1;
	*out = strtoull(copy, NULL, shift < 0 ? 16 : 10);
	if (shift >= 0) {
		if (*out > UINT64_MAX >> shift)
			return false;
		*out <<= shift;
		digits++;
		if (digits < text->len &&
		    (text->s[digits] == 'B' || text->s[digits] == 'b'))
			digits++;
	}
	piece_drop(text, begin + digits);
	return true;
}

/* FIRST-LAST or FIRST+SIZE, and nothing behind it */
static bool read_extent(struct piece word, struct range *out)
{
	uint64_t second;
	char sign;

	if (!take_number(&word, &out->first) || !word.len)
		return false;
	sign = *word.s;
	if (sign != '-' && sign != '+')
		return false;
	piece_drop(&word, 1);
	if (word.len && *word.s == sign) /* 0--fff, 0..fff are nobody's */
		return false;
	if (!take_number(&word, &second) || word.len)
		return false;
	if (sign == '+' && !second)
		return false;
	out->last = sign == '-' ? second : out->first + (second - 1);
	return out->last >= out->first;
}

/* NAME or NAME+OFFSET */
static bool read_what(struct piece word, struct range *out)
{
	size_t len = 0;

	while (len < word.len && (isalnum((unsigned char)word.s[len]) ||
				  strchr("._-", word.s[len])))
		len++;
	if (!len || len >= sizeof(out->name))
		return false;
	memcpy(out->name, word.s, len);
	out->name[len] = '\0';
	piece_drop(&word, len);
	out->offset = 0;
	if (!word.len)
		return true;
	if (*word.s != '+' && *word.s != '@')
		return false;
	piece_drop(&word, 1);
	return take_number(&word, &out->offset) && !word.len;
}

/* @deed: of the item before, which holds on until another is said */
static bool read_item(struct piece item, enum range_deed deed,
		      struct range *out)
{
	static const char *const dels[] = { "del", "delete", "-", NULL };
	static const char *const adds[] = { "add", "create", "+", NULL };
	struct piece word = take_word(&item);

	*out = (struct range){ .deed = deed };
	if (is_word(word, dels)) {
		out->deed = RANGE_DELETED;
		word = take_word(&item);
	} else if (is_word(word, adds)) {
		out->deed = RANGE_ADDED;
		word = take_word(&item);
	}
	if (!read_extent(word, out))
		return false;
	word = take_word(&item);
	/* What is deleted need not be named: its range says which it is */
	if (word.len && !read_what(word, out))
		return false;
	return !piece_trimmed(item).len;
}

static bool cut_item(struct piece *text, struct piece *item)
{
	size_t len = 0;

	if (!text->len)
		return false;
	while (len < text->len && !strchr(",;\n", text->s[len]))
		len++;
	*item = (struct piece){ text->s, len };
	piece_drop(text, len < text->len ? len + 1 : len);
	for (size_t i = 0; i < item->len; i++)
		if (item->s[i] == '#') {
			item->len = i;
			/* the comment goes on to the end of its line */
			while (text->len && text->s[-1] != '\n')
				piece_drop(text, 1);
		}
	*item = piece_trimmed(*item);
	return true;
}

int ranges_from_text(const char *text, struct ranges *out,
		     struct slotscope_error *err)
{
	static const char *const none[] = { "nothing", "none", NULL };
	struct piece rest = { text, strlen(text) }, item;
	struct range range = { .deed = RANGE_IS };

	out->nr = 0;
	while (cut_item(&rest, &item)) {
		if (!item.len || is_word(item, none))
			continue;
		if (!read_item(item, range.deed, &range)) {
			error_set(err, EINVAL, "read \"%.*s\"",
				  item.len > 60 ? 60 : (int)item.len, item.s);
			error_why(err, "it is no range and what is there");
			return error_next(err,
					  "write FIRST-LAST NAME+OFFSET, as in "
					  "0-9ffff ram+0; several with commas");
		}
		if (ranges_add(out, &range)) {
			error_set(err, E2BIG, "read the answer");
			return error_why(err, "it has more than %d ranges",
					 RANGES_MAX);
		}
	}
	return 0;
}

/*
 * Comparing
 */

static bool continues(const struct range *a, const struct range *b)
{
	return a->deed == b->deed && a->last + 1 == b->first &&
	       !strcasecmp(a->name, b->name) &&
	       a->offset + (b->first - a->first) == b->offset;
}

/* Of a deletion the region may be left out */
static bool names_it(const struct range *given, const struct range *wanted)
{
	return !strcasecmp(given->name, wanted->name) ||
	       (!given->name[0] && given->deed == RANGE_DELETED);
}

static enum ranges_differ compare(const struct range *given,
				  const struct range *next,
				  const struct range *wanted)
{
	if (!names_it(given, wanted))
		return RANGES_WHAT;
	if (given->name[0] && given->offset != wanted->offset)
		return RANGES_OFFSET;
	if (given->last == wanted->last)
		return RANGES_SAME;
	if (next && given->last < wanted->last && continues(given, next))
		return RANGES_CUT;
	return RANGES_ENDS;
}

bool ranges_compare(const struct ranges *given, const struct ranges *wanted,
		    struct ranges_difference *out)
{
	*out = (struct ranges_difference){ .differ = RANGES_SAME };
	if (!given->nr && wanted->nr) {
		out->differ = RANGES_EMPTY;
		out->wanted = &wanted->items[0];
	}
	for (size_t i = 0;
	     out->differ == RANGES_SAME && (i < given->nr || i < wanted->nr);
	     i++) {
		const struct range *g = i < given->nr ? &given->items[i] : NULL;
		const struct range *w = i < wanted->nr ? &wanted->items[i] :
							 NULL;

		if (g && w && (g->deed != w->deed || g->first != w->first)) {
			/* the one that comes first stands alone */
			if (by_place(g, w) < 0)
				w = NULL;
			else
				g = NULL;
		}
		out->given = g;
		out->wanted = w;
		if (!g || !w)
			out->differ = g ? RANGES_EXTRA : RANGES_MISSING;
		else
			out->differ =
				compare(g, i + 1 < given->nr ? g + 1 : NULL, w);
	}
	if (out->given || out->wanted) {
		const struct range *there = out->given ? out->given :
							 out->wanted;

		out->deed = there->deed;
		out->at = there->first;
	}
	return out->differ == RANGES_SAME;
}

/*
 * Words
 */

static const char *const deeds[] = {
	[RANGE_IS] = "",
	[RANGE_DELETED] = "del ",
	[RANGE_ADDED] = "add ",
};

const char *range_text(char buf[RANGE_TEXT_MAX], const struct range *range)
{
	snprintf(buf, RANGE_TEXT_MAX, "%s%" PRIx64 "-%" PRIx64 "%s%s",
		 deeds[range->deed], range->first, range->last,
		 range->name[0] ? " " : "", range->name);
	if (range->name[0] && range->offset)
		snprintf(buf + strlen(buf), RANGE_TEXT_MAX - strlen(buf),
			 "+%" PRIx64, range->offset);
	return buf;
}

static const char *list_of(enum range_deed deed)
{
	switch (deed) {
	case RANGE_DELETED:
		return "among what is deleted, ";
	case RANGE_ADDED:
		return "among what is added, ";
	default:
		return "";
	}
}

static void say(char *buf, const struct ranges_difference *d)
{
	char given[RANGE_TEXT_MAX] = "";
	const char *list = list_of(d->deed);
	uint64_t end = d->given ? d->given->last : 0;

	if (d->given)
		range_text(given, d->given);
	switch (d->differ) {
	case RANGES_SAME:
		snprintf(buf, RANGES_SAY_MAX, "nothing differs");
		break;
	case RANGES_EMPTY:
		snprintf(buf, RANGES_SAY_MAX,
			 "nothing was said, and there is something");
		break;
	case RANGES_MISSING:
		snprintf(buf, RANGES_SAY_MAX,
			 "%sno range is said to begin at %#" PRIx64
			 ", and one does",
			 list, d->at);
		break;
	case RANGES_EXTRA:
		snprintf(buf, RANGES_SAY_MAX,
			 "%syou say %s, and no range begins at %#" PRIx64, list,
			 given, d->at);
		break;
	case RANGES_WHAT:
		snprintf(buf, RANGES_SAY_MAX,
			 "%syou say %s: something else is at %#" PRIx64, list,
			 given, d->at);
		break;
	case RANGES_OFFSET:
		snprintf(
			buf, RANGES_SAY_MAX,
			"%syou say %s: it is %s, but another part of it begins "
			"there",
			list, given, d->given->name);
		break;
	case RANGES_CUT:
		snprintf(
			buf, RANGES_SAY_MAX,
			"%syou say %s: what you have behind it continues it, in "
			"address and in offset, so they are one range",
			list, given);
		break;
	case RANGES_ENDS:
		snprintf(buf, RANGES_SAY_MAX,
			 "%syou say %s: it does not end there%s", list, given,
			 end == d->wanted->last + 1 ?
				 " (the last address still belongs to it)" :
				 "");
		break;
	}
}

const char *ranges_difference_say(char buf[RANGES_SAY_MAX],
				  const struct ranges_difference *d, bool whole)
{
	char wanted[RANGE_TEXT_MAX];
	size_t len;

	say(buf, d);
	len = strlen(buf);
	if (whole && d->wanted)
		snprintf(buf + len, RANGES_SAY_MAX - len, "; right is %s",
			 range_text(wanted, d->wanted));
	return buf;
}
