// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls of an api.log, made of our model */
#include <errno.h>
#include <string.h>

#include "replay/line.h"
#include "replay/private.h"

/* QEMU's RAMBlock flags that have a meaning here */
enum {
	QEMU_RAM_SHARED = 1 << 1,
	QEMU_RAM_RESIZEABLE = 1 << 2,
	QEMU_RAM_MIGRATABLE = 1 << 4,
	QEMU_RAM_READONLY = 1 << 7,
};

static int bad_line(struct slotscope_error *err, const char *why)
{
	error_set(err, EPROTO, "make the call");
	return error_why(err, "%s", why);
}

/* The region whose number is the @n-th word, or the value of @name */
static struct memory_region *get_region(const struct replay *replay,
					const char *line, unsigned int n,
					struct slotscope_error *err)
{
	struct replay_region *found = NULL;
	memory_size_t id;

	if (replay_line_word(line, n, &id) && id <= INT32_MAX)
		found = replay_find(replay, id);
	if (!found)
		bad_line(err, "it names a region that is not defined");
	return found ? found->region : NULL;
}

/* A number that fits an address, as the @n-th word */
static bool get_u64(const char *line, unsigned int n, uint64_t *value,
		    struct slotscope_error *err)
{
	memory_size_t wide;

	if (!replay_line_word(line, n, &wide) || wide >= MEMORY_SIZE_2_64) {
		bad_line(err, "a number is missing or too large");
		return false;
	}
	*value = wide;
	return true;
}

static bool get_value(const char *line, const char *name, uint64_t *value,
		      struct slotscope_error *err)
{
	memory_size_t wide;

	if (!replay_line_number(line, name, &wide) ||
	    wide >= MEMORY_SIZE_2_64) {
		error_set(err, EPROTO, "make the call");
		error_why(err, "%s= is missing or too large", name);
		return false;
	}
	*value = wide;
	return true;
}

static bool is_set(const char *line, const char *name)
{
	memory_size_t value;

	return replay_line_number(line, name, &value) && value;
}

static int remember(struct replay *replay, int id, struct memory_region *region,
		    struct slotscope_error *err)
{
	struct replay_region *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return error_set(err, ENOMEM, "remember region %d", id);
	entry->id = id;
	entry->region = region;
	HASH_ADD(by_id, replay->by_id, id, sizeof(entry->id), entry);
	if (entry->lost)
		goto err_free;
	HASH_ADD(by_region, replay->by_region, region, sizeof(entry->region),
		 entry);
	if (entry->lost)
		goto err_by_id;
	return 0;

err_by_id:
	HASH_DELETE(by_id, replay->by_id, entry);
err_free:
	free(entry);
	return error_set(err, ENOMEM, "remember region %d", id);
}

static int create_region(struct replay *replay, const char *line,
			 const char *name, memory_size_t size,
			 struct memory_region **out,
			 struct slotscope_error *err)
{
	struct memory_model *model = replay->model;
	struct ram_block_options ram = { 0 };
	struct replay_region *target;
	uint64_t alias, offset;
	long long rb;

	if (!get_value(line, "alias", &alias, err) ||
	    !get_value(line, "aoff", &offset, err))
		return -EPROTO;
	if (alias) {
		target = alias <= INT32_MAX ? replay_find(replay, alias) : NULL;
		if (!target)
			return bad_line(err, "its alias= is not defined");
		return memory_region_create_alias(model, name, target->region,
						  offset, size, out, err);
	}
	/* "-0x0", or any negative number: no RAMBlock */
	if (!strstr(line, " rb=-") && replay_line_signed(line, "rb", &rb)) {
		ram.block = ram_block_from_offset(model, rb);
		if (!ram.block || ram.block->offset != (uint64_t)rb)
			return bad_line(err, "there is no RAMBlock at its rb=");
		if (size >= MEMORY_SIZE_2_64)
			return bad_line(err, "RAM is never that large");
		if (is_set(line, "romdev"))
			return memory_region_create_rom_device(
				model, name, size, &ram, NULL, NULL, out, err);
		if (is_set(line, "ramd"))
			return memory_region_create_ram_device(
				model, name, size, &ram, out, err);
		return memory_region_create_ram(model, name, size, &ram, out,
						err);
	}
	if (is_set(line, "iommu"))
		return memory_region_create_iommu(model, name, size, NULL, NULL,
						  out, err);
	if (is_set(line, "term"))
		return memory_region_create_io(model, name, size, NULL, NULL,
					       out, err);
	return memory_region_create(model, name, size, out, err);
}

