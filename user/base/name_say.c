// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "base/name_say.h"

const char *name_say(char buf[NAME_SAY_MAX], const char *name)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; *name && len + 4 < NAME_SAY_MAX; name++)
		len += snprintf(buf + len, NAME_SAY_MAX - len, "%.*s",
				*name == '\n' ? 3 : 1,
				*name == '\n' ? "\\0a" : name);
	return buf;
}
