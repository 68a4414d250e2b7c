/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bracketed sampling: the views of a VM that runs, taken so that they are of one
 * moment. Generations are read, then the views, then generations again; if they
 * moved, or a slot was in transition, it was no moment, and all is read again.
 * Pure: how anything is read is the caller's.
 */
#ifndef CHECK_SAMPLE_H
#define CHECK_SAMPLE_H

#include <stdbool.h>

#include <slotscope/check.h>

#define SAMPLE_TRIES 10

/**
 * struct sample - one try's views
 * @state:   MODEL, TRACED and KERNEL
 * @backing: /proc/PID/maps
 * @have:    1 << enum check_view of those that were read
 * @unread:  why one of the others was not, if it was to be. By enum check_view
 * @unsettled: why the views are not of one moment; empty if they are
 * @tries:   how many it took
 *
 * Owned by the caller: sample_init(), sample_deinit().
 */
struct sample {
	struct slot_state state[VIEW_SOURCES];
	struct host_map backing;
	uint32_t have;
	char unread[CHECK_VIEWS][512];
	char unsettled[256];
	unsigned int tries;
};

/**
 * struct sample_ops - how the views are read
 * @generations: generations alone, as a KERNEL state without slots
 * @view:	 MODEL, TRACED or KERNEL
 * @backing:	 BACKING
 * @pause:	 called before each further try, to let time pass
 *
 * Each returns 0; or a negative errno with @err filled, and then the view is
 * unread. -ECANCELED: nobody asks for that view. -ESRCH: the VMM is gone, which
 * ends the sampling. @out is initialised by the callback; sample_take() deinits
 * it whatever came of it.
 */
struct sample_ops {
	int (*generations)(void *opaque, struct slot_state *out,
			   struct slotscope_error *err);
	int (*view)(void *opaque, enum view_source source,
		    struct slot_state *out, struct slotscope_error *err);
	int (*backing)(void *opaque, struct host_map *out,
		       struct slotscope_error *err);
	void (*pause)(void *opaque);
};

void sample_init(struct sample *sample);
void sample_deinit(struct sample *sample);

/**
 * sample_take() - read the views until they are of one moment
 * @tries: how often at most; then @sample has the last try's views and says in
 *	   @unsettled what moved
 *
 * The order is MODEL, KERNEL, BACKING, TRACED: TRACED is a log that was complete
 * when it was asked for, so it is behind KERNEL only if events are still under
 * way, and is read last.
 *
 * Return: 0, or a negative errno if generations could not be read at all or the
 * VMM is gone.
 */
int sample_take(struct sample *sample, const struct sample_ops *ops,
		void *opaque, unsigned int tries, struct slotscope_error *err);

/** sample_input() - the input of crosscheck(); borrows from @sample */
void sample_input(const struct sample *sample, struct check_input *input);

#endif
