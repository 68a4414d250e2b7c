// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "check/last_words.h"
#include "check/say.h"

/* It writes messages, perhaps a core; and a VM may take seconds to destroy */
#define DYING_NS 10000000000ULL

static void keep_change(struct last_words *words,
			const struct slot_event *event)
{
	memmove(&words->changes[1], &words->changes[0],
		(LAST_WORDS_CHANGES - 1) * sizeof(*words->changes));
	words->changes[0] = *event;
	if (words->nr < LAST_WORDS_CHANGES)
		words->nr++;
}

/* Another VM of its process: who asks for something lives */
static void take_other(struct last_words *words, const struct slot_event *event)
{
	if (words->refused && event->tgid == words->refusal.tgid &&
	    (event->type == SLOT_EVENT_VM_CREATE ||
	     event->type == SLOT_EVENT_REQUEST))
		words->refused = false;
}

/* It may have been another process than the one that made the VM */
static void take_exit(struct last_words *words, const struct slot_event *event)
{
	if (event->tgid != words->refusal.tgid)
		return;
	words->exit_ns = event->time_ns;
	words->status = event->process_exit.status;
}

void last_words_take(struct last_words *words, const struct slot_event *event)
{
	/* What was lost may have been anything */
	if (event->type == SLOT_EVENT_LOST)
		words->refused = false;
	else if (event->type == SLOT_EVENT_PROCESS_EXIT)
		take_exit(words, event);
	else if (event->serial != words->serial)
		take_other(words, event);
	else if (event->type == SLOT_EVENT_VM_DESTROY)
		words->end_ns = event->time_ns;
	else if (event->type == SLOT_EVENT_REQUEST)
		words->refused = event->request.result;
	if (event->serial != words->serial)
		return;
	if (event->type == SLOT_EVENT_REQUEST && event->request.result) {
		words->refusal = *event;
		words->exit_ns = 0; /* a pid that is used again */
	}
	if (event->type == SLOT_EVENT_CHANGE && !event->change.result)
		keep_change(words, event);
}

void last_words_of(struct last_words *words, const struct slot_log *log,
		   uint64_t serial)
{
	*words = (struct last_words){ .serial = serial };
	for (size_t i = 0; i < log->nr; i++)
		last_words_take(words, &log->events[i]);
}

static uint64_t later_ns(const struct last_words *words,
			 const struct vm_end *end)
{
	const uint64_t at = words->exit_ns ? words->exit_ns :
			    words->end_ns  ? words->end_ns :
					     end->at_ns;
	const uint64_t refused =
		words->refusal.time_ns + words->refusal.duration_ns;

	return at > refused ? at - refused : 0;
}

/* How it ended: as somebody saw, who waited for it, or the log; false: not known */
static bool status_of(const struct last_words *words, const struct vm_end *end,
		      int *status)
{
	*status = end->known ? end->status : words->status;
	return end->known || words->exit_ns;
}

/* Somebody else ended it */
static bool was_told(int status)
{
	if (!WIFSIGNALED(status))
		return false;
	switch (WTERMSIG(status)) {
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
	case SIGKILL:
	case SIGPIPE:
		return true;
	default:
		return false;
	}
}

bool last_words_refused(const struct last_words *words,
			const struct vm_end *end)
{
	int status;

	if (!words->refused || !end || later_ns(words, end) > DYING_NS)
		return false;
	if (!status_of(words, end, &status))
		return words->end_ns;
	return status && !was_told(status);
}

bool last_words_fatal(const struct last_words *words, const struct vm_end *end)
{
	int status;

	return last_words_refused(words, end) && status_of(words, end, &status);
}

const char *last_words_say_end(char *buf, size_t size,
			       const struct last_words *words,
			       const struct vm_end *end)
{
	const bool dated = words->refusal.time_ns;
	const char *when = dated ? SAY_TIME(later_ns(words, end)) : "";
	const char *later = dated ? " later" : "then";
	int status;

	if (!status_of(words, end, &status))
		snprintf(buf, size,
			 "%s%s its VM was gone; how its process ended is "
			 "not known",
			 when, later);
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "%s%s it died of signal %d (SIG%s)", when,
			 later, WTERMSIG(status),
			 sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(buf, size, "%s%s it ended with status %d", when, later,
			 WEXITSTATUS(status));
	return buf;
}
