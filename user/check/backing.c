// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lies under the slots: KVM takes any host address, mapped or not, and
 * the guest finds out at its first access. Only what slots need counts; a VMM
 * maps much else, guard pages among it. That a slot needs all of what it covers,
 * and which memory it is to be, only a MODEL says: a sandbox that runs programs
 * by KVM has slots over address space of which it uses a part.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "base/size_text.h"
#include "check/ground.h"
#include "check/say.h"

struct finding ground_finding(const struct ground *ground, hva_t first,
			      hva_t last, enum finding_id id)
{
	const struct slot *slot = ground->slot;
	struct finding finding = {
		.id = id,
		.as_id = slot->as_id,
		.gpa = ground_gpa(ground, first),
		.size = last - first + 1,
		.slot_id = slot->id,
		.hva = first,
		.seq = slot->seq,
		.views = 1ULL << ground->pair->expected |
			 1ULL << ground->pair->actual,
		.cause = FINDING_NO_CAUSE,
	};

	return finding;
}

const char *footing_say(char buf[FOOTING_SAY_MAX],
			const struct footing *footing)
{
	const struct host_range *range = footing->range;
	char end[SAY_MAX];
	size_t len;

	snprintf(end, sizeof(end), "is beyond the end of the file, at %s",
		 range ? SIZE_IN_TEXT(range->reach) : "");
	static const char *const words[] = {
		[FOOTING_GOOD] = "is mapped",
		[FOOTING_NOTHING] = "is not mapped",
		[FOOTING_UNREADABLE] = "cannot be read",
		[FOOTING_UNWRITABLE] =
			"cannot be written, and the slot is not read-only",
		[FOOTING_UNKNOWN] = "is not known",
	};

	len = snprintf(buf, FOOTING_SAY_MAX, "0x%" PRIx64 "-0x%" PRIx64 " ",
		       footing->first, footing->last);
	if (range)
		len += snprintf(buf + len, FOOTING_SAY_MAX - len, "(%.100s) ",
				range_name_of(range));
	snprintf(buf + len, FOOTING_SAY_MAX - len, "%s",
		 footing->kind == FOOTING_BEYOND ? end : words[footing->kind]);
	return buf;
}

static void say_bad(const struct ground *ground, const struct footing *piece)
{
	const enum finding_id *called = ground->pair->rule->called;
	bool rights = piece->kind == FOOTING_UNREADABLE ||
		      piece->kind == FOOTING_UNWRITABLE;
	struct finding finding =
		ground_finding(ground, piece->first, piece->last,
			       called[rights ? DIFFERS_FLAGS : DIFFERS_LACK]);

	comparison_add(ground->comparison, &finding,
		       "%s at %s: host memory %s%s", SAY_WHAT(ground->slot),
		       SAY_RANGE(finding.gpa, finding.size), FOOTING_SAY(piece),
		       ground->none && ground->map->written ?
			       "; nothing of any slot is: is this the memory "
			       "map of another process, or of another time?" :
			       "");
}

static void agree(const struct ground *ground, const struct footing *piece)
{
	if (piece->sure)
		comparison_agree(ground->comparison, ground->pair,
				 ground->slot->as_id,
				 ground_gpa(ground, piece->first),
				 ground_gpa(ground, piece->last));
}

/* @piece may be touched; is it the memory that the MODEL's range is of? */
static void check_memory(const struct ground *ground,
			 const struct footing *piece, const struct slot *range)
{
	const struct slot_state *model =
		comparison_state(ground->comparison, ground->model);
	const uint32_t fields = model->coverage.fields & ~range->unknown;
	const gpa_t gpa = ground_gpa(ground, piece->first);
	const struct ram_block *block;
	char words[RAM_WRONG_MAX];
	struct finding finding;

	/* under the wrong host address all is wrong, which is told already */
	block = fields & SLOT_FIELD_HVA && range->hva + (gpa - range->gpa) ==
						   piece->first ?
			ram_blocks_of(&ground->blocks, range) :
			NULL;
	if (!block || !ram_block_wrong(block, piece->range, words)) {
		agree(ground, piece);
		return;
	}
	finding = ground_finding(ground, piece->first, piece->last,
				 ground->pair->rule->called[DIFFERS_MEMORY]);
	finding.views |= 1ULL << ground->model;
	comparison_add(ground->comparison, &finding,
		       "%s at %s: host memory 0x%" PRIx64 "-0x%" PRIx64 " %s",
		       SAY_WHAT(range), SAY_RANGE(finding.gpa, finding.size),
		       piece->first, piece->last, words);
}

