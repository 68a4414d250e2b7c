/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold of look-ups and accesses in one view, given the ranges that the
 * second renderer found: which section answers at each edge and just outside;
 * what a read brings and a write changes, byte by byte; what a device was asked.
 */
#ifndef SLOTSCOPE_TEST_MEMORY_RANDOM_ACCESS_H
#define SLOTSCOPE_TEST_MEMORY_RANDOM_ACCESS_H

#include "memory_random.h"

#define MAX_ACCESS 16
#define MAP_LEN	   0x3000

/* What the RAM should hold: written to by the rules alone */
static uint8_t shadow[NR_RAM][RAM_STRIDE];

struct look {
	struct address_space *as;
	const struct flat_view *view;
	const struct oracle *o;
	const char *why;
};

static void look_wrong(struct look *look, const char *why)
{
	if (!look->why)
		look->why = why;
}

static uint64_t last_of(const struct flat_range *range)
{
	return range->addr + (uint64_t)(range->size - 1);
}

/* By the oracle: the last range that does not begin behind @addr */
static const struct flat_range *oracle_at(const struct look *look,
					  uint64_t addr)
{
	size_t low = 0, high = look->o->nr, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (look->o->ranges[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || last_of(&look->o->ranges[low - 1]) < addr)
		return NULL;
	return &look->o->ranges[low - 1];
}

/* Which of the pool's regions it is; those of the crowd are none */
static unsigned int number_of(const struct memory_region *region)
{
	const char *name = memory_region_info(region)->name;

	return *name == 'r' ? atoi(name + 1) : POOL;
}

static bool is_section(const struct memory_region_section *section,
		       const struct flat_range *range)
{
	return section->region == range->region &&
	       section->size == range->size &&
	       section->offset_within_address_space == range->addr &&
	       section->offset_within_region == range->offset_in_region &&
	       section->readonly == range->readonly &&
	       section->nonvolatile == range->nonvolatile;
}

static void look_at(struct look *look, uint64_t addr)
{
	const struct flat_range *range = oracle_at(look, addr);
	struct memory_region_section section;
	bool found = flat_view_find_section(look->view, addr, &section);

	if (found != !!range)
		look_wrong(look, found ? "dispatch finds what is not there" :
					 "dispatch does not find what is");
	else if (found && !is_section(&section, range))
		look_wrong(look, "dispatch finds another section");
}

/* The byte that stands behind an offset of a pool's region with RAM */
static uint8_t *shadow_at(unsigned int number, uint64_t offset)
{
	return &shadow[number - FIRST_RAM][offset];
}

static bool is_direct(const struct flat_range *range, bool is_write)
{
	const struct memory_region_info *info =
		memory_region_info(range->region);

	if (is_write)
		return info->ram && !info->readonly;
	return info->ram || (info->rom_device && info->romd_mode);
}

struct expected {
	uint8_t buf[MAX_ACCESS];
	unsigned int result;
	struct device_log log;
};

static uint64_t value_of(const uint8_t *buf, unsigned int size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | buf[size];
	return value;
}

/* What the guest may do at once, at offsets that are a multiple of it */
static unsigned int guest_piece(unsigned int number, uint64_t offset,
				unsigned int len)
{
	const struct memory_region_ops *ops = device_ops_of(number);
	unsigned int size = 4;

	if (ops && ops->valid.max_access_size)
		size = ops->valid.max_access_size;
	while (size > len || offset % size)
		size /= 2;
	return size;
}

/* An access is cut to such pieces; each of them to what the device can */
static void expect_device(struct expected *e, unsigned int number,
			  uint64_t offset, uint8_t *buf, unsigned int len,
			  bool is_write)
{
	const struct memory_region_ops *ops = device_ops_of(number);
	unsigned int device = 4, size, step, i;

	if (!ops) {
		e->result |= MEMTX_DECODE_ERROR;
		if (!is_write)
			memset(buf, 0, len);
		return;
	}
	if (ops->impl.max_access_size)
		device = ops->impl.max_access_size;
	for (; len; len -= size, offset += size, buf += size) {
		size = guest_piece(number, offset, len);
		step = size < device ? size : device;
		for (i = 0; i < size; i += step)
			note_access(&e->log, number, offset + i, step,
				    is_write ? value_of(buf + i, step) : 0);
		for (i = 0; i < size && !is_write; i++)
			buf[i] = device_byte(number, offset + i);
	}
}

/* @e->buf: what is written; or will have been read */
static void expect(const struct look *look, struct expected *e, uint64_t addr,
		   unsigned int len, bool is_write)
{
	const struct flat_range *range;
	unsigned int at, n, number;
	uint64_t offset;

	for (at = 0; at < len; at += n) {
		range = oracle_at(look, addr + at);
		for (n = 1; at + n < len; n++)
			if (oracle_at(look, addr + at + n) != range)
				break;
		if (!range) {
			e->result |= MEMTX_DECODE_ERROR;
			if (!is_write)
				memset(e->buf + at, 0, n);
			continue;
		}
		offset = range->offset_in_region + (addr + at - range->addr);
		number = number_of(range->region);
		if (!is_direct(range, is_write)) {
			/* It is asked for all, though another has the end */
			n = guest_piece(number, offset, len - at);
			expect_device(e, number, offset, e->buf + at, n,
				      is_write);
		} else if (is_write) {
			memcpy(shadow_at(number, offset), e->buf + at, n);
		} else {
			memcpy(e->buf + at, shadow_at(number, offset), n);
		}
	}
}

static bool ram_as_shadow(const struct look *look, uint64_t addr,
			  unsigned int len)
{
	const struct flat_range *range = NULL;
	unsigned int at, number;
	uint64_t offset, from;

	for (at = 0; at < len; at++) {
		range = oracle_at(look, addr + at);
		if (!range || !memory_region_info(range->region)->ram_block)
			continue;
		number = number_of(range->region);
		offset = range->offset_in_region + (addr + at - range->addr);
		/* Also what lies around it must not have been written */
		from = offset < 8 ? 0 : offset - 8;
		if (memcmp(&host_ram[number - FIRST_RAM][from],
			   shadow_at(number, from), 16))
			return false;
	}
	return true;
}

static void access_at(struct look *look, uint64_t addr, unsigned int len,
		      bool is_write)
{
	struct expected e = { .log.nr = 0 };
	uint8_t buf[MAX_ACCESS];
	static uint8_t fresh;
	unsigned int i, r;

	if (len - 1 > UINT64_MAX - addr)
		len = UINT64_MAX - addr + 1;
	for (i = 0; i < len; i++)
		buf[i] = e.buf[i] = is_write ? fresh++ : 0xee;
	expect(look, &e, addr, len, is_write);
	device_log.nr = 0;
	r = address_space_rw(look->as, addr, buf, len, is_write);
	if (r != e.result)
		look_wrong(look, is_write ? "a write has another result" :
					    "a read has another result");
	if (memcmp(buf, e.buf, len))
		look_wrong(look, "a read brings other bytes");
	if (is_write && !ram_as_shadow(look, addr, len))
		look_wrong(look, "a write changes other bytes");
	if (device_log.nr != e.log.nr ||
	    memcmp(device_log.asked, e.log.asked,
		   e.log.nr * sizeof(*e.log.asked)))
		look_wrong(look, "a device is asked otherwise");
}

/* How many bytes from @addr on lie in a row in one region's RAM */
static uint64_t in_a_row(const struct look *look, uint64_t addr)
{
	const struct flat_range *range = oracle_at(look, addr), *next = range;
	uint64_t have = last_of(range) - addr + 1;

	while (have < MAP_LEN && have <= UINT64_MAX - addr &&
	       (next = oracle_at(look, addr + have)) &&
	       next->region == range->region &&
	       next->offset_in_region - range->offset_in_region ==
		       next->addr - range->addr)
		have = last_of(next) - addr + 1;
	return have < MAP_LEN ? have : MAP_LEN;
}

static void map_at(struct look *look, uint64_t addr, bool is_write)
{
	const struct flat_range *range = oracle_at(look, addr);
	bool direct = range && is_direct(range, is_write);
	struct expected e = { .log.nr = 0 };
	struct memory_mapping m;
	uint64_t len = MAP_LEN;
	int r;

	if (!direct)
		len = 8; /* it may be read piece by piece */
	r = address_space_map(look->as, addr, len, is_write, &m);
	if (r != (range ? 0 : -ENXIO))
		look_wrong(look, "a mapping has another result");
	if (r)
		return;
	if (direct) {
		uint64_t offset = range->offset_in_region + addr - range->addr;

		if (m.bounced || m.len != in_a_row(look, addr) ||
		    m.host != &host_ram[number_of(range->region) - FIRST_RAM]
				       [offset])
			look_wrong(look, "a mapping leads elsewhere");
	} else {
		if (len > last_of(range) - addr)
			len = last_of(range) - addr + 1;
		if (!is_write)
			expect(look, &e, addr, len, false);
		if (!m.bounced || m.len != len || memcmp(m.host, e.buf, len))
			look_wrong(look, "a bounce buffer holds other bytes");
	}
	address_space_unmap(&m, 0);
}

static void cache_at(struct look *look, uint64_t addr)
{
	const struct flat_range *range = oracle_at(look, addr);
	struct expected e = { .log.nr = 0 };
	struct memory_region_cache cache;
	uint64_t len = MAX_ACCESS;
	uint8_t buf[MAX_ACCESS];
	int r;

	r = memory_region_cache_init(&cache, look->as, addr, len, false);
	if (r != (range ? 0 : -ENXIO))
		look_wrong(look, "a cache has another result");
	if (r)
		return;
	if (len > last_of(range) - addr)
		len = last_of(range) - addr + 1;
	expect(look, &e, addr, len, false);
	if (cache.len != len ||
	    memory_region_cache_rw(&cache, 0, buf, len, false) != e.result ||
	    memcmp(buf, e.buf, len))
		look_wrong(look, "a cache leads elsewhere");
	memory_region_cache_deinit(&cache);
}

/* memory_region_find() from a region whose offsets are guest addresses */
static void find_at(struct look *look, uint64_t addr, memory_size_t size)
{
	struct memory_region *root = address_space_root(look->as);
	const struct flat_range *range = NULL;
	struct memory_region_section section;
	memory_size_t end = addr + size, from;
	bool found;
	size_t i;

	if (memory_region_info(root)->addr ||
	    memory_region_info(root)->container)
		return;
	for (i = 0; i < look->o->nr && !range; i++)
		if (last_of(&look->o->ranges[i]) >= addr)
			range = &look->o->ranges[i];
	if (range && range->addr >= end)
		range = NULL;
	found = memory_region_find(root, addr, size, &section);
	if (found)
		memory_region_unref(section.region);
	if (found != !!range) {
		look_wrong(look, "memory_region_find has another result");
		return;
	}
	if (!found)
		return;
	from = range->addr > addr ? range->addr : addr;
	if (end > range->addr + range->size)
		end = range->addr + range->size;
	if (section.region != range->region ||
	    section.offset_within_address_space != from ||
	    section.size != end - from ||
	    section.offset_within_region !=
		    range->offset_in_region + (from - range->addr))
		look_wrong(look, "memory_region_find finds something else");
}

static void look_around(struct look *look, uint64_t edge)
{
	int i;

	for (i = -2; i <= 2; i++)
		look_at(look, edge + i);
	/* And around the pages' edges on both sides, if it is none itself */
	for (i = -1; i <= 1 && edge & 0xfff; i++) {
		look_at(look, (edge & ~0xfffull) + i);
		look_at(look, (edge | 0xfff) + 1 + i);
	}
}

static void access_around(struct look *look, uint64_t edge, unsigned int n)
{
	/* From before it to behind it; the whole of it on one side or the other */
	access_at(look, edge - n % 8, 1 + n * 5 % MAX_ACCESS, true);
	access_at(look, edge - n % 8, 1 + n * 5 % MAX_ACCESS, false);
	map_at(look, edge, n % 2);
	cache_at(look, edge);
	find_at(look, edge - 1, 1 + n % 4);
}

/* Return: what is wrong, or NULL */
static const char *check_accesses(struct address_space *as,
				  const struct oracle *o)
{
	struct look look = { .as = as, .o = o };
	size_t i;

	look.view = address_space_get_flat_view(as);
	look_at(&look, 0);
	look_at(&look, UINT64_MAX);
	find_at(&look, 0, MEMORY_SIZE_2_64);
	access_at(&look, UINT64_MAX - 1, 2, true);
	for (i = 0; i < o->nr; i++) {
		look_around(&look, o->ranges[i].addr);
		look_around(&look, last_of(&o->ranges[i]));
		access_around(&look, o->ranges[i].addr, i);
		access_around(&look, last_of(&o->ranges[i]), i);
	}
	flat_view_unref(look.view);
	return look.why;
}

/* A view that a newer one shares with: its tree is still that of its ranges */
static const char *check_old_view(const struct flat_view *view)
{
	struct memory_region_section section;
	const struct flat_range *range;

	flat_view_for_each(range, view)
		if (!flat_view_find_section(view, range->addr, &section) ||
		    !is_section(&section, range) ||
		    !flat_view_find_section(view, last_of(range), &section) ||
		    !is_section(&section, range))
			return "a commit changed an older view's dispatch";
	return NULL;
}

/* Every sequence begins with the same in its RAM */
static void fill_ram(void)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < NR_RAM; i++)
		for (at = 0; at < RAM_STRIDE; at++)
			shadow[i][at] = at * 167 + (at >> 8) * 13 + i * 31;
	memcpy(host_ram, shadow, sizeof(shadow));
}

static bool ram_is_right(void)
{
	return !memcmp(host_ram, shadow, sizeof(shadow));
}

#endif
