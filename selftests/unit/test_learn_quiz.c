// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Problems of the quiz: the same for the same seed; what is right is held against an
 * oracle that knows the rules for one address at a time; answers are judged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/quiz.h"

#define SEEDS 1500

/*
 * The oracle: where each region is mapped in the end, and what a byte shows
 */

struct placed {
	bool mapped;
	bool hidden;
	size_t container;
	uint64_t addr;
	int32_t priority;
	size_t newest;
};

static void place(const struct scene *scene, size_t steps,
		  struct placed *placed)
{
	memset(placed, 0, SCENE_REGIONS * sizeof(*placed));
	for (size_t i = 0; i < steps; i++) {
		const struct scene_step *step = &scene->steps[i];
		struct placed *p = &placed[step->region];

		switch (step->kind) {
		case SCENE_MAP:
			*p = (struct placed){ .mapped = true,
					      .hidden = p->hidden,
					      .container = step->container,
					      .addr = step->addr,
					      .priority = step->priority,
					      .newest = i + 1 };
			break;
		case SCENE_UNMAP:
			p->mapped = false;
			break;
		case SCENE_MOVE:
			p->addr = step->addr;
			p->newest = i + 1;
			break;
		case SCENE_SHOW:
		case SCENE_HIDE:
			p->hidden = step->kind == SCENE_HIDE;
			break;
		}
	}
}

/* The region that byte @at of @region shows; false: none */
static bool shows(const struct scene *scene, const struct placed *placed,
		  size_t region, uint64_t at, size_t *what, uint64_t *offset)
{
	const struct scene_region *r = &scene->regions[region];
	bool tried[SCENE_REGIONS] = {};

	if (placed[region].hidden || (r->size && at >= r->size))
		return false;
	if (r->kind == SCENE_ALIAS)
		return shows(scene, placed, r->target, at + r->offset, what,
			     offset);
	for (;;) {
		size_t best = SCENE_REGIONS;

		for (size_t i = 1; i < scene->nr_regions; i++) {
			const struct placed *p = &placed[i];

			if (!p->mapped || p->container != region || tried[i] ||
			    at < p->addr)
				continue;
			if (best == SCENE_REGIONS ||
			    p->priority > placed[best].priority ||
			    (p->priority == placed[best].priority &&
			     p->newest > placed[best].newest))
				best = i;
		}
		if (best == SCENE_REGIONS)
			break;
		tried[best] = true;
		if (shows(scene, placed, best, at - placed[best].addr, what,
			  offset))
			return true;
	}
	if (r->kind == SCENE_CONTAINER)
		return false;
	*what = region;
	*offset = at;
	return true;
}

static const struct range *range_at(const struct ranges *ranges, uint64_t at)
{
	for (size_t i = 0; i < ranges->nr; i++)
		if (at >= ranges->items[i].first && at <= ranges->items[i].last)
			return &ranges->items[i];
	return NULL;
}

/* A page is a slot's if all of it is of one piece of memory */
static bool page_is_memory(const struct scene *scene, const struct ranges *view,
			   uint64_t page, uint64_t size)
{
	const struct range *range = range_at(view, page);

	if (!range || range->last < page + (size - 1))
		return false;
	for (size_t i = 0; i < scene->nr_regions; i++)
		if (!strcmp(scene->regions[i].name, range->name))
			return scene->regions[i].kind == SCENE_RAM ||
			       scene->regions[i].kind == SCENE_ROM;
	return false;
}

static void hold_view(const struct quiz *quiz, const struct ranges *view,
		      size_t steps)
{
	struct placed placed[SCENE_REGIONS];
	const struct scene *scene = &quiz->scene;
	uint64_t end = 48 * quiz->page_size;

	place(scene, steps, placed);
	for (uint64_t at = 0; at < end; at += 0x400) {
		const struct range *range = range_at(view, at);
		uint64_t offset = 0;
		size_t what = 0;

		if (!shows(scene, placed, 0, at, &what, &offset)) {
			assert_null(range);
			continue;
		}
		assert_non_null(range);
		assert_string_equal(range->name, scene->regions[what].name);
		assert_int_equal(range->offset + (at - range->first), offset);
	}
	/* Nothing beyond, and no two that are one */
	for (size_t i = 0; i < view->nr; i++) {
		const struct range *r = &view->items[i];

		assert_true(r->last < end);
		if (i)
			assert_true(r[-1].last < r->first);
		if (i && r[-1].last + 1 == r->first &&
		    !strcmp(r[-1].name, r->name))
			assert_true(r[-1].offset + (r->first - r[-1].first) !=
				    r->offset);
	}
}

static void hold_slots(const struct quiz *quiz)
{
	const struct scene_played *played = &quiz->played;

	for (uint64_t page = 0; page < 48 * quiz->page_size;
	     page += quiz->page_size)
		assert_int_equal(!!range_at(&played->slots, page),
				 page_is_memory(&quiz->scene, &played->after,
						page, quiz->page_size));
}

