// SPDX-License-Identifier: GPL-2.0-or-later
/* RAMBlocks: where they are put, how they are found, how they grow */
#include <errno.h>
#include <stdlib.h>

#include "memory_make.h"

#define PAGE  0x1000ull
#define ALIGN 0x40000ull

static struct ram_block *block_of(struct memory_region *region)
{
	return memory_region_info(region)->ram_block;
}

static struct ram_block *add(struct memory_model *model, uint64_t size,
			     hva_t hva)
{
	struct ram_block_options options = { .hva = hva };
	struct ram_block *block;

	MUST(ram_block_create(model, "b", size, &options, &block, &error));
	return block;
}

static void test_offsets(void **state)
{
	struct memory_model *model = make_model();
	struct ram_block *a, *b, *c, *d;

	a = add(model, PAGE, 0);
	b = add(model, 3 * ALIGN, 0);
	c = add(model, 2 * ALIGN, 0);
	d = add(model, ALIGN, 0);
	assert_int_equal(a->offset, 0);
	assert_int_equal(b->offset, ALIGN);
	assert_int_equal(c->offset, 4 * ALIGN);
	assert_int_equal(d->offset, 6 * ALIGN);
	/* The smallest gap that fits, not the first */
	MUST(ram_block_destroy(b, &error));
	MUST(ram_block_destroy(d, &error));
	d = add(model, PAGE, 0);
	assert_int_equal(d->offset, ALIGN);
	b = add(model, 3 * ALIGN, 0);
	assert_int_equal(b->offset, 6 * ALIGN);
	/* What lies before the first block is no gap */
	MUST(ram_block_destroy(a, &error));
	a = add(model, PAGE, 0);
	assert_int_equal(a->offset, 2 * ALIGN);
	memory_model_destroy(model);
}

/* QEMU's rule, plainly: for each block look at all others for the next one */
static uint64_t naive_offset(const struct memory_model *model, uint64_t size)
{
	uint64_t best = UINT64_MAX, mingap = UINT64_MAX;
	const struct ram_block *b, *n;

	if (!ram_block_first(model))
		return 0;
	for (b = ram_block_first(model); b; b = ram_block_next(b)) {
		uint64_t start =
			(b->offset + b->max_length + ALIGN - 1) / ALIGN * ALIGN;
		uint64_t next = UINT64_MAX;

		for (n = ram_block_first(model); n; n = ram_block_next(n))
			if (n->offset >= start && n->offset < next)
				next = n->offset;
		if (next - start >= size && next - start < mingap) {
			best = start;
			mingap = next - start;
		}
	}
	return best;
}

static void test_random_offsets(void **state)
{
	struct memory_model *model = make_model();
	struct ram_block *blocks[64] = { 0 }, *b;
	uint64_t size, expected;
	unsigned int i, n;

	srand(1);
	for (n = 0; n < 20000; n++) {
		i = rand() % 64;
		if (blocks[i]) {
			MUST(ram_block_destroy(blocks[i], &error));
			blocks[i] = NULL;
			continue;
		}
		size = (1 + rand() % 8) * (rand() % 2 ? PAGE : ALIGN);
		expected = naive_offset(model, size);
		blocks[i] = add(model, size, 0);
		assert_true(blocks[i]->offset == expected);
	}
	/* The list: the biggest first, among equals the oldest */
	for (b = ram_block_first(model); b && ram_block_next(b);
	     b = ram_block_next(b))
		assert_true(b->max_length >= ram_block_next(b)->max_length);
	memory_model_destroy(model);
}

static void test_find(void **state)
{
	struct memory_model *model = make_model();
	struct ram_block *a, *b, *c;
	uint64_t offset;

	a = add(model, 2 * PAGE, 0x7f0000000000);
	b = add(model, PAGE, 0x7f0000010000);
	/* On the same memory, from its middle on, and longer */
	c = add(model, 8 * PAGE, 0x7f0000001000);
	assert_ptr_equal(ram_block_from_offset(model, 0), a);
	assert_ptr_equal(ram_block_from_offset(model, 2 * PAGE - 1), a);
	assert_null(ram_block_from_offset(model, 2 * PAGE));
	assert_ptr_equal(ram_block_from_offset(model, b->offset), b);
	assert_null(ram_block_from_offset(model, UINT64_MAX));
	assert_ptr_equal(ram_block_from_hva(model, 0x7f0000000fff, &offset), a);
	assert_int_equal(offset, 0xfff);
	assert_ptr_equal(ram_block_from_hva(model, 0x7f0000008fff, &offset), c);
	assert_int_equal(offset, 0x7fff);
	assert_ptr_equal(ram_block_from_hva(model, 0x7f0000010000, NULL), b);
	assert_null(ram_block_from_hva(model, 0x7f0000011000, NULL));
	assert_null(ram_block_from_hva(model, 0, NULL));
	/* The one found last is forgotten with it */
	assert_ptr_equal(ram_block_from_offset(model, b->offset), b);
	offset = b->offset;
	MUST(ram_block_destroy(b, &error));
	assert_null(ram_block_from_offset(model, offset));
	memory_model_destroy(model);
}

struct resized {
	unsigned int calls;
	uint64_t size;
};

static void on_resized(void *opaque, const char *idstr, uint64_t size)
{
	struct resized *r = opaque;

	assert_string_equal(idstr, "pc.rom");
	r->calls++;
	r->size = size;
}

/* The block is in whole pages, the region keeps what was asked for */
static void test_resize(void **state)
{
	struct memory_model *model = make_model();
	struct resized r = { 0 };
	struct ram_block_options options = { .max_size = 4 * PAGE,
					     .flags = RAM_RESIZABLE,
					     .idstr = "pc.rom",
					     .resized = on_resized,
					     .opaque = &r };
	struct memory_region *ram;
	struct address_space *as;

	MUST(memory_region_create_ram(model, "rom", 0x1800, &options, &ram,
				      &error));
	as = make_as(model, "as", ram);
	assert_int_equal(block_of(ram)->used_length, 2 * PAGE);
	assert_int_equal(block_of(ram)->max_length, 4 * PAGE);
	assert_string_equal(shown(as), "0-17ff rom+0");
	MUST(ram_block_resize(block_of(ram), 0x1800, &error));
	assert_int_equal(r.calls, 0);
	MUST(ram_block_resize(block_of(ram), 0x1900, &error));
	assert_int_equal(r.calls, 1);
	assert_string_equal(shown(as), "0-18ff rom+0");
	MUST(ram_block_resize(block_of(ram), 4 * PAGE, &error));
	assert_int_equal(block_of(ram)->used_length, 4 * PAGE);
	assert_int_equal(r.size, 4 * PAGE);
	REFUSED(EINVAL, ram_block_resize(block_of(ram), 4 * PAGE + 1, &error));
	REFUSED(EINVAL, ram_block_resize(block_of(ram), 0, &error));
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_random_offsets),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_resize),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
