// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "check/comparison.h"
#include "check/say.h"

const struct party *comparison_party(const struct comparison *c, size_t view)
{
	return party_of(c->input->views[view].party);
}

const struct slot_state *comparison_state(const struct comparison *c,
					  size_t view)
{
	return c->input->views[view].slots;
}

bool comparison_covers(const struct comparison *c, size_t view, uint16_t as_id)
{
	return c->views[view].usable &&
	       state_covers(comparison_state(c, view), as_id);
}

bool comparison_is_restless(const struct comparison *c, uint16_t as_id)
{
	for (size_t i = 0; i < c->input->nr_restless; i++) {
		if (c->input->restless[i].as_id == as_id)
			return true;
	}
	return false;
}

uint64_t comparison_views_with(const struct comparison *c,
			       enum party_trait trait)
{
	uint64_t views = 0;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (comparison_party(c, view)->traits & trait)
			views |= 1ULL << view;
	}
	return views;
}

const struct slot_state *comparison_holder(const struct comparison *c,
					   size_t *view)
{
	const struct slot_state *second = NULL;
	uint32_t traits;

	for (size_t i = 0; i < c->input->nr_views; i++) {
		traits = comparison_party(c, i)->traits;
		if (!(traits & PARTY_HOLDS) || !c->views[i].usable)
			continue;
		if (!(traits & PARTY_FOLLOWS)) {
			*view = i;
			return comparison_state(c, i);
		}
		if (!second) {
			*view = i;
			second = comparison_state(c, i);
		}
	}
	return second;
}

const struct slot_state *comparison_model(const struct comparison *c,
					  size_t *view)
{
	for (size_t i = 0; i < c->input->nr_views; i++) {
		if (comparison_party(c, i)->traits & PARTY_MEANS &&
		    c->views[i].usable) {
			*view = i;
			return comparison_state(c, i);
		}
	}
	return NULL;
}

const struct host_map *comparison_ground(const struct comparison *c)
{
	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (c->input->views[view].map)
			return c->input->views[view].map;
	}
	return NULL;
}

static bool touches(const struct spans *spans, const struct slot *slot)
{
	const struct span *span = spans_from(spans, slot->as_id, slot->gpa);

	return span && span->as_id == slot->as_id &&
	       span->gpa <= slot_last(slot);
}

bool comparison_is_at_rest(const struct comparison *c, size_t view,
			   const struct slot *slot)
{
	const uint32_t needed = SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
				SLOT_FIELD_HVA;
	const struct slot_state *state = comparison_state(c, view);

	if (c->input->unsettled || touches(&c->restless, slot) ||
	    touches(&c->views[view].blind, slot))
		return false;
	if (slot->flags & (SLOT_INVALID | SLOT_GUEST_MEMFD) ||
	    needed & ~(state->coverage.fields & ~slot->unknown) ||
	    slot->hva + (slot->size - 1) < slot->hva)
		return false;
	return slot->as_id >= state->nr_as || !state->as[slot->as_id].torn;
}

void comparison_agree(struct comparison *c, struct compared_pair *pair,
		      uint16_t as_id, gpa_t gpa, gpa_t last)
{
	const struct span span = { as_id, gpa, last, NULL };
	struct spans *agree = &pair->agree;
	struct span *prev = agree->nr ? &agree->items[agree->nr - 1] : NULL;

	pair->compared = true;
	if (prev && prev->as_id == as_id && gpa && prev->last == gpa - 1)
		prev->last = last;
	else if (spans_add(agree, &span))
		c->nomem = true;
}

char *comparison_says(const struct comparison *c, const struct finding *finding,
		      size_t view)
{
	const struct view *v = &c->input->views[view];

	if (!finding->size)
		return NULL;
	if (v->map)
		return finding->hva ? say_backing(v->map, finding->hva,
						  finding->size) :
				      NULL;
	return c->views[view].usable ? say_view(v->slots, finding->as_id,
						finding->gpa, finding->size) :
				       NULL;
}

size_t comparison_add(struct comparison *c, const struct finding *proto,
		      const char *fmt, ...)
{
	struct findings *found = &c->findings;
	struct finding *items;
	struct finding *finding;
	va_list ap;
	size_t same;
	int len;

	if (c->nomem)
		return FINDING_NO_CAUSE;
	same = same_find(c, proto);
	if (same != FINDING_NO_CAUSE) {
		finding = &found->items[same];
		finding->views |= proto->views;
		if (!finding->seq)
			finding->seq = proto->seq;
		return same;
	}
	items = grown(found->items, found->nr, &found->cap, sizeof(*items));
	if (!items) {
		c->nomem = true;
		return FINDING_NO_CAUSE;
	}
	found->items = items;
	finding = &items[found->nr];
	*finding = *proto;
	va_start(ap, fmt);
	len = vasprintf(&finding->sentence, fmt, ap);
	va_end(ap);
	if (len < 0) {
		c->nomem = true;
		return FINDING_NO_CAUSE;
	}
	return found->nr++;
}
