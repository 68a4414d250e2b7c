/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of session/: commands that are scripts of a shell, in which $VMM is the
 * test program again: with TEST_VMS=N it makes N VMs and waits.
 */
#ifndef SELFTESTS_SESSION_MAKE_H
#define SELFTESTS_SESSION_MAKE_H

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "session/checker.h"
#include "session/stop.h"

static struct slotscope_error err;
static char self[4096];

static inline void make_vms(int nr)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < nr; i++)
		if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0)
			_exit(1);
}

static inline bool have_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm >= 0)
		close(vm);
	if (kvm >= 0)
		close(kvm);
	return vm >= 0;
}

#define NEEDS_KVM()                                              \
	do {                                                     \
		if (!have_kvm()) {                               \
			print_message("no VM can be made here"); \
			skip();                                  \
		}                                                \
	} while (0)

/* @vm: as --vm has it; NULL: all */
static inline void start(struct checker *checker, struct child *child,
			 const char *script, const char *vm)
{
	struct checker_options options = {
		.child = child,
		.command = "sh",
		.fd = -1,
		.name.fd = -1,
		.no_trace = true,
	};
	char text[8192];
	char *argv[] = { "sh", "-c", text, NULL };

	snprintf(text, sizeof(text), "VMM=%s; %s", self, script);
	if (vm)
		assert_int_equal(vm_name_parse(vm, &options.name, &err), 0);
	assert_int_equal(child_start(child, argv, &err), 0);
	assert_int_equal(checker_open(checker, &options, &err), 0);
	assert_int_equal(child_go(child, argv, &err), 0);
}

static inline void end(struct checker *checker, struct child *child)
{
	assert_int_equal(checker_close(checker, &err), 0);
	assert_int_equal(child_end(child, &err), 0);
}

/* To be called first in main(): does not return in a VMM */
static inline void session_begin(void)
{
	const char *nr = getenv("TEST_VMS");

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		exit(1);
	if (!nr)
		return;
	make_vms(atoi(nr));
	if (getenv("TEST_FORK") && !fork())
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

#endif
