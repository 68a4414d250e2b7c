/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the observer; see struct memory_observer */
#ifndef SLOTSCOPE_MEMORY_OBSERVE_H
#define SLOTSCOPE_MEMORY_OBSERVE_H

#include <slotscope/memory.h>

#include "memory/model.h"

void observe(const struct memory_model *model, const struct memory_event *event,
	     bool end);

/* Without an observer nothing is spent on it but a test */
static inline void observe_begin(const struct memory_model *model,
				 const struct memory_event *event)
{
	if (model->options.observer)
		observe(model, event, false);
}

static inline void observe_end(const struct memory_model *model,
			       const struct memory_event *event)
{
	if (model->options.observer)
		observe(model, event, true);
}

#endif
