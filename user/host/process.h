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
#define PROCESS_PERMIT                                                         \
	"run as root with CAP_SYS_PTRACE (a container: docker run --cap-add "  \
	"SYS_PTRACE; a unit: CapabilityBoundingSet=), or as a user with that " \
	"and CAP_DAC_READ_SEARCH"

/**
 * struct process - one process
 * @tgid:	its pid
 * @asked:	the id it was asked for by; a thread of it, if not @tgid
 * @start_time:	clock ticks since boot
 * @comm:	its name; any bytes but NUL, to be escaped when printed
 * @tid:	a thread of it that lived when this was opened or refreshed: the
 *		first one, or, if that has ended before the others, another
 * @dir:	/proc of @tid: what threads share (descriptors, memory, root) is to
 *		be seen through one that lives only. Once that has ended, what is
 *		read there fails with ESRCH, even if its number is used again, or,
 *		with the first one, is empty: process_in_view()
 * @leader:	private: /proc/TGID of this very process
 */
struct process {
	pid_t tgid;
	pid_t asked;
	pid_t tid;
	uint64_t start_time;
	char comm[65];
	int dir;
	int leader;
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
 * process_alive() - has it not ended, with all of its threads?
 *
 * Return: 0 or -ESRCH.
 */
int process_alive(const struct process *process);

/**
 * process_in_view() - does the thread live that we look through?
 *
 * Where it does not, nothing that was found empty need be so.
 */
bool process_in_view(const struct process *process);

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
 * process_refresh() - read its name again, which exec changes; and look through
 * another thread if that which was looked through has ended
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

#define CMDLINE_MAX (4UL << 20) /* the kernel allows a quarter of the stack */

/**
 * process_is_qemu() - is its program a QEMU?
 *
 * Return: 1, 0, or a negative errno: -EACCES if that may not be seen.
 */
int process_is_qemu(const struct process *process);

/** process_is_qemu_without_kvm() - ... and nothing on its command line asks for KVM */
bool process_is_qemu_without_kvm(const struct process *process);

/** is_process_number() - is the word a number, as a pid is? */
bool is_process_number(const char *word);

#endif
