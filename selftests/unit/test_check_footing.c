// SPDX-License-Identifier: GPL-2.0-or-later
/* What host memory stands on, and what a RAMBlock is made of */
#include <stdlib.h>

#include "view_make.h"

#include "check/footing.h"
#include "check/ram.h"

#define PAGE (4 * KiB)

static struct host_range ranges[16];
static struct host_map map;

/* A mapping above the last one, @gap behind it */
static struct host_range *put(uint64_t gap, uint64_t size, const char *rights,
			      uint64_t inode, uint64_t offset)
{
	hva_t start = map.nr ? ranges[map.nr - 1].end : HVA;
	struct host_range *range = &ranges[map.nr++];

	map.ranges = ranges;
	*range = (struct host_range){
		.start = start + gap,
		.end = start + gap + size,
		.read = rights[0] == 'r',
		.write = rights[1] == 'w',
		.shared = rights[2] == 's',
		.inode = inode,
		.offset = offset,
		.file = inode ? HOST_FILE_REGULAR : HOST_FILE_NONE,
		.reach = UINT64_MAX,
		.path = inode == 7 ? (char *)"/ram" :
			inode	   ? (char *)"/other" :
				     NULL,
	};
	return range;
}

static int empty(void **unused)
{
	memset(&map, 0, sizeof(map));
	return 0;
}

static void expect(struct footing_walk *walk, enum footing_kind kind,
		   uint64_t from, uint64_t size)
{
	struct footing footing;

	assert_true(footing_next(walk, &footing));
	assert_int_equal(footing.kind, kind);
	assert_int_equal(footing.first - HVA, from);
	assert_int_equal(footing.last - HVA, from + size - 1);
}

static void expect_end(struct footing_walk *walk)
{
	struct footing footing;

	assert_false(footing_next(walk, &footing));
}

static struct footing_walk walk_of(uint64_t from, uint64_t size)
{
	return (struct footing_walk){ .map = &map,
				      .writes = true,
				      .next = HVA + from,
				      .last = HVA + from + size - 1 };
}

static void pieces(void **unused)
{
	struct footing_walk walk;

	put(0, 4 * PAGE, "rwp", 0, 0);
	put(PAGE, PAGE, "rwp", 0, 0);
	put(0, PAGE, "r-p", 0, 0);
	put(0, PAGE, "---", 0, 0);
	put(0, PAGE, "-wp", 7, 0);
	put(0, 4 * PAGE, "rws", 7, 0)->reach = 2 * PAGE;

	walk = walk_of(PAGE, 11 * PAGE);
	expect(&walk, FOOTING_GOOD, PAGE, 3 * PAGE);
	expect(&walk, FOOTING_NOTHING, 4 * PAGE, PAGE);
	expect(&walk, FOOTING_GOOD, 5 * PAGE, PAGE);
	expect(&walk, FOOTING_UNWRITABLE, 6 * PAGE, PAGE);
	/* two that nobody may read are one */
	expect(&walk, FOOTING_UNREADABLE, 7 * PAGE, 2 * PAGE);
	expect(&walk, FOOTING_GOOD, 9 * PAGE, 2 * PAGE);
	expect(&walk, FOOTING_BEYOND, 11 * PAGE, PAGE);
	expect_end(&walk);

	/* where it need not be written, it is as good */
	walk = walk_of(5 * PAGE, 2 * PAGE);
	walk.writes = false;
	expect(&walk, FOOTING_GOOD, 5 * PAGE, 2 * PAGE);
	expect_end(&walk);
}

