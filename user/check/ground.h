/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules on BACKING share */
#ifndef CHECK_GROUND_H
#define CHECK_GROUND_H

#include "check/footing.h"
#include "check/pairs.h"
#include "check/ram.h"

/* What a MODEL says of a guest address */
enum meaning {
	MEANING_UNKNOWN, /* there is none, or it cannot tell */
	MEANING_RAM,
	MEANING_NO_RAM,
};

/**
 * struct ground - a look at what lies under slots
 * @slot:   the one that is looked at
 * @model:  place of the MODEL; only with @has_model
 * @blocks: what its RAM is made of
 * @means, @blind: where the walk along the MODEL is
 * @left_out: where the walk along what the slots' view is not compared for is
 * @sparse: of @slot, what is said in one note at the end: pieces that cannot
 *	    be touched though nobody says that they are RAM
 * @none:   no byte of any slot can be touched: then there is no window either
 * @unsure: slots on files of which nobody knows where they end
 * @cut:    slots that lie where the map was cut off, in part or in whole
 */
struct ground {
	struct comparison *comparison;
	struct compared_pair *pair;
	const struct slot_state *state;
	const struct host_map *map;
	const struct slot *slot;
	bool has_model;
	size_t model;
	struct ram_blocks blocks;
	struct span_cursor means;
	struct span_cursor blind;
	struct span_cursor moving;
	struct span_cursor left_out;
	struct {
		struct footing first;
		uint64_t bytes;
		size_t pieces;
		size_t memories;
		const struct host_range *memory;
	} sparse;
	bool none;
	size_t unsure;
	size_t cut;
};

/** ground_gpa() - the guest address of a host address under the slot */
static inline gpa_t ground_gpa(const struct ground *ground, hva_t hva)
{
	return ground->slot->gpa + (hva - ground->slot->hva);
}

/** ground_knows() - are these fields of the slot known? */
static inline bool ground_knows(const struct ground *ground, uint32_t fields)
{
	return (ground->state->coverage.fields & ~ground->slot->unknown &
		fields) == fields;
}

/** ground_finding() - a finding about [first, last] under the slot */
struct finding ground_finding(const struct ground *ground, hva_t first,
			      hva_t last, enum finding_id id);

/** ground_gmem() - a slot with a guest_memfd */
void ground_gmem(struct ground *ground);

/** ground_sparse_add() - a piece of the slot that nobody calls RAM */
void ground_sparse_add(struct ground *ground, const struct footing *piece);

/** ground_sparse_say() - the slot is done: say what was found of it, if anything */
void ground_sparse_say(struct ground *ground);

#define FOOTING_SAY_MAX 256

/** footing_say() - "0x1000-0x1fff is not mapped" */
const char *footing_say(char buf[FOOTING_SAY_MAX],
			const struct footing *footing);
#define FOOTING_SAY(footing) footing_say((char[FOOTING_SAY_MAX]){ 0 }, footing)

#endif
