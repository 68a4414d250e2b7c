// SPDX-License-Identifier: GPL-2.0-or-later
/* MemoryListener: registering, and what a listener is told then. */
#include <stdlib.h>
#include <string.h>

#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/observe.h"
#include "memory/region.h"

/* Ascending priority, the one that came first before its equals */
#define INSERT_SORTED(list, listener, field)                          \
	do {                                                          \
		struct memory_listener *other_;                       \
		TAILQ_FOREACH(other_, list, field)                    \
			if ((listener)->priority < other_->priority)  \
				break;                                \
		if (other_)                                           \
			TAILQ_INSERT_BEFORE(other_, listener, field); \
		else                                                  \
			TAILQ_INSERT_TAIL(list, listener, field);     \
	} while (0)

static bool wants_commits(const struct memory_listener *listener)
{
	return listener->ops->begin || listener->ops->commit;
}

static void insert(struct memory_listener *listener)
{
	struct memory_model *model = listener->as->model;

	INSERT_SORTED(&model->listeners, listener, link);
	INSERT_SORTED(&listener->as->listeners, listener, as_link);
	if (wants_commits(listener))
		INSERT_SORTED(&model->commit_listeners, listener, commit_link);
	if (listener->ops->nop_all) {
		listener->as->nr_nop_all++;
		model->nr_nop_all++;
	}
}

static void tell_log(const struct memory_listener *listener,
		     enum listener_callback callback,
		     const struct memory_region_section *section, uint8_t was,
		     uint8_t is)
{
	const struct listener_call call = {
		.callback = callback,
		.section = section,
		.old_mask = was,
		.new_mask = is,
	};

	listener_call(listener, &call);
}

static void tell_all_there(const struct memory_listener *listener)
{
	const struct flat_view *view = listener->as->view;
	const struct flat_range *range;
	struct memory_region_section section;

	listener_call_plain(listener, LISTENER_BEGIN);
	if (listener->as->model->global_dirty)
		listener_call_plain(listener, LISTENER_LOG_GLOBAL_START);
	flat_view_for_each(range, view) {
		section = section_of(range, listener->as, view);
		listener_call_section(listener, LISTENER_REGION_ADD, &section);
		if (range->dirty_log_mask)
			tell_log(listener, LISTENER_LOG_START, &section, 0,
				 range->dirty_log_mask);
	}
	listener_call_plain(listener, LISTENER_COMMIT);
}

static void tell_all_gone(const struct memory_listener *listener)
{
	const struct flat_view *view = listener->as->view;
	const struct flat_range *range;
	struct memory_region_section section;

	listener_call_plain(listener, LISTENER_BEGIN);
	flat_view_for_each(range, view) {
		section = section_of(range, listener->as, view);
		if (range->dirty_log_mask)
			tell_log(listener, LISTENER_LOG_STOP, &section,
				 range->dirty_log_mask, 0);
		listener_call_section(listener, LISTENER_REGION_DEL, &section);
	}
	listener_call_plain(listener, LISTENER_COMMIT);
}

int memory_listener_register(struct address_space *as, const char *name,
			     int priority,
			     const struct memory_listener_ops *ops,
			     void *opaque, struct memory_listener **out,
			     struct slotscope_error *err)
{
	struct memory_listener *listener = calloc(1, sizeof(*listener));
	struct memory_event event = { .kind = MEMORY_EVENT_LISTEN, .as = as };

	if (!listener)
		goto nomem;
	listener->name = strdup(name ? name : "");
	if (!listener->name)
		goto nomem_name;
	listener->as = as;
	listener->priority = priority;
	listener->ops = ops;
	listener->opaque = opaque;
	/* Before it is told, so that a callback can use it */
	*out = listener;
	event.listener = listener;
	observe_begin(as->model, &event);
	insert(listener);
	event.kind = MEMORY_EVENT_REPLAY;
	observe_begin(as->model, &event);
	tell_all_there(listener);
	observe_end(as->model, &event);
	event.kind = MEMORY_EVENT_LISTEN;
	observe_end(as->model, &event);
	return 0;

nomem_name:
	free(listener);
nomem:
	return error_nomem(err, "register listener", name ? name : "");
}

void memory_listener_free(struct memory_listener *listener)
{
	struct memory_model *model = listener->as->model;

	TAILQ_REMOVE(&model->listeners, listener, link);
	TAILQ_REMOVE(&listener->as->listeners, listener, as_link);
	if (wants_commits(listener))
		TAILQ_REMOVE(&model->commit_listeners, listener, commit_link);
	if (listener->ops->nop_all) {
		listener->as->nr_nop_all--;
		model->nr_nop_all--;
	}
	free(listener->name);
	free(listener);
}

void memory_listener_unregister(struct memory_listener *listener)
{
	if (!listener)
		return;
	tell_all_gone(listener);
	memory_listener_free(listener);
}

const char *memory_listener_name(const struct memory_listener *listener)
{
	return listener->name;
}

int memory_listener_priority(const struct memory_listener *listener)
{
	return listener->priority;
}

struct address_space *
memory_listener_address_space(const struct memory_listener *listener)
{
	return listener->as;
}

struct memory_listener *memory_listener_first(const struct memory_model *model)
{
	return TAILQ_FIRST(&model->listeners);
}

struct memory_listener *
memory_listener_next(const struct memory_listener *listener)
{
	return TAILQ_NEXT(listener, link);
}
