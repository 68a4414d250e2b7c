// SPDX-License-Identifier: GPL-2.0-or-later
/* The model: what owns all the rest, and its transactions. */
#include <errno.h>
#include <stdlib.h>

#include "memory/address_space.h"
#include "memory/commit.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/model.h"
#include "memory/probes.h"
#include "memory/ram_block.h"
#include "memory/region.h"

static bool power_of_2(uint64_t n)
{
	return n && !(n & (n - 1));
}

int memory_model_create(const struct memory_model_options *options,
			struct memory_model **out, struct slotscope_error *err)
{
	struct memory_model *model = calloc(1, sizeof(*model));

	if (!model)
		return error_set(err, ENOMEM, "create a memory model");
	if (options)
		model->options = *options;
	if (!model->options.page_size)
		model->options.page_size = 4096;
	if (!model->options.ram_align)
		model->options.ram_align = 64 * model->options.page_size;
	if (!power_of_2(model->options.page_size) ||
	    !power_of_2(model->options.ram_align)) {
		free(model);
		error_set(err, EINVAL, "create a memory model");
		return error_why(err, "its page size or RAM alignment is no "
				      "power of 2");
	}
	TAILQ_INIT(&model->regions);
	TAILQ_INIT(&model->address_spaces);
	TAILQ_INIT(&model->listeners);
	TAILQ_INIT(&model->commit_listeners);
	TAILQ_INIT(&model->changing);
	LIST_INIT(&model->stale);
	atomic_flag_clear(&model->bounce_used);
	/* Above those of a new node and a new address space */
	model->ioeventfd_seq = 1;
	model->first_ioeventfd_seq = 1;
	model->running = true;
	model->empty_view = flat_view_create(model, NULL, NULL);
	if (!model->empty_view) {
		free(model);
		return error_set(err, ENOMEM, "create a memory model");
	}
	*out = model;
	return 0;
}

void memory_model_destroy(struct memory_model *model)
{
	struct memory_listener *listener;
	struct address_space *as;
	struct ram_block *block;

	if (!model)
		return;
	while ((listener = TAILQ_FIRST(&model->listeners)))
		memory_listener_free(listener);
	while ((as = TAILQ_FIRST(&model->address_spaces)))
		address_space_free(as);
	flat_view_unref(model->empty_view);
	flat_view_reap(model);
	regions_destroy_all(model);
	while ((block = ram_block_first(model)))
		ram_block_free(model, block);
	free(model);
}

void change_begin(struct memory_model *model)
{
	if (!model->depth)
		flat_view_reap(model);
	PROBE1(begin, model->depth);
	model->depth++;
}

int change_plan(struct memory_model *model, struct slotscope_error *err)
{
	int r = model->depth == 1 ? commit_plan(model, err) : 0;

	if (r) {
		/* The caller takes the change back: nothing is pending then */
		model->depth--;
		model->update_pending = false;
		model->ioeventfd_pending = false;
	}
	return r;
}

void change_finish(struct memory_model *model)
{
	if (--model->depth)
		return;
	PROBE1(commit, model->update_pending);
	commit_apply(model);
	flat_view_reap(model);
}

int change_end(struct memory_model *model, struct slotscope_error *err)
{
	int r = change_plan(model, err);

	if (!r)
		change_finish(model);
	return r;
}

void memory_model_begin(struct memory_model *model)
{
	change_begin(model);
}

int memory_model_commit(struct memory_model *model, struct slotscope_error *err)
{
	int r;

	if (!model->depth) {
		error_set(err, EINVAL, "commit a change of the memory model");
		return error_why(err, "no transaction is open");
	}
	if (model->depth == 1) {
		r = commit_plan(model, err);
		if (r)
			return r;
	}
	change_finish(model);
	return 0;
}
