// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/name_say.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "host/process.h"

/* Some hundred bytes in practice; more is not what it says it is */
#define STAT_MAX 65536

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static int no_process(pid_t pid, int ret, struct slotscope_error *err)
{
	if (ret == -ENOENT || ret == -ESRCH) {
		error_set(err, ESRCH, "look at process %d", pid);
		error_why(err, "there is no such process");
		return error_next(err, "it may have ended; slotscope list "
				       "shows the VMMs that run");
	}
	error_set(err, ret, "look at process %d", pid);
	if (ret == -EACCES || ret == -EPERM)
		return error_next(err, "run as root");
	return ret;
}

static int read_stat_at(int dir, const char *path, struct proc_stat *stat)
{
	struct proc_text file;
	int ret;

	ret = proc_read(dir, path, STAT_MAX, &file);
	if (ret)
		return ret;
	ret = proc_stat_parse(file.text, file.len, stat);
	free(file.text);
	return ret;
}

static int read_stat(int dir, struct proc_stat *stat)
{
	return read_stat_at(dir, "stat", stat);
}

static pid_t read_tgid(int dir)
{
	struct proc_text file;
	pid_t tgid;
	int ret;

	ret = proc_read(dir, "status", STAT_MAX, &file);
	if (ret)
		return ret;
	tgid = proc_status_tgid(file.text, file.len);
	free(file.text);
	return tgid;
}

static int open_dir(pid_t pid)
{
	char path[32];
	int dir;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : dir;
}

/* Return: /proc of the process that @pid is, or is a thread of; its id */
static int open_leader(pid_t pid, pid_t *tgid)
{
	int dir;

	dir = open_dir(pid);
	if (dir < 0)
		return dir;
	*tgid = read_tgid(dir);
	if (*tgid == pid)
		return dir;
	close(dir);
	return *tgid < 0 ? *tgid : open_dir(*tgid);
}

static bool has_ended(const struct proc_stat *stat)
{
	return stat->state == 'Z' || stat->state == 'X';
}

/*
 * The first thread of a process that has not ended; its leader need not be one:
 * main() may call pthread_exit().
 *
 * Return: 0, or -ESRCH if all have ended.
 */
static int living_thread(int leader, struct proc_stat *stat)
{
	struct dirent *entry;
	char path[32];
	DIR *tasks;
	int ret = read_stat(leader, stat);

	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	if (!has_ended(stat))
		return 0;
	ret = proc_opendir(leader, "task", &tasks);
	if (ret)
		return ret == -ENOENT ? -ESRCH : ret;
	ret = -ESRCH;
	while (ret == -ESRCH && (entry = readdir(tasks))) {
		snprintf(path, sizeof(path), "%.20s/stat", entry->d_name);
		if (entry->d_name[0] != '.' &&
		    !read_stat_at(dirfd(tasks), path, stat) && !has_ended(stat))
			ret = 0;
	}
	closedir(tasks);
	return ret;
}

/* Return: /proc of thread @tid of @process, or a negative errno */
static int open_thread(const struct process *process, pid_t tid)
{
	struct proc_stat unused;
	int dir;

	if (tid == process->tgid)
		return process->leader;
	dir = open_dir(tid);
	if (dir < 0)
		return dir == -ENOENT ? -ESRCH : dir;
	/* That number may be another's by now */
	if (read_tgid(dir) == process->tgid &&
	    !living_thread(process->leader, &unused))
		return dir;
	close(dir);
	return -ESRCH;
}

int process_open(pid_t pid, struct process *process,
		 struct slotscope_error *err)
{
	struct proc_stat stat;
	int ret;

	memset(process, 0, sizeof(*process));
	process->asked = pid;
	process->leader = open_leader(pid, &process->tgid);
	process->dir = process->leader;
	if (process->dir < 0)
		return no_process(pid, process->dir, err);

	ret = read_stat(process->leader, &stat);
	if (ret) {
		no_process(pid, ret, err);
		goto err_close;
	}
	if (stat.kthread) {
		ret = error_set(err, EINVAL, "look at process %d", pid);
		error_why(err, "it is a thread of the kernel (%s)",
			  NAME_SAY(stat.comm));
		error_next(err, "slotscope list shows the VMMs and their pids");
		goto err_close;
	}
	process->start_time = stat.start_time;
	memcpy(process->comm, stat.comm, sizeof(process->comm));
	if (has_ended(&stat))
		ret = living_thread(process->leader, &stat);
	process->tid = stat.pid;
	if (!ret) {
		ret = open_thread(process, process->tid);
		if (ret >= 0) {
			process->dir = ret;
			return 0;
		}
	}
	if (ret != -ESRCH) {
		no_process(pid, ret, err);
		goto err_close;
	}
	error_set(err, ESRCH, "look at process %d", pid);
	error_why(err, "it has ended; its parent has not yet asked how");

err_close:
	process_close(process);
	return ret;
}

