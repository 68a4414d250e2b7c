// SPDX-License-Identifier: GPL-2.0-or-later
/* The ranges for which a view cannot speak: sorted, and always disjoint */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/view.h>

static gpa_t last_of(const struct blind_range *range)
{
	return range->gpa + (range->size - 1);
}

/* Index of the first range that ends at or after @gpa */
static size_t first_from(const struct coverage *coverage, uint16_t as_id,
			 gpa_t gpa)
{
	const struct blind_range *range;
	size_t low = 0;
	size_t high = coverage->nr_blind;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		range = &coverage->blind[mid];
		if (range->as_id < as_id ||
		    (range->as_id == as_id && last_of(range) < gpa))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int insert(struct coverage *coverage, size_t at, uint16_t as_id,
		  gpa_t gpa, gpa_t last, const char *why)
{
	struct blind_range *blind;
	char *copy = strdup(why);

	if (!copy)
		return -ENOMEM;
	blind = reallocarray(coverage->blind, coverage->nr_blind + 1,
			     sizeof(*blind));
	if (!blind) {
		free(copy);
		return -ENOMEM;
	}
	coverage->blind = blind;
	memmove(blind + at + 1, blind + at,
		(coverage->nr_blind - at) * sizeof(*blind));
	blind[at] = (struct blind_range){ as_id, gpa, last - gpa + 1, copy };
	coverage->nr_blind++;
	return 0;
}

int coverage_add_blind(struct coverage *coverage, uint16_t as_id, gpa_t gpa,
		       uint64_t size, const char *why)
{
	gpa_t last = gpa + (size - 1);
	struct blind_range range;
	size_t at;
	int ret;

	if (!size || last < gpa)
		return -EINVAL;
	/* what is blind already keeps its reason: fill in between */
	for (at = first_from(coverage, as_id, gpa); at < coverage->nr_blind;
	     at++) {
		range = coverage->blind[at];
		if (range.as_id != as_id || range.gpa > last)
			break;
		if (gpa < range.gpa) {
			ret = insert(coverage, at++, as_id, gpa, range.gpa - 1,
				     why);
			if (ret)
				return ret;
		}
		if (last_of(&range) >= last)
			return 0;
		gpa = last_of(&range) + 1;
	}
	return insert(coverage, at, as_id, gpa, last, why);
}

bool coverage_is_blind(const struct coverage *coverage, uint16_t as_id,
		       gpa_t gpa)
{
	size_t at = first_from(coverage, as_id, gpa);

	return at < coverage->nr_blind && coverage->blind[at].as_id == as_id &&
	       coverage->blind[at].gpa <= gpa;
}

int coverage_remove_blind(struct coverage *coverage, uint16_t as_id, gpa_t gpa,
			  uint64_t size)
{
	gpa_t last = gpa + (size - 1);
	struct blind_range *range;
	gpa_t range_last;
	size_t at;
	int ret;

	if (!size || last < gpa)
		return -EINVAL;
	at = first_from(coverage, as_id, gpa);
	while (at < coverage->nr_blind) {
		range = &coverage->blind[at];
		if (range->as_id != as_id || range->gpa > last)
			break;
		range_last = last_of(range);
		if (range_last > last) {
			/* the part above stays; and the one below, if any */
			if (range->gpa < gpa) {
				ret = insert(coverage, at, as_id, range->gpa,
					     gpa - 1, range->why);
				if (ret)
					return ret;
				range = &coverage->blind[at + 1];
			}
			range->gpa = last + 1;
			range->size = range_last - last;
			break;
		}
		if (range->gpa < gpa) {
			range->size = gpa - range->gpa;
			at++;
			continue;
		}
		free(range->why);
		coverage->nr_blind--;
		memmove(range, range + 1,
			(coverage->nr_blind - at) * sizeof(*range));
	}
	return 0;
}
