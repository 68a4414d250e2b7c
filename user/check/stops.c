// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a vCPU does not go on: the way of the address that it left the guest for */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/why.h>

#include "base/grow.h"
#include "base/size_text.h"
#include "check/comparison.h"
#include "check/footing.h"
#include "check/last_words.h"
#include "check/say.h"

/* Of KVM's ABI: KVM_MEMORY_EXIT_FLAG_PRIVATE, KVM_MEMORY_ATTRIBUTE_PRIVATE */
#define FAULT_PRIVATE	  (1ULL << 3)
#define ATTRIBUTE_PRIVATE (1ULL << 3)

/* What a chain is told of */
#define PAGE 4096ULL

static struct stop *stop_of(struct stops *stops, int32_t vcpu)
{
	struct stop *items;

	for (size_t i = 0; i < stops->nr; i++)
		if (stops->items[i].vcpu == vcpu)
			return &stops->items[i];
	items = grown(stops->items, stops->nr, &stops->cap, sizeof(*items));
	if (!items)
		return NULL;
	stops->items = items;
	items[stops->nr] = (struct stop){ .vcpu = vcpu };
	return &items[stops->nr++];
}

/* An address was private, or shared, otherwise than it was touched: that is answered */
static void take_attributes(struct stops *stops, const struct slot_event *event)
{
	const struct slot_call *call = &event->kvm_call;
	struct stop *stop;

	if (call->kind != SLOT_CALL_ATTRIBUTES || call->unread || call->result)
		return;
	for (size_t i = 0; i < stops->nr; i++) {
		stop = &stops->items[i];
		if (stop->has_exit &&
		    stop->exit.reason == SLOT_EXIT_MEMORY_FAULT &&
		    stop->exit.gpa >= call->start &&
		    stop->exit.gpa - call->start < call->size)
			stop->went_on = true;
	}
}

/* It stands before the exit that it makes; or it waits until it is served */
static int take_fault(struct stops *stops, const struct slot_event *event)
{
	const struct slot_fault *fault = &event->fault;
	struct stop *stop = fault->vcpu >= 0 ? stop_of(stops, fault->vcpu) :
					       NULL;

	if (!stop)
		return fault->vcpu >= 0 ? -ENOMEM : 0;
	stop->gpa_known = fault->gpa != SLOT_GPA_UNKNOWN &&
			  fault->kind != SLOT_FAULT_SERVED;
	stop->gpa = fault->gpa;
	if (fault->kind == SLOT_FAULT_FAILED)
		return 0;
	stop->asleep = fault->kind == SLOT_FAULT_WAITS && fault->uffd;
	stop->event = event;
	stop->has_exit = false;
	stop->went_on = fault->kind == SLOT_FAULT_SERVED;
	return 0;
}

static void take_exit(struct stop *stop, const struct slot_event *event)
{
	stop->has_exit = true;
	stop->exit = event->exit;
	/* KVM_RUN's errno comes without an address: the fault before it has that */
	if (event->exit.reason == SLOT_EXIT_ERRNO && stop->gpa_known)
		stop->exit.gpa = stop->gpa;
	stop->gpa_known = false;
	stop->asleep = false;
	stop->event = event;
	stop->went_on = false;
}

static int take_event(struct stops *stops, const struct slot_event *event)
{
	struct stop *stop;

	switch (event->type) {
	case SLOT_EVENT_EXIT:
		stop = stop_of(stops, event->exit.vcpu);
		if (!stop)
			return -ENOMEM;
		take_exit(stop, event);
		return 0;
	case SLOT_EVENT_FAULT:
		return take_fault(stops, event);
	case SLOT_EVENT_VCPU:
		if (event->vcpu.kind == SLOT_VCPU_CREATE &&
		    event->vcpu.result < 0)
			return 0;
		stop = stop_of(stops, (int32_t)event->vcpu.id);
		if (stop && event->vcpu.kind == SLOT_VCPU_ENTER)
			stop->went_on = true;
		return stop ? 0 : -ENOMEM;
	case SLOT_EVENT_CALL:
		take_attributes(stops, event);
		return 0;
	default:
		return 0;
	}
}

