/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of guest memory as an answer has them: what a learner wrote, what the model
 * says, and the first place where they differ. Pure.
 */
#ifndef LEARN_RANGES_H
#define LEARN_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>

#define RANGE_NAME_MAX 24
#define RANGES_MAX     64

/* What is done with a range; in a list that asks for none: RANGE_IS */
enum range_deed { RANGE_IS, RANGE_DELETED, RANGE_ADDED };

/**
 * struct range - guest addresses, and what is there
 * @first:  address of the first byte
 * @last:   of the last
 * @name:   the region whose memory or registers it is
 * @offset: of the first byte in that region
 */
struct range {
	enum range_deed deed;
	uint64_t first;
	uint64_t last;
	char name[RANGE_NAME_MAX];
	uint64_t offset;
};

/** struct ranges - @nr of them: what goes before what comes, each by address */
struct ranges {
	struct range items[RANGES_MAX];
	size_t nr;
};

/** ranges_add() - put one in its place; -E2BIG if there is no room */
int ranges_add(struct ranges *ranges, const struct range *range);

/** ranges_have_deeds() - do all stand for a request, or none? */
bool ranges_have_deeds(const struct ranges *ranges);

/**
 * ranges_from_text() - read what somebody wrote
 * @text: items, apart by commas, semicolons or newlines: FIRST-LAST NAME[+OFFSET],
 *	  or FIRST+SIZE in place of FIRST-LAST; before it del, delete, "-", add,
 *	  create or "+" where requests are listed, which holds on until another.
 *	  Numbers are hexadecimal, with 0x
 *	  or without; those with K, M, G or T behind them are decimal. What follows
 *	  a "#" is passed over; "nothing" or "none" is an empty list
 * @out:  in order, whatever the order in @text
 *
 * Return: 0, or -EINVAL with the item in @err, or -E2BIG.
 */
int ranges_from_text(const char *text, struct ranges *out,
		     struct slotscope_error *err);

/* Where two lists differ first, and how */
enum ranges_differ {
	RANGES_SAME,
	RANGES_EMPTY,	/* nothing was given */
	RANGES_MISSING, /* @wanted has something there, @given has not */
	RANGES_EXTRA,	/* the reverse */
	RANGES_WHAT,	/* another region is there */
	RANGES_OFFSET,	/* another part of it */
	RANGES_ENDS,	/* it ends elsewhere */
	RANGES_CUT,	/* given in parts that continue each other: one range */
};

/**
 * struct ranges_difference - the first one
 * @deed:   in what goes (RANGE_DELETED), in what comes, or in a plain list
 * @at:     guest address
 * @given:  what was said of it; NULL: nothing
 * @wanted: what is right; NULL: nothing is there. Both borrowed from the lists
 */
struct ranges_difference {
	enum ranges_differ differ;
	enum range_deed deed;
	uint64_t at;
	const struct range *given;
	const struct range *wanted;
};

/** ranges_compare() - true if they are the same; @out says where they differ */
bool ranges_compare(const struct ranges *given, const struct ranges *wanted,
		    struct ranges_difference *out);

#define RANGE_TEXT_MAX 96

/** range_text() - "del 0-9ffff ram+0"; as it would be answered */
const char *range_text(char buf[RANGE_TEXT_MAX], const struct range *range);

#define RANGES_SAY_MAX 320

/**
 * ranges_difference_say() - what is wrong, in a sentence
 * @whole: also what would be right
 */
const char *ranges_difference_say(char buf[RANGES_SAY_MAX],
				  const struct ranges_difference *difference,
				  bool whole);

#endif
