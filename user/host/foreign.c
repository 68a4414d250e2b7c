// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/foreign.h"
#include "host/maps.h"
#include "host/qmp_socket.h"
#include "host/vm_fds.h"

/* A descriptor that each process has that foreign_start() makes */
#define ITS_FD 0

static void be_foreign(const int told[2])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	/* So that it has a descriptor at least, and this one */
	if (dup2(told[1], ITS_FD) < 0 || write(ITS_FD, "", 1) != 1)
		_exit(1);
	close(told[0]);
	for (;;)
		pause();
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int foreign_start(struct process *process, struct slotscope_error *err)
{
	int told[2], ret;
	char byte;
	pid_t pid;

	if (pipe(told))
		return error_set(err, errno, "start a process to try on");
	pid = fork();
	if (!pid)
		be_foreign(told);
	ret = pid < 0 ? -errno : 0;
	close(told[1]);
	while (!ret && read(told[0], &byte, 1) != 1)
		if (errno != EINTR)
			ret = -ECHILD;
	close(told[0]);
	if (ret)
		error_set(err, ret, "start a process to try on");
	else
		ret = process_open(pid, process, err);
	if (ret && pid > 0)
		end(pid);
	return ret;
}

void foreign_end(struct process *process)
{
	end(process->tgid);
	process_close(process);
}

int foreign_look(const struct process *process, struct slotscope_error *err)
{
	struct qmp_socket sockets[QMP_SOCKETS_MAX];
	struct host_map map;
	struct vm_fds vms;
	size_t nr;
	int ret = vm_fds_find(process, &vms, err);

	if (ret)
		return ret;
	vm_fds_deinit(&vms);
	ret = qmp_sockets_find(process, sockets, &nr, err);
	if (ret && ret != -ENOENT)
		return ret;
	ret = host_map_read(process, NULL, &map, err);
	if (!ret)
		host_map_deinit(&map);
	return ret;
}

int foreign_take(const struct process *process, struct slotscope_error *err)
{
	int fd = vm_fd_take(process, ITS_FD, err);

	if (fd >= 0)
		close(fd);
	/* It is there and was taken, but is not a VM's: as it should be */
	return fd >= 0 || fd == -EBADFD ? 0 : fd;
}