static void nothing_at_all(void **unused)
{
	struct footing_walk walk = walk_of(0, MiB);

	expect(&walk, FOOTING_NOTHING, 0, MiB);
	expect_end(&walk);
	map.truncated = true;
	walk = walk_of(0, MiB);
	expect(&walk, FOOTING_UNKNOWN, 0, MiB);
	put(0, PAGE, "rwp", 0, 0);
	walk = walk_of(0, MiB);
	expect(&walk, FOOTING_GOOD, 0, PAGE);
	expect(&walk, FOOTING_UNKNOWN, PAGE, MiB - PAGE);
	expect_end(&walk);
	/* the last page of all */
	walk = (struct footing_walk){ .map = &map,
				      .next = UINT64_MAX,
				      .last = UINT64_MAX };
	map.truncated = false;
	assert_true(footing_next(&walk, &(struct footing){ 0 }));
	expect_end(&walk);
}

static void a_file_cut_to_nothing(void **unused)
{
	struct footing_walk walk = walk_of(0, 16 * PAGE);

	put(0, 8 * PAGE, "rws", 7, 0)->reach = 0;
	put(0, 8 * PAGE, "r-s", 7, 8 * PAGE)->reach = 0;
	expect(&walk, FOOTING_BEYOND, 0, 16 * PAGE);
	expect_end(&walk);

	/* a device has no end that we know of, nor has what nobody looked at */
	ranges[0].file = HOST_FILE_DEVICE;
	ranges[1].file = HOST_FILE_DEVICE;
	ranges[1].write = true;
	walk = walk_of(0, 16 * PAGE);
	expect(&walk, FOOTING_GOOD, 0, 16 * PAGE);
	ranges[1].file = HOST_FILE_UNKNOWN;
	walk = walk_of(0, 16 * PAGE);
	expect(&walk, FOOTING_GOOD, 0, 8 * PAGE);
	struct footing footing;

	assert_true(footing_next(&walk, &footing));
	assert_false(footing.sure);
}

static void memories_apart(void **unused)
{
	struct footing_walk walk = walk_of(0, 12 * PAGE);

	put(0, PAGE, "rws", 7, 0);
	put(0, PAGE, "rws", 7, PAGE);	  /* goes on */
	put(0, PAGE, "rws", 7, 9 * PAGE); /* another page of the file */
	put(0, PAGE, "rws", 7, 3 * PAGE);
	put(0, PAGE, "rwp", 7, 4 * PAGE); /* a private copy */
	put(0, PAGE, "rws", 8, 5 * PAGE); /* another file */
	put(0, PAGE, "rwp", 0, 0);	  /* anonymous */
	put(0, 5 * PAGE, "rws", 7, 7 * PAGE);
	expect(&walk, FOOTING_GOOD, 0, 2 * PAGE);
	for (int i = 2; i < 7; i++)
		expect(&walk, FOOTING_GOOD, i * PAGE, PAGE);
	expect(&walk, FOOTING_GOOD, 7 * PAGE, 5 * PAGE);
	expect_end(&walk);
}

/* RAM of 16 pages in two ranges, and ROM after it */
static void model_make(struct slot_state *model)
{
	struct slot slot = slot_of(0, -1, 0, 8 * PAGE, HVA, 0);

	state_make(model, PARTY_MODEL, 1);
	slot.name = (char *)"pc.ram";
	state_add(model, slot);
	slot.gpa = GiB;
	slot.hva += 8 * PAGE;
	slot.offset = 8 * PAGE;
	state_add(model, slot);
	slot.name = (char *)"pc.bios";
	slot.gpa = 2 * GiB;
	slot.hva += 8 * PAGE;
	slot.offset = 0;
	state_add(model, slot);
	slot_state_sort(model);
}

