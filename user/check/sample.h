/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views of one moment. Nothing can stop a VM to look at it, so the readings
 * stand between two looks at KVM's generations: if these did not move, all that
 * was read belongs together; if they did, it is read again. Pure: the reading
 * is done by callbacks.
 */
#ifndef CHECK_SAMPLE_H
#define CHECK_SAMPLE_H

#include <slotscope/check.h>

/**
 * struct sample_source - how to read the views; NULL: nobody asked for it
 * @generations: KVM's generations, without slots: cheap. If it is NULL or fails,
 *		 @kernel is read twice instead, and without that @traced
 * @model:	 the MODEL
 * @kernel:	 the KERNEL
 * @traced:	 the TRACED state of everything that happened until now
 * @backing:	 the BACKING
 * @again:	 asked before each further try, and waits a little; @try is 1
 *		 before the second. false: no more of them. NULL: at once
 * @ctx:	 for the callbacks
 *
 * Readers initialise @out (always), return 0 or a negative errno with @err
 * filled; the sample deinits @out after either.
 */
struct sample_source {
	int (*generations)(void *ctx, struct slot_state *out,
			   struct slotscope_error *err);
	int (*model)(void *ctx, struct slot_state *out,
		     struct slotscope_error *err);
	int (*kernel)(void *ctx, struct slot_state *out,
		      struct slotscope_error *err);
	int (*traced)(void *ctx, struct slot_state *out,
		      struct slotscope_error *err);
	int (*backing)(void *ctx, struct host_map *out,
		       struct slotscope_error *err);
	bool (*again)(void *ctx, unsigned int try);
	void *ctx;
};

/**
 * struct sample - what was read
 * @states:    by enum view_source; only with @have
 * @backing:   only with @have[CHECK_BACKING]
 * @have:      was read
 * @errors:    of each view that was asked for and could not be read
 * @tries:     how often all was read
 * @settled:   all is of one moment
 * @why:       why not
 */
struct sample {
	struct slot_state states[VIEW_SOURCES];
	struct host_map backing;
	bool have[CHECK_VIEWS];
	struct slotscope_error errors[CHECK_VIEWS];
	unsigned int tries;
	bool settled;
	char why[256];
	char unread[CHECK_VIEWS][sizeof(((struct slotscope_error *)0)->tried) +
				 sizeof(((struct slotscope_error *)0)->why)];
};

/**
 * sample_take() - read all views at one moment
 * @max_tries: at least 1
 * @out:       initialised here; sample_deinit() it
 *
 * Never fails: what could not be had is told in @out. TRACED may lag behind;
 * if it still does in the last try, crosscheck() will say so.
 */
void sample_take(const struct sample_source *source, unsigned int max_tries,
		 struct sample *out);
void sample_deinit(struct sample *sample);

/** sample_input() - fill in @views, @backing, @unread and @unsettled */
void sample_input(const struct sample *sample, struct check_input *input);

#endif
