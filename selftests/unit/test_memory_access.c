// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads and writes through an address space, map, cache, IOMMU */
#include <errno.h>
#include <stdlib.h>

#include "memory_make.h"

/* A device that notes what it is asked, and answers by address */
struct device {
	char log[512];
	uint64_t last;
	enum memtx_result result;
	unsigned int refuse_above; /* accepts(): sizes above this are refused */
};

static void note(struct device *d, const char *fmt, ...)
{
	size_t len = strlen(d->log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->log + len, sizeof(d->log) - len, fmt, ap);
	va_end(ap);
}

/* Byte n of the device is n, whatever the size; little endian */
static enum memtx_result device_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	struct device *d = opaque;
	unsigned int i;

	note(d, "r%llx.%u ", (unsigned long long)addr, size);
	*data = 0;
	for (i = 0; i < size; i++)
		*data |= ((addr + i) & 0xff) << (8 * i);
	return d->result;
}

static enum memtx_result device_write(void *opaque, uint64_t addr,
				      unsigned int size, uint64_t data)
{
	struct device *d = opaque;

	note(d, "w%llx.%u=%llx ", (unsigned long long)addr, size,
	     (unsigned long long)data);
	d->last = data;
	return d->result;
}

static bool device_accepts(void *opaque, uint64_t addr, unsigned int size,
			   bool is_write)
{
	return size <= ((struct device *)opaque)->refuse_above;
}

struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
	uint8_t *host;
};

static void make_board(struct board *b)
{
	struct memory_region *ram, *rom;
	struct ram_block_options options = { 0 };

	b->model = make_model();
	b->system = make_container(b->model, "system", MEMORY_SIZE_2_64);
	b->as = make_as(b->model, "memory", b->system);
	b->host = calloc(2, 0x1000);
	options.host = b->host;
	MUST(memory_region_create_ram(b->model, "ram", 0x1000, &options, &ram,
				      &error));
	map(b->system, 0x1000, 0, ram);
	options.host = b->host + 0x1000;
	MUST(memory_region_create_rom(b->model, "rom", 0x1000, &options, &rom,
				      &error));
	map(b->system, 0x2000, 0, rom);
}

static void free_board(struct board *b)
{
	memory_model_destroy(b->model);
	free(b->host);
}

static void map_device(struct board *b, uint64_t addr,
		       const struct memory_region_ops *ops, struct device *d)
{
	struct memory_region *io;

	MUST(memory_region_create_io(b->model, "io", 0x100, ops, d, &io,
				     &error));
	map(b->system, addr, 0, io);
}

static void test_ram_and_rom(void **state)
{
	struct board b;
	uint8_t buf[16], zero[16] = { 0 };

	make_board(&b);
	assert_int_equal(address_space_write(b.as, 0x1ffc, "abcdefgh", 8),
			 MEMTX_DECODE_ERROR);
	/* Half went to RAM, half was dropped by the ROM */
	assert_memory_equal(b.host + 0xffc, "abcd", 4);
	assert_memory_equal(b.host + 0x1000, zero, 4);
	memcpy(b.host + 0x1000, "rom!", 4);
	assert_int_equal(address_space_read(b.as, 0x1ffc, buf, 8), MEMTX_OK);
	assert_memory_equal(buf, "abcdrom!", 8);
	/* Nothing there: zeros, and it is told */
	memset(buf, 1, sizeof(buf));
	assert_int_equal(address_space_read(b.as, 0xff8, buf, 16),
			 MEMTX_DECODE_ERROR);
	assert_memory_equal(buf, zero, 8);
	/* At the end of all addresses */
	assert_int_equal(address_space_read(b.as, UINT64_MAX, buf, 1),
			 MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_read(b.as, 0, buf, 0), MEMTX_OK);
	free_board(&b);
}

