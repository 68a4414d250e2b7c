// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the filter stops: without a tracer that fails with ENOSYS, and all else goes
 * through to fail, on no descriptor, with EBADF. In a child: it cannot be taken off.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kvm/region2.h"
#include "ptrace/filter.h"
#include "view_make.h"

static int errno_of(unsigned long request)
{
	return ioctl(-1, request, 0) ? errno : 0;
}

/* Status 0, or the place of what was not as it should be */
static int look(void)
{
	static const struct {
		unsigned long request;
		int error;
	} want[] = {
		{ KVM_CREATE_VM, ENOSYS },
		{ KVM_SET_USER_MEMORY_REGION, ENOSYS },
		{ KVM_SET_USER_MEMORY_REGION2, ENOSYS },
		/* KVM takes the lower half alone */
		{ 0xffffffff00000000UL | KVM_SET_USER_MEMORY_REGION, ENOSYS },
		{ KVM_RUN, EBADF },
		{ KVM_GET_DIRTY_LOG, EBADF },
		{ KVM_CHECK_EXTENSION, EBADF },
		{ KVM_CREATE_VCPU, EBADF },
		{ TIOCGWINSZ, EBADF },
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		if (errno_of(want[i].request) != EBADF)
			return 100 + i;
	if (filter_install())
		return 99;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		if (errno_of(want[i].request) != want[i].error)
			return 1 + i;
	/* And other system calls with the same arguments */
	return read(-1, (void *)KVM_CREATE_VM, 1) != -1 || errno != EBADF;
}

static void what_it_stops(void **unused)
{
	int status;
	pid_t pid = fork();

	(void)unused;
	if (!pid)
		_exit(look());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
