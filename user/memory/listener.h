/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MemoryListener: its place among the others, and how it is told */
#ifndef SLOTSCOPE_MEMORY_LISTENER_H
#define SLOTSCOPE_MEMORY_LISTENER_H

#include <sys/queue.h>

#include <slotscope/memory.h>

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

void memory_listener_free(struct memory_listener *listener);

/* Which of struct memory_listener_ops' functions */
enum listener_callback {
	LISTENER_BEGIN,
	LISTENER_COMMIT,
	LISTENER_REGION_ADD,
	LISTENER_REGION_DEL,
	LISTENER_REGION_NOP,
	LISTENER_LOG_START,
	LISTENER_LOG_STOP,
	LISTENER_LOG_SYNC,
	LISTENER_LOG_CLEAR,
	LISTENER_LOG_GLOBAL_START,
	LISTENER_LOG_GLOBAL_STOP,
	LISTENER_EVENTFD_ADD,
	LISTENER_EVENTFD_DEL,
	LISTENER_COALESCED_ADD,
	LISTENER_COALESCED_DEL,
};

/* One of them, and what it is told; the rest is 0 */
struct listener_call {
	enum listener_callback callback;
	const struct memory_region_section *section;
	const struct memory_ioeventfd *eventfd;
	uint8_t old_mask;
	uint8_t new_mask;
	gpa_t addr;
	memory_size_t size;
};

/** listener_call() - call one listener, if it has the function */
void listener_call(const struct memory_listener *listener,
		   const struct listener_call *call);

/**
 * listeners_call() - call all of an address space, in the order of the callback:
 * by ascending priority what comes, by descending what goes
 */
void listeners_call(const struct address_space *as,
		    const struct listener_call *call);

/* begin, commit, log_global_start and _stop: they have nothing to tell */
void listener_call_plain(const struct memory_listener *listener,
			 enum listener_callback callback);
/* With a section alone */
void listener_call_section(const struct memory_listener *listener,
			   enum listener_callback callback,
			   const struct memory_region_section *section);
void listeners_call_section(const struct address_space *as,
			    enum listener_callback callback,
			    const struct memory_region_section *section);

#endif
