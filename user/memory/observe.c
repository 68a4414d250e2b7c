// SPDX-License-Identifier: GPL-2.0-or-later
/* Telling the observer; see struct memory_observer. */
#include "memory/private.h"

void observe(const struct memory_model *model, const struct memory_event *event,
	     bool end)
{
	const struct memory_observer *o = model->options.observer;

	if (end)
		o->end(o->opaque, event);
	else
		o->begin(o->opaque, event);
}

void observe_listener(const struct memory_listener *listener,
		      const char *callback,
		      const struct memory_region_section *section, bool end)
{
	const struct memory_event event = {
		.kind = MEMORY_EVENT_CALL,
		.as = listener->as,
		.listener = listener,
		.callback = callback,
		.section = section,
	};

	observe(listener->as->model, &event, end);
}
