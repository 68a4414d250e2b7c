// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pasted.h"
#include "view/slots_table.h"
#include "view/slots_text.h"

#define FIELDS                                                                 \
	(SLOT_FIELD_ID | SLOT_FIELD_GPA | SLOT_FIELD_SIZE | SLOT_FIELD_HVA |   \
	 SLOT_FIELD_READONLY | SLOT_FIELD_LOG_DIRTY | SLOT_FIELD_GUEST_MEMFD | \
	 SLOT_FIELD_HIDDEN)

static bool is_head(struct piece line)
{
	return piece_begins(line, "AS") && piece_find(line, "GUEST ADDRESSES");
}

bool slots_table_is(const char *text, size_t len)
{
	struct piece all = { text, len }, line;

	while (piece_line(&all, &line)) {
		piece_drop(&line, pasted_quote(line));
		line = piece_trimmed(line);
		if (is_head(line) || (piece_begins(line, "no slots") &&
				      line.len == strlen("no slots")))
			return true;
	}
	return false;
}

static bool word(struct piece *line, struct piece *out)
{
	*line = piece_trimmed(*line);
	*out = *line;
	for (out->len = 0; out->len < line->len && line->s[out->len] != ' ' &&
			   line->s[out->len] != '\t';)
		out->len++;
	piece_drop(line, out->len);
	return out->len;
}

/* A number and nothing behind it, as printed: hex of @base 16 without a sign */
static bool number(struct piece text, int base, uint64_t max, uint64_t *out)
{
	char copy[24], *end;

	if (!text.len || text.len >= sizeof(copy) ||
	    !strchr("0123456789abcdef", text.s[0]))
		return false;
	memcpy(copy, text.s, text.len);
	copy[text.len] = '\0';
	errno = 0;
	*out = strtoull(copy, &end, base);
	return !errno && !*end && *out <= max;
}

static bool read_flags(struct piece words, struct slot *slot)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} flags[] = {
		{ "rw", 0 },
		{ "ro", SLOT_READONLY },
		{ "log", SLOT_LOG_DIRTY },
		{ "gmem", SLOT_GUEST_MEMFD },
		{ "updating", SLOT_INVALID },
		{ "gmem-only", SLOT_GMEM_ONLY },
		{ "kvm's", 0 },
	};
	const size_t nr = sizeof(flags) / sizeof(flags[0]);
	struct piece one;
	uint64_t value;
	size_t i;

	while (words.len) {
		one = words;
		for (one.len = 0; one.len < words.len && one.s[one.len] != ',';)
			one.len++;
		piece_drop(&words, one.len + (one.len < words.len));
		for (i = 0; i < nr; i++)
			if (piece_begins(one, flags[i].word) &&
			    one.len == strlen(flags[i].word))
				break;
		if (i < nr)
			slot->flags |= flags[i].flag;
		else if (number(one, 0, UINT32_MAX, &value))
			slot->flags |= value;
		else
			return false;
		slot->hidden |= i == nr - 1;
	}
	return true;
}

/* AS SLOT GPA-LAST SIZE HVA FLAGS, and what stands of a guest_memfd */
static bool read_slot(struct piece line, struct slot *slot)
{
	struct piece as, id, range, size, hva, flags, first;
	uint64_t value, last;
	const char *dash;

	*slot = (struct slot){ .gmem_fd = -1, .id = -1 };
	if (!word(&line, &as) || !word(&line, &id) || !word(&line, &range) ||
	    !word(&line, &size) || !word(&line, &hva) || !word(&line, &flags))
		return false;
	dash = piece_find(range, "-");
	if (!dash || !number(as, 10, UINT16_MAX, &value))
		return false;
	slot->as_id = value;
	if (id.s[0] == '?')
		slot->unknown |= SLOT_FIELD_ID;
	else if (number(id, 10, INT32_MAX, &value))
		slot->id = value;
	else
		return false;
	first = (struct piece){ range.s, dash - range.s };
	piece_drop(&range, first.len + 1);
	if (!number(first, 16, UINT64_MAX, &slot->gpa) ||
	    !number(range, 16, UINT64_MAX, &last) || last < slot->gpa ||
	    !number(size, 0, UINT64_MAX, &slot->size) ||
	    slot->size != last - slot->gpa + 1 || !slot->size)
		return false;
	if (hva.s[0] == '?')
		slot->unknown |= SLOT_FIELD_HVA;
	else if (!number(hva, 0, UINT64_MAX, &slot->hva))
		return false;
	if (!read_flags(flags, slot))
		return false;
	if (word(&line, &first) && piece_begins(first, "closed"))
		slot->gmem = SLOT_GMEM_CLOSED;
	return true;
}

struct table {
	bool begun;   /* the head was there */
	bool ended;   /* so was an address space's line */
	bool late;    /* nothing told how it began */
	bool counted; /* KVM's generations were told */
};

