// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/news.h"

static int cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* What is told of a request is of that one, and no other */
static uint64_t request_of(const struct finding *finding)
{
	return finding->result || finding->id == FINDING_ANSWERED ?
		       finding->seq :
		       0;
}

static int by_place(const struct finding *a, const struct finding *b)
{
	int ret = cmp(a->id, b->id);

	ret = ret ? ret : cmp(a->as_id, b->as_id);
	ret = ret ? ret : cmp(a->gpa, b->gpa);
	ret = ret ? ret : cmp(a->size, b->size);
	ret = ret ? ret : (a->slot_id > b->slot_id) - (a->slot_id < b->slot_id);
	ret = ret ? ret : cmp(a->elsewhere, b->elsewhere);
	ret = ret ? ret : cmp(a->other_as_id, b->other_as_id);
	ret = ret ? ret : cmp(a->other_gpa, b->other_gpa);
	ret = ret ? ret : cmp(request_of(a), request_of(b));
	return ret || a->size ? ret : cmp(a->views, b->views);
}

/* Of two alike the one that stands comes first: it is the one that is still there */
static int by_item(const void *a, const void *b)
{
	const struct news_item *x = a, *y = b;
	int ret = cmp(x->vm, y->vm);

	ret = ret ? ret : by_place(&x->finding, &y->finding);
	return ret ? ret : cmp(x->state, y->state);
}

static int by_finding(const void *a, const void *b)
{
	const struct finding *const *x = a, *const *y = b;

	return by_place(*x, *y);
}

void news_deinit(struct news *news)
{
	for (size_t i = 0; i < news->nr; i++)
		free(news->items[i].finding.sentence);
	free(news->items);
	memset(news, 0, sizeof(*news));
}

/* All that may fail: the findings by place, their sentences, and room for them */
static int prepare(struct news *news, const struct findings *after,
		   const struct finding ***sorted, char ***sentences)
{
	struct news_item *items;
	size_t i;

	*sorted = calloc(after->nr + 1, sizeof(**sorted));
	*sentences = calloc(after->nr + 1, sizeof(**sentences));
	if (!*sorted || !*sentences)
		return -ENOMEM;
	if (news->nr + after->nr > news->cap) {
		items = reallocarray(news->items, news->nr + 2 * after->nr,
				     sizeof(*items));
		if (!items)
			return -ENOMEM;
		news->items = items;
		news->cap = news->nr + 2 * after->nr;
	}
	for (i = 0; i < after->nr; i++)
		(*sorted)[i] = &after->items[i];
	if (after->nr)
		qsort(*sorted, after->nr, sizeof(**sorted), by_finding);
	for (i = 0; i < after->nr; i++) {
		(*sentences)[i] = strdup(
			(*sorted)[i]->sentence ? (*sorted)[i]->sentence : "");
		if (!(*sentences)[i])
			return -ENOMEM;
	}
	return 0;
}

static void found(struct news_item *item, const struct findings *after,
		  const struct finding *finding, char *sentence,
		  uint64_t now_ns)
{
	const bool stood = item->times && news_stands(item);

	free(item->finding.sentence);
	item->finding = *finding;
	item->finding.sentence = sentence;
	item->follows = finding->cause != FINDING_NO_CAUSE;
	if (item->follows)
		item->cause = after->items[finding->cause].id;
	item->state = stood ? NEWS_STANDS : NEWS_NEW;
	item->times += !stood;
	item->last_ns = now_ns;
	item->gone_ns = 0;
}

/* There is room */
static void add(struct news *news, uint64_t vm, const struct findings *after,
		const struct finding *finding, char *sentence, uint64_t now_ns)
{
	struct news_item *item = &news->items[news->nr++];

	*item = (struct news_item){ .vm = vm, .came_ns = now_ns };
	found(item, after, finding, sentence, now_ns);
}

static bool is_over(const struct finding *finding)
{
	return finding->id == FINDING_GAP || finding->id == FINDING_REFUSED;
}

static void not_found(struct news_item *item, uint64_t folded, uint64_t now_ns)
{
	if (news_stands(item) && is_over(&item->finding) &&
	    item->finding.seq <= folded) {
		item->folded = true;
		item->state = NEWS_PAST;
	} else if (news_stands(item)) {
		item->state = NEWS_GONE;
		item->gone_ns = now_ns;
	} else {
		item->state = NEWS_PAST;
	}
}

int news_take(struct news *news, uint64_t vm, const struct findings *after,
	      uint64_t now_ns)
{
	const struct finding **sorted;
	char **sentences;
	const size_t nr = news->nr;
	size_t i, at = 0;
	int ret = prepare(news, after, &sorted, &sentences);

	if (ret)
		goto out;
	if (nr)
		qsort(news->items, nr, sizeof(*news->items), by_item);
	for (i = 0; i < nr; i++) {
		struct news_item *item = &news->items[i];

		if (item->vm != vm)
			continue;
		/* Those that are before it were never found until now */
		for (;
		     at < after->nr && by_place(sorted[at], &item->finding) < 0;
		     at++) {
			add(news, vm, after, sorted[at], sentences[at], now_ns);
			sentences[at] = NULL;
		}
		if (at < after->nr && !by_place(sorted[at], &item->finding)) {
			found(item, after, sorted[at], sentences[at], now_ns);
			sentences[at++] = NULL;
		} else {
			not_found(item, news->folded, now_ns);
		}
	}
	for (; at < after->nr; at++) {
		add(news, vm, after, sorted[at], sentences[at], now_ns);
		sentences[at] = NULL;
	}
	if (news->nr)
		qsort(news->items, news->nr, sizeof(*news->items), by_item);
out:
	for (i = 0; sentences && i < after->nr; i++)
		free(sentences[i]);
	free(sentences);
	free(sorted);
	return ret;
}

void news_end(struct news *news, uint64_t vm)
{
	for (size_t i = 0; i < news->nr; i++) {
		struct news_item *item = &news->items[i];

		if (item->vm != vm)
			continue;
		item->ended = item->ended || news_stands(item);
		item->state = NEWS_PAST;
	}
}

size_t news_count(const struct news *news, enum finding_kind kind)
{
	size_t nr = 0;

	for (size_t i = 0; i < news->nr; i++)
		nr += finding_id_kind(news->items[i].finding.id) == kind;
	return nr;
}

int news_exit_status(const struct news *news)
{
	if (news_count(news, FINDING_MISMATCH))
		return 1;
	return news_count(news, FINDING_UNKNOWN) ? 2 : 0;
}
