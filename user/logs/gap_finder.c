// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* uthash would exit the program when out of memory */
#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((element)->nomem = true)
#include <uthash.h>

#include "logs/gap_finder.h"

/**
 * struct hole - a range without a slot, since one was deleted there
 * @memory: where its memory is: host less guest address
 * @since:  place of what deleted it, by
 * @tid:    this thread, in
 * @turn:   this turn of it
 * @ns:	    nobody could use the old slot from then on
 */
struct hole {
	struct treap_node node;
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	uint64_t memory;
	size_t since;
	pid_t tid;
	uint64_t turn;
	uint64_t ns;
};

/* Of a thread in an address space; @makes: it has made a slot in this turn */
struct gap_turn {
	uint64_t key;
	uint64_t turn;
	bool makes;
	bool nomem;
	UT_hash_handle hh;
};

/* What one event is about */
struct step {
	struct gap_finder *finder;
	const struct slot_event *event;
	size_t place;
	uint64_t turn;
	void (*found)(const struct slot_gap *gap, void *opaque);
	void *opaque;
};

static struct hole *hole_of(struct treap_node *node)
{
	return container_of(node, struct hole, node);
}

static _Bool hole_before(const struct treap_node *a, const struct treap_node *b)
{
	const struct hole *x = container_of(a, const struct hole, node);
	const struct hole *y = container_of(b, const struct hole, node);

	return x->as_id != y->as_id ? x->as_id < y->as_id : x->gpa < y->gpa;
}

static const struct treap_ops hole_ops = { .before = hole_before };

/* The first hole that ends at or above (as_id, gpa), or NULL */
static struct hole *hole_from(const struct treap *holes, uint16_t as_id,
			      gpa_t gpa)
{
	struct treap_node *node = holes->root;
	struct hole *found = NULL;
	struct hole *hole;

	while (node) {
		hole = hole_of(node);
		if (hole->as_id < as_id ||
		    (hole->as_id == as_id && hole->last < gpa)) {
			node = node->right;
		} else {
			found = hole;
			node = node->left;
		}
	}
	return found;
}

static int open_hole(struct gap_finder *finder, const struct hole *proto)
{
	struct hole *hole = malloc(sizeof(*hole));

	if (!hole)
		return -ENOMEM;
	*hole = *proto;
	treap_insert(&finder->holes, &hole->node, &hole_ops);
	return 0;
}

static void drop_hole(struct gap_finder *finder, struct hole *hole)
{
	treap_erase(&finder->holes, &hole->node, &hole_ops);
	free(hole);
}

/* Turns are told apart for the sake of what is open alone */
static void drop_turns(struct gap_finder *finder)
{
	struct gap_turn *turn, *next;

	HASH_ITER(hh, finder->turns, turn, next)
	{
		HASH_DEL(finder->turns, turn);
		free(turn);
	}
}

void gap_finder_forget(struct gap_finder *finder)
{
	while (finder->holes.root)
		drop_hole(finder, hole_of(finder->holes.root));
	drop_turns(finder);
}

void gap_finder_deinit(struct gap_finder *finder)
{
	gap_finder_forget(finder);
}

/* What a thread took in the turn that is over was meant to be away */
static void end_turn(struct gap_finder *finder, uint16_t as_id, pid_t tid)
{
	struct treap_node *node = treap_first(&finder->holes), *next;

	for (; node; node = next) {
		struct hole *hole = hole_of(node);

		next = treap_next(node);
		if (hole->as_id == as_id && hole->tid == tid)
			drop_hole(finder, hole);
	}
}

static struct gap_turn *turn_of(struct gap_finder *finder, uint16_t as_id,
				pid_t tid)
{
	const uint64_t key = (uint64_t)as_id << 32 | (uint32_t)tid;
	struct gap_turn *turn;

	HASH_FIND(hh, finder->turns, &key, sizeof(key), turn);
	if (turn)
		return turn;
	turn = calloc(1, sizeof(*turn));
	if (!turn)
		return NULL;
	turn->key = key;
	HASH_ADD(hh, finder->turns, key, sizeof(key), turn);
	if (!turn->nomem)
		return turn;
	free(turn);
	return NULL;
}

