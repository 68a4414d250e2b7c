// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>

#include "trace/impl.h"

/*
 * From one key to the next: a search for the first would begin each time at the
 * first bucket, and there are many.
 */
void map_clear(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	uint64_t key, prev;
	int ret = bpf_map_get_next_key(fd, NULL, &key);

	while (!ret) {
		prev = key;
		ret = bpf_map_get_next_key(fd, &prev, &key);
		if (bpf_map_delete_elem(fd, &prev))
			return;
	}
}
