// SPDX-License-Identifier: GPL-2.0-or-later
/* At the time limit: what is each process doing? */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

static ssize_t read_proc(const char *pid, const char *file, char *buf,
			 size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.12s/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

/* The state is behind the name, which is in parentheses and may hold some. */
static char state_of(const char *stat)
{
	const char *p = strrchr(stat, ')');

	return p && p[1] == ' ' ? p[2] : '?';
}

static void describe(const char *pid)
{
	char cmdline[256], stat[512], stack[2048], out[3072];
	ssize_t n = read_proc(pid, "cmdline", cmdline, sizeof(cmdline));

	/* kernel threads have none */
	if (n <= 0 || read_proc(pid, "stat", stat, sizeof(stat)) <= 0)
		return;
	for (ssize_t i = 0; i < n - 1; i++)
		if (!isprint(cmdline[i]))
			cmdline[i] = ' ';
	read_proc(pid, "stack", stack, sizeof(stack));
	snprintf(out, sizeof(out), "process %s (%c): %s\n%s", pid,
		 state_of(stat), cmdline, stack);
	port_send(LAB_KLOG, out, strlen(out));
}

void stuck_report(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int fd;

	while (d && (e = readdir(d)))
		if (isdigit(e->d_name[0]) && strcmp(e->d_name, "1"))
			describe(e->d_name);
	if (d)
		closedir(d);
	/* tasks that sleep uninterruptibly, kernel threads among them */
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, "w", 1);
		close(fd);
	}
	port_send(LAB_STUCK, NULL, 0);
}
