/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIEW_FOLD_H
#define VIEW_FOLD_H

#include <slotscope/view.h>

struct slot_index;

/**
 * struct fold_watcher - shown the state before each request of the VM
 * @request: @event is the request; @before the state at its place in the log,
 *	     its slots in no order, @index to find them; NULL where the log cannot tell: slots were
 *	     read (BASE) after the request. Return: 0, or a negative errno that
 *	     ends the fold
 * @ordered: with all that the index can tell; else by id alone
 */
struct fold_watcher {
	int (*request)(void *opaque, const struct slot_event *event,
		       const struct slot_state *before,
		       const struct slot_index *index);
	void *opaque;
	bool ordered;
};

/** fold_watched() - fold(), with a watcher; NULL is allowed */
int fold_watched(const struct slot_log *log, const struct vm_id *vm,
		 struct slot_state *out, const struct fold_watcher *watcher);

#endif
