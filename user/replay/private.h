/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What replay.c and replay_call.c share */
#ifndef SLOTSCOPE_REPLAY_PRIVATE_H
#define SLOTSCOPE_REPLAY_PRIVATE_H

/* No memory for the table: told by the element, not by exit() */
#define HASH_NONFATAL_OOM	   1
#define uthash_nonfatal_oom(entry) ((entry)->lost = true)
#include <uthash.h>

#include <slotscope/kvm_slots.h>

#include "replay/replay.h"

/* A region of the log, by its number there and by its address here */
struct replay_region {
	int id;
	bool lost;
	struct memory_region *region;
	UT_hash_handle by_id;
	UT_hash_handle by_region;
};

/* A log tells of the first two address spaces, memory and I/O ports */
#define REPLAY_WATCHED 2

struct replay {
	struct memory_model *model;
	struct replay_region *by_id;
	struct replay_region *by_region;
	struct kvm_slots *slots[2];
	bool no_hash;	 /* see struct replay_options */
	bool rendered;	 /* the call led to a commit that rendered */
	bool oom;	 /* a callback ran out of memory */
	char **expected; /* KVM lines that the call must lead to */
	size_t nr_expected;
	size_t cap_expected;
	size_t next_expected;
	unsigned int probe; /* how many lines of kvm_init's probe were seen */
	bool may_probe;
	/* What was shown before the call */
	const struct flat_view *before[REPLAY_WATCHED];
	struct replay_report *report;
};

struct address_space *replay_address_space(const struct replay *replay,
					   const char *name);
struct replay_region *replay_find(const struct replay *replay, int id);

/**
 * replay_call() - make the call that a line tells of
 *
 * Return: 1 if it was made; 0 if the line is no call; -EPROTO if it does not
 * parse (@err says why); another negative errno if our model refused it.
 */
int replay_call(struct replay *replay, const char *line,
		struct slotscope_error *err);

/** replay_expect() - note a KVM line that must follow */
void replay_expect(struct replay *replay, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** replay_listen() - set up what QEMU's listener of that name does */
int replay_listen(struct replay *replay, const char *name, int priority,
		  struct address_space *as, struct slotscope_error *err);

#endif
