// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "base/clock.h"
#include "base/grow.h"
#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "kvm/region2.h"
#include "ptrace/ptracer.h"
#include "unwind/regs.h"

#define OPTIONS                                                              \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | \
	 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)

#define TEXT_MAX     4096
#define STACK_COPIED (1U << 20)

#define KILL_MS	     5000
#define KILL_LOOK_MS 20

/* The older request is the beginning of the newer one */
#define REGION_BYTES sizeof(struct kvm_userspace_memory_region)

/**
 * struct tracee - a thread that is traced
 * @tgid:    its process
 * @request: it is in a request, that began as @event says
 * @astray:  which was made on a descriptor that is no VM's
 * @creates: it is in KVM_CREATE_VM
 * @killed:  by us
 */
struct tracee {
	pid_t tid;
	pid_t tgid;
	bool request;
	bool astray;
	bool creates;
	bool killed;
	struct slot_event event;
};

/**
 * struct known_vm - a VM, and a descriptor of it that somebody had
 * @asked: and by which it was made, or asked something, by
 * @comm:  somebody of this name
 */
struct known_vm {
	uint64_t serial;
	pid_t tgid;
	int fd;
	bool asked;
	char comm[16];
};

/** struct ptracer - private */
struct ptracer {
	struct ptracer_options options;
	struct tracee *tracees;
	size_t nr, cap;
	struct known_vm *vms;
	size_t nr_vms, cap_vms;
	uint64_t last_seq, last_call, last_serial;
	uint64_t ns_per_tick;
	char boot_id[37];
	uint8_t stack[STACK_COPIED];
	sigset_t mask; /* as it was */
	int ret;
	struct slotscope_error err;
};

static struct tracee *tracee_of(struct ptracer *p, pid_t tid)
{
	struct tracee *tracees;

	for (size_t i = 0; i < p->nr; i++)
		if (p->tracees[i].tid == tid)
			return &p->tracees[i];
	tracees = grown(p->tracees, p->nr, &p->cap, sizeof(*tracees));
	if (!tracees) {
		p->ret = error_set(&p->err, ENOMEM, "keep a traced thread");
		return NULL;
	}
	p->tracees = tracees;
	tracees[p->nr] = (struct tracee){ .tid = tid };
	return &tracees[p->nr++];
}

static void give(struct ptracer *p, struct slot_event *event)
{
	int ret;

	if (p->ret)
		return; /* there is nobody any more who would take it */
	event->seq = p->last_seq + 1;
	p->last_seq += event->type == SLOT_EVENT_LOST ? event->lost.count : 1;
	ret = p->options.event(event, p->options.event_arg);
	if (ret)
		p->ret = ret;
}

/* A request has begun, and how it ended will not be seen */
static void lose(struct ptracer *p, struct tracee *tracee)
{
	struct slot_event lost = {
		.type = SLOT_EVENT_LOST,
		.time_ns = clock_now(),
		.lost = { .reason = SLOT_LOST_MISSED, .count = 1 },
	};

	if ((tracee->request && !tracee->astray) || tracee->creates)
		give(p, &lost);
	tracee->request = false;
	tracee->creates = false;
}

static int read_proc(pid_t tid, const char *name, struct proc_text *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	return proc_read(AT_FDCWD, path, TEXT_MAX, text);
}

static bool read_stat(pid_t tid, struct proc_stat *stat)
{
	struct proc_text text;
	bool ok;

	if (read_proc(tid, "stat", &text))
		return false;
	ok = !proc_stat_parse(text.text, text.len, stat);
	free(text.text);
	return ok;
}

static pid_t tgid_of(struct tracee *tracee)
{
	struct proc_text text;
	pid_t tgid;

	if (tracee->tgid)
		return tracee->tgid;
	tracee->tgid = tracee->tid;
	if (read_proc(tracee->tid, "status", &text))
		return tracee->tgid;
	tgid = proc_status_tgid(text.text, text.len);
	free(text.text);
	if (tgid > 0)
		tracee->tgid = tgid;
	return tracee->tgid;
}

