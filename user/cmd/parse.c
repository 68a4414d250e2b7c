// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of options that several commands have. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "cmd/cmd.h"

static bool parse_int(const char *text, long min, int *out)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > INT_MAX)
		return false;
	*out = value;
	return true;
}

/* What was named first would be passed over in silence */
static int named_twice(const char *what, const char *text, int before,
		       struct slotscope_error *err)
{
	error_set(err, EINVAL, "look at %s %.40s", what, text);
	error_why(err, "%s %d was named before", what, before);
	return error_next(err, "name one of them; each needs a run of its own");
}

int cmd_parse_pid(const char *text, pid_t *pid, struct slotscope_error *err)
{
	if (*pid)
		return named_twice("process", text, *pid, err);
	if (parse_int(text, 1, pid))
		return 0;
	error_set(err, EINVAL, "read the pid \"%.40s\"", text);
	error_why(err, "it is not a process number");
	return error_next(err, "slotscope list shows the VMMs and their pids");
}

int cmd_parse_fd(const char *text, int *fd, struct slotscope_error *err)
{
	if (*fd >= 0)
		return named_twice("descriptor", text, *fd, err);
	if (parse_int(text, 0, fd))
		return 0;
	error_set(err, EINVAL, "read the descriptor \"%.40s\"", text);
	error_why(err, "it is not a descriptor's number");
	return error_next(err, "slotscope list shows the VMs' descriptors");
}

int cmd_parse_seconds(const char *text, int *ms, struct slotscope_error *err)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(value) || value < 0 ||
	    value > 1e6) {
		error_set(err, EINVAL, "read the duration \"%.40s\"", text);
		error_why(err,
			  "it is not a number of seconds from 0 to 1000000");
		return error_next(err, "give seconds, such as 3 or 0.5");
	}
	*ms = (int)(value * 1000);
	return 0;
}

int cmd_parse_delay(const char *text, int least_ms, int *ms,
		    struct slotscope_error *err)
{
	int ret = cmd_parse_seconds(text, ms, err);

	if (ret || *ms >= least_ms)
		return ret;
	error_set(err, EINVAL, "look at all VMs every %.40s seconds", text);
	error_why(err, "it would do little else");
	return error_next(err, "%g is the least", least_ms / 1000.0);
}
