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

#include "base/name_say.h"
#include "base/unix_address.h"
#include "host/net_unix.h"
#include "host/proc_file.h"
#include "host/qmp_cmdline.h"
#include "host/qmp_socket.h"
#include "host/unix_peer.h"

#define NET_UNIX_MAX (256UL << 20) /* of a million sockets */

/* A socket of the process, with its descriptor there */
struct held {
	int fd;
	const struct unix_socket *socket;
};

struct held_list {
	struct held *list;
	size_t nr;
};

static int held_add(struct held_list *held, int fd,
		    const struct unix_socket *socket)
{
	struct held *list =
		reallocarray(held->list, held->nr + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	held->list = list;
	list[held->nr++] = (struct held){ fd, socket };
	return 0;
}

static int held_read(const struct process *process,
		     const struct unix_sockets *sockets, struct held_list *held)
{
	const struct unix_socket *socket;
	struct dirent *entry;
	uint64_t inode;
	DIR *dir;
	int ret;

	ret = proc_opendir(process->dir, "fd", &dir);
	if (ret)
		return ret;
	while (!ret && (entry = readdir(dir))) {
		ret = socket_inode(dirfd(dir), entry->d_name, &inode);
		if (ret == -ENOENT) {
			ret = 0;
			continue;
		}
		socket = ret ? NULL : unix_sockets_find(sockets, inode);
		if (socket)
			ret = held_add(held, atoi(entry->d_name), socket);
	}
	closedir(dir);
	return ret;
}

/*
 * Does @link below /proc/PID lead to the same as ours? What we do not have
 * ourselves, this kernel does not tell apart.
 *
 * Return: 1, 0, or a negative errno with @err filled.
 */
static int same(const struct process *process, const char *link,
		struct slotscope_error *err)
{
	struct stat theirs, ours;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/%s", link);
	if (stat(path, &ours))
		return 1;
	if (fstatat(process->dir, link, &theirs, 0))
		return process_failed(process, -errno,
				      "see whether its files and sockets are "
				      "ours",
				      err);
	return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

static int abstract_address(const struct process *process, const char *name,
			    char *address, struct slotscope_error *err)
{
	int ret = same(process, "ns/net", err);

	if (ret < 0)
		return ret;
	if (ret) {
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
	int ret = 1;

	if (relative) {
		snprintf(via, sizeof(via), "/proc/%d/cwd/", process->tid);
	} else {
		ret = same(process, "ns/mnt", err);
		if (ret > 0)
			ret = same(process, "root", err);
	}
	if (ret < 0)
		return ret;
	if (!ret)
		snprintf(via, sizeof(via), "/proc/%d/root", process->tid);
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
	return !strcmp(held->socket->name, named->name);
}

static void add_once(const struct held *held, const struct held **out,
		     size_t *nr)
{
	for (size_t i = 0; i < *nr; i++)
		if (out[i]->socket->inode == held->socket->inode)
			return;
	out[(*nr)++] = held;
}

/*
 * Our VMM has a monitor, always, but not from its first moment on: that of slotscope-vm,
 * or of the "slotscope vm" that becomes it
 */
static bool is_own_vmm(const struct process *process,
		       const struct proc_text *cmdline)
{
	const char *end = cmdline->text + cmdline->len;
	const char *word = cmdline->text;

	if (!strcmp(process->comm, "slotscope-vm"))
		return true;
	if (strcmp(process->comm, "slotscope"))
		return false;
	for (; word < end; word += strnlen(word, end - word) + 1)
		if (!strncmp(word, "vm", end - word))
			return true;
	return false;
}

/* Return: how many of @held are monitors. @awaited: there is to be one, at least */
static size_t choose(const struct process *process,
		     const struct held_list *held,
		     const struct proc_text *cmdline,
		     const struct held *out[QMP_SOCKETS_MAX], bool *awaited)
{
	struct qmp_named named[QMP_NAMED_MAX];
	size_t nr_named, n, i, nr = 0;
	char own[40];

	snprintf(own, sizeof(own), "@slotscope-qmp-%d", process->tgid);
	nr_named = qmp_cmdline_parse(cmdline->text, cmdline->len, named);
	*awaited = is_own_vmm(process, cmdline);
	for (n = 0; n < nr_named; n++) {
		*awaited |= named[n].server;
		for (i = 0; i < held->nr && nr < QMP_SOCKETS_MAX; i++)
			if (is_named(&held->list[i], &named[n]))
				add_once(&held->list[i], out, &nr);
	}
	for (i = 0; i < held->nr && nr < QMP_SOCKETS_MAX; i++)
		if (!strcmp(held->list[i].socket->name, own))
			add_once(&held->list[i], out, &nr);
	return nr;
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

/* What it is said to listen on is not there: not yet, or not any more */
static int not_yet(const struct process *process, struct slotscope_error *err)
{
	error_set(err, ENOTCONN, "find a QMP socket of process %d (%s)",
		  process->tgid, NAME_SAY(process->comm));
	error_why(err, "it will have a monitor, by its command line, and does "
		       "not listen there (yet)");
	return error_next(err, "check again, or later: --at; or --no-model");
}

static int no_socket(const struct process *process,
		     const struct held_list *held, struct slotscope_error *err)
{
	int qemu = process_is_qemu(process);

	if (qemu < 0)
		return process_failed(process, qemu, "see which program it is",
				      err);
	error_set(err, ENOENT, "find a QMP socket of process %d (%s)",
		  process->tgid, NAME_SAY(process->comm));
	if (!held->nr && !qemu) {
		error_why(err, "it is no QEMU, and has no monitor to tell what "
			       "memory it means the guest to have");
		return error_next(err, "if it does speak QMP (-qmp unix:PATH): "
				       "--qmp PATH");
	}
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
		held->list[0].socket->name, held->nr > 1 ? " and others" : "");
}

static int reach(const struct process *process, const char *name,
		 struct qmp_socket *out, struct slotscope_error *err)
{
	int ret;

	snprintf(out->name, sizeof(out->name), "%s", name);
	if (name[0] == '@')
		ret = abstract_address(process, name, out->address, err);
	else
		ret = path_address(process, name, out->address, err);
	if (!ret && strlen(out->address) >= UNIX_ADDRESS_MAX)
		ret = too_long(out->address, err);
	return ret;
}

static int find(const struct process *process, const struct held_list *held,
		struct qmp_socket *out, size_t *nr, struct slotscope_error *err)
{
	const struct held *chosen[QMP_SOCKETS_MAX];
	struct slotscope_error one = {};
	struct proc_text cmdline;
	size_t nr_chosen, i;
	bool awaited;
	int ret;

	ret = proc_read(process->dir, "cmdline", CMDLINE_MAX, &cmdline);
	if (ret)
		return process_failed(process, ret, "read its command line",
				      err);
	nr_chosen = choose(process, held, &cmdline, chosen, &awaited);
	free(cmdline.text);
	if (!nr_chosen)
		return awaited ? not_yet(process, err) :
				 no_socket(process, held, err);
	for (i = 0; i < nr_chosen; i++) {
		ret = reach(process, chosen[i]->socket->name, &out[*nr], &one);
		if (!ret)
			++*nr;
		else if (!i)
			*err = one;
	}
	return *nr ? 0 : -err->code;
}

/* Sockets of the process in @state; held_list_deinit() after 0 */
struct held_sockets {
	struct unix_sockets sockets;
	struct held_list held;
};

static int held_sockets_read(const struct process *process,
			     enum unix_state state, struct held_sockets *out)
{
	struct proc_text file;
	int ret;

	*out = (struct held_sockets){};
	ret = proc_read(process->dir, "net/unix", NET_UNIX_MAX, &file);
	if (ret)
		return ret;
	ret = unix_sockets_parse(file.text, file.len, state, &out->sockets);
	free(file.text);
	if (ret)
		return ret;
	ret = held_read(process, &out->sockets, &out->held);
	if (ret) {
		free(out->held.list);
		unix_sockets_deinit(&out->sockets);
	}
	return ret;
}

static void held_sockets_deinit(struct held_sockets *sockets)
{
	free(sockets->held.list);
	unix_sockets_deinit(&sockets->sockets);
}

int qmp_sockets_find(const struct process *process,
		     struct qmp_socket out[QMP_SOCKETS_MAX], size_t *nr,
		     struct slotscope_error *err)
{
	struct held_sockets sockets;
	int ret = held_sockets_read(process, UNIX_LISTENS, &sockets);

	*nr = 0;
	if (ret)
		return process_failed(process, ret, "list its Unix sockets",
				      err);
	ret = find(process, &sockets.held, out, nr, err);
	held_sockets_deinit(&sockets);
	return ret;
}

int qmp_socket_find(const struct process *process,
		    char address[QMP_ADDRESS_MAX], struct slotscope_error *err)
{
	struct qmp_socket sockets[QMP_SOCKETS_MAX];
	size_t nr;
	int ret = qmp_sockets_find(process, sockets, &nr, err);

	if (!ret)
		memcpy(address, sockets[0].address, QMP_ADDRESS_MAX);
	return ret;
}

/* Is it the same file, however it is named? */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* The name under which the process listens at @address */
static int name_of(const struct process *process, const char *address,
		   char name[109])
{
	struct held_sockets sockets;
	struct slotscope_error ignored = {};
	struct qmp_socket one;
	bool found = false;
	int ret = held_sockets_read(process, UNIX_LISTENS, &sockets);

	if (ret)
		return ret;
	for (size_t i = 0; i < sockets.held.nr && !found; i++) {
		const char *bound = sockets.held.list[i].socket->name;

		found = !strcmp(bound, address) ||
			(bound[0] != '@' &&
			 !reach(process, bound, &one, &ignored) &&
			 same_file(one.address, address));
		if (found)
			strcpy(name, bound);
	}
	held_sockets_deinit(&sockets);
	return found ? 0 : -ENOENT;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t end_len = strlen(end);

	return len >= end_len && !strcmp(name + len - end_len, end);
}

int process_listens(const struct process *process, const char *const *ends,
		    char name[109])
{
	struct held_sockets sockets;
	int ret = held_sockets_read(process, UNIX_LISTENS, &sockets);

	if (ret)
		return ret;
	ret = -ENOENT;
	for (; *ends && ret; ends++) {
		for (size_t i = 0; i < sockets.held.nr && ret; i++) {
			if (!ends_with(sockets.held.list[i].socket->name,
				       *ends))
				continue;
			strcpy(name, sockets.held.list[i].socket->name);
			ret = 0;
		}
	}
	held_sockets_deinit(&sockets);
	return ret;
}

static void name_holder(uint64_t inode, struct qmp_client *out)
{
	struct slotscope_error ignored = {};
	struct process process;
	pid_t pid = socket_holder(inode);

	*out = (struct qmp_client){ 0 };
	if (pid < 0 || process_open(pid, &process, &ignored))
		return;
	out->pid = pid;
	memcpy(out->comm, process.comm, sizeof(out->comm));
	process_close(&process);
}

int qmp_socket_client(const struct process *process, const char *address,
		      struct qmp_client *out)
{
	struct held_sockets sockets;
	uint64_t peer;
	char name[109];
	int ret = name_of(process, address, name);

	if (!ret)
		ret = held_sockets_read(process, UNIX_CONNECTED, &sockets);
	if (ret)
		return ret;
	for (size_t i = 0; i < sockets.held.nr && ret <= 0; i++) {
		const struct unix_socket *one = sockets.held.list[i].socket;

		if (strcmp(one->name, name))
			continue;
		ret = unix_peer(one->inode, &peer);
		/* Its client has gone, and the VMM has not noticed yet */
		if (ret == -ENOENT)
			ret = 0;
		else if (!ret)
			ret = 1;
	}
	held_sockets_deinit(&sockets);
	if (ret == 1)
		name_holder(peer, out);
	return ret;
}
