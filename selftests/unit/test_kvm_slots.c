// SPDX-License-Identifier: GPL-2.0-or-later
/* The KVMSlot table: which requests follow from which change, in each mode */
#include <errno.h>

#include <slotscope/kvm_slots.h>

#include "memory/listener.h"
#include "memory_make.h"

static char story[4096];
static int answer; /* of the next requests */

static int on_request(void *opaque, const struct kvm_slot_request *r)
{
	size_t len = strlen(story);

	snprintf(story + len, sizeof(story) - len, "%s%x:%llx+%llx@%llx/%x ",
		 r->pre_delete ? "!" : "", r->slot, (unsigned long long)r->gpa,
		 (unsigned long long)r->size, (unsigned long long)r->hva,
		 r->flags);
	return answer;
}

static void on_problem(void *opaque, const struct slotscope_error *problem)
{
	size_t len = strlen(story);

	snprintf(story + len, sizeof(story) - len, "<%d %s> ", problem->code,
		 problem->why);
}

static void on_inhibit(void *opaque, bool inhibit)
{
	strcat(story, inhibit ? "{ " : "} ");
}

struct board {
	struct memory_model *model;
	struct memory_region *system;
	struct address_space *as;
	struct kvm_slots *slots;
};

static void make_board(struct board *b, const struct kvm_slots_options *extra)
{
	struct kvm_slots_options options = { 0 };

	if (extra)
		options = *extra;
	options.request = on_request;
	options.problem = on_problem;
	story[0] = '\0';
	answer = 0;
	b->model = make_model();
	b->system = make_container(b->model, "system", MEMORY_SIZE_2_64);
	b->as = make_as(b->model, "as", b->system);
	map(b->system, 0, -100, make_container(b->model, "floor", 0));
	map(b->system, 0, -100, make_container(b->model, "floor", 0));
	MUST(kvm_slots_create(b->as, &options, &b->slots, &error));
}

static void free_board(struct board *b)
{
	kvm_slots_destroy(b->slots);
	memory_model_destroy(b->model);
}

static void expect(const char *text)
{
	assert_string_equal(story, text);
	story[0] = '\0';
}

static void test_basic(void **state)
{
	const struct kvm_slot *slot;
	struct memory_region *ram, *rom;
	struct board b;

	make_board(&b, NULL);
	ram = make_ram(b.model, "ram", 0x10000, 0x700000);
	rom = make_ram(b.model, "rom", 0x1000, 0x800000);
	MUST(memory_region_set_readonly(rom, true, &error));
	map(b.system, 0, 0, ram);
	expect("0:0+10000@700000/0 ");
	/* A hole in the middle: the slot goes, two come around the new one */
	map(b.system, 0x4000, 1, rom);
	expect("0:0+0@700000/0 0:0+4000@700000/0 1:4000+1000@800000/2 "
	       "2:5000+b000@705000/0 ");
	map(b.system, 0x20000, 0, make_io(b.model, "io", 0x1000));
	expect("");
	assert_int_equal(kvm_slots_nr(b.slots), 3);
	slot = kvm_slots_find(b.slots, 0x4fff);
	assert_int_equal(slot->id, 1);
	assert_int_equal(slot->flags, SLOT_READONLY);
	assert_ptr_equal(slot->region, rom);
	assert_null(kvm_slots_find(b.slots, 0x10000));
	assert_int_equal(kvm_slots_next(b.slots, slot)->id, 2);
	/* The lowest number that is free */
	unmap(b.system, rom);
	expect("0:0+0@700000/0 1:4000+0@800000/0 2:5000+0@705000/0 "
	       "0:0+10000@700000/0 ");
	kvm_slots_destroy(b.slots);
	expect("0:0+0@700000/0 ");
	memory_model_destroy(b.model);
}

/* Whole pages only; what does not fill one has no slot */
static void test_ragged(void **state)
{
	struct memory_region *ram, *a, *odd;
	struct board b;

	make_board(&b, NULL);
	ram = make_ram(b.model, "ram", 0x4000, 0x700000);
	a = make_alias("a", b.model, ram, 0x800, 0x2900);
	map(b.system, 0x10800, 0, a);
	expect("0:11000+2000@701000/0 ");
	map(b.system, 0x20800, 0, make_alias("b", b.model, ram, 0x800, 0x1000));
	expect("");
	/* Guest and host differ within a page: KVM would refuse it */
	odd = make_alias("odd", b.model, ram, 0x100, 0x2000);
	map(b.system, 0x30000, 0, odd);
	assert_non_null(strstr(story, "<22 guest and host address differ"));
	story[0] = '\0';
	unmap(b.system, odd);
	expect("");
	free_board(&b);
}

