/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The course of checks: when which VM is looked at, and what it comes to. */
#ifndef SLOTSCOPE_SESSION_COURSE_H
#define SLOTSCOPE_SESSION_COURSE_H

#include "session/checker.h"

/**
 * struct course - what is to be done
 * @at_ms:   when to check, ascending; counted from the begin, or with @wait from
 *	     when there is a VM: how long a program takes until then is nobody's
 *	     business
 * @nr_at:   how often, at least once
 * @wait:    for a VM that is meant, before all else
 * @to_end:  afterwards, until all has ended
 * @sample:  reads one of checker->vms; checker_sample(), but for tests
 * @verdict: tells of one VM at one moment; it is checker->vms.vms[@place].
 *	     Returns as findings_exit_status(), or a negative errno
 * @died:    did its VMM die of a refusal or a stop, and what was seen of it: checker_died().
 *	     NULL: do not ask
 * @cannot:  tells what could not be checked, and why: the status is 2 then
 * @ctx:     for these
 */
struct course {
	const int *at_ms;
	size_t nr_at;
	bool wait;
	bool to_end;
	int (*sample)(struct checker *checker, size_t place,
		      struct sample *sample, struct slotscope_error *err);
	int (*verdict)(void *ctx, const struct checker *checker, size_t place,
		       const struct sample *sample, int at_ms,
		       struct slotscope_error *err);
	int (*died)(struct checker *checker, size_t place,
		    struct sample *sample, struct slotscope_error *err);
	void (*cannot)(void *ctx, const struct slotscope_error *err);
	void *ctx;
};

/**
 * course_worse() - the worse of two verdicts, as findings_exit_status() has them
 *
 * A mismatch is worse than not knowing, a negative errno than both.
 */
int course_worse(int a, int b);

/**
 * course_run() - check at each time each VM that is there and meant
 *
 * A VM that is meant, had memory, and was there at no check cannot be told of.
 *
 * Return: the worst of all verdicts: 1 mismatch, 2 cannot tell, 0 agree. Or a
 * negative errno, whereupon nothing more was checked: -EINTR after a signal
 * (session/stop.h), whatever else it made fail, since a terminal's goes to the
 * VMM, too.
 */
int course_run(const struct course *course, struct checker *checker,
	       struct slotscope_error *err);

/** course_interrupted() - if a signal came, have @err say that, and no other */
int course_interrupted(const struct course *course, size_t left, int ret,
		       struct slotscope_error *err);

#endif
