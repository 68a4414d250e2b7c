/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that a seed decides: the same problem for whoever gives the same seed. */
#ifndef LEARN_RANDOM_H
#define LEARN_RANDOM_H

#include <stdint.h>

struct learn_random {
	uint64_t state;
};

/** learn_random_next() - 64 bits (splitmix64) */
static inline uint64_t learn_random_next(struct learn_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/** learn_random_below() - 0 to @n - 1; @n is not 0 */
static inline uint64_t learn_random_below(struct learn_random *random,
					  uint64_t n)
{
	return learn_random_next(random) % n;
}

/** learn_random_one_in() - true in one of @n cases */
static inline int learn_random_one_in(struct learn_random *random, uint64_t n)
{
	return !learn_random_below(random, n);
}

#endif
