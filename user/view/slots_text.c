// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pasted.h"
#include "view/slots_text.h"

#define WHY_MAX 96

#define FIELDS                                                               \
	(SLOT_FIELD_ID | SLOT_FIELD_GPA | SLOT_FIELD_SIZE | SLOT_FIELD_HVA | \
	 SLOT_FIELD_READONLY | SLOT_FIELD_LOG_DIRTY | SLOT_FIELD_GUEST_MEMFD)

/* A number up to @end; *@text is then behind that */
static bool number(char **text, char end, uint64_t *value)
{
	char *stop;

	/* strtoull() takes blanks and signs */
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*value = strtoull(*text, &stop, 0);
	if (errno || *stop != end)
		return false;
	*text = stop + (end != '\0');
	return true;
}

static bool read_id(char *word, struct slot *slot)
{
	uint64_t as_id, id;

	if (!number(&word, '/', &as_id) || as_id > UINT16_MAX)
		return false;
	slot->as_id = as_id;
	if (!strcmp(word, "*")) {
		slot->id = -1;
		slot->unknown |= SLOT_FIELD_ID;
		return true;
	}
	if (!number(&word, '\0', &id) || id > INT32_MAX)
		return false;
	slot->id = id;
	return true;
}

/* NULL, or the word that is no flag. rw: as "slots" prints one without ro */
static const char *read_flags(char *words, struct slot *slot)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} flags[] = {
		{ "rw", 0 },
		{ "ro", SLOT_READONLY },
		{ "log", SLOT_LOG_DIRTY },
		{ "gmem", SLOT_GUEST_MEMFD },
	};
	char *word, *rest = NULL;
	size_t i;

	for (word = strtok_r(words, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (!strcmp(word, flags[i].word))
				break;
		if (i == sizeof(flags) / sizeof(flags[0]))
			return word;
		slot->flags |= flags[i].flag;
	}
	return NULL;
}

/* NULL, or what is wrong, perhaps in @why. *@none: no slot is in this line */
static const char *read_line(char *line, struct slot *slot, bool *none,
			     char why[WHY_MAX])
{
	char *rest = NULL, *word;
	const char *flag;

	*slot = (struct slot){ .gmem_fd = -1 };
	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, " \t\r", &rest);
	*none = !word;
	if (!word)
		return NULL;
	if (!read_id(word, slot))
		return "it does not begin with AS/ID";
	word = strtok_r(NULL, " \t\r", &rest);
	if (!word || !number(&word, '+', &slot->gpa) ||
	    !number(&word, '\0', &slot->size) || !slot->size ||
	    slot->gpa + (slot->size - 1) < slot->gpa)
		return "GPA+SIZE is no range of guest addresses";
	word = strtok_r(NULL, " \t\r", &rest);
	if (word && *word == '@') {
		word++;
		if (!number(&word, '\0', &slot->hva))
			return "@HVA is no host address";
		word = strtok_r(NULL, " \t\r", &rest);
	} else {
		slot->unknown |= SLOT_FIELD_HVA;
	}
	flag = word ? read_flags(word, slot) : NULL;
	if (flag) {
		snprintf(why, WHY_MAX,
			 "the flag \"%.40s\" is none of rw, ro, log, gmem",
			 flag);
		return why;
	}
	if (word && strtok_r(NULL, " \t\r", &rest))
		return "there is more than AS/ID GPA+SIZE @HVA FLAGS";
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	const struct slot *const *x = a, *const *y = b;

	if ((*x)->as_id != (*y)->as_id)
		return (*x)->as_id < (*y)->as_id ? -1 : 1;
	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

int slots_twice(const struct slot_state *state, struct slotscope_error *err)
{
	const struct slot **slots = calloc(state->nr_slots + 1, sizeof(*slots));
	size_t nr = 0;
	int ret = 0;

	if (!slots)
		return error_set(err, ENOMEM, "read the slots");
	for (size_t i = 0; i < state->nr_slots; i++)
		if (state->slots[i].id >= 0 &&
		    !(state->slots[i].unknown & SLOT_FIELD_ID))
			slots[nr++] = &state->slots[i];
	qsort(slots, nr, sizeof(*slots), by_number);
	for (size_t i = 1; i < nr && !ret; i++) {
		if (by_number(&slots[i - 1], &slots[i]))
			continue;
		ret = error_set(err, EINVAL, "read slot %d of address space %u",
				slots[i]->id, slots[i]->as_id);
		error_why(err, "it stands there twice, at 0x%llx and 0x%llx",
			  (unsigned long long)slots[i - 1]->gpa,
			  (unsigned long long)slots[i]->gpa);
		error_next(err, "give the slots of one VM at one time");
	}
	free(slots);
	return ret;
}

int slots_from_text(char *text, struct slot_state *out,
		    struct slotscope_error *err)
{
	const size_t len = strlen(text), unended = pasted_unended(text, len);
	unsigned int nr = 0;
	char why[WHY_MAX];
	const char *wrong;
	struct slot slot;
	char *line, *next;
	bool none;
	int ret;

	text[len - unended] = '\0';
	out->coverage.truncated = unended;
	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		nr++;
		wrong = read_line(line, &slot, &none, why);
		if (!wrong && !none && slot.as_id >= out->nr_as)
			wrong = "the VM does not have this address space";
		if (wrong) {
			error_set(err, EINVAL, "read line %u", nr);
			return error_why(err, "%s", wrong);
		}
		ret = none ? 0 : slot_state_add(out, &slot);
		if (ret)
			return error_set(err, ret, "keep a slot");
	}
	slot_state_sort(out);
	for (size_t i = 0; i < out->nr_as; i++)
		out->as[i].covered = true;
	out->coverage.fields = FIELDS;
	return slots_twice(out, err);
}
