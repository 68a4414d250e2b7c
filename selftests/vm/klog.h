/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAB_KLOG_H
#define LAB_KLOG_H

#include <stdbool.h>
#include <string.h>

/**
 * klog_is_problem() - is this line of a kernel log the start of a bad report?
 * @line: NUL-terminated, with or without the "[time] " that a console adds
 *
 * The texts are those that the kernel's own report functions print: __warn(),
 * die(), panic(), lockdep, KASAN and its relatives, kmemleak, the watchdogs.
 */
static inline bool klog_is_problem(const char *line)
{
	static const char *const texts[] = {
		"BUG: ", /* KASAN, KCSAN, KFENCE, bad pointers, soft lockups */
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
	const char *start = line;

	while (*start == '[') {
		const char *close = strchr(start, ']');

		if (!close)
			break;
		start = close + 1;
		start += strspn(start, " ");
	}
	if (!strncmp(start, warning, sizeof(warning) - 1))
		return true;
	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strstr(start, texts[i]))
			return true;
	return false;
}

#endif
