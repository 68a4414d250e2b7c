// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sequence_diff.h"
#include "logs/diff_items.h"

const char *const log_verdict_names[LOG_VERDICTS] = {
	[LOG_VERDICT_SAME] = "same",
	[LOG_VERDICT_DIFFERS] = "differs",
	[LOG_VERDICT_UNKNOWN] = "unknown",
};

const char *const log_differs_names[LOG_DIFFERS_NAMES] = {
	"call", "kind",	       "gpa",	 "size",   "flags",
	"hva",	"guest-memfd", "before", "result",
};

/*
 * One log while it is compared
 * @items: of each of its VMs
 * @taken: that VM has its like
 * @any:   what is missing that may be of a VM of which nothing is there
 * @late:  a VM may have come and gone before it began
 * @open:  a VM may have come behind its end
 */
struct side {
	const struct slot_log *log;
	bool text;
	struct log_life *lives;
	size_t nr;
	struct diff_items *items;
	bool *taken;
	struct log_life any;
	bool growing;
	bool late;
	bool open;
};

/* One side of a pair: what of a VM is there, and where there may be more */
struct part {
	const uint32_t *ids;
	const uint32_t *about;
	const struct diff_item *items;
	bool *kept;
	size_t nr;
	size_t nr_base; /* of them at the beginning, slots that stood then */
	uint64_t lost;
	bool cut;
	bool late; /* something may have come before it */
	bool open; /* something may have come behind it */
};

static bool free_end(const struct part *part)
{
	return part->cut || part->open;
}

/* KVM made changes, and none is told of: requests were seen alone */
static bool lacks_changes(const struct slot_log *log)
{
	bool granted = false;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		if (event->type == SLOT_EVENT_CHANGE)
			return false;
		granted |= event->type == SLOT_EVENT_REQUEST &&
			   !event->request.result;
	}
	return granted;
}

/* These are no events to match: they say what is known of the others */
static bool frames(enum slot_event_type type)
{
	return type == SLOT_EVENT_VM_CREATE || type == SLOT_EVENT_VM_DESTROY ||
	       type == SLOT_EVENT_BASE_END || type == SLOT_EVENT_LOST;
}

static int gather(struct side *side, bool changes,
		  uint64_t left_out[SLOT_EVENT_TYPES])
{
	int ret;

	for (size_t i = 0; i < side->log->nr; i++) {
		const struct slot_event *event = &side->log->events[i];
		size_t at = log_life_of(side->lives, side->nr, event->serial);

		if (event->type == SLOT_EVENT_LOST && !event->serial)
			log_life_lose(&side->any, event);
		if (frames(event->type))
			continue;
		ret = 0;
		/* Not of a VM: the end of a process */
		if (at < side->nr &&
		    (changes || event->type != SLOT_EVENT_CHANGE))
			ret = diff_items_add(&side->items[at], event);
		if (ret < 0)
			return ret;
		left_out[event->type] += !ret;
	}
	return 0;
}

static bool same_items(const struct diff_items *a, const struct diff_items *b)
{
	size_t n = a->nr - a->nr_base;

	return n == b->nr - b->nr_base &&
	       !memcmp(a->ids + a->nr_base, b->ids + b->nr_base,
		       n * sizeof(*a->ids));
}

/* Where a text was shortened, nobody has counted what was there */
static uint64_t lost_of(const struct side *side, uint64_t counted)
{
	return side->text && counted ? UINT64_MAX : counted;
}

static struct part part_of(const struct side *side, const struct log_life *life,
			   bool with_base)
{
	const struct diff_items *items;
	struct part part = { .lost = lost_of(side, side->any.lost),
			     .cut = side->any.cut,
			     .late = side->late,
			     .open = side->open };
	size_t from;

	if (!life)
		return part;
	items = &side->items[life - side->lives];
	from = with_base ? 0 : items->nr_base;
	part.ids = items->ids + from;
	part.about = items->about + from;
	part.items = items->items + from;
	part.nr = items->nr - from;
	part.nr_base = items->nr_base - from;
	part.cut = life->cut;
	part.late = !life->created;
	part.open = !life->destroyed && !life->exited && !side->text;
	part.lost = lost_of(side, life->lost);
	if (part.lost < UINT64_MAX)
		part.lost += items->unread;
	return part;
}

/* What stood when it began is no event of it: the other may have begun elsewhere */
static struct sequence events_of(const struct part *part)
{
	return (struct sequence){ .ids = part->ids ? part->ids + part->nr_base :
						     NULL,
				  .nr = part->nr - part->nr_base };
}

