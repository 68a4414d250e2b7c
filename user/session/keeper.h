/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process between us and a command that we start. All that comes from the
 * command stays below it, whatever becomes of parents, sessions and groups: it
 * is a subreaper, for as long as one of them lives. So it can end them all, at
 * our word or when we die, however we die; and it is in a process group of its
 * own, to live on where a whole group is killed.
 *
 * Should somebody kill the keeper itself, they come to us: we are a subreaper,
 * too (child.c).
 */
#ifndef SLOTSCOPE_SESSION_KEEPER_H
#define SLOTSCOPE_SESSION_KEEPER_H

#include <sys/types.h>

#include <slotscope/error.h>

/**
 * struct keeper_says - a message of the keeper, one a packet
 * @value: KEEPER_STARTED: the command's pid, or a negative errno;
 *	   KEEPER_COMMAND_ENDED: its status as of waitpid(2);
 *	   KEEPER_ENDED: how many processes could not be ended
 */
struct keeper_says {
	enum {
		KEEPER_STARTED,
		KEEPER_COMMAND_ENDED, /* by itself; what it left goes on */
		KEEPER_ENDED, /* nothing is left; or nothing that can be ended */
	} what;
	int value;
};

/**
 * keeper_run() - be the keeper; does not return
 * @line:    a SOCK_SEQPACKET to whoever wants the command: says what there is to
 *	     say. A packet from there, or the end of the line, is the word to
 *	     end them all
 * @command: what the command's process is to do; gets @arg, must not return
 */
void __attribute__((noreturn))
keeper_run(int line, void (*command)(void *arg), void *arg);

/**
 * descendants_end() - end all that descends from this process
 *
 * SIGTERM, once to each; SIGKILL after END_MS. Children are waited for. It
 * must be a subreaper, for those whose parents end meanwhile.
 *
 * Return: how many are left five seconds after SIGKILL: the kernel holds them.
 */
size_t descendants_end(void);

#endif