static bool is_vm(pid_t tid, int fd)
{
	char path[64], target[32];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	return proc_readlink(AT_FDCWD, path, target, sizeof(target)) > 0 &&
	       !strcmp(target, "anon_inode:kvm-vm");
}

static bool same_file(pid_t a, int fd, pid_t b, int other)
{
	return !syscall(SYS_kcmp, a, b, KCMP_FILE, (unsigned long)fd,
			(unsigned long)other);
}

/*
 * Which VM @fd is of in @tgid; 0: none that is known. Where it is the very place by
 * which a VM is known it need not be that VM any more: others are asked first.
 */
static uint64_t vm_of(const struct ptracer *p, pid_t tgid, int fd)
{
	uint64_t itself = 0;

	for (size_t i = p->nr_vms; i-- > 0;) {
		const struct known_vm *vm = &p->vms[i];

		if (vm->tgid == tgid && vm->fd == fd)
			itself = vm->serial;
		else if (same_file(tgid, fd, vm->tgid, vm->fd))
			return vm->serial;
	}
	return itself;
}

/*
 * Whose a request is that was made on a descriptor which is no VM's: that of the VM
 * which had it, or the only one of its process. 0: not known
 */
static uint64_t vm_meant(const struct ptracer *p, pid_t tgid, int fd)
{
	uint64_t only = 0;
	bool several = false;

	for (size_t i = p->nr_vms; i-- > 0;) {
		const struct known_vm *vm = &p->vms[i];

		if (vm->tgid != tgid)
			continue;
		if (vm->fd == fd)
			return vm->serial;
		several |= only && only != vm->serial;
		only = vm->serial;
	}
	return several ? 0 : only;
}

/* A VM is to be known by this descriptor, too */
static struct known_vm *note_vm(struct ptracer *p, uint64_t serial, pid_t tgid,
				int fd)
{
	struct known_vm *vms;

	for (size_t i = 0; i < p->nr_vms; i++)
		if (p->vms[i].tgid == tgid && p->vms[i].fd == fd) {
			p->vms[i].serial = serial;
			return &p->vms[i];
		}
	vms = grown(p->vms, p->nr_vms, &p->cap_vms, sizeof(*vms));
	if (!vms) {
		p->ret = error_set(&p->err, ENOMEM, "keep a VM");
		return NULL;
	}
	p->vms = vms;
	vms[p->nr_vms] =
		(struct known_vm){ .serial = serial, .tgid = tgid, .fd = fd };
	return &vms[p->nr_vms++];
}

static void note_asked(struct ptracer *p, const struct slot_event *event,
		       int fd)
{
	struct known_vm *vm = note_vm(p, event->serial, event->tgid, fd);

	if (!vm)
		return;
	vm->asked = true;
	memcpy(vm->comm, event->comm, sizeof(vm->comm));
}

static void begin_event(struct ptracer *p, struct tracee *tracee)
{
	struct slot_event *event = &tracee->event;
	struct proc_text text;

	*event = (struct slot_event){
		.time_ns = clock_now(),
		.tid = tracee->tid,
		.tgid = tgid_of(tracee),
		.call = ++p->last_call,
	};
	if (read_proc(tracee->tid, "comm", &text))
		return;
	text.text[strcspn(text.text, "\n")] = '\0';
	memcpy(event->comm, text.text, strnlen(text.text, sizeof(event->comm)));
	free(text.text);
}

/* From @sp on, as far as it is mapped; a read goes as a whole or not at all */
static size_t copy_stack(struct ptracer *p, pid_t tid, uint64_t sp)
{
	size_t len = 0, piece = sizeof(p->stack);

	while (piece && len < sizeof(p->stack)) {
		struct iovec here = { p->stack + len, piece };
		struct iovec there = { (void *)(sp + len), piece };
		ssize_t got = process_vm_readv(tid, &here, 1, &there, 1, 0);

		if (got > 0)
			len += got;
		if (got < (ssize_t)piece || piece > sizeof(p->stack) - len)
			piece /= 2;
	}
	return len;
}

