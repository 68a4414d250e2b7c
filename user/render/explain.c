// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "render/explain.h"
#include "render/text.h"

#define NUMBER_WIDTH 6 /* "  12  " */
#define SHOWN_MAX    2

static int margin(const struct narrate_event *event)
{
	unsigned int depth = event->depth < 12 ? event->depth : 12;

	return NUMBER_WIDTH + 2 * depth;
}

/* @hang: further lines begin so much to the right */
static void line(struct explain *e, int indent, int hang, const char *head,
		 const char *text)
{
	char first[80];

	snprintf(first, sizeof(first), "%*s%s", indent, "", head);
	text_wrap(e->out, first, indent + hang, text);
}

static void read_on(struct explain *e, int indent,
		    const struct narrate_step *step)
{
	char text[512];

	snprintf(text, sizeof(text), "QEMU 7.2 %s %s()%s%s", step->file,
		 step->function, step->kernel ? "; Linux " : "",
		 step->kernel ? step->kernel : "");
	line(e, indent, 9, "read on: ", text);
}

static void enter(struct explain *e, const struct narrate_event *event)
{
	const struct narrate_step *step = event->step;
	bool first = event->first == event->nr;
	int indent = margin(event);
	char number[NUMBER_WIDTH + 1], head[80], text[400];
	size_t at;

	snprintf(number, sizeof(number), "%4u  ", event->nr);
	snprintf(head, sizeof(head), "%s%*s", number, indent - NUMBER_WIDTH,
		 "");
	at = snprintf(text, sizeof(text), "%s(%s)%s%s", step->function,
		      event->subject, step->part ? ", " : "",
		      step->part ? step->part : "");
	if (first && step->article)
		snprintf(text + at, sizeof(text) - at, " [in articles: %s]",
			 step->article);
	else if (!first)
		snprintf(text + at, sizeof(text) - at, " [as step %u%s]",
			 event->first, event->folded ? ", in short" : "");
	if (first)
		fputc('\n', e->out);
	text_wrap(e->out, head, indent + 4, text);
	if (!first)
		return;
	line(e, indent + 2, 0, "", step->says);
	read_on(e, indent + 2, step);
}

/* What was not shown of requests that repeat */
static void sum_up(struct explain *e, const struct narrate_event *event)
{
	char text[256];
	size_t at, i;

	if (!e->more)
		goto out;
	at = snprintf(text, sizeof(text), "... and %u more of %s", e->more,
		      e->request);
	for (i = 0; i < 4 && e->times[i]; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s %u = %ld",
			       i ? "," : ":", e->times[i], e->results[i]);
	line(e, margin(event) + 2, 4, "", text);
out:
	e->request[0] = '\0';
	e->shown = e->more = 0;
	memset(e->times, 0, sizeof(e->times));
}

/* Is @call like those before it, and only to be counted? */
static bool repeats(struct explain *e, const struct narrate_event *event)
{
	const struct narrate_call *call = event->call;
	size_t i;

	if (e->verbose || !call->request ||
	    !strcmp(call->request, "KVM_CHECK_EXTENSION") ||
	    strstr(call->request, "MEMORY_REGION"))
		return false;
	if (strcmp(e->request, call->request) || e->step != event->nr) {
		sum_up(e, event);
		snprintf(e->request, sizeof(e->request), "%s", call->request);
		e->step = event->nr;
	}
	if (e->shown < SHOWN_MAX) {
		e->shown++;
		return false;
	}
	/* Another result than those that there is room for is shown */
	for (i = 0; i < 4; i++)
		if (!e->times[i] || e->results[i] == call->result)
			break;
	if (i == 4)
		return false;
	e->results[i] = call->result;
	e->times[i]++;
	e->more++;
	return true;
}

static void call(struct explain *e, const struct narrate_event *event)
{
	const struct narrate_call *call = event->call;
	char text[640];

	if (repeats(e, event))
		return;
	if (!call->request || strcmp(e->request, call->request))
		sum_up(e, event);
	if (call->error)
		snprintf(text, sizeof(text), "%s = -1 %s (%s)", call->text,
			 strerrorname_np(call->error), strerror(call->error));
	else
		snprintf(text, sizeof(text),
			 call->hex ? "%s = 0x%lx" : "%s = %ld", call->text,
			 call->result);
	line(e, margin(event) + 2, 4, "", text);
}

static void change(struct explain *e, const struct narrate_event *event)
{
	static const char *const hows[] = {
		[NARRATE_MADE] = "new ",
		[NARRATE_CHANGED] = "changed ",
		[NARRATE_GONE] = "gone ",
	};
	const struct narrate_change *change = event->change;
	const struct narrate_diff *d;
	char text[2048], after[32] = "";
	bool first = true;
	size_t at;

	sum_up(e, event);
	if (e->nr != event->nr)
		snprintf(after, sizeof(after), "after %u: ", event->nr);
	at = snprintf(text, sizeof(text),
		      change->named ? "%s%s%s\"%s\":" : "%s%s%s%s:",
		      hows[change->how], change->type,
		      change->name[0] || change->named ? " " : "",
		      change->name);
	for (d = change->diff; d < change->diff + change->nr; d++) {
		if (at >= sizeof(text))
			break;
		if (d->usual)
			continue;
		at += snprintf(text + at, sizeof(text) - at, "%s %s %s%s%s",
			       first ? "" : ",", d->field,
			       d->before ? d->before : "",
			       d->before && d->after ? " -> " : "",
			       d->after ? d->after : "");
		first = false;
	}
	line(e, margin(event) + 2, 4, after, text);
}

void explain_text(struct explain *e, const struct narrate_event *event)
{
	switch (event->kind) {
	case NARRATE_ENTER:
		sum_up(e, event);
		enter(e, event);
		break;
	case NARRATE_CALL:
		call(e, event);
		break;
	case NARRATE_CHANGE:
		change(e, event);
		return;
	case NARRATE_LEAVE:
		sum_up(e, event);
		return;
	}
	e->nr = event->nr;
}
