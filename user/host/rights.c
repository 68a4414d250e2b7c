// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/rights.h"
#include "host/syscalls.h"

#define CAP(name) (1ULL << CAP_##name)

/* Newer than the headers of Debian 12's libc need be */
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/* Linux that knows no CAP_BPF has these in CAP_SYS_ADMIN: 5.8 is older than all of ours */
static const struct {
	unsigned int need;
	uint64_t capabilities;
} table[] = {
	{ NEED_FILES, CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) },
	/* map_files, which tells how far a file reaches, takes CHECKPOINT_RESTORE */
	{ NEED_PROCESSES,
	  CAP(SYS_PTRACE) | CAP(CHECKPOINT_RESTORE) | CAP(DAC_READ_SEARCH) },
	/* A socket of another user's VMM takes the right to write to it */
	{ NEED_MONITOR, CAP(DAC_OVERRIDE) },
	/*
	 * The module and page frame numbers take SYS_ADMIN, and so do some BPF objects by
	 * their id; the addresses of functions SYSLOG; rings SYS_RESOURCE and IPC_LOCK on
	 * kernels that count them as locked memory
	 */
	{ NEED_KERNEL, CAP(BPF) | CAP(PERFMON) | CAP(SYS_ADMIN) | CAP(SYSLOG) |
			       CAP(SYS_RESOURCE) | CAP(IPC_LOCK) },
	{ NEED_SIGNALS, CAP(KILL) },
};

/* Bit n is capability n */
static uint64_t capabilities_of(unsigned int needs)
{
	uint64_t all = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (needs & table[i].need)
			all |= table[i].capabilities;
	return all;
}

/* Of this thread. What is inheritable goes, too, and with it what is ambient */
static int keep_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective &= data[i].permitted;
		data[i].inheritable &= data[i].permitted;
	}
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int rights_keep(unsigned int needs, struct slotscope_error *err)
{
	int ret = keep_capabilities(capabilities_of(needs));

	if (ret)
		return error_set(err, ret, "give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_set(err, errno,
				 "give up what a program with set-user-ID "
				 "would gain");
	ret = syscalls_give_up(needs);
	return ret ? error_set(err, ret, "give up system calls") : 0;
}

static unsigned int later;

void rights_keep_once_started(unsigned int needs)
{
	later = needs;
}

int rights_started(struct slotscope_error *err)
{
	unsigned int needs = later;

	later = 0;
	return needs ? rights_keep(needs, err) : 0;
}

const char *rights_filters(void)
{
	return syscalls_filters();
}

void rights_only_think(void)
{
	/* Should either fail, the other is worth having all the same */
	(void)!keep_capabilities(0);
	(void)!syscalls_only_think();
}

struct apart {
	int (*run)(void *arg);
	void *arg;
	int result;
};

static void *run_apart(void *arg)
{
	struct apart *apart = arg;

	rights_only_think();
	apart->result = apart->run(apart->arg);
	return NULL;
}

int rights_apart(int (*run)(void *arg), void *arg, struct slotscope_error *err)
{
	struct apart apart = { run, arg, 0 };
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, run_apart, &apart);

	if (ret)
		return error_set(err, ret, "start a thread to read in");
	pthread_join(thread, NULL);
	return apart.result;
}
