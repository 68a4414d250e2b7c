// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that changes a slot by deleting it and making it anew leaves a time in which
 * guest RAM has no slot: a vCPU that runs then reads and writes nothing, by MMIO. A
 * gap is told where the same memory came back to the same place, and nothing else had
 * been there in between; and by the same turn of the same thread: it takes slots, then
 * it makes some. What is not back as it takes the next was meant to be away, as RAM is
 * under a window of VGA. One note for all gaps whose ranges touch.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/plural.h"
#include "base/treap.h"
#include "check/near.h"
#include "check/say.h"

/**
 * struct hole - a range without a slot, since one was deleted there
 * @memory: where its memory is: host less guest address
 * @since:  place in the log of what deleted it
 */
struct hole {
	struct treap_node node;
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	uint64_t memory;
	size_t since;
};

/** struct gap - a hole that was closed; @until: place in the log of what did it */
struct gap {
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	size_t since;
	size_t until;
	uint64_t ns;
};

struct gaps {
	struct comparison *comparison;
	const struct slot_log *log;
	size_t *turns; /* by place in the log: which of its thread's turns it is of */
	struct near near;
	struct treap holes;
	struct gap *items;
	size_t nr;
	size_t cap;
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

static void open_hole(struct gaps *gaps, const struct hole *proto)
{
	struct hole *hole = malloc(sizeof(*hole));

	if (!hole) {
		gaps->comparison->nomem = true;
		return;
	}
	*hole = *proto;
	treap_insert(&gaps->holes, &hole->node, &hole_ops);
}

static void forget(struct gaps *gaps)
{
	struct treap_node *node;

	while ((node = gaps->holes.root)) {
		treap_erase(&gaps->holes, node, &hole_ops);
		free(hole_of(node));
	}
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

static void add_gap(struct gaps *gaps, const struct hole *hole, gpa_t gpa,
		    gpa_t last, size_t until)
{
	const uint64_t begin = begin_ns(&gaps->log->events[hole->since]);
	const uint64_t end = end_ns(&gaps->log->events[until]);
	struct gap *items;

	items = grown(gaps->items, gaps->nr, &gaps->cap, sizeof(*items));
	if (!items) {
		gaps->comparison->nomem = true;
		return;
	}
	gaps->items = items;
	items[gaps->nr++] = (struct gap){
		.as_id = hole->as_id,
		.gpa = gpa,
		.last = last,
		.since = hole->since,
		.until = until,
		.ns = end > begin ? end - begin : 0,
	};
}

static bool is_one_turn(const struct gaps *gaps, size_t a, size_t b)
{
	const struct slot_event *events = gaps->log->events;

	return events[a].tid == events[b].tid &&
	       gaps->turns[a] == gaps->turns[b];
}

/* A slot came: what was open under it is so no more */
static void close_holes(struct gaps *gaps, const struct slot *slot, size_t at)
{
	const gpa_t last = slot_last(slot);
	struct hole *hole;
	struct hole old, rest;

	while (!gaps->comparison->nomem &&
	       (hole = hole_from(&gaps->holes, slot->as_id, slot->gpa)) &&
	       hole->as_id == slot->as_id && hole->gpa <= last) {
		treap_erase(&gaps->holes, &hole->node, &hole_ops);
		old = *hole;
		free(hole);
		if (old.memory == slot->hva - slot->gpa &&
		    is_one_turn(gaps, old.since, at))
			add_gap(gaps, &old,
				old.gpa > slot->gpa ? old.gpa : slot->gpa,
				old.last < last ? old.last : last, at);
		rest = old;
		rest.last = slot->gpa - 1;
		if (old.gpa < slot->gpa)
			open_hole(gaps, &rest);
		rest = old;
		rest.gpa = last + 1;
		if (old.last > last)
			open_hole(gaps, &rest);
	}
}

static bool has_place(const struct slot *slot)
{
	return slot->size && slot->gpa + (slot->size - 1) >= slot->gpa;
}

/* Did it take or make a slot of this VM's? */
static bool is_done(const struct gaps *gaps, const struct slot_event *event)
{
	return event->serial == gaps->comparison->input->serial &&
	       event->type == SLOT_EVENT_CHANGE && !event->change.result &&
	       event->change.kind != SLOT_FLAGS_ONLY;
}

static void look_at_change(struct gaps *gaps, size_t at)
{
	const struct slot_change *change = &gaps->log->events[at].change;
	const struct slot *before = &change->before;
	const struct slot *after = &change->after;

	if (has_place(before)) {
		/* what was open there, the log knew wrongly */
		close_holes(gaps, before, at);
		open_hole(gaps,
			  &(struct hole){ .as_id = before->as_id,
					  .gpa = before->gpa,
					  .last = slot_last(before),
					  .memory = before->hva - before->gpa,
					  .since = at });
	}
	if (has_place(after))
		close_holes(gaps, after, at);
}

/* struct turn - a change, to be put beside those of its thread and address space */
struct turn {
	uint16_t as_id;
	pid_t tid;
	size_t at;
};

static int by_thread(const void *a, const void *b)
{
	const struct turn *x = a;
	const struct turn *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static void number_turns(struct gaps *gaps, const struct turn *list, size_t nr)
{
	const struct slot_change *change;
	bool makes = false;
	size_t number = 0;

	for (size_t i = 0; i < nr; i++) {
		change = &gaps->log->events[list[i].at].change;
		if (i && (list[i].as_id != list[i - 1].as_id ||
			  list[i].tid != list[i - 1].tid))
			makes = false;
		if (change->before.size && makes) {
			number++;
			makes = false;
		}
		gaps->turns[list[i].at] = number;
		if (change->after.size)
			makes = true;
	}
}

static int find_turns(struct gaps *gaps)
{
	const struct slot_event *event;
	struct turn *list;
	size_t nr = 0;

	gaps->turns = calloc(gaps->log->nr + 1, sizeof(*gaps->turns));
	list = calloc(gaps->log->nr + 1, sizeof(*list));
	if (!gaps->turns || !list) {
		free(list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < gaps->log->nr; i++) {
		event = &gaps->log->events[i];
		if (is_done(gaps, event))
			list[nr++] = (struct turn){
				event->change.before.size ?
					event->change.before.as_id :
					event->change.after.as_id,
				event->tid, i
			};
	}
	if (nr > 1)
		qsort(list, nr, sizeof(*list), by_thread);
	number_turns(gaps, list, nr);
	free(list);
	return 0;
}

static void find(struct gaps *gaps)
{
	const uint64_t serial = gaps->comparison->input->serial;
	const struct slot_event *event;

	for (size_t i = 0; i < gaps->log->nr && !gaps->comparison->nomem; i++) {
		event = &gaps->log->events[i];
		/* What is missing may have closed any of them */
		if (event->type == SLOT_EVENT_LOST &&
		    (!event->serial || event->serial == serial))
			forget(gaps);
		else if (is_done(gaps, event))
			look_at_change(gaps, i);
	}
	forget(gaps);
}

static int by_place(const void *a, const void *b)
{
	const struct gap *x = a;
	const struct gap *y = b;

	if (x->as_id != y->as_id)
		return x->as_id < y->as_id ? -1 : 1;
	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	return (x->since > y->since) - (x->since < y->since);
}

/**
 * struct ran - what is known of the vCPUs in a gap
 * @known: the log tells of vCPUs
 * @ids:   who ran, by vCPU, up to 64 of them; @more: and others
 * @exits: that were for an address in it
 */
struct ran {
	bool known;
	uint64_t ids;
	bool more;
	size_t exits;
};

static bool fell_in(const struct gap *gap, const struct slot_event *event)
{
	return (event->exit.reason == SLOT_EXIT_MMIO ||
		event->exit.reason == SLOT_EXIT_MEMORY_FAULT) &&
	       event->exit.gpa >= gap->gpa && event->exit.gpa <= gap->last;
}

static void note_vcpu(struct ran *ran, uint64_t *seen,
		      const struct slot_event *event, bool closed)
{
	const struct slot_vcpu *vcpu = &event->vcpu;
	uint64_t bit;

	ran->known = true;
	if (vcpu->id >= 64) {
		ran->more |= !closed || vcpu->kind == SLOT_VCPU_LEAVE;
		return;
	}
	bit = 1ULL << vcpu->id;
	/* who went in; or who comes out, first of all, and so was inside */
	if ((vcpu->kind == SLOT_VCPU_ENTER && !closed) ||
	    (vcpu->kind == SLOT_VCPU_LEAVE && !(*seen & bit)))
		ran->ids |= bit;
	*seen |= bit;
}

/* Behind the gap only who comes out matters, up to the next change */
static void look_inside(const struct gaps *gaps, const struct gap *gap,
			struct ran *ran)
{
	const uint64_t serial = gaps->comparison->input->serial;
	const struct slot_event *event;
	uint64_t seen = 0;

	*ran = (struct ran){ 0 };
	for (size_t i = gap->since + 1; i < gaps->log->nr; i++) {
		event = &gaps->log->events[i];
		if (event->serial != serial)
			continue;
		if (i > gap->until && event->type == SLOT_EVENT_CHANGE)
			return;
		if (event->type == SLOT_EVENT_VCPU &&
		    event->vcpu.kind != SLOT_VCPU_CREATE)
			note_vcpu(ran, &seen, event, i > gap->until);
		else if (event->type == SLOT_EVENT_EXIT && i < gap->until)
			ran->exits += fell_in(gap, event);
	}
}

static void say_ran(char *buf, size_t size, const struct ran *ran)
{
	size_t len = 0;

	buf[0] = '\0';
	if (!ran->known)
		len = snprintf(buf, size,
			       "; whether a vCPU ran then was not "
			       "traced");
	else if (!ran->ids && !ran->more)
		len = snprintf(buf, size, "; no vCPU ran then");
	for (int id = 0; id < 64 && len < size; id++) {
		if (ran->ids & 1ULL << id)
			len += snprintf(buf + len, size - len, "%s %d",
					len ? "," : "; there ran vCPU", id);
	}
	if (ran->more && len < size)
		len += snprintf(buf + len, size - len, "%s",
				len ? ", and others" : "; vCPUs above 63 ran");
	if (ran->exits && len < size)
		snprintf(buf + len, size - len, ", and %zu exit%s fell in",
			 ran->exits, plural(ran->exits));
}

/* A refusal in between, of what was to close it */
static size_t cause_of(const struct gaps *gaps, const struct gap *gap)
{
	const struct finding *found = gaps->comparison->findings.items;
	bool overlaps;
	size_t at = near_find(&gaps->near, gap->as_id, gap->gpa, gap->last,
			      &overlaps);

	if (!overlaps || found[at].id != FINDING_REFUSED ||
	    found[at].seq < gaps->log->events[gap->since].seq ||
	    found[at].seq > gaps->log->events[gap->until].seq)
		return FINDING_NO_CAUSE;
	return near_cause(&gaps->near, at);
}

/* Of [first, end) of the list, whose ranges touch */
static void say(struct gaps *gaps, size_t first, size_t end, gpa_t last)
{
	const struct gap *longest = &gaps->items[first];
	const struct slot_event *since, *until;
	char times[128] = "";
	char who[256];
	uint64_t ns = 0;
	struct ran ran;

	for (size_t i = first; i < end; i++) {
		ns += gaps->items[i].ns;
		if (gaps->items[i].ns > longest->ns)
			longest = &gaps->items[i];
	}
	since = &gaps->log->events[longest->since];
	until = &gaps->log->events[longest->until];
	look_inside(gaps, longest, &ran);
	say_ran(who, sizeof(who), &ran);
	if (end - first > 1)
		snprintf(times, sizeof(times),
			 "; that is the longest of %zu, %s in all", end - first,
			 SAY_TIME(ns));
	comparison_add(
		gaps->comparison,
		&(struct finding){ .id = FINDING_GAP,
				   .as_id = longest->as_id,
				   .gpa = gaps->items[first].gpa,
				   .size = last - gaps->items[first].gpa + 1,
				   .slot_id = since->change.before.id,
				   .seq = since->seq,
				   .views = comparison_views_with(
					   gaps->comparison, PARTY_FOLLOWS),
				   .cause = cause_of(gaps, longest) },
		"%s had no slot for %s%s, from change #%" PRIu64
		" on, which took it, to #%" PRIu64
		", which brought the same memory back%s%s",
		SAY_RANGE(longest->gpa, longest->last - longest->gpa + 1),
		SAY_TIME(longest->ns),
		since->change.invalid_ns && until->change.active_ns ?
			"" :
			" or longer",
		since->seq, until->seq, who, times);
}

void check_gaps(struct comparison *c)
{
	struct gaps gaps = { .comparison = c, .log = c->input->log };
	gpa_t last = 0;
	size_t first = 0;

	if (!gaps.log || !c->input->serial || c->nomem)
		return;
	if (near_init(&gaps.near, c, 1U << FINDING_NOTE) || find_turns(&gaps))
		c->nomem = true;
	find(&gaps);
	if (gaps.nr > 1)
		qsort(gaps.items, gaps.nr, sizeof(*gaps.items), by_place);
	for (size_t i = 0; i < gaps.nr && !c->nomem; i++) {
		if (i == first || gaps.items[i].last > last)
			last = gaps.items[i].last;
		if (i + 1 < gaps.nr &&
		    gaps.items[i + 1].as_id == gaps.items[i].as_id &&
		    (last == UINT64_MAX || gaps.items[i + 1].gpa <= last + 1))
			continue;
		say(&gaps, first, i + 1, last);
		first = i + 1;
	}
	near_deinit(&gaps.near);
	free(gaps.turns);
	free(gaps.items);
}