static void test_max_size(void **state)
{
	struct kvm_slots_options options = { .max_slot_size = 0x8000 };
	struct memory_region *ram;
	struct board b;

	make_board(&b, &options);
	ram = make_ram(b.model, "ram", 0x14000, 0x700000);
	map(b.system, 0, 0, ram);
	expect("0:0+8000@700000/0 1:8000+8000@708000/0 2:10000+4000@710000/0 ");
	MUST(memory_region_set_log(ram, true, &error));
	expect("0:0+8000@700000/1 1:8000+8000@708000/1 2:10000+4000@710000/1 ");
	unmap(b.system, ram);
	expect("0:0+0@700000/0 1:8000+0@708000/0 2:10000+0@710000/0 ");
	free_board(&b);
}

static void test_flags(void **state)
{
	struct memory_region *ram, *pam, *box;
	struct board b;

	make_board(&b, NULL);
	ram = make_ram(b.model, "ram", 0x1000, 0x700000);
	pam = make_alias("pam", b.model, ram, 0, 0x1000);
	box = make_container(b.model, "box", 0x1000);
	map(box, 0, 0, pam);
	map(b.system, 0, 0, box);
	expect("0:0+1000@700000/0 ");
	MUST(memory_region_set_log(ram, true, &error));
	MUST(memory_region_set_log(ram, false, &error));
	expect("0:0+1000@700000/1 0:0+1000@700000/0 ");
	/* Shown read-only by an alias: not KVM's business, but a new section */
	MUST(memory_region_set_readonly(pam, true, &error));
	expect("0:0+0@700000/0 0:0+1000@700000/0 ");
	/*
	 * Now read-only itself: the section is as it was, so KVM is not told
	 * until the next change of flags; that cannot be done in place
	 */
	MUST(memory_region_set_readonly(ram, true, &error));
	expect("");
	MUST(memory_region_set_log(ram, true, &error));
	expect("!0:0+0@700000/3 0:0+1000@700000/3 ");
	free_board(&b);
}

static void test_rom_device(void **state)
{
	struct ram_block_options ram = { .hva = 0x700000 };
	struct memory_region *flash;
	struct board b;

	make_board(&b, NULL);
	MUST(memory_region_create_rom_device(b.model, "flash", 0x1000, &ram,
					     NULL, NULL, &flash, &error));
	map(b.system, 0, 0, flash);
	expect("0:0+1000@700000/2 ");
	MUST(memory_region_set_romd(flash, false, &error));
	expect("0:0+0@700000/0 ");
	MUST(memory_region_set_romd(flash, true, &error));
	expect("0:0+1000@700000/2 ");
	free_board(&b);
}

/* Read-only without RAM: QEMU dies of it */
static void test_readonly_io(void **state)
{
	struct memory_region *io;
	struct board b;

	make_board(&b, NULL);
	io = make_io(b.model, "io", 0x1000);
	MUST(memory_region_set_readonly(io, true, &error));
	map(b.system, 0, 0, io);
	assert_non_null(strstr(story, "<22 the region is read-only"));
	story[0] = '\0';
	unmap(b.system, io);
	expect("");
	free_board(&b);
}

static void test_no_readonly_mem(void **state)
{
	struct kvm_slots_options options = { .no_readonly_mem = true };
	struct ram_block_options ram = { .hva = 0x700000 };
	struct memory_region *rom, *flash;
	struct board b;

	make_board(&b, &options);
	MUST(memory_region_create_rom(b.model, "rom", 0x1000, &ram, &rom,
				      &error));
	MUST(memory_region_create_rom_device(b.model, "flash", 0x1000, &ram,
					     NULL, NULL, &flash, &error));
	map(b.system, 0, 0, rom);
	map(b.system, 0x1000, 0, flash);
	expect("0:0+1000@700000/0 ");
	free_board(&b);
}

static void test_smm_and_memfd(void **state)
{
	struct kvm_slots_options options = { .as_id = 1 };
	struct ram_block_options ram = { .hva = 0x700000, .guest_memfd = 8 };
	struct memory_region *region;
	struct board b;

	make_board(&b, &options);
	MUST(memory_region_create_ram(b.model, "ram", 0x1000, &ram, &region,
				      &error));
	map(b.system, 0, 0, region);
	expect("10000:0+1000@700000/4 ");
	assert_string_equal(
		memory_listener_name(memory_listener_first(b.model)),
		"kvm-smram");
	free_board(&b);
}