/* A region as it was when the log first met it */
static int define(struct replay *replay, const char *line,
		  struct slotscope_error *err)
{
	struct memory_region *region;
	memory_size_t id, size;
	char name[256];
	int r;

	if (!replay_line_word(line, 1, &id) || id > INT32_MAX || !id)
		return bad_line(err, "the region's number is missing");
	if (replay_find(replay, id))
		return bad_line(err, "the region is defined already");
	if (!replay_line_text(line, "name", name, sizeof(name)) ||
	    !replay_line_number(line, "size", &size))
		return bad_line(err, "name= or size= is missing");
	r = create_region(replay, line, name, size, &region, err);
	if (r)
		return r;
	r = remember(replay, id, region, err);
	if (!r)
		r = memory_region_set_enabled(region, is_set(line, "enabled"),
					      err);
	if (!r)
		r = memory_region_set_readonly(region, is_set(line, "ro"), err);
	if (!r)
		r = memory_region_set_nonvolatile(region, is_set(line, "nv"),
						  err);
	if (!r && is_set(line, "romdev"))
		r = memory_region_set_romd(region, is_set(line, "romd"), err);
	if (!r && is_set(line, "log"))
		r = memory_region_set_log(region, true, err);
	/* Only so that it is what it was: QEMU committed nothing here */
	replay->rendered = false;
	return r;
}

static int ramblock_add(struct replay *replay, const char *line,
			struct slotscope_error *err)
{
	uint64_t offset, used, max, flags, host;
	struct ram_block_options options = { 0 };
	struct ram_block *block;
	char name[256];
	int r;

	if (!replay_line_text(line, "mr", name, sizeof(name)) ||
	    !get_value(line, "offset", &offset, err) ||
	    !get_value(line, "used", &used, err) ||
	    !get_value(line, "max", &max, err) ||
	    !get_value(line, "flags", &flags, err) ||
	    !get_value(line, "host", &host, err))
		return bad_line(err, "mr=, offset=, used=, max=, flags= or "
				     "host= is missing");
	options.hva = host;
	options.max_size = max;
	if (flags & QEMU_RAM_SHARED)
		options.flags |= RAM_SHARED;
	if (flags & QEMU_RAM_RESIZEABLE)
		options.flags |= RAM_RESIZABLE;
	if (flags & QEMU_RAM_MIGRATABLE)
		options.flags |= RAM_MIGRATABLE;
	if (flags & QEMU_RAM_READONLY)
		options.flags |= RAM_READONLY;
	r = ram_block_create(replay->model, name, used, &options, &block, err);
	if (r)
		return r;
	replay->report->offsets++;
	if (block->offset != offset)
		replay_expect(replay, "ramblock at offset 0x%llx",
			      (unsigned long long)block->offset);
	return 0;
}

static int ram_migratable(struct replay *replay, const char *line,
			  struct slotscope_error *err)
{
	struct ram_block *block;
	uint64_t offset, on;

	if (!get_value(line, "offset", &offset, err) ||
	    !get_u64(line, 2, &on, err))
		return -EPROTO;
	block = ram_block_from_offset(replay->model, offset);
	if (!block)
		return bad_line(err, "there is no RAMBlock at its offset=");
	ram_block_set_migratable(block, on);
	return 0;
}

