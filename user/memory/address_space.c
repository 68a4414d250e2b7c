// SPDX-License-Identifier: GPL-2.0-or-later
/* AddressSpace: what somebody sees of the graph of regions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/address_space.h"
#include "memory/commit.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/observe.h"
#include "memory/region.h"

/* A view that no address space shows will not be brought up to date */
static void stop_showing(struct address_space *as, struct flat_view *view)
{
	TAILQ_REMOVE(&view->users, as, view_link);
	if (TAILQ_EMPTY(&view->users) && view->root && view->root->view == view)
		view->root->view = NULL;
}

/* From now on @view is shown; takes over the caller's reference to it */
void address_space_set_view(struct address_space *as, struct flat_view *view)
{
	struct flat_view *old = as->view;

	if (old)
		stop_showing(as, old);
	if (view->root)
		view->root->view = view;
	TAILQ_INSERT_TAIL(&view->users, as, view_link);
	pthread_mutex_lock(&as->lock);
	as->view = view;
	pthread_mutex_unlock(&as->lock);
	flat_view_unref(old);
}

int address_space_create(struct memory_model *model, const char *name,
			 struct memory_region *root, struct address_space **out,
			 struct slotscope_error *err)
{
	struct memory_event event = {
		.kind = MEMORY_EVENT_ADDRESS_SPACE,
		.name = name,
		.region = root,
	};
	struct address_space *as;
	struct flat_view *view;
	int r;

	if (root->model != model) {
		error_set(err, EINVAL, "create address space %s", name);
		return error_why(err, "its root, %s, is of another model",
				 root->name);
	}
	observe_begin(model, &event);
	as = calloc(1, sizeof(*as));
	if (!as) {
		r = error_nomem(err, "create address space", name);
		goto err_observe;
	}
	as->name = strdup(name);
	if (!as->name) {
		r = error_nomem(err, "create address space", name);
		goto err_as;
	}
	as->model = model;
	as->root = root;
	as->seq = ++model->seq;
	r = commit_view_of(model, root, &view, err);
	if (r)
		goto err_name;
	r = ioeventfds_plan(as, view, err);
	if (r)
		goto err_view;
	pthread_mutex_init(&as->lock, NULL);
	TAILQ_INIT(&as->listeners);
	TAILQ_INSERT_TAIL(&model->address_spaces, as, link);
	memory_region_ref(root);
	TAILQ_INSERT_TAIL(&root->spaces, as, root_link);
	address_space_set_view(as, view);
	ioeventfds_apply(as);
	*out = as;
	event.as = as;
	observe_end(model, &event);
	return 0;

err_view:
	ioeventfds_cancel(as);
	flat_view_unref(view);
err_name:
	free(as->name);
err_as:
	free(as);
err_observe:
	observe_end(model, &event);
	return r;
}

void address_space_free(struct address_space *as)
{
	struct flat_view *view = as->view;

	TAILQ_REMOVE(&as->model->address_spaces, as, link);
	stop_showing(as, view);
	flat_view_unref(view);
	TAILQ_REMOVE(&as->root->spaces, as, root_link);
	pthread_mutex_destroy(&as->lock);
	free(as->ioeventfds);
	free(as->name);
	free(as);
}

int address_space_destroy(struct address_space *as, struct slotscope_error *err)
{
	struct memory_listener *listener = TAILQ_FIRST(&as->listeners);
	struct memory_region *root = as->root;
	struct memory_model *model = as->model;

	if (listener) {
		error_set(err, EBUSY, "destroy address space %s", as->name);
		return error_why(err, "%s still listens to it", listener->name);
	}
	address_space_free(as);
	memory_region_unref(root);
	if (!model->depth)
		flat_view_reap(model);
	return 0;
}

const char *address_space_name(const struct address_space *as)
{
	return as->name;
}

struct memory_region *address_space_root(const struct address_space *as)
{
	return as->root;
}

struct memory_model *address_space_model(const struct address_space *as)
{
	return as->model;
}

struct address_space *address_space_first(const struct memory_model *model)
{
	return TAILQ_FIRST(&model->address_spaces);
}

struct address_space *address_space_next(const struct address_space *as)
{
	return TAILQ_NEXT(as, link);
}
