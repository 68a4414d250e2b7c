// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "host/proc_stat.h"

/* Of the kernel's include/linux/sched.h; proc_pid_stat(5) shows the word */
#define PF_KTHREAD 0x00200000

/* The fields after the name, counted as the manual page counts */
enum {
	FIELD_STATE = 3,
	FIELD_PPID = 4,
	FIELD_FLAGS = 9,
	FIELD_START_TIME = 22,
	FIELD_START_CODE = 26,
	FIELD_START_STACK = 28,
};

/* Decimal digits up to a blank or the end, nothing else */
static int number(const char *at, const char *end, uint64_t *out)
{
	uint64_t value = 0;

	if (at == end)
		return -EINVAL;
	for (; at < end; at++) {
		unsigned int digit = (unsigned char)*at - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}

/* Return: the @nr'th field from @at on, the first being FIELD_STATE; or NULL */
static const char *field(const char *at, const char *end, int nr,
			 const char **field_end)
{
	for (int i = FIELD_STATE;; i++) {
		*field_end = memchr(at, ' ', end - at);
		/* What is not followed by another field may be cut short */
		if (!*field_end)
			return NULL;
		if (i == nr)
			return at;
		at = *field_end + 1;
	}
}

int proc_stat_parse(const char *text, size_t len, struct proc_stat *out)
{
	const char *end = text + len, *open, *close, *at, *stop;
	uint64_t value;
	size_t n;

	memset(out, 0, sizeof(*out));
	/* The name may hold parentheses and blanks: the last one closes it */
	open = memchr(text, '(', len);
	close = memrchr(text, ')', len);
	if (!open || !close || close < open || open - text < 2 ||
	    open[-1] != ' ' || end - close < 3 || close[1] != ' ')
		return -EINVAL;
	if (number(text, open - 1, &value) || !value || value > INT32_MAX)
		return -EINVAL;
	out->pid = value;

	n = close - open - 1;
	if (n >= sizeof(out->comm))
		n = sizeof(out->comm) - 1;
	memcpy(out->comm, open + 1, n);

	at = field(close + 2, end, FIELD_STATE, &stop);
	if (!at || stop != at + 1)
		return -EINVAL;
	out->state = *at;
	at = field(close + 2, end, FIELD_PPID, &stop);
	if (!at || number(at, stop, &value) || value > INT32_MAX)
		return -EINVAL;
	out->ppid = value;
	at = field(close + 2, end, FIELD_FLAGS, &stop);
	if (!at || number(at, stop, &value))
		return -EINVAL;
	out->kthread = value & PF_KTHREAD;
	at = field(close + 2, end, FIELD_START_TIME, &stop);
	if (!at || number(at, stop, &out->start_time))
		return -EINVAL;
	at = field(close + 2, end, FIELD_START_CODE, &stop);
	if (!at || number(at, stop, &out->start_code))
		return -EINVAL;
	at = field(close + 2, end, FIELD_START_STACK, &stop);
	if (!at)
		return -EINVAL;
	return number(at, stop, &out->start_stack);
}

pid_t proc_status_tgid(const char *text, size_t len)
{
	static const char key[] = "\nTgid:\t";
	const char *end = text + len, *at, *stop;
	uint64_t value;

	/* The first line is the name, in which a newline is written \n */
	at = memmem(text, len, key, sizeof(key) - 1);
	if (!at)
		return -EINVAL;
	at += sizeof(key) - 1;
	stop = memchr(at, '\n', end - at);
	if (!stop || number(at, stop, &value) || !value || value > INT32_MAX)
		return -EINVAL;
	return value;
}