/* What is meant to be at @gpa, up to @until; @range is the MODEL's */
static enum meaning meaning_at(struct ground *ground, gpa_t gpa, gpa_t *until,
			       const struct slot **range)
{
	const struct comparison *c = ground->comparison;
	const uint16_t as_id = ground->slot->as_id;
	const struct span *span;

	*range = NULL;
	if (!ground->has_model || !comparison_covers(c, ground->model, as_id))
		return MEANING_UNKNOWN;
	if (span_cursor_at(&ground->blind, as_id, gpa, until))
		return MEANING_UNKNOWN;
	span = span_cursor_at(&ground->means, as_id, gpa, until);
	if (span) {
		*range = span->slot;
		return MEANING_RAM;
	}
	return c->views[ground->model].absence ? MEANING_NO_RAM :
						 MEANING_UNKNOWN;
}

/*
 * Whether the MODEL calls it RAM or has nothing there, it is wrong: in the second
 * case by the slot, from which this then follows.
 */
static void check_part(struct ground *ground, const struct footing *piece,
		       enum meaning meaning, const struct slot *range)
{
	/* what KVM made for itself it needs */
	if (meaning == MEANING_UNKNOWN && !ground->slot->hidden &&
	    !ground->none) {
		ground_sparse_add(ground, piece);
		if (piece->kind == FOOTING_GOOD)
			agree(ground, piece);
	} else if (piece->kind != FOOTING_GOOD) {
		say_bad(ground, piece);
	} else if (range) {
		check_memory(ground, piece, range);
	} else {
		agree(ground, piece);
	}
}

/* A piece in parts, as the MODEL has one thing or another there */
static void check_piece(struct ground *ground, const struct footing *piece)
{
	struct footing part = *piece;
	const struct slot *range, *next;
	enum meaning meaning, more;
	gpa_t until;

	for (;;) {
		until = UINT64_MAX;
		meaning = meaning_at(ground, ground_gpa(ground, part.first),
				     &until, &range);
		for (;;) {
			part.last =
				ground->slot->hva + (until - ground->slot->gpa);
			if (until >= ground_gpa(ground, piece->last)) {
				part.last = piece->last;
				break;
			}
			until = UINT64_MAX;
			more = meaning_at(ground,
					  ground_gpa(ground, part.last + 1),
					  &until, &next);
			/* what cannot be touched is one, whatever its name */
			if (more != meaning ||
			    (piece->kind == FOOTING_GOOD && next != range))
				break;
		}
		check_part(ground, &part, meaning, range);
		if (part.last >= piece->last)
			return;
		part.first = part.last + 1;
	}
}

static struct footing_walk walk_of(const struct ground *ground)
{
	const struct slot *slot = ground->slot;
	struct footing_walk walk = {
		.map = ground->map,
		.writes = ground_knows(ground, SLOT_FIELD_READONLY) &&
			  !(slot->flags & SLOT_READONLY),
		.next = slot->hva,
		.last = slot->hva + (slot->size - 1),
	};

	if (walk.last < slot->hva)
		walk.last = UINT64_MAX;
	return walk;
}

static void check_slot(struct ground *ground)
{
	struct footing_walk walk = walk_of(ground);
	struct footing piece;
	bool unsure = false;
	bool cut = false;

	ground->pair->compared = true;
	while (footing_next(&walk, &piece)) {
		cut |= piece.kind == FOOTING_UNKNOWN;
		unsure |= piece.kind == FOOTING_GOOD && !piece.sure;
		if (piece.kind != FOOTING_UNKNOWN)
			check_piece(ground, &piece);
	}
	ground_sparse_say(ground);
	ground->cut += cut;
	ground->unsure += unsure;
}

