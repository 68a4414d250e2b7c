// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Do KVM's own indexes of its slots agree? An audit is of one moment by itself, and a
 * healthy KVM has no fault at any: what it tells holds, whatever moved while the
 * views were read.
 *
 * A view that found its slots by an index that is at fault is not compared there,
 * as it has not what KVM means. The module walks the tree of gfns in the set in use,
 * BPF the hash of ids, from which a log that began late has what stood before. The
 * tree of hvas, and the set for the next change, serve KVM alone: what a slot
 * itself says is still compared.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "check/comparison.h"

#define SAY_FAULT 256

static void say_id_hash(char buf[SAY_FAULT], const struct index_fault *fault)
{
	if (fault->seen == fault->expected)
		snprintf(buf, SAY_FAULT,
			 "the id hash does not find it by its number, or finds "
			 "another one");
	else
		snprintf(buf, SAY_FAULT,
			 "it is in bucket %" PRIu64
			 " of the id hash, and belongs in %" PRIu64,
			 fault->seen, fault->expected);
}

static void say_sets(char buf[SAY_FAULT], const struct index_fault *fault)
{
	const char *text = "the two sets of slots have different ones by its "
			   "number";

	if (!fault->expected)
		text = "the set for the next change does not have it";
	else if (!fault->seen)
		text = "the set in use does not have it by its number";
	snprintf(buf, SAY_FAULT, "%s", text);
}

static void say_fault(char buf[SAY_FAULT], const struct index_fault *fault)
{
	switch (fault->kind) {
	case INDEX_SLOT:
		snprintf(buf, SAY_FAULT,
			 "it is no slot: its number, address space or size "
			 "cannot be");
		return;
	case INDEX_ID_HASH:
		say_id_hash(buf, fault);
		return;
	case INDEX_GFN_TREE:
		snprintf(buf, SAY_FAULT,
			 "it is in the id hash and not in the gfn tree");
		return;
	case INDEX_GFN_ORDER:
		snprintf(buf, SAY_FAULT,
			 "in the gfn tree it begins at 0x%" PRIx64
			 ", and the slot before it ends at 0x%" PRIx64,
			 fault->seen, fault->expected);
		return;
	case INDEX_HVA_TREE:
		snprintf(buf, SAY_FAULT,
			 "it is in the id hash and not in the hva tree");
		return;
	case INDEX_HVA_RANGE:
		snprintf(buf, SAY_FAULT,
			 "the hva tree has it begin or end at host address "
			 "0x%" PRIx64 ", the slot itself at 0x%" PRIx64,
			 fault->seen, fault->expected);
		return;
	case INDEX_HVA_ORDER:
		snprintf(buf, SAY_FAULT,
			 "the hva tree is not in order (0x%" PRIx64
			 " where 0x%" PRIx64
			 " belongs), so not all of it is found",
			 fault->seen, fault->expected);
		return;
	case INDEX_SETS:
		say_sets(buf, fault);
		return;
	case INDEX_NR_PAGES:
		snprintf(buf, SAY_FAULT,
			 "it counts %" PRIu64 " page%s in all slots, which "
			 "have %" PRIu64,
			 fault->seen, plural(fault->seen), fault->expected);
		return;
	case INDEX_NR_DIRTY_LOGGING:
		snprintf(buf, SAY_FAULT,
			 "it counts %" PRIu64 " slot%s with dirty logging, "
			 "and %" PRIu64 " have it",
			 fault->seen, plural(fault->seen), fault->expected);
		return;
	case INDEX_LOOP:
		snprintf(buf, SAY_FAULT,
			 "an index has more entries than there can be slots: "
			 "it goes round");
		return;
	default:
		snprintf(buf, SAY_FAULT,
			 "they disagree in a way that is newer than this "
			 "program (fault %u)",
			 fault->kind);
	}
}

/* Where may a view have other slots than KVM means? */
enum reach {
	REACH_NOWHERE,
	REACH_SLOT,
	REACH_ALL, /* of the address space */
};

