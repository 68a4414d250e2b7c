// SPDX-License-Identifier: GPL-2.0-or-later
/* ioeventfds: writes that signal a file descriptor instead of exiting. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/address_space.h"
#include "memory/commit.h"
#include "memory/flat_view.h"
#include "memory/listener.h"
#include "memory/model.h"
#include "memory/region.h"

static int compare(const struct memory_ioeventfd *a,
		   const struct memory_ioeventfd *b)
{
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	if (a->match_data != b->match_data)
		return a->match_data < b->match_data ? -1 : 1;
	if (a->match_data && a->data != b->data)
		return a->data < b->data ? -1 : 1;
	if (a->fd != b->fd)
		return a->fd < b->fd ? -1 : 1;
	return 0;
}

/* Size 0, any size, stands for all that is at its address */
static bool matches(const struct memory_ioeventfd *a,
		    const struct memory_ioeventfd *b)
{
	if (a->addr == b->addr && (!a->size || !b->size))
		return true;
	return !compare(a, b);
}

static void refused(struct slotscope_error *err, int code, const char *what,
		    const struct memory_region *region,
		    const struct memory_ioeventfd *eventfd)
{
	error_set(err, code, "%s eventfd %d at 0x%llx of memory region %s",
		  what, eventfd->fd, (unsigned long long)eventfd->addr,
		  region->name);
}

static int change(struct memory_region *region, struct memory_ioeventfd *fds,
		  size_t nr, struct slotscope_error *err)
{
	struct memory_model *model = region->model;
	struct memory_ioeventfd *old = region->ioeventfds;
	size_t old_nr = region->nr_ioeventfds;
	int r;

	change_begin(model);
	region->ioeventfds = fds;
	region->nr_ioeventfds = nr;
	model->nr_ioeventfds += nr - old_nr;
	model->ioeventfd_seq++;
	if (!old_nr)
		model->first_ioeventfd_seq++;
	region_touch_ioeventfds(region);
	if (region->info.enabled)
		model->ioeventfd_pending = true;
	r = change_end(model, err);
	if (r) {
		region->ioeventfds = old;
		region->nr_ioeventfds = old_nr;
		model->nr_ioeventfds -= nr - old_nr;
		model->ioeventfd_seq++;
		if (!nr)
			model->first_ioeventfd_seq++;
		free(fds);
		return r;
	}
	free(old);
	return 0;
}

int memory_region_add_eventfd(struct memory_region *region,
			      const struct memory_ioeventfd *eventfd,
			      struct slotscope_error *err)
{
	uint32_t size = eventfd->size;
	size_t nr = region->nr_ioeventfds, at = 0;
	struct memory_ioeventfd *fds;

	if (size > 8 || (size & (size - 1))) {
		refused(err, EINVAL, "add", region, eventfd);
		return error_why(err, "a write of %u bytes does not exist",
				 size);
	}
	while (at < nr && compare(eventfd, &region->ioeventfds[at]) > 0)
		at++;
	if (at < nr && !compare(eventfd, &region->ioeventfds[at])) {
		refused(err, EEXIST, "add", region, eventfd);
		return error_why(err, "it is there already");
	}
	fds = malloc((nr + 1) * sizeof(*fds));
	if (!fds)
		return error_nomem(err, "add an eventfd to", region->name);
	if (at)
		memcpy(fds, region->ioeventfds, at * sizeof(*fds));
	fds[at] = *eventfd;
	if (nr > at)
		memcpy(&fds[at + 1], &region->ioeventfds[at],
		       (nr - at) * sizeof(*fds));
	return change(region, fds, nr + 1, err);
}

int memory_region_del_eventfd(struct memory_region *region,
			      const struct memory_ioeventfd *eventfd,
			      struct slotscope_error *err)
{
	size_t nr = region->nr_ioeventfds, at = 0;
	struct memory_ioeventfd *fds;

	while (at < nr && !matches(eventfd, &region->ioeventfds[at]))
		at++;
	if (at == nr) {
		refused(err, ENOENT, "remove", region, eventfd);
		return error_why(err, "there is none like it");
	}
	fds = malloc(nr * sizeof(*fds));
	if (!fds)
		return error_nomem(err, "remove an eventfd of", region->name);
	memcpy(fds, region->ioeventfds, at * sizeof(*fds));
	memcpy(&fds[at], &region->ioeventfds[at + 1],
	       (nr - at - 1) * sizeof(*fds));
	return change(region, fds, nr - 1, err);
}

/* Does @range show any byte of @eventfd? Then @out has its guest address */
static bool shown(const struct flat_range *range,
		  const struct memory_ioeventfd *eventfd,
		  struct memory_ioeventfd *out)
{
	__int128 addr =
		(__int128)eventfd->addr - range->offset_in_region + range->addr;
	__int128 end = addr + (eventfd->size ? eventfd->size : 1);

