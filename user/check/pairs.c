// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of pairs. A party more that is to be compared is a row here. */
#include <stdlib.h>
#include <string.h>

#include "check/pairs.h"

/* Both have slots, and mean the same by them */
#define SLOTS_DIFFER                                                              \
	{                                                                         \
		[DIFFERS_LACK] = FINDING_MISSING,                                 \
		[DIFFERS_SURPLUS] = FINDING_EXTRA,                                \
		[DIFFERS_PART] = FINDING_EXTENT,                                  \
		[DIFFERS_PLACE] = FINDING_MOVED, [DIFFERS_SPACE] = FINDING_AS_ID, \
		[DIFFERS_MEMORY] = FINDING_WRONG_HVA,                             \
		[DIFFERS_FLAGS] = FINDING_FLAGS,                                  \
		[DIFFERS_NUMBER] = FINDING_SLOT_ID,                               \
	}

/* A slot, and what lies under it */
#define GROUND_DIFFERS                                    \
	{                                                 \
		[DIFFERS_LACK] = FINDING_UNBACKED,        \
		[DIFFERS_FLAGS] = FINDING_PERMS,          \
		[DIFFERS_MEMORY] = FINDING_WRONG_BACKING, \
	}

static const struct pair_rule rules[] = {
	{ PARTY_MODEL, PARTY_KERNEL, NOBODY, check_slots, SLOTS_DIFFER },
	{ PARTY_MODEL, PARTY_TRACED, PARTY_KERNEL, check_slots, SLOTS_DIFFER },
	{ PARTY_TRACED, PARTY_KERNEL, NOBODY, check_slots, SLOTS_DIFFER },
	{ PARTY_KERNEL, PARTY_BACKING, NOBODY, check_ground, GROUND_DIFFERS },
	{ PARTY_TRACED, PARTY_BACKING, PARTY_KERNEL, check_ground,
	  GROUND_DIFFERS },
};

static bool is_usable(const struct comparison *c, size_t view, int party)
{
	return c->input->views[view].party == (enum party_id)party &&
	       c->views[view].usable;
}

static bool any_usable(const struct comparison *c, int party)
{
	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (is_usable(c, view, party))
			return true;
	}
	return false;
}

static struct compared_pair *add_pair(struct comparison *c,
				      const struct pair_rule *rule,
				      size_t expected, size_t actual)
{
	struct compared_pair *pair;

	pair = reallocarray(c->pairs, c->nr_pairs + 1, sizeof(*pair));
	if (!pair) {
		c->nomem = true;
		return NULL;
	}
	c->pairs = pair;
	pair += c->nr_pairs++;
	memset(pair, 0, sizeof(*pair));
	pair->rule = rule;
	pair->expected = expected;
	pair->actual = actual;
	return pair;
}

/* What the earlier pairs found of the same is not told again */
static void compare(struct comparison *c, struct compared_pair *pair,
		    size_t begin)
{
	check_moment(c, pair);
	if (same_begin(c, begin))
		c->nomem = true;
	else
		pair->rule->compare(c, pair);
	same_end(c);
	spans_join(&pair->agree);
}

void check_pairs(struct comparison *c)
{
	const size_t nr = c->input->nr_views;
	size_t begin = c->findings.nr;
	const struct pair_rule *rule;
	struct compared_pair *pair;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		rule = &rules[i];
		if (any_usable(c, rule->instead_of))
			continue;
		for (size_t e = 0; e < nr; e++) {
			for (size_t a = 0; a < nr && !c->nomem; a++) {
				if (!is_usable(c, e, rule->expected) ||
				    !is_usable(c, a, rule->actual))
					continue;
				pair = add_pair(c, rule, e, a);
				if (pair)
					compare(c, pair, begin);
			}
		}
	}
}
