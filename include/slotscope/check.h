/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: do the views of one VM's memory agree, and if not, where?
 *
 * crosscheck() is a pure function of the views it is given. It compares by
 * address, not slot by slot: a MODEL has one slot a flat range, KVM may have it
 * cut or merged. What a view does not cover is not compared; what it was to
 * cover and does not is a finding of kind unknown. Nothing is guessed.
 *
 *	const struct view views[] = {
 *		{ .party = PARTY_MODEL, .slots = &model },
 *		{ .party = PARTY_TRACED, .unread = "no BTF on this machine" },
 *		{ .party = PARTY_KERNEL, .slots = &kernel },
 *		{ .party = PARTY_BACKING, .map = &map },
 *	};
 *	struct check_input input = { .views = views, .nr_views = 4 };
 *
 *	if (crosscheck(&input, &comparison) || check_rows(&comparison, &rows))
 *		out of memory
 *	...
 *	return findings_exit_status(&comparison.findings);
 *
 * Views are known by their place in that list. Which of them are compared, and
 * what it is called where they differ, is the table in user/check/pairs.c. What
 * may be trusted is decided once, and stands in struct comparison.
 */
#ifndef SLOTSCOPE_CHECK_H
#define SLOTSCOPE_CHECK_H

#include <slotscope/rules.h>
#include <slotscope/view.h>

#ifdef __cplusplus
extern "C" {
#endif

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
	FINDING_ANSWERED,	 /* KVM said yes, and made something else */
	FINDING_IGNORED_FAILURE, /* refused, and carried on as if it worked */
	FINDING_FATAL_REFUSAL,	 /* refused, and the VMM died of it */
	FINDING_UNBACKED,	 /* nothing mapped, or beyond its file's end */
	FINDING_PERMS,		 /* ... without the rights the slot needs */
	FINDING_WRONG_BACKING,	 /* ... of other memory than it should be */
	FINDING_INDEX,		 /* KVM's own indexes of its slots disagree */
	FINDING_STAGE2,		 /* KVM's page tables map another page */
	FINDING_STOPPED,	 /* a vCPU cannot go on, for what memory is */
	FINDING_REFUSED,	 /* a request that failed, without effect */
	FINDING_GAP,		 /* a time in which RAM had no slot */
	FINDING_UNALIGNED,	 /* ragged ends that cannot be in a slot */
	FINDING_ALIASED,	 /* one page at two guest addresses */
	FINDING_HUGEPAGE,	 /* gpa and hva not congruent */
	FINDING_SPARSE,		 /* a slot in pieces that nobody calls RAM */
	FINDING_HIDDEN,		 /* KVM's own slot in the way or nearby */
	FINDING_LOST,		 /* events or records lost, a snapshot cut */
	FINDING_UNREAD,		 /* a view that could not be read */
	FINDING_IDS,
};

/** finding_id_name() - "missing", "wrong-hva", ... as in Documentation/design.md and JSON */
const char *finding_id_name(enum finding_id id);

/** finding_id_kind() - how bad a finding of this id is */
enum finding_kind finding_id_kind(enum finding_id id);
/** finding_kind_name() - "mismatch", "unknown", "note" */
const char *finding_kind_name(enum finding_kind kind);
/* More views than this cannot be compared at a time: struct finding has a bit each */
#define CHECK_MAX_VIEWS 64

#define FINDING_NO_CAUSE SIZE_MAX

/**
 * struct finding - one thing that was found, with its evidence
 * @id:	      what it is; finding_id_kind() says how bad
 * @as_id:    where it is: address space,
 * @gpa:      first byte, and
 * @size:     bytes; 0 if it is about no range
 * @elsewhere: what is here in one view is at @other_gpa of address space
 *	      @other_as_id in another, for @size bytes too (moved, as-id)
 * @slot_id:  the slot concerned; -1 if none, or not one
 * @hva:      host address under @gpa; 0 if not known
 * @seq:      the event that tells of it; 0 if none
 * @result:   of a request that was refused: the negative errno; 0 elsewhere
 * @rule_known: @rule is the one that it broke, for certain
 * @other:    ... and the slot in the way, or that may not be changed so, as it was;
 *	      of size 0 if there is none, or none is known
 * @views:    bit n: the view in place n takes part
 * @sentence: the evidence in one sentence; owned by the list, and may hold what
 *	      a VMM put in it
 * @cause:    place in the list of the finding that this one follows from, or
 *	      belongs with: it is shown beneath that. FINDING_NO_CAUSE if none
 *
 * comparison_says() tells what each view has there.
 */
