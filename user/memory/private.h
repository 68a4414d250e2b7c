/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of user/memory share and nobody else sees. What each object
 * is for and may be asked is told in slotscope/memory.h.
 */
#ifndef SLOTSCOPE_MEMORY_PRIVATE_H
#define SLOTSCOPE_MEMORY_PRIVATE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include <slotscope/memory.h>

#include "base/treap.h"
#include "memory/dispatch.h"
#include "memory/flat_tree.h"
#include "memory/probes.h"

/* Regions nested deeper than this are refused at the commit that shows them */
#define MEMORY_MAX_DEPTH  1000
/* And views that need more steps than this: aliases of aliases can double them
 * on each level, and would take for ever
 */
#define MEMORY_MAX_VISITS (1u << 22)

TAILQ_HEAD(region_list, memory_region);
TAILQ_HEAD(address_space_list, address_space);
TAILQ_HEAD(listener_list, memory_listener);

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

/* A part of a view that may not be true any more: [start, end) */
struct window {
	memory_size_t start;
	memory_size_t end;
};

struct windows {
	struct window *list;
	size_t nr;
	size_t cap;
	bool all; /* the whole view */
};

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

struct memory_listener {
	struct address_space *as;
	char *name;
	int priority;
	const struct memory_listener_ops *ops;
	void *opaque;
	TAILQ_ENTRY(memory_listener) link;    /* in the model */
	TAILQ_ENTRY(memory_listener) as_link; /* in its address space */
	TAILQ_ENTRY(memory_listener) commit_link;
};

struct flat_view {
	atomic_uint refs;
	struct memory_model *model;
	struct memory_region *root;
	struct address_space_list users; /* who show it now */
	struct flat_view *next_dead;
	struct flat_node *tree;	  /* NULL: nothing is shown */
	struct dispatch dispatch; /* the same by address, for accesses */
};

/* Ranges on their way into a view; sorted. Holds no references */
struct flat_ranges {
	struct flat_range *list;
	size_t nr;
	size_t cap;
};

static inline memory_size_t region_end(const struct memory_region *region)
{
	return region->info.addr + region->info.size;
}

static inline memory_size_t range_end(const struct flat_range *range)
{
	return range->addr + range->size;
}

/* model.c */

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

/* region.c */
void regions_destroy_all(struct memory_model *model);
int error_nomem(struct slotscope_error *err, const char *what,
		const char *name);

/* subregion.c */
void region_detach(struct memory_region *region);
int region_check_overlap(const struct memory_region *container,
			 const struct memory_region *region, uint64_t addr,
			 memory_size_t size, struct slotscope_error *err);

/* ram_block.c */
void ram_block_free(struct memory_model *model, struct ram_block *block);

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
void windows_settle(struct windows *windows);
void root_settle(struct memory_region *root, bool rendered);

/* render.c */

/* What is handed down, while rendering, from a region to what it shows */
struct render_at {
	/*
	 * Guest address of offset 0 of what the region is mapped in. May be
	 * negative, for an alias of a part
	 */
	__int128 base;
	/* The window that may still be visible */
	__int128 start;
	__int128 end;
	bool readonly;
	bool nonvolatile;
};

/* How far a render came */
struct render_work {
	unsigned int depth;
	unsigned int visits;
};

int render_visit(struct render_work *work);
bool render_enter(struct render_at *at, const struct memory_region *region);
void render_through_alias(struct render_at *at,
			  const struct memory_region *alias);
struct flat_range render_range(const struct render_at *at,
			       struct memory_region *region);
bool flat_ranges_can_merge(const struct flat_range *a,
			   const struct flat_range *b);
int flat_ranges_append(struct flat_ranges *ranges,
		       const struct flat_range *range);
int render_full(struct memory_region *root, struct flat_ranges *out);
struct memory_region *flat_view_find_root(struct memory_region *region);

/* render_window.c */
int render_window(struct memory_region *root, const struct window *window,
		  struct flat_ranges *out);

/* flat_splice.c */
int flat_view_render(struct memory_model *model, struct memory_region *root,
		     struct flat_view **out, struct slotscope_error *err);
int flat_view_update(const struct flat_view *old, struct windows *windows,
		     struct flat_view **out, struct slotscope_error *err);

