// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/alike.h"

#define NONE SIZE_MAX

/* Behind the number of a slot, if one begins here; else @at */
static const char *behind_number(const char *begin, const char *at)
{
	static const char slot[] = "slot ";
	const size_t len = sizeof(slot) - 1;

	if (at - begin >= (ptrdiff_t)len && !strncmp(at - len, slot, len))
		while (isdigit((unsigned char)*at))
			at++;
	return at;
}

/* Slots of two address spaces have each its own number */
static int compare_sentences(const char *a, const char *b)
{
	const char *x = a, *y = b;

	for (;;) {
		x = behind_number(a, x);
		y = behind_number(b, y);
		if (*x != *y || !*x)
			return (unsigned char)*x - (unsigned char)*y;
		x++;
		y++;
	}
}

static int compare_words(const struct finding *a, const struct finding *b)
{
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->gpa != b->gpa)
		return a->gpa < b->gpa ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return compare_sentences(a->sentence, b->sentence);
}

static int by_words(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a;
	const struct finding *y = *(const struct finding *const *)b;
	int ret = compare_words(x, y);

	return ret ?: x < y ? -1 : x > y;
}

/* By itself, and of a place */
static bool may_be(const struct finding *finding, bool above)
{
	return finding_id_kind(finding->id) == FINDING_NOTE && finding->size &&
	       finding->cause == FINDING_NO_CAUSE && !above;
}

static void join(struct alike *alike, const struct findings *findings,
		 const struct finding **notes, size_t nr)
{
	const struct finding *all = findings->items;

	for (size_t i = 1; i < nr; i++) {
		if (compare_words(notes[i - 1], notes[i]) ||
		    notes[i - 1]->as_id == notes[i]->as_id)
			continue;
		alike->next[notes[i - 1] - all] = notes[i] - all;
		alike->first[notes[i] - all] = alike->first[notes[i - 1] - all];
	}
}

int alike_init(struct alike *alike, const struct findings *findings)
{
	const struct finding **notes = calloc(findings->nr + 1, sizeof(*notes));
	bool *above = calloc(findings->nr + 1, sizeof(*above));
	int ret = notes && above ? 0 : -ENOMEM;
	size_t nr = 0;

	alike->first = calloc(findings->nr + 1, sizeof(*alike->first));
	alike->next = calloc(findings->nr + 1, sizeof(*alike->next));
	if (!alike->first || !alike->next)
		ret = -ENOMEM;
	for (size_t i = 0; i < findings->nr && !ret; i++) {
		alike->first[i] = i;
		alike->next[i] = NONE;
		if (findings->items[i].cause != FINDING_NO_CAUSE)
			above[findings->items[i].cause] = true;
	}
	for (size_t i = 0; i < findings->nr && !ret; i++)
		if (may_be(&findings->items[i], above[i]))
			notes[nr++] = &findings->items[i];
	if (nr > 1)
		qsort(notes, nr, sizeof(*notes), by_words);
	if (!ret)
		join(alike, findings, notes, nr);
	free(notes);
	free(above);
	return ret;
}

void alike_deinit(struct alike *alike)
{
	free(alike->first);
	free(alike->next);
	*alike = (struct alike){ 0 };
}
