/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What slotscope top tells of each VM: counters of what is asked and changed, what the
 * last look at it found, and whose turn it is to be looked at. Pure: who lists VMs,
 * looks at them and knows the time hands it in.
 *
 *	as they come:
 *		top_event(&top, event);
 *	once a frame, with all events up to now:
 *		top_list_begin(&top);
 *		top_list(&top, &id, comm, alone), for each VM that there is
 *		top_list_end(&top, now, traced);
 *		while there is time, and (vm = top_next(&top)):
 *			look at it: top_count(), top_judge(); vm->look = what that found
 *		top_rows(&top, TOP_BY_PID, &rows, &nr);
 */
#ifndef LOGS_TOP_H
#define LOGS_TOP_H

#include <slotscope/why.h>

#include "logs/gap_finder.h"
#include "logs/metadata_x86.h"

enum top_verdict {
	TOP_NOT_YET,	  /* nobody has looked */
	TOP_UNKNOWN,	  /* it could not be told */
	TOP_NOT_COMPARED, /* nothing could be held against anything */
	TOP_PARTLY,	  /* what was compared agrees, and some was not */
	TOP_AGREE,
	TOP_MISMATCHES,
	TOP_VERDICTS,
};

enum top_state {
	TOP_STATE_UNKNOWN,
	TOP_STATE_EMPTY, /* it has no vCPU */
	TOP_STATE_HELD,	 /* its process is stopped: a signal, a debugger */
	TOP_STATE_STUCK, /* a vCPU cannot go on */
	TOP_STATE_RUNS,	 /* a vCPU is in KVM_RUN */
	TOP_STATE_OUT,	 /* none is */
	TOP_STATES,
};

/* Address spaces that are counted apart: above what any KVM has */
#define TOP_AS_MAX 8

/**
 * struct top_as - what an address space's slots add up to
 * @covered: the rest is known
 * @generation: of its slots
 * @nr:	     slots of the VMM, and
 * @bytes:   ... their guest memory
 * @hidden_nr, @hidden_bytes: the same of KVM's own
 */
struct top_as {
	bool covered;
	uint64_t generation;
	uint64_t nr;
	uint64_t bytes;
	uint64_t hidden_nr;
	uint64_t hidden_bytes;
};

/**
 * struct top_look - what a look at a VM found
 * @at_ns:	CLOCK_MONOTONIC at which it was begun; 0: there was none yet
 * @judged:	what was found is known:
 * @verdict:	of comparing TRACED with KERNEL, and KERNEL with BACKING
 * @mismatches: that were found, and
 * @notes:
 * @unknowns:	... of things that cannot be told, and of
 * @found:	... each finding
 * @counted:	@nr_slots (KVM's own among them) and @bytes (of address space 0, without
 *		those) are known, and
 * @as:		... of each of @nr_as address spaces
 * @metadata:	what KVM has beside the slots, if that was asked for and could be told
 * @held:	the process is stopped
 * @asked:	somebody could look at its vCPUs:
 * @in_run, @outside, @anywhere: of which so many are in KVM_RUN, out of it, or not known,
 * @stuck:	and so many cannot go on for what memory is, or sleep until userfaultfd brings
 *		a page
 * @changes:	top_vm.changes then: what has come since
 * @lost:	top_vm.lost then
 */
struct top_look {
	uint64_t at_ns;
	enum top_verdict verdict;
	bool judged;
	size_t mismatches;
	size_t notes;
	size_t unknowns;
	size_t found[FINDING_IDS];
	bool counted;
	uint64_t nr_slots;
	uint64_t bytes;
	struct top_as as[TOP_AS_MAX];
	size_t nr_as;
	struct slot_metadata metadata;
	bool held;
	bool asked;
	size_t in_run, outside, anywhere;
	size_t stuck;
	uint64_t changes;
	uint64_t lost;
};

/**
 * struct top_names - what a VM is called; any bytes but NUL
 * @comm: its process
 * @vmm:  the program that it is, such as "qemu"; empty: none that we know
 * @name: the VM, as it was told to the VMM; empty: not known to have one
 */
struct top_names {
	char comm[65];
	char vmm[24];
	char name[256];
};

/**
 * struct top_vm - one VM
 * @names:   empty: not known yet
 * @alone:   its process has no other VM
 * @log:     its events, numbered anew; what is old is replaced by what it adds up to
 * @changes: that KVM made to its slots since it, or we, began
 * @failed:  requests for slots that were refused in that time, and
 * @refused: ... of those how many by which rule; the last: by none for certain
 * @gaps:    times in that time in which guest RAM had no slot; @gap_ns: all together
 * @lost:    events that are missing, each of which may have been of it
 * @rate_known: @rate, changes in 1,000 seconds, is known
 * @look:    the last one; for who looks to fill in
 *
 * The rest is private.
 */