/* Is what both have the same, if a begins at @offset of b? */
static bool fits_at(const struct part *part_a, const struct part *part_b,
		    long offset)
{
	const struct sequence a = events_of(part_a), b = events_of(part_b);
	long end_a = offset + (long)a.nr, end_b = b.nr;
	long from = offset > 0 ? offset : 0;
	long to = end_a < end_b ? end_a : end_b;

	if ((end_a < end_b && !free_end(part_a)) ||
	    (end_a > end_b && !free_end(part_b)))
		return false;
	return from >= to || !memcmp(a.ids + (from - offset), b.ids + from,
				     (to - from) * sizeof(*a.ids));
}

/* With nothing lost within: may both be pieces of one sequence? */
static bool fits(const struct part *a, const struct part *b)
{
	long first = b->late ? -(long)(a->nr - a->nr_base) : 0;
	long last = a->late ? (long)(b->nr - b->nr_base) : 0;

	for (long offset = first; offset <= last; offset++) {
		if (fits_at(a, b, offset))
			return true;
	}
	return false;
}

/* Has @part more than the other can have lost? */
static bool surely_more(size_t only, const struct part *other, bool shortest)
{
	return !free_end(other) && !other->late && only > other->lost &&
	       (shortest || !other->lost);
}

static const char *why_unknown(const struct part *a, const struct part *b)
{
	if (a->lost || b->lost)
		return "events were lost, or could not be read";
	if (a->cut || b->cut)
		return "the end of one is missing";
	if (a->late || b->late)
		return "one begins after its VM was made";
	return "one ends before its VM does";
}

static void judge(struct log_vm_diff *vm, const struct part *a,
		  const struct part *b, bool shortest)
{
	/* A VM of which there is nothing at all is more by itself */
	size_t only_a = vm->nr_only[LOG_A] + vm->nr_differ + !vm->life[LOG_B];
	size_t only_b = vm->nr_only[LOG_B] + vm->nr_differ + !vm->life[LOG_A];
	bool lost = a->lost || b->lost;
	bool whole = !lost && !free_end(a) && !free_end(b) && !a->late &&
		     !b->late;

	if (!only_a && !only_b && whole) {
		vm->verdict = LOG_VERDICT_SAME;
		return;
	}
	vm->verdict = LOG_VERDICT_UNKNOWN;
	if (surely_more(only_a, b, shortest) ||
	    surely_more(only_b, a, shortest) || (!lost && !fits(a, b)))
		vm->verdict = LOG_VERDICT_DIFFERS;
	else
		vm->why = why_unknown(a, b);
}

static void add_edit(struct log_vm_diff *vm, const struct diff_item *a,
		     const struct diff_item *b)
{
	struct log_edit *edit = &vm->edits[vm->nr++];

	if (a)
		edit->event[LOG_A] = a->event;
	if (b)
		edit->event[LOG_B] = b->event;
	if (a && b)
		edit->differs = diff_items_differ(a, b);
	vm->nr_same += a && b && !edit->differs;
	vm->nr_differ += a && b && edit->differs;
	vm->nr_only[LOG_A] += a && !b;
	vm->nr_only[LOG_B] += b && !a;
}

/*
 * From a place that both keep to the next: what neither keeps may still be about the same
 * slots, and then it is the same event, otherwise.
 */
static int add_between(struct log_vm_diff *vm, const struct part *a, size_t i,
		       size_t to_a, const struct part *b, size_t j, size_t to_b)
{
	const struct sequence x = { a->about + i, a->kept + i, to_a - i };
	const struct sequence y = { b->about + j, b->kept + j, to_b - j };
	bool shortest;
	int ret = x.nr && y.nr ? sequence_diff(&x, &y, &shortest) : 0;

	while (!ret && (i < to_a || j < to_b)) {
		if (i < to_a && !a->kept[i])
			add_edit(vm, &a->items[i++], NULL);
		else if (j < to_b && !b->kept[j])
			add_edit(vm, NULL, &b->items[j++]);
		else
			add_edit(vm, &a->items[i++], &b->items[j++]);
	}
	return ret;
}

static int add_edits(struct log_vm_diff *vm, const struct part *a,
		     const struct part *b)
{
	size_t i = 0, j = 0, to_a, to_b;
	int ret = 0;

	vm->edits = calloc(a->nr + b->nr + 1, sizeof(*vm->edits));
	if (!vm->edits)
		return -ENOMEM;
	while (!ret && (i < a->nr || j < b->nr)) {
		for (to_a = i; to_a < a->nr && !a->kept[to_a];)
			to_a++;
		for (to_b = j; to_b < b->nr && !b->kept[to_b];)
			to_b++;
		ret = add_between(vm, a, i, to_a, b, j, to_b);
		if (to_a < a->nr)
			add_edit(vm, &a->items[to_a], &b->items[to_b]);
		i = to_a + 1;
		j = to_b + 1;
	}
	return ret;
}

