// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules: MC146818 datasheet; memory sizes where Bochs and QEMU put them. */
#include <time.h>

#include "machine/board.h"
#include "machine/cmos.h"

#define KIB 1024ULL
#define MIB (1ULL << 20)

#define PORT 0x70

enum {
	RTC_SECONDS = 0x00,
	RTC_MINUTES = 0x02,
	RTC_HOURS = 0x04,
	RTC_WEEKDAY = 0x06,
	RTC_DAY = 0x07,
	RTC_MONTH = 0x08,
	RTC_YEAR = 0x09,
	RTC_A = 0x0a,
	RTC_B = 0x0b,
	RTC_C = 0x0c,
	RTC_D = 0x0d,
	CMOS_EQUIPMENT = 0x14,
	CMOS_BASE_KIB = 0x15,
	CMOS_EXTENDED_KIB = 0x17,
	CMOS_EXTENDED_KIB_2 = 0x30,
	CMOS_CENTURY = 0x32,
	CMOS_ABOVE_16M = 0x34, /* in 64 KiB */
	CMOS_BOOT_FLAGS = 0x38,
	CMOS_BOOT_ORDER = 0x3d,
	CMOS_ABOVE_4G = 0x5b, /* in 64 KiB; 3 bytes */
	CMOS_CPUS = 0x5f,
};

enum {
	RTC_A_32KHZ = 0x26,
	RTC_B_BINARY = 0x04,
	RTC_B_24H = 0x02,
	RTC_D_VALID = 0x80,
};

static uint8_t encode(const struct cmos *cmos, int value)
{
	if (cmos->ram[RTC_B] & RTC_B_BINARY)
		return value;
	return value / 10 % 10 << 4 | value % 10;
}

/* Between two reads the time may have moved on; UIP is never seen */
static uint8_t read_clock(const struct cmos *cmos, uint8_t index)
{
	const struct machine_ops *ops = cmos->m->ops;
	time_t now = ops->wall_s ? (time_t)ops->wall_s(ops->opaque) : 0;
	struct tm tm = {};

	gmtime_r(&now, &tm);
	switch (index) {
	case RTC_SECONDS:
		return encode(cmos, tm.tm_sec);
	case RTC_MINUTES:
		return encode(cmos, tm.tm_min);
	case RTC_HOURS:
		if (cmos->ram[RTC_B] & RTC_B_24H)
			return encode(cmos, tm.tm_hour);
		return encode(cmos, (tm.tm_hour + 11) % 12 + 1) |
		       (tm.tm_hour >= 12 ? 0x80 : 0);
	case RTC_WEEKDAY:
		return encode(cmos, tm.tm_wday + 1);
	case RTC_DAY:
		return encode(cmos, tm.tm_mday);
	case RTC_MONTH:
		return encode(cmos, tm.tm_mon + 1);
	case RTC_YEAR:
		return encode(cmos, tm.tm_year % 100);
	default: /* CMOS_CENTURY */
		return encode(cmos, tm.tm_year / 100 + 19);
	}
}

static bool is_clock(uint8_t index)
{
	return index == CMOS_CENTURY ||
	       (index >= RTC_WEEKDAY && index <= RTC_YEAR) ||
	       (index < RTC_WEEKDAY && !(index & 1));
}

static enum memtx_result cmos_read(void *opaque, uint64_t addr,
				   unsigned int size, uint64_t *data)
{
	const struct cmos *cmos = opaque;

	if (!addr)
		*data = 0xff; /* the index cannot be read back */
	else if (is_clock(cmos->index))
		*data = read_clock(cmos, cmos->index);
	else
		*data = cmos->ram[cmos->index];
	return MEMTX_OK;
}

/* Bit 7 of the index masks the NMI, which is not modelled */
static enum memtx_result cmos_write(void *opaque, uint64_t addr,
				    unsigned int size, uint64_t data)
{
	struct cmos *cmos = opaque;

	if (!addr)
		cmos->index = data & (CMOS_SIZE - 1);
	else if (cmos->index != RTC_C && cmos->index != RTC_D &&
		 !is_clock(cmos->index))
		cmos->ram[cmos->index] = data;
	return MEMTX_OK;
}

static const struct memory_region_ops cmos_ops = {
	.read = cmos_read,
	.write = cmos_write,
	.endian = MEMORY_ENDIAN_LITTLE,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

static void put(struct cmos *cmos, unsigned int index, unsigned int len,
		uint64_t value, uint64_t most)
{
	if (value > most)
		value = most;
	for (; len; len--, value >>= 8)
		cmos->ram[index++] = value;
}

static uint64_t above(uint64_t size, uint64_t limit)
{
	return size > limit ? size - limit : 0;
}

int cmos_init(struct cmos *cmos, struct machine *m, struct slotscope_error *err)
{
	uint64_t below_4g = m->layout.below_4g;
	const struct board_io rtc = { "rtc",	 PORT, 2,    0,
				      &cmos_ops, cmos, NULL, false };
	uint64_t extended = above(below_4g, MIB) / KIB;

	cmos->m = m;
	put(cmos, CMOS_BASE_KIB, 2, 640, 640);
	put(cmos, CMOS_EXTENDED_KIB, 2, extended, 63 * KIB);
	put(cmos, CMOS_EXTENDED_KIB_2, 2, extended, 63 * KIB);
	put(cmos, CMOS_ABOVE_16M, 2, above(below_4g, 16 * MIB) / (64 * KIB),
	    0xffff);
	put(cmos, CMOS_ABOVE_4G, 3, m->layout.above_4g / (64 * KIB), 0xffffff);
	put(cmos, CMOS_CPUS, 1, m->options->nr_cpus - 1, 0xff);
	cmos->ram[RTC_A] = RTC_A_32KHZ;
	cmos->ram[RTC_B] = RTC_B_24H;
	cmos->ram[RTC_D] = RTC_D_VALID;
	cmos->ram[CMOS_EQUIPMENT] = 0x06;  /* a PS/2 mouse port and an FPU */
	cmos->ram[CMOS_BOOT_FLAGS] = 0x31; /* boot order: disk, then floppy */
	cmos->ram[CMOS_BOOT_ORDER] = 0x32;
	return board_add_io(m, m->system_io, &rtc, NULL, err);
}
