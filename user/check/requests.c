// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that failed: were they without consequence (refused), or did the
 * VMM carry on as if they had worked (ignored-failure)? The second is the cause
 * of what the MODEL and KVM disagree about, and those are listed beneath it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/asked.h"
#include "check/say.h"
#include "check/verdict.h"

/* Can a request that did not come through explain this? */
static bool may_follow(const struct finding *finding)
{
	if (!(finding->views & 1U << CHECK_MODEL) ||
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
			      const struct asked_list *done)
{
	const struct asked *repaired;
	struct asked *asked;

	asked = asked_about_range(failed, finding->as_id, finding->gpa,
				  finding->size);
	if (asked) {
		repaired = asked_about_range(done, finding->as_id, finding->gpa,
					     finding->size);
		if (!repaired || repaired->seq < asked->seq)
			return asked;
	}
	asked = asked_about_slot(failed, finding->as_id, finding->slot_id);
	if (asked) {
		repaired = asked_about_slot(done, finding->as_id,
					    finding->slot_id);
		if (!repaired || repaired->seq < asked->seq)
			return asked;
	}
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
static void say_why(char *buf, size_t size, struct verdict *verdict,
		    const struct asked *asked)
{
	const struct slot_request *request = &asked->request;
	enum view_source view;
	const struct slot_state *state = verdict_holder(verdict, &view);
	char *says = NULL;
	int len;

	len = snprintf(buf, size, "%s%s", asked->why ? ": " : "",
		       asked->why ? asked->why : "");
	if (request->result != -EEXIST || !state || !request->size ||
	    asked->party_known)
		return;
	says = say_view(state, asked_as_id(asked), request->gpa, request->size);
	if (says && strcmp(says, "no slot"))
		snprintf(buf + len, size - len, "; now %s has there: %s",
			 check_view_name((enum check_view)view), says);
	free(says);
}

static struct finding finding_of(const struct asked *asked, enum finding_id id)
{
	struct finding finding = {
		.id = id,
		.as_id = asked_as_id(asked),
		.gpa = asked->request.size ? asked->request.gpa : 0,
		.size = asked->request.size,
		.slot_id = asked_slot_id(asked),
		.hva = asked->request.size ? asked->request.hva : 0,
		.seq = asked->seq,
		.views = 1U << CHECK_TRACED,
		.cause = FINDING_NO_CAUSE,
	};

	/* a range that wraps is for the sentence only */
	if (finding.size && finding.gpa + (finding.size - 1) < finding.gpa) {
		finding.gpa = 0;
		finding.size = 0;
	}
	return finding;
}

static void blame(struct verdict *verdict, size_t at, struct asked *asked)
{
	struct finding finding = finding_of(asked, FINDING_IGNORED_FAILURE);
	char why[640];
	char what[512];

	if (asked->finding == FINDING_NO_CAUSE) {
		say_request(what, sizeof(what), asked);
		say_why(why, sizeof(why), verdict, asked);
		finding.views |= 1U << CHECK_MODEL;
		asked->finding = verdict_add(
			verdict, &finding,
			"%s, and the VMM carried on as if it had worked%s",
			what, why);
	}
	if (!verdict->nomem)
		verdict->found->items[at].cause = asked->finding;
}

static void say_refused(struct verdict *verdict, const struct asked *asked)
{
	struct finding finding = finding_of(asked, FINDING_REFUSED);
	char why[640];
	char what[512];

	say_request(what, sizeof(what), asked);
	say_why(why, sizeof(why), verdict, asked);
	verdict_add(verdict, &finding, "%s%s", what, why);
}

static void say_unread_ones(struct verdict *verdict)
{
	const struct slot_log *log = verdict->input->log;
	const struct slot_event *event;
	struct finding finding = { .id = FINDING_REFUSED,
				   .slot_id = -1,
				   .views = 1U << CHECK_TRACED,
				   .cause = FINDING_NO_CAUSE };

	for (size_t i = 0; i < log->nr; i++) {
		event = &log->events[i];
		if (event->type != SLOT_EVENT_REQUEST ||
		    event->serial != verdict->input->serial ||
		    !event->request.unread || !event->request.result)
			continue;
		finding.seq = event->seq;
		verdict_add(verdict, &finding,
			    "request #%" PRIu64 " failed with %s; what it "
			    "asked for could not be read",
			    event->seq, SAY_ERRNO(event->request.result));
	}
}

void check_requests(struct verdict *verdict)
{
	const struct check_input *input = verdict->input;
	struct asked_list failed = { 0 };
	struct asked_list done = { 0 };
	struct asked *asked;
	size_t nr;

	if (!input->log || verdict->nomem)
		return;
	if (asked_collect(&failed, input->log, input->serial, true) ||
	    asked_collect(&done, input->log, input->serial, false) ||
	    (failed.nr && asked_explain(&failed, input->log, input->serial,
					input->limits))) {
		verdict->nomem = true;
		goto out;
	}
	nr = verdict->found->nr;
	for (size_t i = 0; i < nr && failed.nr; i++) {
		if (!may_follow(&verdict->found->items[i]))
			continue;
		asked = cause_of(&verdict->found->items[i], &failed, &done);
		if (asked)
			blame(verdict, i, asked);
	}
	for (size_t i = 0; i < failed.nr; i++) {
		if (failed.items[i].finding == FINDING_NO_CAUSE)
			say_refused(verdict, &failed.items[i]);
	}
	say_unread_ones(verdict);
out:
	asked_deinit(&failed);
	asked_deinit(&done);
}