/* Refused by KVM: told, remembered, and nothing that it does not have deleted */
static void test_refused(void **state)
{
	struct memory_region *ram, *more;
	struct board b;

	make_board(&b, NULL);
	ram = make_ram(b.model, "ram", 0x1000, 0x700000);
	more = make_ram(b.model, "more", 0x1000, 0x800000);
	answer = -EEXIST;
	map(b.system, 0, 0, ram);
	expect("0:0+1000@700000/0 <17 File exists> ");
	assert_int_equal(kvm_slots_find(b.slots, 0)->error, -EEXIST);
	answer = 0;
	unmap(b.system, ram);
	expect("");
	map(b.system, 0, 0, ram);
	expect("0:0+1000@700000/0 ");
	/* Not deleted: its number is not used again */
	answer = -EIO;
	unmap(b.system, ram);
	expect("0:0+0@700000/0 <5 Input/output error> ");
	answer = 0;
	map(b.system, 0, 0, more);
	expect("1:0+1000@800000/0 ");
	assert_int_equal(kvm_slots_nr(b.slots), 2);
	assert_int_equal(kvm_slots_next(b.slots, NULL)->error, -EIO);
	free_board(&b);
}

static void test_limit(void **state)
{
	struct kvm_slots_options options = { .nr_slots = 2 };
	struct memory_region *ram[3];
	struct board b;
	int i;

	make_board(&b, &options);
	for (i = 0; i < 3; i++) {
		ram[i] = make_ram(b.model, "ram", 0x1000, 0x700000);
		map(b.system, 0x1000 * i, 0, ram[i]);
	}
	expect("0:0+1000@700000/0 1:1000+1000@700000/0 "
	       "<28 all 2 slots are in use> ");
	unmap(b.system, ram[0]);
	unmap(b.system, ram[2]);
	map(b.system, 0x2000, 0, ram[2]);
	expect("0:0+0@700000/0 0:2000+1000@700000/0 ");
	free_board(&b);
}

/* All deletions, then all additions, at the end; vCPUs out if they overlap */
static void test_queued(void **state)
{
	struct kvm_slots_options options = { .mode = KVM_SLOTS_QUEUED,
					     .inhibit = on_inhibit };
	struct memory_region *a, *c;
	struct board b;

	make_board(&b, &options);
	a = make_ram(b.model, "a", 0x4000, 0x700000);
	c = make_ram(b.model, "c", 0x1000, 0x800000);
	map(b.system, 0, 0, a);
	expect("0:0+4000@700000/0 ");
	map(b.system, 0x1000, 1, c);
	expect("{ 0:0+0@700000/0 0:0+1000@700000/0 1:1000+1000@800000/0 "
	       "2:2000+2000@702000/0 } ");
	memory_model_begin(b.model);
	unmap(b.system, c);
	unmap(b.system, a);
	map(b.system, 0x10000, 0, c);
	MUST(memory_model_commit(b.model, &error));
	expect("0:0+0@700000/0 1:1000+0@800000/0 2:2000+0@702000/0 "
	       "0:10000+1000@800000/0 ");
	free_board(&b);
}

/* 2.8: a section that fits an old slot is left in it, what stands out stays */
static void test_split(void **state)
{
	struct kvm_slots_options options = { .mode = KVM_SLOTS_SPLIT };
	struct memory_region *ram, *io;
	struct board b;

	make_board(&b, &options);
	ram = make_ram(b.model, "ram", 0x4000, 0x700000);
	io = make_io(b.model, "io", 0x1000);
	map(b.system, 0, 0, ram);
	expect("0:0+4000@700000/0 ");
	map(b.system, 0x1000, 1, io);
	expect("0:0+0@700000/0 0:0+1000@700000/0 1:2000+2000@702000/0 ");
	unmap(b.system, io);
	expect("0:0+0@700000/0 1:2000+0@702000/0 0:0+4000@700000/0 ");
	free_board(&b);
}

/*
 * QEMU 2.8's rule (kvm_set_phys_mem), told of sections that no commit of a model
 * leads to: a section may overlap a slot in any way. What overlaps goes, lowest
 * first; what stood out before it and behind it comes again as slots of their
 * own, with the flags of the section's region; then comes the section.
 */
