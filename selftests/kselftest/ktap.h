/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results of a kernel-facing test in KTAP, for prove and for kselftest alike.
 *
 * A program lists its cases and hands them over:
 *
 *	static void finds_every_slot(void)
 *	{
 *		SKIP_IF(!have_smm, "this VM has no second address space");
 *		ASSERT(fd >= 0, "open: %s", strerror(errno));
 *		EXPECT_EQ(nr, 7);
 *	}
 *
 *	int main(void)
 *	{
 *		static const struct ktap_case cases[] = {
 *			KTAP_CASE(finds_every_slot),
 *		};
 *		return KTAP_RUN(cases);
 *	}
 *
 * EXPECT*() notes a failure and goes on; ASSERT*() and SKIP*() leave the case.
 * All of them are for the thread that runs main(); a helper thread hands its
 * findings over. What a case opened before it was left stays open: use a child
 * process or a teardown where that matters.
 */
#ifndef SELFTESTS_KERNEL_KTAP_H
#define SELFTESTS_KERNEL_KTAP_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exit statuses, those of kselftest */
enum { KTAP_EXIT_PASS = 0, KTAP_EXIT_FAIL = 1, KTAP_EXIT_SKIP = 4 };

/**
 * struct ktap_case - one test
 * @name: as it is printed; no '#' and no newline
 * @run:  what it does
 */
struct ktap_case {
	const char *name;
	void (*run)(void);
};

#define KTAP_CASE(fn)                    \
	{                                \
		.name = #fn, .run = (fn) \
	}
#define KTAP_RUN(cases) ktap_run(cases, sizeof(cases) / sizeof((cases)[0]))

struct ktap_state {
	unsigned int failures; /* EXPECTs of the running case that failed */
	char skip[256];	       /* why it was left out */
	bool running;	       /* a case is, and can be left */
	sigjmp_buf leave;
};

static struct ktap_state ktap;

/** ktap_diag() - print a line that is no result; one line, without newline */
__attribute__((format(printf, 1, 2), unused)) static void
ktap_diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/** ktap_skip_all() - none of the tests can run here, for one reason */
__attribute__((format(printf, 1, 2), noreturn, unused)) static void
ktap_skip_all(const char *fmt, ...)
{
	va_list ap;

	printf("TAP version 13\n1..0 # SKIP ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(KTAP_EXIT_SKIP);
}

/** ktap_bail() - stop: what failed makes the rest meaningless */
__attribute__((format(printf, 1, 2), noreturn, unused)) static void
ktap_bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(KTAP_EXIT_FAIL);
}

__attribute__((format(printf, 3, 4), unused)) static void
ktap_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	ktap.failures++;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* Outside of a case (while main() prepares) there is nothing to go on with */
__attribute__((noreturn, unused)) static void ktap_leave(void)
{
	if (!ktap.running)
		ktap_bail("%s", ktap.skip[0] ? ktap.skip : "not in a case");
	siglongjmp(ktap.leave, 1);
}

__attribute__((format(printf, 1, 2), noreturn, unused)) static void
ktap_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ktap.skip, sizeof(ktap.skip), fmt, ap);
	va_end(ap);
	ktap_leave();
}

#define SKIP(...) ktap_skip(__VA_ARGS__)

#define SKIP_IF(cond, ...)                      \
	do {                                    \
		if (cond)                       \
			ktap_skip(__VA_ARGS__); \
	} while (0)

/* EXPECT(cond, fmt, ...): the words say what is wrong if @cond is false */
#define EXPECT(cond, ...)                                           \
	({                                                          \
		bool ktap_ok = (cond);                              \
		if (!ktap_ok)                                       \
			ktap_fail(__FILE__, __LINE__, __VA_ARGS__); \
		ktap_ok;                                            \
	})

/* EXPECT_EQ(seen, wanted): integers; both are printed if they differ */
#define EXPECT_EQ(seen, wanted)                                              \
	({                                                                   \
		long long ktap_seen = (long long)(seen);                     \
		long long ktap_want = (long long)(wanted);                   \
		EXPECT(ktap_seen == ktap_want,                               \
		       "%s is %lld (0x%llx), not %s = %lld (0x%llx)", #seen, \
		       ktap_seen, ktap_seen, #wanted, ktap_want, ktap_want); \
	})

/*
 * EXPECT_ERRNO(call, code): @call returns -1 and sets errno to @code; a @code
 * of 0 means that it does not fail
 */
#define EXPECT_ERRNO(call, code)                                       \
	({                                                             \
		errno = 0;                                             \
		int ktap_got = (call) < 0 ? errno : 0;                 \
		int ktap_code = (code);                                \
		EXPECT(ktap_got == ktap_code, "%s: %s, not %s", #call, \
		       ktap_got ? strerror(ktap_got) : "no error",     \
		       ktap_code ? strerror(ktap_code) : "no error");  \
	})

#define KTAP_OR_LEAVE(expectation)    \
	do {                          \
		if (!(expectation))   \
			ktap_leave(); \
	} while (0)

#define ASSERT(...)		 KTAP_OR_LEAVE(EXPECT(__VA_ARGS__))
#define ASSERT_EQ(seen, wanted)	 KTAP_OR_LEAVE(EXPECT_EQ(seen, wanted))
#define ASSERT_ERRNO(call, code) KTAP_OR_LEAVE(EXPECT_ERRNO(call, code))

/**
 * ktap_run() - run the cases in order and print their results
 *
 * Return: the program's exit status: pass if none failed and one passed, skip
 * if all were skipped.
 */
__attribute__((unused)) static int ktap_run(const struct ktap_case *cases,
					    size_t nr)
{
	volatile unsigned int pass = 0, fail = 0, skip = 0;
	volatile size_t i;

	/* A test that takes the machine down shall leave its lines behind */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", nr);
	for (i = 0; i < nr; i++) {
		ktap.failures = 0;
		ktap.skip[0] = '\0';
		ktap.running = true;
		if (!sigsetjmp(ktap.leave, 1))
			cases[i].run();
		ktap.running = false;
		if (ktap.failures)
			fail++;
		else if (ktap.skip[0])
			skip++;
		else
			pass++;
		printf("%sok %zu %s%s%s\n", ktap.failures ? "not " : "", i + 1,
		       cases[i].name,
		       !ktap.failures && ktap.skip[0] ? " # SKIP " : "",
		       ktap.failures ? "" : ktap.skip);
	}
	printf("# Totals: pass:%u fail:%u skip:%u\n", pass, fail, skip);
	if (fail)
		return KTAP_EXIT_FAIL;
	return pass ? KTAP_EXIT_PASS : KTAP_EXIT_SKIP;
}

#endif
