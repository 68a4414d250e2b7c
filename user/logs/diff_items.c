// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "logs/diff_items.h"

#define SMALLEST_PAGE 4096

enum { HVA_NONE, HVA_PAGE, HVA_WITHIN_PAGE };

/* All that is the same in another run, if it is mapped elsewhere */
static uint64_t hva_kind(hva_t hva)
{
	if (!hva)
		return HVA_NONE;
	return hva % SMALLEST_PAGE ? HVA_WITHIN_PAGE : HVA_PAGE;
}

static void request_key(uint64_t key[KEY_WORDS], const struct slot_request *r)
{
	key[KEY_SLOT] = r->slot;
	key[KEY_CALL] = r->region2;
	key[KEY_GPA] = r->gpa;
	key[KEY_SIZE] = r->size;
	key[KEY_FLAGS] = r->flags;
	key[KEY_HVA] = hva_kind(r->hva);
	key[KEY_GMEM] = r->region2 && r->flags & SLOT_GUEST_MEMFD;
	key[KEY_GMEM_OFFSET] = key[KEY_GMEM] ? r->gmem_offset : 0;
	key[KEY_RESULT] = (uint64_t)r->result;
}

static uint64_t slot_word(const struct slot *slot)
{
	return (uint64_t)slot->as_id << 32 | (uint32_t)slot->id;
}

static void slot_key(uint64_t key[KEY_WORDS], const struct slot *slot)
{
	key[KEY_GPA] = slot->gpa;
	key[KEY_SIZE] = slot->size;
	key[KEY_FLAGS] = slot->flags;
	key[KEY_HVA] = hva_kind(slot->hva);
	key[KEY_GMEM] = slot->gmem;
	key[KEY_GMEM_OFFSET] = slot->gmem_offset;
}

static void change_key(uint64_t key[KEY_WORDS], const struct slot_change *c)
{
	key[KEY_SLOT] = slot_word(c->after.size ? &c->after : &c->before);
	key[KEY_KIND] = c->kind;
	if (c->after.size)
		slot_key(key, &c->after);
	key[KEY_BEFORE_GPA] = c->before.gpa;
	key[KEY_BEFORE_SIZE] = c->before.size;
	key[KEY_BEFORE_FLAGS] = c->before.flags;
	key[KEY_RESULT] = (uint64_t)c->result;
}

int diff_items_add(struct diff_items *items, const struct slot_event *event)
{
	struct diff_item item = { .event = event };
	struct diff_item *grew;

	item.key[KEY_TYPE] = event->type;
	switch (event->type) {
	case SLOT_EVENT_REQUEST:
		if (event->request.unread) {
			items->unread++;
			return 1;
		}
		request_key(item.key, &event->request);
		break;
	case SLOT_EVENT_CHANGE:
		change_key(item.key, &event->change);
		break;
	case SLOT_EVENT_BASE:
		item.key[KEY_SLOT] = slot_word(&event->base);
		slot_key(item.key, &event->base);
		break;
	default:
		return 0;
	}
	grew = grown(items->items, items->nr, &items->cap, sizeof(*grew));
	if (!grew)
		return -ENOMEM;
	items->items = grew;
	items->items[items->nr++] = item;
	if (event->type == SLOT_EVENT_BASE && items->nr_base == items->nr - 1)
		items->nr_base++;
	return 1;
}

/* Where an item is, while all are in order of their keys */
struct place {
	const uint64_t *key;
	uint32_t *id;
	uint32_t *about;
};

static int by_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	for (int i = 0; i < KEY_WORDS; i++) {
		if (x->key[i] != y->key[i])
			return x->key[i] < y->key[i] ? -1 : 1;
	}
	return 0;
}

static bool about_same(const struct place *a, const struct place *b)
{
	return a->key[KEY_TYPE] == b->key[KEY_TYPE] &&
	       a->key[KEY_SLOT] == b->key[KEY_SLOT];
}

static void number(struct place *places, size_t nr)
{
	uint32_t id = 0, about = 0;

	if (nr)
		qsort(places, nr, sizeof(*places), by_key);
	for (size_t i = 0; i < nr; i++) {
		if (i && by_key(&places[i - 1], &places[i]))
			id++;
		if (i && !about_same(&places[i - 1], &places[i]))
			about++;
		*places[i].id = id;
		*places[i].about = about;
	}
}

int diff_items_number(struct diff_items *all, size_t nr)
{
	struct place *places;
	size_t total = 0, n = 0;

	for (size_t i = 0; i < nr; i++) {
		total += all[i].nr;
		all[i].ids = calloc(all[i].nr + 1, sizeof(*all[i].ids));
		all[i].about = calloc(all[i].nr + 1, sizeof(*all[i].about));
		if (!all[i].ids || !all[i].about)
			return -ENOMEM;
	}
	places = calloc(total + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		for (size_t j = 0; j < all[i].nr; j++)
			places[n++] = (struct place){ all[i].items[j].key,
						      &all[i].ids[j],
						      &all[i].about[j] };
	}
	number(places, n);
	free(places);
	return 0;
}

uint32_t diff_items_differ(const struct diff_item *a, const struct diff_item *b)
{
	static const uint32_t bits[KEY_WORDS] = {
		[KEY_CALL] = LOG_DIFFERS_CALL,
		[KEY_KIND] = LOG_DIFFERS_KIND,
		[KEY_GPA] = LOG_DIFFERS_GPA,
		[KEY_SIZE] = LOG_DIFFERS_SIZE,
		[KEY_FLAGS] = LOG_DIFFERS_FLAGS,
		[KEY_HVA] = LOG_DIFFERS_HVA,
		[KEY_GMEM] = LOG_DIFFERS_GMEM,
		[KEY_GMEM_OFFSET] = LOG_DIFFERS_GMEM,
		[KEY_BEFORE_GPA] = LOG_DIFFERS_BEFORE,
		[KEY_BEFORE_SIZE] = LOG_DIFFERS_BEFORE,
		[KEY_BEFORE_FLAGS] = LOG_DIFFERS_BEFORE,
		[KEY_RESULT] = LOG_DIFFERS_RESULT,
	};
	uint32_t differs = 0;

	for (int i = 0; i < KEY_WORDS; i++) {
		if (a->key[i] != b->key[i])
			differs |= bits[i];
	}
	return differs;
}

void diff_items_deinit(struct diff_items *items)
{
	free(items->items);
	free(items->ids);
	free(items->about);
	*items = (struct diff_items){ 0 };
}