/* A read-only alias of RAM: as under KVM, and in QEMU, the RAM is written */
static void test_readonly_alias(void **state)
{
	struct memory_region *ram, *pam;
	struct board b;

	make_board(&b);
	pam = make_alias("pam", b.model, b.system, 0x1000, 0x1000);
	MUST(memory_region_set_readonly(pam, true, &error));
	ram = make_container(b.model, "other", 0x1000);
	map(ram, 0, 0, pam);
	make_as(b.model, "pam", ram);
	assert_int_equal(address_space_write(address_space_next(b.as), 0, "x",
					     1),
			 MEMTX_OK);
	assert_int_equal(b.host[0], 'x');
	free_board(&b);
}

static void test_replayed_ram(void **state)
{
	struct board b;
	uint8_t buf[4] = { 1, 1, 1, 1 };

	make_board(&b);
	map(b.system, 0x8000, 0, make_ram(b.model, "gone", 0x1000, 0x7000));
	assert_int_equal(address_space_read(b.as, 0x8000, buf, 4), MEMTX_ERROR);
	assert_int_equal(buf[0], 0);
	assert_int_equal(address_space_write(b.as, 0x8000, buf, 4),
			 MEMTX_ERROR);
	free_board(&b);
}

/* Sizes the guest may use, and how an access is cut to them */
static void test_splitting(void **state)
{
	static const struct {
		struct memory_region_ops ops;
		uint64_t addr;
		unsigned int len;
		const char *reads;
		unsigned int result;
	} cases[] = {
		/* Nothing said: 1 to 4 bytes, aligned */
		{ {}, 0, 8, "r0.4 r4.4 ", MEMTX_OK },
		{ {}, 1, 7, "r1.1 r2.2 r4.4 ", MEMTX_OK },
		{ {}, 2, 3, "r2.2 r4.1 ", MEMTX_OK },
		/* The guest may do 8; the device does 4, 2 or 1 */
		{ { .valid.max_access_size = 8 }, 0, 8, "r0.4 r4.4 ", 0 },
		{ { .valid.max_access_size = 8, .impl.max_access_size = 8 },
		  0,
		  8,
		  "r0.8 ",
		  0 },
		{ { .impl.max_access_size = 1 },
		  0,
		  4,
		  "r0.1 r1.1 r2.1 r3.1 ",
		  0 },
		/* The device does no less than 4: a byte is cut out of it */
		{ { .impl.min_access_size = 4 }, 0, 1, "r0.4 ", 0 },
		/* Too small or unaligned for the guest */
		{ { .valid.min_access_size = 4, .valid.max_access_size = 4 },
		  0,
		  2,
		  "",
		  MEMTX_DECODE_ERROR },
		{ { .impl.unaligned = true }, 1, 4, "", MEMTX_DECODE_ERROR },
		{ { .impl.unaligned = true, .valid.unaligned = true },
		  1,
		  4,
		  "r1.4 ",
		  0 },
	};
	uint8_t buf[8];
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct memory_region_ops ops = cases[i].ops;
		struct device d = { 0 };
		struct board b;

		make_board(&b);
		ops.read = device_read;
		map_device(&b, 0x10000, &ops, &d);
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(address_space_read(b.as,
						    0x10000 + cases[i].addr,
						    buf, cases[i].len),
				 cases[i].result);
		assert_string_equal(d.log, cases[i].reads);
		for (j = 0; j < cases[i].len; j++)
			assert_int_equal(buf[j], cases[i].result ?
							 0 :
							 cases[i].addr + j);
		/* No write function: unassigned */
		assert_int_equal(address_space_write(b.as, 0x10000, buf, 4),
				 MEMTX_DECODE_ERROR);
		free_board(&b);
	}
}

