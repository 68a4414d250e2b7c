// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>

#include "kvm/region2.h"
#include "ptrace/filter.h"

/* Ways into that system call, by architecture: each has a number of its own */
static const struct {
	unsigned int arch;
	unsigned int nr;
} ways[] = {
#if defined(__x86_64__)
	{ AUDIT_ARCH_X86_64, 16 },
	{ AUDIT_ARCH_X86_64, 0x40000000 + 514 }, /* x32 */
	{ AUDIT_ARCH_I386, 54 },
#elif defined(__aarch64__)
	{ AUDIT_ARCH_AARCH64, 29 },
	{ AUDIT_ARCH_ARM, 54 },
#elif defined(__riscv)
	{ AUDIT_ARCH_RISCV64, 29 },
	{ AUDIT_ARCH_RISCV32, 29 },
#endif
};

#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static const unsigned int requests[] = {
	KVM_CREATE_VM,
	KVM_SET_USER_MEMORY_REGION,
	KVM_SET_USER_MEMORY_REGION2,
};

#define NR_REQUESTS (sizeof(requests) / sizeof(requests[0]))

/* KVM looks at the lower half of the request alone; all these are little endian */
#define WORD(member)                                            \
	(struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
				      offsetof(struct seccomp_data, member))
#define UNLESS(value, skip) \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define END(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)

/* For each way: is it this arch, is it this number, is it one of the requests? */
#define PER_WAY (4 + 2 * NR_REQUESTS + 2)

int filter_install(void)
{
	struct sock_filter code[NR_WAYS * PER_WAY + 1];
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};
	size_t at = 0;

	for (size_t i = 0; i < NR_WAYS; i++) {
		const size_t next = at + PER_WAY;

		code[at++] = WORD(arch);
		code[at] = UNLESS(ways[i].arch, next - at - 1);
		at++;
		code[at++] = WORD(nr);
		code[at] = UNLESS(ways[i].nr, next - at - 1);
		at++;
		code[at++] = WORD(args[1]);
		for (size_t j = 0; j < NR_REQUESTS; j++) {
			code[at++] = UNLESS(requests[j], 1);
			code[at++] = END(SECCOMP_RET_TRACE);
		}
		code[at++] = END(SECCOMP_RET_ALLOW);
	}
	code[at] = END(SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}
