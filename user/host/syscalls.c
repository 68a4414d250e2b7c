// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>

#include "host/rights.h"
#include "host/syscalls.h"

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define N(name) SCMP_SYS(name)

/* Whom else they change, or what of the machine: nothing here ever calls them */
static const int never[] = {
	N(acct),
	N(add_key),
	N(adjtimex),
	N(chroot),
	N(clock_adjtime),
	N(clock_settime),
	N(delete_module),
	N(finit_module),
	N(fsconfig),
	N(fsmount),
	N(fsopen),
	N(init_module),
	N(io_uring_setup),
	N(ioperm),
	N(iopl),
	N(kexec_file_load),
	N(kexec_load),
	N(keyctl),
	N(mknod),
	N(mknodat),
	N(mount),
	N(mount_setattr),
	N(move_mount),
	N(move_pages),
	N(name_to_handle_at),
	N(open_by_handle_at),
	N(open_tree),
	N(pivot_root),
	N(process_madvise),
	N(process_vm_writev),
	N(quotactl),
	N(reboot),
	N(request_key),
	N(setdomainname),
	N(setfsgid),
	N(setfsuid),
	N(setgid),
	N(setgroups),
	N(sethostname),
	N(setns),
	N(setregid),
	N(setresgid),
	N(setresuid),
	N(setreuid),
	N(settimeofday),
	N(setuid),
	N(swapoff),
	N(swapon),
	N(syslog),
	N(umount2),
	N(unshare),
	N(uselib),
	N(vhangup),
};

/* What a need is for */
static const struct {
	unsigned int need;
	int calls[3];
	int nr;
} needed[] = {
	{ NEED_MONITOR, { N(socket), N(connect), N(bind) }, 3 },
	{ NEED_PROCESSES, { N(pidfd_getfd), N(process_vm_readv) }, 2 },
	{ NEED_KERNEL | NEED_OPENED,
	  { N(bpf), N(perf_event_open), N(userfaultfd) },
	  3 },
	{ NEED_PTRACE, { N(ptrace) }, 1 },
};

static const int think[] = {
	/* memory: mprotect(2) and mmap(2) without PROT_EXEC, below */
	N(brk),
	N(madvise),
	N(mremap),
	N(munmap),
	/* waiting, time, threads */
	N(clock_gettime),
	N(clock_nanosleep),
	N(epoll_pwait),
	N(epoll_wait),
	N(exit),
	N(exit_group),
	N(futex),
	N(getpid),
	N(gettid),
	N(gettimeofday),
	N(nanosleep),
	N(poll),
	N(ppoll),
	N(restart_syscall),
	N(rseq),
	N(rt_sigaction),
	N(rt_sigprocmask),
	N(rt_sigreturn),
	N(sched_yield),
	N(set_robust_list),
	N(sigaltstack),
	N(tgkill),
	/* descriptors that are open */
	N(close),
	N(fcntl),
	N(fstat),
	N(lseek),
	N(newfstatat),
	N(pread64),
	N(read),
	N(readv),
	N(recvfrom),
	N(recvmsg),
	N(sendmsg),
	N(sendto),
	N(shutdown),
	N(write),
	N(writev),
	/* for hash tables */
	N(getrandom),
};

#define PROT_EXEC_BIT 4

static int add(scmp_filter_ctx filter, uint32_t action, const int *calls,
	       int nr)
{
	int ret = 0;

	for (int i = 0; i < nr && !ret; i++)
		ret = seccomp_rule_add(filter, action, calls[i], 0);
	return ret;
}

static int load(scmp_filter_ctx filter, int ret)
{
	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret;
}

int syscalls_give_up(unsigned int needs)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int ret;

	if (!filter)
		return -ENOMEM;
	ret = add(filter, SCMP_ACT_ERRNO(EPERM), never,
		  sizeof(never) / sizeof(never[0]));
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && !ret; i++)
		if (!(needs & needed[i].need))
			ret = add(filter, SCMP_ACT_ERRNO(EPERM),
				  needed[i].calls, needed[i].nr);
	return load(filter, ret);
}

int syscalls_only_think(void)
{
	const struct scmp_arg_cmp no_exec =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC_BIT, 0);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret;

	if (!filter)
		return -ENOMEM;
	ret = add(filter, SCMP_ACT_ALLOW, think,
		  sizeof(think) / sizeof(think[0]));
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, N(mmap), 1,
				       no_exec);
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, N(mprotect), 1,
				       no_exec);
	/* How wide the terminal is */
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, N(ioctl), 1,
				       SCMP_A1(SCMP_CMP_EQ, TIOCGWINSZ));
	return load(filter, ret);
}

const char *syscalls_filters(void)
{
	const struct scmp_version *version = seccomp_version();
	static char text[40];

	snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor,
		 version->micro);
	return text;
}

#else

int syscalls_give_up(unsigned int needs)
{
	return 0;
}

int syscalls_only_think(void)
{
	return -EOPNOTSUPP;
}

const char *syscalls_filters(void)
{
	return NULL;
}

#endif
