// SPDX-License-Identifier: GPL-2.0-or-later
/* Telling the observer; see struct memory_observer. */
#include "memory/observe.h"

void observe(const struct memory_model *model, const struct memory_event *event,
	     bool end)
{
	const struct memory_observer *o = model->options.observer;

	if (end)
		o->end(o->opaque, event);
	else
		o->begin(o->opaque, event);
}
