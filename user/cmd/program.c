// SPDX-License-Identifier: GPL-2.0-or-later
/* What our programs share: errors, where they print, how they end. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kept_file.h"
#include "cmd/cmd.h"
#include "cmd/program.h"
#include "render/error.h"
#include "session/stop.h"

struct cmd_globals cmd_globals;

static int output_error;
static bool output_told;
static FILE *report, *pending; /* --report's file; not yet that */
static const char *report_path;
static bool report_is_product, report_created;
static int end_signal;

FILE *cmd_report(void)
{
	return report ? report : stdout;
}

int cmd_report_to(const char *path, bool product, struct slotscope_error *err)
{
	int fd = kept_open(path, 0666, &report_created);

	if (pending)
		fclose(pending);
	pending = fd < 0 ? NULL : kept_stream(fd);
	if (!pending) {
		error_set(err, fd < 0 ? -fd : errno,
			  "write the report to %.160s", path);
		if (fd >= 0)
			close(fd);
		return error_next(err, "name a file that can be made");
	}
	report_is_product = product;
	report_path = path;
	return 0;
}

int cmd_apart(const char *output, const char *input,
	      struct slotscope_error *err)
{
	if (!input || !kept_is_same(output, input))
		return 0;
	error_set(err, EINVAL, "write to %.160s", output);
	error_why(err,
		  "it is the same file as %.160s: what is there would be "
		  "lost",
		  strcmp(input, "-") ? input : "standard input");
	return error_next(err, "name another file to write to");
}

int cmd_report_begin(const char *const *inputs, size_t nr,
		     struct slotscope_error *err)
{
	int ret = 0;

	for (size_t i = 0; pending && i < nr && !ret; i++)
		ret = cmd_apart(report_path, inputs[i], err);
	if (ret)
		return ret;
	report = pending;
	pending = NULL;
	return 0;
}

/* A file that we made and that has nothing in it is none */
static void drop_empty_report(void)
{
	struct stat st;

	if (report_created && (pending || report_is_product) &&
	    !stat(report_path, &st) && S_ISREG(st.st_mode) && !st.st_size)
		unlink(report_path);
}

int cmd_flush(void)
{
	FILE *out = cmd_report();
	int error;

	/* Threads of a VM print too */
	flockfile(out);
	if (!output_error) {
		if (fflush(out))
			output_error = errno;
		else if (ferror(out)) /* earlier, when nobody looked */
			output_error = EIO;
	}
	error = output_error;
	funlockfile(out);
	return error;
}

int cmd_end_by_signal(int signal)
{
	end_signal = signal;
	return 128 + signal;
}

/* A core of ours would tell nothing of the command that had it coming */
static void end_by_signal(void)
{
	sigset_t set;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	signal(end_signal, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, end_signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(end_signal);
}

void cmd_output_told(void)
{
	output_told = true;
}

int cmd_fail(const struct slotscope_error *err)
{
	cmd_flush();
	if (cmd_globals.json) {
		render_error_json(report_is_product ? stdout : cmd_report(),
				  err);
		return CMD_ERROR;
	}
	if (report && !report_is_product)
		render_error_text(report, err);
	render_error_text(stderr, err);
	return CMD_ERROR;
}

int cmd_cannot_tell(const struct slotscope_error *err)
{
	cmd_fail(err);
	return CMD_UNKNOWN;
}

int program_usage_error(const char *why, const char *help)
{
	struct slotscope_error err = {};

	error_set(&err, EINVAL, "read the command line");
	error_why(&err, "%s", why);
	error_next(&err, "see %s", help);
	return cmd_fail(&err);
}

int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
	char why[256], help[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	snprintf(help, sizeof(help), "slotscope %s --help", cmd->name);
	return program_usage_error(why, help);
}

int cmd_getopt(getopt_fn *parse, int argc, char **argv,
	       const char *short_options, const struct option *long_options)
{
	static bool looked;
	int opt;

	while (!looked) {
		opt = parse(argc, argv, short_options, long_options, NULL);
		if (opt == CMD_OPT_JSON)
			cmd_globals.json = true;
		looked = opt < 0;
		if (looked)
			optind = 0; /* glibc: from the beginning again */
	}
	return parse(argc, argv, short_options, long_options, NULL);
}

bool cmd_common_opt(const struct cmd *cmd, int opt, char **argv, int *exit)
{
	switch (opt) {
	case 'v':
		cmd_globals.verbose = true;
		return false;
	case CMD_OPT_JSON:
		cmd_globals.json = true;
		return false;
	case 'h':
		fputs(cmd->help, stdout);
		*exit = CMD_OK;
		return true;
	case ':':
		*exit = cmd_usage(cmd, "option %s needs an argument",
				  argv[optind - 1]);
		return true;
	default:
		/* optopt is 0 for a long option that is not known */
		if (optopt && optopt < 0x100)
			*exit = cmd_usage(cmd, "there is no option -%c",
					  optopt);
		else
			*exit = cmd_usage(cmd, "there is no option like %s",
					  argv[optind - 1]);
		return true;
	}
}

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

int cmd_parse_pid(const char *text, pid_t *pid, struct slotscope_error *err)
{
	if (parse_int(text, 1, pid))
		return 0;
	error_set(err, EINVAL, "read the pid \"%.40s\"", text);
	error_why(err, "it is not a process number");
	return error_next(err, "slotscope list shows the VMMs and their pids");
}

int cmd_parse_fd(const char *text, int *fd, struct slotscope_error *err)
{
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

/*
 * A descriptor that is closed would be the next one opened: what is printed would
 * go to KVM. Opened the wrong way round it fails as a closed one does; a command
 * that is started finds it closed, as it would without us.
 */
static void fill_standard_fds(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", O_CLOEXEC | (fd ? O_RDONLY : O_WRONLY)) !=
			    fd)
			_exit(CMD_ERROR);
}

/* Whatever the cause, a reader that has gone away or a full disk: one rule */
static int say_output_failed(int error)
{
	struct slotscope_error err = {};

	error_set(&err, error, "write to %.160s",
		  report ? report_path : "standard output");
	if (error == EIO)
		error_why(&err, "a write failed");
	error_next(&err, error == EPIPE ?
				 "let its reader read to the end" :
				 "see that there is room where it goes");
	render_error_text(stderr, &err);
	return CMD_ERROR;
}

/* A full disk behind our output shows at the last write at the latest */
int program_main(int argc, char **argv, int (*run)(int argc, char **argv))
{
	int ret, error;

	fill_standard_fds();
	stop_ignore_sigpipe();
	ret = run(argc, argv);

	error = cmd_flush();
	drop_empty_report();
	if (error)
		return output_told ? CMD_ERROR : say_output_failed(error);
	if (end_signal && ret == 128 + end_signal)
		end_by_signal();
	return ret;
}
