// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that failed: were they without consequence (refused), did the VMM
 * carry on as if they had worked (ignored-failure), or did it die of it
 * (fatal-refusal)? The second is the cause of what the MODEL and KVM disagree
 * about, and those are listed beneath it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/asked.h"
#include "check/last_words.h"
#include "check/say.h"
#include "check/comparison.h"

/* Can a request that did not come through explain this? */
static bool may_follow(const struct comparison *c,
		       const struct finding *finding)
{
	if (!(finding->views & comparison_views_with(c, PARTY_MEANS)) ||
	    finding->cause != FINDING_NO_CAUSE)
		return false;
	switch (finding->id) {
	case FINDING_MISSING:
	case FINDING_EXTRA:
	case FINDING_MOVED:
	case FINDING_WRONG_HVA:
	case FINDING_EXTENT:
	case FINDING_FLAGS:
	case FINDING_AS_ID:
		return true;
	default:
		return false;
	}
}

/*
 * The failed request that @finding follows from: the latest about the range or
 * the slot, unless a later one came through. Then it is not this failure that
 * shows, but something after.
 */
static struct asked *cause_of(const struct finding *finding,
			      const struct asked_list *failed,
			      const struct done_list *done)
{
	struct asked *asked;

	asked = asked_about_range(failed, finding->as_id, finding->gpa,
				  finding->size);
	if (asked && done_about_range(done, finding->as_id, finding->gpa,
				      finding->size) < asked->seq)
		return asked;
	asked = asked_about_slot(failed, finding->as_id, finding->slot_id);
	if (asked && done_about_slot(done, finding->as_id, finding->slot_id) <
			     asked->seq)
		return asked;
	return NULL;
}

/* "request 12 (create slot 5 at ...) failed with ..." */
static void say_request(char *buf, size_t size, const struct asked *asked)
{
	const struct slot_request *request = &asked->request;
	char times[48] = "";

	if (asked->count > 1)
		snprintf(times, sizeof(times),
			 ", %" PRIu64 " times since #%" PRIu64, asked->count,
			 asked->first);
	if (request->size)
		snprintf(buf, size,
			 "request #%" PRIu64 " for slot %d at %s, host address "
			 "0x%" PRIx64 ", flags 0x%x, failed with %s%s",
			 asked->seq, asked_slot_id(asked),
			 SAY_RANGE(request->gpa, request->size), request->hva,
			 request->flags, SAY_ERRNO(request->result), times);
	else
		snprintf(buf, size,
			 "request #%" PRIu64
			 " to delete slot %d failed with %s%s",
			 asked->seq, asked_slot_id(asked),
			 SAY_ERRNO(request->result), times);
}

/*
 * Which rule it broke, from the slots before it; and where those do not tell who
 * the other party was, who stands there now
 */
static void say_why(char *buf, size_t size, struct comparison *c,
		    const struct asked *asked)
{
	const struct slot_request *request = &asked->request;
	size_t view;
	const struct slot_state *state = comparison_holder(c, &view);
	char *says = NULL;
	int len;

	len = snprintf(buf, size, "%s%s", asked->why ? ": " : "",
		       asked->why ? asked->why : "");
	if (request->result != -EEXIST || !state || !request->size ||
	    asked->other.size)
		return;
	says = say_view(state, asked_as_id(asked), request->gpa, request->size);
	if (says && strcmp(says, "no slot"))
		snprintf(buf + len, size - len, "; now %s has there: %s",
			 comparison_party(c, view)->name, says);
	free(says);
}

static struct finding finding_of(const struct comparison *c,
				 const struct asked *asked, enum finding_id id)
{
	struct finding finding = {
		.id = id,
		.as_id = asked_as_id(asked),
		.gpa = asked->request.size ? asked->request.gpa : 0,
		.size = asked->request.size,
		.slot_id = asked_slot_id(asked),
		.hva = asked->request.size ? asked->request.hva : 0,
		.seq = asked->seq,
		.result = asked->request.result,
		.rule_known = asked->rule_known,
		.rule = asked->rule,
		.other = asked->other,
		.views = comparison_views_with(c, PARTY_FOLLOWS),
		.cause = FINDING_NO_CAUSE,
	};

	/* a range that wraps is for the sentence only */
	if (finding.size && finding.gpa + (finding.size - 1) < finding.gpa) {
		finding.gpa = 0;
		finding.size = 0;
	}
	return finding;
}

