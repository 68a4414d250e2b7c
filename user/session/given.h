/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views that files have: what somebody has of a VM that is of another machine, or
 * not there any more. What a file does not tell is not known.
 */
#ifndef SLOTSCOPE_SESSION_GIVEN_H
#define SLOTSCOPE_SESSION_GIVEN_H

#include <slotscope/view.h>

#include "qemu/text_model.h"

/**
 * struct given_view - what a file has
 * @party: whose view it is
 * @state: of a party that has slots
 * @map:   of a PARTY_GROUND
 * @name:  of the file; borrowed
 * @kind:  what it is: "strace's output"
 */
struct given_view {
	enum party_id party;
	struct slot_state state;
	struct host_map map;
	const char *name;
	const char *kind;
};

#define GIVEN_MAX 4

/**
 * struct given - all files; begins as zero
 * @mtree: texts of info mtree
 * @views: one a party
 * @log:   requests of a file, to explain what is found with; of the VM @serial
 * @notes: what had to be assumed, a line each; NULL: nothing
 * @doubt: why MODEL may be wrong wherever another view contradicts it; NULL
 */
struct given {
	struct text_model mtree;
	struct given_view views[GIVEN_MAX];
	size_t nr;
	struct slot_log log;
	uint64_t serial;
	char *notes;
	const char *doubt;
};

/*
 * One file each; a second one of the same party is an error. @path "-" is standard
 * input. Return: 0 or a negative errno, with file and line in @err.
 */

/** given_mtree() - the text of info mtree, -f or not; twice: one of each */
int given_mtree(struct given *given, const char *path,
		struct slotscope_error *err);
/** given_model() - JSON of view/model_json.h */
int given_model(struct given *given, const char *path,
		struct slotscope_error *err);
/**
 * given_slots() - slots, or the requests that made them
 * @vm: which VM of a log: its number, or 0 for the only one
 */
int given_slots(struct given *given, const char *path, uint64_t vm,
		struct slotscope_error *err);
/** given_maps() - /proc/PID/maps or smaps */
int given_maps(struct given *given, const char *path,
	       struct slotscope_error *err);

/** given_end() - all files are there: make MODEL of the texts of info mtree */
int given_end(struct given *given, struct slotscope_error *err);

/** given_find() - the view of a party, or NULL */
const struct given_view *given_find(const struct given *given,
				    enum party_id party);

void given_deinit(struct given *given);

#endif