/* Who asks: its registers, and what of its stack there is */
static uint64_t take_stack(struct ptracer *p, const struct tracee *tracee)
{
	struct stack_sample sample = { .tgid = tracee->tgid,
				       .tid = tracee->tid };
	struct iovec regs = { sample.regs, sizeof(sample.regs) };
	struct dwarf_regs dwarf = { .nr = 0 };
	struct proc_stat stat;

	if (!p->options.stack)
		return 0;
	if (ptrace(PTRACE_GETREGSET, tracee->tid, NT_PRSTATUS, &regs) ||
	    !read_stat(tracee->tid, &stat)) {
		sample.lost = STACK_UNREAD;
		return p->options.stack(&sample, p->options.stack_arg);
	}
	sample.start_code = stat.start_code;
	sample.start_stack = stat.start_stack;
	/* Of a 32-bit program: its registers are fewer, and not those */
	if (regs.iov_len > 17 * sizeof(uint64_t))
		regs_to_dwarf(&sample, &dwarf);
	else
		sample.regs[17] = 0x23;
	sample.sp = dwarf.sp;
	sample.bytes = p->stack;
	sample.len = copy_stack(p, tracee->tid, dwarf.sp);
	return p->options.stack(&sample, p->options.stack_arg);
}

static void read_request(struct tracee *tracee, uint64_t arg)
{
	struct slot_request *request = &tracee->event.request;
	struct kvm_userspace_memory_region2 region = { 0 };
	size_t size = request->region2 ? sizeof(region) : REGION_BYTES;
	struct iovec here = { &region, size };
	struct iovec there = { (void *)arg, size };

	request->gmem_fd = -1;
	request->unread = process_vm_readv(tracee->tid, &here, 1, &there, 1,
					   0) != (ssize_t)size;
	if (request->unread)
		return;
	request->slot = region.slot;
	request->flags = region.flags;
	request->gpa = region.guest_phys_addr;
	request->size = region.memory_size;
	request->hva = region.userspace_addr;
	if (!request->region2)
		return;
	request->gmem_fd = region.guest_memfd;
	request->gmem_offset = region.guest_memfd_offset;
}

/* It is stopped before one of the three; true if its end is of interest, too */
static bool entered(struct ptracer *p, struct tracee *tracee)
{
	struct __ptrace_syscall_info info;
	unsigned int cmd;
	int fd;

	lose(p, tracee);
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof(info), &info) <=
		    0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return false;
	fd = (int)info.seccomp.args[0];
	cmd = (unsigned int)info.seccomp.args[1];
	if (cmd == KVM_CREATE_VM) {
		begin_event(p, tracee);
		tracee->creates = true;
		return true;
	}
	begin_event(p, tracee);
	tracee->request = true;
	tracee->astray = !is_vm(tracee->tid, fd);
	tracee->event.type = SLOT_EVENT_REQUEST;
	tracee->event.request.region2 = cmd == KVM_SET_USER_MEMORY_REGION2;
	read_request(tracee, info.seccomp.args[2]);
	tracee->event.serial = tracee->astray ? vm_meant(p, tracee->tgid, fd) :
						vm_of(p, tracee->tgid, fd);
	if (!tracee->event.serial && !tracee->astray)
		tracee->event.serial = ++p->last_serial;
	if (!tracee->astray)
		note_asked(p, &tracee->event, fd);
	tracee->event.stack = take_stack(p, tracee);
	/* From here on it is KVM's time, and that of our stops */
	tracee->event.time_ns = clock_now();
	return true;
}

static void vm_created(struct ptracer *p, struct tracee *tracee, int fd)
{
	struct slot_event *event = &tracee->event;
	struct proc_stat stat;

	if (!is_vm(tracee->tid, fd))
		return; /* it was no request to KVM, or is closed already */
	event->type = SLOT_EVENT_VM_CREATE;
	event->call = 0;
	event->serial = ++p->last_serial;
	event->vm = (struct vm_id){
		.tgid = tracee->tgid,
		.fd = fd,
		.serial = event->serial,
	};
	memcpy(event->vm.boot_id, p->boot_id, sizeof(p->boot_id));
	if (read_stat(tracee->tgid, &stat))
		event->vm.start_time = stat.start_time;
	note_asked(p, event, fd);
	give(p, event);
}

