// SPDX-License-Identifier: GPL-2.0-or-later
/* Who owns an address: parsed, found in each view, and what happened to it */
#include <errno.h>

#include <slotscope/addr.h>

#include "check_make.h"
#include "mtree/path.h"
#include "mtree_fixture.h"
#include "qemu/ram_blocks.h"

static const struct slot nothing = { .gmem_fd = -1 };

static void assert_query(const char *text, enum addr_kind kind, uint64_t first,
			 uint64_t last, const char *name)
{
	struct slotscope_error err = {};
	struct addr_query query;

	assert_int_equal(addr_parse(text, &query, &err), 0);
	assert_int_equal(query.kind, kind);
	assert_int_equal(query.first, first);
	assert_int_equal(query.last, last);
	assert_string_equal(query.name, name);
	assert_int_equal(query.as_id, -1);
}

static void parses(void **unused)
{
	static const char *const wrong[] = {
		"",
		"12x",
		"0x10-0x0f",
		"0x10+",
		"0x10+0",
		"0x",
		"gpa:",
		"gpa:x",
		"1-",
		"99999999999999999999",
		"0xffffffffffffffff+2",
		"18014398509481984k",
	};
	struct slotscope_error err = {};
	struct addr_query query;

	assert_query("4096", ADDR_ANY, 4096, 4096, "");
	assert_query("0x1000-0x1fff", ADDR_ANY, 0x1000, 0x1fff, "");
	assert_query("gpa:0x1000+4k", ADDR_GPA, 0x1000, 0x1fff, "");
	assert_query("hva:0+1M", ADDR_HVA, 0, MiB - 1, "");
	assert_query("0xffffffffffffffff+1", ADDR_ANY, UINT64_MAX, UINT64_MAX,
		     "");
	assert_query("pc.ram", ADDR_REGION, 0, UINT64_MAX, "pc.ram");
	assert_query("pc.ram+0x10", ADDR_REGION, 16, 16, "pc.ram");
	assert_query("a+b", ADDR_REGION, 0, UINT64_MAX, "a+b");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		print_message("%s\n", wrong[i]);
		assert_int_equal(addr_parse(wrong[i], &query, &err), -EINVAL);
	}
}

struct found {
	struct check_rows rows;
	struct addr_input input;
	struct addr_answer answer;
};

static void find(struct views *v, struct found *f, const char *text)
{
	struct slotscope_error err = {};
	struct addr_query query;

	memset(f, 0, sizeof(*f));
	assert_int_equal(addr_parse(text, &query, &err), 0);
	views_check(v);
	assert_int_equal(check_rows(&v->made, &f->rows), 0);
	f->input.comparison = &v->made;
	f->input.rows = &f->rows;
	assert_int_equal(addr_find(&f->input, &query, &f->answer), 0);
}

static void found_deinit(struct found *f)
{
	addr_answer_deinit(&f->answer);
	check_rows_deinit(&f->rows);
}

static void assert_said(struct found *f, size_t place, size_t view,
			const char *want)
{
	char *says = addr_says(&f->input, &f->answer.places[place], view);

	if (want)
		assert_string_equal(says, want);
	else
		assert_null(says);
	free(says);
}

static const struct addr_place *place_at(struct found *f, size_t at, int as_id,
					 gpa_t gpa, uint64_t size)
{
	const struct addr_place *place;

	assert_true(at < f->answer.nr);
	place = &f->answer.places[at];
	assert_int_equal(place->as_id, as_id);
	assert_int_equal(place->gpa, gpa);
	assert_int_equal(place->size, size);
	return place;
}

/* In every view, and in both address spaces */
static void by_gpa(void **unused)
{
	struct views v;
	struct found f;

	views_pc(&v);
	v.map.ranges[1].inode = 77;
	find(&v, &f, "0x180000");
	assert_int_equal(f.answer.nr, 2);
	assert_true(f.answer.owned);
	assert_int_equal(place_at(&f, 0, 0, 0x180000, 1)->hva, HVA + 0x180000);
	place_at(&f, 1, 1, 0x180000, 1);
	assert_said(&f, 0, MODEL,
		    "pc.ram+0x180000 of 0x100000-0xfffffff (255 MiB), host "
		    "address 0x7f0000180000, read-write");
	assert_said(&f, 0, KERNEL,
		    "slot 2 of 0x100000-0xfffffff (255 MiB), host address "
		    "0x7f0000180000, read-write");
	assert_said(&f, 0, BACKING,
		    "rwp 0x7f0000000000-0x7f000fffffff anonymous memory");
	found_deinit(&f);

	/* a range over two ranges and the hole between */
	find(&v, &f, "gpa:0x9f000-0xe0fff");
	assert_int_equal(f.answer.nr, 4);
	place_at(&f, 0, 0, 0x9f000, 0x1000);
	assert_int_equal(place_at(&f, 1, 0, 0xa0000, 0x40000)->row,
			 ADDR_NO_ROW);
	assert_said(&f, 1, KERNEL, "no slot");
	assert_said(&f, 1, BACKING, NULL);
	place_at(&f, 2, 0, 0xe0000, 0x1000);
	assert_said(&f, 2, BACKING,
		    "r-p 0x7f0100000000-0x7f010003ffff /bios.bin, offset "
		    "0x100020000 of inode 77");
	place_at(&f, 3, 1, 0x9f000, 0x42000);
	found_deinit(&f);
	views_deinit(&v);
}

