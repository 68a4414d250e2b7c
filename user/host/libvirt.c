// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/name_say.h"
#include "host/libvirt.h"
#include "host/proc_file.h"
#include "host/qmp_cmdline.h"
#include "host/qmp_socket.h"

bool is_libvirt(const char *comm)
{
	return !strcmp(comm, "libvirtd") || !strcmp(comm, "virtqemud");
}

static int no_domain(const struct process *qemu, const char *why,
		     struct slotscope_error *err)
{
	error_set(err, ENOENT, "find out as what libvirt knows process %d (%s)",
		  qemu->tgid, NAME_SAY(qemu->comm));
	return error_why(err, "%s", why);
}

static int read_uuid(const struct process *qemu, struct libvirt_domain *out,
		     struct slotscope_error *err)
{
	struct proc_text cmdline;
	bool known;
	int ret = proc_read(qemu->dir, "cmdline", CMDLINE_MAX, &cmdline);

	if (ret)
		return process_failed(qemu, ret, "read its command line", err);
	known = qmp_cmdline_uuid(cmdline.text, cmdline.len, out->uuid);
	free(cmdline.text);
	return known ? 0 :
		       no_domain(qemu, "its command line has no -uuid", err);
}

/* What stands for itself in a URI */
static bool is_plain(const char *path)
{
	for (; *path; path++)
		if (!isalnum((unsigned char)*path) && !strchr("/._-", *path))
			return false;
	return true;
}

int libvirt_domain_find(const struct process *qemu, pid_t daemon,
			struct libvirt_domain *out, struct slotscope_error *err)
{
	static const char *const ends[] = { "/libvirt-sock", "/virtqemud-sock",
					    NULL };
	struct process process;
	struct stat st;
	char path[109];
	int ret;

	ret = read_uuid(qemu, out, err);
	if (!ret)
		ret = process_open(daemon, &process, err);
	if (ret)
		return ret;
	ret = process_listens(&process, ends, path);
	if (!ret && fstat(process.dir, &st))
		ret = -errno;
	process_close(&process);
	if (ret || !is_plain(path))
		return no_domain(qemu, "where libvirt listens cannot be told",
				 err);
	snprintf(out->uri, sizeof(out->uri), "qemu+unix:///%s?socket=%s",
		 st.st_uid ? "session" : "system", path);
	return 0;
}