/* What is deleted and what is added lead from one view to the other */
static void hold_commit(const struct quiz *quiz)
{
	const struct scene_played *played = &quiz->played;

	for (size_t i = 0; i < played->requests.nr; i++) {
		const struct range *r = &played->requests.items[i];
		const struct range *in;

		in = range_at(r->deed == RANGE_DELETED ? &played->before :
							 &played->after,
			      r->first);
		assert_non_null(in);
		assert_string_equal(in->name, r->name);
		assert_int_equal(in->last, r->last);
	}
	for (uint64_t page = 0; page < 48 * quiz->page_size;
	     page += quiz->page_size) {
		bool was = page_is_memory(&quiz->scene, &played->before, page,
					  quiz->page_size);
		bool is = page_is_memory(&quiz->scene, &played->after, page,
					 quiz->page_size);

		for (size_t i = 0; i < played->requests.nr; i++) {
			const struct range *r = &played->requests.items[i];

			if (page >= r->first && page <= r->last)
				was = r->deed == RANGE_ADDED;
		}
		assert_int_equal(was, is);
	}
}

static void oracle(void **state)
{
	unsigned int seen = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct slotscope_error err = {};
		struct quiz quiz;

		assert_int_equal(
			quiz_make(seed, 1 + seed % 7, ~0U, &quiz, &err), 0);
		seen |= 1U << quiz.kind;
		if (quiz.kind == QUIZ_ERRNO)
			continue;
		hold_view(&quiz, &quiz.played.before, quiz.scene.asked);
		hold_view(&quiz, &quiz.played.after, quiz.scene.nr_steps);
		hold_slots(&quiz);
		hold_commit(&quiz);
	}
	assert_int_equal(seen, (1U << QUIZ_KINDS) - 1);
}

static void answered(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		char why[RANGES_SAY_MAX], wrong[] = "0-7 nobody";
		struct slotscope_error err = {};
		struct quiz quiz, again;
		char *text = NULL;
		size_t len;
		FILE *out;

		assert_int_equal(quiz_make(seed, 3, ~0U, &quiz, &err), 0);
		assert_int_equal(quiz_make(seed, 3, ~0U, &again, &err), 0);
		assert_memory_equal(&quiz.scene, &again.scene,
				    sizeof(quiz.scene));
		assert_memory_equal(&quiz.wanted, &again.wanted,
				    sizeof(quiz.wanted));
		out = open_memstream(&text, &len);
		quiz_answer(&quiz, out);
		fclose(out);
		assert_int_equal(quiz_judge(&quiz, text, why), QUIZ_RIGHT);
		free(text);
		assert_int_equal(quiz_judge(&quiz, "", why), QUIZ_UNREADABLE);
		assert_int_equal(quiz_judge(&quiz, "%$!", why),
				 QUIZ_UNREADABLE);
		assert_int_equal(quiz_judge(&quiz,
					    quiz.kind == QUIZ_ERRNO ? "ENOTTY" :
					    quiz.kind == QUIZ_WHERE ? "nobody" :
								      wrong,
					    why),
				 QUIZ_WRONG);
		assert_true(why[0]);
		out = open_memstream(&text, &len);
		quiz_print(&quiz, out);
		quiz_reason(&quiz, out);
		fclose(out);
		assert_non_null(text);
		free(text);
	}
}

/* Each rule that a problem can be about comes up, and each way to be taken */
static void errnos(void **state)
{
	static const enum request_rule wanted[] = {
		RULE_SLOT_ID,	  RULE_SIZE_ALIGN,	 RULE_GPA_ALIGN,
		RULE_HVA_ALIGN,	  RULE_GPA_WRAP,	 RULE_DELETE_ABSENT,
		RULE_HVA_CHANGED, RULE_SIZE_CHANGED,	 RULE_OVERLAP,
		REQUEST_CREATES,  RULE_READONLY_CHANGED, REQUEST_DELETES,
		REQUEST_MOVES,	  REQUEST_REFLAGS,
	};
	bool seen[REQUEST_OUTCOMES] = {};

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct slotscope_error err = {};
		struct quiz quiz;

		assert_int_equal(
			quiz_make(seed, 1, 1U << QUIZ_ERRNO, &quiz, &err), 0);
		assert_int_equal(quiz.kind, QUIZ_ERRNO);
		seen[quiz.ask.outcome.rule] = true;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!seen[wanted[i]])
			fail_msg("never asked: %s",
				 request_rule_name(wanted[i]));
}

static void no_kinds(void **state)
{
	struct slotscope_error err = {};
	struct quiz quiz;

	(void)state;
	assert_true(quiz_make(1, 1, 0, &quiz, &err) < 0);
	assert_true(quiz_make(1, 1, 1U << QUIZ_KINDS, &quiz, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oracle),
		cmocka_unit_test(answered),
		cmocka_unit_test(errnos),
		cmocka_unit_test(no_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
