// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "check/sample.h"

void sample_init(struct sample *sample)
{
	int i;

	*sample = (struct sample){};
	for (i = 0; i < VIEW_SOURCES; i++)
		slot_state_init(&sample->state[i], i);
	host_map_init(&sample->backing);
}

void sample_deinit(struct sample *sample)
{
	int i;

	for (i = 0; i < VIEW_SOURCES; i++)
		slot_state_deinit(&sample->state[i]);
	host_map_deinit(&sample->backing);
}

static bool same_generations(const struct slot_state *a,
			     const struct slot_state *b)
{
	size_t i;

	if (a->nr_as != b->nr_as)
		return false;
	for (i = 0; i < a->nr_as; i++)
		if (a->as[i].generation != b->as[i].generation ||
		    a->as[i].updating || b->as[i].updating)
			return false;
	return true;
}

static bool in_transition(const struct slot_state *kernel)
{
	size_t i;

	for (i = 0; i < kernel->nr_slots; i++)
		if (kernel->slots[i].flags & SLOT_INVALID)
			return true;
	return false;
}

/* The generation of an address space that both have and cover; else true */
static bool reached(const struct slot_state *traced,
		    const struct slot_state *generations, size_t i)
{
	if (!(traced->coverage.fields & SLOT_FIELD_GENERATION))
		return true;
	if (i >= traced->nr_as || !traced->as[i].covered)
		return true;
	return traced->as[i].generation == generations->as[i].generation;
}

/* Why what was read is not of one moment; an empty @why if it is */
static void judge(const struct sample *sample, const struct slot_state *before,
		  const struct slot_state *after, char *why, size_t size)
{
	const struct slot_state *kernel = &sample->state[VIEW_KERNEL];
	const struct slot_state *traced = &sample->state[VIEW_TRACED];
	size_t i;

	why[0] = '\0';
	if (!same_generations(before, after)) {
		snprintf(why, size,
			 "memory slots changed while they were read");
		return;
	}
	if (sample->have & 1U << CHECK_KERNEL &&
	    (!same_generations(before, kernel) || in_transition(kernel))) {
		snprintf(why, size, "a memory slot was being changed");
		return;
	}
	if (!(sample->have & 1U << CHECK_TRACED))
		return;
	for (i = 0; i < before->nr_as; i++) {
		if (reached(traced, before, i))
			continue;
		snprintf(
			why, size,
			"in address space %zu the trace is at generation %" PRIu64
			", the kernel at %" PRIu64,
			i, traced->as[i].generation, before->as[i].generation);
		return;
	}
}

/* What came of reading one view. Return: 0, or what ends the sampling */
static int note(struct sample *sample, enum check_view view, int ret,
		const struct slotscope_error *err)
{
	if (!ret)
		sample->have |= 1U << view;
	else if (ret == -ESRCH || ret == -ENOMEM)
		return ret;
	else if (ret != -ECANCELED)
		snprintf(sample->unread[view], sizeof(sample->unread[view]),
			 "%.140s: %.300s", err->tried, err->why);
	return 0;
}

static int read_view(struct sample *sample, enum view_source source,
		     const struct sample_ops *ops, void *opaque,
		     struct slotscope_error *err)
{
	return note(sample, (enum check_view)source,
		    ops->view(opaque, source, &sample->state[source], err),
		    err);
}

static int read_all(struct sample *sample, const struct sample_ops *ops,
		    void *opaque, struct slotscope_error *err)
{
	int ret;

	ret = read_view(sample, VIEW_MODEL, ops, opaque, err);
	if (!ret)
		ret = read_view(sample, VIEW_KERNEL, ops, opaque, err);
	if (!ret)
		ret = note(sample, CHECK_BACKING,
			   ops->backing(opaque, &sample->backing, err), err);
	if (!ret)
		ret = read_view(sample, VIEW_TRACED, ops, opaque, err);
	return ret;
}

static int try_once(struct sample *sample, const struct sample_ops *ops,
		    void *opaque, struct slotscope_error *err)
{
	struct slot_state before, after;
	int ret;

	slot_state_init(&before, VIEW_KERNEL);
	slot_state_init(&after, VIEW_KERNEL);
	ret = ops->generations(opaque, &before, err);
	if (!ret)
		ret = read_all(sample, ops, opaque, err);
	if (!ret)
		ret = ops->generations(opaque, &after, err);
	if (!ret)
		judge(sample, &before, &after, sample->unsettled,
		      sizeof(sample->unsettled));
	slot_state_deinit(&before);
	slot_state_deinit(&after);
	return ret;
}

int sample_take(struct sample *sample, const struct sample_ops *ops,
		void *opaque, unsigned int tries, struct slotscope_error *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < tries; i++) {
		if (i)
			ops->pause(opaque);
		sample_deinit(sample);
		sample_init(sample);
		sample->tries = i + 1;
		ret = try_once(sample, ops, opaque, err);
		if (ret || !sample->unsettled[0])
			return ret;
	}
	return 0;
}

void sample_input(const struct sample *sample, struct check_input *input)
{
	int view;

	for (view = 0; view < CHECK_VIEWS; view++) {
		if (sample->unread[view][0])
			input->unread[view] = sample->unread[view];
		if (view < VIEW_SOURCES && sample->have & 1U << view)
			input->views[view] = &sample->state[view];
	}
	if (sample->have & 1U << CHECK_BACKING)
		input->backing = &sample->backing;
	if (sample->unsettled[0])
		input->unsettled = sample->unsettled;
}
