// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A snapshot is a directory: "ram", the guest's memory as QEMU's own backing
 * file; "state", the devices; "console", what the kernel said so far. Runs map
 * "ram" privately, so that it is neither read as a whole nor written, and its
 * pages are shared between runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "labctl.h"

#define PATH_SIZE 4200

static const char *const parts[] = { "ram", "state", "console" };
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static void part_path(char *buf, const char *dir, const char *part)
{
	snprintf(buf, PATH_SIZE, "%s/%s", dir, part);
}

bool snapshot_ready(const struct options *o)
{
	return !access(o->snapshot, R_OK);
}

static void remove_dir(const char *dir)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < NR_PARTS; i++) {
		part_path(path, dir, parts[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* Runs that have it open are not disturbed. */
void snapshot_remove(const struct options *o)
{
	remove_dir(o->snapshot);
}

static bool negotiate(struct vm *vm)
{
	return qmp_ok(vm, "{\"execute\":\"qmp_capabilities\"}", -1) &&
	       qmp_ok(vm,
		      "{\"execute\":\"migrate-set-capabilities\",\"arguments\":"
		      "{\"capabilities\":["
		      "{\"capability\":\"x-ignore-shared\",\"state\":true},"
		      "{\"capability\":\"events\",\"state\":true}]}}",
		      -1);
}

static bool give_fd(struct vm *vm, int fd)
{
	return qmp_ok(
		vm, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"s\"}}",
		fd);
}

static int create(const char *dir, const char *part)
{
	char path[PATH_SIZE];
	int fd;

	part_path(path, dir, part);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		note("%s: %s", path, strerror(errno));
	return fd;
}

/* Nothing may be torn after a crash of the host: a wrong "ram" is not seen. */
static bool finish(int fd, bool ok)
{
	ok = !fsync(fd) && ok;
	return !close(fd) && ok;
}

static bool save(struct vm *vm, const char *dir)
{
	int state = create(dir, "state");
	int console = create(dir, "console");
	int ram = create(dir, "ram");
	bool ok;

	if (state < 0 || console < 0 || ram < 0)
		return false;
	ok = negotiate(vm) && qmp_ok(vm, "{\"execute\":\"stop\"}", -1) &&
	     give_fd(vm, state) &&
	     qmp_send(
		     vm,
		     "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"fd:s\"}}",
		     -1) &&
	     qmp_wait(vm, "\"completed\"", 60);
	console_drain(vm, false);
	ok = ok && write_all(console, vm->log, vm->loglen);
	ok = finish(state, ok);
	ok = finish(console, ok);
	return finish(ram, ok);
}

/* Returns 0 or -1, with a message: then a cold boot may still do. */
static int make(const struct options *o, const char *tmp)
{
	struct vm vm = { 0 };
	char ram[PATH_SIZE];
	int ret = -1;

	remove_dir(tmp);
	if (mkdir(tmp, 0700)) {
		note("%s: %s", tmp, strerror(errno));
		return -1;
	}
	part_path(ram, tmp, "ram");
	if (vm_start(&vm, o, RAM_SHARED, ram) || session_wait_ready(&vm, o))
		goto out;
	if (!save(&vm, tmp)) {
		note("QEMU could not save the snapshot");
		console_show(&vm);
		goto out;
	}
	vm_kill(&vm);
	if (!rename(tmp, o->snapshot))
		return 0;
	note("%s: %s", o->snapshot, strerror(errno));
out:
	vm_kill(&vm);
	remove_dir(tmp);
	return ret;
}

/**
 * snapshot_make() - make it, unless another process does so just now
 *
 * Return: 0 when there is one, -1 with a message when not.
 */
int snapshot_make(const struct options *o)
{
	char lock[PATH_SIZE], tmp[PATH_SIZE - 16];
	long long start = now_ms();
	int ret = 0, fd;

	snprintf(tmp, sizeof(tmp), "%s.tmp", o->snapshot);
	snprintf(lock, sizeof(lock), "%s.lock", o->snapshot);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX)) {
		note("%s: %s", lock, strerror(errno));
		return -1;
	}
	if (!snapshot_ready(o)) {
		ret = make(o, tmp);
		if (!ret && !o->quiet)
			note("booted and saved a snapshot (%.1f s)",
			     (now_ms() - start) / 1000.0);
	}
	close(fd);
	return ret;
}

/**
 * snapshot_restore() - start a VM from the snapshot and let it run
 *
 * Return: 0, or -1 with a message. No command has been given to it yet.
 */
int snapshot_restore(struct vm *vm, const struct options *o)
{
	char path[PATH_SIZE];
	int fd, ret = -1;

	part_path(path, o->snapshot, "state");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		note("%s: %s", path, strerror(errno));
		return -1;
	}
	part_path(path, o->snapshot, "console");
	if (!console_load(vm, path)) {
		note("%s: %s", path, strerror(errno));
		goto out;
	}
	part_path(path, o->snapshot, "ram");
	/* QEMU would create it */
	if (access(path, R_OK)) {
		note("%s: %s", path, strerror(errno));
		goto out;
	}
	if (vm_start(vm, o, RAM_PRIVATE, path))
		goto out;
	if (!negotiate(vm) || !give_fd(vm, fd) ||
	    !qmp_send(
		    vm,
		    "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"fd:s\"}}",
		    -1) ||
	    !qmp_wait(vm, "\"completed\"", 30) ||
	    !qmp_ok(vm, "{\"execute\":\"cont\"}", -1)) {
		console_drain(vm, false);
		note("the snapshot %s could not be restored", o->snapshot);
		console_show(vm);
		goto out;
	}
	ret = 0;
out:
	close(fd);
	return ret;
}