static bool is_to_be_checked(struct ground *ground)
{
	const struct slot *slot = ground->slot;
	gpa_t until = UINT64_MAX;

	if (slot->flags & SLOT_INVALID ||
	    !ground_knows(ground,
			  SLOT_FIELD_GPA | SLOT_FIELD_SIZE | SLOT_FIELD_HVA))
		return false;
	/* Slots that changed meanwhile are another's word by now */
	if (span_cursor_at(&ground->moving, slot->as_id, slot->gpa, &until) ||
	    until < slot_last(slot))
		return false;
	/* What KVM's own indexes are at fault about is not to be trusted */
	return !span_cursor_at(&ground->left_out, slot->as_id, slot->gpa,
			       &until) &&
	       until >= slot_last(slot);
}

/* Is it certain that no byte of the slot can be touched? */
static bool cannot_be_touched(struct ground *ground)
{
	struct footing_walk walk = walk_of(ground);
	struct footing piece;

	if (ground->slot->flags & SLOT_GUEST_MEMFD || !is_to_be_checked(ground))
		return false;
	while (footing_next(&walk, &piece))
		if (piece.kind != FOOTING_NOTHING &&
		    piece.kind != FOOTING_BEYOND &&
		    piece.kind != FOOTING_UNREADABLE)
			return false;
	return true;
}

/*
 * KVM's own slots aside, which a guest has beside its memory. @ground is a copy: who goes
 * over the slots again begins with its cursors where they were
 */
static bool none_can_be_touched(struct ground ground)
{
	size_t nr = 0;

	for (size_t i = 0; i < ground.state->nr_slots; i++) {
		ground.slot = &ground.state->slots[i];
		if (ground.slot->hidden)
			continue;
		if (!cannot_be_touched(&ground))
			return false;
		nr++;
	}
	return nr;
}

static void find_model(struct ground *ground)
{
	struct comparison *c = ground->comparison;
	const struct slot_state *model = comparison_model(c, &ground->model);

	if (!model)
		return;
	ground->has_model = true;
	ground->means.spans = &c->views[ground->model].slots;
	ground->blind.spans = &c->views[ground->model].blind;
	if (ram_blocks_find(model, ground->map, &ground->blocks))
		c->nomem = true;
}

static void say_unknown(const struct ground *ground)
{
	const struct finding finding = { .id = FINDING_UNREAD,
					 .slot_id = -1,
					 .views = 1ULL << ground->pair->actual,
					 .cause = FINDING_NO_CAUSE };
	struct comparison *c = ground->comparison;
	const char *name = comparison_party(c, ground->pair->actual)->name;

	if (ground->cut)
		comparison_add(c, &finding,
			       "%s is cut off: it says nothing of the host "
			       "memory of %zu slot%s, or of part of that",
			       name, ground->cut, plural(ground->cut));
	if (ground->unsure)
		comparison_add(c, &finding,
			       "%s cannot tell how far the files under %zu "
			       "slot%s reach: %s",
			       name, ground->unsure, plural(ground->unsure),
			       ground->map->written ?
				       "the text of a memory map does not "
				       "tell" :
				       "to look at /proc/PID/map_files takes "
				       "CAP_SYS_ADMIN or "
				       "CAP_CHECKPOINT_RESTORE");
}

void check_ground(struct comparison *c, struct compared_pair *pair)
{
	struct ground ground = { .comparison = c,
				 .pair = pair,
				 .state = comparison_state(c, pair->expected),
				 .map = c->input->views[pair->actual].map,
				 .moving.spans = &pair->moving };

	ground.left_out.spans = &c->views[pair->expected].blind;

	find_model(&ground);
	ground.none = none_can_be_touched(ground);
	for (size_t i = 0; i < ground.state->nr_slots; i++) {
		ground.slot = &ground.state->slots[i];
		if (!is_to_be_checked(&ground))
			continue;
		if (ground.slot->flags & SLOT_GUEST_MEMFD)
			ground_gmem(&ground);
		else
			check_slot(&ground);
	}
	ram_blocks_deinit(&ground.blocks);
	say_unknown(&ground);
}