static void test_writes_and_endian(void **state)
{
	struct memory_region_ops ops = { .write = device_write,
					 .read = device_read };
	struct memory_region_ops big = ops;
	struct device d = { 0 }, e = { 0 };
	uint8_t buf[4];
	struct board b;

	make_board(&b);
	map_device(&b, 0x10000, &ops, &d);
	big.endian = MEMORY_ENDIAN_BIG;
	big.impl.max_access_size = 2;
	map_device(&b, 0x20000, &big, &e);
	assert_int_equal(
		address_space_write(b.as, 0x10000, "\x11\x22\x33\x44", 4), 0);
	assert_string_equal(d.log, "w0.4=44332211 ");
	/* A big-endian device sees the first byte as the highest */
	assert_int_equal(
		address_space_write(b.as, 0x20000, "\x11\x22\x33\x44", 4), 0);
	assert_string_equal(e.log, "w0.2=1122 w2.2=3344 ");
	/* It answers 0x0100 at 0 and 0x0302 at 2, the high half first */
	assert_int_equal(address_space_read(b.as, 0x20000, buf, 4), 0);
	assert_memory_equal(buf, "\x01\x00\x03\x02", 4);
	d.result = MEMTX_ERROR;
	assert_int_equal(address_space_read(b.as, 0x10000, buf, 4),
			 MEMTX_ERROR);
	free_board(&b);
}

static void test_accepts(void **state)
{
	struct memory_region_ops ops = { .read = device_read,
					 .valid.accepts = device_accepts };
	struct device d = { .refuse_above = 2 };
	uint8_t buf[4];
	struct board b;

	make_board(&b);
	map_device(&b, 0x10000, &ops, &d);
	assert_int_equal(address_space_read(b.as, 0x10000, buf, 2), 0);
	assert_int_equal(address_space_read(b.as, 0x10000, buf, 4),
			 MEMTX_DECODE_ERROR);
	free_board(&b);
}

static void test_rom_device(void **state)
{
	struct memory_region_ops ops = { .read = device_read,
					 .write = device_write };
	struct ram_block_options ram = { 0 };
	struct memory_region *flash;
	struct device d = { 0 };
	uint8_t buf[1];
	struct board b;

	make_board(&b);
	ram.host = b.host;
	MUST(memory_region_create_rom_device(b.model, "flash", 0x1000, &ram,
					     &ops, &d, &flash, &error));
	map(b.system, 0x10000, 0, flash);
	b.host[5] = 'F';
	assert_int_equal(address_space_read(b.as, 0x10005, buf, 1), 0);
	assert_int_equal(buf[0], 'F');
	assert_int_equal(address_space_write(b.as, 0x10005, "x", 1), 0);
	assert_string_equal(d.log, "w5.1=78 ");
	MUST(memory_region_set_romd(flash, false, &error));
	assert_int_equal(address_space_read(b.as, 0x10005, buf, 1), 0);
	assert_int_equal(buf[0], 5);
	free_board(&b);
}

static void test_ram_device(void **state)
{
	struct ram_block_options ram = { 0 };
	struct memory_region *bar;
	uint8_t buf[15];
	struct board b;

	make_board(&b);
	ram.host = b.host;
	MUST(memory_region_create_ram_device(b.model, "bar", 0x1000, &ram, &bar,
					     &error));
	map(b.system, 0x10000, 0, bar);
	assert_int_equal(
		address_space_write(b.as, 0x10001, "123456789abcdef", 15), 0);
	assert_int_equal(address_space_read(b.as, 0x10001, buf, 15), 0);
	assert_memory_equal(buf, "123456789abcdef", 15);
	assert_memory_equal(b.host + 1, "123456789abcdef", 15);
	free_board(&b);
}