static void blame(struct comparison *c, size_t at, struct asked *asked)
{
	struct finding finding = finding_of(c, asked, FINDING_IGNORED_FAILURE);
	char why[REQUEST_SAY_MAX + 320];
	char what[512];

	if (asked->finding == FINDING_NO_CAUSE) {
		say_request(what, sizeof(what), asked);
		say_why(why, sizeof(why), c, asked);
		finding.views |= comparison_views_with(c, PARTY_MEANS);
		asked->finding = comparison_add(
			c, &finding,
			"%s, and the VMM carried on as if it had worked%s",
			what, why);
	}
	if (!c->nomem)
		c->findings.items[at].cause = asked->finding;
}

/* Of the VMM's last request; @asked may stand for several of the same words */
static void say_last(struct comparison *c, const struct asked *asked,
		     const struct last_words *words)
{
	struct finding finding = finding_of(
		c, asked,
		last_words_fatal(words, c->input->end) ? FINDING_FATAL_REFUSAL :
							 FINDING_REFUSED);
	char why[REQUEST_SAY_MAX + 320];
	char what[512];
	char end[128];

	say_request(what, sizeof(what), asked);
	say_why(why, sizeof(why), c, asked);
	comparison_add(c, &finding,
		       "%s%s. It was the last that the VMM asked for: %s", what,
		       why,
		       last_words_say_end(end, sizeof(end), words,
					  &words->refusal, c->input->end));
}

static void say_refused(struct comparison *c, const struct asked *asked)
{
	struct finding finding = finding_of(c, asked, FINDING_REFUSED);
	char why[REQUEST_SAY_MAX + 320];
	char what[512];

	say_request(what, sizeof(what), asked);
	say_why(why, sizeof(why), c, asked);
	comparison_add(c, &finding, "%s%s", what, why);
}

static void say_unread_ones(struct comparison *c)
{
	const struct slot_log *log = c->input->log;
	const struct slot_event *event;
	struct finding finding = { .id = FINDING_REFUSED,
				   .slot_id = -1,
				   .views = comparison_views_with(
					   c, PARTY_FOLLOWS),
				   .cause = FINDING_NO_CAUSE };

	for (size_t i = 0; i < log->nr; i++) {
		event = &log->events[i];
		if (event->type != SLOT_EVENT_REQUEST ||
		    event->serial != c->input->serial ||
		    !event->request.unread || !event->request.result)
			continue;
		finding.seq = event->seq;
		finding.result = event->request.result;
		comparison_add(c, &finding,
			       "request #%" PRIu64 " failed with %s; what it "
			       "asked for could not be read",
			       event->seq, SAY_ERRNO(event->request.result));
	}
}

/* List what follows from failures beneath them */
static void blame_all(struct comparison *c, const struct asked_list *failed)
{
	size_t nr = c->findings.nr;
	struct done_list done;
	struct asked *asked;
	bool any = false;

	for (size_t i = 0; i < nr && !any; i++)
		any = may_follow(c, &c->findings.items[i]);
	if (!any)
		return;
	if (done_collect(&done, c->input->log, c->input->serial))
		c->nomem = true;
	for (size_t i = 0; i < nr && !c->nomem; i++) {
		if (!may_follow(c, &c->findings.items[i]))
			continue;
		asked = cause_of(&c->findings.items[i], failed, &done);
		if (asked)
			blame(c, i, asked);
	}
	done_deinit(&done);
}

void check_requests(struct comparison *c)
{
	const struct check_input *input = c->input;
	struct last_words words = { 0 };
	struct asked_list failed;
	bool last;

	if (!input->log || c->nomem)
		return;
	if (asked_collect(&failed, input->log, input->serial) ||
	    (failed.nr &&
	     asked_explain(&failed, input->log, input->serial, input->limits)))
		c->nomem = true;
	if (!c->nomem && failed.nr)
		blame_all(c, &failed);
	if (input->end)
		last_words_of(&words, input->log, input->serial);
	last = last_words_refused(&words, input->end);
	for (size_t i = 0; i < failed.nr && !c->nomem; i++) {
		if (last && failed.items[i].seq == words.refusal.seq)
			say_last(c, &failed.items[i], &words);
		else if (failed.items[i].finding == FINDING_NO_CAUSE)
			say_refused(c, &failed.items[i]);
	}
	if (!c->nomem)
		say_unread_ones(c);
	asked_deinit(&failed);
}
