/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is under way, in words, for whoever shows that to somebody who waits. What may
 * take long says it where it is done; whether anybody looks is not its business.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

/**
 * progress_begin() - this is under way from now on
 * @doing: "reading KVM's slots"; it stays the caller's until progress_end()
 *
 * Return: what was before: for progress_end(). May be called by any thread; what is told
 * last counts.
 */
const char *progress_begin(const char *doing);

/** progress_end() - it is done: what was before is under way again */
void progress_end(const char *const *before);

/** progress_doing() - what is under way; NULL: nothing that takes long */
const char *progress_doing(void);

/** PROGRESS() - the same up to the end of the block that it stands in */
#define PROGRESS(doing)                                \
	__attribute__((cleanup(progress_end), unused)) \
	const char *const progress_before = progress_begin(doing)

#endif
