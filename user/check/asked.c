// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/asked.h"

uint16_t asked_as_id(const struct asked *asked)
{
	return asked->request.slot >> 16;
}

int32_t asked_slot_id(const struct asked *asked)
{
	return asked->request.slot & 0xffff;
}

/* A request may ask for nonsense, such as a range that wraps */
static gpa_t last_of(const struct slot_request *request)
{
	gpa_t last = request->gpa + (request->size - 1);

	return last < request->gpa ? UINT64_MAX : last;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Deletions, which have no range, come last in their address space */
static int by_range(const void *a, const void *b)
{
	const struct asked *x = a;
	const struct asked *y = b;
	const struct slot_request *p = &x->request;
	const struct slot_request *q = &y->request;
	int ret = order(p->slot >> 16, q->slot >> 16);

	ret = ret ? ret : order(!p->size, !q->size);
	ret = ret ? ret : order(p->gpa, q->gpa);
	ret = ret ? ret : order(p->size, q->size);
	ret = ret ? ret : order(p->slot, q->slot);
	ret = ret ? ret : order(p->hva, q->hva);
	ret = ret ? ret : order(p->flags, q->flags);
	ret = ret ? ret : order((uint32_t)p->result, (uint32_t)q->result);
	/* the same words: up to here they make one */
	return ret ? ret : order(x->seq, y->seq);
}

static bool same_words(const struct slot_request *p,
		       const struct slot_request *q)
{
	return p->slot == q->slot && p->gpa == q->gpa && p->size == q->size &&
	       p->hva == q->hva && p->flags == q->flags &&
	       p->result == q->result;
}

static int by_slot(const void *a, const void *b)
{
	const struct asked *x = *(struct asked *const *)a;
	const struct asked *y = *(struct asked *const *)b;
	int ret = order(x->request.slot, y->request.slot);

	return ret ? ret : order(x->seq, y->seq);
}

static bool wanted(const struct slot_event *event, uint64_t serial, bool failed)
{
	return event->type == SLOT_EVENT_REQUEST && event->serial == serial &&
	       !event->request.unread && (event->request.result != 0) == failed;
}

static void join_same(struct asked_list *list)
{
	struct asked *prev;
	size_t kept = 0;

	for (size_t i = 0; i < list->nr; i++) {
		prev = kept ? &list->items[kept - 1] : NULL;
		if (prev &&
		    same_words(&prev->request, &list->items[i].request)) {
			prev->seq = list->items[i].seq;
			prev->count++;
		} else {
			list->items[kept++] = list->items[i];
		}
	}
	list->nr = kept;
}

static int latest_last(const void *a, const void *b)
{
	const struct latest_range *x = a;
	const struct latest_range *y = b;

	return order(x->seq, y->seq);
}

/* Deletions are about no place */
static int place(struct asked_list *list)
{
	struct asked *asked;
	size_t nr = 0;

	list->ranges = calloc(list->nr + 1, sizeof(*list->ranges));
	if (!list->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < list->nr; i++) {
		asked = &list->items[i];
		if (asked->request.size)
			list->ranges[nr++] = (struct latest_range){
				asked_as_id(asked), asked->request.gpa,
				last_of(&asked->request), asked->seq, asked
			};
	}
	qsort(list->ranges, nr, sizeof(*list->ranges), latest_last);
	return latest_init(&list->by_place, list->ranges, nr);
}

int asked_collect(struct asked_list *list, const struct slot_log *log,
		  uint64_t serial)
{
	const struct slot_event *event;
	struct asked *asked;
	size_t nr = 0;

	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < log->nr; i++)
		nr += wanted(&log->events[i], serial, true);
	list->items = calloc(nr + 1, sizeof(*list->items));
	list->by_slot = calloc(nr + 1, sizeof(*list->by_slot));
	if (!list->items || !list->by_slot)
		return -ENOMEM;
	for (size_t i = 0; i < log->nr; i++) {
		event = &log->events[i];
		if (!wanted(event, serial, true))
			continue;
		asked = &list->items[list->nr++];
		asked->request = event->request;
		asked->first = event->seq;
		asked->seq = event->seq;
		asked->count = 1;
		asked->finding = SIZE_MAX;
	}
	qsort(list->items, list->nr, sizeof(*list->items), by_range);
	join_same(list);
	for (size_t i = 0; i < list->nr; i++)
		list->by_slot[i] = &list->items[i];
	qsort(list->by_slot, list->nr, sizeof(*list->by_slot), by_slot);
	return place(list);
}

