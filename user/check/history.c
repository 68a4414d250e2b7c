// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log, laid beside the findings. What a range is since is told by the last
 * change that touched it; what came of a refusal by what was granted after it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/history.h>

#include "check/asked.h"
#include "check/comparison.h"
#include "check/last_words.h"
#include "check/latest.h"

/**
 * struct telling - what the stories are made from
 * @touched: by place: the last change that touched it; of requests that were
 *	     granted, where the log has no changes
 * @created: of the VM; NULL: it was there before
 * @lost:    seq of the last loss; 0: nothing was lost
 */
struct telling {
	const struct comparison *c;
	const struct slot_log *log;
	struct latest touched;
	struct latest_range *ranges;
	struct done_list done;
	const struct slot_event *created;
	uint64_t lost;
	struct last_words words;
};

static void add_range(struct latest_range *ranges, size_t *nr, uint16_t as_id,
		      gpa_t gpa, uint64_t size, const struct slot_event *event)
{
	gpa_t last = gpa + (size - 1);

	if (size && last >= gpa)
		ranges[(*nr)++] = (struct latest_range){ as_id, gpa, last,
							 event->seq,
							 (void *)event };
}

static bool has_changes(const struct slot_log *log, uint64_t serial)
{
	for (size_t i = 0; i < log->nr; i++)
		if (log->events[i].type == SLOT_EVENT_CHANGE &&
		    log->events[i].serial == serial)
			return true;
	return false;
}

static bool joins(const struct latest_range *a, const struct latest_range *b)
{
	return a->as_id == b->as_id && a->gpa == b->gpa && a->last == b->last;
}

/* A change has two sides, often of one place */
static void add_change(struct latest_range *ranges, size_t *nr,
		       const struct slot_event *event)
{
	const struct slot *before = &event->change.before;
	const struct slot *after = &event->change.after;
	const size_t begin = *nr;

	add_range(ranges, nr, before->as_id, before->gpa, before->size, event);
	add_range(ranges, nr, after->as_id, after->gpa, after->size, event);
	if (*nr == begin + 2 && joins(&ranges[begin], &ranges[begin + 1]))
		--*nr;
}

static int lay_out(struct telling *t)
{
	const uint64_t serial = t->c->input->serial;
	const bool changes = has_changes(t->log, serial);
	const struct slot_event *event;
	size_t nr = 0;

	t->ranges = calloc(2 * t->log->nr + 1, sizeof(*t->ranges));
	if (!t->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < t->log->nr; i++) {
		event = &t->log->events[i];
		if (event->type == SLOT_EVENT_LOST &&
		    event->lost.reason != SLOT_LOST_DROPPED &&
		    (!event->serial || event->serial == serial))
			t->lost = event->seq;
		if (event->serial != serial)
			continue;
		if (event->type == SLOT_EVENT_VM_CREATE)
			t->created = event;
		else if (event->type == SLOT_EVENT_CHANGE &&
			 !event->change.result)
			add_change(t->ranges, &nr, event);
		else if (!changes && event->type == SLOT_EVENT_REQUEST &&
			 !event->request.result && !event->request.unread)
			add_range(t->ranges, &nr, event->request.slot >> 16,
				  event->request.gpa, event->request.size,
				  event);
	}
	return latest_init(&t->touched, t->ranges, nr);
}

/* What lies under slots is changed by what no event tells of */
static bool is_ground(const struct telling *t, const struct finding *finding)
{
	return finding->views & comparison_views_with(t->c, PARTY_GROUND);
}

static bool is_of_slots(enum finding_id id)
{
	switch (id) {
	case FINDING_MISSING:
	case FINDING_EXTRA:
	case FINDING_MOVED:
	case FINDING_WRONG_HVA:
	case FINDING_EXTENT:
	case FINDING_FLAGS:
	case FINDING_SLOT_ID:
	case FINDING_AS_ID:
	case FINDING_ALIASED:
	case FINDING_HUGEPAGE:
		return true;
	default:
		return false;
	}
}

static void tell_range(const struct telling *t, const struct finding *finding,
		       struct story *story)
{
	const struct slot_event *event =
		latest_find(&t->touched, finding->as_id, finding->gpa,
			    finding->gpa + (finding->size - 1));

	if (t->log->forgotten && (!event || event->seq <= t->log->forgotten)) {
		story->since = SINCE_BEFORE;
		story->before = t->log->forgotten;
		return;
	}
	story->event = event ? event : t->created;
	if (event && event->type == SLOT_EVENT_CHANGE)
		story->was = event->change.before;
	if (t->lost && (!story->event || t->lost > story->event->seq))
		story->since = SINCE_UNKNOWN;
	else if (event)
		story->since = SINCE_EVENT;
	else if (!t->created)
		story->since = SINCE_BEFORE;
	else if (finding->id == FINDING_MISSING ||
		 finding->id == FINDING_EXTENT)
		story->since = SINCE_CREATION;
	else /* a slot that nothing made */
		story->since = SINCE_UNKNOWN;
}

