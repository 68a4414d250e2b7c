/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A C program that somebody wrote for a lesson: compiled, and run under our own trace
 * of requests (record --ptrace), for a limited time, in a folder of its own.
 */
#ifndef SESSION_ATTEMPT_H
#define SESSION_ATTEMPT_H

#include <stdbool.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

/**
 * struct attempt - one program
 * @dir: folder that it lives in, below $TMPDIR or /tmp
 */
struct attempt {
	char dir[240];
};

/** attempt_kvm() - could a VM be made at all? 0, or why not, in @err */
int attempt_kvm(struct slotscope_error *err);

/**
 * attempt_compile() - make a program of it, by $CC or cc
 * @messages: what the compiler said; free() it. NULL: nothing
 *
 * Return: 0; -ENOENT: there is no compiler; -EINVAL: it does not compile, as
 * @messages says, or not with what watches it; or another negative errno. attempt_end() it in each case.
 */
int attempt_compile(struct attempt *attempt, const char *path, char **messages,
		    struct slotscope_error *err);

/**
 * struct attempt_run - what came of a run
 * @log:    its requests; slot_log_deinit() it
 * @output: what it printed; free() it
 * @calls:  its KVM_GET_DIRTY_LOGs, "SLOT RESULT" a line; free() it
 * @ended:  by itself, with
 * @status: as of waitpid(2)
 */
struct attempt_run {
	struct slot_log log;
	char *output;
	char *calls;
	bool ended;
	int status;
};

/**
 * attempt_run() - run it
 * @args: numbers for its command line, @nr_args
 *
 * Return: 0, or a negative errno: it could not be run, or not followed.
 */
int attempt_run(const struct attempt *attempt, const unsigned int *args,
		size_t nr_args, struct attempt_run *out,
		struct slotscope_error *err);

/** attempt_end() - remove the folder */
void attempt_end(struct attempt *attempt);

#endif
