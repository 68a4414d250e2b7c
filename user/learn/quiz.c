// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/quiz.h"
#include "learn/quiz_make.h"

/* So many that chance cannot want more */
#define TRIES 10000

static const char *const names[QUIZ_KINDS] = {
	[QUIZ_VIEW] = "view",	  [QUIZ_WHERE] = "where",
	[QUIZ_COMMIT] = "commit", [QUIZ_SLOTS] = "slots",
	[QUIZ_ERRNO] = "errno",
};

const char *quiz_kind_name(enum quiz_kind kind)
{
	return names[kind];
}

bool quiz_kind_by_name(const char *name, enum quiz_kind *out)
{
	for (size_t i = 0; i < QUIZ_KINDS; i++) {
		if (!strcmp(name, names[i])) {
			*out = (enum quiz_kind)i;
			return true;
		}
	}
	return false;
}

/*
 * Making
 */

static int want_one_byte(struct quiz *quiz)
{
	for (size_t i = 0; i < quiz->played.after.nr; i++) {
		struct range range = quiz->played.after.items[i];

		if (quiz->addr < range.first || quiz->addr > range.last)
			continue;
		range.offset += quiz->addr - range.first;
		range.first = range.last = quiz->addr;
		return ranges_add(&quiz->wanted, &range);
	}
	return 0;
}

static bool has_kind(const struct scene *scene, enum scene_kind kind)
{
	for (size_t i = 0; i < scene->nr_regions; i++)
		if (scene->regions[i].kind == kind)
			return true;
	return false;
}

/* Is there something to think about, and not too much? */
static bool is_good(const struct quiz *quiz)
{
	const struct scene_played *played = &quiz->played;

	switch (quiz->kind) {
	case QUIZ_VIEW:
		return played->after.nr >= 3 && played->after.nr <= 7;
	case QUIZ_WHERE:
		/* mostly where the address alone is not the answer */
		return played->after.nr >= 3 &&
		       (quiz->wanted.nr ?
				quiz->wanted.items[0].offset != quiz->addr :
				quiz->number % 8 == 0);
	case QUIZ_COMMIT:
		return played->requests.nr >= 2 && played->requests.nr <= 6;
	case QUIZ_SLOTS:
		/* registers are what leaves a part of a page */
		return played->slots.nr >= 2 && played->slots.nr <= 6 &&
		       has_kind(&quiz->scene, SCENE_IO);
	default:
		return true;
	}
}

static int make_one(struct learn_random *random, struct quiz *quiz,
		    struct slotscope_error *err)
{
	int ret;

	quiz->wanted.nr = 0;
	if (quiz->kind == QUIZ_ERRNO)
		return quiz_make_request(random, &quiz->ask);
	quiz_make_scene(random, quiz);
	ret = scene_play(&quiz->scene, quiz->page_size, &quiz->played, err);
	if (ret)
		return ret;
	switch (quiz->kind) {
	case QUIZ_VIEW:
		quiz->wanted = quiz->played.after;
		break;
	case QUIZ_WHERE:
		ret = want_one_byte(quiz);
		break;
	case QUIZ_COMMIT:
		quiz->wanted = quiz->played.requests;
		break;
	default:
		quiz->wanted = quiz->played.slots;
		break;
	}
	return ret ? ret : is_good(quiz) ? 0 : -EAGAIN;
}

int quiz_make(uint64_t seed, uint64_t number, unsigned int kinds,
	      struct quiz *out, struct slotscope_error *err)
{
	struct learn_random random = { seed };
	unsigned int chosen;
	int ret = -EAGAIN;

	memset(out, 0, sizeof(*out));
	kinds &= (1U << QUIZ_KINDS) - 1;
	if (!kinds) {
		error_set(err, EINVAL, "make a problem");
		return error_why(err, "it is to be of no kind");
	}
	/* Of a place in a row, whatever came before */
	random.state = learn_random_next(&random) ^ number;
	random.state = learn_random_next(&random);
	out->seed = seed;
	out->number = number;
	chosen = learn_random_below(&random, __builtin_popcount(kinds));
	while (chosen--)
		kinds &= kinds - 1;
	out->kind = (enum quiz_kind)__builtin_ctz(kinds);
	for (int i = 0; i < TRIES && ret && ret != -ENOMEM; i++) {
		*err = (struct slotscope_error){};
		ret = make_one(&random, out, err);
	}
	if (ret)
		return error_set(err, ret, "make a problem of kind %s",
				 names[out->kind]);
	*err = (struct slotscope_error){};
	return 0;
}

/*
 * Words
 */

static void print_slot(const struct slot *slot, FILE *out)
{
	fprintf(out,
		"  slot %" PRId32 ": 0x%" PRIx64 "-0x%" PRIx64
		", host address 0x%" PRIx64 "%s\n",
		slot->id, slot->gpa, slot->gpa + (slot->size - 1), slot->hva,
		slot->flags & SLOT_READONLY ? ", KVM_MEM_READONLY" : "");
}

