// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page tables that the module reads, filled here by the manuals. Of EPT no test
 * on a machine is to be had: this alone holds its bits to the Intel SDM, volume 3C,
 * tables 28-1 to 28-7. AMD's: volume 2, figures 5-19 to 5-25.
 */
#include "host_make.h"

typedef uint64_t u64;
typedef uint32_t u32;

#include "../../kmod/pagetable.c"

#define MASK	 0x000ffffffffff000ULL
#define PRESENT	 (1ULL << 11)
#define TABLES	 8
#define TABLE(i) ((u64)(i) << 12)

static u64 tables[TABLES][512];
static unsigned int reads;

static int read_entry(void *opaque, u64 table, u32 index, u64 *spte)
{
	reads++;
	assert_ptr_equal(opaque, tables);
	assert_true(index < 512);
	if (table >= TABLE(TABLES))
		return -EFAULT;
	*spte = tables[table >> 12][index];
	return 0;
}

static struct pagetable make(enum pagetable_format format, u32 level)
{
	memset(tables, 0, sizeof(tables));
	reads = 0;
	return (struct pagetable){
		.format = format,
		.level = level,
		.root = TABLE(1),
		.address_mask = MASK,
		.read = read_entry,
		.opaque = tables,
	};
}

#define GPA (128ULL << 39 | 258ULL << 30 | 3ULL << 21 | 3ULL << 12)

static void a_page_of_4_kib(void **unused)
{
	struct pagetable table = make(PAGETABLE_LONG, 4);
	struct pagetable_entry entry;

	tables[1][128] = TABLE(2) | PRESENT | 0x7;
	tables[2][258] = TABLE(3) | PRESENT | 0x7;
	tables[3][3] = TABLE(4) | PRESENT | 0x7;
	/* present, writable, user, accessed, dirty; no execution */
	tables[4][3] = 0x123456000ULL | PRESENT | 0x67 | 1ULL << 63;
	assert_int_equal(pagetable_find(&table, GPA | 0x123, &entry), 0);
	assert_true(entry.present);
	assert_int_equal(entry.gpa, GPA);
	assert_int_equal(entry.bytes, 4096);
	assert_int_equal(entry.hpa, 0x123456000ULL);
	assert_int_equal(entry.spte, tables[4][3]);
	assert_int_equal(entry.level, 1);
	assert_true(entry.writable && entry.accessed && entry.dirty);
	assert_false(entry.executable);
	assert_int_equal(reads, 4);

	tables[4][3] = 0x123456000ULL | PRESENT | 0x5;
	assert_int_equal(pagetable_find(&table, GPA, &entry), 0);
	assert_false(entry.writable || entry.accessed || entry.dirty);
	assert_true(entry.executable);
}

static void huge_pages(void **unused)
{
	struct pagetable table = make(PAGETABLE_LONG, 5);
	struct pagetable_entry entry;

	/* bit 12 is the PAT bit of a huge page, and no address */
	tables[1][0] = TABLE(2) | PRESENT | 0x7;
	tables[2][0] = TABLE(3) | PRESENT | 0x7;
	tables[3][1] = 0x80000000ULL | PRESENT | 0x1083;
	tables[3][2] = TABLE(4) | PRESENT | 0x7;
	tables[4][7] = 0x40a00000ULL | PRESENT | 0x1081;
	assert_int_equal(pagetable_find(&table, 0x7fedc000, &entry), 0);
	assert_int_equal(entry.gpa, 0x40000000);
	assert_int_equal(entry.bytes, 1 << 30);
	assert_int_equal(entry.hpa, 0x80000000ULL);
	assert_int_equal(entry.level, 3);
	assert_true(entry.writable);
	assert_int_equal(pagetable_find(&table, 0x80fff000, &entry), 0);
	assert_int_equal(entry.gpa, 0x80e00000);
	assert_int_equal(entry.bytes, 2 << 20);
	assert_int_equal(entry.hpa, 0x40a00000);
	assert_int_equal(entry.level, 2);
	assert_false(entry.writable);
}

