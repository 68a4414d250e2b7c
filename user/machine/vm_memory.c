// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "machine/ram.h"
#include "machine/vm_memory.h"

static struct backend *find(struct vm_memory *mem, const char *id)
{
	size_t i;

	for (i = 0; i < BACKENDS_MAX; i++)
		if (!strcmp(mem->backends[i].options.id, id))
			return &mem->backends[i];
	return NULL;
}

/* Its RAMBlock is there from now on, as in QEMU, though no guest sees it yet */
static int open_backend(struct vm_memory *mem, struct memory_model *model,
			const struct backend_options *options,
			struct slotscope_error *err)
{
	struct ram_block_options ram = {};
	struct backend *b = find(mem, "");
	int ret;

	if (find(mem, options->id) || !b) {
		error_set(err, EEXIST, "make the object \"%s\"", options->id);
		return error_why(err, b ? "there is one of that name already" :
					  "there is no room for more");
	}
	ret = backend_open(b, options, err);
	if (ret)
		goto err_free;
	backend_ram_options(b, &ram);
	ret = ram_block_create(model, options->id, options->size, &ram,
			       &b->block, err);
	if (ret)
		goto err_close;
	return 0;

err_close:
	backend_close(b, true);
err_free:
	*b = (struct backend){ .fd = -1 };
	return ret;
}

int vm_memory_open(struct vm_memory *mem, struct memory_model *model,
		   const struct backend_options *objects, size_t nr,
		   struct slotscope_error *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = open_backend(mem, model, &objects[i], err);
	return ret;
}

void vm_memory_close(struct vm_memory *mem, bool undo)
{
	size_t i;

	for (i = 0; i < BACKENDS_MAX; i++)
		if (mem->backends[i].options.id[0])
			backend_close(&mem->backends[i], undo);
	while (mem->nr_own) {
		mem->nr_own--;
		ram_unmap(mem->own[mem->nr_own].host,
			  mem->own[mem->nr_own].size);
	}
}

int vm_memory_alloc(struct vm_memory *mem, const char *name, uint64_t size,
		    struct ram_block_options *ram, struct slotscope_error *err)
{
	struct backend *b = find(mem, name);
	void *host;
	int ret;

	if (b && *name) {
		b->in_use = true;
		ram->block = b->block;
		ram_block_set_migratable(b->block, true);
		return 0;
	}
	if (mem->nr_own == VM_OWN_BLOCKS)
		return error_set(err, ENOSPC, "make room for %s", name);
	ret = ram_map(name, size, &host, err);
	if (ret)
		return ret;
	snprintf(mem->own[mem->nr_own].name, BACKEND_ID_SIZE, "%s", name);
	mem->own[mem->nr_own].host = host;
	mem->own[mem->nr_own++].size = size;
	ram->host = host;
	return 0;
}

void *vm_memory_own(const struct vm_memory *mem, const char *name)
{
	size_t i;

	for (i = 0; i < mem->nr_own; i++)
		if (!strcmp(mem->own[i].name, name))
			return mem->own[i].host;
	return NULL;
}

/* A name of the board's own, for which the monitor would show two blocks */
static bool is_taken(const struct vm_memory *mem, const char *id)
{
	return vm_memory_own(mem, id);
}

int vm_memory_object_add(struct vm_memory *mem, struct memory_model *model,
			 struct keyval *kv, struct slotscope_error *err)
{
	static struct backend_options options; /* large, and the lock is held */
	int ret = backend_parse(kv, &options, err);

	if (ret)
		return ret;
	if (is_taken(mem, options.id)) {
		error_set(err, EEXIST, "make the object \"%s\"", options.id);
		return error_why(err, "the board has memory of that name");
	}
	return open_backend(mem, model, &options, err);
}

int vm_memory_object_del(struct vm_memory *mem, const char *id,
			 struct slotscope_error *err)
{
	struct backend *b = *id ? find(mem, id) : NULL;
	int ret = 0;