/* What it is now stands above what was told of it before */
static int take_word(struct stops *stops, const struct vcpu_word *word)
{
	struct stop *stop = stop_of(stops, word->id);

	if (!stop)
		return -ENOMEM;
	stop->where = word->where;
	stop->tid = word->tid;
	stop->asleep = word->asleep;
	if (word->where == VCPU_IN_RUN)
		stop->went_on = true;
	/* The log's has rip and errno, too */
	if (word->has_exit && !stop->has_exit) {
		stop->has_exit = true;
		stop->exit = word->exit;
	}
	return 0;
}

static int by_vcpu(const void *a, const void *b)
{
	const struct stop *x = a, *y = b;

	return (x->vcpu > y->vcpu) - (x->vcpu < y->vcpu);
}

/* The chain, link by link, as it is told */
struct telling {
	const struct comparison *c;
	struct stop *stop;
	char text[768];
};

static void say(struct telling *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct telling *t, const char *fmt, ...)
{
	const size_t len = strlen(t->text);
	va_list ap;

	if (len)
		snprintf(t->text + len, sizeof(t->text) - len, "; ");
	va_start(ap, fmt);
	vsnprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text),
		  fmt, ap);
	va_end(ap);
}

/* Is there a view that tells what is meant, and may be believed here? */
static bool find_meant(struct telling *t, const char **name)
{
	const struct comparison *c = t->c;
	const struct slot_state *state;

	for (size_t view = 0; view < c->input->nr_views; view++) {
		if (!(comparison_party(c, view)->traits & PARTY_MEANS) ||
		    !comparison_covers(c, view, 0))
			continue;
		state = comparison_state(c, view);
		if (coverage_is_blind(&state->coverage, 0, t->stop->gpa))
			continue;
		*name = comparison_party(c, view)->name;
		t->stop->meant = slot_state_find(state, 0, t->stop->gpa);
		return t->stop->meant || c->views[view].absence;
	}
	return false;
}

static bool has_gpa(const struct slot *slot, gpa_t gpa)
{
	return slot->size && !slot->as_id && !slot->hidden &&
	       gpa >= slot->gpa && gpa <= slot_last(slot);
}

static bool asks_for_gpa(const struct slot_request *request, gpa_t gpa)
{
	return !request->unread && request->result && !(request->slot >> 16) &&
	       gpa >= request->gpa && gpa - request->gpa < request->size;
}

/*
 * The change that took the slot from there, if that was the last of all, or a request that
 * would have brought one back was refused. Else what came instead was meant: registers of
 * a device, put where RAM was.
 */
static const struct slot_event *taken_away(const struct telling *t)
{
	const struct check_input *input = t->c->input;
	const struct slot_event *taken = NULL, *event;
	bool last = false, refused = false;

	for (size_t i = 0; input->log && i < input->log->nr; i++) {
		event = &input->log->events[i];
		if (event->serial != input->serial || event == t->stop->event)
			continue;
		if (event->type == SLOT_EVENT_REQUEST)
			refused |= asks_for_gpa(&event->request, t->stop->gpa);
		if (event->type != SLOT_EVENT_CHANGE || event->change.result)
			continue;
		last = has_gpa(&event->change.before, t->stop->gpa) &&
		       !has_gpa(&event->change.after, t->stop->gpa);
		if (last) {
			taken = event;
			refused = false;
		}
	}
	return last || refused ? taken : NULL;
}

/* Of a VMM that is dead nobody tells what it meant: what was there tells */
static enum chain_link gone_link(struct telling *t)
{
	const struct slot_event *taken =
		t->c->input->end && t->stop->has_exit &&
				t->stop->exit.reason == SLOT_EXIT_MMIO ?
			taken_away(t) :
			NULL;
	struct last_words words;

	if (!taken)
		return LINK_SLOT;
	last_words_of(&words, t->c->input->log, t->c->input->serial);
	t->stop->gone = words.mmio && t->stop->event &&
			words.registers.seq == t->stop->event->seq &&
			last_words_stopped(&words, t->c->input->end);
	say(t,
	    "slot %d was there until event #%" PRIu64 " of thread %d took it",
	    taken->change.before.id, taken->seq, taken->tid);
	return LINK_SLOT;
}

/* LINK_WHOLE: go on with what lies under the slot */
static enum chain_link slot_link(struct telling *t)
{
	struct stop *stop = t->stop;
	const char *means = NULL, *holds;
	const struct slot_state *state;
	const bool known = find_meant(t, &means);
	size_t view;