struct finding {
	enum finding_id id;
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	bool elsewhere;
	uint16_t other_as_id;
	gpa_t other_gpa;
	int32_t slot_id;
	hva_t hva;
	uint64_t seq;
	int32_t result;
	bool rule_known;
	enum request_rule rule;
	struct slot other;
	uint64_t views;
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
 * struct restless - where slots changed while the views were read
 * @size:    bytes; 0: anywhere in the address space
 * @slot_id: the slot that changed; -1: not known
 * @changes: how often; 0: not known
 *
 * An address space that has one with a size was at rest elsewhere.
 */
struct restless {
	uint16_t as_id;
	int32_t slot_id;
	gpa_t gpa;
	uint64_t size;
	uint64_t changes;
};

/**
 * struct vm_end - a VM that is no more, and how its process ended
 * @at_ns:  CLOCK_MONOTONIC at which the VM was gone
 * @known:  how its process ended is known:
 * @status: as of waitpid(2)
 */
struct vm_end {
	uint64_t at_ns;
	bool known;
	int status;
};

/* Where a vCPU's thread is */
enum vcpu_where {
	VCPU_ANYWHERE, /* nobody knows */
	VCPU_IN_RUN,   /* in KVM_RUN */
	VCPU_OUTSIDE,  /* no thread is in KVM_RUN of it */
};

/**
 * struct vcpu_word - a vCPU as it is, and what KVM told its VMM of it last
 * @id:     as KVM_CREATE_VCPU had it
 * @where:  its thread is
 * @tid:    that thread; 0: not known
 * @asleep: it sleeps in userfaultfd: somebody is to bring a page
 * @told:   KVM's last word could be read: @exit_reason (KVM_EXIT_*)
 * @has_exit: that is about memory: @exit. While @where is VCPU_IN_RUN it is that of
 *	    the run before
 */
struct vcpu_word {
	int32_t id;
	enum vcpu_where where;
	pid_t tid;
	bool asleep;
	bool told;
	uint32_t exit_reason;
	bool has_exit;
	struct slot_exit exit;
};

/**
 * struct check_input - the views of one VM
 * @views:     in the order in which they are shown
 * @nr_views:  at most CHECK_MAX_VIEWS
 * @unsettled: why the views are not of one moment at all (check/sample.h). NULL:
 *	       they are, but for what is @restless
 * @restless:  where slots changed while they were read. Views that are joined by
 *	       generation are compared there too, and when @unsettled; not so in
 *	       an address space that is torn in one of them
 * @nr_restless: their number
 * @log:       what happened, to explain findings with; NULL: not known
 * @serial:    this VM's events in @log
 * @page_size: the host's, in bytes; 0 counts as 4096
 * @limits:    what the kernel allows of a request, to say why one was refused;
 *	       NULL: not known
 * @end:       the VM and its process have ended; NULL: not so, or not known
 * @expected:  what MODEL has was written down by somebody who knows: that it has
 *	       no slot is a statement, too, with which a KERNEL without any agrees
 * @vcpus:     of the VM, @nr_vcpus, as they are; NULL: nobody looked
 *
 * All is borrowed, for as long as the comparison lives.
 */
struct check_input {
	const struct view *views;
	size_t nr_views;
	const char *unsettled;
	const struct restless *restless;
	size_t nr_restless;
	const struct slot_log *log;
	uint64_t serial;
	uint64_t page_size;
	const struct request_limits *limits;
	const struct vm_end *end;
	bool expected;
	const struct vcpu_word *vcpus;
	size_t nr_vcpus;
};

/**
 * struct span - a range of one view, inclusive: the end of the address space
 * needs no special case
 * @slot: what is there; NULL in a list of ranges alone
 */
struct span {
	uint16_t as_id;
	gpa_t gpa;
	gpa_t last;
	const struct slot *slot;
};

/** struct spans - sorted by (as_id, gpa) and disjoint, once filled */
struct spans {
	struct span *items;
	size_t nr;
	size_t cap; /* private */
};

/**
 * struct compared_view - how far a view can be compared
 * @usable:  it can be
 * @absence: where it has nothing there is nothing; false if it was cut off
 * @slots:   what it says there is. Without slots in transition, and without
 *	     KVM's own; what is meant (PARTY_MEANS) is shrunk to whole pages
 * @blind:   where it cannot be compared. May overlap @slots
 */
struct compared_view {
	bool usable;
	bool absence;
	struct spans slots;
	struct spans blind;
};

/**
 * struct compared_pair - two views that were held against each other
 * @expected: place of the view that the other is measured by, and
 * @actual:   of the other
 * @joined:   by generation: of one moment, whatever changed meanwhile
 * @torn:     by as_id, up to @nr_torn: not of one moment in this address space
 * @moving:   where slots changed between the reading of the one and the other
 * @compared: there is a place for which both speak, and may be trusted
 * @echo:     of a slot, or more, both say what one and the same reader had told them
 *	      (@walked of struct slot_state): so far they are not compared
 * @agree:    where that is so, and what either has there is in the other, too
 * @rule:     private: the row in the table of pairs
 */
struct compared_pair {
	size_t expected;
	size_t actual;
	bool joined;
	bool *torn;
	size_t nr_torn;
	struct spans moving;
	bool compared;
	bool echo;
	struct spans agree;
	const struct pair_rule *rule;
};

/**
 * struct comparison - what was compared with what, how far, and what was found
 * @views:    by place in @input->views
 * @pairs:    both views of which can be trusted; @agree tells how far
 * @findings: what came of it
 *
 * All that is said of a VM is read here: the findings, the rows, the words.
 */
struct comparison {
	const struct check_input *input;
	uint64_t page_size;
	struct compared_view *views;
	struct compared_pair *pairs;
	size_t nr_pairs;
	struct findings findings;
	/* private */
	struct same *same;
	struct spans restless;
	bool nomem;
};

/**
 * crosscheck() - compare the views
 * @out: initialised here; the caller deinits it, also after an error
 *
 * Costs O(n log n) in slots, mappings and requests. Should there be nothing to
 * compare at all, that is a finding (unread): silence would read as "agree".
 *
 * Return: 0, -ENOMEM, or -E2BIG for more than CHECK_MAX_VIEWS.
 */
int crosscheck(const struct check_input *input, struct comparison *out);

/** comparison_deinit() - free what crosscheck() made; the views stay their owners' */
void comparison_deinit(struct comparison *comparison);

/**
 * comparison_says() - what a view has to say about a finding's range
 * @view: its place
 *
 * Return: a new string; NULL: nothing, or out of memory.
 */
char *comparison_says(const struct comparison *comparison,
		      const struct finding *finding, size_t view);

/** findings_count() - how many findings are of this kind */
size_t findings_count(const struct findings *findings, enum finding_kind kind);

/** findings_exit_status() - 1 with any mismatch, else 2 with any unknown, or 0 */
int findings_exit_status(const struct findings *findings);

/* What a view has in a row of the table */
enum row_cell_kind {
	ROW_CELL_ABSENT,  /* the view is not there, or does not cover this */
	ROW_CELL_UNKNOWN, /* beyond where the memory map was cut off */
	ROW_CELL_NONE,	  /* it has nothing here */
	ROW_CELL_SLOT,
	ROW_CELL_MAPPED, /* of a PARTY_GROUND */
};

/**
 * struct row_cell - one view's part of a row
 * @slot:   borrowed from the view; only with ROW_CELL_SLOT
 * @range:  the (first) mapping, borrowed; only with ROW_CELL_MAPPED
 * @offset: bytes from the slot's or mapping's begin to the row's
 */
struct row_cell {
	enum row_cell_kind kind;
	const struct slot *slot;
	const struct host_range *range;
	uint64_t offset;
};

enum row_verdict {
	ROW_AGREE, /* two views that may be trusted were compared, and agree */
	ROW_NOT_COMPARED, /* no two were, here */
	ROW_TRANSITION,	  /* under update: not wrong */
	ROW_OWN,	  /* KVM's own slot */
	ROW_FINDING,	  /* see @finding */
};

/**
 * struct check_row - one range of guest memory as all the views have it
 * @cells:   private: see check_row_cell()
 * @verdict: what came of it
 * @finding: place in the findings; only with ROW_FINDING
 */
struct check_row {
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	size_t cells;
	enum row_verdict verdict;
	size_t finding;
};

struct check_rows {
	struct check_row *rows;
	size_t nr;
	size_t cap; /* private */
	struct row_cell *cells;
	size_t nr_cells;
	size_t cap_cells;
};

/** check_row_cell() - what the view in place @view has in a row */
static inline const struct row_cell *
check_row_cell(const struct check_rows *rows, const struct check_row *row,
	       size_t view)
{
	return &rows->cells[row->cells + view];
}

/**
 * check_rows() - the table of guest memory, as data
 * @comparison: from crosscheck()
 * @out:      by (as_id, gpa), disjoint; initialised here; the caller deinits
 *	      it, also after an error. Valid as long as the comparison's views are
 *
 * A row is as large as every view and the verdict stay the same. There is none
 * where no view of guest addresses has anything.
 *
 * Return: 0 or -ENOMEM.
 */
int check_rows(const struct comparison *comparison, struct check_rows *out);

/** check_rows_deinit() - free the table; zero is empty */
void check_rows_deinit(struct check_rows *rows);

#ifdef __cplusplus
}
#endif

#endif
