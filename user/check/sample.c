// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/restless.h"
#include "check/sample.h"

/**
 * struct mark - one end of the bracket
 * @producer: by what it was read; NULL: by @generations of the source
 */
struct mark {
	struct slot_state state;
	struct slotscope_error error;
	const struct producer *producer;
	bool have;
};

static uint32_t traits_of(enum party_id party)
{
	return party_of(party)->traits;
}

static void read_mark(const struct sample_source *source,
		      const struct producer *producer, struct mark *mark)
{
	int ret;

	memset(mark, 0, sizeof(*mark));
	mark->producer = producer;
	if (producer)
		ret = producer->slots(source->ctx, NULL, &mark->state,
				      &mark->error);
	else
		ret = source->generations(source->ctx, &mark->state,
					  &mark->error);
	mark->have = !ret;
	if (ret && !mark->error.code)
		error_set(&mark->error, ret, "read the slots again");
}

/* The first way that works; the later ones cost more, or know less */
static bool mark_begin(const struct sample_source *source, struct mark *mark)
{
	const uint32_t wanted[] = { PARTY_HOLDS, PARTY_HOLDS | PARTY_FOLLOWS };
	const struct producer *producer;

	if (source->generations) {
		read_mark(source, NULL, mark);
		if (mark->have)
			return true;
		slot_state_deinit(&mark->state);
	}
	for (size_t i = 0; i < 2; i++) {
		for (size_t p = 0; p < source->nr_producers; p++) {
			producer = &source->producers[p];
			if (!producer->slots ||
			    (traits_of(producer->party) &
			     (PARTY_HOLDS | PARTY_FOLLOWS)) != wanted[i])
				continue;
			read_mark(source, producer, mark);
			if (mark->have)
				return true;
			slot_state_deinit(&mark->state);
		}
	}
	memset(mark, 0, sizeof(*mark));
	return false;
}

static bool has_generations(const struct slot_state *state)
{
	return state->coverage.fields & SLOT_FIELD_GENERATION;
}

/* The first view that was read and has these of the two traits */
static const struct slot_state *state_with(const struct sample *sample,
					   uint32_t traits)
{
	const uint32_t mask = PARTY_HOLDS | PARTY_FOLLOWS;
	const struct sampled *sampled;

	for (size_t i = 0; i < sample->nr; i++) {
		sampled = &sample->sampled[i];
		if (sampled->have &&
		    (traits_of(sampled->party) & mask) == traits)
			return &sampled->state;
	}
	return NULL;
}

/*
 * What a reader came to. One that fails and does not say why must not pass for
 * one that nobody asked.
 * Return: true if it asks for another try.
 */
static bool take_view(const struct sample_source *source,
		      const struct producer *producer,
		      const struct sample *sample, struct sampled *out)
{
	const struct slot_state *upto = NULL;
	int ret;

	if (out->none || (!producer->slots && !producer->map))
		return false;
	if (traits_of(out->party) & PARTY_FOLLOWS)
		upto = state_with(sample, PARTY_HOLDS);
	ret = producer->slots ?
		      producer->slots(source->ctx, upto, &out->state,
				      &out->error) :
		      producer->map(source->ctx, &out->map, &out->error);
	out->have = !ret;
	if (ret && !out->error.code)
		error_set(&out->error, ret, "read %s",
			  party_of(out->party)->name);
	return ret == -EAGAIN;
}

/* Those that follow a log come after the rest, so that it has all of that */
/* Return: true if it asks for another try. */
static bool take_audit(const struct sample_source *source,
		       const struct producer *producer, struct sampled *out)
{
	int ret;

	out->audited = producer->audit && !out->none;
	if (!out->audited)
		return false;
	ret = producer->audit(source->ctx, &out->audit, &out->audit_error);
	if (ret && !out->audit_error.code)
		error_set(&out->audit_error, ret, "audit the indexes of %s",
			  party_of(out->party)->name);
	return ret == -EAGAIN;
}

/* Return: true if it asks for another try. */
static bool take_stage2(const struct sample_source *source,
			const struct producer *producer, struct sampled *out)
{
	int ret;

	out->looked = false;
	if (!producer->stage2 || !out->have)
		return false;
	ret = producer->stage2(source->ctx, &out->state, &out->stage2,
			       &out->stage2_error);
	out->looked = ret != SAMPLE_NOT_ASKED;
	if (ret < 0 && !out->stage2_error.code)
		error_set(&out->stage2_error, ret, "read page tables");
	return ret == -EAGAIN;
}

static bool take_views(const struct sample_source *source, bool following,
		       struct sample *out)
{
	bool again = false;

