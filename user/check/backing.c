// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lies under the slots: KVM takes any host address, mapped or not, and
 * the guest finds out at its first access. Only what slots need counts; a VMM
 * maps much else, guard pages among it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "check/pairs.h"
#include "check/say.h"

struct ground {
	struct comparison *comparison;
	struct compared_pair *pair;
	const struct slot_state *state;
	const struct slot *slot;
	struct span_cursor moving;
};

static struct finding finding_of(const struct ground *ground, hva_t hva,
				 hva_t last, enum difference difference)
{
	const struct slot *slot = ground->slot;
	struct finding finding = {
		.id = ground->pair->rule->called[difference],
		.as_id = slot->as_id,
		.gpa = slot->gpa + (hva - slot->hva),
		.size = last - hva + 1,
		.slot_id = slot->id,
		.hva = hva,
		.seq = slot->seq,
		.views = 1ULL << ground->pair->expected |
			 1ULL << ground->pair->actual,
		.cause = FINDING_NO_CAUSE,
	};

	return finding;
}

static void say_hole(const struct ground *ground, hva_t hva, hva_t last)
{
	struct finding finding = finding_of(ground, hva, last, DIFFERS_LACK);

	comparison_add(ground->comparison, &finding,
		       "%s at %s: host memory 0x%" PRIx64 "-0x%" PRIx64
		       " is not mapped",
		       SAY_WHAT(ground->slot),
		       SAY_RANGE(finding.gpa, finding.size), hva, last);
}

/* NULL if the mapping gives all that the slot needs */
static const char *lacking(const struct ground *ground,
			   const struct host_range *range)
{
	const uint32_t fields = ground->state->coverage.fields &
				~ground->slot->unknown;

	if (!range->read)
		return "cannot be read";
	if (!range->write && fields & SLOT_FIELD_READONLY &&
	    !(ground->slot->flags & SLOT_READONLY))
		return "cannot be written, and the slot is not read-only";
	return NULL;
}

static void say_rights(const struct ground *ground, hva_t hva, hva_t last,
		       const struct host_range *range, const char *why)
{
	struct finding finding = finding_of(ground, hva, last, DIFFERS_FLAGS);

	comparison_add(ground->comparison, &finding,
		       "%s at %s: host memory 0x%" PRIx64 "-0x%" PRIx64
		       " (%.100s) %s",
		       SAY_WHAT(ground->slot),
		       SAY_RANGE(finding.gpa, finding.size), hva, last,
		       range_name_of(range), why);
}

/* Return: false if a part of the slot lies where the map was cut off */
static bool check_slot(const struct ground *ground, const struct host_map *map)
{
	const struct host_range *end = map->ranges + map->nr;
	const struct slot *slot = ground->slot;
	hva_t last = slot->hva + (slot->size - 1);
	const struct host_range *range;
	const char *why;
	hva_t from, to;

	if (last < slot->hva)
		last = UINT64_MAX;
	range = &map->ranges[host_map_from(map, slot->hva)];
	for (from = slot->hva;; range++) {
		if (range == end || range->start > last) {
			if (map->truncated && range == end)
				return false;
			say_hole(ground, from, last);
			return true;
		}
		if (range->start > from)
			say_hole(ground, from, range->start - 1);
		from = range->start > from ? range->start : from;
		to = range->end - 1 < last ? range->end - 1 : last;
		why = lacking(ground, range);
		/* neighbours of one kind and name are one thing to people */
		while (why && to < last && range + 1 < end &&
		       range[1].start == range->end &&
		       lacking(ground, range + 1) == why) {
			range++;
			to = range->end - 1 < last ? range->end - 1 : last;
		}
		if (why)
			say_rights(ground, from, to, range, why);
		if (to == last)
			return true;
		from = to + 1;
	}
}

static bool may_lie_on_nothing(const struct ground *ground)
{
	const struct slot *slot = ground->slot;
	const uint32_t fields = ground->state->coverage.fields & ~slot->unknown;
	const uint32_t needed = SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
				SLOT_FIELD_HVA;

	/* private memory comes from the guest_memfd, not from this address */
	return (fields & needed) != needed || slot->flags & SLOT_INVALID ||
	       slot->flags & SLOT_GUEST_MEMFD;
}

/* Slots that changed while the views were read are another's word by now */
static bool is_moving(struct ground *ground)
{
	const struct slot *slot = ground->slot;
	gpa_t until = UINT64_MAX;

	return span_cursor_at(&ground->moving, slot->as_id, slot->gpa,
			      &until) ||
	       until < slot_last(slot);
}

void check_ground(struct comparison *c, struct compared_pair *pair)
{
	const struct host_map *map = c->input->views[pair->actual].map;
	struct ground ground = { .comparison = c,
				 .pair = pair,
				 .state = comparison_state(c, pair->expected),
				 .moving.spans = &pair->moving };
	const struct finding finding = { .id = FINDING_UNREAD,
					 .slot_id = -1,
					 .views = 1ULL << pair->actual,
					 .cause = FINDING_NO_CAUSE };
	const struct slot *slot;
	size_t beyond = 0;

	for (size_t i = 0; i < ground.state->nr_slots; i++) {
		slot = &ground.state->slots[i];
		ground.slot = slot;
		if (may_lie_on_nothing(&ground) || is_moving(&ground))
			continue;
		if (check_slot(&ground, map))
			comparison_agree(c, pair, slot->as_id, slot->gpa,
					 slot_last(slot));
		else
			beyond++;
	}
	if (beyond)
		comparison_add(c, &finding,
			       "%s is cut off: it says nothing of the host "
			       "memory of %zu slots, or of parts of them",
			       comparison_party(c, pair->actual)->name, beyond);
}