static bool covers(const struct slot_request *whole, const struct finding *part)
{
	return whole->slot >> 16 == part->as_id && whole->gpa <= part->gpa &&
	       part->gpa - whole->gpa < whole->size &&
	       part->gpa - whole->gpa + part->size <= whole->size;
}

/* Does a view that tells what is meant have anything in the range? */
static bool is_meant(const struct telling *t, const struct finding *finding,
		     bool *known)
{
	const struct comparison *c = t->c;
	const struct slot_state *state;
	const gpa_t last = finding->gpa + (finding->size - 1);

	*known = false;
	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (!(comparison_party(c, view)->traits & PARTY_MEANS) ||
		    !comparison_covers(c, view, finding->as_id))
			continue;
		state = comparison_state(c, view);
		*known = !state->coverage.nr_blind;
		for (size_t i = 0; i < state->nr_slots; i++)
			if (state->slots[i].as_id == finding->as_id &&
			    state->slots[i].gpa <= last &&
			    slot_last(&state->slots[i]) >= finding->gpa)
				return true;
	}
	return false;
}

static enum story_outcome outcome_of(const struct telling *t,
				     const struct finding *finding,
				     const struct slot_event **after)
{
	const struct slot_event *event = slot_log_find(t->log, finding->seq);
	uint64_t seq;
	bool known;

	if (finding->id == FINDING_IGNORED_FAILURE)
		return OUTCOME_IGNORED;
	if (finding->id == FINDING_FATAL_REFUSAL)
		return OUTCOME_FATAL;
	if (!event || event->request.unread)
		return OUTCOME_OPEN;
	if (!finding->size) { /* a deletion: of a slot, and no place */
		seq = done_about_slot(&t->done, finding->as_id,
				      finding->slot_id);
		*after = seq > finding->seq ? slot_log_find(t->log, seq) : NULL;
		return *after ? OUTCOME_RETRIED : OUTCOME_OPEN;
	}
	seq = done_about_range(&t->done, finding->as_id, finding->gpa,
			       finding->size);
	*after = seq > finding->seq ? slot_log_find(t->log, seq) : NULL;
	if (*after && covers(&(*after)->request, finding))
		return (*after)->request.slot == event->request.slot ?
			       OUTCOME_RETRIED :
			       OUTCOME_AROUND;
	*after = NULL;
	if (!is_meant(t, finding, &known) && known)
		return OUTCOME_WITHOUT;
	return OUTCOME_OPEN;
}

static void tell_request(const struct telling *t, const struct finding *finding,
			 struct story *story)
{
	story->event = slot_log_find(t->log, finding->seq);
	story->since = story->event ? SINCE_EVENT : SINCE_UNKNOWN;
	if (!finding->result)
		return;
	story->outcome = outcome_of(t, finding, &story->after);
	if (finding->other.size && finding->other.seq)
		story->other = slot_log_find(t->log, finding->other.seq);
	if (story->outcome != OUTCOME_FATAL)
		return;
	for (size_t i = 0; i < t->words.nr && i < STORY_LAST; i++)
		story->last[story->nr_last++] =
			slot_log_find(t->log, t->words.changes[i].seq);
}

static void tell(const struct telling *t, const struct finding *finding,
		 struct story *story)
{
	if (finding->id == FINDING_ANSWERED || finding->id == FINDING_STOPPED ||
	    finding->result)
		tell_request(t, finding, story);
	else if (is_of_slots(finding->id) && finding->size &&
		 !is_ground(t, finding))
		tell_range(t, finding, story);
	else if (finding_id_kind(finding->id) == FINDING_MISMATCH)
		story->since = SINCE_UNKNOWN;
}

static void reckon_ages(struct stories *stories)
{
	struct story *story;

	for (size_t i = 0; i < stories->nr; i++) {
		story = &stories->items[i];
		if (story->event && stories->now_ns > story->event->time_ns)
			story->ago_ns = stories->now_ns - story->event->time_ns;
	}
}

int history(const struct comparison *c, uint64_t now_ns, struct stories *out)
{
	struct telling t = { .c = c, .log = c->input->log };
	const struct findings *findings = &c->findings;
	int ret;

	*out = (struct stories){ .now_ns = now_ns };
	out->items = calloc(findings->nr + 1, sizeof(*out->items));
	if (!out->items)
		return -ENOMEM;
	out->nr = findings->nr;
	if (!t.log || !findings->nr)
		return 0;
	last_words_of(&t.words, t.log, c->input->serial);
	ret = lay_out(&t);
	if (done_collect(&t.done, t.log, c->input->serial))
		ret = -ENOMEM;
	for (size_t i = 0; i < findings->nr && !ret; i++)
		tell(&t, &findings->items[i], &out->items[i]);
	reckon_ages(out);
	done_deinit(&t.done);
	latest_deinit(&t.touched);
	free(t.ranges);
	return ret;
}

void stories_deinit(struct stories *stories)
{
	free(stories->items);
	*stories = (struct stories){ 0 };
}
