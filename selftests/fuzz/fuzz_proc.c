// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any text as each of the files of /proc that are read (but for maps, which
 * fuzz_files has). The first byte chooses the reader.
 */
#include <stdlib.h>
#include <string.h>

#include "host/net_unix.h"
#include "host/proc_stat.h"
#include "host/qmp_cmdline.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void net_unix(const char *text, size_t len)
{
	struct unix_sockets sockets;
	const struct unix_socket *found;

	for (int state = UNIX_LISTENS; state <= UNIX_CONNECTED; state++) {
		if (unix_sockets_parse(text, len, state, &sockets))
			continue;
		for (size_t i = 0; i < sockets.nr; i++) {
			found = unix_sockets_find(&sockets,
						  sockets.list[i].inode);
			must(sockets.list[i].doubtful ? !found : found != NULL);
			must(strnlen(sockets.list[i].name, 109) < 109);
		}
		unix_sockets_deinit(&sockets);
	}
}

static void stat_and_status(const char *text, size_t len)
{
	struct proc_stat stat;

	proc_stat_parse(text, len, &stat);
	must(proc_status_tgid(text, len));
}

static void cmdline(const char *text, size_t len)
{
	struct qmp_named named[QMP_NAMED_MAX];
	char uuid[37];
	size_t nr = qmp_cmdline_parse(text, len, named);

	must(nr <= QMP_NAMED_MAX);
	for (size_t i = 0; i < nr; i++)
		must(named[i].name[0] ? strnlen(named[i].name, 109) < 109 &&
						named[i].fd == -1 :
					named[i].fd >= 0);
	if (qmp_cmdline_uuid(text, len, uuid))
		must(strlen(uuid) == 36);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {
		net_unix,
		stat_and_status,
		cmdline,
	};
	const size_t nr = sizeof(readers) / sizeof(readers[0]);

	if (size)
		readers[data[0] % nr]((const char *)data + 1, size - 1);
	return 0;
}
