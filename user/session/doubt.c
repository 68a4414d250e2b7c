// SPDX-License-Identifier: GPL-2.0-or-later
#include "session/doubt.h"

static uint64_t places_of(const struct comparison *comparison,
			  enum party_id party)
{
	uint64_t places = 0;

	for (size_t i = 0; i < comparison->input->nr_views; i++)
		if (comparison->input->views[i].party == party)
			places |= 1ULL << i;
	return places;
}

/* Return: 1 if it was not blind already, 0, or -ENOMEM */
static int take_back(struct slot_state *state, uint16_t as_id, gpa_t gpa,
		     uint64_t size, const char *why)
{
	size_t before = state->coverage.nr_blind;
	int ret;

	if (coverage_is_blind(&state->coverage, as_id, gpa) &&
	    coverage_is_blind(&state->coverage, as_id, gpa + (size - 1)))
		return 0;
	ret = coverage_add_blind(&state->coverage, as_id, gpa, size, why);
	return ret ? ret : state->coverage.nr_blind != before;
}

int doubt_contradictions(const struct comparison *comparison,
			 struct slot_state *state, const char *why, bool *any)
{
	const uint64_t places = places_of(comparison, state->party);
	const struct findings *findings = &comparison->findings;
	int ret;

	*any = false;
	for (size_t i = 0; i < findings->nr; i++) {
		const struct finding *finding = &findings->items[i];

		if (finding_id_kind(finding->id) != FINDING_MISMATCH ||
		    !(finding->views & places) || !finding->size)
			continue;
		ret = take_back(state, finding->as_id, finding->gpa,
				finding->size, why);
		if (ret < 0)
			return ret;
		*any |= ret;
		if (!finding->elsewhere)
			continue;
		ret = take_back(state, finding->other_as_id, finding->other_gpa,
				finding->size, why);
		if (ret < 0)
			return ret;
		*any |= ret;
	}
	return 0;
}