	if (known && stop->meant)
		say(t, "%s has %s+0x%" PRIx64 " there", means,
		    SAY_WHAT(stop->meant),
		    stop->meant->offset + (stop->gpa - stop->meant->gpa));
	else if (known)
		say(t, "%s has no RAM there", means);
	state = comparison_holder(t->c, &view);
	if (!state || !comparison_covers(t->c, view, 0) ||
	    coverage_is_blind(&state->coverage, 0, stop->gpa)) {
		say(t, "no view tells which slot there is");
		return LINK_UNKNOWN;
	}
	holds = comparison_party(t->c, view)->name;
	stop->slot = slot_state_find(state, 0, stop->gpa);
	if (!stop->slot || stop->slot->flags & SLOT_INVALID) {
		say(t, "%s has no slot there", holds);
		if (known)
			return stop->meant ? LINK_SLOT : LINK_MEANT;
		return gone_link(t);
	}
	say(t, "%s has slot %d, of %s, there", holds, stop->slot->id,
	    SAY_RANGE(stop->slot->gpa, stop->slot->size));
	if (stop->exit.write && stop->slot->flags & SLOT_READONLY) {
		say(t, "it is read-only, and the guest wrote");
		return LINK_READONLY;
	}
	if (state->coverage.fields & ~stop->slot->unknown & SLOT_FIELD_HVA)
		stop->hva = stop->slot->hva + (stop->gpa - stop->slot->gpa);
	return LINK_WHOLE;
}

/* The last word on the page in the log; -1: there is none */
static int attribute_of(const struct telling *t)
{
	const struct check_input *input = t->c->input;
	const struct slot_call *call;
	int private = -1;

	for (size_t i = 0; input->log && i < input->log->nr; i++) {
		call = &input->log->events[i].kvm_call;
		if (input->log->events[i].type != SLOT_EVENT_CALL ||
		    input->log->events[i].serial != input->serial ||
		    call->kind != SLOT_CALL_ATTRIBUTES || call->unread ||
		    call->result || t->stop->gpa < call->start ||
		    t->stop->gpa - call->start >= call->size)
			continue;
		private = !!(call->flags & ATTRIBUTE_PRIVATE);
	}
	return private;
}

static enum chain_link attribute_link(struct telling *t)
{
	const struct stop *stop = t->stop;
	const bool private = stop->exit.flags & FAULT_PRIVATE;
	int attribute;

	if (!stop->has_exit || stop->exit.reason != SLOT_EXIT_MEMORY_FAULT)
		return LINK_WHOLE;
	attribute = attribute_of(t);
	if (private && !(stop->slot->flags & SLOT_GUEST_MEMFD)) {
		say(t, "the guest touched it as private memory, and the slot "
		       "has no guest_memfd");
		return LINK_ATTRIBUTE;
	}
	if (attribute >= 0 && attribute != private) {
		say(t,
		    "the guest touched it as %s memory, and its attribute "
		    "says %s",
		    private ? "private" : "shared",
		    attribute ? "private" : "shared");
		return LINK_ATTRIBUTE;
	}
	if (private && stop->slot->gmem == SLOT_GMEM_CLOSED) {
		say(t, "its guest_memfd was closed");
		return LINK_FILE;
	}
	return LINK_WHOLE;
}

static enum chain_link ground_link(struct telling *t)
{
	const struct check_input *input = t->c->input;
	struct stop *stop = t->stop;
	const hva_t page = stop->hva & ~(PAGE - 1);
	struct footing_walk walk = { .writes = !(stop->slot->flags &
						 SLOT_READONLY),
				     .next = page,
				     .last = page + (PAGE - 1) };
	struct footing piece;