/* EPT, table 28-1 and others: R, W, X are bits 0 to 2; A and D bits 8 and 9 */
static void ept(void **unused)
{
	struct pagetable table = make(PAGETABLE_EPT, 4);
	struct pagetable_entry entry;
	static const struct {
		u64 bits;
		bool writable, executable, accessed, dirty;
	} try[] = {
		{ 0x1, false, false, false, false },
		{ 0x3, true, false, false, false },
		{ 0x5, false, true, false, false },
		{ 0x101, false, false, true, false },
		{ 0x303, true, false, true, true },
		/* memory type 6 and "ignore PAT": not what long mode has there */
		{ 0x77, true, true, false, false },
		/* bit 63 is "suppress #VE", not "no execute" */
		{ 1ULL << 63 | 0x7, true, true, false, false },
		/* its rights taken away, to learn of its use: KVM has it still */
		{ 0, false, false, false, false },
	};
	size_t i;

	tables[1][0] = TABLE(2) | PRESENT | 0x7;
	tables[2][0] = TABLE(3) | PRESENT | 0x7;
	tables[3][0] = TABLE(4) | PRESENT | 0x7;
	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		tables[4][9] = 0xabc000 | PRESENT | try[i].bits;
		assert_int_equal(pagetable_find(&table, 0x9000, &entry), 0);
		assert_true(entry.present);
		assert_int_equal(entry.hpa, 0xabc000);
		assert_int_equal(entry.writable, try[i].writable);
		assert_int_equal(entry.executable, try[i].executable);
		assert_int_equal(entry.accessed, try[i].accessed);
		assert_int_equal(entry.dirty, try[i].dirty);
	}
	/* bit 7 of a directory: it maps 2 MiB */
	tables[3][1] = 0x600000 | PRESENT | 0xb7;
	assert_int_equal(pagetable_find(&table, 0x345000, &entry), 0);
	assert_int_equal(entry.bytes, 2 << 20);
	assert_int_equal(entry.hpa, 0x600000);
}

/* A hole is as large as the entry that is missing */
static void holes(void **unused)
{
	struct pagetable table = make(PAGETABLE_LONG, 4);
	struct pagetable_entry entry;
	static const u64 bytes[] = { 4096, 2 << 20, 1 << 30, 512ULL << 30 };
	int level;

	tables[1][0] = TABLE(2) | PRESENT | 0x7;
	tables[2][0] = TABLE(3) | PRESENT | 0x7;
	tables[3][0] = TABLE(4) | PRESENT | 0x7;
	for (level = 1; level <= 4; level++) {
		/* what the processor would take for present is not KVM's: MMIO */
		tables[5 - level][1] = 0x7 | TABLE(5);
		assert_int_equal(pagetable_find(&table,
						bytes[level - 1] + 0xfff,
						&entry),
				 0);
		assert_false(entry.present);
		assert_int_equal(entry.gpa, bytes[level - 1]);
		assert_int_equal(entry.bytes, bytes[level - 1]);
	}
}

static void what_is_no_table(void **unused)
{
	struct pagetable table = make(PAGETABLE_LONG, 4);
	struct pagetable_entry entry;
	u32 level;

	for (level = 0; level < 9; level++) {
		table.level = level;
		assert_int_equal(pagetable_find(&table, 0, &entry),
				 level >= 3 && level <= 5 ? 0 : -EINVAL);
	}
	/* Beyond what so many levels can tell */
	table.level = 4;
	assert_int_equal(pagetable_find(&table, 1ULL << 48, &entry), -EINVAL);
	assert_int_equal(pagetable_find(&table, -1ULL, &entry), -EINVAL);
	table.level = 5;
	assert_int_equal(pagetable_find(&table, 1ULL << 48, &entry), 0);
	assert_int_equal(pagetable_find(&table, 1ULL << 57, &entry), -EINVAL);
	/* A table that is no memory */
	table.level = 4;
	tables[1][0] = TABLE(TABLES) | PRESENT | 0x7;
	assert_int_equal(pagetable_find(&table, 0, &entry), -EIO);
	/* 512 GiB cannot be one page */
	tables[1][0] = TABLE(2) | PRESENT | 0x87;
	assert_int_equal(pagetable_find(&table, 0, &entry), -EIO);
	/* A table that is its own: as many steps as there are levels */
	tables[1][0] = TABLE(1) | PRESENT | 0x7;
	reads = 0;
	assert_int_equal(pagetable_find(&table, 0, &entry), 0);
	assert_int_equal(reads, 4);
}

/* Bits above the processor's addresses, such as SME's, are taken away */
static void bits_that_are_no_address(void **unused)
{
	struct pagetable_entry entry;

	pagetable_decode(PAGETABLE_LONG, MASK & ~(1ULL << 47),
			 1ULL << 47 | 0x5000 | PRESENT | 0x7, 1, 0x1000,
			 &entry);
	assert_int_equal(entry.hpa, 0x5000);
	assert_int_equal(entry.gpa, 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_of_4_kib),
		cmocka_unit_test(huge_pages),
		cmocka_unit_test(ept),
		cmocka_unit_test(holes),
		cmocka_unit_test(what_is_no_table),
		cmocka_unit_test(bits_that_are_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
