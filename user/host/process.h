/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of this machine, held so that its pid cannot become another's. */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

/* What lets us look into a process; the end of an error's next step */
#define PROCESS_PERMIT                                                        \
	"run as root with CAP_SYS_PTRACE (a container: docker run --cap-add " \
	"SYS_PTRACE; a unit: CapabilityBoundingSet=)"

/**
 * struct process - one process
 * @tgid:	its pid
 * @asked:	the id it was asked for by; a thread of it, if not @tgid
 * @start_time:	clock ticks since boot
 * @comm:	its name; any bytes but NUL, to be escaped when printed
 * @dir:	/proc/TGID of this very process. Once it has ended, all that is
 *		read there fails with ESRCH, even if the pid is used again
 */
struct process {
	pid_t tgid;
	pid_t asked;
	uint64_t start_time;
	char comm[65];
	int dir;
};

/**
 * process_open() - take hold of a process
 * @pid: of the process, or of one of its threads
 *
 * Return: 0, -ESRCH (no such process, or it has ended), -EINVAL for a kernel
 * thread, -EACCES, or what reading /proc says. process_close() it only after 0.
 */
int process_open(pid_t pid, struct process *process,
		 struct slotscope_error *err);
void process_close(struct process *process);

/**
 * process_alive() - has it not ended?
 *
 * Return: 0 or -ESRCH.
 */
int process_alive(const struct process *process);

/** process_stopped() - is it stopped, by a signal or by who traces it? */
bool process_stopped(const struct process *process);

/**
 * process_signal() - send it a signal
 *
 * To this very process: one that has its number by now gets nothing.
 *
 * Return: 0, -ESRCH, -EPERM.
 */
int process_signal(const struct process *process, int signal);

/**
 * process_refresh() - read its name again: exec changes it
 *
 * Return: 0 or -ESRCH.
 */
int process_refresh(struct process *process);

/**
 * process_failed() - start the error of a look into a process
 * @ret:  what failed with, a negative errno; ENOENT below a process's directory
 *	  means that it has ended, and becomes ESRCH
 * @what: "list its descriptors"
 *
 * Return: the negative code that @err now has.
 */
int process_failed(const struct process *process, int ret, const char *what,
		   struct slotscope_error *err);

/**
 * process_vm_id() - the name of a VM by the process that holds it
 * @fd: the VM's descriptor there
 * @id: without a serial, which the tracer gives
 */
int process_vm_id(const struct process *process, int fd, struct vm_id *id,
		  struct slotscope_error *err);

#endif