/* Did it find them by the hash of ids? Else by the tree of gfns */
static bool by_hash(const struct comparison *c, size_t view)
{
	return comparison_party(c, view)->traits & PARTY_FOLLOWS;
}

static enum reach reach_of(const struct index_fault *fault, bool hash)
{
	if (fault->inactive)
		return REACH_NOWHERE;
	switch (fault->kind) {
	case INDEX_HVA_TREE:
	case INDEX_HVA_RANGE:
	case INDEX_HVA_ORDER:
	case INDEX_SETS:
	case INDEX_NR_PAGES:
	case INDEX_NR_DIRTY_LOGGING:
		return REACH_NOWHERE;
	case INDEX_ID_HASH:
		return hash ? REACH_SLOT : REACH_NOWHERE;
	case INDEX_GFN_TREE:
		return hash ? REACH_NOWHERE : REACH_SLOT;
	case INDEX_GFN_ORDER:
		return hash ? REACH_NOWHERE : REACH_ALL;
	default:
		return REACH_ALL;
	}
}

/* The slot that a fault is about, if the view has it and it is the same one */
static const struct slot *slot_of(const struct slot_state *state,
				  const struct index_fault *fault)
{
	const struct slot *slot;

	if (!state || fault->slot_id < 0)
		return NULL;
	slot = slot_state_find(state, fault->as_id, fault->gpa);
	return slot && slot->gpa == fault->gpa && slot->id == fault->slot_id ?
		       slot :
		       NULL;
}

/* Where no view has it, its size is not known: up to where the next slot begins */
static gpa_t last_of(const struct slot_state *state,
		     const struct index_fault *fault)
{
	const struct slot *slot = slot_of(state, fault);

	if (slot)
		return slot_last(slot);
	for (size_t i = 0; state && i < state->nr_slots; i++) {
		slot = &state->slots[i];
		if (slot->as_id == fault->as_id && slot->gpa > fault->gpa)
			return slot->gpa - 1;
	}
	return UINT64_MAX;
}

/* What the view has or has not there is not compared */
static void leave_out(struct comparison *c, size_t view, uint16_t as_id,
		      gpa_t gpa, gpa_t last)
{
	const struct span span = { as_id, gpa, last, NULL };

	if (spans_add(&c->views[view].blind, &span))
		c->nomem = true;
}

/* @audited is the view whose indexes they are; it tells how large the slot is */
static void limit(struct comparison *c, size_t view, size_t audited,
		  const struct index_fault *fault)
{
	const struct slot_state *state = comparison_state(c, audited);

	switch (reach_of(fault, by_hash(c, view))) {
	case REACH_ALL:
		leave_out(c, view, fault->as_id, 0, UINT64_MAX);
		return;
	case REACH_SLOT:
		leave_out(c, view, fault->as_id, fault->gpa,
			  last_of(state, fault));
		return;
	case REACH_NOWHERE:
		return;
	}
}

/* Those that found their slots in KVM: not who saw each of them made */
static bool is_of_kvm(const struct comparison *c, size_t view)
{
	return comparison_party(c, view)->traits & PARTY_HOLDS &&
	       c->views[view].usable &&
	       !(by_hash(c, view) && comparison_state(c, view)->whole_life);
}

/* What follows from an earlier fault of the same slot stands beneath it */
static size_t cause_of(const struct comparison *c, size_t from,
		       const struct index_fault *fault)
{
	const struct finding *finding;

	for (size_t i = from; i < c->findings.nr && fault->slot_id >= 0; i++) {
		finding = &c->findings.items[i];
		if (finding->id == FINDING_INDEX &&
		    finding->as_id == fault->as_id &&
		    finding->slot_id == fault->slot_id)
			return i;
	}
	return FINDING_NO_CAUSE;
}

