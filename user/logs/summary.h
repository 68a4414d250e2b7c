/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often, how long, by whom, and with what result: events added up, without
 * keeping them. As strace -c and perf trace -s do for system calls. Pure.
 */
#ifndef LOGS_SUMMARY_H
#define LOGS_SUMMARY_H

#include <stdbool.h>

#include <slotscope/view.h>

#include "logs/durations.h"

/* What rows of a table have apart from each other */
enum summary_by {
	SUMMARY_KIND = 1U << 0,
	SUMMARY_VM = 1U << 1,
	SUMMARY_CALLER = 1U << 2, /* process, thread, its name, the stack */
	SUMMARY_RESULT = 1U << 3,
};

/* A kind of event within its type; SUMMARY_HOLE is none of slot_change_kind */
#define SUMMARY_HOLE (-1)

/**
 * struct summary_key - what is counted together; 0 where a table does not tell it
 * @type, @kind: of event, such as a SLOT_EVENT_CALL of SLOT_CALL_DIRTY_LOG. Of a
 *	    REQUEST 1 is REGION2. SUMMARY_HOLE of a CHANGE: not a change, but the
 *	    time for which the slot was invalid
 * @serial: the VM's
 * @stack:  number of who called; 0: not known
 * @error:  0, or the negative errno
 */
struct summary_key {
	enum slot_event_type type;
	int kind;
	uint64_t serial;
	pid_t tgid;
	pid_t tid;
	char comm[16];
	uint64_t stack;
	int32_t error;
};

/**
 * struct summary_row - events of a kind
 * @count:     how many
 * @failed:    of these
 * @unread:    requests and calls of these whose arguments are not known
 * @durations: of those that have one
 */
struct summary_row {
	struct summary_key key;
	uint64_t count;
	uint64_t failed;
	uint64_t unread;
	struct durations durations;
};

/**
 * struct summary - all zero is an empty one
 * @events:   that were added, but those LOST
 * @first_ns: time of the earliest
 * @last_ns:  ... and of the latest
 * @lost:     that are missing; of SLOT_LOST_CUT that is the least
 */
struct summary {
	uint64_t events;
	uint64_t first_ns;
	uint64_t last_ns;
	struct slot_lost lost;
	struct summary_row *rows; /* private: by all of the key */
	size_t nr;
	size_t cap;
};

void summary_deinit(struct summary *summary);

/** summary_add() - count an event; 0 or -ENOMEM */
int summary_add(struct summary *summary, const struct slot_event *event);

/** struct summary_table - owns its rows */
struct summary_table {
	struct summary_row *rows;
	size_t nr;
};

/**
 * summary_table() - rows that add up, by some of the key
 * @by:	     enum summary_by; with SUMMARY_RESULT what did not fail is left out
 * @out:     summary_table_deinit() it, also after an error
 *
 * What took longest comes first; without times what is most frequent.
 * Return: 0 or -ENOMEM.
 */
int summary_table(const struct summary *summary, unsigned int by,
		  struct summary_table *out);

void summary_table_deinit(struct summary_table *table);

/** summary_key_of() - of which kind an event is, who did it, and how it failed */
struct summary_key summary_key_of(const struct slot_event *event);

/** summary_has_result() - can such an event fail? */
bool summary_has_result(const struct summary_key *key);

/** summary_kind_name() - "request2", "create", "hole", "get-dirty-log" */
const char *summary_kind_name(const struct summary_key *key);

#endif
