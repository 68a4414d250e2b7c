// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's file systems: the host's files below a tmpfs, and the rest. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#define P9_OPTIONS "trans=virtio,version=9p2000.L,msize=512000,"

static char *const *writable;
static unsigned int nwritable;

static void make_dirs(const char *path)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(part, 0755);
		*p = '/';
	}
	mkdir(part, 0755);
}

static void must_mount(const char *what, const char *where, const char *type,
		       unsigned long flags, const char *options)
{
	make_dirs(where);
	if (mount(what, where, type, flags, options))
		fail("mount %s on %s: %s", what, where, strerror(errno));
}

/* What not each kernel has. */
static void may_mount(const char *type, const char *where)
{
	mkdir(where, 0755);
	mount(type, where, type, 0, NULL);
}

/*
 * Before the snapshot: what needs nothing of the host is mounted once, not by each
 * run. That of bpf has the kernel look for a module bpf_preload, which takes longer
 * than all others together where there is a modprobe; here is none.
 */
void kernel_mounts(void)
{
	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	must_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	must_mount("devpts", "/dev/pts", "devpts", 0, "mode=620,gid=5");
	must_mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777");
	must_mount("tmpfs", "/run", "tmpfs", 0, "mode=755");
	must_mount("tmpfs", "/run/lock", "tmpfs", 0, "mode=1777");
	may_mount("debugfs", "/sys/kernel/debug");
	may_mount("tracefs", "/sys/kernel/tracing");
	may_mount("bpf", "/sys/fs/bpf");
	may_mount("cgroup2", "/sys/fs/cgroup");
	/* These are udev's doing elsewhere; here they may be there already. */
	(void)!symlink("/proc/self/fd", "/dev/fd");
	(void)!symlink("/proc/self/fd/0", "/dev/stdin");
	(void)!symlink("/proc/self/fd/1", "/dev/stdout");
	(void)!symlink("/proc/self/fd/2", "/dev/stderr");
}

/* In the order of /modules/list, which has one file name a line. */
void load_modules(void)
{
	char name[256], path[300];
	FILE *list = fopen("/modules/list", "re");

	while (list && fgets(name, sizeof(name), list)) {
		int fd;

		name[strcspn(name, "\n")] = '\0';
		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			dprintf(2, "lab init: %s: %s\n", path, strerror(errno));
		close(fd);
		unlink(path);
	}
	if (list)
		fclose(list);
}

/* With all that is mounted on them */
static void move_kernel_mounts(void)
{
	static const char *const tops[] = { "/dev", "/proc", "/run", "/sys" };
	char to[16];

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		snprintf(to, sizeof(to), "/root%s", tops[i]);
		must_mount(tops[i], to, NULL, MS_MOVE, NULL);
	}
}

static void mount_modules(const char *modules)
{
	const char *release = strrchr(modules, '/');
	char where[512];

	if (!release)
		return;
	snprintf(where, sizeof(where), "/lib/modules%s", release);
	must_mount(modules, where, NULL, MS_BIND, NULL);
}

/*
 * The upper layer is a tmpfs: each write stays in the guest. It is moved over
 * the initramfs instead of only chroot()ed to, so that /proc/self/mountinfo
 * and /proc/PID/maps show paths that exist.
 */
void enter_root(char *const *mounts, unsigned int nmounts, const char *modules)
{
	must_mount("host", "/host", "9p", MS_RDONLY, P9_OPTIONS "cache=loose");
	must_mount("tmpfs", "/rw", "tmpfs", 0, "mode=755");
	make_dirs("/rw/upper");
	make_dirs("/rw/work");
	must_mount("overlay", "/root", "overlay", 0,
		   "lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work");
	move_kernel_mounts();
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		fail("change of root: %s", strerror(errno));
	mount_modules(modules);
	for (unsigned int i = 0; i < nmounts; i++) {
		char tag[16];

		snprintf(tag, sizeof(tag), "w%u", i);
		/* not loose: the host looks at these files at the same time */
		must_mount(tag, mounts[i], "9p", 0, P9_OPTIONS "cache=mmap");
	}
	writable = mounts;
	nwritable = nmounts;
}

/* QEMU is killed at the end, so what is dirty must go out before. */
void sync_mounts(void)
{
	for (unsigned int i = 0; i < nwritable; i++) {
		int fd = open(writable[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || syncfs(fd))
			fail("sync %s: %s", writable[i], strerror(errno));
		close(fd);
	}
}