static void tell(struct board *b, struct memory_region *region, uint64_t offset,
		 gpa_t gpa, uint64_t size, bool add)
{
	struct memory_listener *l = memory_listener_first(b->model);
	struct memory_region_section section = {
		.address_space = b->as,
		.region = region,
		.offset_within_region = offset,
		.offset_within_address_space = gpa,
		.size = size,
	};

	(add ? l->ops->region_add : l->ops->region_del)(l->opaque, &section);
}

static const struct split_case {
	gpa_t gpa;
	uint64_t size;
	const char *add;
	const char *del;
} split_cases[] = {
	/* before it; behind it; right at its ends: nothing of it */
	{ 0x0, 0x1000, "1:0+1000@800000/0 ", "" },
	{ 0x7000, 0x1000, "1:7000+1000@800000/0 ", "" },
	{ 0x0, 0x2000, "1:0+2000@800000/0 ", "" },
	{ 0x6000, 0x1000, "1:6000+1000@800000/0 ", "" },
	/* its front, from before it or from its first byte: a suffix */
	{ 0x1000, 0x2000,
	  "0:2000+0@700000/0 0:3000+3000@701000/0 1:1000+2000@800000/0 ",
	  "0:2000+0@700000/0 0:3000+3000@701000/0 " },
	{ 0x2000, 0x1000,
	  "0:2000+0@700000/0 0:3000+3000@701000/0 1:2000+1000@800000/0 ",
	  "0:2000+0@700000/0 0:3000+3000@701000/0 " },
	/* its back: a prefix */
	{ 0x5000, 0x2000,
	  "0:2000+0@700000/0 0:2000+3000@700000/0 1:5000+2000@800000/0 ",
	  "0:2000+0@700000/0 0:2000+3000@700000/0 " },
	{ 0x5000, 0x1000,
	  "0:2000+0@700000/0 0:2000+3000@700000/0 1:5000+1000@800000/0 ",
	  "0:2000+0@700000/0 0:2000+3000@700000/0 " },
	/* its middle: both */
	{ 0x3000, 0x1000,
	  "0:2000+0@700000/0 0:2000+1000@700000/0 1:4000+2000@702000/0 "
	  "2:3000+1000@800000/0 ",
	  "0:2000+0@700000/0 0:2000+1000@700000/0 1:4000+2000@702000/0 " },
	/* all of it, just or with more: neither */
	{ 0x2000, 0x4000, "0:2000+0@700000/0 0:2000+4000@800000/0 ",
	  "0:2000+0@700000/0 " },
	{ 0x1000, 0x6000, "0:2000+0@700000/0 0:1000+6000@800000/0 ",
	  "0:2000+0@700000/0 " },
};

static void test_split_overlaps(void **state)
{
	struct kvm_slots_options options = { .mode = KVM_SLOTS_SPLIT };
	const struct split_case *c;
	struct memory_region *ram, *other;
	struct board b;
	size_t i;

	for (i = 0; i < 2 * sizeof(split_cases) / sizeof(*c); i++) {
		c = &split_cases[i / 2];
		make_board(&b, &options);
		ram = make_ram(b.model, "ram", 0x4000, 0x700000);
		other = make_ram(b.model, "other", 0x8000, 0x800000);
		map(b.system, 0x2000, 0, ram);
		expect("0:2000+4000@700000/0 ");
		tell(&b, other, 0, c->gpa, c->size, i % 2);
		expect(i % 2 ? c->add : c->del);
		free_board(&b);
	}
}

