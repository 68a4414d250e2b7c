// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of a transaction. First all that must be allocated is (the plan);
 * then it takes effect, which cannot fail. So a commit that runs out of memory
 * leaves every view as it was, and no listener knows of it.
 */
#include "memory/address_space.h"
#include "memory/commit.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/observe.h"
#include "memory/region.h"
#include "memory/render.h"

/*
 * The view that an address space with this root has to show, with a reference.
 * Address spaces that lead to the same region share it.
 */
int commit_view_of(struct memory_model *model, struct memory_region *root,
		   struct flat_view **out, struct slotscope_error *err)
{
	struct memory_region *from = flat_view_find_root(root);
	int r;

	*out = from ? from->view : model->empty_view;
	if (*out) {
		flat_view_ref(*out);
		return 0;
	}
	r = flat_view_render(model, from, out, err);
	return r;
}

static const struct windows no_windows;

/* What nothing touched shows what it showed */
static bool is_touched(const struct address_space *as)
{
	return as->model->options.full_render || as->root->root_touched ||
	       (as->view->root && as->view->root->stale);
}

static bool has_windows(const struct memory_region *root)
{
	return root->windows.all || root->windows.nr;
}

/* In a commit: what is to be shown next, made once for all who show it */
static int plan_view(struct address_space *as, struct slotscope_error *err)
{
	struct memory_model *model = as->model;
	struct memory_region *from;
	int r = 0;

	if (!is_touched(as)) {
		as->next_view = as->view;
	} else if (!(from = flat_view_find_root(as->root))) {
		as->next_view = model->empty_view;
	} else if (from->next_view) {
		as->next_view = from->next_view;
	} else if (!from->view || model->options.full_render) {
		r = flat_view_render(model, from, &from->next_view, err);
		as->next_view = from->next_view;
	} else if (has_windows(from)) {
		r = flat_view_update(from->view, &from->windows,
				     &from->next_view, err);
		as->next_view = from->next_view;
	} else {
		as->next_view = from->view;
	}
	if (r)
		as->next_view = NULL;
	else
		flat_view_ref(as->next_view);
	return r;
}

/* In the order in which they were made; mostly they come in it */
static void add_changing(struct address_space *as)
{
	struct address_space_list *list = &as->model->changing;
	struct address_space *other;

	if (as->changing)
		return;
	as->changing = true;
	TAILQ_FOREACH_REVERSE(other, list, address_space_list, changing_link)
		if (other->seq < as->seq)
			break;
	if (other)
		TAILQ_INSERT_AFTER(list, other, as, changing_link);
	else
		TAILQ_INSERT_HEAD(list, as, changing_link);
}

static struct address_space *next_changed(struct memory_model *model)
{
	struct address_space *as = TAILQ_FIRST(&model->changing);

	if (!as)
		return NULL;
	TAILQ_REMOVE(&model->changing, as, changing_link);
	as->changing = false;
	return as;
}

/* Whom the commit concerns: all, for QEMU; here those above what was touched */
static void find_changing(struct memory_model *model)
{
	struct address_space *as;
	struct memory_region *root;

	if (model->options.full_render || model->nr_nop_all)
		TAILQ_FOREACH(as, &model->address_spaces, link)
			if (model->options.full_render || as->nr_nop_all)
				add_changing(as);
	LIST_FOREACH(root, &model->stale, stale_link) {
		if (root->root_touched || root->ioeventfds_touched)
			TAILQ_FOREACH(as, &root->spaces, root_link)
				add_changing(as);
		if (root->view && has_windows(root))
			TAILQ_FOREACH(as, &root->view->users, view_link)
				add_changing(as);
	}
}

/* The roots hold a reference to what was rendered from them: give it back */
static void drop_root_views(struct memory_model *model)
{
	struct address_space *as;
	struct memory_region *root;

	TAILQ_FOREACH(as, &model->changing, changing_link) {
		root = as->next_view ? as->next_view->root : NULL;
		if (root && root->next_view) {
			flat_view_unref(root->next_view);
			root->next_view = NULL;
		}
	}
}

static void cancel(struct memory_model *model)
{
	struct address_space *as;

	drop_root_views(model);
	while ((as = next_changed(model))) {
		ioeventfds_cancel(as);
		flat_view_unref(as->next_view);
		as->next_view = NULL;
	}
}

int commit_plan(struct memory_model *model, struct slotscope_error *err)
{
	struct address_space *as;
	int r = 0;

	if (!model->update_pending && !model->ioeventfd_pending)
		return 0;
	find_changing(model);
	TAILQ_FOREACH(as, &model->changing, changing_link) {
		if (model->update_pending)
			r = plan_view(as, err);
		if (!r)
			r = ioeventfds_plan(
				as, as->next_view ? as->next_view : as->view,
				err);
		if (r) {
			cancel(model);
			return r;
		}
	}
	drop_root_views(model);
	return 0;
}

/* The windows that made the next view of the one before it; NULL: it is new */
static const struct windows *windows_between(const struct flat_view *old,
					     const struct flat_view *next)
{
	if (old == next)
		return &no_windows;
	if (old->model->options.full_render || old->root != next->root ||
	    old->root->windows.all)
		return NULL;
	return &old->root->windows;
}

static void apply_view(struct address_space *as)
{
	struct flat_view *view = as->next_view;
	const struct windows *windows = windows_between(as->view, view);
	struct memory_event event = {
		.kind = MEMORY_EVENT_VIEW,
		.as = as,
		.old_view = as->view,
		.new_view = view,
	};
	bool same = view == as->view;

	as->next_view = NULL;
	if (!same)
		observe_begin(as->model, &event);
	if (!TAILQ_EMPTY(&as->listeners) && (!same || as->nr_nop_all)) {
		topology_pass(as, as->view, view, windows, false);
		topology_pass(as, as->view, view, windows, true);
	}
	if (same) {
		flat_view_unref(view);
		return;
	}
	event.old_view = NULL; /* it may go now */
	address_space_set_view(as, view);
	observe_end(as->model, &event);
}

static void settle_roots(struct memory_model *model, bool rendered)
{
	struct memory_region *root = LIST_FIRST(&model->stale), *next;

	for (; root; root = next) {
		next = LIST_NEXT(root, stale_link);
		root_settle(root, rendered);
	}
}

void commit_apply(struct memory_model *model)
{
	const struct memory_event event = { .kind = MEMORY_EVENT_COMMIT };
	struct memory_listener *listener;
	struct address_space *as;

	if (model->update_pending) {
		model->update_pending = false;
		model->ioeventfd_pending = false;
		observe_begin(model, &event);
		TAILQ_FOREACH(listener, &model->commit_listeners, commit_link)
			listener_call_plain(listener, LISTENER_BEGIN);
		while ((as = next_changed(model))) {
			apply_view(as);
			ioeventfds_apply(as);
		}
		settle_roots(model, true);
		TAILQ_FOREACH(listener, &model->commit_listeners, commit_link)
			listener_call_plain(listener, LISTENER_COMMIT);
		observe_end(model, &event);
	} else if (model->ioeventfd_pending) {
		model->ioeventfd_pending = false;
		while ((as = next_changed(model)))
			ioeventfds_apply(as);
		settle_roots(model, false);
	}
}
