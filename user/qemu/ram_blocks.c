// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "qemu/ram_blocks.h"

/* A name has no space in it; the page size has one. Newer ones tell the host address */
static bool parse_line(const char *line, struct addr_block *out)
{
	char unit[8];
	int psize, n;

	*out = (struct addr_block){};
	n = sscanf(line,
		   " %255s %d %7s %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   out->name, &psize, unit, &out->ram_addr, &out->used,
		   &out->total, &out->hva);
	return n >= 6;
}

int ram_blocks_parse(const char *text, struct addr_block **out)
{
	struct addr_block *list, one;
	size_t nr = 0, cap = 0;
	const char *line;
	int ret = 0;

	*out = NULL;
	while (*text == ' ')
		text++;
	if (strncmp(text, "Block Name", 10))
		return -EINVAL;
	for (line = strchr(text, '\n'); line && line[1] && !ret;
	     line = strchr(line + 1, '\n')) {
		if (!parse_line(line + 1, &one))
			continue;
		list = grown(*out, nr, &cap, sizeof(*list));
		ret = list ? 0 : -ENOMEM;
		if (ret)
			break;
		*out = list;
		list[nr++] = one;
	}
	if (!ret && nr)
		return (int)nr;
	free(*out);
	*out = NULL;
	return ret ? ret : -EINVAL;
}

int ram_blocks_read(struct qmp *q, struct addr_block **out,
		    struct slotscope_error *err)
{
	char *text;
	int ret = qmp_hmp(q, "info ramblock", &text, err);

	*out = NULL;
	if (ret)
		return ret;
	ret = ram_blocks_parse(text, out);
	if (ret == -EINVAL) {
		ret = error_set(err, EPROTO,
				"run 'info ramblock' on QMP socket %s",
				qmp_name(q));
		error_why(err, "QEMU %s answered: \"%.*s\"", qmp_version(q),
			  (int)strcspn(text, "\r\n"), text);
	} else if (ret < 0) {
		error_set(err, ENOMEM, "keep the RAMBlocks");
	}
	free(text);
	return ret;
}
