/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was last of a VM, of a log as it grows: did its VMM die of a request that was
 * refused, or of a vCPU that could not go on? It is a matter of what came after: one
 * that was granted anything later, or asked for another VM, or whose vCPU was in the
 * guest again, did not.
 */
#ifndef CHECK_LAST_WORDS_H
#define CHECK_LAST_WORDS_H

#include <slotscope/check.h>

#define LAST_WORDS_CHANGES 3

/**
 * struct last_words - of one VM
 * @serial:  set by the caller; all else zero to begin with
 * @refused: its last request was refused, and nothing came after that
 * @refusal: that request; a struct slot_event as it was told
 * @changes: the last changes before it, the latest first
 * @nr:	     their number
 * @end_ns:  CLOCK_MONOTONIC at which the VM was destroyed; 0: not yet
 * @stopped: the last word of a vCPU was that it cannot go on, as far as its exit tells
 *	     that, and nothing came after that which says otherwise
 * @stop:    that exit
 * @mmio:    of the vCPU that left the guest last it is that it did so for registers
 *	     (KVM_EXIT_MMIO), and nothing came after that which says otherwise
 * @registers: that exit
 * @tgid:    who was refused, or ran a vCPU, last
 * @exit_ns: at which that process ended; 0: not yet, or nobody told
 * @status:  how, as of waitpid(2)
 */
struct last_words {
	uint64_t serial;
	bool refused;
	struct slot_event refusal;
	struct slot_event changes[LAST_WORDS_CHANGES];
	size_t nr;
	uint64_t end_ns;
	bool stopped;
	struct slot_event stop;
	bool mmio;
	struct slot_event registers;
	pid_t tgid;
	uint64_t exit_ns;
	int status;
};

/** last_words_of() - those that a log has */
void last_words_of(struct last_words *words, const struct slot_log *log,
		   uint64_t serial);

/**
 * last_words_refused() - may the VMM have died of @refusal?
 * @end: that it ended, and how, if that is known. A program that ended well
 *	 (status 0), or was told to end (SIGTERM, SIGINT, SIGHUP, SIGKILL), or lived
 *	 on for long after the refusal, did not
 */
bool last_words_refused(const struct last_words *words,
			const struct vm_end *end);

/**
 * last_words_fatal() - did the VMM die of @refusal? As last_words_refused(), and
 * how it ended is known, by @end or the log: a program that provokes a refusal and is
 * done ends too. Nor of one behind which it ran a vCPU that then failed elsewhere:
 * it died of that
 */
bool last_words_fatal(const struct last_words *words, const struct vm_end *end);

/**
 * last_words_stopped() - may the VMM have died of @stop? As last_words_refused(); or, a
 * moment later, of @registers, where there was memory. Whether it was for what memory is,
 * check_stopped() says
 */
bool last_words_stopped(const struct last_words *words,
			const struct vm_end *end);

/**
 * last_words_say_end() - "3 ms later it ended with status 1"
 * @from: the event that this is counted from
 */
const char *last_words_say_end(char *buf, size_t size,
			       const struct last_words *words,
			       const struct slot_event *from,
			       const struct vm_end *end);

#endif
