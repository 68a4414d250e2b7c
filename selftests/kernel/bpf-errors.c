// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands in a tracer's way is named, with what to do about it; and nothing
 * of a tracer is left behind, however it ends.
 */
#include <sched.h>
#include <sys/mount.h>

#include <bpf/bpf.h>

#include "bpf-test.h"

/* Programs in the kernel, of whomever */
static int count_programs(void)
{
	uint32_t id = 0;
	int nr = 0;

	while (!bpf_prog_get_next_id(id, &id))
		nr++;
	return nr;
}

/* The kernel frees programs some time after their last user is gone */
static void expect_programs(int wanted)
{
	for (int i = 0; i < 500 && count_programs() != wanted; i++)
		usleep(10000);
	EXPECT_EQ(count_programs(), wanted);
}

/* Open, to fail with @code; @words are in what it says */
static int expect_error(const struct tracer_options *options, int code,
			const char *words)
{
	struct tracer_report report;
	struct tracer *tracer;
	int ret = tracer_open(options, &report, &tracer, &bpf_err);

	if (!ret)
		tracer_close(tracer);
	ktap_diag("%d: %s: %s. %s", ret, bpf_err.tried, bpf_err.why,
		  bpf_err.next);
	EXPECT_EQ(ret, code);
	EXPECT(!tracer, "it gave a tracer");
	EXPECT(report.nr_hooks > 5, "no report");
	EXPECT(bpf_err.tried[0] && bpf_err.why[0], "it does not say why");
	EXPECT(strstr(bpf_err.why, words) || strstr(bpf_err.next, words),
	       "it does not speak of %s", words);
	return ktap.failures;
}

/* In a child, since @prepare cannot be undone */
static void expect_error_after(void (*prepare)(void),
			       const struct tracer_options *options, int code,
			       const char *words)
{
	int status, before = count_programs();
	pid_t pid = fork();

	if (!pid) {
		prepare();
		ktap.failures = 0;
		_exit(expect_error(options, code, words) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(status, 0);
	expect_programs(before);
}

static void become_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(50);
}

static void not_root(void)
{
	expect_error_after(become_nobody, NULL, -EPERM, "root");
}

static void private_mounts(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(51);
}

static void hide_btf(void)
{
	private_mounts();
	if (mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL))
		_exit(52);
}

static void no_btf(void)
{
	expect_error_after(hide_btf, NULL, -ENOTSUP, "BTF");
}

static void hide_tracefs(void)
{
	private_mounts();
	if (mount("none", "/sys/kernel/debug", "tmpfs", 0, NULL) ||
	    mount("none", "/sys/kernel/tracing", "tmpfs", 0, NULL))
		_exit(52);
}

static void no_tracefs(void)
{
	const struct tracer_options options = {
		.avoid = 1U << TRACER_FENTRY | 1U << TRACER_KPROBE,
	};

	expect_error_after(hide_tracefs, &options, -ENOTSUP, "tracefs");
}

/* Where other hooks work, it is not missed; ends the child with a 0 */
static void open_and_close(void)
{
	struct tracer *tracer;

	hide_tracefs();
	if (tracer_open(NULL, NULL, &tracer, &bpf_err))
		_exit(53);
	tracer_close(tracer);
	_exit(0);
}

static void no_tracefs_needed(void)
{
	expect_error_after(open_and_close, NULL, 0, "");
}

static void no_such_process(void)
{
	struct tracer_options options = { 0 };
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	options.tgid = pid;
	expect_error(&options, -ESRCH, "No such process");
}

static void enter_namespace(void)
{
	pid_t pid;
	int status;

	private_mounts();
	if (unshare(CLONE_NEWPID))
		_exit(54);
	pid = fork();
	if (!pid) {
		if (mount("proc", "/proc", "proc", 0, NULL))
			_exit(55);
		return;
	}
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status));
}

static void in_pid_namespace(void)
{
	expect_error_after(enter_namespace, NULL, -EINVAL, "PID namespace");
}

static void nothing_to_use(void)
{
	const struct tracer_options options = { .avoid = ~0U };
	const struct tracer_options walk = { .avoid = ~0U, .no_hooks = true };
	int before = count_programs();

	expect_error(&options, -ENOTSUP, "avoided");
	expect_error(&walk, -ENOTSUP, "avoided");
	expect_programs(before);
}

static void traces_until_killed(const struct child *self, struct diary *diary)
{
	struct tracer *tracer;

	if (tracer_open(NULL, NULL, &tracer, &bpf_err))
		_exit(56);
	diary->vm_fd = vm_new();
	child_step(self);
	tracer_close(tracer);
	child_step(self);
}

/* Nothing stays when a tracer is killed: no program, no hold on KVM */
static void killed(void)
{
	struct diary *diary = diary_new();
	int before = count_programs();
	struct child child = child_start(traces_until_killed, diary);

	EXPECT(count_programs() > before, "the tracer has no programs");
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	expect_programs(before);
	EXPECT_EQ(system("modprobe -r kvm-amd"), 0);
	EXPECT(access("/dev/kvm", F_OK), "KVM is still there");
	EXPECT_EQ(system("modprobe kvm-amd"), 0);
	diary_free(diary);
}

static void closed(void)
{
	struct diary *diary = diary_new();
	int before = count_programs();
	struct child child = child_start(traces_until_killed, diary);

	EXPECT(count_programs() > before, "the tracer has no programs");
	ASSERT(child_go(&child), "the child failed");
	expect_programs(before);
	EXPECT_EQ(child_end(&child), 0);
	EXPECT_EQ(system("modprobe -r kvm-amd"), 0);
	EXPECT_EQ(system("modprobe kvm-amd"), 0);
	diary_free(diary);
}

static void no_kvm(void)
{
	ASSERT_EQ(system("modprobe -r kvm-amd"), 0);
	expect_error(NULL, -ENODEV, "modprobe");
	ASSERT_EQ(system("modprobe kvm-amd"), 0);
}

/* What the kernel says is EINVAL; the last case, since it cannot be undone */
static void locked_down(void)
{
	static const char file[] = "/sys/kernel/security/lockdown";
	FILE *lockdown;

	if (access(file, W_OK))
		mount("none", "/sys/kernel/security", "securityfs", 0, NULL);
	lockdown = fopen(file, "w");
	SKIP_IF(!lockdown, "%s: %s", file, strerror(errno));
	ASSERT(fputs("confidentiality", lockdown) >= 0 && !fclose(lockdown),
	       "lock down: %s", strerror(errno));
	expect_error(NULL, -EPERM, "locked down (confidentiality)");
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(not_root),	    KTAP_CASE(no_btf),
		KTAP_CASE(no_tracefs),	    KTAP_CASE(no_tracefs_needed),
		KTAP_CASE(no_such_process), KTAP_CASE(in_pid_namespace),
		KTAP_CASE(nothing_to_use),  KTAP_CASE(killed),
		KTAP_CASE(closed),	    KTAP_CASE(no_kvm),
		KTAP_CASE(locked_down),
	};

	return KTAP_RUN(cases);
}
