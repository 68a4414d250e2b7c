/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs whose static probes are watched: those that are named, that of a process or
 * command, and, too late for what they came by before, any that it becomes.
 */
#ifndef SLOTSCOPE_SESSION_PROBED_H
#define SLOTSCOPE_SESSION_PROBED_H

#include <stddef.h>
#include <sys/types.h>

#include <slotscope/error.h>

#include "trace/tracer.h"

/**
 * struct probed - what was looked at
 * @nr_probes: that are watched, in all programs
 * @unwatched: that cannot be, and
 * @why:       the last of them
 */
struct probed {
	size_t nr_probes;
	size_t unwatched;
	struct slotscope_error why;
	struct probed_file {
		dev_t dev;
		ino_t ino;
	} * files; /* private, as is what follows */
	size_t nr, cap;
};

void probed_deinit(struct probed *probed);

/**
 * probed_file() - watch the probes of a program
 *
 * Return: their number: 0 if it has none that can be, or was looked at before; or a
 * negative errno.
 */
int probed_file(struct probed *probed, struct tracer *tracer, const char *path,
		struct slotscope_error *err);

/**
 * probed_command() - those of a command that is about to start
 * @name: found as execvp(3) finds it. With slotscope goes slotscope-vm, which its vm is
 *
 * Return: likewise. What cannot be read has none.
 */
int probed_command(struct probed *probed, struct tracer *tracer,
		   const char *name, struct slotscope_error *err);

/**
 * probed_late() - those of programs that followed processes run by now
 * @path: of the first that has some; of @size bytes
 *
 * Return: likewise.
 */
int probed_late(struct probed *probed, struct tracer *tracer, char *path,
		size_t size, struct slotscope_error *err);

#endif
