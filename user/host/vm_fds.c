// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "base/name_say.h"
#include "base/progress.h"
#include "host/fd_order.h"
#include "host/proc_file.h"
#include "host/vm_fds.h"
#include "kvm/loaded.h"

/* The name that KVM gives the file of a VM (virt/kvm/kvm_main.c) */
#define VM_LINK "anon_inode:kvm-vm"

/* Linux 6.9; its value is that of O_EXCL */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

struct fd_list {
	int *fds;
	size_t nr;
	size_t cap;
};

/* Return: 1; 0 if it is something else, or is gone; or a negative errno */
static int is_vm(int dir, const char *name)
{
	char link[sizeof(VM_LINK) + 1];
	ssize_t n = proc_readlink(dir, name, link, sizeof(link));

	if (n < 0)
		return n == -ENOENT ? 0 : n;
	return !strcmp(link, VM_LINK);
}

/* A directory entry that is a number, as a descriptor or a pid is; or -1 */
static int entry_number(const struct dirent *entry)
{
	char *end;
	long value;

	if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
		return -1;
	errno = 0;
	value = strtol(entry->d_name, &end, 10);
	return errno || *end || value > INT_MAX ? -1 : value;
}

static int fd_list_add(struct fd_list *list, int fd)
{
	int *fds;

	if (list->nr == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		fds = reallocarray(list->fds, list->cap, sizeof(*fds));
		if (!fds)
			return -ENOMEM;
		list->fds = fds;
	}
	list->fds[list->nr++] = fd;
	return 0;
}

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* The numbers in directory @name below @at; with @vms those of VMs alone */
static int list_numbers(int at, const char *name, bool vms,
			struct fd_list *list)
{
	struct dirent *entry;
	int nr, is, ret;
	DIR *dir;

	ret = proc_opendir(at, name, &dir);
	if (ret)
		return ret;
	while (!ret) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			ret = -errno;
			break;
		}
		nr = entry_number(entry);
		if (nr < 0)
			continue;
		is = vms ? is_vm(dirfd(dir), entry->d_name) : 1;
		ret = is > 0 ? fd_list_add(list, nr) : is;
	}
	closedir(dir);
	if (list->nr)
		qsort(list->fds, list->nr, sizeof(*list->fds), compare_int);
	return ret;
}

static int compare_fd(const void *a, const void *b)
{
	return compare_int(&((const struct vm_fd *)a)->fd,
			   &((const struct vm_fd *)b)->fd);
}

bool vm_fd_same(pid_t a, int a_fd, pid_t b, int b_fd)
{
	return !syscall(SYS_kcmp, a, b, KCMP_FILE, (unsigned long)a_fd,
			(unsigned long)b_fd);
}

/* Each VM has one open file: duplicates of a descriptor are the same VM */
static int group(pid_t pid, struct fd_list *list, struct vm_fds *out)
{
	bool *same;

	if (!list->nr) {
		out->grouped = true;
		return 0;
	}
	out->vms = calloc(list->nr, sizeof(*out->vms));
	same = calloc(list->nr, sizeof(*same));
	if (!out->vms || !same) {
		free(same);
		return -ENOMEM;
	}
	out->grouped = !fd_order(pid, list->fds, &list->nr, same);
	for (size_t i = 0; i < list->nr; i++) {
		if (same[i])
			out->vms[out->nr - 1].nr_fds++;
		else
			out->vms[out->nr++] = (struct vm_fd){ list->fds[i], 1 };
	}
	qsort(out->vms, out->nr, sizeof(*out->vms), compare_fd);
	free(same);
	return 0;
}

/* Through another of its threads: that which was looked through has ended */
static int find_anew(const struct process *process, struct vm_fds *out,
		     struct slotscope_error *err)
{
	struct process again;
	int ret = process_open(process->tgid, &again, err);

	if (ret)
		return ret;
	if (again.start_time == process->start_time)
		ret = vm_fds_find(&again, out, err);
	else
		ret = process_failed(process, -ESRCH, "look for its VMs", err);
	process_close(&again);
	return ret;
}

int vm_fds_find(const struct process *process, struct vm_fds *out,
		struct slotscope_error *err)
{
	struct fd_list list = {};
	int ret;

	memset(out, 0, sizeof(*out));
	ret = list_numbers(process->dir, "fd", true, &list);
	if (!ret)
		ret = group(process->tid, &list, out);
	/* kcmp() goes by the pid: if that is another's by now, so is its answer */
	if (!ret)
		ret = process_alive(process);
	free(list.fds);
	if (!ret && process_in_view(process))
		return 0;
	vm_fds_deinit(out);
	if (!ret)
		return find_anew(process, out, err);
	return process_failed(process, ret, "look for its VMs", err);
}

void vm_fds_deinit(struct vm_fds *vms)
{
	free(vms->vms);
	memset(vms, 0, sizeof(*vms));
}

static int no_vm(const struct process *process, struct slotscope_error *err)
{
	error_set(err, ENOENT, "find the VM of process %d (%s)", process->tgid,
		  NAME_SAY(process->comm));
	error_why(err, "it holds no descriptor of a VM");
	if (!kvm_loaded())
		return kvm_not_loaded(err);
	return error_next(err, "slotscope list shows the VMs of this machine; "
			       "a VMM without KVM has none");
}

static int no_vm_at(const struct process *process, int wanted,
		    const char *others, struct slotscope_error *err)
{
	error_set(err, ENOENT,
		  "find the VM at descriptor %d of process %d (%s)", wanted,
		  process->tgid, NAME_SAY(process->comm));
	error_why(err, "that descriptor is not a VM's");
	return error_next(err, "give one that is: --fd %s", others);
}