/* What one of them has of what stood before it began, the other may not have */
static bool both_late(const struct log_life *a, const struct log_life *b)
{
	return a && b && !a->created && !b->created;
}

static int compare(struct log_diff *out, const struct side sides[LOG_SIDES],
		   const struct log_life *life_a, const struct log_life *life_b)
{
	struct log_vm_diff *vm = &out->vms[out->nr++];
	bool late = both_late(life_a, life_b), shortest = true;
	struct part a = part_of(&sides[LOG_A], life_a, late);
	struct part b = part_of(&sides[LOG_B], life_b, late);
	struct sequence x, y;
	int ret;

	*vm = (struct log_vm_diff){ .life = { life_a, life_b } };
	a.kept = calloc(a.nr + b.nr + 1, sizeof(*a.kept));
	if (!a.kept)
		return -ENOMEM;
	b.kept = a.kept + a.nr;
	x = (struct sequence){ a.ids, a.kept, a.nr };
	y = (struct sequence){ b.ids, b.kept, b.nr };
	ret = sequence_diff(&x, &y, &shortest);
	if (!ret)
		ret = add_edits(vm, &a, &b);
	if (!ret)
		judge(vm, &a, &b, shortest);
	free(a.kept);
	return ret;
}

/* Who is whose like: the place in b of each of a; @nr of b without one */
static void pair(struct side sides[LOG_SIDES], size_t *likes)
{
	struct side *a = &sides[LOG_A], *b = &sides[LOG_B];
	size_t next = 0;

	for (size_t i = 0; i < a->nr; i++) {
		likes[i] = b->nr;
		for (size_t j = 0; j < b->nr && likes[i] == b->nr; j++) {
			if (!b->taken[j] &&
			    same_items(&a->items[i], &b->items[j]))
				likes[i] = j;
		}
		if (likes[i] < b->nr)
			b->taken[likes[i]] = true;
	}
	for (size_t i = 0; i < a->nr; i++) {
		if (likes[i] < b->nr)
			continue;
		while (next < b->nr && b->taken[next])
			next++;
		likes[i] = next;
		if (next < b->nr)
			b->taken[next] = true;
	}
}

/* BASE slots are compared where both sides of a pair have them */
static void note_stood(struct log_diff *out, const struct side sides[LOG_SIDES])
{
	const struct log_vm_diff *vm;
	size_t nr;

	for (size_t i = 0; i < out->nr; i++) {
		vm = &out->vms[i];
		if (both_late(vm->life[LOG_A], vm->life[LOG_B]))
			continue;
		for (int s = 0; s < LOG_SIDES; s++) {
			if (!vm->life[s])
				continue;
			nr = sides[s].items[vm->life[s] - sides[s].lives]
				     .nr_base;
			out->stood[s] |= nr > 0;
			out->left_out[s][SLOT_EVENT_BASE] += nr;
		}
	}
}

static int compare_all(struct log_diff *out, struct side sides[LOG_SIDES])
{
	struct side *a = &sides[LOG_A], *b = &sides[LOG_B];
	size_t *likes = calloc(a->nr + 1, sizeof(*likes));
	int ret = 0;

	out->vms = calloc(a->nr + b->nr + 1, sizeof(*out->vms));
	if (!likes || !out->vms) {
		free(likes);
		return -ENOMEM;
	}
	pair(sides, likes);
	for (size_t i = 0; i < a->nr && !ret; i++)
		ret = compare(out, sides, &a->lives[i],
			      likes[i] < b->nr ? &b->lives[likes[i]] : NULL);
	for (size_t j = 0; j < b->nr && !ret; j++) {
		if (!b->taken[j])
			ret = compare(out, sides, NULL, &b->lives[j]);
	}
	free(likes);
	return ret;
}

/* All VMs that both tell of are the same: what of those of which one does not tell? */
static const char *why_not_all(const struct log_diff *out,
			       const struct side sides[LOG_SIDES])
{
	for (int s = 0; s < LOG_SIDES; s++) {
		if (out->dropped[s])
			return "older events were not kept";
		if (sides[s].growing)
			return "one is still being written";
		if (sides[s].open)
			return "one ends before the process that made a VM does";
	}
	return NULL;
}