void process_close(struct process *process)
{
	if (process->dir >= 0 && process->leader != process->dir)
		close(process->leader);
	if (process->dir >= 0)
		close(process->dir);
	process->dir = -1;
}

int process_alive(const struct process *process)
{
	struct proc_stat unused;

	return living_thread(process->leader, &unused) ? -ESRCH : 0;
}

bool process_in_view(const struct process *process)
{
	struct proc_stat stat;

	return !read_stat(process->dir, &stat) && !has_ended(&stat);
}

bool process_stopped(const struct process *process)
{
	struct proc_stat stat;

	return !living_thread(process->leader, &stat) &&
	       (stat.state == 'T' || stat.state == 't');
}

/* A directory below /proc does for a pidfd here */
int process_signal(const struct process *process, int signal)
{
	if (syscall(SYS_pidfd_send_signal, process->leader, signal, NULL, 0))
		return -errno;
	return 0;
}

int process_refresh(struct process *process)
{
	struct proc_stat stat;
	int dir;

	if (read_stat(process->leader, &stat))
		return -ESRCH;
	memcpy(process->comm, stat.comm, sizeof(process->comm));
	if (process_in_view(process))
		return 0;
	if (living_thread(process->leader, &stat))
		return -ESRCH;
	dir = open_thread(process, stat.pid);
	if (dir < 0)
		return -ESRCH;
	if (process->dir != process->leader)
		close(process->dir);
	process->dir = dir;
	process->tid = stat.pid;
	return 0;
}

int process_failed(const struct process *process, int ret, const char *what,
		   struct slotscope_error *err)
{
	if (ret == -ENOENT)
		ret = -ESRCH;
	error_set(err, ret, "%s: process %d (%s)", what, process->tgid,
		  NAME_SAY(process->comm));
	if (ret == -ESRCH) {
		error_why(err, "it has ended");
	} else if (ret == -EACCES || ret == -EPERM) {
		error_why(err, "not permitted to look into this process");
		error_next(err, PROCESS_PERMIT);
	}
	return ret;
}

static int read_boot_id(char id[37], struct slotscope_error *err)
{
	struct proc_text file;
	int ret;

	ret = proc_read(AT_FDCWD, BOOT_ID, 4096, &file);
	if (ret)
		return error_set(err, ret, "read " BOOT_ID);
	ret = -EINVAL;
	if (file.len >= 36 && strspn(file.text, "0123456789abcdef-") == 36) {
		memcpy(id, file.text, 36);
		id[36] = '\0';
		ret = 0;
	}
	free(file.text);
	if (ret) {
		error_set(err, ret, "read " BOOT_ID);
		return error_why(err, "it holds no boot id");
	}
	return 0;
}

int process_vm_id(const struct process *process, int fd, struct vm_id *id,
		  struct slotscope_error *err)
{
	*id = (struct vm_id){
		.tgid = process->tgid,
		.start_time = process->start_time,
		.fd = fd,
	};
	return read_boot_id(id->boot_id, err);
}

bool is_process_number(const char *word)
{
	return word[0] && !word[strspn(word, "0123456789")];
}

/* By the program's name; a script that stands for it is none */
int process_is_qemu(const struct process *process)
{
	char exe[4096];
	ssize_t n = proc_readlink(process->dir, "exe", exe, sizeof(exe) - 1);
	const char *name;

	if (n < 0)
		return n;
	name = strrchr(exe, '/');
	return name && !strncmp(name, "/qemu", strlen("/qemu"));
}

/* -accel kvm, -enable-kvm, -M pc,accel=kvm:tcg, and a binary called qemu-kvm */
bool process_is_qemu_without_kvm(const struct process *process)
{
	struct proc_text cmdline;
	bool without;

	if (process_is_qemu(process) <= 0 ||
	    proc_read(process->dir, "cmdline", CMDLINE_MAX, &cmdline))
		return false;
	without = !memmem(cmdline.text, cmdline.len, "kvm", 3);
	free(cmdline.text);
	return without;
}
