/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: do the views of one VM's memory agree, and if not, where?
 *
 * crosscheck() is a pure function of the views it is given. It compares by
 * address, not slot by slot: a MODEL has one slot a flat range, KVM may have it
 * cut or merged. What a view does not cover is not compared; what it was to
 * cover and does not is a finding of kind unknown. Nothing is guessed.
 *
 *	struct check_input input = {
 *		.views[VIEW_MODEL] = &model,
 *		.views[VIEW_KERNEL] = &kernel,
 *		.backing = &map,
 *		.unread[CHECK_TRACED] = "no BTF on this machine",
 *	};
 *
 *	if (crosscheck(&input, &findings))
 *		out of memory
 *	check_rows(&input, &findings, &rows);
 *	...
 *	return findings_exit_status(&findings);
 */
#ifndef SLOTSCOPE_CHECK_H
#define SLOTSCOPE_CHECK_H

#include <slotscope/rules.h>
#include <slotscope/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The views, BACKING among them; the first three are enum view_source */
enum check_view {
	CHECK_MODEL = VIEW_MODEL,
	CHECK_TRACED = VIEW_TRACED,
	CHECK_KERNEL = VIEW_KERNEL,
	CHECK_BACKING = VIEW_SOURCES,
	CHECK_VIEWS,
};

enum finding_kind {
	FINDING_MISMATCH, /* views contradict each other where both cover */
	FINDING_UNKNOWN,  /* evidence was lost or refused */
	FINDING_NOTE,	  /* true, worth knowing, no contradiction */
	FINDING_KINDS,
};

enum finding_id {
	FINDING_MISSING,	 /* the model has RAM that no slot covers */
	FINDING_EXTRA,		 /* a slot that nothing in the model explains */
	FINDING_MOVED,		 /* the same backing at another gpa */
	FINDING_WRONG_HVA,	 /* the same range on other host memory */
	FINDING_EXTENT,		 /* part of a range un- or over-covered */
	FINDING_FLAGS,		 /* read-only, dirty log, guest_memfd differ */
	FINDING_SLOT_ID,	 /* the right range under another id */
	FINDING_AS_ID,		 /* ... in another address space */
	FINDING_IGNORED_FAILURE, /* refused, and carried on as if it worked */
	FINDING_UNBACKED,	 /* host address not mapped */
	FINDING_PERMS,		 /* ... without the rights the slot needs */
	FINDING_INDEX,		 /* KVM's own indexes disagree. Not yet */
	FINDING_REFUSED,	 /* a request that failed, without effect */
	FINDING_GAP,		 /* a time without a slot. Not yet */
	FINDING_UNALIGNED,	 /* ragged ends that cannot be in a slot */
	FINDING_ALIASED,	 /* one page behind two slots. Not yet */
	FINDING_HUGEPAGE,	 /* gpa and hva not congruent. Not yet */
	FINDING_HIDDEN,		 /* KVM's own slot in the way or nearby */
	FINDING_LOST,		 /* events or records lost, a snapshot cut */
	FINDING_UNREAD,		 /* a view that could not be read */
	FINDING_IDS,
};

/** finding_id_name() - "missing", "wrong-hva", ... as in Documentation/design.md and JSON */
const char *finding_id_name(enum finding_id id);
enum finding_kind finding_id_kind(enum finding_id id);
/** finding_kind_name() - "mismatch", "unknown", "note" */
const char *finding_kind_name(enum finding_kind kind);
/** check_view_name() - "MODEL", "TRACED", "KERNEL", "BACKING" */
const char *check_view_name(enum check_view view);

#define FINDING_NO_CAUSE SIZE_MAX

/**
 * struct finding - one thing that was found, with its evidence
 * @id:	      what it is; finding_id_kind() says how bad
 * @as_id:    where it is: address space,
 * @gpa:      first byte, and
 * @size:     bytes; 0 if it is about no range
 * @slot_id:  the slot concerned; -1 if none, or not one
 * @hva:      host address under @gpa; 0 if not known
 * @seq:      the event that tells of it; 0 if none
 * @views:    1 << enum check_view of each view that takes part
 * @says:     what each view has to say about the range; NULL if nothing. The
 *	      contradicting values are those of @views
 * @sentence: the evidence in one sentence
 * @cause:    place in the list of the finding that this one follows from, or
 *	      belongs with: it is shown beneath that. FINDING_NO_CAUSE if none
 *
 * Strings are owned by the list, and may hold what a VMM put in them.
 */
struct finding {
	enum finding_id id;
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	int32_t slot_id;
	hva_t hva;
	uint64_t seq;
	uint32_t views;
	char *says[CHECK_VIEWS];
	char *sentence;
	size_t cause;
};

/**
 * struct findings - mismatches, then unknowns, then notes; by address in each
 */
