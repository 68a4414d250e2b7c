/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at one VM, for commands that ask something of it: of a process, of a
 * recording, or of what files have.
 */
#ifndef SLOTSCOPE_CMD_LOOK_H
#define SLOTSCOPE_CMD_LOOK_H

#include <slotscope/history.h>

#include "cmd/check_files.h"
#include "render/past.h"
#include "session/checker.h"

/**
 * struct look_options - where to look; one of four
 * @checker: a process: @checker.pid
 * @no_history: do not look for one where the flight recorder has it
 * @argv:    or a command, which is started, and ended when it was looked at
 * @wait_ms: gather events first: of a command once it has a VM
 * @monitor_ms: of a command: then wait so long at most for its monitor to answer
 * @input:   or a file with events
 * @files:   or files with views
 */
struct look_options {
	struct checker_options checker;
	bool no_history;
	char **argv;
	int wait_ms;
	int monitor_ms;
	const char *input;
	struct check_files files;
};

/* The options that say where to look, of check, too; beside 'p' and 'i' */
enum look_option {
	LOOK_OPT_FD = 0x400,
	LOOK_OPT_VM,
	LOOK_OPT_QMP,
	LOOK_OPT_NO_TRACE,
	LOOK_OPT_NO_MODEL,
	LOOK_OPT_MTREE,
	LOOK_OPT_MODEL,
	LOOK_OPT_SLOTS,
	LOOK_OPT_MAPS,
	LOOK_OPT_HISTORY,
	LOOK_OPT_NO_HISTORY,
};

/* Rows for them, of commands that look at one VM once, written as in their tables */
/* clang-format off */
#define LOOK_PID \
	{ 'p', "pid", "PID", VALUES_VM_PIDS, \
	  "the VMM's process" }
#define LOOK_WHICH_VM \
	{ LOOK_OPT_FD, "fd", "FD", NULL, \
	  "the VM's descriptor there, if it has several VMs" }, \
	{ LOOK_OPT_VM, "vm", "NAME", NULL, \
	  "this VM: its number, PID:FD, or the name of its process" }
#define LOOK_QMP \
	{ LOOK_OPT_QMP, "qmp", "ADDRESS", VALUES_FILES, \
	  "the VMM's QMP socket, a path or @NAME; else it is found" }
#define LOOK_NO_TRACE \
	{ LOOK_OPT_NO_TRACE, "no-trace", NULL, NULL, \
	  "do without TRACED" }
#define LOOK_HISTORY \
	{ LOOK_OPT_HISTORY, "history", "FILE", VALUES_FILES, \
	  "a recording that has what happened before, such as the flight " \
	  "recorder's; that one is found: " PAST_FILE_DEFAULT }, \
	{ LOOK_OPT_NO_HISTORY, "no-history", NULL, NULL, \
	  "do without that" }
#define LOOK_INPUT \
	{ 'i', "input", "FILE", VALUES_FILES, \
	  "of a recording, strace's output or a QEMU trace log" }
#define LOOK_FILES \
	{ LOOK_OPT_MTREE, "mtree", "FILE", VALUES_FILES, \
	  "of the text of QEMU's info mtree; as check has it" }, \
	{ LOOK_OPT_MODEL, "model", "FILE", VALUES_FILES, \
	  "of what a VMM has written down; likewise" }, \
	{ LOOK_OPT_SLOTS, "slots", "FILE", VALUES_FILES, \
	  "of slots, or the requests that made them; likewise" }, \
	{ LOOK_OPT_MAPS, "maps", "FILE", VALUES_FILES, \
	  "of the text of /proc/PID/maps or smaps; likewise" }
/* clang-format on */

/**
 * look_option() - one of these options, with optarg
 *
 * A file that is named twice where one is looked at is refused: the other would be
 * left out without a word.
 *
 * Return: 0, 1 if @opt is none of them, or a negative errno with @err filled.
 */
int look_option(struct look_options *options, int opt,
		struct slotscope_error *err);

/**
 * look_history() - see that --history fits, and look for one if it was not given
 * @live: a process is looked at, and what happens to it is traced
 *
 * Return: what is wrong with the command line; NULL: nothing.
 */
const char *look_history(struct look_options *options, bool live);

/** look_once() - take the name of the one file of a kind; 0, or -EINVAL */
int look_once(const char **file, struct slotscope_error *err);

/**
 * struct look_past - what happened to a VM, and where that is from
 * @log:  to be deinited; empty without a past
 * @past: of that
 * @told: it is to be told
 * @words: how
 */
struct look_past {
	struct slot_log log;
	struct told_past words;
	bool told;
};

/**
 * look_past() - the VM that was sampled last
 * @input:   its log is set: to @out->log, or what was traced
 * @now_ns:  CLOCK_MONOTONIC and
 * @real_ns: CLOCK_REALTIME of the look
 * @out:     slot_log_deinit() its log, also after an error
 *
 * One that was found, and is of another boot or has not this VM, is not told of.
 *
 * Return: 0 or a negative errno.
 */
int look_past(const struct checker *checker, struct check_input *input,
	      uint64_t now_ns, uint64_t real_ns, struct look_past *out,
	      struct slotscope_error *err);

/**
 * struct looked - what was seen; all is borrowed
 * @vm:	     which VM; NULL: of files
 * @comm:    of its process; NULL: not known
 * @real_ns: CLOCK_REALTIME of the moment; 0: not known
 * @now_ns:  CLOCK_MONOTONIC of it
 * @past:    the recording that its past is of; NULL: there is nothing to say of it
 * @checker: of a process; else NULL
 * @given:   of files; else NULL
 */
struct looked {
	const struct comparison *comparison;
	const struct check_rows *rows;
	const struct vm_id *vm;
	const char *comm;
	uint64_t real_ns;
	uint64_t now_ns;
	const struct told_past *past;
	struct checker *checker;
	const struct given *given;
};

/**
 * look_fn - tells what was seen
 *
 * Return: an enum cmd_exit, or a negative errno with @err filled.
 */
typedef int look_fn(void *ctx, const struct looked *looked,
		    struct slotscope_error *err);

/**
 * look() - look once, compare, and tell
 *
 * Of several VMs one must be named. Errors are printed.
 *
 * Return: an enum cmd_exit.
 */
int look(const struct look_options *options, look_fn *tell, void *ctx);

#endif
