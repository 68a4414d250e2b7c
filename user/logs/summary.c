// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "logs/summary.h"
#include "view/names.h"

/* What of an event is counted */
struct counted {
	int kind;
	int32_t result;
	bool unread;
	uint64_t duration_ns;
};

static struct counted counted_of(const struct slot_event *event)
{
	struct counted c = { .duration_ns = event->duration_ns };

	switch (event->type) {
	case SLOT_EVENT_REQUEST:
		c.kind = event->request.region2;
		c.result = event->request.result;
		c.unread = event->request.unread;
		break;
	case SLOT_EVENT_CHANGE:
		c.kind = event->change.kind;
		c.result = event->change.result;
		break;
	case SLOT_EVENT_EXIT:
		c.kind = event->exit.reason;
		c.result = event->exit.result;
		break;
	case SLOT_EVENT_CALL:
		c.kind = event->kvm_call.kind;
		c.result = event->kvm_call.result;
		c.unread = event->kvm_call.unread;
		break;
	case SLOT_EVENT_VCPU:
		c.kind = event->vcpu.kind;
		c.result = event->vcpu.result;
		break;
	case SLOT_EVENT_MAPPING:
		c.kind = event->mapping.kind;
		c.result = event->mapping.result;
		break;
	case SLOT_EVENT_FAULT:
		c.kind = event->fault.kind;
		c.result = event->fault.result;
		break;
	default:
		break;
	}
	return c;
}

bool summary_has_result(const struct summary_key *key)
{
	switch (key->type) {
	case SLOT_EVENT_REQUEST:
	case SLOT_EVENT_CALL:
	case SLOT_EVENT_EXIT:
	case SLOT_EVENT_MAPPING:
		return true;
	case SLOT_EVENT_CHANGE:
		return key->kind != SUMMARY_HOLE;
	case SLOT_EVENT_VCPU:
		return key->kind == SLOT_VCPU_CREATE;
	case SLOT_EVENT_FAULT:
		return key->kind == SLOT_FAULT_FAILED;
	default:
		return false;
	}
}

const char *summary_kind_name(const struct summary_key *key)
{
	switch (key->type) {
	case SLOT_EVENT_REQUEST:
		return key->kind ? "request2" : "request";
	case SLOT_EVENT_CHANGE:
		return key->kind == SUMMARY_HOLE ?
			       "hole" :
			       slot_change_kind_names[key->kind];
	case SLOT_EVENT_EXIT:
		return slot_exit_reason_names[key->kind];
	case SLOT_EVENT_CALL:
		return slot_call_kind_names[key->kind];
	case SLOT_EVENT_VCPU:
		return slot_vcpu_kind_names[key->kind];
	case SLOT_EVENT_MAPPING:
		return slot_mapping_kind_names[key->kind];
	case SLOT_EVENT_FAULT:
		return slot_fault_kind_names[key->kind];
	default:
		return slot_event_type_names[key->type];
	}
}

#define COMPARE(a, b)                              \
	do {                                       \
		if ((a) != (b))                    \
			return (a) < (b) ? -1 : 1; \
	} while (0)

static int key_compare(const struct summary_key *a, const struct summary_key *b)
{
	COMPARE(a->serial, b->serial);
	COMPARE(a->type, b->type);
	COMPARE(a->kind, b->kind);
	COMPARE(a->tgid, b->tgid);
	COMPARE(a->tid, b->tid);
	COMPARE(a->stack, b->stack);
	COMPARE(b->error, a->error);
	return memcmp(a->comm, b->comm, sizeof(a->comm));
}

