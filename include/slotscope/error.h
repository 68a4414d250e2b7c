/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors that say what was tried, on what, why it failed, and what to do next.
 *
 * Every function of slotscope that can fail returns 0 or a negative errno
 * value, and fills the struct slotscope_error it was given, once, at the place
 * that knows most. Callers pass it on as it is; only the command line prints it.
 */
#ifndef SLOTSCOPE_ERROR_H
#define SLOTSCOPE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct slotscope_error - one failure, in words
 * @code:  errno value (positive); 0 while nothing failed
 * @tried: what was tried, and on what: "open /dev/slotscope"
 * @why:   why it failed; strerror(@code) unless error_why() said better
 * @next:  what the user can do about it; may be empty
 *
 * All strings are valid UTF-8 only as far as their input was; printers escape.
 * Zero-initialise it. A function that takes one needs it: never pass NULL.
 */
struct slotscope_error {
	int code;
	char tried[256];
	char why[384];
	char next[384];
};

/**
 * error_set() - start an error: what was tried
 * @err:  the error to fill
 * @code: errno value, positive or negative; 0 counts as EINVAL
 * @fmt:  what was tried and on what, without a final full stop
 *
 * An earlier content is replaced. @why becomes strerror(@code).
 *
 * Return: -|@code|, so that a caller can return it at once.
 */
int error_set(struct slotscope_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * error_why() - say why better than strerror() does
 *
 * Return: the negative code that error_set() gave @err.
 */
int error_why(struct slotscope_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * error_next() - say what to do about it
 *
 * Return: the negative code that error_set() gave @err.
 */
int error_next(struct slotscope_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
