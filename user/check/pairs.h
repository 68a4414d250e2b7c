/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which views are compared, and what it is called where they differ */
#ifndef CHECK_PAIRS_H
#define CHECK_PAIRS_H

#include "check/comparison.h"

/* How the second view of a pair can differ from the first */
enum difference {
	DIFFERS_LACK,	 /* has nothing where the first has something */
	DIFFERS_SURPLUS, /* has something where the first has nothing */
	DIFFERS_PART,	 /* either, for a part of what the other has */
	DIFFERS_PLACE,	 /* has the same memory at another address */
	DIFFERS_SPACE,	 /* ... in another address space */
	DIFFERS_MEMORY,	 /* has other memory there */
	DIFFERS_FLAGS,	 /* ... with other rights or flags */
	DIFFERS_NUMBER,	 /* ... under another number */
	DIFFERENCES,
};

/**
 * struct pair_rule - two parties that must agree
 * @expected: whose view the other is measured by
 * @compare:  walks the two, adds findings, and tells what it compared
 * @called:   what each difference is to people
 * @instead_of: a party that @expected or @actual stands in for: where that one's
 *	      view can be compared, this pair is not. NOBODY: always compared
 */
struct pair_rule {
	enum party_id expected;
	enum party_id actual;
	int instead_of;
	void (*compare)(struct comparison *comparison,
			struct compared_pair *pair);
	enum finding_id called[DIFFERENCES];
};

#define NOBODY (-1)

#endif
