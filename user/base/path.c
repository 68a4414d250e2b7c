// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"

bool path_find(const char *name, size_t len, char *file, size_t size)
{
	const char *dirs = getenv("PATH") ?: "/bin:/usr/bin";

	if (memchr(name, '/', len))
		return snprintf(file, size, "%.*s", (int)len, name) <
			       (int)size &&
		       !access(file, X_OK);
	for (;;) {
		int dir = (int)strcspn(dirs, ":");

		/* One that is empty is where we are */
		if (snprintf(file, size, "%.*s/%.*s", dir ? dir : 1,
			     dir ? dirs : ".", (int)len, name) < (int)size &&
		    !access(file, X_OK))
			return true;
		if (!dirs[dir])
			return false;
		dirs += dir + 1;
	}
}

bool path_has_program(const char *command)
{
	char file[PATH_MAX];

	return path_find(command, strcspn(command, " "), file, sizeof(file));
}
