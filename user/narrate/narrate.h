/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling what the creation of a VM does, while it does it. A function that is a
 * step of the path says so in one line, NARRATE(...) at the head of its block; the
 * step ends where the block does, by whatever return. Nothing is told, and next to
 * nothing is done, unless narrate_to() has named a listener.
 *
 * A step is known by the function that does it in QEMU 7.2; steps.c has the table.
 * What a step changed is found out, not said: a *watch* lists the fields of a
 * structure when the step begins and when it ends, and what differs is told.
 *
 * Pure: no I/O, no clock. Steps of several threads may mix: each is told whole
 * events, and a step is within one of its own thread.
 */
#ifndef SLOTSCOPE_NARRATE_H
#define SLOTSCOPE_NARRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "narrate/steps.h"

/**
 * struct narrate_step - a step of the creation path
 * @function: that does it in QEMU 7.2
 * @file:     where that is
 * @part:     if it is a part of that function, which; else NULL
 * @article:  what it was called in the QEMU that articles of 2012 and later tell
 *	      of, if otherwise; NULL
 * @kernel:   where to read on in Linux: "file function()"; several, divided by
 *	      "; "; NULL if the kernel has no part in it
 * @says:     what is done, and why; one or two sentences
 * @fold:     many of these follow each other: only the first is told in detail
 */
struct narrate_step {
	const char *function;
	const char *file;
	const char *article;
	const char *kernel;
	const char *says;
	const char *part;
	bool fold;
};

extern const struct narrate_step narrate_steps[NR_NARRATE];

enum narrate_kind {
	NARRATE_ENTER,	/* a step begins */
	NARRATE_CALL,	/* it has made a system call */
	NARRATE_CHANGE, /* a structure is not what it was */
	NARRATE_LEAVE,	/* it has ended */
};

/**
 * struct narrate_call - a system call, and its result
 * @name:    "ioctl", "openat", "mmap"
 * @request: of an ioctl: "KVM_CREATE_VM"; else NULL
 * @fd:	     the descriptor it was made on; -1 for none
 * @text:    the call as strace spells it, without its result
 * @result:  what it returned
 * @error:   errno if @result is -1, else 0
 * @hex:     @result is an address
 */
struct narrate_call {
	const char *name;
	const char *request;
	int fd;
	const char *text;
	long result;
	int error;
	bool hex;
};

/**
 * struct narrate_diff - a field of a structure
 * @before, @after: NULL where the field was, or is, not there
 * @words: these are words or names, whatever they look like; else "true" and "false",
 *	   numbers, and "NULL" are what they say
 * @refers: they name another structure: @before_object, @after_object
 * @usual: of one made or gone: what most have, and people need not be told
 */
struct narrate_diff {
	const char *field;
	const char *before;
	const char *after;
	bool words;
	bool refers;
	bool usual;
	const void *before_object;
	const void *after_object;
};

enum narrate_how { NARRATE_MADE, NARRATE_CHANGED, NARRATE_GONE };

/**
 * struct narrate_change - a structure that was made, or changed, or is gone
 * @type: "KVMSlot", "MemoryRegion": as QEMU spells it
 * @name: which one; may be empty
 * @named: @name is a name that somebody gave it: for people in quotes
 * @object: tells it from all others, as long as it is there; NULL: nothing does
 * @how:  what happened to it
 * @diff: @nr fields. Of one made or gone, all; else what differs
 */
struct narrate_change {
	const char *type;
	const char *name;
	bool named;
	const void *object;
	enum narrate_how how;
	const struct narrate_diff *diff;
	size_t nr;
};

/**
 * struct narrate_event - what a listener is told; valid during the call only
 * @nr:	     number of the step it belongs to, from 1; 0: none
 * @in:	     the step around that one, or 0
 * @depth:   how many steps are around it
 * @step:    what step; NULL with @nr 0
 * @subject: what it is about: "pc.ram"; may be empty
 * @first:   number of the first step of the same kind; @nr if it is that
 * @folded:  what is within it is not told: the first was. Of NARRATE_CHANGE: it is
 *	     within such a step, and for a narrator that is @whole
 * @call:    of NARRATE_CALL
 * @change:  of NARRATE_CHANGE
 */
