// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/path.h"

bool path_has_program(const char *command)
{
	const int len = (int)strcspn(command, " ");
	const char *path = getenv("PATH");
	char file[4096];
	size_t folder;

	if (memchr(command, '/', len)) {
		snprintf(file, sizeof(file), "%.*s", len, command);
		return !access(file, X_OK);
	}
	for (; path && *path; path += folder + !!path[folder]) {
		folder = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%.*s", (int)folder, path,
			 len, command);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}