	if (end <= range->addr || addr >= (__int128)range_end(range))
		return false;
	*out = *eventfd;
	out->addr = addr;
	return true;
}

/*
 * May there be any? Remembered until a region gets its first one: that others lost
 * theirs makes no difference.
 */
static bool node_has_any(const struct memory_model *model,
			 struct flat_node *node)
{
	unsigned int i;

	if (node->ioeventfd_seq == model->first_ioeventfd_seq)
		return node->has_ioeventfds;
	node->ioeventfd_seq = model->first_ioeventfd_seq;
	node->has_ioeventfds = false;
	for (i = 0; i < node->nr && !node->has_ioeventfds; i++)
		node->has_ioeventfds =
			node->height ?
				node_has_any(model, node->children[i].node) :
				node->ranges[i].region->nr_ioeventfds;
	return node->has_ioeventfds;
}

static int plan_range(struct address_space *as, const struct flat_range *range,
		      size_t *cap)
{
	struct memory_ioeventfd found, *fds;
	size_t i;

	for (i = 0; i < range->region->nr_ioeventfds; i++) {
		if (!shown(range, &range->region->ioeventfds[i], &found))
			continue;
		if (as->nr_next_ioeventfds == *cap) {
			*cap = *cap ? *cap * 2 : 8;
			fds = reallocarray(as->next_ioeventfds, *cap,
					   sizeof(*fds));
			if (!fds)
				return -ENOMEM;
			as->next_ioeventfds = fds;
		}
		as->next_ioeventfds[as->nr_next_ioeventfds++] = found;
	}
	return 0;
}

static int plan_node(struct address_space *as, struct flat_node *node,
		     size_t *cap)
{
	unsigned int i;
	int r = 0;

	if (!node_has_any(as->model, node))
		return 0;
	for (i = 0; i < node->nr && !r; i++)
		r = node->height ? plan_node(as, node->children[i].node, cap) :
				   plan_range(as, &node->ranges[i], cap);
	return r;
}

/* Do the ranges that differ have any? All others keep theirs */
static bool differ(const struct address_space *as, const struct flat_view *view)
{
	const struct flat_range *old, *new;
	struct flat_diff diff;

	/* What went may have had some that its region has no more */
	if (!as->view || as->ioeventfd_seq != as->model->ioeventfd_seq)
		return true;
	if (as->view == view || !as->model->nr_ioeventfds)
		return false;
	flat_diff_begin(&diff, as->view->tree, view->tree, false);
	while (flat_diff_next(&diff, &old, &new))
		if (old != new && (old ? old : new)->region->nr_ioeventfds)
			return true;
	return false;
}

int ioeventfds_plan(struct address_space *as, const struct flat_view *view,
		    struct slotscope_error *err)
{
	size_t cap = 0;

	if (!differ(as, view))
		return 0;
	as->plans_ioeventfds = true;
	if (!as->model->nr_ioeventfds || !view->tree ||
	    !plan_node(as, view->tree, &cap))
		return 0;
	return error_nomem(err, "list the eventfds of", as->name);
}

void ioeventfds_cancel(struct address_space *as)
{
	free(as->next_ioeventfds);
	as->next_ioeventfds = NULL;
	as->nr_next_ioeventfds = 0;
	as->plans_ioeventfds = false;
}

static void tell(struct address_space *as,
		 const struct memory_ioeventfd *eventfd, bool add)
{
	struct memory_region_section section = {
		.address_space = as,
		.view = as->view,
		.offset_within_address_space = eventfd->addr,
		.size = eventfd->size,
	};
	const struct listener_call call = {
		.callback = add ? LISTENER_EVENTFD_ADD : LISTENER_EVENTFD_DEL,
		.section = &section,
		.eventfd = eventfd,
	};

	listeners_call(as, &call);
}

void ioeventfds_apply(struct address_space *as)
{
	const struct memory_ioeventfd *old = as->ioeventfds;
	const struct memory_ioeventfd *new = as->next_ioeventfds;
	size_t nr_old = as->nr_ioeventfds, nr_new = as->nr_next_ioeventfds;
	int order;

	if (!as->plans_ioeventfds)
		return;
	as->plans_ioeventfds = false;
	as->ioeventfd_seq = as->model->ioeventfd_seq;
	while (nr_old || nr_new) {
		if (!nr_old)
			order = 1;
		else if (!nr_new)
			order = -1;
		else
			order = compare(old, new);
		if (order < 0)
			tell(as, old, false);
		else if (order > 0)
			tell(as, new, true);
		if (order <= 0) {
			old++;
			nr_old--;
		}
		if (order >= 0) {
			new ++;
			nr_new--;
		}
	}
	free(as->ioeventfds);
	as->ioeventfds = as->next_ioeventfds;
	as->nr_ioeventfds = as->nr_next_ioeventfds;
	as->next_ioeventfds = NULL;
	as->nr_next_ioeventfds = 0;
}
