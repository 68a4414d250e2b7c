// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that trace and record share */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/tracing.h"

/* A number, all of @text up to @end, in C's notation */
static bool number(const char *text, char end, uint64_t max, uint64_t *value,
		   const char **rest)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &stop, 0);
	*rest = stop;
	return !errno && (*stop == end || !*stop) && *value <= max;
}

static int wrong(struct slotscope_error *err, const char *what,
		 const char *text, const char *next)
{
	error_set(err, EINVAL, "filter by %s \"%.80s\"", what, text);
	error_why(err, "that is none");
	return error_next(err, "%s", next);
}

/* By which requests and changes are left out */
static int set_filter(struct tracer_filter *filter, int opt, const char *arg,
		      struct slotscope_error *err)
{
	uint64_t value, last;
	const char *rest;

	switch (opt) {
	case TRACING_OPT_AS:
		if (!number(arg, 0, 255, &value, &rest))
			return wrong(err, "address space", arg,
				     "give its number: 0, or on x86 1 for SMM");
		filter->with_as = true;
		filter->as_id = value;
		return 0;
	case TRACING_OPT_SLOT:
		if (!number(arg, 0, UINT16_MAX, &value, &rest))
			return wrong(err, "slot", arg, "give its number");
		filter->with_slot = true;
		filter->slot = value;
		return 0;
	case TRACING_OPT_GPA:
		if (!number(arg, '-', UINT64_MAX, &value, &rest) ||
		    (*rest == '-' &&
		     (!number(rest + 1, 0, UINT64_MAX, &last, &rest) ||
		      last < value)))
			return wrong(err, "guest memory", arg,
				     "give an address, or the first and the "
				     "last: 0xe0000-0xfffff");
		filter->with_gpa = true;
		filter->first_gpa = value;
		filter->last_gpa = strchr(arg, '-') ? last : value;
		return 0;
	case TRACING_OPT_FAILED:
		filter->failed_only = true;
		return 0;
	default:
		return 1;
	}
}

bool tracing_filters(const struct tracer_filter *filter)
{
	return filter->with_as || filter->with_slot || filter->with_gpa ||
	       filter->failed_only;
}

int tracing_option(struct tracing *t, int opt, struct slotscope_error *err)
{
	unsigned int classes = 0;
	int ret;

	switch (opt) {
	case 'p':
		return cmd_parse_pid(optarg, &t->pid, err);
	case TRACING_OPT_ALL:
		t->all = true;
		return 0;
	case TRACING_OPT_PTRACE:
		t->ptrace = true;
		return 0;
	case TRACING_OPT_EVENTS:
		ret = tracer_classes_parse(optarg, &classes, err);
		t->classes |= classes;
		return ret;
	case TRACING_OPT_USDT:
		t->usdt = true;
		/* When what is told took effect is a part of that way */
		t->classes |= TRACER_CLASS_WINDOWS;
		if (!optarg)
			return 0;
		if (t->nr_programs == TRACING_PROGRAMS) {
			error_set(err, E2BIG,
				  "watch the static probes of "
				  "%.160s",
				  optarg);
			return error_next(err, "%d are the most",
					  TRACING_PROGRAMS);
		}
		t->programs[t->nr_programs++] = optarg;
		return 0;
	case TRACING_OPT_DRY_RUN:
		t->dry_run = true;
		return 0;
	case TRACING_OPT_FOR:
		return cmd_parse_seconds(optarg, &t->for_ms, err);
	default:
		return set_filter(&t->filter, opt, optarg, err);
	}
}

const char *tracing_wrong(const struct tracing *t)
{
	if (t->usdt && t->all && !t->nr_programs)
		return "--all follows no program in particular: name those "
		       "whose static probes are meant, --usdt=FILE";
	if (!t->ptrace)
		return NULL;
	if (!t->argv)
		return "--ptrace goes with a COMMAND alone";
	if (t->dry_run)
		return "--ptrace needs no hooks: --dry-run does not go with it";
	if (tracing_filters(&t->filter))
		return "it is the kernel that filters: --as, --slot, --gpa and "
		       "--failed-only do not go with --ptrace";
	if (t->usdt)
		return "--ptrace sees requests alone: it does not go with "
		       "--usdt";
	if (t->classes)
		return "--ptrace sees requests alone: it does not go with "
		       "--events";
	return NULL;
}
