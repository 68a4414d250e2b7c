// SPDX-License-Identifier: GPL-2.0-or-later
/* vCPUs that cannot go on, each under what is wrong with the memory that it touched */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <slotscope/why.h>

#include "check/comparison.h"
#include "check/last_words.h"
#include "check/say.h"

/* Which findings are what breaks a link */
static bool breaks_it(enum chain_link link, enum finding_id id)
{
	switch (link) {
	case LINK_SLOT:
		return id == FINDING_MISSING || id == FINDING_MOVED ||
		       id == FINDING_EXTENT || id == FINDING_AS_ID ||
		       id == FINDING_FATAL_REFUSAL;
	case LINK_READONLY:
		return id == FINDING_FLAGS;
	case LINK_MAPPING:
	case LINK_FILE:
		return id == FINDING_UNBACKED;
	case LINK_RIGHTS:
		return id == FINDING_PERMS;
	case LINK_STAGE2:
		return id == FINDING_STAGE2;
	default:
		return false;
	}
}

static size_t cause_of(const struct comparison *c, const struct stop *stop)
{
	const struct finding *finding;

	for (size_t i = 0; i < c->findings.nr; i++) {
		finding = &c->findings.items[i];
		if (finding->size && !finding->as_id &&
		    breaks_it(stop->breaks, finding->id) &&
		    stop->gpa >= finding->gpa &&
		    stop->gpa - finding->gpa < finding->size)
			return i;
	}
	return FINDING_NO_CAUSE;
}

/* ", and 3 ms later ...": of a VMM that ended after it */
static void say_end(const struct comparison *c, const struct stop *stop,
		    char *buf, size_t size)
{
	const struct vm_end *end = c->input->end;
	struct last_words words;

	buf[0] = '\0';
	if (!end || !stop->event)
		return;
	last_words_of(&words, c->input->log, c->input->serial);
	snprintf(buf, size, ". ");
	last_words_say_end(buf + 2, size - 2, &words, stop->event, end);
}

static void add(struct comparison *c, const struct stop *stop)
{
	struct finding finding = { .id = FINDING_STOPPED,
				   .slot_id = stop->slot ? stop->slot->id : -1,
				   .hva = stop->hva,
				   .seq = stop->event ? stop->event->seq : 0,
				   .cause = cause_of(c, stop) };
	char words[STOP_SAY_MAX], end[160];

	if (stop->gpa_known) {
		finding.gpa = stop->gpa & ~(c->page_size - 1);
		finding.size = c->page_size;
		finding.views = comparison_views_with(c, PARTY_HOLDS);
	}
	say_end(c, stop, end, sizeof(end));
	comparison_add(c, &finding, "vCPU %d: %s%s%s%s", stop->vcpu,
		       stop_say(words, stop),
		       stop->chain[0] ? ": " :
					"; on which guest address is not known",
		       stop->chain, end);
}

void check_stopped(struct comparison *c)
{
	struct stops stops;

	if (c->nomem)
		return;
	if (stops_find(c, &stops))
		c->nomem = true;
	for (size_t i = 0; i < stops.nr && !c->nomem; i++)
		if (stops.items[i].cannot)
			add(c, &stops.items[i]);
	stops_deinit(&stops);
}
