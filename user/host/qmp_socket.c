// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unix_address.h"
#include "host/net_unix.h"
#include "host/proc_file.h"
#include "host/qmp_cmdline.h"
#include "host/qmp_socket.h"
#include "host/unix_peer.h"

#define CMDLINE_MAX  (4UL << 20) /* the kernel allows a quarter of the stack */
#define NET_UNIX_MAX (256UL << 20) /* of a million sockets */

/* A socket of the process that listens, with its descriptor there */
struct held {
	int fd;
	const struct unix_socket *listener;
};

struct held_list {
	struct held *list;
	size_t nr;
};

static int held_add(struct held_list *held, int fd,
		    const struct unix_socket *listener)
{
	struct held *list =
		reallocarray(held->list, held->nr + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	held->list = list;
	list[held->nr++] = (struct held){ fd, listener };
	return 0;
}

static int held_read(const struct process *process,
		     const struct unix_sockets *listeners,
		     struct held_list *held)
{
	const struct unix_socket *listener;
	struct dirent *entry;
	DIR *dir;
	int ret;

	ret = proc_opendir(process->dir, "fd", &dir);
	if (ret)
		return ret;
	while (!ret && (entry = readdir(dir))) {
		listener = unix_sockets_find(
			listeners, socket_inode(dirfd(dir), entry->d_name));
		if (listener)
			ret = held_add(held, atoi(entry->d_name), listener);
	}
	closedir(dir);
	return ret;
}

/* Is @link below /proc/PID the same as ours? What cannot be read is not */
static bool same(const struct process *process, const char *link)
{
	struct stat theirs, ours;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/%s", link);
	return !fstatat(process->dir, link, &theirs, 0) && !stat(path, &ours) &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

static int abstract_address(const struct process *process, const char *name,
			    char *address, struct slotscope_error *err)
{
	if (same(process, "ns/net")) {
		snprintf(address, QMP_ADDRESS_MAX, "%s", name);
		return 0;
	}
	error_set(err, EXDEV, "reach the QMP socket %s", name);
	error_why(err, "it is abstract, and in another network namespace");
	return error_next(err,
			  "run slotscope there: nsenter --net -t %d slotscope "
			  "...; or start the VMM with -qmp unix:PATH",
			  process->tgid);
}

/*
 * A path that is good here: as it stands if the process sees the same files, or
 * else through its own root. A relative one goes by its working directory, which
 * it may have left since: the socket must be there.
 */
static int path_address(const struct process *process, const char *name,
			char *address, struct slotscope_error *err)
{
	bool relative = name[0] != '/';
	char via[40] = "";
	struct stat st;

	if (relative)
		snprintf(via, sizeof(via), "/proc/%d/cwd/", process->tgid);
	else if (!same(process, "ns/mnt") || !same(process, "root"))
		snprintf(via, sizeof(via), "/proc/%d/root", process->tgid);
	snprintf(address, QMP_ADDRESS_MAX, "%s%s", via, name);
	if (stat(address, &st)) {
		error_set(err, errno, "reach the QMP socket %s", address);
		return error_next(err,
				  "its file was moved or removed%s; give "
				  "its place: --qmp PATH",
				  relative ? ", or the VMM left the directory "
					     "it was started in" :
					     "");
	}
	if (!S_ISSOCK(st.st_mode)) {
		error_set(err, ENOTSOCK, "reach the QMP socket %s", address);
		return error_next(err, "give the socket's place: --qmp PATH");
	}
	return 0;
}

static bool is_named(const struct held *held, const struct qmp_named *named)
{
	if (!named->name[0])
		return held->fd == named->fd;
	return !strcmp(held->listener->name, named->name);
}

static const struct held *choose(const struct process *process,
				 const struct held_list *held,
				 const struct proc_text *cmdline)
{
	struct qmp_named named[QMP_NAMED_MAX];
	char own[40];
	size_t nr, n, i;

	snprintf(own, sizeof(own), "@slotscope-qmp-%d", process->tgid);
	nr = qmp_cmdline_parse(cmdline->text, cmdline->len, named);
	for (n = 0; n < nr; n++)
		for (i = 0; i < held->nr; i++)
			if (is_named(&held->list[i], &named[n]))
				return &held->list[i];
	for (i = 0; i < held->nr; i++)
		if (!strcmp(held->list[i].listener->name, own))
			return &held->list[i];
	return NULL;
}

static int too_long(const char *address, struct slotscope_error *err)
{
	error_set(err, ENAMETOOLONG, "reach the QMP socket %s", address);
	error_why(err,
		  "that is longer than the %zu bytes that a socket's "
		  "address can have",
		  UNIX_ADDRESS_MAX - 1);
	return error_next(err, "give it relative to the directory you are in: "
			       "--qmp PATH");
}

static int no_socket(const struct process *process,
		     const struct held_list *held, struct slotscope_error *err)
{
	error_set(err, ENOENT, "find a QMP socket of process %d (%s)",
		  process->tgid, process->comm);
	if (!held->nr) {
		error_why(err, "it listens on no Unix socket, and QMP can be "
			       "asked on no other kind");
		return error_next(err, "start QEMU with -qmp "
				       "unix:PATH,server=on,wait=off");
	}
	error_why(err, "its command line names none of the Unix sockets that "
		       "it listens on");
	return error_next(
		err,
		"it listens on %s%s; if that is QMP: --qmp ADDRESS. "
		"Or start QEMU with -qmp unix:PATH,server=on,wait=off",
		held->list[0].listener->name,
		held->nr > 1 ? " and others" : "");
}

static int find(const struct process *process, const struct held_list *held,
		char *address, struct slotscope_error *err)
{
	struct proc_text cmdline;
	const struct held *chosen;
	const char *name;
	int ret;

	ret = proc_read(process->dir, "cmdline", CMDLINE_MAX, &cmdline);
	if (ret)
		return process_failed(process, ret, "read its command line",
				      err);
	chosen = choose(process, held, &cmdline);
	free(cmdline.text);
	if (!chosen)
		return no_socket(process, held, err);
	name = chosen->listener->name;
	if (name[0] == '@')
		ret = abstract_address(process, name, address, err);
	else
		ret = path_address(process, name, address, err);
	if (!ret && strlen(address) >= UNIX_ADDRESS_MAX)
		ret = too_long(address, err);
	return ret;
}

int qmp_socket_find(const struct process *process,
		    char address[QMP_ADDRESS_MAX], struct slotscope_error *err)
{
	struct unix_sockets listeners;
	struct held_list held = {};
	struct proc_text file;
	int ret;

	ret = proc_read(process->dir, "net/unix", NET_UNIX_MAX, &file);
	if (ret)
		return process_failed(process, ret, "list its Unix sockets",
				      err);
	ret = unix_sockets_parse(file.text, file.len, UNIX_LISTENS, &listeners);
	free(file.text);
	if (ret)
		return process_failed(process, ret, "list its Unix sockets",
				      err);
	ret = held_read(process, &listeners, &held);
	if (ret)
		process_failed(process, ret, "list its descriptors", err);
	else
		ret = find(process, &held, address, err);
	free(held.list);
	unix_sockets_deinit(&listeners);
	return ret;
}