	for (size_t i = 0; i < out->nr; i++) {
		if (!(traits_of(out->sampled[i].party) & PARTY_FOLLOWS) ==
		    following)
			continue;
		again |= take_view(source, &source->producers[i], out,
				   &out->sampled[i]);
		again |= take_audit(source, &source->producers[i],
				    &out->sampled[i]);
		again |= take_stage2(source, &source->producers[i],
				     &out->sampled[i]);
	}
	return again;
}

/*
 * TRACED arrives late, and tells by its generations how late it is. Without
 * generations a request may be through in KVM and not yet in the log: then what
 * differs is looked at again before it is believed.
 */
static bool is_behind(const struct sample *out)
{
	const struct slot_state *traced =
		state_with(out, PARTY_HOLDS | PARTY_FOLLOWS);
	const struct slot_state *kernel = state_with(out, PARTY_HOLDS);

	if (!traced || !kernel || traced->coverage.lost || traced->gone)
		return false;
	if (has_generations(traced) && has_generations(kernel))
		return !same_generations(traced, kernel);
	return !traced->coverage.nr_blind && !same_slots(traced, kernel);
}

static bool in_transition(const struct sample *out)
{
	const struct slot_state *kernel = state_with(out, PARTY_HOLDS);

	for (size_t i = 0; kernel && i < kernel->nr_as; i++) {
		if (kernel->as[i].updating || kernel->as[i].torn)
			return true;
	}
	for (size_t i = 0; kernel && i < kernel->nr_slots; i++) {
		if (kernel->slots[i].flags & SLOT_INVALID)
			return true;
	}
	return false;
}

static void drop_views(struct sample *out)
{
	struct sampled *sampled;

	for (size_t i = 0; i < out->nr; i++) {
		sampled = &out->sampled[i];
		slot_state_deinit(&sampled->state);
		host_map_deinit(&sampled->map);
		index_audit_deinit(&sampled->audit);
		memset(&sampled->audit_error, 0, sizeof(sampled->audit_error));
		stage2_audit_deinit(&sampled->stage2);
		memset(&sampled->stage2_error, 0,
		       sizeof(sampled->stage2_error));
		sampled->have = false;
		if (!sampled->none)
			memset(&sampled->error, 0, sizeof(sampled->error));
	}
	free(out->restless);
	free(out->unsettled);
	out->restless = NULL;
	out->nr_restless = 0;
	out->unsettled = NULL;
}

