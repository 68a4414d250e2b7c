/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two logs, VM by VM: requests and changes as sequences, matched
 * by base/sequence_diff.h. What is never the same in two runs is left out: host
 * addresses, processes, threads, descriptors, times, and KVM's generations. Pure.
 *
 * Each log is "a" or "b"; enum log_side_id picks one of a pair.
 */
#ifndef LOGS_DIFF_H
#define LOGS_DIFF_H

#include "logs/lives.h"

enum log_side_id { LOG_A, LOG_B, LOG_SIDES };

/**
 * struct log_side - one of the two
 * @text:    what another tool has written: it has requests alone, and does not tell that a
 *	     VM ended: where it ends nothing more is taken to have come
 * @growing: it is still being written
 */
struct log_side {
	const struct slot_log *log;
	bool text;
	bool growing;
};

enum log_verdict {
	LOG_VERDICT_SAME,
	LOG_VERDICT_DIFFERS, /* however much was lost, they are not the same */
	LOG_VERDICT_UNKNOWN, /* what differs may be what was lost or cut */
	LOG_VERDICTS,
};

extern const char *const log_verdict_names[LOG_VERDICTS];

/* What of two events differs that are about one slot */
enum log_differs {
	LOG_DIFFERS_CALL = 1U << 0, /* REGION, or REGION2 */
	LOG_DIFFERS_KIND = 1U << 1, /* of a change */
	LOG_DIFFERS_GPA = 1U << 2,
	LOG_DIFFERS_SIZE = 1U << 3,
	LOG_DIFFERS_FLAGS = 1U << 4,
	LOG_DIFFERS_HVA = 1U
			  << 5, /* none, or a page's first byte, or another */
	LOG_DIFFERS_GMEM = 1U << 6,   /* a guest_memfd, or the place in it */
	LOG_DIFFERS_BEFORE = 1U << 7, /* the slot that was there before */
	LOG_DIFFERS_RESULT = 1U << 8,
	LOG_DIFFERS_NAMES = 9, /* their number */
};

extern const char *const log_differs_names[LOG_DIFFERS_NAMES];

/**
 * struct log_edit - one step from a to b
 * @event: in both: @differs tells what of it is not the same (0: nothing). In one
 *	   alone: the other is NULL
 */
struct log_edit {
	const struct slot_event *event[LOG_SIDES];
	uint32_t differs;
};

/**
 * struct log_vm_diff - one VM of a and the one of b that it is compared with
 * @life:	which; NULL: this side has none that is its like
 * @verdict:	about this VM
 * @why:	of UNKNOWN: why it is; static
 * @edits:	all steps, what is the same too; owned
 * @nr_same:	events that are the same
 * @nr_differ:	... that are in both, and differ
 * @nr_only:	... that one alone has
 */
struct log_vm_diff {
	const struct log_life *life[LOG_SIDES];
	enum log_verdict verdict;
	const char *why;
	struct log_edit *edits;
	size_t nr;
	size_t nr_same;
	size_t nr_differ;
	size_t nr_only[LOG_SIDES];
};

/**
 * struct log_diff - all of it
 * @vms:	pairs, and those without a like; by serial in a, then in b
 * @verdict:	of all
 * @why:	of UNKNOWN, where it is none of the VMs'; static
 * @taken_whole: this side is a text: that nothing came behind its end is not known
 * @lacks_changes: this side tells of no change, though some must have been made: only
 *		requests were compared
 * @stood:	this side has slots that stood before, and the other has not: they
 *		were not compared
 * @left_out:	events of each type that were not compared
 * @lives:	of each side; owned
 * @lost:	each side's LOST events but SLOT_LOST_DROPPED, and requests whose arguments
 *		could not be read; in order; owned
 * @dropped:	events from before its begin that this side did not keep
 */
struct log_diff {
	struct log_vm_diff *vms;
	size_t nr;
	enum log_verdict verdict;
	const char *why;
	bool taken_whole[LOG_SIDES];
	bool lacks_changes[LOG_SIDES];
	bool stood[LOG_SIDES];
	uint64_t left_out[LOG_SIDES][SLOT_EVENT_TYPES];
	struct log_life *lives[LOG_SIDES];
	const struct slot_event **lost[LOG_SIDES];
	size_t nr_lost[LOG_SIDES];
	uint64_t dropped[LOG_SIDES];
};

/**
 * log_diff() - compare
 * @out: log_diff_deinit() it, also after an error. It points into both logs
 *
 * VMs whose sequences are the same are pairs first, in order; then the others, in
 * order. They differ for certain if more is missing on one side than the other can
 * have lost; where an end or a begin is not there, what both have must fit together at
 * some place. They are the same only if both are there from their VM's creation to
 * where it or its process ended, with nothing lost.
 *
 * Return: 0 or -ENOMEM.
 */
int log_diff(const struct log_side *a, const struct log_side *b,
	     struct log_diff *out);

void log_diff_deinit(struct log_diff *diff);

#endif
