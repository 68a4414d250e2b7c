// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "check/say.h"
#include "check/verdict.h"

bool verdict_covers(const struct verdict *verdict, enum view_source view,
		    uint16_t as_id)
{
	const struct side *side = &verdict->sides[view];

	return side->usable && state_covers(side->state, as_id);
}

const struct slot_state *verdict_holder(const struct verdict *verdict,
					enum view_source *view)
{
	static const enum view_source order[] = { VIEW_KERNEL, VIEW_TRACED };

	for (size_t i = 0; i < 2; i++) {
		*view = order[i];
		if (verdict->sides[*view].usable)
			return verdict->sides[*view].state;
	}
	return NULL;
}

static void add_says(struct verdict *verdict, struct finding *finding)
{
	const struct check_input *input = verdict->input;

	if (!finding->size)
		return;
	for (int view = 0; view < VIEW_SOURCES; view++) {
		if (verdict->sides[view].usable)
			finding->says[view] =
				say_view(input->views[view], finding->as_id,
					 finding->gpa, finding->size);
	}
	if (input->backing && finding->hva)
		finding->says[CHECK_BACKING] = say_backing(
			input->backing, finding->hva, finding->size);
}

size_t verdict_add(struct verdict *verdict, const struct finding *proto,
		   const char *fmt, ...)
{
	struct findings *found = verdict->found;
	struct finding *items;
	struct finding *finding;
	va_list ap;
	int len;

	if (verdict->nomem)
		return FINDING_NO_CAUSE;
	items = grown(found->items, found->nr, &found->cap, sizeof(*items));
	if (!items) {
		verdict->nomem = true;
		return FINDING_NO_CAUSE;
	}
	found->items = items;
	finding = &items[found->nr];
	*finding = *proto;
	memset(finding->says, 0, sizeof(finding->says));
	va_start(ap, fmt);
	len = vasprintf(&finding->sentence, fmt, ap);
	va_end(ap);
	if (len < 0) {
		verdict->nomem = true;
		return FINDING_NO_CAUSE;
	}
	add_says(verdict, finding);
	return found->nr++;
}
