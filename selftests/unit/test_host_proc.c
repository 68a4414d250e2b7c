// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID/stat and status, and files that come in pieces */
#include <fcntl.h>
#include <unistd.h>

#include "host/proc_file.h"
#include "host/proc_stat.h"
#include "host_make.h"

/* As proc_pid_stat(5) has it: field 9 is flags, field 22 starttime, 26
 * startcode, 28 startstack */
#define BEFORE_FLAGS "S 1 2 3 0 -1 "
#define AFTER_FLAGS  " 0 0 0 0 0 0 0 0 20 0 1 0 "
#define AFTER_START                          \
	" 3133440 410 18446744073709551615 " \
	"4194304 5 140722870657760 6 7\n"

static int parse(const char *text, struct proc_stat *stat)
{
	return proc_stat_parse(text, strlen(text), stat);
}

static void a_process(void **unused)
{
	struct proc_stat stat;

	assert_int_equal(parse("4711 (qemu-system-x86) " BEFORE_FLAGS
			       "4194304" AFTER_FLAGS
			       "18446744073709551615" AFTER_START,
			       &stat),
			 0);
	assert_int_equal(stat.pid, 4711);
	assert_string_equal(stat.comm, "qemu-system-x86");
	assert_int_equal(stat.state, 'S');
	assert_false(stat.kthread);
	assert_true(stat.start_time == UINT64_MAX);
	assert_int_equal(stat.start_code, 4194304);
	assert_int_equal(stat.start_stack, 140722870657760);
}

/* A process may call itself anything */
static void names_that_mislead(void **unused)
{
	static const char *const names[] = {
		"",
		" ",
		")",
		"(",
		") S 1 (",
		"a b",
		"x) R 1 2 3 4 5 6 7 (y",
		"\n",
		"\xff\xfe",
		"12345678901234567890 long",
	};
	struct proc_stat stat;
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "9 (%s) %s4194304%s77%s", names[i],
			 BEFORE_FLAGS, AFTER_FLAGS, AFTER_START);
		assert_int_equal(parse(text, &stat), 0);
		assert_string_equal(stat.comm, names[i]);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.start_time, 77);
	}
}

static void a_kernel_thread(void **unused)
{
	struct proc_stat stat;

	/* PF_KTHREAD is 0x00200000; 2129984 of a real kworker has it */
	assert_int_equal(parse("2 (kthreadd) S 0 0 0 0 -1 2129984" AFTER_FLAGS
			       "3" AFTER_START,
			       &stat),
			 0);
	assert_true(stat.kthread);
}

static void what_is_no_stat(void **unused)
{
	static const char *const wrong[] = {
		"",
		"1",
		"1 (a",
		"1 a) S",
		"1 (a) ",
		"1 (a) S",
		"1 (a) SS 1 2 3 0 -1 4" AFTER_FLAGS "3" AFTER_START,
		"x (a) " BEFORE_FLAGS "4" AFTER_FLAGS "3" AFTER_START,
		"0 (a) " BEFORE_FLAGS "4" AFTER_FLAGS "3" AFTER_START,
		"-1 (a) " BEFORE_FLAGS "4" AFTER_FLAGS "3" AFTER_START,
		"4294967296 (a) " BEFORE_FLAGS "4" AFTER_FLAGS "3" AFTER_START,
		"1 (a) " BEFORE_FLAGS "x" AFTER_FLAGS "3" AFTER_START,
		"1 (a) " BEFORE_FLAGS "4" AFTER_FLAGS "-3" AFTER_START,
		"1 (a) " BEFORE_FLAGS "4" AFTER_FLAGS
		"18446744073709551616" AFTER_START,
		/* cut in the middle of the number that matters */
		"1 (a) " BEFORE_FLAGS "4" AFTER_FLAGS "39",
	};
	struct proc_stat stat;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(wrong[i], &stat) != -EINVAL)
			fail_msg("taken for a stat: %s", wrong[i]);
}

static void parse_stat(const char *text, size_t len)
{
	struct proc_stat stat;

	proc_stat_parse(text, len, &stat);
}

static void parse_status(const char *text, size_t len)
{
	proc_status_tgid(text, len);
}

static const char status[] = "Name:\ta\\nTgid:\t7\nUmask:\t0022\n"
			     "State:\tS (sleeping)\nTgid:\t4711\nNgid:\t0\n";

static void the_tgid(void **unused)
{
	assert_int_equal(proc_status_tgid(status, strlen(status)), 4711);
	assert_int_equal(proc_status_tgid("Name:\tx\n", 8), -EINVAL);
	assert_int_equal(proc_status_tgid("\nTgid:\t0\n", 9), -EINVAL);
	assert_int_equal(proc_status_tgid("\nTgid:\t12", 9), -EINVAL);
	assert_int_equal(proc_status_tgid("", 0), -EINVAL);
}

static void hostile_text(void **unused)
{
	static const char stat[] = "4711 (a) b) " BEFORE_FLAGS
				   "4194304" AFTER_FLAGS "1234567" AFTER_START;

	hostile(stat, strlen(stat), parse_stat);
	hostile(status, strlen(status), parse_status);
}

/* A pipe gives what it has, as /proc does */
static void files_in_pieces(void **unused)
{
	struct proc_text file;
	char name[32], big[50000];
	int ends[2];
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = i * 7;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], big, sizeof(big)), sizeof(big));
	close(ends[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(proc_read(AT_FDCWD, name, 1 << 20, &file), 0);
	assert_int_equal(file.len, sizeof(big));
	assert_memory_equal(file.text, big, sizeof(big));
	assert_int_equal(file.text[file.len], '\0');
	assert_false(file.truncated);
	free(file.text);
	close(ends[0]);
}

static void files_over_the_limit(void **unused)
{
	struct proc_text file;

	/* One that never ends */
	assert_int_equal(proc_read(AT_FDCWD, "/dev/zero", 10000, &file), 0);
	assert_int_equal(file.len, 10000);
	assert_true(file.truncated);
	assert_int_equal(file.text[10000], '\0');
	free(file.text);

	/* Exactly the limit is not over it */
	assert_int_equal(proc_read(AT_FDCWD, "/proc/self/comm", 4096, &file),
			 0);
	size_t len = file.len;
	free(file.text);
	assert_int_equal(proc_read(AT_FDCWD, "/proc/self/comm", len, &file), 0);
	assert_int_equal(file.len, len);
	assert_false(file.truncated);
	free(file.text);
	assert_int_equal(proc_read(AT_FDCWD, "/proc/self/comm", len - 1, &file),
			 0);
	assert_true(file.truncated);
	free(file.text);
}

static void files_that_fail(void **unused)
{
	struct proc_text file;

	assert_int_equal(proc_read(AT_FDCWD, "/nowhere", 10, &file), -ENOENT);
	assert_null(file.text);
	assert_int_equal(proc_read(AT_FDCWD, "/proc", 10, &file), -EISDIR);
	assert_null(file.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process),
		cmocka_unit_test(names_that_mislead),
		cmocka_unit_test(a_kernel_thread),
		cmocka_unit_test(what_is_no_stat),
		cmocka_unit_test(the_tgid),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(files_in_pieces),
		cmocka_unit_test(files_over_the_limit),
		cmocka_unit_test(files_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
