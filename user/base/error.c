// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <slotscope/error.h>

static int fill(struct slotscope_error *err, char *buf, size_t size,
		const char *fmt, va_list ap)
{
	vsnprintf(buf, size, fmt, ap);
	return -err->code;
}

int error_set(struct slotscope_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	code = code ? abs(code) : EINVAL;
	err->code = code;
	err->next[0] = '\0';
	snprintf(err->why, sizeof(err->why), "%s", strerror(code));
	va_start(ap, fmt);
	fill(err, err->tried, sizeof(err->tried), fmt, ap);
	va_end(ap);
	return -code;
}

int error_why(struct slotscope_error *err, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = fill(err, err->why, sizeof(err->why), fmt, ap);
	va_end(ap);
	return ret;
}

int error_next(struct slotscope_error *err, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = fill(err, err->next, sizeof(err->next), fmt, ap);
	va_end(ap);
	return ret;
}
