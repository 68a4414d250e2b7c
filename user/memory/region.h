/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MemoryRegion: where it is mapped, what is mapped in it, who shows it */
#ifndef SLOTSCOPE_MEMORY_REGION_H
#define SLOTSCOPE_MEMORY_REGION_H

#include <sys/queue.h>

#include <slotscope/memory.h>

#include "base/treap.h"
#include "memory/lists.h"
#include "memory/windows.h"

struct coalesced_range {
	uint64_t offset;
	uint64_t size;
};

struct memory_region {
	struct memory_region_info info; /* first: memory_region_info() */
	struct memory_model *model;
	unsigned int refs;
	bool may_overlap; /* was mapped so; see memory_region_add_subregion() */
	unsigned int log_count;
	char *name;
	char *owner;
	char *parent;
	const struct memory_region_ops *ops;
	const struct iommu_ops *iommu_ops;
	struct iommu_notifier *iommu_notifiers;
	void (*destroy)(void *opaque);
	void *destroy_opaque;
	TAILQ_ENTRY(memory_region) link;

	/* As a child: its place among its siblings */
	uint64_t mapped_seq;
	struct treap_node order;
	/* Its place by address; only while it is enabled */
	struct treap_node by_addr;
	memory_size_t highest_end;
	/* As a container */
	struct treap children;
	struct treap enabled_children; /* an interval tree */

	/* As a target: who shows it */
	LIST_HEAD(, memory_region) aliases;
	LIST_ENTRY(memory_region) alias_link;

	/* As a root: address spaces, and the view rendered from here */
	struct address_space_list spaces; /* the oldest first */
	struct flat_view *view;
	struct flat_view *next_view; /* during a commit */
	struct windows windows;
	LIST_ENTRY(memory_region) stale_link; /* while any of these is set */
	bool stale;
	bool root_touched; /* another region may have to be the view's root */
	bool ioeventfds_touched;

	struct memory_ioeventfd *ioeventfds; /* sorted */
	size_t nr_ioeventfds;
	struct coalesced_range *coalesced;
	size_t nr_coalesced;

	/* Of a walk over the graph */
	struct memory_region *walk_next;
	uint64_t walk_seq;
};

static inline memory_size_t region_end(const struct memory_region *region)
{
	return region->info.addr + region->info.size;
}

/* region.c */
void regions_destroy_all(struct memory_model *model);
int error_nomem(struct slotscope_error *err, const char *what,
		const char *name);

/* subregion.c */
void region_detach(struct memory_region *region);
int region_check_overlap(const struct memory_region *container,
			 const struct memory_region *region, uint64_t addr,
			 memory_size_t size, struct slotscope_error *err);

/* by_addr.c */
extern const struct treap_ops by_addr_ops;
void by_addr_insert(struct memory_region *child);
void by_addr_erase(struct memory_region *child);
struct memory_region *by_addr_next(const struct memory_region *container,
				   const struct memory_region *after,
				   __int128 start, __int128 end);

/* touch.c */
void region_touch(struct memory_region *region);
void region_touch_ioeventfds(struct memory_region *region);
void view_touch_all(struct memory_region *root);
void root_settle(struct memory_region *root, bool rendered);

#endif