void asked_deinit(struct asked_list *list)
{
	for (size_t i = 0; i < list->nr; i++)
		free(list->items[i].why);
	free(list->items);
	free(list->by_slot);
	free(list->ranges);
	latest_deinit(&list->by_place);
	memset(list, 0, sizeof(*list));
}

struct asked *asked_about_range(const struct asked_list *list, uint16_t as_id,
				gpa_t gpa, uint64_t size)
{
	return latest_find(&list->by_place, as_id, gpa, gpa + (size - 1));
}

struct asked *asked_about_slot(const struct asked_list *list, uint16_t as_id,
			       int32_t id)
{
	uint32_t slot = (uint32_t)as_id << 16 | (uint32_t)id;
	size_t high = list->nr;
	size_t low = 0;
	size_t mid;

	if (id < 0 || id > 0xffff)
		return NULL;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (list->by_slot[mid]->request.slot <= slot)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || list->by_slot[low - 1]->request.slot != slot)
		return NULL;
	return list->by_slot[low - 1];
}

struct done {
	uint32_t slot;
	uint64_t seq;
};

/* The latest of a slot first */
static int by_slot_done(const void *a, const void *b)
{
	const struct done *x = a;
	const struct done *y = b;
	int ret = order(x->slot, y->slot);

	return ret ? ret : order(y->seq, x->seq);
}

int done_collect(struct done_list *list, const struct slot_log *log,
		 uint64_t serial)
{
	const struct slot_event *event;
	size_t ranges = 0;
	size_t nr = 0;

	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < log->nr; i++)
		nr += wanted(&log->events[i], serial, false);
	list->ranges = calloc(nr + 1, sizeof(*list->ranges));
	list->by_slot = calloc(nr + 1, sizeof(*list->by_slot));
	if (!list->ranges || !list->by_slot)
		return -ENOMEM;
	for (size_t i = 0; i < log->nr; i++) {
		event = &log->events[i];
		if (!wanted(event, serial, false))
			continue;
		list->by_slot[list->nr++] =
			(struct done){ event->request.slot, event->seq };
		if (!event->request.size)
			continue;
		list->ranges[ranges++] = (struct latest_range){
			event->request.slot >> 16, event->request.gpa,
			last_of(&event->request), event->seq, NULL
		};
	}
	if (list->nr > 1)
		qsort(list->by_slot, list->nr, sizeof(*list->by_slot),
		      by_slot_done);
	return latest_init(&list->by_place, list->ranges, ranges);
}

void done_deinit(struct done_list *list)
{
	latest_deinit(&list->by_place);
	free(list->ranges);
	free(list->by_slot);
	memset(list, 0, sizeof(*list));
}

uint64_t done_about_range(const struct done_list *list, uint16_t as_id,
			  gpa_t gpa, uint64_t size)
{
	return latest_seq(&list->by_place, as_id, gpa, gpa + (size - 1));
}

uint64_t done_about_slot(const struct done_list *list, uint16_t as_id,
			 int32_t id)
{
	uint32_t slot = (uint32_t)as_id << 16 | (uint32_t)id;
	size_t high = list->nr;
	size_t low = 0;
	size_t mid;

	if (id < 0 || id > 0xffff)
		return 0;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (list->by_slot[mid].slot < slot)
			low = mid + 1;
		else
			high = mid;
	}
	return low < list->nr && list->by_slot[low].slot == slot ?
		       list->by_slot[low].seq :
		       0;
}
