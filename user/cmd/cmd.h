/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands of slotscope: parse, call, print. One file each, named for
 * the command, with a row in main.c's table.
 */
#ifndef SLOTSCOPE_CMD_H
#define SLOTSCOPE_CMD_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <slotscope/error.h>

/* Exit status of every command: slotscope(1), EXIT STATUS */
enum cmd_exit {
	CMD_OK = 0,	  /* done; for check: the views agree */
	CMD_MISMATCH = 1, /* at least one mismatch */
	CMD_UNKNOWN = 2,  /* no mismatch, but something could not be told */
	CMD_ERROR = 3,	  /* usage, or an error before there was a verdict */
};

/* Options that every command takes, before or after its name */
struct cmd_globals {
	bool json;
	bool verbose;
};
extern struct cmd_globals cmd_globals;

enum { CMD_OPT_JSON = 0x100, CMD_OPT_FIRST_OWN };

#define CMD_COMMON_SHORT "hv"
#define CMD_COMMON_LONG                                 \
	{ "help", no_argument, NULL, 'h' },             \
		{ "verbose", no_argument, NULL, 'v' },  \
	{                                               \
		"json", no_argument, NULL, CMD_OPT_JSON \
	}

/**
 * struct cmd - one subcommand
 * @name:    as typed
 * @summary: one line for the list of commands
 * @help:    the whole --help text, "usage: slotscope NAME ..." first; NULL: another
 *           program has it, and @run becomes that
 * @run:     gets argv with argv[0] = @name; returns an enum cmd_exit
 */
struct cmd {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(const struct cmd *cmd, int argc, char **argv);
};

extern const struct cmd cmd_addr;
extern const struct cmd cmd_check;
extern const struct cmd cmd_diff;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_export;
extern const struct cmd cmd_list;
extern const struct cmd cmd_metrics;
extern const struct cmd cmd_model;
extern const struct cmd cmd_quiz;
extern const struct cmd cmd_record;
extern const struct cmd cmd_repro;
extern const struct cmd cmd_slots;
extern const struct cmd cmd_top;
extern const struct cmd cmd_trace;
extern const struct cmd cmd_vm;
extern const struct cmd cmd_why;

/** getopt_fn - getopt_long() or getopt_long_only() */
typedef int getopt_fn(int argc, char *const *argv, const char *short_options,
		      const struct option *long_options, int *index);

/**
 * cmd_getopt() - the next option, by @parse
 *
 * Before the first it looks for --json among all of them: an error in an option
 * that stands before it is JSON, too.
 *
 * Return: as @parse.
 */
int cmd_getopt(getopt_fn *parse, int argc, char **argv,
	       const char *short_options, const struct option *long_options);

/**
 * cmd_common_opt() - handle an option that cmd_getopt() returned
 * @exit: set to the status to leave with, if the return value says to leave
 *
 * To be called for every option the command does not know itself: takes the
 * common ones, prints help or a usage error.
 *
 * Return: true if the command is to return *@exit now.
 */
bool cmd_common_opt(const struct cmd *cmd, int opt, char **argv, int *exit);

/**
 * cmd_fail() - print an error
 *
 * In JSON mode as JSON where the verdict would stand; else to standard error, and
 * to --report's file: whoever reads that finds a verdict or why there is none.
 *
 * Return: CMD_ERROR.
 */
int cmd_fail(const struct slotscope_error *err);

/** cmd_cannot_tell() - the same where it is no failure; returns CMD_UNKNOWN */
int cmd_cannot_tell(const struct slotscope_error *err);

/** cmd_report() - where a command prints: standard output, or --report's file */
FILE *cmd_report(void);

/**
 * cmd_report_to() - print to a file, once cmd_report_begin() was called
 * @product: it is what the command makes: no error goes into it
 *
 * What the file has stays until something is printed.
 *
 * Return: 0, or a negative errno with @err filled.
 */
int cmd_report_to(const char *path, bool product, struct slotscope_error *err);

/**
 * cmd_report_begin() - the command line was read: from now on cmd_report() is that file
 * @inputs: paths that are read, or written otherwise; NULL: none
 *
 * Return: 0, also without a file; -EINVAL where it is one of @inputs: then nothing is
 * written to it.
 */
int cmd_report_begin(const char *const *inputs, size_t nr,
		     struct slotscope_error *err);

/** cmd_apart() - is it another file? 0, or -EINVAL; @input may be NULL or "-" */
int cmd_apart(const char *output, const char *input,
	      struct slotscope_error *err);

/**
 * cmd_end_by_signal() - have main() end this process by a signal
 *
 * If all that was printed could be written: what is lost comes first.
 *
 * Return: the status that a shell has for it.
 */
int cmd_end_by_signal(int signal);

/**
 * cmd_flush() - flush standard output, or --report's file
 *
 * The first failure is kept for main(): by the program's end errno is of something
 * else. To be called where a program goes on after it has printed.
 *
 * Return: 0, or the positive errno of the first failure.
 */
int cmd_flush(void);

/** cmd_output_told() - the user knows that output failed: say no more */
void cmd_output_told(void);

/** cmd_usage() - print a usage error and where the help is; CMD_ERROR */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * cmd_parse_pid() - a pid from the command line
 * Return: 0, or a negative errno with @err filled.
 */
int cmd_parse_pid(const char *text, pid_t *pid, struct slotscope_error *err);

/** cmd_parse_fd() - a descriptor number from the command line */
int cmd_parse_fd(const char *text, int *fd, struct slotscope_error *err);

/** cmd_parse_seconds() - a duration such as "3" or "0.5", to milliseconds */
int cmd_parse_seconds(const char *text, int *ms, struct slotscope_error *err);

#endif
