/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs of what is looked at: a process, or a command and all that came from
 * it. They come and go; a VM keeps its number. Pure but for session_vms_look().
 */
#ifndef SLOTSCOPE_SESSION_VMS_H
#define SLOTSCOPE_SESSION_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "host/process.h"

/**
 * struct session_vm - one VM
 * @number:  from 1 on, in the order in which they were made, or first seen
 * @id:	     its serial is 0 without a tracer
 * @comm:    name of the process that made or holds it; any bytes but NUL
 * @here:    it is there, as of the last session_vms_look()
 * @checked: for the caller's use
 * @told:    the same
 */
struct session_vm {
	uint64_t number;
	struct vm_id id;
	char comm[65];
	bool here;
	bool checked;
	bool told;
};

struct session_vms {
	struct session_vm *vms;
	size_t nr;
	size_t cap;
};

void session_vms_deinit(struct session_vms *vms);

/**
 * session_vms_event() - learn of a VM from an event
 *
 * Return: 0 or -ENOMEM.
 */
int session_vms_event(struct session_vms *vms, const struct slot_event *event);

/**
 * session_vms_learn() - the same of one whose making was not seen, by any event
 *
 * Return: 0 or -ENOMEM.
 */
int session_vms_learn(struct session_vms *vms, const struct slot_event *event);

/**
 * session_vms_here() - say that a VM is there, known before or not
 *
 * Return: 0 or -ENOMEM.
 */
int session_vms_here(struct session_vms *vms, const struct vm_id *id,
		     const char *comm);

/** session_vms_serial() - the one of this serial number, or NULL */
const struct session_vm *session_vms_serial(const struct session_vms *vms,
					    uint64_t serial);

/** session_vms_gone() - none is there until session_vms_here() says so */
void session_vms_gone(struct session_vms *vms);

/**
 * session_vms_look() - find by /proc which are there
 * @root:  looks at it and all that descends from it,
 * @since: but only at those that began at this clock tick or later; 0: at all
 *
 * A VM that several processes hold stands here once, with the one that comes
 * before the others in the tree: a parent hands its descriptors down.
 *
 * Return: 0, also if there are none; -ESRCH, -EACCES, ... if @root cannot be
 * looked into.
 */
int session_vms_look(struct session_vms *vms, pid_t root, uint64_t since,
		     struct slotscope_error *err);

/**
 * session_vms_elsewhere() - add to an error that others hold the VMs
 * @process: holds none itself; what it started may
 * @err:     of that; left as it is if there are none there either
 * @command: the subcommand that takes --pid
 *
 * Return: the negative code that @err had.
 */
int session_vms_elsewhere(const struct process *process, const char *command,
			  struct slotscope_error *err);

/**
 * struct vm_name - which VM a user means
 * @number: of its number; 0: not by that
 * @tgid:   of this process; 0: not by that
 * @fd:	    at this descriptor of it; -1: any
 * @comm:   of a process of this name; NULL: not by that
 * @text:   as the user wrote it, for messages; NULL: it was not written
 *
 * All zero with an @fd of -1 means any VM.
 */
struct vm_name {
	uint64_t number;
	pid_t tgid;
	int fd;
	const char *comm;
	const char *text;
};

/**
 * vm_name_parse() - "2"; "PID:FD" or "PID:"; or the name of a process
 * @name: borrows @text
 *
 * Return: 0, or -EINVAL with @err filled.
 */
int vm_name_parse(const char *text, struct vm_name *name,
		  struct slotscope_error *err);

/** vm_name_fits() - is it the one that is meant, or one of those? */
bool vm_name_fits(const struct vm_name *name, const struct session_vm *vm);

/**
 * session_vms_list() - "there is VM 1: process 12 (qemu), descriptor 9; VM 2: ...;
 * there was VM 3: ...", for errors
 *
 * As many as there is room for, and how many more.
 */
void session_vms_list(const struct session_vms *vms, char *text, size_t size);

/** vm_name_none() - "no VM is "7"; there is VM 1: ...", as why of @err */
int vm_name_none(const struct vm_name *name, const struct session_vms *vms,
		 struct slotscope_error *err);

/**
 * vm_name_over() - can no VM that is yet to come be the one that is meant?
 * @vms: of which those that are not @here have gone
 *
 * Numbers are given in turn, and once.
 */
bool vm_name_over(const struct vm_name *name, const struct session_vms *vms);

#endif
