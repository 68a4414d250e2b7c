// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/unix_address.h"

int unix_address(const char *text, struct sockaddr_un *sun, socklen_t *len)
{
	size_t n = strlen(text);
	bool abstract = text[0] == '@';

	if (n < (abstract ? 2 : 1))
		return -EINVAL;
	if (n + !abstract > UNIX_ADDRESS_MAX)
		return -ENAMETOOLONG;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, text, n);
	if (abstract)
		sun->sun_path[0] = '\0';
	*len = offsetof(struct sockaddr_un, sun_path) + n + !abstract;
	return 0;
}