/* What was not read says nothing: it does not say that there is nothing */
static void views_that_are_not_there(void **unused)
{
	struct views v;
	struct found f;

	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	v.view[KERNEL].unread = "no module";
	find(&v, &f, "0xc0000000");
	assert_int_equal(f.answer.nr, 1);
	assert_false(f.answer.owned);
	assert_said(&f, 0, KERNEL, NULL);
	assert_said(&f, 0, TRACED, "no slot");
	found_deinit(&f);

	assert_int_equal(coverage_add_blind(&v.state[TRACED].coverage, 0,
					    0xc0000000, 0x1000, "lost"),
			 0);
	find(&v, &f, "0xc0000000");
	assert_said(&f, 0, TRACED, NULL);
	found_deinit(&f);
	views_deinit(&v);
}

/* The bios is shown twice; a host address that no slot has is the VMM's own */
static void by_hva(void **unused)
{
	struct views v;
	struct found f;

	views_pc(&v);
	map_add(&v, BIOS_HVA + GiB, MiB, "rw-", "/heap");
	v.map.ranges[2].inode = 78;
	find(&v, &f, "0x7f0100030000+8k");
	assert_int_equal(f.answer.nr, 2);
	place_at(&f, 0, 0, 0xf0000, 0x2000);
	place_at(&f, 1, 0, 0xffff0000ULL, 0x2000);
	assert_int_equal(f.answer.places[0].by, ADDR_HVA);
	found_deinit(&f);

	find(&v, &f, "0x7f0140000010");
	assert_int_equal(f.answer.nr, 1);
	assert_true(f.answer.owned);
	assert_false(f.answer.places[0].guest);
	assert_said(&f, 0, KERNEL, NULL);
	assert_said(&f, 0, BACKING,
		    "rwp 0x7f0140000000-0x7f01400fffff /heap, offset "
		    "0x140000010 of inode 78");
	found_deinit(&f);

	find(&v, &f, "hva:0x1000");
	assert_int_equal(f.answer.nr, 0);
	assert_false(f.answer.owned);
	found_deinit(&f);
	views_deinit(&v);
}

static void by_region(void **unused)
{
	struct views v;
	struct found f;

	views_pc(&v);
	/* as views_pc() has it: by host address, from HVA on */
	find(&v, &f, "pc.ram+0x180000");
	assert_int_equal(f.answer.nr, 2);
	place_at(&f, 0, 0, 0x180000, 1);
	place_at(&f, 1, 1, 0x180000, 1);
	found_deinit(&f);
	find(&v, &f, "pc.bios");
	assert_int_equal(f.answer.nr, 2);
	found_deinit(&f);
	find(&v, &f, "pc.bio");
	assert_int_equal(f.answer.nr, 0);
	found_deinit(&f);
	views_deinit(&v);
}

static struct slot_event event(uint64_t seq, enum slot_event_type type)
{
	struct slot_event e = event_of(type, seq);

	return e;
}