struct findings {
	struct finding *items;
	size_t nr;
	size_t cap; /* private */
};

/**
 * struct check_input - the views of one VM, taken at one moment
 * @views:     sorted states; NULL: not there. @unread tells why
 * @backing:   what lies under the slots' host addresses; NULL: not there
 * @unread:    why a view that was asked for is not there; NULL: it is there, or
 *	       nobody asked for it. By enum check_view
 * @unsettled: why the views are not of one moment (check/sample.h); nothing is
 *	       compared then. NULL: they are
 * @log:       what happened, to explain findings with; NULL: not known
 * @serial:    this VM's events in @log
 * @page_size: the host's, in bytes; 0 counts as 4096
 * @limits:    what the kernel allows of a request, to say why one was refused;
 *	       NULL: not known
 *
 * All is borrowed.
 */
struct check_input {
	const struct slot_state *views[VIEW_SOURCES];
	const struct host_map *backing;
	const char *unread[CHECK_VIEWS];
	const char *unsettled;
	const struct slot_log *log;
	uint64_t serial;
	uint64_t page_size;
	const struct request_limits *limits;
};

/* What can be compared */
enum {
	CHECK_MODEL_KERNEL = 1U << 0,
	CHECK_MODEL_TRACED = 1U << 1, /* only without a KERNEL */
	CHECK_TRACED_KERNEL = 1U << 2,
	CHECK_SLOTS_BACKING = 1U << 3,
};

/**
 * check_pairs() - which comparisons @input allows, CHECK_MODEL_KERNEL and so on
 *
 * A pair is here if both its views are there and to be trusted. Not all of
 * the address space need be comparable: see struct coverage.
 */
uint32_t check_pairs(const struct check_input *input);

/**
 * crosscheck() - compare the views
 * @out: initialised here; the caller deinits it, also after an error
 *
 * Costs O(n log n) in slots, mappings and requests. Should there be nothing to
 * compare at all, that is a finding (unread): silence would read as "agree".
 *
 * Return: 0 or -ENOMEM.
 */
int crosscheck(const struct check_input *input, struct findings *out);

void findings_deinit(struct findings *findings);
size_t findings_count(const struct findings *findings, enum finding_kind kind);

/** findings_exit_status() - 1 with any mismatch, else 2 with any unknown, or 0 */
int findings_exit_status(const struct findings *findings);

/* What a view has in a row of the table */
enum row_cell_kind {
	ROW_CELL_ABSENT, /* the view is not there, or does not cover this */
	ROW_CELL_NONE,	 /* it has nothing here */
	ROW_CELL_SLOT,
};

/**
 * struct row_cell - one view's part of a row
 * @slot:   borrowed from the view; only with ROW_CELL_SLOT
 * @offset: bytes from the slot's begin to the row's
 */
struct row_cell {
	enum row_cell_kind kind;
	const struct slot *slot;
	uint64_t offset;
};

enum row_backing_kind {
	ROW_BACKING_ABSENT,  /* no BACKING, or no host address to ask for */
	ROW_BACKING_UNKNOWN, /* beyond where the memory map was cut off */
	ROW_BACKING_NONE,    /* not mapped */
	ROW_BACKING_MAPPED,
};

enum row_verdict {
	ROW_AGREE,	/* at least two views, and they agree */
	ROW_ALONE,	/* one view only: nothing to compare it with */
	ROW_TRANSITION, /* under update: not wrong */
	ROW_OWN,	/* KVM's own slot */
	ROW_FINDING,	/* see @finding */
};

/**
 * struct check_row - one range of guest memory as all the views have it
 * @cell:    by enum view_source
 * @backing: what lies under the host address
 * @range:   the (first) mapping, borrowed; only with ROW_BACKING_MAPPED
 * @offset:  bytes from the mapping's begin to the row's
 * @verdict: what came of it
 * @finding: place in the findings; only with ROW_FINDING
 */
struct check_row {
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	struct row_cell cell[VIEW_SOURCES];
	enum row_backing_kind backing;
	const struct host_range *range;
	uint64_t offset;
	enum row_verdict verdict;
	size_t finding;
};

struct check_rows {
	struct check_row *rows;
	size_t nr;
	size_t cap; /* private */
};

/**
 * check_rows() - the table of guest memory, as data
 * @findings: what crosscheck() made of @input
 * @out:      by (as_id, gpa), disjoint; initialised here; the caller deinits
 *	      it, also after an error. Valid as long as @input's views are
 *
 * A row is as large as every view, the backing and the verdict stay the same.
 * There is none where no view has anything.
 *
 * Return: 0 or -ENOMEM.
 */
int check_rows(const struct check_input *input, const struct findings *findings,
	       struct check_rows *out);
void check_rows_deinit(struct check_rows *rows);

#ifdef __cplusplus
}
#endif

#endif
