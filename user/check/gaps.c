// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The times in which guest RAM had no slot, as logs/gap_finder.h has them, as notes: one
 * for all gaps whose ranges touch.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/grow.h"
#include "base/plural.h"
#include "check/near.h"
#include "check/say.h"
#include "logs/gap_finder.h"

struct gaps {
	struct comparison *comparison;
	const struct slot_log *log;
	struct near near;
	struct gap_finder finder;
	struct slot_gap *items;
	size_t nr;
	size_t cap;
};

static void add_gap(const struct slot_gap *gap, void *opaque)
{
	struct gaps *gaps = opaque;
	struct slot_gap *items;

	items = grown(gaps->items, gaps->nr, &gaps->cap, sizeof(*items));
	if (!items) {
		gaps->comparison->nomem = true;
		return;
	}
	gaps->items = items;
	items[gaps->nr++] = *gap;
}

static void find(struct gaps *gaps)
{
	const uint64_t serial = gaps->comparison->input->serial;
	const struct slot_event *event;

	for (size_t i = 0; i < gaps->log->nr && !gaps->comparison->nomem; i++) {
		event = &gaps->log->events[i];
		/* Nor is all there that would have closed one */
		if (event->seq <= gaps->log->folded)
			continue;
		/* What is missing may have closed any of them */
		if (event->type == SLOT_EVENT_LOST &&
		    (!event->serial || event->serial == serial))
			gap_finder_forget(&gaps->finder);
		else if (event->serial == serial &&
			 gap_finder_take(&gaps->finder, event, i, add_gap,
					 gaps))
			gaps->comparison->nomem = true;
	}
	gap_finder_deinit(&gaps->finder);
}

static int by_place(const void *a, const void *b)
{
	const struct slot_gap *x = a;
	const struct slot_gap *y = b;

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

static bool fell_in(const struct slot_gap *gap, const struct slot_event *event)
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
static void look_inside(const struct gaps *gaps, const struct slot_gap *gap,
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
static size_t cause_of(const struct gaps *gaps, const struct slot_gap *gap)
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
	const struct slot_gap *longest = &gaps->items[first];
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
	if (near_init(&gaps.near, c, 1U << FINDING_NOTE))
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
	free(gaps.items);
}