static int as_init(struct replay *replay, const char *line,
		   struct slotscope_error *err)
{
	struct replay_region *root;
	struct address_space *as;
	uint64_t id;
	char name[256];

	if (!replay_line_text(line, NULL, name, sizeof(name)) ||
	    !get_value(line, "root", &id, err))
		return bad_line(err, "its name or root= is missing");
	root = id <= INT32_MAX ? replay_find(replay, id) : NULL;
	if (!root)
		return bad_line(err, "its root= is not defined");
	return address_space_create(replay->model, name, root->region, &as,
				    err);
}

static int listener_register(struct replay *replay, const char *line,
			     struct slotscope_error *err)
{
	struct address_space *as;
	char name[64], as_name[256];
	long long priority;

	if (!replay_line_text(line, NULL, name, sizeof(name)) ||
	    !replay_line_text(line, "as", as_name, sizeof(as_name)) ||
	    !replay_line_signed(line, "prio", &priority))
		return bad_line(err, "its name, prio= or as= is missing");
	as = replay_address_space(replay, as_name);
	if (!as)
		return bad_line(err, "its as= is not defined");
	return replay_listen(replay, name, priority, as, err);
}

static int add(struct replay *replay, const char *line,
	       struct slotscope_error *err)
{
	struct memory_region *container = get_region(replay, line, 1, err);
	struct memory_region *region = get_region(replay, line, 3, err);
	long long priority;
	uint64_t offset;

	if (!container || !region || !get_u64(line, 2, &offset, err))
		return -EPROTO;
	if (!replay_line_signed(line, "prio", &priority) ||
	    priority < INT32_MIN || priority > INT32_MAX)
		return bad_line(err, "prio= is missing or too large");
	return memory_region_add_subregion_overlap(container, offset, priority,
						   region, err);
}

static int del(struct replay *replay, const char *line,
	       struct slotscope_error *err)
{
	struct memory_region *container = get_region(replay, line, 1, err);
	struct memory_region *region = get_region(replay, line, 2, err);

	if (!container || !region)
		return -EPROTO;
	return memory_region_del_subregion(container, region, err);
}

static int free_region(struct replay *replay, const char *line,
		       struct slotscope_error *err)
{
	struct memory_region *region = get_region(replay, line, 1, err);
	struct replay_region *entry;

	if (!region)
		return -EPROTO;
	if (memory_region_refs(region) != 1) {
		error_set(err, EBUSY, "free memory region %s",
			  memory_region_info(region)->name);
		return error_why(err, "it is still in use");
	}
	HASH_FIND(by_region, replay->by_region, &region, sizeof(region), entry);
	HASH_DELETE(by_id, replay->by_id, entry);
	HASH_DELETE(by_region, replay->by_region, entry);
	free(entry);
	memory_region_unref(region);
	return 0;
}

static int eventfd(struct replay *replay, const char *line,
		   struct slotscope_error *err)
{
	struct memory_region *region = get_region(replay, line, 1, err);
	struct memory_ioeventfd e = { 0 };
	uint64_t size, match;
	long long fd;

	if (!region || !get_u64(line, 2, &e.addr, err) ||
	    !get_value(line, "size", &size, err) ||
	    !get_value(line, "match", &match, err) ||
	    !get_value(line, "data", &e.data, err) ||
	    !replay_line_signed(line, "fd", &fd))
		return bad_line(err, "a number is missing or too large");
	e.size = size;
	e.match_data = match;
	e.fd = fd;
	return replay_line_is(line, "add_eventfd") ?
		       memory_region_add_eventfd(region, &e, err) :
		       memory_region_del_eventfd(region, &e, err);
}

static int add_coalescing(struct replay *replay, const char *line,
			  struct slotscope_error *err)
{
	struct memory_region *region = get_region(replay, line, 1, err);
	uint64_t offset, size;

	if (!region || !get_u64(line, 2, &offset, err) ||
	    !get_u64(line, 3, &size, err))
		return -EPROTO;
	return memory_region_add_coalescing(region, offset, size, err);
}

