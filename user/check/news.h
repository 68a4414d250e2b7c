/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is new in what a check found, and what is gone: findings of VMs that are
 * checked again and again, each kept from the first time on which it was found. None is
 * forgotten: one that came and went is told of at the end.
 *
 *	news_take(&news, vm, &comparison.findings, now);
 *	for each item of that VM: NEWS_NEW, NEWS_GONE, or as it was
 *	...
 *	status = news_exit_status(&news);
 */
#ifndef CHECK_NEWS_H
#define CHECK_NEWS_H

#include <slotscope/check.h>

/* As of the last news_take() of its VM */
enum news_state {
	NEWS_NEW,    /* found, and not by the check before */
	NEWS_STANDS, /* found, as by the check before */
	NEWS_GONE,   /* not found, but by the check before */
	NEWS_PAST,   /* nor by that */
};

/**
 * struct news_item - a finding, and when it was there
 * @vm:	     the number of its VM
 * @finding: as it was found last. Its sentence is its own; its @cause means nothing
 * @follows: it followed from, or belonged with, one of
 * @cause:   this kind
 * @came_ns: CLOCK_MONOTONIC of the check that found it first
 * @last_ns: of the last one that found it, and
 * @gone_ns: of the first one after that, which did not; 0: there was none
 * @times:   how often it came
 * @ended:   its VM has gone, and it stood until then
 * @folded:  it is of what is over, and the log does not keep that any more
 */
struct news_item {
	uint64_t vm;
	struct finding finding;
	bool follows;
	enum finding_id cause;
	enum news_state state;
	uint64_t came_ns;
	uint64_t last_ns;
	uint64_t gone_ns;
	uint64_t times;
	bool ended;
	bool folded;
};

/**
 * struct news - by VM, and by kind and place in each. All zero: nothing was found
 * @folded: of slot_log, set by the caller: what is told of an event up to that one, and
 *	    is over (a gap, a refusal without consequence), does not go when it is found
 *	    no more
 */
struct news {
	uint64_t folded;
	struct news_item *items;
	size_t nr;
	size_t cap; /* private */
};

void news_deinit(struct news *news);

/**
 * news_take() - what a check of a VM found
 * @after: all of it; what it does not have is gone
 *
 * One finding is the same as another if it is of the same kind, in the same place and of
 * the same slot, whatever the words; what is told of a request is of that request, and
 * what is about no range (a view that could not be read) of the same views. Costs O(n
 * log n) in all that was found so far.
 *
 * Return: 0 or -ENOMEM: then all is as it was.
 */
int news_take(struct news *news, uint64_t vm, const struct findings *after,
	      uint64_t now_ns);

/** news_end() - a VM has gone: what was found last stood until then */
void news_end(struct news *news, uint64_t vm);

/** news_stands() - is it there, as of the last check of a VM that is? */
static inline bool news_stands(const struct news_item *item)
{
	return item->state == NEWS_NEW || item->state == NEWS_STANDS;
}

/** news_count() - how many of a kind were found, at whatever check */
size_t news_count(const struct news *news, enum finding_kind kind);

/** news_exit_status() - as findings_exit_status(), of all checks: the worst of them */
int news_exit_status(const struct news *news);

#endif
