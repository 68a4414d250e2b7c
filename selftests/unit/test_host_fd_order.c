// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors of one open file, told by the kernel's own order (kcmp) */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/fd_order.h"

#define FILES 100
#define MOST  700

static int fds[MOST], file_of[4096];
static bool same[MOST];
static size_t nr, calls;

/* What happens while it is looked at: at this call that descriptor is closed */
static size_t at_call;
static int close_then, refuse_with;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, pid_t a, pid_t b, int type, unsigned long x,
		    unsigned long y);

long __wrap_syscall(long number, pid_t a, pid_t b, int type, unsigned long x,
		    unsigned long y)
{
	assert_int_equal(number, SYS_kcmp);
	if (++calls == at_call && close_then >= 0)
		close(close_then);
	if (refuse_with) {
		errno = refuse_with;
		return -1;
	}
	return __real_syscall(number, a, b, type, x, y);
}

/* FILES files, with up to 9 descriptors each, in no order */
static int open_all(void **state)
{
	unsigned int seed = 1;
	int fd, file, i, j;

	nr = calls = at_call = 0;
	close_then = -1;
	refuse_with = 0;
	for (file = 0; file < FILES; file++) {
		fd = eventfd(0, EFD_CLOEXEC);
		for (i = file % 10; i >= 0; i--) {
			assert_in_range(fd, 0, 4095);
			file_of[fd] = file;
			fds[nr++] = fd;
			if (i)
				fd = dup(fd);
		}
	}
	for (i = nr - 1; i > 0; i--) {
		j = rand_r(&seed) % (i + 1);
		fd = fds[i];
		fds[i] = fds[j];
		fds[j] = fd;
	}
	return 0;
}

static int close_all(void **state)
{
	for (size_t i = 0; i < nr; i++)
		close(fds[i]);
	return 0;
}

/* Return: how many files */
static size_t expect_groups(void)
{
	size_t groups = 0, i, j;

	for (i = 0; i < nr; i++) {
		groups += !same[i];
		if (same[i])
			assert_true(fds[i - 1] < fds[i]);
		for (j = 0; j < i; j++)
			if (file_of[fds[j]] == file_of[fds[i]])
				break;
		assert_int_equal(same[i], j < i);
		if (same[i])
			assert_int_equal(file_of[fds[i - 1]], file_of[fds[i]]);
	}
	return groups;
}

static void all_are_told(void **state)
{
	size_t log2 = 0;

	assert_int_equal(nr, 550);
	assert_int_equal(fd_order(getpid(), fds, &nr, same), 0);
	assert_int_equal(nr, 550);
	assert_int_equal(expect_groups(), FILES);
	while (1U << log2 < nr)
		log2++;
	/* and not by looking at each pair */
	assert_true(calls <= nr * (log2 + 1));
}

static void closed_meanwhile(void **state)
{
	size_t before = nr;

	/* A descriptor of file 99, which has ten */
	for (size_t i = 0; i < nr; i++)
		if (file_of[fds[i]] == 99)
			close_then = fds[i];
	at_call = 500;
	assert_int_equal(fd_order(getpid(), fds, &nr, same), 0);
	assert_int_equal(nr, before - 1);
	assert_int_equal(expect_groups(), FILES);
	for (size_t i = 0; i < nr; i++)
		assert_int_not_equal(fds[i], close_then);
}

static void not_told(void **state)
{
	refuse_with = EPERM;
	memset(same, 1, sizeof(same));
	assert_int_equal(fd_order(getpid(), fds, &nr, same), -EPERM);
	for (size_t i = 0; i < nr; i++)
		assert_false(same[i]);
}

static void few(void **state)
{
	int one = fds[0];
	size_t none = 0, single = 1;

	assert_int_equal(fd_order(getpid(), &one, &none, same), 0);
	same[0] = true;
	assert_int_equal(fd_order(getpid(), &one, &single, same), 0);
	assert_false(same[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_told, open_all,
						close_all),
		cmocka_unit_test_setup_teardown(closed_meanwhile, open_all,
						close_all),
		cmocka_unit_test_setup_teardown(not_told, open_all, close_all),
		cmocka_unit_test_setup_teardown(few, open_all, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