	error_set(err, ENOENT, "remove the object \"%.80s\"", id);
	if (!b)
		return error_why(err, "there is none of that name");
	if (b->in_use) {
		err->code = EBUSY;
		return error_why(err, "it is in use");
	}
	*err = (struct slotscope_error){};
	/* The block goes with the region that has it */
	if (b->region)
		memory_region_unref(b->region);
	else
		ret = ram_block_destroy(b->block, err);
	if (ret)
		return ret;
	backend_close(b, false);
	*b = (struct backend){ .fd = -1 };
	return 0;
}

static int create_region(struct backend *b, struct machine *m,
			 struct slotscope_error *err)
{
	const struct ram_block_options ram = { .block = b->block };
	char owner[BACKEND_ID_SIZE + 32];
	int ret;

	if (b->region)
		return 0;
	ret = memory_region_create_ram(m->model, b->options.id, b->options.size,
				       &ram, &b->region, err);
	if (ret)
		return ret;
	snprintf(owner, sizeof(owner), "obj path=/objects/%s", b->options.id);
	return memory_region_set_owner(b->region, owner, NULL, err);
}

static int parse_dimm(struct keyval *kv, struct dimm *d, char *memdev,
		      struct slotscope_error *err)
{
	const char *driver = keyval_take(kv, "driver");
	uint64_t node = 0;
	int ret;

	if (!driver || strcmp(driver, "pc-dimm")) {
		error_set(err, EINVAL, "add the device \"%.60s\"",
			  driver ? driver : "");
		return error_why(err, "pc-dimm is the only one that can be "
				      "plugged");
	}
	d->addr_given = keyval_take(kv, "addr");
	d->slot_given = keyval_take(kv, "slot");
	ret = keyval_take_id(kv, "id", d->id, sizeof(d->id), err);
	if (!ret)
		ret = keyval_take_id(kv, "memdev", memdev, BACKEND_ID_SIZE,
				     err);
	if (!ret && !memdev[0])
		ret = keyval_missing(kv, "memdev", err);
	if (!ret)
		ret = keyval_take_number(kv, "addr", &d->addr, err);
	if (!ret)
		ret = keyval_take_number(kv, "slot", &d->slot, err);
	/* To which node it belongs is told by ACPI, of which there is none */
	if (!ret)
		ret = keyval_take_number(kv, "node", &node, err);
	return ret ? ret : keyval_done(kv, err);
}

int vm_memory_device_add(struct vm_memory *mem, struct machine *m,
			 struct keyval *kv, struct dimm **plugged,
			 struct slotscope_error *err)
{
	char memdev[BACKEND_ID_SIZE] = "";
	struct dimm dimm = {};
	struct backend *b;
	size_t i;
	int ret = parse_dimm(kv, &dimm, memdev, err);

	if (ret)
		return ret;
	b = find(mem, memdev);
	if (!b || b->in_use) {
		error_set(err, b ? EBUSY : ENOENT,
			  "use memdev=%s of device_add", memdev);
		error_why(err, b ? "it is in use" :
				   "there is no object of that name");
		return error_next(err, "make one with object_add "
				       "memory-backend-ram,id=NAME,size=SIZE");
	}
	ret = create_region(b, m, err);
	if (ret)
		return ret;
	dimm.region = b->region;
	dimm.size = b->options.size;
	/* What QEMU aligns to: huge pages may come for anonymous memory */
	dimm.align = b->fd < 0 ? RAM_ALIGN : b->page_size;
	ret = dimm_plug(m, &mem->dimms, &dimm, err);
	if (ret)
		return ret;
	b->in_use = true;
	for (i = 0; mem->dimms.list[i].region != b->region;)
		i++;
	*plugged = &mem->dimms.list[i];
	return 0;
}

int vm_memory_unplug(struct vm_memory *mem, struct machine *m,
		     struct dimm *dimm, struct slotscope_error *err)
{
	struct memory_region *region = dimm->region;
	size_t i;
	int ret = dimm_unplug(m, &mem->dimms, dimm, err);

	for (i = 0; i < BACKENDS_MAX && !ret; i++)
		if (mem->backends[i].region == region)
			mem->backends[i].in_use = false;
	return ret;
}
