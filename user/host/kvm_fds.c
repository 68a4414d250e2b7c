// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/kvm_fds.h"
#include "host/proc_file.h"

static bool read_kind(const char *link, enum kvm_fd_what *out)
{
	if (!strcmp(link, "/dev/kvm"))
		*out = KVM_FD_IS_DEV;
	else if (!strcmp(link, "anon_inode:kvm-vm"))
		*out = KVM_FD_IS_VM;
	else if (!strncmp(link, "anon_inode:kvm-vcpu:", 20))
		*out = KVM_FD_IS_VCPU;
	else
		return false;
	return true;
}

int kvm_fds_read(const struct process *process,
		 void (*fn)(int fd, enum kvm_fd_what what, void *opaque),
		 void *opaque, struct slotscope_error *err)
{
	char link[64], name[300];
	enum kvm_fd_what what;
	struct dirent *entry;
	ssize_t len;
	DIR *dir;
	int ret = proc_opendir(process->dir, "fd", &dir);

	if (ret) {
		error_set(err, ret, "list the descriptors of process %d",
			  process->tgid);
		return error_next(err, PROCESS_PERMIT);
	}
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		len = proc_readlink(process->dir, name, link, sizeof(link));
		if (len == -ENOENT) /* closed meanwhile */
			continue;
		if (len < 0) {
			ret = error_set(err, (int)len,
					"look at descriptor %s of process %d",
					entry->d_name, process->tgid);
			error_next(err, PROCESS_PERMIT);
		} else if (read_kind(link, &what)) {
			fn(atoi(entry->d_name), what, opaque);
		}
	}
	closedir(dir);
	return ret;
}

int process_cmdline(const struct process *process, char **out, size_t *len,
		    struct slotscope_error *err)
{
	struct proc_text text;
	int ret = proc_read(process->dir, "cmdline", CMDLINE_MAX, &text);

	if (ret)
		return error_set(err, ret,
				 "read the command line of process %d",
				 process->tgid);
	*out = text.text;
	*len = text.len;
	return 0;
}
