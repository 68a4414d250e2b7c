// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libbpf says on its log why the kernel refused something, and nowhere else.
 * Its log is one for the process, so this is, too.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace/impl.h"

static bool copy_to_stderr;
static char first_warning[300];

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[sizeof(first_warning)];
	va_list again;

	va_copy(again, ap);
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	/* Of BTF that the kernel does not like libbpf complains, and goes on */
	if (level == LIBBPF_WARN && !first_warning[0] &&
	    !strstr(line, "BTF load"))
		strcpy(first_warning,
		       strncmp(line, "libbpf: ", 8) ? line : line + 8);
	if (copy_to_stderr && level != LIBBPF_DEBUG)
		vfprintf(stderr, fmt, again);
	va_end(again);
	return 0;
}

void log_capture(bool verbose)
{
	copy_to_stderr = verbose;
	log_forget();
	libbpf_set_print(print);
}

void log_forget(void)
{
	first_warning[0] = '\0';
}

/* The first warning since log_forget(): what comes after follows from it */
const char *log_cause(void)
{
	return first_warning;
}

int error_bpf(struct slotscope_error *err, int code, const char *fmt, ...)
{
	char tried[sizeof(err->tried)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(tried, sizeof(tried), fmt, ap);
	va_end(ap);
	error_set(err, code, "%s", tried);
	if (first_warning[0])
		error_why(err, "%s (libbpf: %s)", strerror(err->code),
			  first_warning);
	if (err->code == EPERM)
		return error_next(err, "be root; if you are, the kernel may be "
				       "locked down (see "
				       "/sys/kernel/security/lockdown), or "
				       "RLIMIT_MEMLOCK too low");
	return -err->code;
}