static struct summary_row *row_of(struct summary *s,
				  const struct summary_key *key)
{
	struct summary_row *rows;
	size_t low = 0, high = s->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (key_compare(&s->rows[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < s->nr && !key_compare(&s->rows[low].key, key))
		return &s->rows[low];
	rows = grown(s->rows, s->nr, &s->cap, sizeof(*rows));
	if (!rows)
		return NULL;
	s->rows = rows;
	memmove(&rows[low + 1], &rows[low], (s->nr++ - low) * sizeof(*rows));
	rows[low] = (struct summary_row){ .key = *key };
	return &rows[low];
}

static int count(struct summary *s, const struct summary_key *key,
		 const struct counted *c)
{
	struct summary_row *row = row_of(s, key);

	if (!row)
		return -ENOMEM;
	row->count++;
	row->failed += key->error < 0;
	row->unread += c->unread;
	return c->duration_ns ? durations_add(&row->durations, c->duration_ns) :
				0;
}

static void lose(struct slot_lost *lost, const struct slot_event *event)
{
	uint64_t *total = &lost->count[event->lost.reason];

	if (__builtin_add_overflow(*total, event->lost.count, total))
		*total = UINT64_MAX;
}

struct summary_key summary_key_of(const struct slot_event *event)
{
	struct counted c = counted_of(event);
	struct summary_key key = {
		.type = event->type,
		.kind = c.kind,
		.serial = event->serial,
		.tgid = event->tgid,
		.tid = event->tid,
		.stack = event->stack,
		.error = c.result < 0 ? c.result : 0,
	};

	memcpy(key.comm, event->comm, strnlen(event->comm, sizeof(key.comm)));
	return key;
}

int summary_add(struct summary *s, const struct slot_event *event)
{
	struct summary_key key = summary_key_of(event);
	struct counted c = counted_of(event);
	int ret;

	if (event->type == SLOT_EVENT_LOST) {
		lose(&s->lost, event);
		return 0;
	}
	if (!s->events || event->time_ns < s->first_ns)
		s->first_ns = event->time_ns;
	if (event->time_ns > s->last_ns)
		s->last_ns = event->time_ns;
	s->events++;
	ret = count(s, &key, &c);
	if (ret || event->type != SLOT_EVENT_CHANGE ||
	    !event->change.invalid_ns ||
	    event->change.active_ns < event->change.invalid_ns)
		return ret;
	key.kind = SUMMARY_HOLE;
	key.error = 0;
	c = (struct counted){
		.duration_ns =
			event->change.active_ns - event->change.invalid_ns,
	};
	return count(s, &key, &c);
}

void summary_deinit(struct summary *s)
{
	for (size_t i = 0; i < s->nr; i++)
		durations_deinit(&s->rows[i].durations);
	free(s->rows);
	*s = (struct summary){ 0 };
}

static struct summary_key key_by(const struct summary_key *key, unsigned int by)
{
	struct summary_key some = *key;

	if (!(by & SUMMARY_KIND)) {
		some.type = 0;
		some.kind = 0;
	}
	if (!(by & SUMMARY_VM))
		some.serial = 0;
	if (!(by & SUMMARY_CALLER)) {
		some.tgid = 0;
		some.tid = 0;
		some.stack = 0;
		memset(some.comm, 0, sizeof(some.comm));
	}
	if (!(by & SUMMARY_RESULT))
		some.error = 0;
	return some;
}

static int by_time(const void *a, const void *b)
{
	const struct summary_row *x = a, *y = b;

	COMPARE(y->durations.sum, x->durations.sum);
	COMPARE(y->count, x->count);
	return key_compare(&x->key, &y->key);
}

int summary_table(const struct summary *summary, unsigned int by,
		  struct summary_table *out)
{
	struct summary merged = { 0 };
	int ret = 0;

	for (size_t i = 0; i < summary->nr && !ret; i++) {
		const struct summary_row *from = &summary->rows[i];
		struct summary_key key = key_by(&from->key, by);
		struct summary_row *row;

		if (by & SUMMARY_RESULT && !from->key.error)
			continue;
		row = row_of(&merged, &key);
		if (!row) {
			ret = -ENOMEM;
			break;
		}
		row->count += from->count;
		row->failed += from->failed;
		row->unread += from->unread;
		ret = durations_merge(&row->durations, &from->durations);
	}
	out->rows = merged.rows;
	out->nr = merged.nr;
	if (out->nr)
		qsort(out->rows, out->nr, sizeof(*out->rows), by_time);
	return ret;
}

void summary_table_deinit(struct summary_table *table)
{
	for (size_t i = 0; i < table->nr; i++)
		durations_deinit(&table->rows[i].durations);
	free(table->rows);
	*table = (struct summary_table){ 0 };
}