static void test_map(void **state)
{
	struct memory_region_ops ops = { .read = device_read,
					 .write = device_write };
	struct memory_mapping a, m;
	struct device d = { 0 };
	struct board b;

	make_board(&b);
	map_device(&b, 0x10000, &ops, &d);
	/* RAM is the memory itself, up to its end */
	assert_int_equal(address_space_map(b.as, 0x1ff0, 0x100, true, &a), 0);
	assert_ptr_equal(a.host, b.host + 0xff0);
	assert_int_equal(a.len, 0x10);
	assert_int_equal(address_space_unmap(&a, 0x10), MEMTX_OK);
	/* A device through the bounce buffer, of which there is one */
	assert_int_equal(address_space_map(b.as, 0x10010, 4, false, &a), 0);
	assert_memory_equal(a.host, "\x10\x11\x12\x13", 4);
	assert_int_equal(address_space_map(b.as, 0x10010, 4, false, &m),
			 -EAGAIN);
	address_space_unmap(&a, 0);
	d.log[0] = '\0';
	assert_int_equal(address_space_map(b.as, 0x10010, 4, true, &a), 0);
	memcpy(a.host, "\1\2\3\4", 4);
	assert_int_equal(address_space_unmap(&a, 2), MEMTX_OK);
	assert_string_equal(d.log, "w10.2=201 ");
	assert_int_equal(address_space_map(b.as, 0x90000, 4, true, &a), -ENXIO);
	assert_int_equal(address_space_map(b.as, 0x1000, 0, true, &a), -EINVAL);
	free_board(&b);
}

/* What is mapped stays, though it was unmapped from the guest and given up */
static void count(void *opaque)
{
	++*(int *)opaque;
}

static void test_map_outlives(void **state)
{
	struct memory_mapping m;
	struct memory_region *ram;
	struct ram_block_options options = { 0 };
	int gone = 0;
	struct board b;

	make_board(&b);
	options.host = b.host;
	MUST(memory_region_create_ram(b.model, "dimm", 0x1000, &options, &ram,
				      &error));
	memory_region_set_destructor(ram, count, &gone);
	map(b.system, 0x10000, 0, ram);
	assert_int_equal(address_space_map(b.as, 0x10000, 8, true, &m), 0);
	unmap(b.system, ram);
	memory_region_unref(ram);
	assert_int_equal(gone, 0);
	memcpy(m.host, "still", 5);
	address_space_unmap(&m, 5);
	/* It goes with the next change */
	memory_model_begin(b.model);
	assert_int_equal(gone, 1);
	MUST(memory_model_commit(b.model, &error));
	free_board(&b);
}

static void test_cache(void **state)
{
	struct memory_region_cache cache;
	uint8_t buf[4];
	struct board b;

	make_board(&b);
	memcpy(b.host + 0x10, "ring", 4);
	assert_int_equal(memory_region_cache_init(&cache, b.as, 0x1010, 0x2000,
						  false),
			 0);
	assert_int_equal(cache.len, 0xff0);
	assert_int_equal(memory_region_cache_rw(&cache, 0, buf, 4, false), 0);
	assert_memory_equal(buf, "ring", 4);
	assert_int_equal(memory_region_cache_rw(&cache, 0xfef, buf, 2, false),
			 MEMTX_DECODE_ERROR);
	assert_int_equal(memory_region_cache_rw(&cache, UINT64_MAX, buf, 2,
						false),
			 MEMTX_DECODE_ERROR);
	memory_region_cache_deinit(&cache);
	assert_int_equal(memory_region_cache_init(&cache, b.as, 0x90000, 4,
						  false),
			 -ENXIO);
	free_board(&b);
}

static enum memtx_result number_read(void *opaque, uint64_t addr,
				     unsigned int size, uint64_t *data)
{
	*data = (uintptr_t)opaque + addr;
	return MEMTX_OK;
}

/* More sections than QEMU 7.2 can number (4096), 128 to a page */
static void test_many_sections(void **state)
{
	static const struct memory_region_ops ops = { .read = number_read };
	struct memory_region *io;
	uint32_t i, value;
	struct board b;

	make_board(&b);
	memory_model_begin(b.model);
	for (i = 0; i < 6000; i++) {
		MUST(memory_region_create_io(b.model, "io", 8, &ops,
					     (void *)(uintptr_t)(i * 16), &io,
					     &error));
		map(b.system, 0x100000 + i * 32, 0, io);
	}
	MUST(memory_model_commit(b.model, &error));
	for (i = 0; i < 6000; i++) {
		assert_int_equal(address_space_read(b.as, 0x100000 + i * 32 + 4,
						    &value, 4),
				 MEMTX_OK);
		assert_int_equal(value, i * 16 + 4);
		assert_int_equal(address_space_read(b.as, 0x100000 + i * 32 + 8,
						    &value, 4),
				 MEMTX_DECODE_ERROR);
	}
	free_board(&b);
}

