/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views of one moment. Nothing can stop a VM to look at it, so the readings
 * stand between two looks at KVM's generations: if these did not move, all that
 * was read belongs together; if they did, it is read again. A VM that never rests
 * is told as far as it can be: where a log says which slots moved meanwhile, only
 * these are left out. Pure: the reading is done by callbacks.
 */
#ifndef CHECK_SAMPLE_H
#define CHECK_SAMPLE_H

#include <slotscope/check.h>

/* What a producer says of what nobody asked it for */
#define SAMPLE_NOT_ASKED 1

/**
 * struct producer - a way to a party's view: a row in the table of them
 * @party: whose
 * @probe: can this party tell of this VM at all? Asked once a sample, before
 *	   anything is read. An error is no failure: the view is less coverage, and
 *	   @err says why in words that fit the VMM. NULL: it can
 * @slots: reads it. @upto: of a PARTY_FOLLOWS, the state that it is to be of one
 *	   moment with (see fold_until()), or NULL; of others NULL
 * @map:   reads it, of a PARTY_GROUND
 * @audit: of the indexes by which @slots are found. It is asked right after
 *	   @slots, within the same bracket, and also if @slots failed: what is damaged
 *	   may be why. -EOPNOTSUPP: there is no way to it here, and nothing is lost.
 *	   NULL: the party has none
 * @stage2: what page tables make of @slots, which have been read; asked within the
 *	   same bracket. SAMPLE_NOT_ASKED: nobody wants it. NULL: the party has none
 *
 * One of @slots and @map; neither: nobody asked for it. They initialise @out
 * (always), and return 0 or a negative errno with @err filled: that was asked for
 * and lost. -EAGAIN asks for another try. The sample deinits @out after either.
 */
struct producer {
	enum party_id party;
	int (*probe)(void *ctx, struct slotscope_error *err);
	int (*slots)(void *ctx, const struct slot_state *upto,
		     struct slot_state *out, struct slotscope_error *err);
	int (*map)(void *ctx, struct host_map *out,
		   struct slotscope_error *err);
	int (*audit)(void *ctx, struct index_audit *out,
		     struct slotscope_error *err);
	int (*stage2)(void *ctx, const struct slot_state *slots,
		      struct stage2_audit *out, struct slotscope_error *err);
};

/**
 * struct sample_source - how to read a VM
 * @producers:	 in the order in which views are shown. They are read in it, too,
 *		 but for those of a PARTY_FOLLOWS, which come last
 * @generations: KVM's generations, without slots: cheap. If it is NULL or fails,
 *		 the views of parties that hold slots mark the moment instead
 * @again:	 asked before each further try, and waits a little; @try is 1
 *		 before the second. false: no more of them. NULL: at once
 * @log:	 grows while views of a PARTY_FOLLOWS are read; to tell what moved.
 *		 NULL: there is none
 * @ctx:	 for the callbacks
 */
struct sample_source {
	const struct producer *producers;
	size_t nr_producers;
	int (*generations)(void *ctx, struct slot_state *out,
			   struct slotscope_error *err);
	bool (*again)(void *ctx, unsigned int try);
	const struct slot_log *log;
	void *ctx;
};

/**
 * struct sampled - one view, as it was read
 * @state: what was read, of a party with slots
 * @map:   what was read, of a PARTY_GROUND
 * @have:  it was
 * @none:  @error says why this party has nothing to tell of this VM
 * @error: else why not; no code: nobody asked
 * @why:   @error in a line; NULL without one
 * @audited: somebody asked for an audit of its indexes
 * @audit: that
 * @audit_error: why there is none
 * @looked: somebody asked for what page tables make of it
 * @stage2: that
 * @stage2_error: why there is none
 */
struct sampled {
	enum party_id party;
	struct slot_state state;
	struct host_map map;
	bool have;
	bool none;
	struct slotscope_error error;
	char *why;
	bool audited;
	struct index_audit audit;
	struct slotscope_error audit_error;
	bool looked;
	struct stage2_audit stage2;
	struct slotscope_error stage2_error;
};

/**
 * struct sample - what was read
 * @sampled:  by producer
 * @views:    the same, as crosscheck() takes it
 * @tries:    how often all was read
 * @restless: what changed during the last of them
 * @unsettled: why not even that can be told; NULL: it can
 * @ended:    it is what was seen of a VM that is no more: @end
 * @vcpus:    of the VM, @nr_vcpus, owned; the caller puts them there
 */
struct sample {
	struct sampled *sampled;
	struct view *views;
	size_t nr;
	unsigned int tries;
	struct restless *restless;
	size_t nr_restless;
	char *unsettled;
	bool ended;
	struct vm_end end;
	struct vcpu_word *vcpus;
	size_t nr_vcpus;
};

/**
 * sample_take() - read all views at one moment
 * @max_tries: at least 1
 * @out:       initialised here; sample_deinit() it, also after an error
 *
 * What could not be had is told in @out. TRACED may lag behind; if it still does
 * in the last try, crosscheck() will say so.
 *
 * Return: 0 or -ENOMEM.
 */
int sample_take(const struct sample_source *source, unsigned int max_tries,
		struct sample *out);
void sample_deinit(struct sample *sample);

/**
 * sample_of_log() - TRACED alone, as far as a log goes
 * @out: initialised here; sample_deinit() it, also after an error
 *
 * Of a VM that the log sees end, as it was before that; how its process ended is
 * not in @out->end.
 *
 * Return: 0 or -ENOMEM.
 */
int sample_of_log(const struct slot_log *log, const struct vm_id *vm,
		  struct sample *out);

/** sample_find() - what was read of a party; NULL: it is not among them */
const struct sampled *sample_find(const struct sample *sample,
				  enum party_id party);

/** sample_input() - fill in the views, and what is of one moment */
void sample_input(const struct sample *sample, struct check_input *input);

#endif
