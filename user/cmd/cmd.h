/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands of slotscope: parse, call, print. One file each, named for
 * the command, with a place in the table of commands.c.
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
	bool pretty;
	bool wide;
	bool no_pager;
	int color; /* -1 never, 0 where it is a terminal, 1 always */
};
extern struct cmd_globals cmd_globals;

enum {
	CMD_OPT_PRETTY = 0x100,
	CMD_OPT_COLOR,
	CMD_OPT_WIDE,
	CMD_OPT_NO_PAGER,
	CMD_OPT_RAW,
	CMD_OPT_COLUMNS,
	CMD_OPT_FIRST_OWN,
};

/**
 * struct cmd_option - a row of a command's table of options, as in glibc's argp
 * @key:    what cmd_getopt() returns; a character is the short form, too
 * @name:   the long form; NULL ends the table
 * @arg:    what stands for its value in the help: "FILE"; NULL: it takes none;
 *	    with "[" before it: the value may be left out
 * @values: what completion offers for that: words with blanks between them (a ","
 *	    first: with commas, several), or VALUES_*; NULL: who knows
 * @doc:    for the help, which breaks it into lines. A line that begins with blanks
 *	    is indented by so many
 *
 * The command line is read by it, and help, "did you mean" and the completions are
 * made of it.
 */
struct cmd_option {
	int key;
	const char *name;
	const char *arg;
	const char *values;
	const char *doc;
};

#define VALUES_FILES	"@files"
#define VALUES_VM_PIDS	"@vm-pids"
#define VALUES_FINDINGS "@findings"
#define VALUES_COMMANDS "@commands"

/* The last rows of each table. What --json prints is the command's */
#define CMD_JSON(doc)                          \
	{                                      \
		'j', "json", NULL, NULL, (doc) \
	}
#define CMD_COMMON \
	{ 'v', "verbose", NULL, NULL, "say more on standard error" }, CMD_HELP

/* ... and where -v is the command's, too */
#define CMD_HELP                                  \
	{ 'h', "help", NULL, NULL, "this text" }, \
	{                                         \
	}

/* -o is the columns where a command prints a table, and the file where it writes one;
 * check, which does both, has --columns alone
 */
#define CMD_COLUMNS(key, keys, doc)                 \
	{                                           \
		key, "columns", "LIST", keys, (doc) \
	}
#define CMD_RAW                                                           \
	{                                                                 \
		CMD_OPT_RAW, "raw", NULL, NULL,                           \
			"for scripts: one blank between columns, nothing" \
			" is cut or aligned"                              \
	}

/**
 * struct cmd - one subcommand
 * @name:    as typed
 * @summary: one line for the list of commands
 * @usage:   a line each way to call it, "NAME ..." first
 * @about:   paragraphs for the help, before the options
 * @options: its table
 * @ending:  paragraphs behind the options; exit statuses last
 * @args:    what completion offers for its words, as cmd_option.values: of the first
 *	     word, then, behind a ";", of the others. NULL: it takes none that anybody
 *	     knows
 * @takes_command: what follows the options is another program's command line
 * @one_dash: long options may have one dash, as QEMU's
 * @more:    prints what the help has before the options; NULL: nothing
 * @run:     gets argv with argv[0] = @name; returns an enum cmd_exit
 */
struct cmd {
	const char *name;
	const char *summary;
	const char *usage;
	const char *about;
	const struct cmd_option *options;
	const char *ending;
	const char *args;
	bool takes_command;
	bool one_dash;
	void (*more)(FILE *out);
	int (*run)(const struct cmd *cmd, int argc, char **argv);
};

/**
 * struct cmd_group - commands that are listed together
 * @cmds: ends in NULL
 */
struct cmd_group {
	const char *heading;
	const struct cmd *const *cmds;
};

/* All of them; ends in a group without a heading: those that are not listed */
extern const struct cmd_group cmd_groups[];

/* What stands before a command's name */
extern const struct cmd cmd_slotscope;

