// SPDX-License-Identifier: GPL-2.0-or-later
/* What the main() of each of our programs is made of. */
#include <fcntl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/page.h"
#include "cmd/program.h"
#include "session/stop.h"

struct cmd_globals cmd_globals;

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

int program_main(int argc, char **argv, int (*run)(int argc, char **argv))
{
	struct slotscope_error err = {};
	int status;

	fill_standard_fds();
	stop_ignore_sigpipe();
	output_style();
	status = run(argc, argv);
	if (page_end(argc, argv, &err))
		status = cmd_fail(&err);
	return output_end(status);
}