/* The other end of the bracket, and what moved within */
static int mark_end(const struct sample_source *source,
		    const struct mark *before, struct mark *after,
		    struct sample *out)
{
	read_mark(source, before->producer, after);
	if (after->have)
		return 0;
	if (asprintf(&out->unsettled, "%s: %s", after->error.tried,
		     after->error.why) < 0) {
		out->unsettled = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int find_restless(const struct sample_source *source,
			 const struct mark *before, const struct mark *after,
			 struct sample *out)
{
	if (!before->have || !after->have)
		return 0;
	return restless_find(&before->state, &after->state,
			     state_with(out, PARTY_HOLDS | PARTY_FOLLOWS),
			     source->log, &out->restless, &out->nr_restless);
}

/* Return: 1 if it is worth another try, 0 or -ENOMEM */
static int take_once(const struct sample_source *source, struct sample *out)
{
	struct mark after = { 0 };
	struct mark before;
	bool again = false;
	int ret = 0;

	mark_begin(source, &before);
	again |= take_views(source, false, out);
	if (before.have)
		ret = mark_end(source, &before, &after, out);
	again |= take_views(source, true, out);
	if (!ret)
		ret = find_restless(source, &before, &after, out);
	if (before.have) {
		slot_state_deinit(&before.state);
		slot_state_deinit(&after.state);
	}
	if (ret)
		return ret;
	return again || out->unsettled || out->nr_restless ||
	       in_transition(out) || is_behind(out);
}

static int prepare(const struct sample_source *source, struct sample *out)
{
	struct sampled *sampled;

	out->sampled = calloc(source->nr_producers + 1, sizeof(*out->sampled));
	out->views = calloc(source->nr_producers + 1, sizeof(*out->views));
	if (!out->sampled || !out->views)
		return -ENOMEM;
	out->nr = source->nr_producers;
	for (size_t i = 0; i < out->nr; i++) {
		sampled = &out->sampled[i];
		sampled->party = source->producers[i].party;
		sampled->none = source->producers[i].probe &&
				source->producers[i].probe(source->ctx,
							   &sampled->error);
	}
	return 0;
}

/* "what was tried: why"; of what is no loss the reason alone */
static int in_a_line(const struct slotscope_error *error, bool none,
		     char **line)
{
	int ret = none && error->why[0] ?
			  asprintf(line, "%s", error->why) :
			  asprintf(line, "%s: %s", error->tried, error->why);

	if (ret >= 0)
		return 0;
	*line = NULL;
	return -ENOMEM;
}

static int explain_audit(struct sampled *sampled, struct view *view)
{
	struct index_audit *audit = &sampled->audit;
	const struct slotscope_error *error = &sampled->audit_error;
	bool none = error->code == EOPNOTSUPP;

	if (sampled->audited)
		view->audit = audit;
	if (!error->code)
		return 0;
	return in_a_line(error, none, none ? &audit->none : &audit->unread);
}

/* It was asked for by name: that there is no way to it is no excuse */
static int explain_stage2(struct sampled *sampled, struct view *view)
{
	if (sampled->looked)
		view->stage2 = &sampled->stage2;
	if (!sampled->stage2_error.code)
		return 0;
	return in_a_line(&sampled->stage2_error, false,
			 &sampled->stage2.unread);
}

/* In a line what stands in the way of each view */
static int explain(struct sample *out)
{
	struct sampled *sampled;
	struct view *view;
	int ret = 0;

	for (size_t i = 0; i < out->nr && !ret; i++) {
		sampled = &out->sampled[i];
		view = &out->views[i];
		view->party = sampled->party;
		if (sampled->have && traits_of(view->party) & PARTY_GROUND)
			view->map = &sampled->map;
		else if (sampled->have)
			view->slots = &sampled->state;
		else if (sampled->error.code) {
			ret = in_a_line(&sampled->error, sampled->none,
					&sampled->why);
			*(sampled->none ? &view->none : &view->unread) =
				sampled->why;
		}
		if (!ret)
			ret = explain_audit(sampled, view);
		if (!ret)
			ret = explain_stage2(sampled, view);
	}
	return ret;
}

int sample_take(const struct sample_source *source, unsigned int max_tries,
		struct sample *out)
{
	int ret;

	memset(out, 0, sizeof(*out));
	ret = prepare(source, out);
	if (ret)
		return ret;
	for (out->tries = 1;; out->tries++) {
		ret = take_once(source, out);
		if (ret <= 0 || out->tries >= max_tries)
			break;
		if (source->again && !source->again(source->ctx, out->tries))
			break;
		drop_views(out);
	}
	return ret < 0 ? ret : explain(out);
}

int sample_of_log(const struct slot_log *log, const struct vm_id *vm,
		  struct sample *out)
{
	struct slot_log part = *log;
	const struct slot_event *event;
	struct sampled *sampled;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < log->nr && !out->ended; i++) {
		event = &log->events[i];
		if (event->type != SLOT_EVENT_VM_DESTROY ||
		    event->serial != vm->serial)
			continue;
		out->ended = true;
		out->end.at_ns = event->time_ns;
		part.nr = i;
	}
	sampled = calloc(1, sizeof(*sampled));
	out->views = calloc(1, sizeof(*out->views));
	out->sampled = sampled;
	if (!sampled || !out->views) {
		free(sampled);
		free(out->views);
		memset(out, 0, sizeof(*out));
		return -ENOMEM;
	}
	out->nr = 1;
	sampled->party = PARTY_TRACED;
	sampled->have = true;
	out->views[0].party = PARTY_TRACED;
	out->views[0].slots = &sampled->state;
	return fold(&part, vm, &sampled->state);
}

void sample_deinit(struct sample *sample)
{
	drop_views(sample);
	for (size_t i = 0; i < sample->nr; i++)
		free(sample->sampled[i].why);
	free(sample->sampled);
	free(sample->views);
	free(sample->vcpus);
	memset(sample, 0, sizeof(*sample));
}

const struct sampled *sample_find(const struct sample *sample,
				  enum party_id party)
{
	for (size_t i = 0; i < sample->nr; i++) {
		if (sample->sampled[i].have &&
		    sample->sampled[i].party == party)
			return &sample->sampled[i];
	}
	return NULL;
}

void sample_input(const struct sample *sample, struct check_input *input)
{
	input->views = sample->views;
	input->nr_views = sample->nr;
	input->unsettled = sample->unsettled;
	input->restless = sample->restless;
	input->nr_restless = sample->nr_restless;
	input->end = sample->ended ? &sample->end : NULL;
	input->vcpus = sample->vcpus;
	input->nr_vcpus = sample->nr_vcpus;
}