static void ended(struct ptracer *p, struct tracee *tracee)
{
	struct __ptrace_syscall_info info;
	struct slot_event *event = &tracee->event;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof(info), &info) <=
		    0 ||
	    info.op != PTRACE_SYSCALL_INFO_EXIT) {
		lose(p, tracee);
		return;
	}
	if (tracee->creates && !info.exit.is_error) {
		vm_created(p, tracee, (int)info.exit.rval);
	} else if (tracee->request && (!tracee->astray || info.exit.is_error)) {
		/* Who else takes a call of this number was asked something else */
		event->duration_ns = clock_now() - event->time_ns;
		event->request.result = (int32_t)info.exit.rval;
		give(p, event);
	}
	tracee->creates = false;
	tracee->request = false;
}

/* Whose end is told: as the kernel's tracer does, that of who had to do with a VM */
static const struct known_vm *vmm_of(const struct ptracer *p, pid_t tgid)
{
	for (size_t i = p->nr_vms; i-- > 0;)
		if (p->vms[i].tgid == tgid && p->vms[i].asked)
			return &p->vms[i];
	return NULL;
}

static void exited(struct ptracer *p, const struct known_vm *vmm, int status)
{
	struct slot_event event = {
		.type = SLOT_EVENT_PROCESS_EXIT,
		.time_ns = clock_now(),
		.tgid = vmm->tgid,
		.tid = vmm->tgid,
		.process_exit.status = status,
	};

	memcpy(event.comm, vmm->comm, sizeof(event.comm));
	give(p, &event);
}

static void forget(struct ptracer *p, struct tracee *tracee, int status)
{
	const struct known_vm *vmm = vmm_of(p, tracee->tid);

	lose(p, tracee);
	if (vmm)
		exited(p, vmm, status);
	/* The first thread is the last that is waited for: its number is free then */
	for (size_t i = p->nr_vms; i-- > 0;)
		if (p->vms[i].tgid == tracee->tid)
			p->vms[i] = p->vms[--p->nr_vms];
	*tracee = p->tracees[--p->nr];
}

/* A process that @tracee has made has its descriptors */
static void inherited(struct ptracer *p, struct tracee *tracee)
{
	struct tracee made = { 0 };
	unsigned long tid;

	if (ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, &tid))
		return;
	made.tid = (pid_t)tid;
	if (tgid_of(&made) == tgid_of(tracee))
		return;
	for (size_t i = 0, nr = p->nr_vms; i < nr; i++)
		if (p->vms[i].tgid == tracee->tgid &&
		    is_vm(made.tid, p->vms[i].fd))
			note_vm(p, p->vms[i].serial, made.tgid, p->vms[i].fd);
}

/* A thread has stopped, for @status; it goes on as it is to */
static void serve(struct ptracer *p, struct tracee *tracee, int status)
{
	const int event = status >> 16, signal = WSTOPSIG(status);
	const pid_t tid = tracee->tid;

	if (event == PTRACE_EVENT_SECCOMP) {
		bool more = entered(p, tracee);

		ptrace(more ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0, 0);
	} else if (signal == (SIGTRAP | 0x80)) {
		ended(p, tracee);
		ptrace(PTRACE_CONT, tid, 0, 0);
	} else if (event == PTRACE_EVENT_STOP &&
		   (signal == SIGSTOP || signal == SIGTSTP ||
		    signal == SIGTTIN || signal == SIGTTOU)) {
		/* Stopped as by a shell, until SIGCONT */
		ptrace(PTRACE_LISTEN, tid, 0, 0);
	} else {
		/* In a request its end is still to come, behind a signal, too */
		const bool waits = tracee->request || tracee->creates;

		if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		    event == PTRACE_EVENT_CLONE)
			inherited(p, tracee);

		ptrace(waits ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0,
		       event ? 0 : signal);
	}
}

