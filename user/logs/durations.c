// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "logs/durations.h"

/* Classes in each doubling. What is below has a class for each value */
#define PARTS_BITS 8
#define PARTS	   (1U << PARTS_BITS)

struct durations_class {
	uint32_t number;
	uint64_t count;
};

static uint32_t class_of(uint64_t ns)
{
	uint32_t shift;

	if (ns < PARTS)
		return ns;
	shift = 63 - __builtin_clzll(ns) - PARTS_BITS;
	return PARTS * shift + (uint32_t)(ns >> shift);
}

static uint64_t middle_of(uint32_t number)
{
	uint32_t shift;

	if (number < 2 * PARTS)
		return number;
	shift = number / PARTS - 1;
	return ((uint64_t)(number - PARTS * shift) << shift) +
	       (1ULL << (shift - 1));
}

void durations_deinit(struct durations *durations)
{
	free(durations->classes);
	*durations = (struct durations){ 0 };
}

static int count_class(struct durations *d, uint32_t number, uint64_t count)
{
	struct durations_class *classes;
	size_t low = 0, high = d->nr_classes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->classes[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < d->nr_classes && d->classes[low].number == number) {
		d->classes[low].count += count;
		return 0;
	}
	classes = grown(d->classes, d->nr_classes, &d->cap, sizeof(*classes));
	if (!classes)
		return -ENOMEM;
	d->classes = classes;
	memmove(&classes[low + 1], &classes[low],
		(d->nr_classes++ - low) * sizeof(*classes));
	classes[low] = (struct durations_class){ number, count };
	return 0;
}

static void widen(struct durations *d, uint64_t nr, uint64_t min, uint64_t max,
		  uint64_t sum)
{
	d->min = d->nr && d->min < min ? d->min : min;
	d->max = d->max > max ? d->max : max;
	d->nr += nr;
	if (__builtin_add_overflow(d->sum, sum, &d->sum))
		d->sum = UINT64_MAX;
}

int durations_add(struct durations *durations, uint64_t ns)
{
	int ret = count_class(durations, class_of(ns), 1);

	if (!ret)
		widen(durations, 1, ns, ns, ns);
	return ret;
}

int durations_merge(struct durations *into, const struct durations *from)
{
	int ret = 0;

	for (size_t i = 0; i < from->nr_classes && !ret; i++)
		ret = count_class(into, from->classes[i].number,
				  from->classes[i].count);
	if (!ret && from->nr)
		widen(into, from->nr, from->min, from->max, from->sum);
	return ret;
}

uint64_t durations_median(const struct durations *durations)
{
	uint64_t before = 0, half = durations->nr - durations->nr / 2;
	uint64_t median = 0;

	for (size_t i = 0; i < durations->nr_classes && before < half; i++) {
		before += durations->classes[i].count;
		median = middle_of(durations->classes[i].number);
	}
	if (median < durations->min)
		return durations->min;
	return median > durations->max ? durations->max : median;
}
