/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The requests of a process of one's own, with no right but to trace it (ptrace): it
 * and all that it makes is stopped at the three requests of filter_install(), and
 * nowhere else. The events are those of the tracer (trace/tracer.h), but that
 *
 * - there are no changes: what KVM made of a request, only KVM tells;
 * - no VM is destroyed: its last descriptor is closed without our seeing it; that the
 *   process that made it ended is told;
 * - a duration has our own stops in it.
 *
 * Which VM a descriptor is of is asked of the kernel (kcmp(2)), so that one that was
 * duplicated, inherited, or sent to another traced process is still the same; but for
 * a VM of which each descriptor was closed by which it asked something, or was made:
 * what comes by another is told as another VM's.
 *
 * What is traced so can be traced by nobody else, and lives no longer than it is
 * traced: where the filter has no tracer, the kernel answers ENOSYS in KVM's stead.
 * Nobody is ever let go: who wants it to end well ends it while it is served
 * (ptracer_poll()); what is left is killed, by ptracer_close() or as we die. All calls
 * are to be made by the thread that opened it.
 */
#ifndef PTRACE_PTRACER_H
#define PTRACE_PTRACER_H

#include <stdbool.h>
#include <sys/types.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "unwind/sample.h"

struct ptracer;

/**
 * struct ptracer_options - whom to trace, and where to
 * @pid:   a process of one thread that has yet to call filter_install()
 * @event: takes each event; what it returns but 0 ends the poll, which returns it.
 *	   It gets none after that
 * @stack: gives the numbers of stacks; NULL: nobody asks for them
 */
struct ptracer_options {
	pid_t pid;
	int (*event)(const struct slot_event *event, void *arg);
	void *event_arg;
	uint64_t (*stack)(const struct stack_sample *sample, void *arg);
	void *stack_arg;
};

/**
 * ptracer_open() - begin to trace
 *
 * SIGCHLD is blocked in the calling thread until ptracer_close().
 *
 * Return: 0, -EPERM (another one traces it, or none may: @err tells), -ENOSYS (no
 * kcmp() in this kernel), -ENOMEM.
 */
int ptracer_open(const struct ptracer_options *options,
		 struct ptracer **ptracer, struct slotscope_error *err);

/**
 * ptracer_poll() - serve what is traced for so long; a signal ends it early
 *
 * Whatever is traced may wait for us: do not be elsewhere for long. An error ends it
 * early as it comes up, and is returned from then on; what is traced is served all
 * the same.
 *
 * Return: 0, what the taker of events returned, or a negative errno.
 */
int ptracer_poll(struct ptracer *ptracer, int timeout_ms,
		 struct slotscope_error *err);

/**
 * ptracer_kill() - kill what is left of it (SIGKILL)
 *
 * Requests that were under way are told as lost. Waits up to five seconds.
 *
 * Return: how many processes these were.
 */
size_t ptracer_kill(struct ptracer *ptracer);

/** ptracer_close() - kill what is left, and tell no more events; NULL is fine */
void ptracer_close(struct ptracer *ptracer);

#endif
