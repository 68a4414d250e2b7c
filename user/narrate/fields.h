/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What watches list, and what differs between two lists. */
#ifndef SLOTSCOPE_NARRATE_FIELDS_H
#define SLOTSCOPE_NARRATE_FIELDS_H

#include "narrate/narrate.h"

/** narrate_list() - what @watch lists now; NULL without memory, or @object */
struct narrate_fields *narrate_list(narrate_watch *watch, const void *object);
void narrate_fields_free(struct narrate_fields *f);

/**
 * narrate_compare() - tell what differs
 * @before: NULL: nothing was there
 * @after:  NULL: nothing is
 * @tell:   called for each structure that is gone; then for each that is new, or
 *	    has changed
 */
void narrate_compare(const struct narrate_fields *before,
		     const struct narrate_fields *after,
		     void (*tell)(void *opaque,
				  const struct narrate_change *change),
		     void *opaque);

#endif
