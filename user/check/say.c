// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name_say.h"
#include "base/size_text.h"
#include "check/say.h"

const char *say_apart(char buf[SAY_MAX], uint64_t first_ns, uint64_t last_ns)
{
	buf[0] = '\0';
	if (first_ns && last_ns)
		snprintf(buf, SAY_MAX, "%s ",
			 SAY_TIME(last_ns > first_ns ? last_ns - first_ns : 0));
	return buf;
}

const char *say_who(char buf[SAY_MAX], pid_t tid, const char comm[16])
{
	char name[16 + 1] = "";

	buf[0] = '\0';
	/* It comes from a kernel, and need not end in NUL */
	memcpy(name, comm, 16);
	if (tid && comm[0])
		snprintf(buf, SAY_MAX, " by thread %d (%s)", tid,
			 NAME_SAY(name));
	else if (tid)
		snprintf(buf, SAY_MAX, " by thread %d", tid);
	return buf;
}

const char *say_time(char buf[SAY_MAX], uint64_t ns)
{
	const uint64_t seconds = ns / 1000000000;

	if (ns < 1000000)
		snprintf(buf, SAY_MAX, "%" PRIu64 " us", ns / 1000);
	else if (!seconds)
		snprintf(buf, SAY_MAX, "%" PRIu64 " ms", ns / 1000000);
	else if (seconds < 60)
		snprintf(buf, SAY_MAX, "%" PRIu64 ".%" PRIu64 " s", seconds,
			 ns / 100000000 % 10);
	else if (seconds < 3600)
		snprintf(buf, SAY_MAX, "%" PRIu64 " min %" PRIu64 " s",
			 seconds / 60, seconds % 60);
	else
		snprintf(buf, SAY_MAX, "%" PRIu64 " h %" PRIu64 " min",
			 seconds / 3600, seconds / 60 % 60);
	return buf;
}

const char *say_range(char buf[SAY_MAX], gpa_t gpa, uint64_t size)
{
	snprintf(buf, SAY_MAX, "0x%" PRIx64 "-0x%" PRIx64 " (%s)", gpa,
		 gpa + (size - 1), SIZE_IN_TEXT(size));
	return buf;
}

const char *say_what(char buf[SAY_MAX], const struct slot *slot)
{
	if (slot->name)
		snprintf(buf, SAY_MAX, "%.60s", slot->name);
	else if (slot->id >= 0)
		snprintf(buf, SAY_MAX, "slot %d", slot->id);
	else
		snprintf(buf, SAY_MAX, "RAM");
	return buf;
}

const char *say_flags(char buf[SAY_MAX], uint32_t flags, uint32_t fields)
{
	buf[0] = '\0';
	if (fields & SLOT_FIELD_READONLY)
		strcat(buf,
		       flags & SLOT_READONLY ? ", read-only" : ", read-write");
	if (fields & SLOT_FIELD_LOG_DIRTY)
		strcat(buf, flags & SLOT_LOG_DIRTY ? ", dirty log" :
						     ", no dirty log");
	if (fields & SLOT_FIELD_GUEST_MEMFD)
		strcat(buf, flags & SLOT_GUEST_MEMFD ? ", guest_memfd" :
						       ", no guest_memfd");
	return buf[0] ? buf + 2 : buf;
}

const char *say_errno(char buf[SAY_MAX], int result)
{
	const char *name = strerrorname_np(-result);
	const char *text = strerrordesc_np(-result);

	if (name && text)
		snprintf(buf, SAY_MAX, "%s (%s)", name, text);
	else
		snprintf(buf, SAY_MAX, "error %d", -result);
	return buf;
}

bool state_covers(const struct slot_state *state, uint16_t as_id)
{
	if (as_id < state->nr_as)
		return state->as[as_id].covered;
	/* whoever saw all of the VM's life knows what never was */
	return state->whole_life;
}

/* Index of the first slot that begins at or above (@as_id, @gpa) */
static size_t first_from(const struct slot_state *state, uint16_t as_id,
			 gpa_t gpa)
{
	const struct slot *slot;
	size_t low = 0;
	size_t high = state->nr_slots;
	size_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		slot = &state->slots[mid];
		if (slot->as_id < as_id ||
		    (slot->as_id == as_id && slot->gpa < gpa))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

char *say_view(const struct slot_state *state, uint16_t as_id, gpa_t gpa,
	       uint64_t size)
{
	uint32_t flags = SLOT_FIELD_READONLY;
	gpa_t last = gpa + (size - 1);
	const struct slot *slot;
	char range[SAY_MAX] = "";
	char hva[40] = "";
	char more[40] = "";
	char *text = NULL;
	size_t begin;
	size_t end;

	if (!state_covers(state, as_id) ||
	    coverage_is_blind(&state->coverage, as_id, gpa))
		return NULL;
	begin = first_from(state, as_id, gpa);
	if (begin && state->slots[begin - 1].as_id == as_id &&
	    slot_last(&state->slots[begin - 1]) >= gpa)
		begin--;
	end = last == UINT64_MAX ? first_from(state, as_id + 1, 0) :
				   first_from(state, as_id, last + 1);
	if (begin >= end)
		return strdup(party_of(state->party)->nothing);
	slot = &state->slots[begin];
	if (slot->gpa != gpa || slot->size != size)
		snprintf(range, sizeof(range), " at 0x%" PRIx64 "-0x%" PRIx64,
			 slot->gpa, slot_last(slot));
	if (slot->hva)
		snprintf(hva, sizeof(hva), ", hva 0x%" PRIx64, slot->hva);
	if (end - begin > 1)
		snprintf(more, sizeof(more), ", and %zu more", end - begin - 1);
	if (state->coverage.fields & SLOT_FIELD_LOG_DIRTY)
		flags |= slot->flags & SLOT_LOG_DIRTY ? SLOT_FIELD_LOG_DIRTY :
							0;
	flags &= state->coverage.fields & ~slot->unknown;
	if (asprintf(&text, "%s%s%s%s%s%s%s%s",
		     slot->hidden ? "KVM's own " : "", SAY_WHAT(slot), range,
		     hva, flags ? ", " : "", SAY_FLAGS(slot->flags, flags),
		     slot->flags & SLOT_INVALID ? ", under update" : "",
		     more) < 0)
		return NULL;
	return text;
}

const char *range_name_of(const struct host_range *range)
{
	return range->path ? range->path : "anonymous memory";
}

char *say_backing(const struct host_map *map, hva_t hva, uint64_t size)
{
	const struct host_range *range = host_map_find(map, hva);
	char *text = NULL;
	int ret;

	if (!range && map->truncated &&
	    (!map->nr || hva >= map->ranges[map->nr - 1].end))
		return NULL;
	if (!range)
		ret = asprintf(&text, "0x%" PRIx64 " is not mapped", hva);
	else
		ret = asprintf(&text, "%c%c%c %.100s%s",
			       range->read ? 'r' : '-',
			       range->write ? 'w' : '-',
			       range->shared ? 's' : 'p', range_name_of(range),
			       range->end - hva < size ? ", in part" : "");
	return ret < 0 ? NULL : text;
}