static void judge(struct comparison *c, size_t view, size_t from,
		  const struct index_fault *fault)
{
	const struct slot_state *state = comparison_state(c, view);
	const struct slot *slot = slot_of(state, fault);
	struct finding finding = {
		.id = FINDING_INDEX,
		.as_id = fault->as_id,
		.slot_id = fault->slot_id >= 0 ? fault->slot_id : -1,
		.views = 1ULL << view,
		.cause = cause_of(c, from, fault),
	};
	const char *set = fault->inactive ?
				  ", in the set that the next change is "
				  "prepared in" :
				  "";
	char text[SAY_FAULT];

	say_fault(text, fault);
	if (slot || reach_of(fault, false) == REACH_SLOT) {
		finding.gpa = fault->gpa;
		finding.size = last_of(state, fault) - fault->gpa;
		/* All of an address space is one more than fits */
		finding.size += finding.size != UINT64_MAX;
		finding.hva = slot ? slot->hva : 0;
	}
	for (size_t i = 0; i < c->input->nr_views; i++) {
		if (is_of_kvm(c, i))
			limit(c, i, view, fault);
	}
	if (fault->slot_id >= 0)
		comparison_add(c, &finding,
			       "KVM's own indexes disagree about slot %d at "
			       "0x%" PRIx64 " of address space %u%s: %s",
			       fault->slot_id, fault->gpa, fault->as_id, set,
			       text);
	else if (fault->kind == INDEX_NR_PAGES ||
		 fault->kind == INDEX_NR_DIRTY_LOGGING)
		comparison_add(c, &finding, "a count of KVM's is off: %s",
			       text);
	else
		comparison_add(c, &finding,
			       "KVM's own indexes of address space %u are "
			       "damaged%s: %s",
			       fault->as_id, set, text);
}

/* Which slots the rest is about nobody knows */
static void say_more(struct comparison *c, size_t view,
		     const struct index_audit *audit)
{
	const struct finding finding = { .id = FINDING_LOST,
					 .slot_id = -1,
					 .views = 1ULL << view,
					 .cause = FINDING_NO_CAUSE };

	for (size_t i = 0; i < c->input->nr_views; i++) {
		for (size_t as_id = 0;
		     is_of_kvm(c, i) && as_id < comparison_state(c, i)->nr_as;
		     as_id++)
			leave_out(c, i, as_id, 0, UINT64_MAX);
	}
	comparison_add(c, &finding,
		       "KVM's own indexes have %" PRIu64
		       " faults, and %zu of them are told: what was found by "
		       "them is not compared",
		       audit->nr_all, audit->nr);
}

static void say_unread(struct comparison *c, size_t view, const char *why)
{
	const struct finding finding = { .id = FINDING_UNREAD,
					 .slot_id = -1,
					 .views = 1ULL << view,
					 .cause = FINDING_NO_CAUSE };

	/* One reason is enough */
	if (!c->input->views[view].unread)
		comparison_add(c, &finding,
			       "whether KVM's own indexes agree could not be "
			       "told: %s",
			       why);
}

/* A view that could not be read for what is damaged: told beneath that */
static void link_unread(struct comparison *c, size_t view, size_t from,
			const struct index_audit *audit)
{
	struct finding *items = c->findings.items;
	size_t at = 0;

	while (at < audit->nr &&
	       reach_of(&audit->faults[at], false) != REACH_ALL)
		at++;
	if (c->nomem || at == audit->nr || !c->input->views[view].unread)
		return;
	for (size_t i = 0; i < from; i++) {
		if (items[i].id == FINDING_UNREAD &&
		    items[i].views == 1ULL << view)
			items[i].cause = from + at;
	}
}

void check_index(struct comparison *c)
{
	const struct index_audit *audit;
	size_t from;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		audit = c->input->views[view].audit;
		if (!audit)
			continue;
		from = c->findings.nr;
		if (audit->unread)
			say_unread(c, view, audit->unread);
		for (size_t i = 0; i < audit->nr; i++)
			judge(c, view, from, &audit->faults[i]);
		link_unread(c, view, from, audit);
		if (audit->nr_all > audit->nr)
			say_more(c, view, audit);
	}
}