static void sum_up(struct log_diff *out, const struct side sides[LOG_SIDES])
{
	out->verdict = LOG_VERDICT_SAME;
	for (size_t i = 0; i < out->nr; i++) {
		if (out->vms[i].verdict == LOG_VERDICT_DIFFERS)
			out->verdict = LOG_VERDICT_DIFFERS;
		else if (out->vms[i].verdict == LOG_VERDICT_UNKNOWN &&
			 out->verdict == LOG_VERDICT_SAME)
			out->verdict = LOG_VERDICT_UNKNOWN;
	}
	if (out->verdict == LOG_VERDICT_SAME)
		out->why = out->nr ? why_not_all(out, sides) :
				     "neither tells of a VM";
	if (out->why)
		out->verdict = LOG_VERDICT_UNKNOWN;
}

static bool is_lost(const struct slot_event *event)
{
	if (event->type == SLOT_EVENT_REQUEST)
		return event->request.unread;
	return event->type == SLOT_EVENT_LOST &&
	       event->lost.reason != SLOT_LOST_DROPPED;
}

/* What may be missing before its begin and behind its end */
static void look_around(struct side *side)
{
	bool alive = !side->nr;

	for (size_t i = 0; i < side->nr; i++) {
		side->late |= !side->lives[i].created;
		alive |= !side->lives[i].exited;
	}
	side->open = side->growing || (alive && !side->text);
}

static int list_lost(struct log_diff *out, enum log_side_id s,
		     const struct slot_log *log)
{
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++)
		nr += is_lost(&log->events[i]);
	out->lost[s] = calloc(nr + 1, sizeof(*out->lost[s]));
	if (!out->lost[s])
		return -ENOMEM;
	for (size_t i = 0; i < log->nr; i++) {
		if (is_lost(&log->events[i]))
			out->lost[s][out->nr_lost[s]++] = &log->events[i];
	}
	return 0;
}

static int diff(struct log_diff *out, struct side sides[LOG_SIDES],
		struct diff_items *items)
{
	size_t nr_a = sides[LOG_A].nr, nr = nr_a + sides[LOG_B].nr;
	bool *taken = calloc(nr + 1, sizeof(*taken));
	bool changes;
	int ret = taken ? 0 : -ENOMEM;

	sides[LOG_A].items = items;
	sides[LOG_B].items = items + nr_a;
	sides[LOG_A].taken = taken;
	sides[LOG_B].taken = taken + nr_a;
	for (int s = 0; s < LOG_SIDES; s++)
		out->lacks_changes[s] = lacks_changes(sides[s].log);
	changes = !out->lacks_changes[LOG_A] && !out->lacks_changes[LOG_B];
	for (int s = 0; s < LOG_SIDES && !ret; s++)
		ret = gather(&sides[s], changes, out->left_out[s]);
	if (!ret)
		ret = diff_items_number(items, nr);
	if (!ret)
		ret = compare_all(out, sides);
	if (!ret) {
		note_stood(out, sides);
		sum_up(out, sides);
	}
	free(taken);
	return ret;
}

int log_diff(const struct log_side *a, const struct log_side *b,
	     struct log_diff *out)
{
	struct side sides[LOG_SIDES] = {
		{ .log = a->log, .text = a->text, .growing = a->growing },
		{ .log = b->log, .text = b->text, .growing = b->growing },
	};
	struct diff_items *items;
	struct slot_lost lost;
	size_t nr = 0;
	int ret = 0;

	*out = (struct log_diff){ 0 };
	for (int s = 0; s < LOG_SIDES && !ret; s++) {
		ret = log_lives(sides[s].log, &sides[s].lives, &sides[s].nr);
		out->lives[s] = sides[s].lives;
		nr += sides[s].nr;
		look_around(&sides[s]);
		log_losses(sides[s].log, &lost);
		out->dropped[s] = lost.count[SLOT_LOST_DROPPED];
		sides[s].late |= out->dropped[s] > 0;
		out->taken_whole[s] = sides[s].text;
		if (!ret)
			ret = list_lost(out, s, sides[s].log);
	}
	if (ret)
		return ret;
	items = calloc(nr + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	ret = diff(out, sides, items);
	for (size_t i = 0; i < nr; i++)
		diff_items_deinit(&items[i]);
	free(items);
	return ret;
}

void log_diff_deinit(struct log_diff *diff)
{
	for (size_t i = 0; i < diff->nr; i++)
		free(diff->vms[i].edits);
	free(diff->vms);
	for (int s = 0; s < LOG_SIDES; s++) {
		free(diff->lives[s]);
		free(diff->lost[s]);
	}
	*diff = (struct log_diff){ 0 };
}