/* All that has stopped or ended by now */
static void serve_all(struct ptracer *p)
{
	struct tracee *tracee;
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		/* What ends and is not traced is the command's keeper */
		if (!WIFSTOPPED(status)) {
			for (size_t i = 0; i < p->nr; i++)
				if (p->tracees[i].tid == tid)
					forget(p, &p->tracees[i], status);
			continue;
		}
		tracee = tracee_of(p, tid);
		if (tracee)
			serve(p, tracee, status);
		else
			ptrace(PTRACE_CONT, tid, 0, 0);
	}
}

int ptracer_open(const struct ptracer_options *options,
		 struct ptracer **ptracer, struct slotscope_error *err)
{
	struct ptracer *p = calloc(1, sizeof(*p));
	struct proc_text text;
	sigset_t child;

	*ptracer = NULL;
	if (!p)
		return error_set(err, ENOMEM, "trace process %d", options->pid);
	p->options = *options;
	if (syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 0, 0) < 0 &&
	    errno == ENOSYS) {
		free(p);
		error_set(err, ENOSYS, "tell VMs apart by their descriptors");
		error_why(err, "this kernel has no kcmp() (CONFIG_KCMP)");
		return error_next(err, "trace without --ptrace, as root");
	}
	if (!proc_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", TEXT_MAX,
		       &text)) {
		text.text[strcspn(text.text, "\n")] = '\0';
		snprintf(p->boot_id, sizeof(p->boot_id), "%s", text.text);
		free(text.text);
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &p->mask);
	if (ptrace(PTRACE_SEIZE, options->pid, 0, OPTIONS)) {
		error_set(err, errno, "trace process %d", options->pid);
		ptracer_close(p);
		return error_next(err,
				  "see /proc/sys/kernel/yama/ptrace_scope; "
				  "whoever traces us (strace, gdb) must "
				  "not trace what we start");
	}
	if (!tracee_of(p, options->pid)) {
		*err = p->err;
		ptracer_close(p);
		return -ENOMEM;
	}
	*ptracer = p;
	return 0;
}

/* False: it was another signal */
static bool await_change(int64_t ms)
{
	const struct timespec wait = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return sigtimedwait(&child, NULL, &wait) >= 0 || errno != EINTR;
}

int ptracer_poll(struct ptracer *p, int timeout_ms, struct slotscope_error *err)
{
	int64_t until = clock_now_ms() + timeout_ms, left = timeout_ms;
	const int before = p->ret;

	do {
		serve_all(p);
		if (p->ret != before || !await_change(left))
			break;
		left = until - clock_now_ms();
	} while (left > 0 && p->nr);
	serve_all(p);
	if (p->ret < 0)
		*err = p->err;
	return p->ret;
}

/* Its number is still its own: what is not waited for keeps it */
static bool is_ours(pid_t tid)
{
	siginfo_t ignored;

	return !waitid(P_PID, tid, &ignored,
		       WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL);
}

size_t ptracer_kill(struct ptracer *p)
{
	const int64_t until = clock_now_ms() + KILL_MS;
	size_t killed = 0;

	serve_all(p);
	while (p->nr) {
		/* A thread that made an exec has another's number since */
		for (size_t i = p->nr; i-- > 0;) {
			if (is_ours(p->tracees[i].tid))
				continue;
			lose(p, &p->tracees[i]);
			p->tracees[i] = p->tracees[--p->nr];
		}
		for (size_t i = 0; i < p->nr; i++) {
			killed += !p->tracees[i].killed &&
				  tgid_of(&p->tracees[i]) == p->tracees[i].tid;
			p->tracees[i].killed = true;
			syscall(SYS_tkill, p->tracees[i].tid, SIGKILL);
		}
		if (clock_now_ms() >= until)
			break; /* the kernel holds it, and kills it in the end */
		if (p->nr)
			await_change(KILL_LOOK_MS);
		serve_all(p);
	}
	return killed;
}

void ptracer_close(struct ptracer *p)
{
	if (!p)
		return;
	if (!p->ret)
		p->ret = -ECANCELED; /* nothing is taken any more */
	ptracer_kill(p);
	pthread_sigmask(SIG_SETMASK, &p->mask, NULL);
	free(p->tracees);
	free(p->vms);
	free(p);
}