static bool wrong(const struct slot_state *model, size_t slot, size_t range,
		  const char *part)
{
	const struct ram_block *block;
	struct ram_blocks blocks;
	char text[RAM_WRONG_MAX] = "";
	bool is;

	assert_int_equal(ram_blocks_find(model, &map, &blocks), 0);
	block = ram_blocks_of(&blocks, &model->slots[slot]);
	assert_non_null(block);
	is = ram_block_wrong(block, &ranges[range], text);
	if (is && !strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
	ram_blocks_deinit(&blocks);
	return is;
}

static void what_ram_is_made_of(void **unused)
{
	struct slot_state model;

	model_make(&model);
	put(0, 3 * PAGE, "rws", 7, 0);
	put(0, PAGE, "rws", 7, 8 * PAGE);
	put(0, PAGE, "rwp", 7, 4 * PAGE)->copied = PAGE;
	put(0, PAGE, "rws", 8, 5 * PAGE);
	put(0, PAGE, "rwp", 0, 0);
	put(0, 9 * PAGE, "r-s", 7, 7 * PAGE);
	put(0, 8 * PAGE, "rwp", 0, 0);
	assert_false(wrong(&model, 0, 0, ""));
	assert_true(
		wrong(&model, 0, 1,
		      "/ram at offset 0x8000, where it would be at 0x3000"));
	assert_true(wrong(&model, 0, 2,
			  "/ram, private (4 KiB of it copied), and the rest of "
			  "pc.ram is /ram, shared"));
	assert_true(wrong(&model, 0, 3, "/other, shared"));
	assert_true(wrong(&model, 0, 4, "anonymous memory"));
	/* rights are another matter; so is what other blocks are made of */
	assert_false(wrong(&model, 1, 5, ""));
	assert_false(wrong(&model, 2, 6, ""));
	slot_state_deinit(&model);
}

static void shared_by_the_vmms_own_word(void **unused)
{
	struct slot_state model;

	model_make(&model);
	put(0, 16 * PAGE, "rwp", 7, 0);
	put(0, 8 * PAGE, "rwp", 0, 0);
	assert_false(wrong(&model, 0, 0, ""));
	model.slots[0].share = SLOT_SHARE_OFF;
	assert_false(wrong(&model, 0, 0, ""));
	model.slots[0].share = SLOT_SHARE_ON;
	model.slots[1].share = SLOT_SHARE_ON;
	assert_true(wrong(&model, 0, 0, "is private (/ram)"));
	ranges[0].shared = true;
	assert_false(wrong(&model, 0, 0, ""));
	slot_state_deinit(&model);
}

/* Ranges may show the same memory twice, or not say where it lies */
static void ranges_over_each_other(void **unused)
{
	struct slot_state model;
	struct ram_blocks blocks;

	model_make(&model);
	put(0, 7 * PAGE, "rws", 7, 0);
	put(0, 9 * PAGE, "rwp", 0, 0);
	/* the first 8 pages three times more: still less than half is the file's */
	for (int i = 1; i < 4; i++) {
		struct slot again = model.slots[0];

		again.gpa = 4 * GiB + i * GiB;
		state_add(&model, again);
	}
	slot_state_sort(&model);
	assert_true(wrong(&model, 0, 0, "/ram, shared"));

	model.slots[1].unknown = SLOT_FIELD_HVA;
	assert_true(wrong(&model, 0, 1, "anonymous memory"));
	assert_int_equal(ram_blocks_find(&model, &map, &blocks), 0);
	assert_int_equal(blocks.nr, 2);
	ram_blocks_deinit(&blocks);
	slot_state_deinit(&model);

	/* nothing is mapped: nothing is wrong */
	model_make(&model);
	empty(NULL);
	put(GiB, PAGE, "rwp", 0, 0);
	assert_int_equal(ram_blocks_find(&model, &map, &blocks), 0);
	assert_null(ram_blocks_of(&blocks, &model.slots[0])->usual);
	ram_blocks_deinit(&blocks);
	slot_state_deinit(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pieces, empty),
		cmocka_unit_test_setup(nothing_at_all, empty),
		cmocka_unit_test_setup(a_file_cut_to_nothing, empty),
		cmocka_unit_test_setup(memories_apart, empty),
		cmocka_unit_test_setup(what_ram_is_made_of, empty),
		cmocka_unit_test_setup(shared_by_the_vmms_own_word, empty),
		cmocka_unit_test_setup(ranges_over_each_other, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