static void what_happened(void **unused)
{
	const struct slot low = slot_of(0, 2, MiB, MiB, HVA + MiB, 0);
	struct slot_event e;
	struct views v;
	struct found f;

	views_pc(&v);
	log_vm_create(&v.log, 1);
	log_change(&v.log, 2, nothing, low, 2, 0);
	/* elsewhere, and in the other address space */
	log_change(&v.log, 3, nothing,
		   slot_of(0, 9, 8 * GiB, MiB, HVA + 8 * GiB, 0), 4, 0);
	log_change(&v.log, 4, nothing, slot_of(1, 2, MiB, MiB, HVA, 0), 4, 0);
	e = event(5, SLOT_EVENT_EXIT);
	e.exit = (struct slot_exit){ .gpa = MiB + 8, .len = 8, .vcpu = 0 };
	log_add(&v.log, e);
	e = event(6, SLOT_EVENT_MAPPING);
	e.mapping = (struct slot_mapping){ .hva = HVA, .size = 2 * MiB };
	log_add(&v.log, e);
	e = event(7, SLOT_EVENT_MAPPING);
	e.mapping = (struct slot_mapping){ .hva = HVA, .size = MiB };
	log_add(&v.log, e);
	/* a deletion names no range: it is that of its change, before it in the log */
	e = event(8, SLOT_EVENT_CHANGE);
	e.change.kind = SLOT_DELETE;
	e.change.before = low;
	e.call = 77;
	log_add(&v.log, e);
	e = event(9, SLOT_EVENT_REQUEST);
	e.request.slot = 2;
	e.call = 77;
	log_add(&v.log, e);
	/* of another VM */
	e = event(10, SLOT_EVENT_BASE);
	e.base = low;
	e.serial = 2;
	log_add(&v.log, e);
	find(&v, &f, "gpa:0x100008");
	static const uint64_t want[] = { 2, 4, 5, 6, 8, 9 };

	assert_int_equal(f.answer.nr_events, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(f.answer.events[i]->seq, want[i]);
	found_deinit(&f);
	views_deinit(&v);
}

/* Of 7.2, without host addresses; newer ones have two columns more */
static void ram_blocks(void **unused)
{
	static const char old[] =
		"              Block Name    PSize              Offset         "
		"      Used              Total\r\n"
		"                  pc.ram    4 KiB  0x0000000000000000 "
		"0x0000000008000000 0x0000000008000000\r\n"
		"    0000:00:02.0/vga.vram    4 KiB  0x0000000008080000 "
		"0x0000000001000000 0x0000000001000000\r\n";
	static const char new[] =
		"Block Name PSize Offset Used Total HVA RO\n"
		"pc.ram 2 MiB 0x0 0x1000 0x2000 0x7f0000000000 rw\n";
	const struct mtree_range vram = { .first = 0xfd000000,
					  .last = 0xfdffffff,
					  .kind = MTREE_RAM,
					  .name = "vga.vram" };
	const struct addr_place place = { .guest = true,
					  .gpa = 0xfd001000,
					  .flat = &vram };
	struct addr_input input = {};
	struct addr_block *blocks;
	const struct addr_block *block;
	uint64_t offset;

	assert_int_equal(ram_blocks_parse(old, &blocks), 2);
	assert_string_equal(blocks[1].name, "0000:00:02.0/vga.vram");
	assert_int_equal(blocks[1].ram_addr, 0x8080000);
	assert_int_equal(blocks[1].hva, 0);
	input.blocks = blocks;
	input.nr_blocks = 2;
	block = addr_block_of(&input, &place, &offset);
	assert_ptr_equal(block, &blocks[1]);
	assert_int_equal(offset, 0x1000);
	/* two devices of one kind: which is it? */
	strcpy(blocks[0].name, "0000:00:03.0/vga.vram");
	assert_null(addr_block_of(&input, &place, &offset));
	strcpy(blocks[0].name, "xvga.vram");
	assert_ptr_equal(addr_block_of(&input, &place, &offset), &blocks[1]);
	free(blocks);
	assert_int_equal(ram_blocks_parse(new, &blocks), 1);
	assert_int_equal(blocks[0].hva, 0x7f0000000000);
	free(blocks);
	assert_int_equal(ram_blocks_parse("unknown command: 'x'\r\n", &blocks),
			 -EINVAL);
	assert_int_equal(ram_blocks_parse("Block Name\n", &blocks), -EINVAL);
}

static void assert_path(const struct mtree_tree *tree, const char *space,
			uint64_t addr, const char *region, uint64_t offset,
			const char *want)
{
	int32_t path[MTREE_PATH_MAX];
	char text[512] = "";
	int nr = mtree_path(tree, space, addr, region, offset, path);

	assert_true(nr >= 0);
	for (int i = 0; i < nr; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s", i ? ">" : "", tree->nodes[path[i]].name);
	assert_string_equal(text, want);
}

/* By hand, from the text of a real QEMU */
static void paths(void **unused)
{
	struct slotscope_error err = {};
	struct mtree_tree tree;
	size_t len;
	char *text = read_own("q35-kvm-smm/mtree-Do.txt", &len);

	assert_int_equal(mtree_tree_parse(text, len, &tree, &err), 0);
	assert_path(&tree, "memory", 0x1000, "pc.ram", 0x1000,
		    "system>ram-below-4g>pc.ram");
	/* under it there is RAM, too, which is hidden by the screen */
	assert_path(&tree, "memory", 0xa0000, "vga-lowmem", 0,
		    "system>smram-region>pci>vga-lowmem");
	assert_path(&tree, "KVM-SMRAM", 0x1000, "pc.ram", 0x1000,
		    "mem-container-smram>mem-smram>system>ram-below-4g>pc.ram");
	/* what is not there, and what is there otherwise */
	assert_path(&tree, "memory", 0x1000, "pc.bios", 0x1000, "");
	assert_path(&tree, "memory", 0x1000, "pc.ram", 0x2000, "");
	assert_path(&tree, "nobody", 0x1000, "pc.ram", 0x1000, "");
	mtree_tree_deinit(&tree);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(by_gpa),
		cmocka_unit_test(views_that_are_not_there),
		cmocka_unit_test(by_hva),
		cmocka_unit_test(by_region),
		cmocka_unit_test(what_happened),
		cmocka_unit_test(ram_blocks),
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