/* flat_view.c */
struct flat_view *flat_view_create(struct memory_model *model,
				   struct memory_region *root,
				   struct flat_node *tree);
const struct flat_range *flat_view_at_or_behind(const struct flat_view *view,
						gpa_t addr);
void flat_view_free(struct flat_view *view);
void flat_view_reap(struct memory_model *model);

/* commit.c */
int commit_plan(struct memory_model *model, struct slotscope_error *err);
void commit_apply(struct memory_model *model);
int commit_view_of(struct memory_model *model, struct memory_region *root,
		   struct flat_view **out, struct slotscope_error *err);

/* address_space.c */
void address_space_set_view(struct address_space *as, struct flat_view *view);
void address_space_free(struct address_space *as);

/* topology.c */
void topology_pass(struct address_space *as, const struct flat_view *old_view,
		   const struct flat_view *new_view,
		   const struct windows *touched, bool adding);

/* listener.c */
void memory_listener_free(struct memory_listener *listener);
struct memory_region_section section_of(const struct flat_range *range,
					struct address_space *as,
					const struct flat_view *view);

#define model_for_each_listener(listener, model) \
	TAILQ_FOREACH(listener, &(model)->listeners, link)

/* observe.c; see struct memory_observer */
void observe(const struct memory_model *model, const struct memory_event *event,
	     bool end);

#define observe_begin(model, event)                   \
	do {                                          \
		if ((model)->options.observer)        \
			observe(model, event, false); \
	} while (0)

#define observe_end(model, event)                    \
	do {                                         \
		if ((model)->options.observer)       \
			observe(model, event, true); \
	} while (0)

void observe_listener(const struct memory_listener *listener,
		      const char *callback,
		      const struct memory_region_section *section, bool end);

#define listener_observed(l)		    ((l)->as->model->options.observer)
#define section_or_null(none, section, ...) section

/* Call one of the listeners' functions, if it is there, forward or reverse */
#define listener_call(l, fn, ...)                                        \
	do {                                                             \
		if ((l)->ops->fn) {                                      \
			PROBE2(listener_call, (l)->name, #fn);           \
			if (listener_observed(l))                        \
				observe_listener(                        \
					l, #fn,                          \
					section_or_null(, ##__VA_ARGS__, \
							NULL),           \
					false);                          \
			(l)->ops->fn((l)->opaque, ##__VA_ARGS__);        \
			if (listener_observed(l))                        \
				observe_listener(                        \
					l, #fn,                          \
					section_or_null(, ##__VA_ARGS__, \
							NULL),           \
					true);                           \
		}                                                        \
	} while (0)

#define listeners_call(as, fn, ...)                           \
	do {                                                  \
		struct memory_listener *l_;                   \
		TAILQ_FOREACH(l_, &(as)->listeners, as_link)  \
			listener_call(l_, fn, ##__VA_ARGS__); \
	} while (0)

#define listeners_call_reverse(as, fn, ...)                                \
	do {                                                               \
		struct memory_listener *l_;                                \
		TAILQ_FOREACH_REVERSE(l_, &(as)->listeners, listener_list, \
				      as_link)                             \
			listener_call(l_, fn, ##__VA_ARGS__);              \
	} while (0)

/* region_access.c */
bool range_is_direct(const struct flat_range *range, bool is_write);
uint64_t range_device_len(const struct flat_range *range, uint64_t offset,
			  uint64_t len);
unsigned int range_rw(const struct flat_range *range, uint64_t offset,
		      void *buf, uint64_t len, bool is_write);

/* Has who wants to hear of writes to RAM hear of one */
void ram_written(const struct memory_region *region, uint64_t offset,
		 uint64_t len);

/* ioeventfd.c */
int ioeventfds_plan(struct address_space *as, const struct flat_view *view,
		    struct slotscope_error *err);
void ioeventfds_apply(struct address_space *as);
void ioeventfds_cancel(struct address_space *as);

/* coalesced.c */
void coalesced_range_add(struct address_space *as, const struct flat_view *view,
			 const struct flat_range *range);
void coalesced_range_del(struct address_space *as, const struct flat_view *view,
			 const struct flat_range *range);

#endif
