// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "machine/dimm.h"

static gpa_t round_up(gpa_t addr, uint64_t align)
{
	return (addr + align - 1) / align * align;
}

static const struct dimm *in_slot(const struct dimms *dimms, uint64_t slot)
{
	size_t i;

	for (i = 0; i < dimms->nr; i++)
		if (dimms->list[i].slot == slot)
			return &dimms->list[i];
	return NULL;
}

static int choose_slot(const struct dimms *dimms, unsigned int slots,
		       struct dimm *d, struct slotscope_error *err)
{
	if (!d->slot_given) {
		for (d->slot = 0; d->slot < slots && in_slot(dimms, d->slot);)
			d->slot++;
		if (d->slot < slots)
			return 0;
		err->code = ENOSPC;
		return error_why(err, "all %u slots are taken", slots);
	}
	if (d->slot >= slots)
		return error_why(err,
				 "there is no slot %" PRIu64
				 ", but slots 0 to %u",
				 d->slot, slots - 1);
	if (!in_slot(dimms, d->slot))
		return 0;
	err->code = EBUSY;
	return error_why(err, "slot %" PRIu64 " has \"%s\"", d->slot,
			 in_slot(dimms, d->slot)->id);
}

static bool overlap(const struct dimm *a, gpa_t addr, uint64_t size)
{
	return a->addr < addr + size && addr < a->addr + a->size;
}

static int check_addr(const struct dimms *dimms, const struct ram_layout *l,
		      const struct dimm *d, struct slotscope_error *err)
{
	gpa_t end = l->device_start + l->device_size;
	size_t i;

	if (d->addr % d->align)
		return error_why(err,
				 "the address 0x%" PRIx64
				 " is no multiple of 0x%" PRIx64,
				 d->addr, d->align);
	if (d->addr < l->device_start || d->addr >= end ||
	    d->size > end - d->addr)
		return error_why(err,
				 "at 0x%" PRIx64
				 " it is not within the room for DIMMs, "
				 "0x%" PRIx64 " to 0x%" PRIx64,
				 d->addr, l->device_start, end - 1);
	for (i = 0; i < dimms->nr; i++) {
		if (!overlap(&dimms->list[i], d->addr, d->size))
			continue;
		err->code = EBUSY;
		return error_why(err,
				 "\"%s\" is at 0x%" PRIx64 " to 0x%" PRIx64,
				 dimms->list[i].id, dimms->list[i].addr,
				 dimms->list[i].addr + dimms->list[i].size - 1);
	}
	return 0;
}

static int choose_addr(const struct dimms *dimms, const struct ram_layout *l,
		       struct dimm *d, struct slotscope_error *err)
{
	gpa_t end = l->device_start + l->device_size;
	size_t i;

	if (d->addr_given)
		return check_addr(dimms, l, d, err);
	d->addr = round_up(l->device_start, d->align);
	for (i = 0; i < dimms->nr; i++)
		if (overlap(&dimms->list[i], d->addr, d->size))
			d->addr = round_up(dimms->list[i].addr +
						   dimms->list[i].size,
					   d->align);
	if (d->addr < end && d->size <= end - d->addr)
		return 0;
	err->code = ENOSPC;
	return error_why(err,
			 "no gap in the room for DIMMs is large enough "
			 "at a multiple of 0x%" PRIx64,
			 d->align);
}

/* Less than there is room for: that has 1 GiB more for each slot */
static int check_total(const struct dimms *dimms,
		       const struct machine_options *o, const struct dimm *d,
		       struct slotscope_error *err)
{
	uint64_t most = o->max_ram - o->ram_size, used = 0;
	size_t i;

	for (i = 0; i < dimms->nr; i++)
		used += dimms->list[i].size;
	if (d->size <= most - used)
		return 0;
	err->code = ENOSPC;
	return error_why(err,
			 "%" PRIu64 " MiB of the %" PRIu64
			 " MiB that maxmem= left are in use",
			 used >> 20, most >> 20);
}

/*
 * Choose slot and address, or check those that are given: the lowest free slot, the
 * lowest gap that fits. -EINVAL for what never fits, -ENOSPC if there is no room, -EBUSY
 * for what another one has. -ENODEV: this machine takes none.
 */
static int place(const struct dimms *dimms, const struct machine_options *o,
		 const struct ram_layout *l, struct dimm *d,
		 struct slotscope_error *err)
{
	int ret;

	error_set(err, EINVAL, "plug the DIMM \"%s\" of %" PRIu64 " MiB", d->id,
		  d->size >> 20);
	if (!l->device_size || !o->ram_slots) {
		error_next(err, "start with -m SIZE,slots=N,maxmem=SIZE, and "
				"-M pc or -M q35");
		err->code = ENODEV;
		return error_why(err, "this machine has no slots for DIMMs");
	}
	if (!d->size || d->size % d->align)
		return error_why(err, "its size is no multiple of 0x%" PRIx64,
				 d->align);
	ret = choose_slot(dimms, o->ram_slots, d, err);
	if (!ret)
		ret = check_total(dimms, o, d, err);
	if (!ret)
		ret = choose_addr(dimms, l, d, err);
	if (!ret)
		*err = (struct slotscope_error){};
	return ret;
}

struct dimm *dimm_find(struct dimms *dimms, const char *id)
{
	size_t i;

	for (i = 0; i < dimms->nr && *id; i++)
		if (!strcmp(dimms->list[i].id, id))
			return &dimms->list[i];
	return NULL;
}

int dimm_plug(struct machine *m, struct dimms *dimms, struct dimm *d,
	      struct slotscope_error *err)
{
	struct ram_block *block = memory_region_info(d->region)->ram_block;
	size_t at;
	int ret;

	if (dimm_find(dimms, d->id)) {
		error_set(err, EEXIST, "plug the DIMM \"%s\"", d->id);
		return error_why(err, "there is a device of that name already");
	}
	ret = place(dimms, m->options, &m->layout, d, err);
	if (ret)
		return ret;
	/* First: the commit asks whether a migration watches it, and a slot that
	 * is made without its dirty log stays so */
	ram_block_set_migratable(block, true);
	ret = memory_region_add_subregion(m->device_memory,
					  d->addr - m->layout.device_start,
					  d->region, err);
	if (ret) {
		ram_block_set_migratable(block, false);
		return ret;
	}
	for (at = 0; at < dimms->nr && dimms->list[at].addr < d->addr;)
		at++;
	memmove(&dimms->list[at + 1], &dimms->list[at],
		(dimms->nr - at) * sizeof(*d));
	dimms->list[at] = *d;
	dimms->nr++;
	return 0;
}

int dimm_unplug(struct machine *m, struct dimms *dimms, struct dimm *d,
		struct slotscope_error *err)
{
	int ret = memory_region_del_subregion(m->device_memory, d->region, err);

	if (ret)
		return ret;
	ram_block_set_migratable(memory_region_info(d->region)->ram_block,
				 false);
	dimms->nr--;
	memmove(d, d + 1, (&dimms->list[dimms->nr] - d) * sizeof(*d));
	return 0;
}