static void print_flags(uint32_t flags, FILE *out)
{
	const char *sep = "";

	if (!flags)
		fputs("0", out);
	if (flags & SLOT_READONLY) {
		fputs("KVM_MEM_READONLY", out);
		sep = " | ";
	}
	if (flags & SLOT_LOG_DIRTY) {
		fprintf(out, "%sKVM_MEM_LOG_DIRTY_PAGES", sep);
		sep = " | ";
	}
	flags &= ~(uint32_t)(SLOT_READONLY | SLOT_LOG_DIRTY);
	if (flags)
		fprintf(out, "%s0x%" PRIx32, sep, flags);
}

static void print_request(const struct quiz_request *ask, FILE *out)
{
	fputs("KVM, with pages of 4 KiB and one address space, has these slots:\n",
	      out);
	for (size_t i = 0; i < ask->nr; i++)
		print_slot(&ask->slots[i], out);
	fputs("and is asked:\n  KVM_SET_USER_MEMORY_REGION {\n", out);
	fprintf(out, "    slot = %" PRIu32 ", flags = ", ask->request.slot);
	print_flags(ask->request.flags, out);
	fprintf(out,
		",\n    guest_phys_addr = 0x%" PRIx64
		", memory_size = 0x%" PRIx64
		",\n    userspace_addr = 0x%" PRIx64 " }\n",
		ask->request.gpa, ask->request.size, ask->request.hva);
	fputs("What does it answer? 0, or the errno: EINVAL, EEXIST, ...\n",
	      out);
}

void quiz_print(const struct quiz *quiz, FILE *out)
{
	if (quiz->kind == QUIZ_ERRNO) {
		print_request(&quiz->ask, out);
		return;
	}
	fputs("A board makes its memory:\n", out);
	scene_print(&quiz->scene, out, "  ");
	switch (quiz->kind) {
	case QUIZ_VIEW:
		fputs("Which flat view is rendered? FIRST-LAST NAME+OFFSET, ...\n",
		      out);
		break;
	case QUIZ_WHERE:
		fprintf(out,
			"What answers an access to 0x%" PRIx64
			"? NAME+OFFSET, or nothing\n",
			quiz->addr);
		break;
	case QUIZ_COMMIT:
		fputs("Which slots does the last commit delete and add? del "
		      "FIRST-LAST, add FIRST-LAST NAME+OFFSET, ...\n",
		      out);
		break;
	default:
		fprintf(out,
			"The host's pages have %" PRIu64
			" KiB. Which slots does KVM get? FIRST-LAST NAME+OFFSET, "
			"...\n",
			quiz->page_size >> 10);
		break;
	}
}

static const char *error_name(int error)
{
	return error ? strerrorname_np(-error) : "0";
}

static void print_where(const struct range *range, FILE *out)
{
	fputs(range->name, out);
	if (range->offset)
		fprintf(out, "+%" PRIx64, range->offset);
}

void quiz_answer(const struct quiz *quiz, FILE *out)
{
	char text[RANGE_TEXT_MAX];

	if (quiz->kind == QUIZ_ERRNO) {
		fputs(error_name(quiz->ask.outcome.error), out);
		return;
	}
	if (!quiz->wanted.nr)
		fputs("nothing", out);
	for (size_t i = 0; i < quiz->wanted.nr; i++) {
		if (quiz->kind == QUIZ_WHERE)
			print_where(&quiz->wanted.items[i], out);
		else
			fprintf(out, "%s%s", i ? ", " : "",
				range_text(text, &quiz->wanted.items[i]));
	}
}

/* What hides what at the begin of each range of the view */
static void reason_view(const struct quiz *quiz, const struct ranges *ranges,
			FILE *out)
{
	char stack[512];

	for (size_t i = 0; i < ranges->nr; i++) {
		const struct range *range = &ranges->items[i];

		if (i && ranges->items[i - 1].first == range->first)
			continue;
		scene_stack(&quiz->scene, range->first, stack, sizeof(stack));
		if (stack[0])
			fprintf(out, "At 0x%" PRIx64 ", seen first: %s.\n",
				range->first, stack);
	}
}

