/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AddressSpace: the view that it shows, and who listens to it */
#ifndef SLOTSCOPE_MEMORY_ADDRESS_SPACE_H
#define SLOTSCOPE_MEMORY_ADDRESS_SPACE_H

#include <pthread.h>
#include <sys/queue.h>

#include <slotscope/memory.h>

#include "memory/lists.h"

struct address_space {
	struct memory_model *model;
	char *name;
	struct memory_region *root;
	/* Held while the pointer is read and its reference taken, or replaced */
	pthread_mutex_t lock;
	struct flat_view *view;
	struct flat_view *next_view; /* during a commit */
	struct listener_list listeners;
	unsigned int nr_nop_all; /* of them ask for each region_nop */
	struct memory_ioeventfd *ioeventfds;
	size_t nr_ioeventfds;
	uint64_t ioeventfd_seq; /* of the model, when they were listed */
	bool plans_ioeventfds;	/* during a commit: the next ones count */
	struct memory_ioeventfd *next_ioeventfds;
	size_t nr_next_ioeventfds;
	uint64_t seq; /* when it was made */
	bool changing;
	TAILQ_ENTRY(address_space) link;
	TAILQ_ENTRY(address_space) root_link;
	TAILQ_ENTRY(address_space) view_link;
	TAILQ_ENTRY(address_space) changing_link;
};

void address_space_set_view(struct address_space *as, struct flat_view *view);
void address_space_free(struct address_space *as);

#endif