	for (size_t view = 0; view < input->nr_views; view++)
		if (input->views[view].map)
			walk.map = input->views[view].map;
	if (!walk.map || !stop->hva) {
		say(t, "no view tells what lies under it");
		return LINK_UNKNOWN;
	}
	if (!footing_next(&walk, &piece))
		return LINK_UNKNOWN;
	switch (piece.kind) {
	case FOOTING_NOTHING:
		say(t, "nothing is mapped at its host address 0x%" PRIx64,
		    stop->hva);
		return LINK_MAPPING;
	case FOOTING_BEYOND:
		say(t,
		    "its host address 0x%" PRIx64 " is beyond the end of "
		    "%.160s, at %s",
		    stop->hva, range_name_of(piece.range),
		    SIZE_IN_TEXT(piece.range->reach));
		return LINK_FILE;
	case FOOTING_UNREADABLE:
	case FOOTING_UNWRITABLE:
		say(t, "its host address 0x%" PRIx64 " (%.160s) may not be %s",
		    stop->hva, range_name_of(piece.range),
		    piece.kind == FOOTING_UNREADABLE ? "read" : "written");
		return LINK_RIGHTS;
	case FOOTING_UNKNOWN:
		say(t, "the memory map was cut off before its host address");
		return LINK_UNKNOWN;
	default:
		break;
	}
	say(t, "its host address 0x%" PRIx64 " is mapped (%.160s)", stop->hva,
	    range_name_of(piece.range));
	return piece.sure ? LINK_WHOLE : LINK_UNKNOWN;
}

static enum chain_link stage2_link(struct telling *t)
{
	const struct check_input *input = t->c->input;
	const struct stage2_audit *audit;
	const struct stage2_fault *fault;

	for (size_t view = 0; view < input->nr_views; view++) {
		audit = input->views[view].stage2;
		for (size_t i = 0; audit && i < audit->nr; i++) {
			fault = &audit->faults[i];
			if (fault->as_id || t->stop->gpa < fault->gpa ||
			    t->stop->gpa - fault->gpa >= fault->size)
				continue;
			say(t, "KVM's page tables have another page there");
			return LINK_STAGE2;
		}
	}
	return LINK_WHOLE;
}

/* Each link is told, up to the one that breaks */
static enum chain_link follow(struct telling *t)
{
	enum chain_link link = slot_link(t);

	if (link == LINK_WHOLE)
		link = attribute_link(t);
	if (link == LINK_WHOLE && t->stop->asleep) {
		say(t, "it is registered with userfaultfd, and nobody has "
		       "brought the page");
		return LINK_BROUGHT;
	}
	if (link == LINK_WHOLE)
		link = ground_link(t);
	if (link == LINK_WHOLE)
		link = stage2_link(t);
	return link;
}

static void find_gpa(struct stop *stop)
{
	/* Where it waits, or not even that */
	if (stop->asleep || !stop->has_exit)
		return;
	stop->gpa_known = false;
	switch (stop->exit.reason) {
	case SLOT_EXIT_MMIO:
	case SLOT_EXIT_MEMORY_FAULT:
		stop->gpa = stop->exit.gpa;
		stop->gpa_known = true;
		break;
	case SLOT_EXIT_INTERNAL_ERROR:
		/* Without paging the guest fetches from there */
		stop->gpa = stop->exit.rip;
		stop->gpa_known = stop->exit.rip;
		break;
	case SLOT_EXIT_ERRNO:
		stop->gpa = stop->exit.gpa;
		stop->gpa_known = stop->exit.gpa;
		break;
	default:
		break;
	}
}

/*
 * Registers are meant to be no memory: an exit for them is no stop, but where memory is
 * meant, or was until a moment before its VMM died. An internal error
 * is for what memory is only where there is none; a triple fault may be anything.
 */
static bool cannot_go_on(const struct stop *stop)
{
	if (stop->asleep && stop->breaks == LINK_BROUGHT)
		return true;
	if (!stop->has_exit)
		return false;
	switch (stop->exit.reason) {
	case SLOT_EXIT_MMIO:
		return stop->breaks == LINK_SLOT && (stop->meant || stop->gone);
	case SLOT_EXIT_MEMORY_FAULT:
		return !stop->went_on;
	case SLOT_EXIT_INTERNAL_ERROR:
		return !stop->went_on && (stop->breaks == LINK_SLOT ||
					  stop->breaks == LINK_MEANT);
	case SLOT_EXIT_ERRNO:
		return !stop->went_on && stop->exit.result == -EFAULT;
	default:
		return false;
	}
}

static int judge(const struct comparison *c, struct stop *stop)
{
	struct telling t = { .c = c, .stop = stop };

	find_gpa(stop);
	if (stop->gpa_known)
		stop->breaks = follow(&t);
	stop->cannot = cannot_go_on(stop);
	stop->chain = strdup(t.text);
	return stop->chain ? 0 : -ENOMEM;
}

