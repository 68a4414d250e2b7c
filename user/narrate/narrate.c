// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "narrate/fields.h"

bool narrate_on;

/*
 * One for the process, as a tracepoint is: what is told of is the process's one
 * VM, and a pointer to be handed down everywhere would be known to everything.
 */
static struct {
	pthread_mutex_t lock; /* guards the rest, and orders what is told */
	const struct narrator *narrator;
	unsigned int nr;
	unsigned int first[NR_NARRATE];
} story = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Where this thread is */
static _Thread_local struct {
	unsigned int nr;
	unsigned int depth;
	unsigned int
		folded; /* within so many steps that are not told in detail */
	enum narrate_id id;
} here;

void narrate_to(const struct narrator *narrator)
{
	size_t i;

	pthread_mutex_lock(&story.lock);
	story.narrator = narrator;
	story.nr = 0;
	for (i = 0; i < NR_NARRATE; i++)
		story.first[i] = 0;
	pthread_mutex_unlock(&story.lock);
	__atomic_store_n(&narrate_on, narrator != NULL, __ATOMIC_RELEASE);
}

void narrate_end(void)
{
	__atomic_store_n(&narrate_on, false, __ATOMIC_RELEASE);
}

static void tell(struct narrate_event *event)
{
	if (story.narrator)
		story.narrator->tell(story.narrator->opaque, event);
}

/* Of the step that this thread is in */
static struct narrate_event event_here(enum narrate_kind kind)
{
	return (struct narrate_event){
		.kind = kind,
		.nr = here.nr,
		.depth = here.nr ? here.depth - 1 : 0,
		.step = here.nr ? &narrate_steps[here.id] : NULL,
		.subject = "",
		.first = here.nr ? story.first[here.id] : 0,
	};
}

static void tell_change(void *opaque, const struct narrate_change *change)
{
	struct narrate_event event = event_here(NARRATE_CHANGE);

	event.change = change;
	tell(&event);
}

static void tell_folded(void *opaque, const struct narrate_change *change)
{
	struct narrate_event event = event_here(NARRATE_CHANGE);

	event.folded = true;
	event.change = change;
	tell(&event);
}

/* Is it told of what is within folded steps? */
static bool is_whole(void)
{
	bool whole;

	pthread_mutex_lock(&story.lock);
	whole = story.narrator && story.narrator->whole;
	pthread_mutex_unlock(&story.lock);
	return whole;
}

/* A scope within a folded step, which has no number: what it changed */
static void leave_folded(struct narrate_scope *scope)
{
	struct narrate_fields *after;

	if (narrating() && scope->before) {
		after = narrate_list(scope->watch, scope->object);
		pthread_mutex_lock(&story.lock);
		narrate_compare(scope->before, after, tell_folded, NULL);
		pthread_mutex_unlock(&story.lock);
		narrate_fields_free(after);
	}
	narrate_fields_free(scope->before);
}

struct narrate_scope narrate_enter(enum narrate_id id, narrate_watch *watch,
				   const void *object, const char *fmt, ...)
{
	struct narrate_scope scope = { .in = here.nr, .outer = here.id };
	struct narrate_event event;
	char subject[160];
	va_list ap;

	/* Who comes in while nobody listens is not told of when it leaves */
	if (narrating() && here.folded && is_whole()) {
		scope.watch = watch;
		scope.object = object;
		scope.before = narrate_list(watch, object);
	}
	if (!narrating() || here.folded)
		return scope;
	va_start(ap, fmt);
	vsnprintf(subject, sizeof(subject), fmt, ap);
	va_end(ap);

	pthread_mutex_lock(&story.lock);
	scope.nr = ++story.nr;
	if (!story.first[id])
		story.first[id] = scope.nr;
	scope.folds = narrate_steps[id].fold && story.first[id] != scope.nr &&
		      !(story.narrator && story.narrator->unfold);
	scope.watch = watch;
	scope.object = object;
	here.nr = scope.nr;
	here.id = id;
	here.depth++;
	here.folded += scope.folds;
	event = event_here(NARRATE_ENTER);
	event.in = scope.in;
	event.subject = subject;
	event.folded = scope.folds;
	tell(&event);
	pthread_mutex_unlock(&story.lock);

	scope.before = narrate_list(watch, object);
	return scope;
}

void narrate_leave(struct narrate_scope *scope)
{
	struct narrate_fields *after;
	struct narrate_event event;
	int saved = errno;

	if (!scope->nr) {
		leave_folded(scope);
		errno = saved;
		return;
	}
	if (narrating()) {
		after = narrate_list(scope->watch, scope->object);
		pthread_mutex_lock(&story.lock);
		narrate_compare(scope->before, after, tell_change, NULL);
		event = event_here(NARRATE_LEAVE);
		event.in = scope->in;
		tell(&event);
		pthread_mutex_unlock(&story.lock);
		narrate_fields_free(after);
	}
	narrate_fields_free(scope->before);
	here.nr = scope->in;
	here.id = scope->outer;
	here.depth--;
	here.folded -= scope->folds;
	errno = saved;
}

void narrate_diff(narrate_watch *watch, const void *before, const void *after)
{
	struct narrate_fields *was, *is;
	const bool folded = here.folded;

	if (!narrating() || (folded && !is_whole()))
		return;
	was = narrate_list(watch, before);
	is = narrate_list(watch, after);
	pthread_mutex_lock(&story.lock);
	narrate_compare(was, is, folded ? tell_folded : tell_change, NULL);
	pthread_mutex_unlock(&story.lock);
	narrate_fields_free(was);
	narrate_fields_free(is);
}

void narrate_call(const struct narrate_call *call)
{
	struct narrate_event event;
	int saved = errno;

	if (!narrating())
		return;
	pthread_mutex_lock(&story.lock);
	event = event_here(NARRATE_CALL);
	event.call = call;
	tell(&event);
	pthread_mutex_unlock(&story.lock);
	errno = saved;
}

void narrate_mmap(void *at, const char *fmt, ...)
{
	struct narrate_call call = { .name = "mmap", .fd = -1, .hex = true };
	char text[256];
	va_list ap;

	if (!narrating())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	call.text = text;
	call.result = (long)at;
	call.error = call.result == -1 ? errno : 0;
	narrate_call(&call);
}
