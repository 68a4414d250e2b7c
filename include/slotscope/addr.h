/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns this address? What each view has there, the way from the guest's address
 * to the host's file, and what happened to it. Pure, as crosscheck() is, on whose
 * comparison it stands.
 *
 *	struct addr_query query;
 *	struct addr_answer answer;
 *
 *	if (addr_parse("0xfebf0000+4k", &query, &err))
 *		...
 *	struct addr_input input = { .comparison = &comparison, .rows = &rows };
 *
 *	if (addr_find(&input, &query, &answer))
 *		out of memory
 *	answer.places[i] is a stretch of memory that is one thing in each view
 *
 * What could not be looked at is not told as nothing: addr_says() has no words then,
 * and comparison->input->views says why, or addr_unseen(). What lost events may be
 * wrong in what it does say: slot_state_doubt().
 */
#ifndef SLOTSCOPE_ADDR_H
#define SLOTSCOPE_ADDR_H

#include <slotscope/check.h>
#include <slotscope/mtree.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an address is of */
enum addr_kind {
	ADDR_ANY, /* a guest address, or one of the VMM: whichever there is */
	ADDR_GPA,
	ADDR_HVA,
	ADDR_REGION, /* a region's, by its name */
};

#define ADDR_NAME_MAX 256

/**
 * struct addr_query - what is asked for
 * @first: first byte; with ADDR_REGION an offset in the region
 * @last:  last byte
 * @name:  of the region
 * @as_id: in this address space alone; -1: in all
 */
struct addr_query {
	enum addr_kind kind;
	uint64_t first;
	uint64_t last;
	char name[ADDR_NAME_MAX];
	int32_t as_id;
};

/**
 * addr_parse() - "0x1000", "0x1000-0x1fff", "0x1000+4k"; a region's name, or
 * "pc.ram+0x1000"
 *
 * gpa: or hva: before a number says which of both it is. Numbers are decimal, or
 * hexadecimal with 0x.
 *
 * Return: 0 or -EINVAL.
 */
int addr_parse(const char *text, struct addr_query *out,
	       struct slotscope_error *err);

/**
 * struct addr_block - a RAMBlock of QEMU
 * @ram_addr: its ram_addr_t
 * @used: bytes of it
 * @total: up to which it may grow
 * @hva: where it is in the VMM; 0 if that is not told
 */
struct addr_block {
	char name[ADDR_NAME_MAX];
	uint64_t ram_addr;
	uint64_t used;
	uint64_t total;
	hva_t hva;
};

/**
 * struct addr_input - where to look; all is borrowed
 * @flat:   the VMM's flat views; NULL: not known
 * @tree:   of its regions; NULL: not known
 * @blocks: its RAMBlocks, @nr_blocks; NULL: not known
 *
 * These three are of the moment of the comparison, or nearly: where a flat view does
 * not have what MODEL has, it is not believed.
 */
struct addr_input {
	const struct comparison *comparison;
	const struct check_rows *rows;
	const struct mtree_flatviews *flat;
	const struct mtree_tree *tree;
	const struct addr_block *blocks;
	size_t nr_blocks;
};

#define ADDR_NO_ROW SIZE_MAX

/**
 * struct addr_place - a stretch of memory
 * @by:    how it was found; not ADDR_ANY
 * @guest: it has a guest address: @as_id, @gpa. Without one it is memory of the VMM
 *	   that no view has the guest see
 * @size:  bytes; of all addresses there are, UINT64_MAX
 * @row:   place in the rows; ADDR_NO_ROW: no view has anything here
 * @hva:   host address of its first byte; 0: none, or not known
 * @range: the mapping there; NULL likewise
 * @flat:  the flat range that it is in; NULL: none, or not known
 */
struct addr_place {
	enum addr_kind by;
	bool guest;
	uint16_t as_id;
	gpa_t gpa;
	uint64_t size;
	size_t row;
	hva_t hva;
	const struct host_range *range;
	const struct mtree_range *flat;
};

/**
 * struct addr_answer - all places, by guest address; then those without
 * @owned:  one of them at least is somebody's
 * @events: that were about them, in the log's order: borrowed from that
 */
struct addr_answer {
	struct addr_place *places;
	size_t nr;
	size_t cap; /* private */
	bool owned;
	const struct slot_event **events;
	size_t nr_events;
};

/**
 * addr_find() - look
 * @out: initialised here; the caller deinits it, also after an error
 *
 * Return: 0 or -ENOMEM.
 */
int addr_find(const struct addr_input *input, const struct addr_query *query,
	      struct addr_answer *out);
/** addr_answer_deinit() - free what addr_find() put there; zero is empty */
void addr_answer_deinit(struct addr_answer *answer);

/**
 * addr_says() - what a view has at a place, in words
 *
 * Return: a new string; NULL: nothing to say of it, or out of memory.
 */
char *addr_says(const struct addr_input *input, const struct addr_place *place,
		size_t view);

/**
 * addr_unseen() - why a view of slots cannot tell what there is at a place
 *
 * Return: borrowed from the view; NULL: it has something there, or nothing, or its
 * slots are in doubt as a whole.
 */
const char *addr_unseen(const struct addr_input *input,
			const struct addr_place *place, size_t view);

#define ADDR_PATH_MAX 32

/**
 * addr_path() - the way down the tree of regions to a place, the root first
 * @names: names of regions, borrowed from the tree; an alias is followed by what it shows
 * @alias: which of them are aliases
 *
 * Return: how many; 0: not known; or -ENOMEM.
 */
int addr_path(const struct addr_input *input, const struct addr_place *place,
	      const char *names[ADDR_PATH_MAX], bool alias[ADDR_PATH_MAX]);

/**
 * addr_block_of() - the RAMBlock that a place is of
 * @offset: out: of its first byte in that
 *
 * Return: NULL if it is of none, or that cannot be told: two of them may be called alike.
 */
const struct addr_block *addr_block_of(const struct addr_input *input,
				       const struct addr_place *place,
				       uint64_t *offset);

/** addr_space_name() - "memory", "KVM-SMRAM"; NULL: it has none */
const char *addr_space_name(uint16_t as_id);

/** addr_kind_name() - "gpa", "hva", "region", "any" */
const char *addr_kind_name(enum addr_kind kind);

#ifdef __cplusplus
}
#endif

#endif