/* Pages of 4 KiB: even ones lead to 0x1000, odd ones nowhere */
static void iommu_translate(void *opaque, gpa_t addr, bool is_write,
			    struct iommu_tlb_entry *entry)
{
	struct board *b = opaque;

	entry->target = b->as;
	entry->iova = addr & ~0xfffull;
	entry->translated = 0x1000;
	entry->mask = 0xfff;
	entry->perm = addr & 0x1000 ? 0 : IOMMU_READ;
}

/* One that leads to itself, for ever */
static void loop_translate(void *opaque, gpa_t addr, bool is_write,
			   struct iommu_tlb_entry *entry)
{
	struct board *b = opaque;

	entry->target = address_space_next(b->as);
	entry->mask = UINT64_MAX;
	entry->translated = 0;
	entry->perm = IOMMU_READ;
}

static void test_iommu(void **state)
{
	static struct iommu_ops ops = { iommu_translate };
	static const struct iommu_ops loop = { loop_translate };
	struct memory_region *dma;
	struct address_space *as;
	uint8_t buf[4];
	struct board b;

	make_board(&b);
	MUST(memory_region_create_iommu(b.model, "dmar", 1ull << 40, &ops, &b,
					&dma, &error));
	as = make_as(b.model, "device", dma);
	memcpy(b.host + 0x20, "dma!", 4);
	assert_int_equal(address_space_read(as, 0x4020, buf, 4), 0);
	assert_memory_equal(buf, "dma!", 4);
	/* Across into a page that is not mapped */
	assert_int_equal(address_space_read(as, 0x4ffe, buf, 4),
			 MEMTX_DECODE_ERROR);
	assert_int_equal(address_space_write(as, 0x4020, buf, 4),
			 MEMTX_DECODE_ERROR);
	free_board(&b);

	make_board(&b);
	MUST(memory_region_create_iommu(b.model, "dmar", 1ull << 40, &loop, &b,
					&dma, &error));
	as = make_as(b.model, "device", dma);
	assert_int_equal(address_space_read(as, 0, buf, 4), MEMTX_DECODE_ERROR);
	free_board(&b);
}

struct watcher {
	struct iommu_notifier n;
	unsigned int calls;
	gpa_t last;
};

static void on_iommu(struct iommu_notifier *n,
		     const struct iommu_tlb_entry *entry)
{
	struct watcher *w = (struct watcher *)n;

	w->calls++;
	w->last = entry->iova;
}

static void test_iommu_notifiers(void **state)
{
	struct memory_model *model = make_model();
	struct iommu_tlb_entry entry = { .iova = 0x3000, .mask = 0xfff };
	struct watcher low = { .n = { .flags = IOMMU_NOTIFY_UNMAP,
				      .end = 0xffff,
				      .notify = on_iommu } };
	struct watcher high = { .n = { .flags = IOMMU_NOTIFY_MAP,
				       .start = 0x10000,
				       .end = 0x1ffff,
				       .notify = on_iommu } };
	struct memory_region *dma, *alias;

	MUST(memory_region_create_iommu(model, "dmar", 1 << 20, NULL, NULL,
					&dma, &error));
	alias = make_alias("alias", model, dma, 0, 1 << 20);
	MUST(memory_region_register_iommu_notifier(alias, &low.n, &error));
	MUST(memory_region_register_iommu_notifier(dma, &high.n, &error));
	MUST(memory_region_notify_iommu(dma, &entry, &error));
	assert_int_equal(low.calls, 1);
	assert_int_equal(low.last, 0x3000);
	assert_int_equal(high.calls, 0);
	entry.perm = IOMMU_READ;
	MUST(memory_region_notify_iommu(dma, &entry, &error));
	assert_int_equal(low.calls, 1);
	entry.iova = 0x10000;
	MUST(memory_region_notify_iommu(dma, &entry, &error));
	assert_int_equal(high.calls, 1);
	entry.iova = 0;
	entry.mask = 0x1ffff;
	REFUSED(EINVAL, memory_region_notify_iommu(dma, &entry, &error));
	MUST(memory_region_unregister_iommu_notifier(dma, &low.n, &error));
	REFUSED(ENOENT,
		memory_region_unregister_iommu_notifier(dma, &low.n, &error));
	low.n.flags = 0;
	REFUSED(EINVAL,
		memory_region_register_iommu_notifier(dma, &low.n, &error));
	REFUSED(EINVAL, memory_region_register_iommu_notifier(
				make_io(model, "io", 1), &high.n, &error));
	memory_model_destroy(model);
}

