// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "host/maps.h"
#include "host/proc_file.h"

#define TRIES 5

static int read_once(const struct process *process, struct host_map *out,
		     struct slotscope_error *err)
{
	uint64_t at_ns = clock_now();
	struct proc_text file;
	int ret;

	ret = proc_read(process->dir, "maps", HOST_MAP_TEXT_MAX, &file);
	if (ret)
		return process_failed(process, ret, "read its memory map", err);
	/* A process that is just ending has no memory any more: an empty file */
	if (!file.len) {
		free(file.text);
		return process_failed(process, -ESRCH, "read its memory map",
				      err);
	}
	ret = host_map_parse(out, file.text, file.len, err);
	free(file.text);
	if (ret)
		return ret;
	out->truncated |= file.truncated;
	out->at_ns = at_ns;
	return 0;
}

int host_map_read(const struct process *process, struct host_map *out,
		  struct slotscope_error *err)
{
	int ret, i;

	for (i = 0; i < TRIES; i++) {
		ret = read_once(process, out, err);
		if (ret != -EINVAL)
			return ret;
	}
	process_failed(process, -EAGAIN, "read its memory map", err);
	error_why(err, "it contradicted itself %d times", TRIES);
	return error_next(err, "its mappings change too fast: stop the VM (not "
			       "the VMM), or try again");
}
