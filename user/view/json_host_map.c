// SPDX-License-Identifier: GPL-2.0-or-later
/* host_map as JSON */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_value.h"
#include "view/json.h"
#include "view/names.h"

int host_range_details_to_json(const struct host_range *range,
			       struct json_object *obj)
{
	int ret = 0;

	if (range->file > HOST_FILE_NONE)
		ret |= json_put_str(obj, "file_type",
				    host_file_names[range->file]);
	if (range->file == HOST_FILE_REGULAR || range->file == HOST_FILE_BLOCK)
		ret |= json_put_hex(obj, "reach", range->reach);
	if (range->page_size)
		ret |= json_put_hex(obj, "page_size", range->page_size);
	if (range->detailed)
		ret |= json_put_bits(obj, "vm_flags", host_vm_flag_names,
				     HOST_VM_FLAGS, range->vm_flags);
	if (range->thp)
		ret |= json_put_bool(obj, "thp", range->thp == HOST_THP_YES);
	if (range->copied)
		ret |= json_put_hex(obj, "copied", range->copied);
	return ret;
}

static struct json_object *range_to_json(const struct host_range *range)
{
	struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj)
		return NULL;
	ret |= json_put_hex(obj, "start", range->start);
	ret |= json_put_hex(obj, "end", range->end);
	ret |= json_put_bool(obj, "read", range->read);
	ret |= json_put_bool(obj, "write", range->write);
	ret |= json_put_bool(obj, "shared", range->shared);
	if (range->path) {
		ret |= json_put_str(obj, "path", range->path);
		ret |= json_put_hex(obj, "offset", range->offset);
		ret |= json_put_u64(obj, "dev_major", range->dev_major);
		ret |= json_put_u64(obj, "dev_minor", range->dev_minor);
		ret |= json_put_hex(obj, "inode", range->inode);
	}
	ret |= host_range_details_to_json(range, obj);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

struct json_object *host_map_to_json(const struct host_map *map)
{
	struct json_object *obj = json_object_new_object();
	struct json_object *ranges = json_object_new_array();
	int ret = 0;

	if (!obj || !ranges) {
		json_object_put(ranges);
		json_object_put(obj);
		return NULL;
	}
	for (size_t i = 0; i < map->nr; i++)
		ret |= json_add(ranges, range_to_json(&map->ranges[i]));
	ret |= json_put_u64(obj, "version", SLOTSCOPE_JSON_VERSION);
	ret |= json_put_u64(obj, "at_ns", map->at_ns);
	ret |= json_put_bool(obj, "truncated", map->truncated);
	ret |= json_put(obj, "ranges", ranges);
	if (ret) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

static void range_from_json_in(const struct json_in *in,
			       struct host_range *range)
{
	const char *path;

	memset(range, 0, sizeof(*range));
	range->start = json_in_hex(in, "start", UINT64_MAX);
	range->end = json_in_hex(in, "end", UINT64_MAX);
	range->read = json_in_bool(in, "read");
	range->write = json_in_bool(in, "write");
	range->shared = json_in_bool(in, "shared");
	range->offset = json_in_hex_or(in, "offset", UINT64_MAX, 0);
	range->dev_major = json_in_u64_or(in, "dev_major", UINT32_MAX, 0);
	range->dev_minor = json_in_u64_or(in, "dev_minor", UINT32_MAX, 0);
	range->inode = json_in_hex_or(in, "inode", UINT64_MAX, 0);
	range->page_size = json_in_hex_or(in, "page_size", UINT64_MAX, 0);
	range->reach = json_in_hex_or(in, "reach", UINT64_MAX, 0);
	range->copied = json_in_hex_or(in, "copied", UINT64_MAX, 0);
	if (json_in_has(in, "thp"))
		range->thp = json_in_bool(in, "thp") ? HOST_THP_YES :
						       HOST_THP_NO;
	range->detailed = json_in_has(in, "vm_flags");
	if (range->detailed)
		range->vm_flags = json_in_bits(
			in, "vm_flags", host_vm_flag_names, HOST_VM_FLAGS);
	range->file = range->inode ? HOST_FILE_UNKNOWN : HOST_FILE_NONE;
	if (json_in_has(in, "file_type"))
		range->file = json_in_name(in, "file_type", host_file_names,
					   HOST_FILE_NAMES);
	path = json_in_str_or(in, "path", NULL);
	if (range->start >= range->end)
		json_in_fail(in, "end", "is not above \"start\"");
	if (*in->ret || !path)
		return;
	range->path = strdup(path);
	if (!range->path)
		json_in_nomem(in);
}

int host_map_from_json(struct json_object *obj, struct host_map *map,
		       struct slotscope_error *err)
{
	struct json_in ranges;
	struct json_in item;
	struct json_in in;
	size_t nr;
	int ret;

	host_map_init(map);
	in = json_in_top(obj, "memory map", &ret, err);
	json_in_version(&in);
	map->at_ns = json_in_u64_or(&in, "at_ns", UINT64_MAX, 0);
	map->truncated = json_in_bool(&in, "truncated");
	ranges = json_in_array(&in, "ranges");
	nr = json_in_nr(&ranges);
	map->ranges = calloc(nr ? nr : 1, sizeof(*map->ranges));
	if (!map->ranges)
		json_in_nomem(&in);
	for (size_t i = 0; i < nr && !ret; i++) {
		item = json_in_item(&ranges, i);
		range_from_json_in(&item, &map->ranges[i]);
		map->nr = i + 1;
		if (i && map->ranges[i].start < map->ranges[i - 1].end)
			json_in_fail(&item, "start", "is below the end before");
	}
	if (ret)
		host_map_deinit(map);
	return ret;
}