/* Nobody could use the old slot from then on; at least from the end of its deletion */
static uint64_t begin_ns(const struct slot_event *event)
{
	return event->change.invalid_ns ? event->change.invalid_ns :
					  event->time_ns + event->duration_ns;
}

/* ... and the new one from then on; not before its making began */
static uint64_t end_ns(const struct slot_event *event)
{
	return event->change.active_ns ? event->change.active_ns :
					 event->time_ns;
}

static void tell(const struct step *step, const struct hole *hole,
		 const struct slot *slot)
{
	const gpa_t last = slot_last(slot);
	const uint64_t end = end_ns(step->event);
	const struct slot_gap gap = {
		.as_id = hole->as_id,
		.gpa = hole->gpa > slot->gpa ? hole->gpa : slot->gpa,
		.last = hole->last < last ? hole->last : last,
		.since = hole->since,
		.until = step->place,
		.ns = end > hole->ns ? end - hole->ns : 0,
	};

	step->found(&gap, step->opaque);
}

/* A slot came: what was open under it is so no more */
static int close_holes(const struct step *step, const struct slot *slot)
{
	struct gap_finder *finder = step->finder;
	const gpa_t last = slot_last(slot);
	struct hole *hole;
	struct hole old, rest;
	int ret = 0;

	while (!ret &&
	       (hole = hole_from(&finder->holes, slot->as_id, slot->gpa)) &&
	       hole->as_id == slot->as_id && hole->gpa <= last) {
		old = *hole;
		drop_hole(finder, hole);
		if (old.memory == slot->hva - slot->gpa &&
		    old.tid == step->event->tid && old.turn == step->turn)
			tell(step, &old, slot);
		rest = old;
		rest.last = slot->gpa - 1;
		if (old.gpa < slot->gpa)
			ret = open_hole(finder, &rest);
		rest = old;
		rest.gpa = last + 1;
		if (!ret && old.last > last)
			ret = open_hole(finder, &rest);
	}
	return ret;
}

static bool has_place(const struct slot *slot)
{
	return slot->size && slot->gpa + (slot->size - 1) >= slot->gpa;
}

static int take_away(const struct step *step, const struct slot *before)
{
	const struct hole hole = { .as_id = before->as_id,
				   .gpa = before->gpa,
				   .last = slot_last(before),
				   .memory = before->hva - before->gpa,
				   .since = step->place,
				   .tid = step->event->tid,
				   .turn = step->turn,
				   .ns = begin_ns(step->event) };
	/* what was open there, the log knew wrongly */
	int ret = close_holes(step, before);

	return ret ? ret : open_hole(step->finder, &hole);
}

static int look_at_change(struct step *step)
{
	const struct slot *before = &step->event->change.before;
	const struct slot *after = &step->event->change.after;
	const uint16_t as_id = before->size ? before->as_id : after->as_id;
	struct gap_turn *turn = turn_of(step->finder, as_id, step->event->tid);
	int ret = 0;

	if (!turn)
		return -ENOMEM;
	if (before->size && turn->makes) {
		end_turn(step->finder, as_id, step->event->tid);
		turn->turn++;
		turn->makes = false;
	}
	step->turn = turn->turn;
	if (after->size)
		turn->makes = true;
	if (has_place(before))
		ret = take_away(step, before);
	if (!ret && has_place(after))
		ret = close_holes(step, after);
	if (!step->finder->holes.nr)
		drop_turns(step->finder);
	return ret;
}

int gap_finder_take(struct gap_finder *finder, const struct slot_event *event,
		    size_t place,
		    void (*found)(const struct slot_gap *gap, void *opaque),
		    void *opaque)
{
	struct step step = { .finder = finder,
			     .event = event,
			     .place = place,
			     .found = found,
			     .opaque = opaque };

	/* Did it take or make a slot? */
	if (event->type != SLOT_EVENT_CHANGE || event->change.result ||
	    event->change.kind == SLOT_FLAGS_ONLY)
		return 0;
	return look_at_change(&step);
}
