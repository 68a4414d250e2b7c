// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check/sample.h"

typedef int (*read_state_fn)(void *ctx, struct slot_state *out,
			     struct slotscope_error *err);

/* One end of the bracket */
struct mark {
	struct slot_state state;
	bool have;
	read_state_fn read;
};

static void mark_deinit(struct mark *mark)
{
	if (mark->read)
		slot_state_deinit(&mark->state);
	memset(mark, 0, sizeof(*mark));
}

/* The first way that works; the later ones cost more, or know less */
static void mark_first(const struct sample_source *source, struct mark *mark)
{
	const read_state_fn ways[] = { source->generations, source->kernel,
				       source->traced };
	struct slotscope_error err;

	memset(mark, 0, sizeof(*mark));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!ways[i])
			continue;
		mark_deinit(mark);
		mark->read = ways[i];
		memset(&err, 0, sizeof(err));
		mark->have = !ways[i](source->ctx, &mark->state, &err);
		if (mark->have)
			return;
	}
}

static bool has_generations(const struct slot_state *state)
{
	return state->coverage.fields & SLOT_FIELD_GENERATION;
}

static bool same_generations(const struct slot_state *a,
			     const struct slot_state *b)
{
	size_t nr = a->nr_as < b->nr_as ? a->nr_as : b->nr_as;

	for (size_t i = 0; i < nr; i++) {
		if (a->as[i].covered && b->as[i].covered &&
		    (a->as[i].generation != b->as[i].generation ||
		     a->as[i].updating != b->as[i].updating))
			return false;
	}
	return true;
}

/* The next slot that a VMM asked for, from *@at on; NULL at the end */
static const struct slot *next_own(const struct slot_state *state, size_t *at)
{
	while (*at < state->nr_slots) {
		if (!state->slots[(*at)++].hidden)
			return &state->slots[*at - 1];
	}
	return NULL;
}

static bool same_slots(const struct slot_state *a, const struct slot_state *b)
{
	const struct slot *x;
	const struct slot *y;
	size_t i = 0;
	size_t j = 0;

	do {
		x = next_own(a, &i);
		y = next_own(b, &j);
		if (!x || !y)
			return x == y;
	} while (x->as_id == y->as_id && x->id == y->id && x->gpa == y->gpa &&
		 x->size == y->size && x->hva == y->hva &&
		 !((x->flags ^ y->flags) & ~(uint32_t)SLOT_GMEM_ONLY));
	return false;
}

static bool same_moment(const struct slot_state *a, const struct slot_state *b)
{
	if (has_generations(a) && has_generations(b))
		return same_generations(a, b);
	return same_slots(a, b);
}

/*
 * What a reader came to. One that fails and does not say why must not pass for
 * one that nobody asked.
 * Return: -EAGAIN if it asks for another try, else 0.
 */
static int note(struct sample *out, enum check_view view, int ret)
{
	struct slotscope_error *err = &out->errors[view];

	out->have[view] = !ret;
	if (ret && !err->code)
		error_set(err, ret, "read %s", check_view_name(view));
	return ret == -EAGAIN ? ret : 0;
}

static int take_state(const struct sample_source *source, read_state_fn read,
		      enum check_view view, struct sample *out)
{
	if (!read)
		return 0;
	return note(out, view,
		    read(source->ctx, &out->states[view], &out->errors[view]));
}

static int take_backing(const struct sample_source *source, struct sample *out)
{
	if (!source->backing)
		return 0;
	return note(out, CHECK_BACKING,
		    source->backing(source->ctx, &out->backing,
				    &out->errors[CHECK_BACKING]));
}

/*
 * TRACED arrives late, and tells by its generations how late it is. Without
 * generations a request may be through in KVM and not yet in the log: then what
 * differs is looked at again before it is believed.
 */
static bool is_behind(const struct sample *out)
{
	const struct slot_state *traced = &out->states[VIEW_TRACED];
	const struct slot_state *kernel = &out->states[VIEW_KERNEL];

	if (!out->have[CHECK_TRACED] || !out->have[CHECK_KERNEL] ||
	    traced->coverage.lost || traced->gone)
		return false;
	if (has_generations(traced) && has_generations(kernel))
		return !same_generations(traced, kernel);
	return !traced->coverage.nr_blind && !same_slots(traced, kernel);
}

static bool in_transition(const struct sample *out)
{
	const struct slot_state *kernel = &out->states[VIEW_KERNEL];

	if (!out->have[CHECK_KERNEL])
		return false;
	for (size_t i = 0; i < kernel->nr_as; i++) {
		if (kernel->as[i].updating)
			return true;
	}
	for (size_t i = 0; i < kernel->nr_slots; i++) {
		if (kernel->slots[i].flags & SLOT_INVALID)
			return true;
	}
	return false;
}

static void drop_views(struct sample *out)
{
	for (int view = 0; view < VIEW_SOURCES; view++)
		slot_state_deinit(&out->states[view]);
	host_map_deinit(&out->backing);
	memset(out->have, 0, sizeof(out->have));
	memset(out->errors, 0, sizeof(out->errors));
	out->why[0] = '\0';
}

/* Return: true if it is worth another try */
static bool take_once(const struct sample_source *source, struct sample *out)
{
	struct slotscope_error err = { 0 };
	struct slot_state after;
	struct mark before;
	int again = 0;

	mark_first(source, &before);
	again |= take_state(source, source->model, CHECK_MODEL, out);
	again |= take_state(source, source->kernel, CHECK_KERNEL, out);
	again |= take_backing(source, out);
	again |= take_state(source, source->traced, CHECK_TRACED, out);
	out->settled = true;
	if (before.have) {
		out->settled = !before.read(source->ctx, &after, &err);
		if (!out->settled)
			snprintf(out->why, sizeof(out->why), "%.100s: %.140s",
				 err.tried, err.why);
		else
			out->settled = same_moment(&before.state, &after);
		slot_state_deinit(&after);
	}
	mark_deinit(&before);
	return again || !out->settled || in_transition(out) || is_behind(out);
}

void sample_take(const struct sample_source *source, unsigned int max_tries,
		 struct sample *out)
{
	memset(out, 0, sizeof(*out));
	for (out->tries = 1;; out->tries++) {
		if (!take_once(source, out) || out->tries >= max_tries)
			break;
		if (source->again && !source->again(source->ctx, out->tries))
			break;
		drop_views(out);
	}
	if (!out->settled && !out->why[0])
		snprintf(out->why, sizeof(out->why),
			 "slots changed during each of %u readings",
			 out->tries);
	for (int view = 0; view < CHECK_VIEWS; view++) {
		if (!out->have[view] && out->errors[view].code)
			snprintf(out->unread[view], sizeof(out->unread[view]),
				 "%s: %s", out->errors[view].tried,
				 out->errors[view].why);
	}
}

void sample_deinit(struct sample *sample)
{
	drop_views(sample);
	memset(sample, 0, sizeof(*sample));
}

void sample_input(const struct sample *sample, struct check_input *input)
{
	for (int view = 0; view < CHECK_VIEWS; view++)
		input->unread[view] =
			sample->unread[view][0] ? sample->unread[view] : NULL;
	for (int view = 0; view < VIEW_SOURCES; view++)
		input->views[view] =
			sample->have[view] ? &sample->states[view] : NULL;
	input->backing = sample->have[CHECK_BACKING] ? &sample->backing : NULL;
	input->unsettled = sample->settled ? NULL : sample->why;
}
