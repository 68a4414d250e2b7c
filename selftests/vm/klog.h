/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAB_KLOG_H
#define LAB_KLOG_H

#include <stdbool.h>
#include <string.h>

/*
 * What a kernel's log tells of its own trouble, line by line. A report of a data
 * race (KCSAN) is judged by its two accesses, each with its stack: the kernel has
 * races that it lives with, and only one in which a module under test makes an
 * access that is not marked (READ_ONCE() and the like) is trouble here. With a
 * marked one the module has done its part, and the plain one is the kernel's.
 */

/**
 * struct klog_reader - where in a log one is; all 0 at its beginning
 * @in_race: within a report of a data race that is not judged yet
 * @excused: whoever comes next in this stack did not do wrong
 */
struct klog_reader {
	bool in_race;
	bool excused;
};

/**
 * enum klog_line - what a line is
 * @KLOG_NOTHING: of no interest
 * @KLOG_PROBLEM: the start of a bad report
 * @KLOG_RACE: the start of a report of a data race, whoever's
 * @KLOG_OUR_RACE: further on in that report: a module under test takes part
 */
enum klog_line {
	KLOG_NOTHING,
	KLOG_PROBLEM,
	KLOG_RACE,
	KLOG_OUR_RACE,
};

/* How a report of KCSAN's begins */
#define KLOG_RACE_MARK "BUG: KCSAN: "

/* A log's line without the "[time] " that a console adds */
static inline const char *klog_text(const char *line)
{
	while (*line == '[') {
		const char *close = strchr(line, ']');

		if (!close)
			break;
		line = close + 1;
		line += strspn(line, " ");
	}
	return line;
}

/*
 * The texts are those that the kernel's own report functions print: __warn(),
 * die(), panic(), lockdep, KASAN and its relatives, kmemleak, the watchdogs.
 */
static inline bool klog_starts_report(const char *text)
{
	static const char *const texts[] = {
		"BUG: ", /* KASAN, KFENCE, bad pointers, soft lockups */
		"kernel BUG at ",
		"Oops: ",
		"general protection fault",
		"Kernel panic - not syncing",
		"invalid opcode: ",
		"UBSAN: ",
		"INFO: possible ",
		"inconsistent lock state",
		"bad unlock balance",
		"detected stalls on CPUs",
		"self-detected stall on CPU",
		"blocked for more than",
		"unreferenced object 0x",
		"new suspected memory leaks",
		"refcount_t: ",
		"ODEBUG: ",
		"list_add corruption",
		"list_del corruption",
	};
	/* WARN() and lockdep begin their line with it. Drivers that warn of a
	 * setting have it further on, and mean no fault of the kernel's.
	 */
	static const char warning[] = "WARNING: ";

	if (!strncmp(text, warning, sizeof(warning) - 1))
		return true;
	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strstr(text, texts[i]))
			return true;
	return false;
}

/*
 * Is it of a module that is tested here? What the kernel's own are called must
 * be known: of another nobody would believe that it is none of ours.
 */
static inline bool klog_names_tested_module(const char *text)
{
	static const char *const own[] = { "kvm", "kvm_amd", "irqbypass" };
	const char *open = strrchr(text, '[');
	size_t len = open ? strcspn(open + 1, "] ") : 0;

	if (!len)
		return false;
	for (unsigned int i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strlen(own[i]) == len && !strncmp(open + 1, own[i], len))
			return false;
	return true;
}

/*
 * "write (marked) to 0x... of 8 bytes by task 1 on cpu 0:" and its stack, a line of
 * which is "function+0x12/0x34 [module]", the innermost first. What was interrupted
 * (asm_sysvec_...), or wanted a page that was not there (asm_exc_page_fault), did
 * not do what was done then.
 */
static inline enum klog_line klog_read_race(struct klog_reader *reader,
					    const char *text)
{
	if (!strncmp(text, "=====", 5)) {
		reader->in_race = false;
	} else if (strstr(text, " bytes by ")) {
		reader->excused = strstr(text, "(marked");
	} else if (!strncmp(text, "asm_", 4)) {
		reader->excused = true;
	} else if (!reader->excused && strstr(text, "+0x") &&
		   klog_names_tested_module(text)) {
		reader->in_race = false;
		return KLOG_OUR_RACE;
	}
	return KLOG_NOTHING;
}

/**
 * klog_read() - read a kernel log's next line
 * @reader: where we are
 * @line: NUL-terminated, with or without the "[time] " that a console adds
 */
static inline enum klog_line klog_read(struct klog_reader *reader,
				       const char *line)
{
	const char *text = klog_text(line);

	text += strspn(text, " ");
	if (strstr(text, KLOG_RACE_MARK)) {
		*reader = (struct klog_reader){ .in_race = true };
		return KLOG_RACE;
	}
	if (klog_starts_report(text))
		return KLOG_PROBLEM;
	return reader->in_race ? klog_read_race(reader, text) : KLOG_NOTHING;
}

#endif
