// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Access to one region: memory is copied, a device is asked in pieces that it
 * takes. Which sizes those are follows QEMU's memory_access_size() and
 * access_with_adjusted_size().
 */
#include <string.h>

#include "memory/access.h"
#include "memory/model.h"
#include "memory/region.h"

/* What QEMU takes for granted where ops leave a size at 0 */
#define DEFAULT_MAX_ACCESS 4

/*
 * What may change on a region is asked of the range, which is as it was rendered:
 * another thread may be changing the region.
 */
bool range_is_direct(const struct flat_range *range, bool is_write)
{
	const struct memory_region_info *info = &range->region->info;

	if (info->ram_device)
		return false;
	if (is_write)
		return info->ram && !range->own_readonly;
	return info->ram || (info->rom_device && range->romd_mode);
}

/* How much of an access at @addr can be made at once */
static unsigned int piece_size(const struct memory_region *region,
			       uint64_t addr, uint64_t len)
{
	const struct memory_region_ops *ops = region->ops;
	unsigned int max = DEFAULT_MAX_ACCESS;
	uint64_t align = addr & -addr;

	if (region->info.ram_device)
		max = 8;
	else if (ops && ops->valid.max_access_size)
		max = ops->valid.max_access_size;
	if (!(ops && ops->impl.unaligned) && align && align < max)
		max = align;
	while (max > len)
		max /= 2;
	return max;
}

static uint64_t load(const uint8_t *buf, unsigned int size)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = size; i--;)
		value = value << 8 | buf[i];
	return value;
}

static void store(uint8_t *buf, unsigned int size, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		buf[i] = value >> (8 * i);
}

static uint64_t mask_of(unsigned int size)
{
	return size >= 8 ? UINT64_MAX : (1ull << (8 * size)) - 1;
}

static uint64_t swap(uint64_t value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

static bool is_valid(const struct memory_region *region, uint64_t addr,
		     unsigned int size, bool is_write)
{
	const struct memory_region_ops *ops = region->ops;

	if (!ops || (is_write ? !ops->write : !ops->read))
		return false;
	if (ops->valid.accepts &&
	    !ops->valid.accepts(region->info.opaque, addr, size, is_write))
		return false;
	if (!ops->valid.unaligned && addr & (size - 1))
		return false;
	return !ops->valid.max_access_size ||
	       (size <= ops->valid.max_access_size &&
		size >= ops->valid.min_access_size);
}

/* Shift left by a number that may be negative, and at most 64 either way */
static uint64_t shift_by(uint64_t value, int shift)
{
	if (shift <= -64 || shift >= 64)
		return 0;
	return shift < 0 ? value >> -shift : value << shift;
}

/* One access of the guest, in as many of the device's as that takes */
static unsigned int device_rw(const struct memory_region *region, uint64_t addr,
			      uint64_t *value, unsigned int size, bool is_write)
{
	const struct memory_region_ops *ops = region->ops;
	void *opaque = region->info.opaque;
	bool big = ops->endian == MEMORY_ENDIAN_BIG;
	unsigned int min, max, step, i, result = MEMTX_OK;
	uint64_t data, all = 0;
	int shift;

	min = ops->impl.min_access_size ? ops->impl.min_access_size : 1;
	max = ops->impl.max_access_size ? ops->impl.max_access_size :
					  DEFAULT_MAX_ACCESS;
	step = size < max ? size : max;
	if (step < min)
		step = min;
	for (i = 0; i < size; i += step) {
		shift = 8 * (big ? (int)size - (int)step - (int)i : (int)i);
		if (is_write) {
			data = shift_by(*value, -shift) & mask_of(step);
			result |= ops->write(opaque, addr + i, step, data);
		} else {
			data = 0;
			result |= ops->read(opaque, addr + i, step, &data);
			all |= shift_by(data & mask_of(step), shift);
		}
	}
	if (!is_write)
		*value = all;
	return result;
}

static unsigned int device_piece(const struct memory_region *region,
				 uint64_t addr, uint8_t *buf, unsigned int size,
				 bool is_write)
{
	bool big = region->ops && region->ops->endian == MEMORY_ENDIAN_BIG;
	unsigned int result;
	uint64_t value;

	if (!is_valid(region, addr, size, is_write)) {
		if (!is_write)
			memset(buf, 0, size);
		return MEMTX_DECODE_ERROR;
	}
	value = is_write ? load(buf, size) : 0;
	if (is_write && big)
		value = swap(value, size);
	result = device_rw(region, addr, &value, size, is_write);
	if (!is_write)
		store(buf, size, big ? swap(value, size) : value);
	return result;
}

/* A device's own memory must see the accesses that were made, not a memcpy() */
static void ram_device_piece(volatile uint8_t *host, uint8_t *buf,
			     unsigned int size, bool is_write)
{
	bool fits = !((uintptr_t)host & (size - 1));
	unsigned int i;

#define ACCESS(type)                                \
	do {                                        \
		type v;                             \
		if (is_write) {                     \
			memcpy(&v, buf, sizeof(v)); \
			*(volatile type *)host = v; \
		} else {                            \
			v = *(volatile type *)host; \
			memcpy(buf, &v, sizeof(v)); \
		}                                   \
	} while (0)

	if (size == 8 && fits)
		ACCESS(uint64_t);
	else if (size == 4 && fits)
		ACCESS(uint32_t);
	else if (size == 2 && fits)
		ACCESS(uint16_t);
	else
		for (i = 0; i < size; i++, host++, buf++)
			ACCESS(uint8_t);
#undef ACCESS
}

/*
 * A device decodes the address alone, and takes the access whole, even if its last
 * bytes belong to another region: the 4 bytes at port 0xcf8, of which 0xcf9 is the
 * reset register.
 */
uint64_t range_device_len(const struct flat_range *range, uint64_t offset,
			  uint64_t len)
{
	return piece_size(range->region, offset, len);
}

void ram_written(const struct memory_region *region, uint64_t offset,
		 uint64_t len)
{
	const struct memory_model *model = region->model;

	if (model->ram_written && len)
		model->ram_written(model->ram_written_opaque, region, offset,
				   len);
}

void memory_model_on_ram_written(struct memory_model *model,
				 ram_written_fn written, void *opaque)
{
	model->ram_written = written;
	model->ram_written_opaque = opaque;
}

/* @offset in the range's region; of RAM @len bytes from there are all in it */
unsigned int range_rw(const struct flat_range *range, uint64_t offset,
		      void *buf, uint64_t len, bool is_write)
{
	const struct memory_region *region = range->region;
	const struct ram_block *block = region->info.ram_block;
	bool direct = range_is_direct(range, is_write);
	unsigned int result = MEMTX_OK, size;
	uint8_t *at = buf;

	if ((direct || region->info.ram_device) &&
	    (!block->host || offset > block->max_length ||
	     len > block->max_length - offset)) {
		if (!is_write)
			memset(buf, 0, len);
		return MEMTX_ERROR;
	}
	if (direct && is_write) {
		memcpy((uint8_t *)block->host + offset, buf, len);
		ram_written(region, offset, len);
		return MEMTX_OK;
	}
	if (direct) {
		memcpy(buf, (uint8_t *)block->host + offset, len);
		return MEMTX_OK;
	}
	for (; len; len -= size, offset += size, at += size) {
		size = piece_size(region, offset, len);
		if (!region->info.ram_device)
			result |= device_piece(region, offset, at, size,
					       is_write);
		else if (is_write && range->own_readonly)
			result |= MEMTX_DECODE_ERROR;
		else
			ram_device_piece((uint8_t *)block->host + offset, at,
					 size, is_write);
	}
	return result;
}
