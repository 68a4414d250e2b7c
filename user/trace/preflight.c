// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands in the way of tracing, looked for before anything is loaded:
 * the kernel's own refusals say little.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "trace/impl.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* Of the first PID namespace (linux/proc_ns.h) */
#define PROC_PID_INIT_INO 0xeffffffcU

#define CAP_SYS_ADMIN 21

static int check_capability(struct slotscope_error *err)
{
	unsigned long long caps = 0;
	char line[128];
	FILE *status = fopen("/proc/self/status", "re");

	if (!status) {
		error_set(err, errno, "open /proc/self/status");
		return error_next(err, "mount -t proc proc /proc");
	}
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(status);
	if (caps & (1ULL << CAP_SYS_ADMIN))
		return 0;
	error_set(err, EPERM, "load BPF programs");
	error_why(err, "this needs CAP_SYS_ADMIN (to read the kernel's types "
		       "and memory)");
	return error_next(err, "run it as root");
}

/* BPF speaks in pids of the first namespace; ours would not be the same */
static int check_pid_namespace(struct slotscope_error *err)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return error_set(err, errno, "look at /proc/self/ns/pid");
	if (st.st_ino == PROC_PID_INIT_INO)
		return 0;
	error_set(err, EINVAL, "trace from within a PID namespace");
	error_why(err, "the kernel's pids are not those seen from here");
	return error_next(err, "run it outside of the container, or with the "
			       "host's PID namespace (--pid=host)");
}

static int check_btf(struct slotscope_error *err)
{
	if (!access(VMLINUX_BTF, R_OK))
		return 0;
	error_set(err, errno, "open " VMLINUX_BTF);
	if (err->code != ENOENT)
		return -err->code;
	err->code = ENOTSUP;
	error_why(err, "this kernel does not describe its types "
		       "(CONFIG_DEBUG_INFO_BTF), or /sys is not mounted");
	return error_next(err, "use a kernel that has it; the module "
			       "(slotscope.ko) needs none");
}

int preflight(const struct tracer_options *options, struct slotscope_error *err)
{
	int ret = check_capability(err);

	if (!ret)
		ret = check_pid_namespace(err);
	if (!ret)
		ret = check_btf(err);
	if (!ret && options->tgid && kill(options->tgid, 0) && errno == ESRCH)
		ret = error_set(err, ESRCH, "trace process %d", options->tgid);
	return ret;
}

/*
 * Does this kernel preempt tasks inside of the kernel? The scheduler tells in
 * debugfs, the current choice in brackets; if it is not mounted, the version
 * tells at least of kernels that cannot. In doubt: yes.
 */
bool kernel_preempts(void)
{
	FILE *file = fopen("/sys/kernel/debug/sched/preempt", "re");
	char line[128] = "";
	struct utsname uts;

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	if (line[0])
		return !strstr(line, "(none)") && !strstr(line, "(voluntary)");
	return uname(&uts) || strstr(uts.version, "PREEMPT");
}

/*
 * May BPF read the kernel's memory? Not in one that is locked down for
 * confidentiality (9d1f8be5cf42 "bpf: Restrict bpf when kernel lockdown is in
 * confidentiality mode", 5.4), and all that it says is EINVAL.
 */
bool kernel_readable(void)
{
	const struct bpf_insn program[] = {
		/* bpf_probe_read_kernel(fp - 8, 8, NULL) */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = 1,
		  .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
		{ .code = BPF_JMP | BPF_CALL,
		  .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", program,
			       sizeof(program) / sizeof(program[0]), NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