/* All but where it has slots: what else was known is not in the table */
static int make_late(struct slot_state *out)
{
	const uint64_t half = 1ULL << 63;
	const char why[] = "nothing tells how it began";
	int ret = 0;

	for (size_t i = 0; i < out->nr_as && !ret; i++) {
		ret = coverage_add_blind(&out->coverage, i, 0, half, why);
		if (!ret)
			ret = coverage_add_blind(&out->coverage, i, half, half,
						 why);
	}
	for (size_t i = 0; i < out->nr_slots && !ret; i++)
		ret = coverage_remove_blind(&out->coverage, out->slots[i].as_id,
					    out->slots[i].gpa,
					    out->slots[i].size);
	return ret;
}

/* What it says of itself behind the address spaces; false: no such line */
static bool read_footing(struct piece line, struct table *table,
			 struct slot_state *out)
{
	if (piece_begins(line, "TRACED: "))
		out->party = PARTY_TRACED;
	else if (piece_begins(line, "in doubt: "))
		out->coverage.lost++;
	else if (piece_begins(line, "not whole: "))
		table->late = true;
	else
		return false;
	return true;
}

/* "address space 0: generation 8", and what was going on */
static bool read_space(struct piece line, struct table *table,
		       struct slot_state *out, int *ret)
{
	struct piece nr, word_generation, generation;
	uint64_t as_id, value;

	piece_drop(&line, strlen("address space "));
	if (!word(&line, &nr) || nr.s[nr.len - 1] != ':')
		return false;
	nr.len--;
	if (!number(nr, 10, UINT16_MAX, &as_id) ||
	    !word(&line, &word_generation) || !word(&line, &generation))
		return false;
	if (generation.s[generation.len - 1] == ',')
		generation.len--;
	value = 0;
	if (number(generation, 10, UINT64_MAX, &value))
		table->counted = true;
	else if (!piece_begins(generation, "unknown"))
		return false;
	if (as_id >= out->nr_as)
		*ret = slot_state_set_nr_as(out, as_id + 1);
	if (*ret)
		return true;
	out->as[as_id].covered = true;
	out->as[as_id].generation = value;
	out->as[as_id].updating = piece_find(line, "an update is under way");
	out->as[as_id].torn = piece_find(line, "changed faster");
	return true;
}

static int read_line(struct piece line, struct table *table,
		     struct slot_state *out, const char **why)
{
	struct slot slot;
	int ret = 0;

	/* Another VM's, or the same one's of another moment */
	if (table->ended && (is_head(line) || piece_begins(line, "VM "))) {
		*why = "a second table begins here: give one VM's alone "
		       "(slotscope slots --vm N)";
		return -EINVAL;
	}
	if (!line.len || is_head(line) || piece_begins(line, "read by ") ||
	    piece_begins(line, "no slots")) {
		table->begun |= line.len;
		return 0;
	}
	if (piece_begins(line, PASTED_ELLIPSIS)) {
		out->coverage.lost++;
		return 0;
	}
	if (piece_begins(line, "cut off")) {
		out->coverage.truncated = true;
		return 0;
	}
	if (piece_begins(line, "address space ")) {
		table->ended = true;
		return read_space(line, table, out, &ret) ? ret : -EINVAL;
	}
	if (table->begun && read_footing(line, table, out))
		return 0;
	if (!read_slot(line, &slot)) {
		/* What stood before the command */
		return table->begun ? -EINVAL : 0;
	}
	if (slot.as_id >= out->nr_as)
		ret = slot_state_set_nr_as(out, slot.as_id + 1);
	if (!ret)
		ret = slot_state_add(out, &slot);
	if (!ret)
		out->as[slot.as_id].covered = true;
	*why = "it is no range of guest addresses";
	return ret;
}

int slots_table_read(const char *text, size_t len, struct slot_state *out,
		     struct slotscope_error *err)
{
	const char *why = "it is no line of what slotscope slots prints";
	struct piece all = {}, line;
	struct table table = {};
	size_t nr = 0;
	const size_t unended = pasted_unended(text, len);
	char *copy = pasted_clean(text, len - unended, &all.len);
	int ret = copy ? 0 : -ENOMEM;

	slot_state_init(out, PARTY_KERNEL);
	all.s = copy;
	while (!ret && piece_line(&all, &line)) {
		nr++;
		ret = read_line(line, &table, out, &why);
	}
	free(copy);
	if (ret) {
		error_set(err, ret, "read line %zu", nr);
		return ret == -EINVAL ? error_why(err, "%s", why) : ret;
	}
	slot_state_sort(out);
	out->coverage.fields = FIELDS;
	if (table.counted)
		out->coverage.fields |= SLOT_FIELD_GENERATION;
	else if (out->party == PARTY_TRACED)
		out->coverage.fields &= ~SLOT_FIELD_HIDDEN;
	if (!table.ended || unended)
		out->coverage.truncated = true;
	ret = slots_twice(out, err);
	if (ret)
		return ret;
	return table.late ? make_late(out) : 0;
}
