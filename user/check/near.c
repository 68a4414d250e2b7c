// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/near.h"

static void add(struct near *near, size_t *nr, const struct finding *finding,
		uint16_t as_id, gpa_t gpa, uint64_t seq)
{
	near->ranges[(*nr)++] = (struct latest_range){
		.as_id = as_id,
		.gpa = gpa,
		.last = gpa + (finding->size - 1),
		.seq = seq,
	};
}

/* The first in the list counts as the latest; each is in two places at the most */
int near_init(struct near *near, const struct comparison *c, uint32_t kinds)
{
	const struct finding *finding;
	size_t nr = 0;

	memset(near, 0, sizeof(*near));
	near->comparison = c;
	near->nr = c->findings.nr;
	near->ranges = calloc(2 * near->nr + 1, sizeof(*near->ranges));
	if (!near->ranges)
		return -ENOMEM;
	for (size_t i = near->nr; i--;) {
		finding = &c->findings.items[i];
		if (!finding->size ||
		    !(kinds & 1U << finding_id_kind(finding->id)))
			continue;
		if (finding->elsewhere)
			add(near, &nr, finding, finding->other_as_id,
			    finding->other_gpa, 2 * (near->nr - i));
		add(near, &nr, finding, finding->as_id, finding->gpa,
		    2 * (near->nr - i) + 1);
	}
	return latest_init(&near->latest, near->ranges, nr);
}

void near_deinit(struct near *near)
{
	latest_deinit(&near->latest);
	free(near->ranges);
	memset(near, 0, sizeof(*near));
}

size_t near_find(const struct near *near, uint16_t as_id, gpa_t gpa, gpa_t last,
		 bool *overlaps)
{
	uint64_t after = 0;
	uint64_t seq;

	seq = latest_seq(&near->latest, as_id, gpa, last);
	*overlaps = seq;
	if (!seq && gpa)
		seq = latest_seq(&near->latest, as_id, gpa - 1, gpa - 1);
	if (!*overlaps && last != UINT64_MAX)
		after = latest_seq(&near->latest, as_id, last + 1, last + 1);
	if (after > seq)
		seq = after;
	return seq ? near->nr - seq / 2 : FINDING_NO_CAUSE;
}

size_t near_cause(const struct near *near, size_t finding)
{
	const struct finding *items = near->comparison->findings.items;

	return finding == FINDING_NO_CAUSE ||
			       items[finding].cause == FINDING_NO_CAUSE ?
		       finding :
		       items[finding].cause;
}
