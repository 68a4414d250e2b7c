// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope record: write slot requests and changes to a recording. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size_text.h"
#include "cmd/cmd.h"
#include "cmd/page.h"
#include "cmd/tracing.h"
#include "trace/recording.h"
#include "trace/recording_notes.h"

enum {
	OPT_STACKS = CMD_OPT_FIRST_OWN,
	OPT_KEEP,
	OPT_HTML,
};

static const struct cmd_option option_table[] = {
	{ 'o', "output", "FILE", VALUES_FILES,
	  "where to; a file that is there is replaced, once what is "
	  "traced has started. - is standard output" },
	TRACING_WHOM,
	{ OPT_STACKS, "stacks", NULL, NULL,
	  "record who made each request: all functions that led there" },
	{ TRACING_OPT_PTRACE, "ptrace", NULL, NULL,
	  "record the COMMAND without being root: its requests alone" },
	{ TRACING_OPT_EVENTS, "events", "LIST", TRACING_EVENTS,
	  "other events, too, as slotscope trace has them" },
	TRACING_USDT,
	TRACING_FILTERS,
	{ OPT_KEEP, "keep", "SIZE", NULL,
	  "keep the newest SIZE of it (64M, 4G); what is dropped leaves "
	  "behind how things stood" },
	{ OPT_HTML, "html", "FILE", VALUES_FILES,
	  "write a page for a browser, too, as slotscope trace does" },
	TRACING_FOR,
	CMD_JSON("print errors as JSON"),
	TRACING_DRY_RUN,
	CMD_COMMON
};

struct recorder {
	const char *path;
	uint64_t keep; /* bytes; 0: all */
	struct recording_writer *writer;
};

static int begin(struct tracing *t, const struct tracer_options *options,
		 const struct tracer_report *report)
{
	struct recorder *recorder = t->arg;
	struct recording_info info = {
		.tgid = options->tgid,
		.keep = recorder->keep,
		.notes = recording_notes(options, report),
	};
	int ret = recording_create(recorder->path, &info, &recorder->writer,
				   &t->err);

	free(info.notes);
	return ret;
}

static int put(struct tracing *t, const struct slot_event *event)
{
	const struct recorder *recorder = t->arg;
	const struct slot_stack *stack =
		t->stacks && event->stack ?
			stack_table_find(&t->stacks->table, event->stack) :
			NULL;
	int ret = page_take(event,
			    page_json() && event->stack && t->stacks ?
				    stack_table_first(&t->stacks->table,
						      event->stack) :
				    NULL,
			    NULL);

	if (ret)
		return error_set(&t->err, ret, "keep the slots of a VM");
	if (stack)
		ret = recording_write_stack(recorder->writer, stack, &t->err);
	return ret ?: recording_write(recorder->writer, event, &t->err);
}

static int flush(struct tracing *t)
{
	const struct recorder *recorder = t->arg;

	return recording_flush(recorder->writer, &t->err);
}

static int end(struct tracing *t)
{
	const struct recorder *recorder = t->arg;

	/* Nothing was traced, as the command could not be started */
	if (t->err.code && !recording_begun(recorder->writer)) {
		recording_abandon(recorder->writer);
		return 0;
	}
	return recording_finish(recorder->writer, &t->err);
}

static const struct tracing_ops recording = {
	.begin = begin,
	.put = put,
	.flush = flush,
	.end = end,
};

static int parse_keep(const char *text, uint64_t *keep,
		      struct slotscope_error *err)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*keep = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && *keep <= RECORDING_KEEP_MAX)
		*keep <<= 10 * (unit - units + 1);
	if (!errno && isdigit((unsigned char)text[0]) && !end[unit ? 1 : 0] &&
	    *keep >= RECORDING_KEEP_MIN && *keep <= RECORDING_KEEP_MAX)
		return 0;
	error_set(err, EINVAL, "keep \"%.40s\" of a recording", text);
	error_why(err, "it is no size from %s to %s",
		  SIZE_IN_TEXT(RECORDING_KEEP_MIN),
		  SIZE_IN_TEXT(RECORDING_KEEP_MAX));
	return error_next(err, "give bytes with K, M or G: --keep 64M");
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct recorder recorder = {};
	struct tracing t = TRACING_INIT;
	struct stacks stacks = {};
	struct slotscope_error err = {};
	const char *wrong;
	int opt, ret, exit;

	t.verb = "record";
	t.ops = &recording;
	t.arg = &recorder;
	while ((opt = cmd_getopt(cmd, argc, argv)) >= 0) {
		switch (opt) {
		case 'o':
			recorder.path = optarg;
			break;
		case OPT_STACKS:
			t.stacks = &stacks;
			break;
		case OPT_KEEP:
			if (parse_keep(optarg, &recorder.keep, &err))
				return cmd_fail(&err);
			break;
		case OPT_HTML:
			if (page_to(optarg, &err))
				return cmd_fail(&err);
			break;
		default:
			ret = tracing_option(&t, opt, &err);
			if (ret < 0)
				return cmd_fail(&err);
			if (ret && cmd_common_opt(cmd, opt, argv, &exit))
				return exit;
		}
	}
	if (optind < argc)
		t.argv = argv + optind;
	if (!recorder.path && !t.dry_run)
		return cmd_usage(cmd, "no -o FILE given");
	if (!t.pid + !t.argv + !t.all != 2)
		return cmd_usage(cmd, "give one of --pid, --all and a COMMAND");
	wrong = tracing_wrong(&t);
	if (wrong)
		return cmd_usage(cmd, "%s", wrong);
	if (recorder.keep && tracing_filters(&t.filter))
		return cmd_usage(cmd, "--keep drops what it can tell the sum "
				      "of: --as, --slot, --gpa and "
				      "--failed-only do not go with it");
	if (page_begin(&recorder.path, 1, &err))
		return cmd_fail(&err);
	exit = tracing_run(&t);
	stacks_deinit(&stacks);
	return exit;
}

const struct cmd cmd_record = {
	.name = "record",
	.summary = "write slot requests and changes to a recording",
	.usage = "record -o FILE --pid PID [OPTIONS]\n"
		 "record -o FILE --all [OPTIONS]\n"
		 "record -o FILE [OPTIONS] -- COMMAND [ARGS]",
	.about =
		"Records each request for a memory slot and each change that "
		"KVM made, for slotscope trace -i FILE. Ends with the process, "
		"or the COMMAND and all that it started, or at SIGINT.",
	.options = option_table,
	.ending =
		"Exit status: 0 done, 2 events were lost or not seen, or no VM "
		"was, 3 usage or error. In place of 0, that of a COMMAND that "
		"ended by itself.",
	.takes_command = true,
	.run = run,
};