void quiz_reason(const struct quiz *quiz, FILE *out)
{
	char text[REQUEST_SAY_MAX], stack[512];

	switch (quiz->kind) {
	case QUIZ_VIEW:
		fputs("The highest priority (in parentheses) hides the others; of "
		      "equals the one mapped last does; a container or alias by "
		      "itself shows nothing.\n",
		      out);
		reason_view(quiz, &quiz->wanted, out);
		break;
	case QUIZ_WHERE:
		scene_stack(&quiz->scene, quiz->addr, stack, sizeof(stack));
		if (stack[0])
			fprintf(out,
				"There, seen first, by priority (in parentheses): "
				"%s. The offset is that of the address from where the "
				"region begins, and what its alias begins at added.\n",
				stack);
		else
			fputs("No region that answers is mapped there.\n", out);
		break;
	case QUIZ_COMMIT:
		fputs("What is RAM or ROM in the flat view is a slot. A slot is not "
		      "cut in place: it goes whole, and what is left of it comes as "
		      "slots of its own; all that goes goes first.\n",
		      out);
		reason_view(quiz, &quiz->played.after, out);
		break;
	case QUIZ_SLOTS:
		fputs("RAM and ROM of the flat view are slots, registers are not; "
		      "begin and end are cut inwards to whole pages of the host, and "
		      "what holds no whole page has no slot.\n",
		      out);
		reason_view(quiz, &quiz->played.after, out);
		break;
	default:
		request_outcome_say(text, &quiz->ask.request, &quiz->ask.limits,
				    &quiz->ask.outcome);
		if (quiz->ask.outcome.rule < REQUEST_RULES)
			fprintf(out, "%s. Read %s() in Linux.\n", text,
				request_rule_function(quiz->ask.outcome.rule));
		else
			fprintf(out, "No rule is broken: %s.\n", text);
		break;
	}
}

/*
 * Judging
 */

static size_t trim(char *copy, size_t size, const char *answer)
{
	size_t len;

	while (*answer == ' ' || *answer == '\t')
		answer++;
	snprintf(copy, size, "%s", answer);
	len = strlen(copy);
	while (len && strchr(" \t\r\n.", copy[len - 1]))
		copy[--len] = '\0';
	return len;
}

static enum quiz_verdict judge_errno(const struct quiz *quiz,
				     const char *answer,
				     char why[RANGES_SAY_MAX])
{
	int wanted = -quiz->ask.outcome.error;
	const char *word;
	char text[40];

	trim(text, sizeof(text), answer);
	word = text[0] == '-' ? text + 1 : text;
	if (!strcasecmp(word, "ok") || !strcasecmp(word, "success") ||
	    !strcmp(word, "0"))
		word = "0";
	else if (word[0] != 'E' && word[0] != 'e') {
		snprintf(why, RANGES_SAY_MAX,
			 "\"%s\" is no errno: write 0, EINVAL, EEXIST, ...",
			 text);
		return QUIZ_UNREADABLE;
	}
	if (!strcasecmp(word, error_name(-wanted)))
		return QUIZ_RIGHT;
	snprintf(why, RANGES_SAY_MAX, "you say %s; right is %s", word,
		 error_name(-wanted));
	return QUIZ_WRONG;
}

/* NAME+OFFSET is read as a range of the one byte that is asked for */
static int read_where(const struct quiz *quiz, const char *answer,
		      struct ranges *given, struct slotscope_error *err)
{
	char text[80], whole[128];

	trim(text, sizeof(text), answer);
	if (!strcasecmp(text, "nothing") || !strcasecmp(text, "none")) {
		given->nr = 0;
		return 0;
	}
	snprintf(whole, sizeof(whole), "%" PRIx64 "-%" PRIx64 " %s", quiz->addr,
		 quiz->addr, text);
	return ranges_from_text(whole, given, err);
}

/* "nothing", or no word at all */
static bool is_silence(const char *answer)
{
	char text[8];

	return !trim(text, sizeof(text), answer);
}

static const char *where_text(const struct ranges *ranges, char text[80])
{
	const struct range *range = &ranges->items[0];

	if (!ranges->nr)
		snprintf(text, 80, "nothing");
	else if (range->offset)
		snprintf(text, 80, "%s+%" PRIx64, range->name, range->offset);
	else
		snprintf(text, 80, "%s", range->name);
	return text;
}

static void say_where(const struct quiz *quiz, const struct ranges *given,
		      char why[RANGES_SAY_MAX])
{
	char a[80], b[80];

	snprintf(why, RANGES_SAY_MAX, "you say %s; right is %s",
		 where_text(given, a), where_text(&quiz->wanted, b));
}

enum quiz_verdict quiz_judge(const struct quiz *quiz, const char *answer,
			     char why[RANGES_SAY_MAX])
{
	struct ranges_difference difference;
	struct slotscope_error err = {};
	struct ranges given;
	int ret;

	why[0] = '\0';
	if (is_silence(answer)) {
		snprintf(why, RANGES_SAY_MAX, "there is no answer");
		return QUIZ_UNREADABLE;
	}
	if (quiz->kind == QUIZ_ERRNO)
		return judge_errno(quiz, answer, why);
	ret = quiz->kind == QUIZ_WHERE ?
		      read_where(quiz, answer, &given, &err) :
		      ranges_from_text(answer, &given, &err);
	if (ret) {
		snprintf(why, RANGES_SAY_MAX, "%.80s: %.80s; %.120s", err.tried,
			 err.why, err.next);
		return QUIZ_UNREADABLE;
	}
	if (ranges_compare(&given, &quiz->wanted, &difference))
		return QUIZ_RIGHT;
	if (quiz->kind == QUIZ_WHERE)
		say_where(quiz, &given, why);
	else
		ranges_difference_say(why, &difference, true);
	return QUIZ_WRONG;
}