static int clear_coalescing(struct replay *replay, const char *line,
			    struct slotscope_error *err)
{
	struct memory_region *region = get_region(replay, line, 1, err);

	if (!region)
		return -EPROTO;
	memory_region_clear_coalescing(region);
	return 0;
}

/* Those that take a region and one value */
static int set(struct replay *replay, const char *line,
	       struct slotscope_error *err)
{
	struct memory_region *region = get_region(replay, line, 1, err);
	struct ram_block *block;
	memory_size_t value;

	if (!region)
		return -EPROTO;
	if (!replay_line_word(line, 2, &value))
		return bad_line(err, "its value is missing or too large");
	if (replay_line_is(line, "set_enabled"))
		return memory_region_set_enabled(region, value, err);
	if (replay_line_is(line, "set_readonly"))
		return memory_region_set_readonly(region, value, err);
	if (replay_line_is(line, "set_nonvolatile"))
		return memory_region_set_nonvolatile(region, value, err);
	if (replay_line_is(line, "set_romd"))
		return memory_region_set_romd(region, value, err);
	/* ID, on or off, client; the only client is VGA, 0 */
	if (replay_line_is(line, "set_log"))
		return memory_region_set_log(region, value, err);
	/* QEMU's calls take 2^64 - 1 for 2^64 */
	if (replay_line_is(line, "set_size"))
		return memory_region_set_size(
			region, value == UINT64_MAX ? MEMORY_SIZE_2_64 : value,
			err);
	if (value >= MEMORY_SIZE_2_64)
		return bad_line(err, "its value is too large");
	if (replay_line_is(line, "set_address"))
		return memory_region_set_address(region, value, err);
	if (replay_line_is(line, "set_alias_offset"))
		return memory_region_set_alias_offset(region, value, err);
	block = memory_region_info(region)->ram_block;
	if (!block)
		return bad_line(err, "the region has no RAM");
	return ram_block_resize(block, value, err);
}

static int transaction(struct replay *replay, const char *line,
		       struct slotscope_error *err)
{
	if (replay_line_is(line, "commit"))
		return memory_model_commit(replay->model, err);
	memory_model_begin(replay->model);
	return 0;
}

static int global_dirty_log(struct replay *replay, const char *line,
			    struct slotscope_error *err)
{
	uint64_t flags;

	if (!get_u64(line, 1, &flags, err))
		return -EPROTO;
	if (replay_line_is(line, "global_dirty_log_start"))
		return memory_global_dirty_log_start(replay->model, flags, err);
	return memory_global_dirty_log_stop(replay->model, flags, err);
}

static const struct {
	const char *verb;
	int (*fn)(struct replay *replay, const char *line,
		  struct slotscope_error *err);
} calls[] = {
	{ "add", add },
	{ "add_coalescing", add_coalescing },
	{ "add_eventfd", eventfd },
	{ "as_init", as_init },
	{ "begin", transaction },
	{ "clear_coalescing", clear_coalescing },
	{ "commit", transaction },
	{ "def", define },
	{ "del", del },
	{ "del_eventfd", eventfd },
	{ "free", free_region },
	{ "global_dirty_log_do_stop", global_dirty_log },
	{ "global_dirty_log_start", global_dirty_log },
	{ "listener_register", listener_register },
	{ "ram_migratable", ram_migratable },
	{ "ram_resize", set },
	{ "ramblock_add", ramblock_add },
	{ "set_address", set },
	{ "set_alias_offset", set },
	{ "set_enabled", set },
	{ "set_log", set },
	{ "set_nonvolatile", set },
	{ "set_readonly", set },
	{ "set_romd", set },
	{ "set_size", set },
};

int replay_call(struct replay *replay, const char *line,
		struct slotscope_error *err)
{
	size_t i;
	int r;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (!replay_line_is(line, calls[i].verb))
			continue;
		r = calls[i].fn(replay, line, err);
		return r ? r : 1;
	}
	return 0;
}
