// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/module_hint.h"

static bool there(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static bool there(const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return len < (int)sizeof(path) && !access(path, F_OK);
}

/* modprobe knows the modules of this list, and no others */
static bool installed(const char *root, const char *release)
{
	char path[PATH_MAX], *line = NULL, *colon;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.dep", root,
		 release);
	f = fopen(path, "r");
	while (f && !found && getline(&line, &size, f) > 0) {
		colon = strchr(line, ':');
		if (colon)
			*colon = '\0';
		found = strstr(line, "/slotscope.ko");
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

/*
 * TOP of "TOP/build/user/slotscope", if that is what a shell takes as it is and
 * an error has room for
 */
static bool find_top(const char *program, char *top, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-+,@%";
	char *slash;
	int i;

	if (strlen(program) >= size || program[0] != '/' ||
	    program[strspn(program, plain)])
		return false;
	strcpy(top, program);
	for (i = 0; i < 3; i++) {
		slash = strrchr(top, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return true;
}

int module_hint(const char *root, const char *release, const char *program,
		struct slotscope_error *err)
{
	char top[200];

	if (!there("%s/proc/modules", root))
		return error_next(err, "do without it: this kernel loads no "
				       "modules (CONFIG_MODULES), and the BPF "
				       "iterator reads the slots too");
	if (installed(root, release))
		return error_next(err, "`modprobe slotscope`");
	if (!find_top(program, top, sizeof(top)) ||
	    !there("%s/kmod/Kbuild", top))
		return error_next(err, "where slotscope's sources are: "
				       "`make install-module && modprobe "
				       "slotscope`");
	if (there("%s/build/kmod/%s/slotscope.ko", top, release))
		return error_next(err, "`insmod %s/build/kmod/%s/slotscope.ko`",
				  top, release);
	if (there("%s/lib/modules/%s/build", root, release))
		return error_next(err,
				  "`cd %s && make kmod && insmod "
				  "build/kmod/%s/slotscope.ko`",
				  top, release);
	return error_next(err,
			  "it is built against the kernel's headers, which are "
			  "not here; Debian has them: `apt-get install "
			  "linux-headers-%s`",
			  release);
}
