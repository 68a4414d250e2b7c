/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LAB_LABCTL_H
#define LAB_LABCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "../proto.h"

/* Exit statuses beside the command's own: README.md. */
enum {
	EXIT_TIME = 124,   /* the time limit */
	EXIT_KERNEL = 125, /* panic, oops, warning; or the guest died */
	EXIT_SETUP = 126,  /* the command was never started */
};

/**
 * struct options - what to run, and in what
 * @snapshot: directory of the snapshot, to be made if missing; NULL: cold boot
 * @memory: size of the guest's RAM in QEMU's notation
 * @seconds: limit for the command; 0: none
 * @boot_seconds: limit for a boot, and for a guest to take up its command
 * @tty: the command gets a terminal
 * @verbose: the console goes to stderr as it comes
 * @quiet: no word of what is slow
 * @modules: lib/modules/RELEASE of the guest's kernel
 * @mounts: directories that are writable on the host
 * @qemu: QEMU's words as far as they do not depend on this run
 * @argv: the command
 */
struct options {
	const char *snapshot;
	const char *memory;
	unsigned int seconds;
	unsigned int boot_seconds;
	bool tty;
	bool verbose;
	bool quiet;
	const char *modules;
	const char **mounts;
	unsigned int nmounts;
	char **qemu;
	unsigned int nqemu;
	char **argv;
	unsigned int argc;
};

/**
 * struct vm - one QEMU and its ends of our sockets
 * @pid: 0 when there is none
 * @port: the frames of proto.h
 * @console: the kernel's serial console and QEMU's own stderr
 * @qmp: the monitor
 * @log: what came from @console, its last part if it was much
 */
struct vm {
	pid_t pid;
	int port;
	int console;
	int qmp;
	char *log;
	size_t loglen;
};

/* How QEMU's RAM file is used. */
enum ram_mode {
	RAM_ANON,    /* none: a cold boot */
	RAM_SHARED,  /* written to: the making of a snapshot */
	RAM_PRIVATE, /* copied on write: a run restored from one */
};

/* qemu.c */
int vm_start(struct vm *vm, const struct options *o, enum ram_mode mode,
	     const char *ram);
void vm_kill(struct vm *vm);
bool qmp_ok(struct vm *vm, const char *command, int fd);
bool qmp_send(struct vm *vm, const char *command, int fd);
bool qmp_wait(struct vm *vm, const char *text, unsigned int seconds);

/* console.c */
bool console_read(struct vm *vm, bool verbose);
void console_close(struct vm *vm);
void console_drain(struct vm *vm, bool verbose);
void console_watch(struct vm *vm, bool verbose, unsigned int ms);
bool console_load(struct vm *vm, const char *path);
const char *console_problem(const struct vm *vm);
void console_show(const struct vm *vm);

/* snapshot.c */
bool snapshot_ready(const struct options *o);
int snapshot_make(const struct options *o);
void snapshot_remove(const struct options *o);
int snapshot_restore(struct vm *vm, const struct options *o);

/* session.c */
int session_wait_ready(struct vm *vm, const struct options *o);
int session_run(struct vm *vm, const struct options *o, bool *started);

/* util.c */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
long long now_ms(void);
bool write_all(int fd, const void *data, size_t len);

#endif
