// SPDX-License-Identifier: GPL-2.0-or-later
/* Global dirty logging: all migratable RAM is watched, as during a migration. */
#include <errno.h>

#include "memory/address_space.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/model.h"
#include "memory/region.h"

/* All ranges of migratable RAM get another mask; begins a change */
static int plan_all(struct memory_model *model, struct slotscope_error *err)
{
	struct memory_region *region;

	change_begin(model);
	TAILQ_FOREACH(region, &model->regions, link)
		if (region->info.iommu || region->info.ram_block)
			region_touch(region);
	model->update_pending = true;
	return change_plan(model, err);
}

static int do_stop(struct memory_model *model, uint32_t flags,
		   struct slotscope_error *err)
{
	uint32_t old = model->global_dirty;
	struct memory_listener *listener;
	int r;

	model->global_dirty &= ~flags;
	if (model->global_dirty || !old)
		return 0;
	r = plan_all(model, err);
	if (r) {
		model->global_dirty = old;
		return r;
	}
	change_finish(model);
	TAILQ_FOREACH_REVERSE(listener, &model->listeners, listener_list, link)
		listener_call_plain(listener, LISTENER_LOG_GLOBAL_STOP);
	return 0;
}

static int stop_postponed(struct memory_model *model,
			  struct slotscope_error *err)
{
	uint32_t flags = model->postponed_stop;
	int r;

	if (!flags)
		return 0;
	model->postponed_stop = 0;
	r = do_stop(model, flags, err);
	if (r)
		model->postponed_stop = flags;
	return r;
}

int memory_global_dirty_log_start(struct memory_model *model, uint32_t flags,
				  struct slotscope_error *err)
{
	uint32_t old;
	uint32_t postponed = model->postponed_stop;
	struct memory_listener *listener;
	int r;

	if (!flags) {
		error_set(err, EINVAL, "start global dirty logging");
		return error_why(err, "nobody asks for it: flags is 0");
	}
	/* What is asked for again need not stop */
	model->postponed_stop &= ~flags;
	r = stop_postponed(model, err);
	if (r) {
		model->postponed_stop = postponed;
		return r;
	}
	old = model->global_dirty;
	model->global_dirty |= flags;
	if (old)
		return 0;
	r = plan_all(model, err);
	if (r) {
		model->global_dirty = old;
		return r;
	}
	model_for_each_listener(listener, model)
		listener_call_plain(listener, LISTENER_LOG_GLOBAL_START);
	change_finish(model);
	return 0;
}

int memory_global_dirty_log_stop(struct memory_model *model, uint32_t flags,
				 struct slotscope_error *err)
{
	if (flags & ~model->global_dirty) {
		error_set(err, EINVAL, "stop global dirty logging");
		return error_why(err, "0x%x of flags 0x%x was not started",
				 flags & ~model->global_dirty, flags);
	}
	if (!model->running) {
		model->postponed_stop |= flags;
		return 0;
	}
	return do_stop(model, flags, err);
}

int memory_model_set_running(struct memory_model *model, bool running,
			     struct slotscope_error *err)
{
	int r = running ? stop_postponed(model, err) : 0;

	if (!r)
		model->running = running;
	return r;
}

void memory_global_dirty_log_sync(struct memory_model *model)
{
	struct memory_region_section section;
	struct memory_listener *listener;
	const struct flat_range *range;

	model_for_each_listener(listener, model) {
		if (!listener->ops->log_sync)
			continue;
		flat_view_for_each(range, listener->as->view) {
			if (!range->dirty_log_mask)
				continue;
			section = section_of(range, listener->as,
					     listener->as->view);
			listener_call_section(listener, LISTENER_LOG_SYNC,
					      &section);
		}
	}
}
