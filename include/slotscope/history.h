/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Since when is it so, by whom, and what came of it: the log laid beside what
 * crosscheck() found. Pure, as that is.
 *
 *	if (history(&comparison, now_ns, &stories))
 *		out of memory
 *	stories.items[i] is that of comparison.findings.items[i]
 *
 * A story tells of what KVM has: since when a range is as it is. When the VMM
 * came to mean something else there is in no log.
 */
#ifndef SLOTSCOPE_HISTORY_H
#define SLOTSCOPE_HISTORY_H

#include <slotscope/check.h>

#ifdef __cplusplus
extern "C" {
#endif

enum story_since {
	SINCE_NOWHEN,	/* it is nothing that began: a view could not be read */
	SINCE_EVENT,	/* @event made it so */
	SINCE_CREATION, /* never otherwise since @event, which made the VM */
	SINCE_BEFORE,	/* no event in all that is there: since before that */
	SINCE_UNKNOWN,	/* events were lost, or such things are not traced */
};

/* What came of a request that was refused */
enum story_outcome {
	OUTCOME_NONE, /* the finding is of no refused request */
	OUTCOME_OPEN, /* nothing in the log says */
	OUTCOME_RETRIED, /* harmless: asked again for this slot, and granted: @after */
	OUTCOME_AROUND, /* harmless: the whole range came by other slots: @after */
	OUTCOME_WITHOUT, /* harmless: the VMM does not mean anything there */
	OUTCOME_IGNORED, /* the cause of what is missing */
	OUTCOME_FATAL,	 /* the VMM died of it */
};

#define STORY_LAST 3

/**
 * struct story - of one finding; all is borrowed from the log
 * @since:   how far @event tells when it began
 * @event:   what made it so: a change, a request, the VM's creation; NULL if none
 *	     did that was seen. With SINCE_UNKNOWN the last that is known
 * @before:  with SINCE_BEFORE: older events than this number are not kept; 0: none were
 *	     left out, it was so before tracing began
 * @ago_ns:  from its beginning to now; 0 without
 * @was:     the slot that was there before that; of size 0 if there was none
 * @outcome: of a refused request
 * @after:   with OUTCOME_RETRIED and OUTCOME_AROUND: the request that was granted
 * @other:   what made finding->other; NULL: not seen
 * @last:    of a fatal refusal: the last changes before it, the latest first
 * @nr_last: their number
 */
struct story {
	enum story_since since;
	const struct slot_event *event;
	uint64_t before;
	uint64_t ago_ns;
	struct slot was;
	enum story_outcome outcome;
	const struct slot_event *after;
	const struct slot_event *other;
	const struct slot_event *last[STORY_LAST];
	size_t nr_last;
};

/**
 * struct stories - one a finding, in the same order
 * @now_ns: CLOCK_MONOTONIC of the moment that is told of
 */
struct stories {
	struct story *items;
	size_t nr;
	uint64_t now_ns;
};

/**
 * history() - the stories of all findings
 * @comparison: with its input's log; without one all is SINCE_UNKNOWN
 * @now_ns: CLOCK_MONOTONIC that ages are counted to
 * @out:    initialised here; the caller deinits it, also after an error
 *
 * Costs O((n + m) log n) for a log of n events and m findings.
 *
 * Return: 0 or -ENOMEM.
 */
int history(const struct comparison *comparison, uint64_t now_ns,
	    struct stories *out);

/** stories_deinit() - free them; zero is empty */
void stories_deinit(struct stories *stories);

/** story_since_name() - "event", "creation", ...: as in JSON; NULL: SINCE_NOWHEN */
const char *story_since_name(enum story_since since);
/** story_outcome_name() - "retried", "around", ...; NULL: OUTCOME_NONE */
const char *story_outcome_name(enum story_outcome outcome);

#define STORY_CAUSES 3

/**
 * finding_causes() - how such a finding comes about, the likeliest first
 *
 * Return: STORY_CAUSES sentences without a full stop; NULL where there are less.
 */
const char *const *finding_causes(enum finding_id id);

#define STORY_NEXT_MAX 128

/**
 * finding_next() - the one command to run next
 * @pid: of the VMM; 0: it is not there
 *
 * Return: @buf; NULL: there is none that would tell more.
 */
const char *finding_next(char buf[STORY_NEXT_MAX],
			 const struct finding *finding, pid_t pid);

#define STORY_SAY_MAX 256

/** story_say_event() - "slot 5 deleted (change #17) by thread 812 (qemu)" */
const char *story_say_event(char buf[STORY_SAY_MAX],
			    const struct slot_event *event);

/** story_say_since() - "41 ms before: ..."; NULL: nothing to say */
const char *story_say_since(char buf[STORY_SAY_MAX + 128],
			    const struct story *story);

/** story_say_outcome() - "harmless: ...", or NULL */
const char *story_say_outcome(char buf[STORY_SAY_MAX + 128],
			      const struct story *story);

/** story_say_was() - the slot that was there before, or NULL */
const char *story_say_was(char buf[STORY_SAY_MAX], const struct story *story);

#ifdef __cplusplus
}
#endif

#endif