struct narrate_event {
	enum narrate_kind kind;
	unsigned int nr;
	unsigned int in;
	unsigned int depth;
	const struct narrate_step *step;
	const char *subject;
	unsigned int first;
	bool folded;
	const struct narrate_call *call;
	const struct narrate_change *change;
};

/**
 * struct narrator - who is told
 * @tell:   called for each event, by one thread at a time
 * @unfold: tell all in detail
 * @whole:  tell of changes within folded steps, too, as of these: whoever keeps
 *	    count of structures needs all
 */
struct narrator {
	void (*tell)(void *opaque, const struct narrate_event *event);
	void *opaque;
	bool unfold;
	bool whole;
};

/**
 * narrate_to() - from now on, tell @narrator; NULL: nobody
 *
 * Call it while no step is under way in another thread. Steps are counted from 1
 * again.
 */
void narrate_to(const struct narrator *narrator);

/** narrate_end() - no more is told; for the last step itself, in any thread */
void narrate_end(void);

extern bool narrate_on; /* private */

/** narrating() - does anybody listen? */
static inline bool narrating(void)
{
	return __atomic_load_n(&narrate_on, __ATOMIC_RELAXED);
}

/*
 * Watches. A watch lists structures, and for each its fields:
 *
 *	narrate_struct(f, "KVMSlot", "%u", slot->id);
 *	narrate_field(f, "memory_size", NULL, "0x%" PRIx64, slot->size);
 *
 * @usual: of a structure made or gone, a field of this value people need not be told
 */
struct narrate_fields;
typedef void narrate_watch(const void *object, struct narrate_fields *f);

void narrate_struct(struct narrate_fields *f, const char *type, const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));
/** narrate_named() - a structure that somebody has named */
void narrate_named(struct narrate_fields *f, const char *type,
		   const void *object, const char *name);
/** narrate_object() - what tells the last structure from all others */
void narrate_object(struct narrate_fields *f, const void *object);
/** narrate_words() - a field that holds words */
void narrate_words(struct narrate_fields *f, const char *name,
		   const char *usual, const char *words);
/** narrate_ref() - a field that names another structure; NULL: none, "NULL" */
void narrate_ref(struct narrate_fields *f, const char *name, const char *usual,
		 const void *object, const char *object_name);
void narrate_field(struct narrate_fields *f, const char *name,
		   const char *usual, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A step under way; private */
struct narrate_scope {
	unsigned int nr; /* 0: not told */
	unsigned int in;
	enum narrate_id outer;
	bool folds;
	narrate_watch *watch;
	const void *object;
	struct narrate_fields *before;
};

struct narrate_scope narrate_enter(enum narrate_id id, narrate_watch *watch,
				   const void *object, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void narrate_leave(struct narrate_scope *scope);

#define NARRATE_SCOPE_(line) narrate_scope_##line
#define NARRATE_SCOPE(line)  NARRATE_SCOPE_(line)

/**
 * NARRATE() - the rest of this block is step NARRATE_@id
 * @watch:  lists what it may change; NULL: nothing
 * @object: for @watch; must be there when the block ends
 * further: what it is about, as for printf
 */
#define NARRATE(id, watch, object, ...) \
	NARRATE_ID(NARRATE_##id, watch, object, __VA_ARGS__)

/* The same for a step that is known only then */
#define NARRATE_ID(id, watch, object, ...)                                    \
	__attribute__((cleanup(narrate_leave), unused)) struct narrate_scope  \
	NARRATE_SCOPE(__LINE__) =                                             \
		narrating() ? narrate_enter(id, watch, object, __VA_ARGS__) : \
			      (struct narrate_scope)                          \
	{                                                                     \
	}

/** narrate_diff() - tell at once what differs between two listings of @watch */
void narrate_diff(narrate_watch *watch, const void *before, const void *after);

/** narrate_call() - tell of a system call; keeps errno */
void narrate_call(const struct narrate_call *call);

/** narrate_mmap() - tell of one that returned @at; errno is valid if it failed */
void narrate_mmap(void *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