int stops_find(const struct comparison *c, struct stops *out)
{
	const struct check_input *input = c->input;
	const struct slot_log *log = input->log;
	int ret = 0;

	*out = (struct stops){ 0 };
	for (size_t i = 0; log && i < log->nr && !ret; i++)
		if (log->events[i].serial == input->serial)
			ret = take_event(out, &log->events[i]);
	for (size_t i = 0; i < input->nr_vcpus && !ret; i++)
		ret = take_word(out, &input->vcpus[i]);
	if (out->nr > 1)
		qsort(out->items, out->nr, sizeof(*out->items), by_vcpu);
	for (size_t i = 0; i < out->nr && !ret; i++)
		ret = judge(c, &out->items[i]);
	return ret;
}

void stops_deinit(struct stops *stops)
{
	for (size_t i = 0; i < stops->nr; i++)
		free(stops->items[i].chain);
	free(stops->items);
	*stops = (struct stops){ 0 };
}

const char *chain_link_name(enum chain_link link)
{
	static const char *const names[CHAIN_LINKS] = {
		[LINK_UNKNOWN] = "unknown",	[LINK_WHOLE] = "whole",
		[LINK_MEANT] = "meant",		[LINK_SLOT] = "slot",
		[LINK_READONLY] = "read-only",	[LINK_ATTRIBUTE] = "attribute",
		[LINK_MAPPING] = "mapping",	[LINK_RIGHTS] = "rights",
		[LINK_FILE] = "file",		[LINK_STAGE2] = "stage2",
		[LINK_BROUGHT] = "userfaultfd",
	};

	return names[link];
}

static void say_exit(char *buf, size_t size, const struct slot_exit *exit)
{
	switch (exit->reason) {
	case SLOT_EXIT_MMIO:
		snprintf(buf, size,
			 "it left the guest to %s 0x%" PRIx64
			 " as registers (KVM_EXIT_MMIO)",
			 exit->write ? "write to" : "read", exit->gpa);
		break;
	case SLOT_EXIT_MEMORY_FAULT:
		snprintf(buf, size,
			 "it left the guest for 0x%" PRIx64
			 ", touched as %s memory (KVM_EXIT_MEMORY_FAULT)",
			 exit->gpa,
			 exit->flags & FAULT_PRIVATE ? "private" : "shared");
		break;
	case SLOT_EXIT_INTERNAL_ERROR:
		snprintf(buf, size,
			 "KVM could not go on (KVM_EXIT_INTERNAL_ERROR, "
			 "suberror %" PRIu64 "%s)",
			 exit->flags,
			 exit->flags == 1 ? ": emulation failed" : "");
		break;
	case SLOT_EXIT_SHUTDOWN:
		snprintf(buf, size,
			 "the guest had a triple fault (KVM_EXIT_SHUTDOWN)");
		break;
	default:
		snprintf(buf, size, "KVM_RUN failed with %s",
			 SAY_ERRNO(exit->result));
		if (exit->gpa)
			snprintf(buf + strlen(buf), size - strlen(buf),
				 " on guest address 0x%" PRIx64, exit->gpa);
		break;
	}
}

const char *stop_say(char buf[STOP_SAY_MAX], const struct stop *stop)
{
	if (stop->asleep)
		snprintf(buf, STOP_SAY_MAX,
			 "it sleeps until a page is brought (userfaultfd)");
	else if (stop->has_exit)
		say_exit(buf, STOP_SAY_MAX, &stop->exit);
	else if (stop->where == VCPU_IN_RUN)
		snprintf(buf, STOP_SAY_MAX,
			 "it is in the guest, or waits for "
			 "an interrupt (KVM_RUN)");
	else if (stop->where == VCPU_OUTSIDE)
		snprintf(buf, STOP_SAY_MAX, "its VMM does not run it");
	else
		snprintf(buf, STOP_SAY_MAX, "nothing is known of it");
	if (stop->has_exit && stop->exit.rip)
		snprintf(buf + strlen(buf), STOP_SAY_MAX - strlen(buf),
			 " at rip 0x%" PRIx64, stop->exit.rip);
	return buf;
}