struct heard {
	unsigned int calls;
	const struct memory_region *region;
	uint64_t offset, len;
};

static void hear(void *opaque, const struct memory_region *region,
		 uint64_t offset, uint64_t len)
{
	struct heard *heard = opaque;

	heard->calls++;
	heard->region = region;
	heard->offset = offset;
	heard->len = len;
}

static void expect_heard(struct heard *heard, const char *name, uint64_t offset,
			 uint64_t len)
{
	assert_int_equal(heard->calls, 1);
	assert_string_equal(memory_region_info(heard->region)->name, name);
	assert_int_equal(heard->offset, offset);
	assert_int_equal(heard->len, len);
	*heard = (struct heard){ 0 };
}

/* Each way to write to RAM is told of; what writes nothing is not */
static void test_ram_written(void **state)
{
	struct memory_region_cache cache;
	struct memory_mapping m;
	struct heard heard = { 0 };
	uint8_t buf[16] = { 0 };
	struct board b;

	make_board(&b);
	memory_model_on_ram_written(b.model, hear, &heard);
	address_space_write(b.as, 0x1234, buf, 5);
	expect_heard(&heard, "ram", 0x234, 5);
	assert_int_equal(address_space_map(b.as, 0x1800, 0x20, true, &m), 0);
	assert_int_equal(heard.calls, 0);
	address_space_unmap(&m, 0x30); /* no more than was mapped */
	expect_heard(&heard, "ram", 0x800, 0x20);
	assert_int_equal(
		memory_region_cache_init(&cache, b.as, 0x1100, 16, true), 0);
	memory_region_cache_rw(&cache, 4, buf, 8, true);
	expect_heard(&heard, "ram", 0x104, 8);

	memory_region_cache_rw(&cache, 4, buf, 8, false);
	memory_region_cache_deinit(&cache);
	address_space_read(b.as, 0x1000, buf, 16);
	address_space_write(b.as, 0x2000, buf, 16); /* ROM */
	address_space_write(b.as, 0x1000, buf, 0);
	assert_int_equal(address_space_map(b.as, 0x1800, 1, true, &m), 0);
	address_space_unmap(&m, 0);
	assert_int_equal(address_space_map(b.as, 0x1800, 1, false, &m), 0);
	address_space_unmap(&m, 1);
	assert_int_equal(heard.calls, 0);
	memory_model_on_ram_written(b.model, NULL, NULL);
	address_space_write(b.as, 0x1000, buf, 1);
	assert_int_equal(heard.calls, 0);
	free_board(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ram_and_rom),
		cmocka_unit_test(test_readonly_alias),
		cmocka_unit_test(test_replayed_ram),
		cmocka_unit_test(test_splitting),
		cmocka_unit_test(test_writes_and_endian),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_rom_device),
		cmocka_unit_test(test_ram_device),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_map_outlives),
		cmocka_unit_test(test_ram_written),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_many_sections),
		cmocka_unit_test(test_iommu),
		cmocka_unit_test(test_iommu_notifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