struct top_vm {
	struct vm_id id;
	struct top_names names;
	bool alone;
	struct slot_log log;
	uint64_t changes;
	uint64_t failed;
	uint64_t refused[REQUEST_RULES + 1];
	uint64_t gaps;
	uint64_t gap_ns;
	uint64_t lost;
	bool rate_known;
	uint64_t rate;
	struct top_look look;

	struct gap_finder finder;
	uint64_t next; /* number of its next event */
	size_t told;   /* events of @log that are what was before */
	bool here;     /* as of the list that is under way, or the last */
	size_t place;  /* in that list */
	uint64_t frame_ns, frame_changes, frame_lost;
	uint64_t turn; /* how many looks there were by its last one */
};

/**
 * struct top - all zero is one that knows of no VM
 * @lost: events that are missing, of whatever VM
 */
struct top {
	struct top_vm *
		*vms; /* private: by serial, or by process and descriptor */
	size_t nr, cap;
	uint64_t lost;
	uint64_t turns;
	struct top_vm **queue; /* private: to be looked at in this frame */
	size_t nr_queued, looked;
	uint64_t frame_turns;
	struct top_vm **listed; /* private: as they came in the last list */
	size_t nr_listed, cap_listed;
};

void top_deinit(struct top *top);

/** top_event() - count an event, and keep it; 0 or -ENOMEM */
int top_event(struct top *top, const struct slot_event *event);

/**
 * top_refused() - a request that top_event() was given was refused by this rule
 * @rule: REQUEST_RULES if no rule explains it for certain
 */
void top_refused(struct top *top, uint64_t serial, enum request_rule rule);

/** top_list_begin() - a new frame: no VM is there until top_list() says so */
void top_list_begin(struct top *top);

/**
 * top_list() - a VM is there
 * @names: NULL: as they were
 * @alone: that has no other VM
 *
 * Return: 0 or -ENOMEM.
 */
int top_list(struct top *top, const struct vm_id *id,
	     const struct top_names *names, bool alone);

/**
 * top_list_end() - forget the others, reckon rates, cut logs short
 * @now_ns: up to when all events have been given
 * @traced: ... of changes; if not, no rate is known
 *
 * Return: 0 or -ENOMEM.
 */
int top_list_end(struct top *top, uint64_t now_ns, bool traced);

/** top_has_names() - is it known what this VM is called? */
bool top_has_names(const struct top *top, const struct vm_id *id);

/**
 * top_next() - the VM that has waited longest, of those not looked at in this frame
 *
 * Return: NULL if all were. Each is returned once a frame.
 */
struct top_vm *top_next(struct top *top);

/**
 * top_siblings() - all VMs of its process, that are not looked at in this frame yet
 * @out: by descriptor, @vm among them; free() it. They count as looked at from now on
 *
 * Those of a process are to be listed in a row.
 *
 * Return: 0 or -ENOMEM.
 */
int top_siblings(struct top *top, struct top_vm *vm, struct top_vm ***out,
		 size_t *nr);

/**
 * top_judge() - what a comparison says of a VM, in a word
 * @rows: of @comparison
 * @look: verdict, findings and vCPUs are filled in
 *
 * It is TOP_AGREE if TRACED, where that is one of the views, was compared with KERNEL,
 * and KERNEL with BACKING, all of it.
 *
 * Return: 0 or -ENOMEM.
 */
int top_judge(const struct comparison *comparison,
	      const struct check_rows *rows, struct top_look *look);

/** top_count() - what slots add up to, for a look */
void top_count(const struct slot_state *kernel, struct top_look *look);

/** top_changed() - has it, or may it have, changed since it was looked at? */
bool top_changed(const struct top_vm *vm);

enum top_state top_state(const struct top_look *look);

/** top_state_name() - "run"; "?" if not known */
const char *top_state_name(enum top_state state);
/** top_verdict_name() - as in JSON */
const char *top_verdict_name(enum top_verdict verdict);

enum top_sort {
	TOP_BY_PID,
	TOP_BY_CHANGES, /* the busiest first */
	TOP_BY_MEMORY,	/* the largest first */
};

/**
 * top_rows() - the VMs that are there, in order
 * @out: free() it; what it names is the top's
 *
 * Return: 0 or -ENOMEM.
 */
int top_rows(const struct top *top, enum top_sort sort, struct top_vm ***out,
	     size_t *nr);

#endif
