// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that say where to look */
#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/look.h"

int look_once(const char **file, struct slotscope_error *err)
{
	if (*file) {
		error_set(err, EINVAL, "read %.160s", optarg);
		error_why(err, "%.160s was named for the same before", *file);
		return error_next(err, "name one of them");
	}
	*file = optarg;
	return 0;
}

static int add_mtree(struct check_files *files, struct slotscope_error *err)
{
	if (files->nr_mtree == CHECK_FILES_MAX) {
		error_set(err, E2BIG, "read %.160s", optarg);
		return error_why(err, "%d files are the most", CHECK_FILES_MAX);
	}
	files->mtree[files->nr_mtree++] = optarg;
	return 0;
}

int look_option(struct look_options *options, int opt,
		struct slotscope_error *err)
{
	switch (opt) {
	case 'p':
		return cmd_parse_pid(optarg, &options->checker.pid, err);
	case LOOK_OPT_FD:
		return cmd_parse_fd(optarg, &options->checker.fd, err);
	case LOOK_OPT_VM:
		return vm_name_parse(optarg, &options->checker.name, err);
	case LOOK_OPT_QMP:
		options->checker.qmp = optarg;
		return 0;
	case LOOK_OPT_NO_TRACE:
		options->checker.no_trace = true;
		return 0;
	case LOOK_OPT_NO_MODEL:
		options->checker.no_model = true;
		return 0;
	case LOOK_OPT_MTREE:
		return add_mtree(&options->files, err);
	case LOOK_OPT_MODEL:
		return look_once(&options->files.model, err);
	case LOOK_OPT_SLOTS:
		return look_once(&options->files.slots, err);
	case LOOK_OPT_MAPS:
		return look_once(&options->files.maps, err);
	case LOOK_OPT_HISTORY:
		return look_once(&options->checker.history, err);
	case LOOK_OPT_NO_HISTORY:
		options->no_history = true;
		return 0;
	case 'i':
		return look_once(&options->input, err);
	default:
		return 1;
	}
}

const char *look_history(struct look_options *options, bool live)
{
	struct checker_options *checker = &options->checker;

	if (checker->history && options->no_history)
		return "give --history or --no-history, not both";
	if (checker->history && !live)
		return "--history goes with --pid and one look, which traces: "
		       "without COMMAND, --watch, --record and --no-trace";
	if (checker->history || options->no_history || !live)
		return NULL;
	checker->history = PAST_FILE_DEFAULT;
	checker->history_is_default = true;
	return NULL;
}
