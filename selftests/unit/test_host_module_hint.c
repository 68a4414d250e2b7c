// SPDX-License-Identifier: GPL-2.0-or-later
/* Which command loads the module: only one that works where the user is */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "host/module_hint.h"
#include "host_make.h"

static char root[] = "/tmp/slotscope-hint-XXXXXX";

/* A file of @text below the root, and the directories above it */
static void put(const char *path, const char *text)
{
	char full[PATH_MAX], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(full, 0700))
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* What is said to the program that lies at @program below the root */
static void hint(const char *program, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void hint(const char *program, const char *fmt, ...)
{
	struct slotscope_error err = {};
	char path[PATH_MAX], wanted[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wanted, sizeof(wanted), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s%s", root, program);
	error_set(&err, ENOENT, "open the module");
	assert_int_equal(module_hint(root, "6.1.0-x", path, &err), -ENOENT);
	if (!strstr(err.next, wanted))
		fail_msg("%s: \"%s\", not \"%s\"", program, err.next, wanted);
}

#define BUILT "/src/build/user/slotscope"

/* Each thing that comes to be there makes a better answer */
static void what_is_there(void **unused)
{
	char word[PATH_MAX];

	assert_non_null(mkdtemp(root));
	hint(BUILT, "loads no modules");
	put("/proc/modules", "");
	hint(BUILT, "`make install-module && modprobe slotscope`");
	put("/src/kmod/Kbuild", "");
	hint(BUILT, "`apt-get install linux-headers-6.1.0-x`");
	put("/lib/modules/6.1.0-x/build", "");
	hint(BUILT,
	     "`cd %s/src && make kmod && insmod "
	     "build/kmod/6.1.0-x/slotscope.ko`",
	     root);
	/* Built, for another kernel */
	put("/src/build/kmod/6.1.0-y/slotscope.ko", "");
	hint(BUILT, "make kmod");
	put("/src/build/kmod/6.1.0-x/slotscope.ko", "");
	hint(BUILT, "`insmod %s/src/build/kmod/6.1.0-x/slotscope.ko`", root);
	/* A program that was installed knows of no sources */
	hint("/usr/bin/slotscope", "`make install-module");
	/* Others' modules, and what only needs it */
	put("/lib/modules/6.1.0-x/modules.dep",
	    "kernel/kvm.ko.xz: kernel/irqbypass.ko.xz\n"
	    "updates/other.ko: updates/slotscope.ko\n");
	hint(BUILT, "`insmod");
	put("/lib/modules/6.1.0-x/modules.dep",
	    "kernel/kvm.ko.xz: kernel/irqbypass.ko.xz\n"
	    "updates/slotscope.ko: kernel/kvm.ko.xz\n");
	hint(BUILT, "`modprobe slotscope`");
	hint("/usr/bin/slotscope", "`modprobe slotscope`");
	snprintf(word, sizeof(word), "rm -r %s", root);
	assert_int_equal(system(word), 0);
}

/* A path that a shell would take apart, or that is cut, is not given as one */
static void paths_that_cannot_be_typed(void **unused)
{
	char path[400] = "/odd dir" BUILT;

	strcpy(root, "/tmp/slotscope-hint-XXXXXX");
	assert_non_null(mkdtemp(root));
	put("/proc/modules", "");
	put("/odd dir/src/kmod/Kbuild", "");
	put("/odd dir/src/build/kmod/6.1.0-x/slotscope.ko", "");
	hint(path, "where slotscope's sources are");
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	hint(path, "where slotscope's sources are");
	hint("", "where slotscope's sources are");
	snprintf(path, sizeof(path), "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there),
		cmocka_unit_test(paths_that_cannot_be_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
