// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes a running VMM do what it never meant to: one system call, made by its
 * own main thread by ptrace, so that the fault is real. KVM refuses a VM's ioctls
 * from any other process (EIO), so a borrowed descriptor would not do.
 *
 *	faultctl PID region AS_ID SLOT GPA SIZE HVA FLAGS
 *	faultctl PID munmap ADDR LEN
 *	faultctl PID mprotect ADDR LEN PROT
 *	faultctl PID mmap ADDR LEN	anonymous, read and write; ADDR 0: anywhere
 *	faultctl PID mmap-file ADDR LEN shared|private FD OFFSET	of its own FD
 *	faultctl PID hidden make|drop	slots of KVM's own, by slotscope_test.ko
 *
 * Numbers as strtoull() reads them. Prints what the call returned, a negative
 * errno if it failed; exits with 0 if it could be made at all. x86-64.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test-module/slotscope_test.h"

#define RED_ZONE 128 /* bytes below the stack pointer that are in use (psABI) */
#define VM_LINK	 "anon_inode:kvm-vm"

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "faultctl: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end) {
		errno = EINVAL;
		die(text);
	}
	return value;
}

/* The lowest descriptor of a VM that the process holds */
static int vm_fd(pid_t pid)
{
	char path[64], link[64];
	ssize_t n;

	for (int fd = 0; fd < 4096; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			continue;
		link[n] = '\0';
		if (!strncmp(link, VM_LINK, strlen(VM_LINK)))
			return fd;
	}
	errno = ENOENT;
	die("find a VM");
}

static void wait_stop(pid_t pid, int sig)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, __WALL) != pid)
			die("wait for the process to stop");
		if (!WIFSTOPPED(status)) {
			errno = ESRCH;
			die("the process ended");
		}
		if (WSTOPSIG(status) == sig)
			return;
		/* not ours: a signal it is to have, or its group stop */
		if (ptrace(PTRACE_CONT, pid, 0,
			   status >> 16 ? 0 : WSTOPSIG(status)))
			die("go on");
	}
}

static void copy_in(pid_t pid, uint64_t addr, const void *data, size_t size)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	if (fd < 0 || pwrite(fd, data, size, addr) != (ssize_t)size)
		die("write to its stack");
	close(fd);
}

/*
 * Where it stands after a system call that we interrupted, the instruction before
 * is "syscall": that one is stepped over once more, with our arguments. With
 * its registers put back, the kernel restarts what was interrupted. @data, if there is
 * any, is put on its stack, and its address is argument @at (rsi or rdx).
 */
static int64_t make_call(pid_t pid, const uint64_t args[7], const void *data,
			 size_t size, int at)
{
	struct user_regs_struct saved, regs;
	uint64_t where;
	uint16_t insn;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		die("attach");
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		die("interrupt");
	wait_stop(pid, SIGTRAP);
	if (ptrace(PTRACE_GETREGS, pid, 0, &saved))
		die("read registers");
	errno = 0;
	insn = ptrace(PTRACE_PEEKTEXT, pid, saved.rip - 2, 0);
	if (errno || insn != 0x050f) {
		errno = EAGAIN;
		die("its main thread is not in a system call");
	}
	regs = saved;
	regs.rip -= 2;
	regs.orig_rax = -1; /* nothing to restart */
	regs.rax = args[0];
	regs.rdi = args[1];
	regs.rsi = args[2];
	regs.rdx = args[3];
	regs.r10 = args[4];
	regs.r8 = args[5];
	regs.r9 = args[6];
	if (data) {
		where = (saved.rsp - RED_ZONE - size) & ~15ULL;
		copy_in(pid, where, data, size);
		*(at == 2 ? &regs.rsi : &regs.rdx) = where;
	}
	if (ptrace(PTRACE_SETREGS, pid, 0, &regs) ||
	    ptrace(PTRACE_SINGLESTEP, pid, 0, 0))
		die("make the call");
	wait_stop(pid, SIGTRAP);
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) ||
	    ptrace(PTRACE_SETREGS, pid, 0, &saved) ||
	    ptrace(PTRACE_DETACH, pid, 0, 0))
		die("put its registers back");
	return regs.rax;
}

/* By its own: KVM maps their memory in the process that asks */
static int64_t hidden(pid_t pid, bool make)
{
	const uint64_t opening[7] = { SYS_openat, AT_FDCWD, 0, O_RDWR };
	uint64_t asking[7] = { SYS_ioctl };
	uint64_t closing[7] = { SYS_close };
	int64_t fd, result;

	fd = make_call(pid, opening, TEST_DEVICE, sizeof(TEST_DEVICE), 2);
	if (fd < 0)
		return fd;
	asking[1] = fd;
	asking[2] = make ? TEST_HIDDEN_SLOTS : TEST_NO_HIDDEN_SLOTS;
	asking[3] = vm_fd(pid);
	result = make_call(pid, asking, NULL, 0, 0);
	closing[1] = fd;
	make_call(pid, closing, NULL, 0, 0);
	return result;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int nr_args;
		long nr;
	} calls[] = {
		{ "region", 6, SYS_ioctl },	 { "munmap", 2, SYS_munmap },
		{ "mprotect", 3, SYS_mprotect }, { "mmap", 2, SYS_mmap },
		{ "mmap-file", 5, SYS_mmap },
	};
	struct kvm_userspace_memory_region region = { 0 };
	uint64_t args[7] = { 0 }, given[6] = { 0 };
	bool is_region;
	int64_t result;
	size_t call;
	pid_t pid;

	if (argc == 4 && !strcmp(argv[2], "hidden")) {
		result = hidden(number(argv[1]), strcmp(argv[3], "drop"));
		printf("%lld\n", (long long)result);
		return 0;
	}
	for (call = 0; argc > 2 && call < sizeof(calls) / sizeof(calls[0]);
	     call++)
		if (!strcmp(argv[2], calls[call].name))
			break;
	if (argc <= 2 || call == sizeof(calls) / sizeof(calls[0]) ||
	    argc != 3 + calls[call].nr_args) {
		fputs("usage: faultctl PID region|munmap|mprotect|mmap|mmap-file|"
		      "hidden ARGS\n",
		      stderr);
		return 3;
	}
	pid = number(argv[1]);
	for (int i = 3; i < argc; i++) {
		if (!strcmp(argv[i], "shared"))
			given[i - 3] = MAP_SHARED;
		else if (!strcmp(argv[i], "private"))
			given[i - 3] = MAP_PRIVATE;
		else
			given[i - 3] = number(argv[i]);
	}
	args[0] = calls[call].nr;
	memcpy(&args[1], given, sizeof(given));
	is_region = calls[call].nr == SYS_ioctl;
	if (is_region) {
		args[1] = vm_fd(pid);
		args[2] = KVM_SET_USER_MEMORY_REGION;
		region.slot = given[0] << 16 | given[1];
		region.guest_phys_addr = given[2];
		region.memory_size = given[3];
		region.userspace_addr = given[4];
		region.flags = given[5];
	} else if (calls[call].nr_args == 5) {
		args[3] = PROT_READ | PROT_WRITE;
		args[4] = given[2] | MAP_FIXED;
		args[5] = given[3];
		args[6] = given[4];
	} else if (calls[call].nr == SYS_mmap) {
		args[3] = PROT_READ | PROT_WRITE;
		args[4] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			  (given[0] ? MAP_FIXED : 0);
		args[5] = -1;
	}
	result = make_call(pid, args, is_region ? &region : NULL,
			   sizeof(region), 3);
	printf("%lld\n", (long long)result);
	return 0;
}