int vm_fds_pick(const struct process *process, const struct vm_fds *vms,
		int wanted, struct slotscope_error *err)
{
	char names[128] = "";
	size_t i, n = 0;

	for (i = 0; i < vms->nr && wanted >= 0; i++) {
		if (vms->vms[i].fd == wanted ||
		    (vms->vms[i].nr_fds > 1 &&
		     vm_fd_same(process->tid, vms->vms[i].fd, process->tid,
				wanted) &&
		     !process_alive(process)))
			return vms->vms[i].fd;
	}
	if (!vms->nr)
		return no_vm(process, err);
	if (vms->nr == 1 && wanted < 0)
		return vms->vms[0].fd;

	for (i = 0; i < vms->nr && n < sizeof(names) - 16; i++)
		n += snprintf(names + n, sizeof(names) - n, "%s%d",
			      i ? ", " : "", vms->vms[i].fd);
	if (wanted >= 0)
		return no_vm_at(process, wanted, names, err);
	error_set(err, ENOTUNIQ, "find the VM of process %d (%s)",
		  process->tgid, NAME_SAY(process->comm));
	error_why(err, "it has %zu%s", vms->nr,
		  vms->grouped ? " VMs" :
				 " descriptors of VMs, some of them perhaps "
				 "duplicates");
	return error_next(err, "name one by its descriptor, --fd: %s%s", names,
			  i < vms->nr ? ", ..." : "");
}

static int take_failed(const struct process *process, int fd, int ret,
		       struct slotscope_error *err)
{
	char what[64];

	snprintf(what, sizeof(what), "duplicate descriptor %d", fd);
	process_failed(process, ret, what, err);
	switch (ret) {
	case -EPERM:
	case -EACCES:
		error_why(err, "not permitted to take a descriptor of this "
			       "process");
		return error_next(err, PROCESS_PERMIT
				  "; where "
				  "kernel.yama.ptrace_scope is 3 nobody may");
	case -ENOSYS:
		error_why(err, "this kernel has no pidfd_getfd()");
		return error_next(err, "it needs Linux 5.6 or newer");
	case -EOPNOTSUPP:
		error_why(err, "its first thread has ended, and through "
			       "another this kernel gives no descriptor");
		return error_next(err, "it needs Linux 6.9 or newer; without "
				       "the module (rmmod slotscope) BPF reads "
				       "the slots");
	case -EBADF:
		return error_why(err, "it has been closed");
	case -EBADFD:
		return error_why(err, "it is not a VM's any more");
	default:
		return ret;
	}
}

int vm_fd_take(const struct process *process, int fd,
	       struct slotscope_error *err)
{
	bool first = process->tid == process->tgid;
	char name[32];
	int pidfd, is, ret;

	/* pidfd_getfd() looks through the very thread that the pidfd is of */
	pidfd = syscall(SYS_pidfd_open, process->tid, first ? 0 : PIDFD_THREAD);
	if (pidfd < 0 && errno == EINVAL && !first)
		return take_failed(process, fd, -EOPNOTSUPP, err);
	if (pidfd < 0)
		return take_failed(process, fd, -errno, err);
	/* Alive after pidfd_open(): so the pid was still its own */
	ret = process_in_view(process) ? 0 : -ESRCH;
	if (!ret) {
		ret = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		if (ret < 0)
			ret = -errno;
	}
	close(pidfd);
	if (ret < 0)
		return take_failed(process, fd, ret, err);

	snprintf(name, sizeof(name), "/proc/self/fd/%d", ret);
	is = is_vm(AT_FDCWD, name);
	if (is > 0)
		return ret;
	close(ret);
	return take_failed(process, fd, is ? is : -EBADFD, err);
}

/* Return: 0, what @fn returned, or -ENOMEM */
static int list_one(pid_t pid,
		    int (*fn)(const struct process *process,
			      const struct vm_fds *vms, void *opaque),
		    void *opaque, struct vm_list_stats *stats,
		    struct slotscope_error *err)
{
	struct slotscope_error unused;
	struct process process;
	struct vm_fds vms;
	int ret;

	/* One that ends meanwhile, or is the kernel's, holds no VM */
	ret = process_open(pid, &process, &unused);
	if (!ret) {
		ret = vm_fds_find(&process, &vms, &unused);
		if (ret)
			process_close(&process);
	}
	switch (ret) {
	case 0:
		break;
	case -ESRCH:
	case -EINVAL:
		return 0;
	case -EACCES:
	case -EPERM:
		stats->unreadable++;
		return 0;
	case -ENOMEM:
		*err = unused;
		return ret;
	default:
		stats->failed++;
		return 0;
	}
	stats->processes++;
	if (vms.nr)
		ret = fn(&process, &vms, opaque);
	vm_fds_deinit(&vms);
	process_close(&process);
	return ret;
}

int vm_list(int (*fn)(const struct process *process, const struct vm_fds *vms,
		      void *opaque),
	    void *opaque, struct vm_list_stats *stats,
	    struct slotscope_error *err)
{
	PROGRESS("looking into processes");
	struct fd_list pids = {};
	size_t i;
	int ret;

	memset(stats, 0, sizeof(*stats));
	ret = list_numbers(AT_FDCWD, "/proc", false, &pids);
	if (ret)
		error_set(err, ret, "list the processes in /proc");
	for (i = 0; i < pids.nr && !ret; i++)
		ret = list_one(pids.fds[i], fn, opaque, stats, err);
	free(pids.fds);
	return ret;
}