extern const struct cmd cmd_addr;
extern const struct cmd cmd_check;
extern const struct cmd cmd_diff;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_export;
extern const struct cmd cmd_learn;
extern const struct cmd cmd_list;
extern const struct cmd cmd_map;
extern const struct cmd cmd_metrics;
extern const struct cmd cmd_model;
extern const struct cmd cmd_quiz;
extern const struct cmd cmd_record;
extern const struct cmd cmd_repro;
extern const struct cmd cmd_slots;
extern const struct cmd cmd_top;
extern const struct cmd cmd_trace;
extern const struct cmd cmd_tree;
extern const struct cmd cmd_vm;
extern const struct cmd cmd_why;

extern const struct cmd cmd_complete;
extern const struct cmd cmd_completion;
extern const struct cmd cmd_help;
extern const struct cmd cmd_version;

/** cmd_find() - the command of this name, or NULL */
const struct cmd *cmd_find(const char *name);

/** cmd_names() - of those that are listed, NULL last; to be freed. NULL: no memory */
const char **cmd_names(void);

/**
 * cmd_option_at() - the @at-th option that a command takes
 *
 * First its own, then what all commands take and it has not itself.
 *
 * Return: NULL behind the last.
 */
const struct cmd_option *cmd_option_at(const struct cmd *cmd, size_t at);

/**
 * cmd_getopt() - the next option of a command line, as getopt_long() has it
 *
 * Before the first it looks for --json among all of them: an error in an option
 * that stands before it is JSON, too.
 *
 * Return: cmd_option.key, ':' or '?' for what is wrong, -1 behind the last.
 */
int cmd_getopt(const struct cmd *cmd, int argc, char **argv);

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

/** cmd_print_help() - what --help prints */
void cmd_print_help(FILE *out, const struct cmd *cmd);

/** cmd_help_columns() - how wide a line of that may be */
unsigned int cmd_help_columns(void);

/** cmd_print_commands() - the list of them, under their headings */
void cmd_print_commands(FILE *out);

/** cmd_print_short_help() - what slotscope alone prints */
void cmd_print_short_help(FILE *out);

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

/**
 * cmd_notice() - say something beside what is printed, on standard error
 *
 * A line behind "slotscope: "; in JSON mode {"notice": "..."}.
 */
void cmd_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** cmd_notices() - where to print lines that are notices; NULL without memory */
FILE *cmd_notices(void);

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

/**
 * cmd_output_open() - a file that keeps what it has until it is written to
 * @what:    "report", "page"
 * @created: out: it was not there
 *
 * Return: NULL with @err filled, also for "-".
 */
FILE *cmd_output_open(const char *what, const char *path, bool *created,
		      struct slotscope_error *err);

/** cmd_report_apart() - is @output another file than --report's? 0, or -EINVAL */
int cmd_report_apart(const char *output, struct slotscope_error *err);

/** cmd_apart() - is it another file? 0, or -EINVAL; @input may be NULL or "-" */
int cmd_apart(const char *output, const char *input,
	      struct slotscope_error *err);

/**
 * cmd_page() - let a pager show what is printed from now on, if it is long
 *
 * To be called by commands that print something and end, before they print. Only what
 * goes to a terminal is paged.
 */
void cmd_page(void);

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

/** cmd_suggest() - print a usage error that says what to do about it; CMD_ERROR */
int cmd_suggest(const char *next, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** cmd_usage() - print a usage error and where the help is; CMD_ERROR */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * cmd_parse_pid() - a pid from the command line
 * @pid: 0 until there was one: a second one is an error
 * Return: 0, or a negative errno with @err filled.
 */
int cmd_parse_pid(const char *text, pid_t *pid, struct slotscope_error *err);

/** cmd_parse_fd() - a descriptor number from the command line; -1 in @fd until there was one */
int cmd_parse_fd(const char *text, int *fd, struct slotscope_error *err);

/** cmd_parse_seconds() - a duration such as "3" or "0.5", to milliseconds */
int cmd_parse_seconds(const char *text, int *ms, struct slotscope_error *err);

/** cmd_parse_delay() - the same, between two looks at all VMs: @least_ms at least */
int cmd_parse_delay(const char *text, int least_ms, int *ms,
		    struct slotscope_error *err);

#endif