static void test_split_several(void **state)
{
	struct kvm_slots_options options = { .mode = KVM_SLOTS_SPLIT };
	struct memory_region *low, *mid, *high, *rom;
	struct board b;

	make_board(&b, &options);
	low = make_ram(b.model, "low", 0x4000, 0x700000);
	mid = make_ram(b.model, "mid", 0x1000, 0x800000);
	high = make_ram(b.model, "high", 0x4000, 0x900000);
	rom = make_ram(b.model, "rom", 0x8000, 0xa00000);
	MUST(memory_region_set_readonly(rom, true, &error));
	map(b.system, 0x2000, 0, low);
	map(b.system, 0x7000, 0, mid);
	map(b.system, 0x9000, 0, high);
	expect("0:2000+4000@700000/0 1:7000+1000@800000/0 "
	       "2:9000+4000@900000/0 ");
	assert_int_equal(kvm_slots_find_from(b.slots, 0)->gpa, 0x2000);
	assert_int_equal(kvm_slots_find_from(b.slots, 0x5fff)->gpa, 0x2000);
	assert_int_equal(kvm_slots_find_from(b.slots, 0x6000)->gpa, 0x7000);
	assert_int_equal(kvm_slots_find_from(b.slots, 0x8000)->gpa, 0x9000);
	assert_null(kvm_slots_find_from(b.slots, 0xd000));
	/*
	 * Over the end of one, a whole one, and the begin of the third: each
	 * number is free again for what comes next
	 */
	tell(&b, rom, 0x1000, 0x5000, 0x6000, true);
	expect("0:2000+0@700000/0 0:2000+3000@700000/2 "
	       "1:7000+0@800000/0 "
	       "2:9000+0@900000/0 1:b000+2000@902000/2 "
	       "2:5000+6000@a01000/2 ");
	assert_int_equal(kvm_slots_nr(b.slots), 3);
	assert_int_equal(kvm_slots_find(b.slots, 0x4fff)->offset, 0);
	assert_int_equal(kvm_slots_find(b.slots, 0x5000)->offset, 0x1000);
	assert_int_equal(kvm_slots_find(b.slots, 0xb000)->offset, 0x2000);
	/* And what is left is split again */
	tell(&b, low, 0, 0x3000, 0x1000, false);
	expect("0:2000+0@700000/0 0:2000+1000@700000/0 3:4000+1000@702000/0 ");
	free_board(&b);
}

/* A section that a slot has already, at the same host address: nothing moves */
static void test_split_fits(void **state)
{
	struct kvm_slots_options options = { .mode = KVM_SLOTS_SPLIT };
	struct memory_region *ram;
	struct board b;

	make_board(&b, &options);
	ram = make_ram(b.model, "ram", 0x4000, 0x700000);
	map(b.system, 0x2000, 0, ram);
	expect("0:2000+4000@700000/0 ");
	tell(&b, ram, 0x1000, 0x3000, 0x1000, true);
	expect("");
	tell(&b, ram, 0, 0x2000, 0x4000, true);
	expect("");
	assert_int_equal(kvm_slots_nr(b.slots), 1);
	/* Elsewhere in the same RAM, it does not fit */
	tell(&b, ram, 0x2000, 0x3000, 0x1000, true);
	expect("0:2000+0@700000/0 0:2000+1000@700000/0 1:4000+2000@702000/0 "
	       "2:3000+1000@702000/0 ");
	free_board(&b);
}

/* A refused deletion: the number is lost, all else goes on */
static void test_split_refused(void **state)
{
	struct kvm_slots_options options = { .mode = KVM_SLOTS_SPLIT };
	struct memory_region *ram, *other;
	struct board b;

	make_board(&b, &options);
	ram = make_ram(b.model, "ram", 0x4000, 0x700000);
	other = make_ram(b.model, "other", 0x8000, 0x800000);
	map(b.system, 0x2000, 0, ram);
	expect("0:2000+4000@700000/0 ");
	answer = -EIO;
	tell(&b, other, 0, 0x3000, 0x1000, true);
	/* Each is told; the loop ends */
	assert_non_null(strstr(story, "0:2000+0@700000/0 <5"));
	assert_non_null(strstr(story, "1:2000+1000@700000/0 <5"));
	assert_non_null(strstr(story, "2:4000+2000@702000/0 <5"));
	assert_non_null(strstr(story, "3:3000+1000@800000/0 <5"));
	answer = 0;
	free_board(&b);
}

static void test_bad_options(void **state)
{
	struct kvm_slots_options options = { .request = on_request };
	struct memory_model *model = make_model();
	struct address_space *as =
		make_as(model, "as", make_io(model, "io", 1));
	struct kvm_slots *slots;

	options.page_size = 3000;
	REFUSED(EINVAL, kvm_slots_create(as, &options, &slots, &error));
	options.page_size = 0;
	options.max_slot_size = 0x1800;
	REFUSED(EINVAL, kvm_slots_create(as, &options, &slots, &error));
	options.max_slot_size = 0;
	options.request = NULL;
	REFUSED(EINVAL, kvm_slots_create(as, &options, &slots, &error));
	assert_null(memory_listener_first(model));
	memory_model_destroy(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basic),
		cmocka_unit_test(test_ragged),
		cmocka_unit_test(test_max_size),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_rom_device),
		cmocka_unit_test(test_readonly_io),
		cmocka_unit_test(test_no_readonly_mem),
		cmocka_unit_test(test_smm_and_memfd),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_queued),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_overlaps),
		cmocka_unit_test(test_split_several),
		cmocka_unit_test(test_split_fits),
		cmocka_unit_test(test_split_refused),
		cmocka_unit_test(test_bad_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
