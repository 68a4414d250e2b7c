/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole: what there is, and what a transaction has to do at its end */
#ifndef SLOTSCOPE_MEMORY_MODEL_H
#define SLOTSCOPE_MEMORY_MODEL_H

#include <stdatomic.h>
#include <sys/queue.h>

#include <slotscope/memory.h>

#include "base/treap.h"
#include "memory/lists.h"

struct memory_model {
	struct memory_model_options options;
	struct region_list regions; /* the oldest first */
	struct address_space_list address_spaces;
	struct listener_list listeners; /* ascending priority */
	/* Those of them that want to hear begin or commit */
	struct listener_list commit_listeners;
	unsigned int nr_nop_all; /* that ask for each region_nop */
	struct treap blocks_by_size;
	struct treap blocks_by_offset;
	struct treap blocks_by_hva;
	struct treap gaps;
	struct ram_block *mru_block;
	struct flat_view *empty_view;
	/* Views that readers dropped last; freed by the thread that changes */
	_Atomic(struct flat_view *) dead_views;
	uint64_t seq; /* numbers what is mapped, made or registered */
	unsigned int depth;
	bool update_pending;
	bool ioeventfd_pending;
	uint32_t global_dirty;
	uint32_t postponed_stop;
	bool running;
	size_t nr_ioeventfds;
	uint64_t ioeventfd_seq;	      /* of the last change of any */
	uint64_t first_ioeventfd_seq; /* of the last region to get its first */
	struct memory_region *dying;  /* lost their last reference */
	bool reaping;
	atomic_flag bounce_used;
	ram_written_fn ram_written;
	void *ram_written_opaque;
	LIST_HEAD(, memory_region) stale;   /* roots that were touched */
	struct address_space_list changing; /* in a commit; the oldest first */
};

/*
 * A change outside of a transaction is one of its own: begin, change, then
 * change_end(), which commits. It fails only where nothing was told to anybody
 * and the change can be taken back.
 */
void change_begin(struct memory_model *model);
int change_end(struct memory_model *model, struct slotscope_error *err);
/* Its two halves, for those with something to do once it cannot fail */
int change_plan(struct memory_model *model, struct slotscope_error *err);
void change_finish(struct memory_model *model);

#define model_for_each_listener(listener, model) \
	TAILQ_FOREACH(listener, &(model)->listeners, link)

#endif
