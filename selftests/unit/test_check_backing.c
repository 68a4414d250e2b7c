// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies under the slots: mapped or not, with which rights, and of what */
#include <sys/sysmacros.h>

#include "check_make.h"

/* pc.ram's mapping, in two with a hole between them */
static void punch(struct views *v, uint64_t at, uint64_t size)
{
	map_add(v, 0, 4096, "rwp", NULL);
	v->map.ranges[2] = v->map.ranges[1];
	v->map.ranges[1] = v->map.ranges[0];
	v->map.ranges[0].end = HVA + at;
	v->map.ranges[1].start = HVA + at + size;
}

/* A page of pc.ram is something else */
static struct host_range *replace(struct views *v, uint64_t at, uint64_t size,
				  const char *rights, const char *path)
{
	struct host_range *ranges, *range;

	map_add(v, HVA + at, size, rights, path);
	map_add(v, 0, 4096, "rwp", NULL);
	ranges = v->map.ranges;
	range = &ranges[2];
	/* 0: below, 1: the bios, 2: the page, 3: nothing yet */
	struct host_range page = *range, bios = ranges[1], above = ranges[0];

	above.start = HVA + at + size;
	above.offset = above.inode ? above.start - HVA : 0;
	above.path = above.path ? strdup(above.path) : NULL;
	ranges[0].end = HVA + at;
	ranges[1] = page;
	ranges[2] = above;
	ranges[3] = bios;
	return &ranges[1];
}

/* pc.ram is in one file, which others have mapped, too */
static void share_ram(struct views *v)
{
	struct host_range *range = &v->map.ranges[0];

	range->shared = true;
	range->inode = 7;
	range->file = HOST_FILE_REGULAR;
	range->reach = 256 * MiB;
	range->path = strdup("/dev/shm/ram");
}

/* RAM where KVM has it, as the VMM means it */
static void ram_add(struct views *v, int id, gpa_t gpa, uint64_t size,
		    hva_t hva)
{
	model_add(v, 0, "ram", gpa, size, hva, 0);
	kvm_add(v, 0, id, gpa, size, hva, 0);
}

static void hole_in_the_middle(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	punch(&v, 64 * MiB, 2 * MiB);
	views_check(&v);
	/* under both address spaces, which share the memory */
	assert_int_equal(v.found.nr, 2);
	f = &v.found.items[0];
	assert_int_equal(f->id, FINDING_UNBACKED);
	assert_place(f, 0, 64 * MiB, 2 * MiB);
	assert_int_equal(f->slot_id, 2);
	assert_true(f->hva == HVA + 64 * MiB);
	assert_int_equal(f->views, 1U << KERNEL | 1U << BACKING);
	assert_says(&v, f, KERNEL, "slot 2");
	assert_says(&v, f, BACKING, "not mapped");
	assert_non_null(strstr(f->sentence, "0x7f0004000000-0x7f00041fffff"));
	assert_place(&v.found.items[1], 1, 64 * MiB, 2 * MiB);
	assert_int_equal(findings_exit_status(&v.found), 1);
	views_deinit(&v);

	/* a hole where no slot lies does not matter */
	views_pc(&v);
	slot_drop(&v, MODEL, 1, 0);
	kvm_drop(&v, 1, 0);
	punch(&v, 640 * KiB, 384 * KiB);
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void holes_at_the_ends(void **unused)
{
	struct views v;

	views_init(&v);
	ram_add(&v, 0, GiB, 16 * KiB, HVA);
	/* neither first nor last page; and a neighbour that is another's */
	map_add(&v, HVA - 4 * KiB, 4 * KiB, "rwp", NULL);
	map_add(&v, HVA + 4 * KiB, 8 * KiB, "rwp", NULL);
	map_add(&v, HVA + 16 * KiB, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_place(&v.found.items[0], 0, GiB, 4 * KiB);
	assert_place(&v.found.items[1], 0, GiB + 12 * KiB, 4 * KiB);
	views_deinit(&v);

	/* nothing at all, above or below what is mapped */
	views_init(&v);
	ram_add(&v, 0, 0, 16 * KiB, HVA);
	ram_add(&v, 1, GiB, 16 * KiB, HVA + GiB);
	map_add(&v, HVA + MiB, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_place(&v.found.items[0], 0, 0, 16 * KiB);
	assert_place(&v.found.items[1], 0, GiB, 16 * KiB);
	views_deinit(&v);
}

static void wrong_memory_that_is_not_mapped(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->hva = HVA + 16 * GiB;
	views_check(&v);
	f = only(&v, FINDING_UNBACKED, 2);
	assert_place(f, 0, MiB, 255 * MiB);
	assert_int_equal(v.found.items[f->cause].id, FINDING_WRONG_HVA);

	/* under the firmware, which is in two places, it is another matter */
	v.map.ranges[1].end -= 4 * KiB;
	views_check(&v);
	assert_int_equal(v.found.nr, 4);
	assert_place(&v.found.items[0], 0, MiB - 4 * KiB, 4 * KiB);
	assert_int_equal(v.found.items[0].cause, FINDING_NO_CAUSE);
	assert_place(&v.found.items[3], 0, 4 * GiB - 4 * KiB, 4 * KiB);
	assert_int_equal(v.found.items[3].cause, FINDING_NO_CAUSE);
	views_deinit(&v);
}

/* What lies under the part that is too much is no matter of its own */
static void beneath_what_is_too_long(void **unused)
{
	const struct finding *extent;
	struct views v;

	views_init(&v);
	model_add(&v, 0, "ram", 0, MiB, HVA, 0);
	kvm_add(&v, 0, 0, 0, 2 * MiB, HVA, 0);
	map_add(&v, HVA, MiB, "rwp", NULL);
	map_add(&v, HVA + MiB, 4 * KiB, "---", NULL);
	map_add(&v, HVA + MiB + 4 * KiB, 64 * KiB, "r-p", "/lib.so");
	views_check(&v);
	extent = only(&v, FINDING_EXTENT, v.found.nr);
	assert_place(extent, 0, MiB, MiB);
	assert_int_equal(extent->cause, FINDING_NO_CAUSE);
	assert_true(v.found.nr > 2);
	for (size_t i = 0; i < v.found.nr; i++) {
		if (&v.found.items[i] != extent)
			assert_ptr_equal(&v.found.items[v.found.items[i].cause],
					 extent);
	}
	views_deinit(&v);
}

/* No KVM takes it, but a record may say it */
static void host_addresses_that_wrap(void **unused)
{
	struct views v;

	views_init(&v);
	ram_add(&v, 0, GiB, 8 * KiB, -(uint64_t)(4 * KiB));
	map_add(&v, HVA, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_place(only(&v, FINDING_UNBACKED, 1), 0, GiB, 4 * KiB);
	views_deinit(&v);
}

static void many_mappings_are_no_hole(void **unused)
{
	struct views v;

	views_init(&v);
	ram_add(&v, 0, 0, 64 * KiB, HVA);
	for (int i = 0; i < 16; i++)
		map_add(&v, HVA + i * 4 * KiB, 4 * KiB, "rws", "/dev/shm/ram");
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void rights(void **unused)
{
	const struct finding *f;
	struct views v;

	/* a page of RAM write-protected: the slot is not read-only */
	views_init(&v);
	ram_add(&v, 0, 0, 64 * KiB, HVA);
	map_add(&v, HVA, 16 * KiB, "rwp", NULL);
	map_add(&v, HVA + 16 * KiB, 4 * KiB, "r-p", NULL);
	map_add(&v, HVA + 20 * KiB, 44 * KiB, "rwp", NULL);
	views_check(&v);
	f = only(&v, FINDING_PERMS, 1);
	assert_place(f, 0, 16 * KiB, 4 * KiB);
	assert_non_null(strstr(f->sentence, "written"));
	assert_says(&v, f, BACKING, "r-p");

	/* a read-only slot does not need to write */
	for (int view = 0; view < SLOT_VIEWS; view++)
		v.state[view].slots[0].flags = SLOT_READONLY;
	views_check(&v);
	none_found(&v);

	/* whether it is read-only is not known: no word about writing */
	v.state[KERNEL].slots[0].flags = 0;
	v.state[KERNEL].coverage.fields &= ~SLOT_FIELD_READONLY;
	views_check(&v);
	none_found(&v);

	/* but every slot needs to read: two guard pages, one finding */
	v.map.ranges[1].read = false;
	v.map.ranges[2].read = false;
	v.map.ranges[2].write = false;
	views_check(&v);
	f = only(&v, FINDING_PERMS, 1);
	assert_place(f, 0, 16 * KiB, 48 * KiB);
	assert_non_null(strstr(f->sentence, "read"));
	views_deinit(&v);
}

static void a_file_that_ends(void **unused)
{
	const struct finding *f;
	struct views v;

	views_pc(&v);
	share_ram(&v);
	views_check(&v);
	none_found(&v);

	/* truncated under the VM: maps is as before */
	v.map.ranges[0].reach = 64 * MiB;
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	f = &v.found.items[0];
	assert_int_equal(f->id, FINDING_UNBACKED);
	assert_place(f, 0, 64 * MiB, 192 * MiB);
	assert_true(f->hva == HVA + 64 * MiB);
	assert_non_null(strstr(f->sentence,
			       "(/dev/shm/ram) is beyond the end of the file, "
			       "at 64 MiB"));
	assert_place(&v.found.items[1], 1, 64 * MiB, 192 * MiB);

	v.map.ranges[0].reach = 0;
	views_check(&v);
	assert_int_equal(v.found.nr, 3);
	assert_place(&v.found.items[0], 0, 0, 640 * KiB);

	/* it may not be looked at: not known, and no word of agreement there */
	v.map.ranges[0].file = HOST_FILE_UNKNOWN;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "map_files"));
	assert_non_null(strstr(f->sentence, "3 slots"));

	/* a device: no size tells its end */
	v.map.ranges[0].file = HOST_FILE_DEVICE;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void wrong_at(struct views *v, uint64_t at, uint64_t size,
		     const char *words)
{
	const struct finding *f;

	views_check(v);
	if (v->found.nr != 2)
		print_findings(&v->found);
	assert_int_equal(v->found.nr, 2);
	f = &v->found.items[0];
	assert_int_equal(f->id, FINDING_WRONG_BACKING);
	assert_place(f, 0, at, size);
	assert_int_equal(f->views,
			 1ULL << MODEL | 1ULL << KERNEL | 1ULL << BACKING);
	if (!strstr(f->sentence, words))
		fail_msg("\"%s\" does not say \"%s\"", f->sentence, words);
	assert_place(&v->found.items[1], 1, at, size);
	assert_int_equal(findings_exit_status(&v->found), 1);
}

static void other_memory(void **unused)
{
	struct host_range *range;
	struct views v;

	views_pc(&v);
	share_ram(&v);
	replace(&v, 64 * MiB, 4 * KiB, "rwp", NULL);
	wrong_at(&v, 64 * MiB, 4 * KiB, "pc.ram at 0x4000000");
	wrong_at(&v, 64 * MiB, 4 * KiB,
		 "is anonymous memory, and the rest of "
		 "pc.ram is /dev/shm/ram, shared");
	views_deinit(&v);

	/* another page of the file */
	views_pc(&v);
	share_ram(&v);
	range = replace(&v, 64 * MiB, 4 * KiB, "rws", "/dev/shm/ram");
	range->inode = 7;
	views_check(&v);
	none_found(&v);
	range->offset += 256 * MiB;
	range->reach = GiB;
	wrong_at(&v, 64 * MiB, 4 * KiB, "at offset 0x14000000");
	/* a private copy */
	range->offset -= 256 * MiB;
	range->shared = false;
	wrong_at(&v, 64 * MiB, 4 * KiB, "private");
	views_deinit(&v);

	/* another file */
	views_pc(&v);
	share_ram(&v);
	replace(&v, 64 * MiB, 4 * KiB, "rws", "/dev/shm/other");
	wrong_at(&v, 64 * MiB, 4 * KiB, "/dev/shm/other, shared");
	views_deinit(&v);

	/* RAM that is all private is nobody's business */
	views_pc(&v);
	share_ram(&v);
	v.map.ranges[0].shared = false;
	views_check(&v);
	none_found(&v);
	/* unless the VMM says that it is shared */
	slot_at(&v, MODEL, 0, 0)->share = SLOT_SHARE_ON;
	views_check(&v);
	assert_int_equal(v.found.nr, 3);
	assert_int_equal(v.found.items[0].id, FINDING_WRONG_BACKING);
	views_deinit(&v);
}

/* It may well be other memory where the slot lies on another address anyway */
static void other_memory_at_the_wrong_address(void **unused)
{
	struct views v;

	views_pc(&v);
	share_ram(&v);
	slot_at(&v, KERNEL, 0, MiB)->hva = BIOS_HVA;
	slot_at(&v, TRACED, 0, MiB)->hva = BIOS_HVA;
	v.map.ranges[1].end = BIOS_HVA + 255 * MiB;
	v.map.ranges[1].write = true;
	views_check(&v);
	/* and it is the firmware's, too, which follows from that */
	assert_cause(&v, only(&v, FINDING_ALIASED, 2),
		     only(&v, FINDING_WRONG_HVA, 2));
	views_deinit(&v);
}

/* What is wrong under a part of a slot that should not be is its consequence */
static void a_slot_too_long(void **unused)
{
	struct views v;

	views_pc(&v);
	slot_at(&v, KERNEL, 0, MiB)->size += MiB;
	slot_at(&v, TRACED, 0, MiB)->size += MiB;
	map_add(&v, 0, 4 * KiB, "rwp", NULL);
	v.map.ranges[2] = v.map.ranges[1];
	v.map.ranges[1] = (struct host_range){ .start = HVA + 256 * MiB,
					       .end = HVA + 256 * MiB + 4 * KiB,
					       .file = HOST_FILE_NONE };
	views_check(&v);
	if (v.found.nr != 3)
		print_findings(&v.found);
	assert_int_equal(v.found.nr, 3);
	assert_int_equal(v.found.items[0].id, FINDING_EXTENT);
	assert_place(&v.found.items[0], 0, 256 * MiB, MiB);
	assert_int_equal(v.found.items[1].id, FINDING_PERMS);
	assert_int_equal(v.found.items[1].cause, 0);
	assert_int_equal(v.found.items[2].id, FINDING_UNBACKED);
	assert_int_equal(v.found.items[2].cause, 0);
	views_deinit(&v);
}

/* A VM of whose memory no byte can be touched has no window: nothing is used */
static void nothing_can_be_touched(void **unused)
{
	const struct restless moved = { .slot_id = 5,
					.gpa = MiB,
					.size = 8 * KiB };
	const struct finding *f;
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 4, 0, 64 * KiB, HVA, 0);
	kvm_add(&v, 0, 5, MiB, 8 * KiB, HVA + MiB, 0);
	map_add(&v, HVA + 8 * KiB, 8 * KiB, "---", NULL);
	map_add(&v, HVA + 2 * MiB, 4 * KiB, "rwp", NULL);
	views_check(&v);
	assert_int_equal(findings_exit_status(&v.found), 1);
	assert_int_equal(v.found.nr, 4);
	f = &v.found.items[0];
	assert_int_equal(f->id, FINDING_UNBACKED);
	assert_place(f, 0, 0, 8 * KiB);
	assert_int_equal(v.found.items[1].id, FINDING_PERMS);
	assert_place(&v.found.items[3], 0, MiB, 8 * KiB);
	assert_null(strstr(f->sentence, "memory map"));
	/* Of a text nobody knows whose it is */
	v.map.written = true;
	views_check(&v);
	assert_non_null(strstr(v.found.items[0].sentence,
			       "nothing of any slot is: is this the memory map "
			       "of another process, or of another time?"));
	v.map.written = false;

	/* One page of one slot that can be read, and there are windows */
	v.map.ranges[0].read = true;
	views_check(&v);
	assert_int_equal(findings_exit_status(&v.found), 0);
	assert_int_equal(v.found.nr, 2);
	assert_int_equal(v.found.items[0].id, FINDING_SPARSE);
	assert_int_equal(v.found.items[1].id, FINDING_SPARSE);
	/* Nor is anything certain where the map was cut off, or slots move */
	v.map.ranges[0].read = false;
	slot_at(&v, KERNEL, 0, 0)->flags = SLOT_INVALID;
	views_check(&v);
	assert_int_equal(v.found.items[0].id, FINDING_UNREAD);
	slot_at(&v, KERNEL, 0, 0)->flags = 0;
	v.input.restless = &moved;
	v.input.nr_restless = 1;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_MISMATCH), 0);
	v.input.nr_restless = 0;
	v.map.nr = 1;
	v.map.truncated = true;
	views_check(&v);
	assert_int_equal(findings_exit_status(&v.found), 2);
	views_deinit(&v);
}

/* Address space that a sandbox uses a part of: nobody says that it is RAM */
static void windows(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 4, 0, 64 * KiB, HVA, 0);
	map_add(&v, HVA, 4 * KiB, "rwp", NULL);
	map_add(&v, HVA + 8 * KiB, 8 * KiB, "---", NULL);
	map_add(&v, HVA + 16 * KiB, 4 * KiB, "rws", "/ram");
	map_add(&v, HVA + 32 * KiB, 32 * KiB, "rws", "/ram");
	v.map.ranges[3].reach = 36 * KiB;
	views_check(&v);
	f = only(&v, FINDING_SPARSE, 1);
	assert_place(f, 0, 0, 64 * KiB);
	assert_int_equal(f->slot_id, 4);
	/* 4 + 8 + 12 + 28 */
	assert_non_null(strstr(f->sentence, "52 KiB of it cannot be touched"));
	assert_non_null(strstr(f->sentence, "0x7f0000001000-0x7f0000001fff is "
					    "not mapped, and 3 pieces more"));
	assert_int_equal(findings_exit_status(&v.found), 0);

	/* a MODEL that is blind there does not know better, nor one without it */
	v.view[MODEL].slots = &v.state[MODEL];
	assert_int_equal(coverage_add_blind(&v.state[MODEL].coverage, 0, 0, MiB,
					    "why"),
			 0);
	views_check(&v);
	only(&v, FINDING_SPARSE, 1);
	coverage_remove_blind(&v.state[MODEL].coverage, 0, 0, MiB);
	/* one that has nothing there makes it a slot too much */
	views_check(&v);
	assert_int_equal(v.found.nr, 5);
	assert_int_equal(v.found.items[0].id, FINDING_EXTRA);
	for (int i = 1; i < 5; i++)
		assert_int_equal(v.found.items[i].cause, 0);
	views_deinit(&v);

	/* whole, but patched together */
	views_init(&v);
	v.view[MODEL].slots = NULL;
	kvm_add(&v, 0, 4, 0, 12 * KiB, HVA, 0);
	map_add(&v, HVA, 4 * KiB, "rws", "/ram");
	map_add(&v, HVA + 4 * KiB, 4 * KiB, "rwp", NULL);
	map_add(&v, HVA + 8 * KiB, 4 * KiB, "rws", "/ram");
	views_check(&v);
	f = only(&v, FINDING_SPARSE, 1);
	assert_non_null(strstr(f->sentence, "3 pieces"));
	/* of one piece */
	v.map.nr = 1;
	free(v.map.ranges[2].path);
	v.map.ranges[0].end = HVA + 12 * KiB;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void gmem_add(struct views *v, uint32_t flags)
{
	struct slot slot = slot_of(0, 0, 0, MiB, HVA, SLOT_GUEST_MEMFD | flags);

	slot.gmem = SLOT_GMEM_OPEN;
	slot.gmem_ino = 77;
	slot.gmem_dev = makedev(0, 15);
	slot.gmem_offset = 64 * KiB;
	v->view[MODEL].slots = NULL;
	state_add(&v->state[TRACED], slot);
	state_add(&v->state[KERNEL], slot);
}

static void guest_memfd_mapped(void **unused)
{
	struct host_range *range;
	const struct finding *f;
	struct views v;

	/* the part that the slot has of it */
	views_init(&v);
	gmem_add(&v, SLOT_GMEM_ONLY);
	map_add(&v, HVA, MiB, "rws", "/[guest_memfd] (deleted)");
	range = &v.map.ranges[0];
	range->inode = 77;
	range->dev_minor = 15;
	range->offset = 64 * KiB;
	views_check(&v);
	none_found(&v);

	/* another part, and the same part of another file */
	range->offset = 0;
	views_check(&v);
	f = only(&v, FINDING_WRONG_BACKING, 1);
	assert_place(f, 0, 0, MiB);
	assert_non_null(strstr(f->sentence, "(inode 77) from offset 0x10000"));
	assert_non_null(strstr(f->sentence, "from offset 0x0 on"));
	range->offset = 64 * KiB;
	range->dev_minor = 16;
	views_check(&v);
	only(&v, FINDING_WRONG_BACKING, 1);

	/* only half of it is mapped: a VMM need not have that */
	range->dev_minor = 15;
	range->end = HVA + MiB / 2;
	views_check(&v);
	none_found(&v);
	/* which file it is, is not known */
	range->inode = 78;
	v.state[KERNEL].slots[0].gmem_ino = 0;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_MISMATCH), 0);
	views_deinit(&v);

	/* nothing but private pages is in it: the rest is other memory */
	views_init(&v);
	gmem_add(&v, 0);
	map_add(&v, HVA, MiB, "rwp", NULL);
	views_check(&v);
	none_found(&v);
	v.map.ranges[0].end = HVA + 4 * KiB;
	views_check(&v);
	none_found(&v);
	views_deinit(&v);
}

static void guest_memfd_closed(void **unused)
{
	const struct finding *f;
	struct views v;

	views_init(&v);
	gmem_add(&v, SLOT_GMEM_ONLY);
	map_add(&v, HVA, MiB, "rwp", NULL);
	v.state[KERNEL].slots[0].gmem = SLOT_GMEM_CLOSED;
	v.state[KERNEL].slots[0].gmem_ino = 0;
	views_check(&v);
	f = only(&v, FINDING_UNBACKED, 1);
	assert_place(f, 0, 0, MiB);
	assert_non_null(strstr(f->sentence, "closed"));
	v.state[KERNEL].slots[0].flags &= ~SLOT_GMEM_ONLY;
	v.state[TRACED].slots[0].flags &= ~SLOT_GMEM_ONLY;
	views_check(&v);
	f = only(&v, FINDING_UNBACKED, 1);
	assert_non_null(strstr(f->sentence, "private pages"));
	views_deinit(&v);
}

/* KVM's own slots live in the VMM's memory, too */
static void hidden_slots_need_it_too(void **unused)
{
	struct slot own = slot_of(0, 32765, GiB, 12 * KiB, HVA + GiB, 0);
	struct views v;

	own.hidden = true;
	views_pc(&v);
	state_add(&v.state[KERNEL], own);
	views_check(&v);
	assert_place(only(&v, FINDING_UNBACKED, 2), 0, GiB, 12 * KiB);
	assert_int_equal(v.found.items[only(&v, FINDING_HIDDEN, 2)->cause].id,
			 FINDING_UNBACKED);
	views_deinit(&v);
}

static void a_map_that_was_cut(void **unused)
{
	const struct finding *f;
	struct views v;

	/* the firmware lies above where reading ended */
	views_pc(&v);
	free(v.map.ranges[1].path);
	v.map.nr = 1;
	v.map.truncated = true;
	views_check(&v);
	f = only(&v, FINDING_UNREAD, 1);
	assert_non_null(strstr(f->sentence, "2 slots"));
	assert_int_equal(findings_exit_status(&v.found), 2);

	/* below that it is as good as any */
	v.map.ranges[0].start += 4 * KiB;
	views_check(&v);
	assert_int_equal(findings_count(&v.found, FINDING_MISMATCH), 2);
	assert_int_equal(findings_count(&v.found, FINDING_UNKNOWN), 1);
	views_deinit(&v);
}

static void a_process_without_memory(void **unused)
{
	struct views v;

	views_pc(&v);
	for (size_t i = 0; i < v.map.nr; i++)
		free(v.map.ranges[i].path);
	v.map.nr = 0;
	views_check(&v);
	only(&v, FINDING_UNREAD, 1);
	assert_compared(&v, "MODEL-KERNEL, TRACED-KERNEL");
	views_deinit(&v);
}

static void without_a_kernel_the_trace_tells(void **unused)
{
	struct views v;

	views_pc(&v);
	v.view[KERNEL].slots = NULL;
	punch(&v, 64 * MiB, 4 * KiB);
	views_check(&v);
	assert_int_equal(v.found.nr, 2);
	assert_int_equal(v.found.items[0].views, 1U << TRACED | 1U << BACKING);
	views_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hole_in_the_middle),
		cmocka_unit_test(holes_at_the_ends),
		cmocka_unit_test(wrong_memory_that_is_not_mapped),
		cmocka_unit_test(beneath_what_is_too_long),
		cmocka_unit_test(host_addresses_that_wrap),
		cmocka_unit_test(many_mappings_are_no_hole),
		cmocka_unit_test(rights),
		cmocka_unit_test(a_file_that_ends),
		cmocka_unit_test(other_memory),
		cmocka_unit_test(other_memory_at_the_wrong_address),
		cmocka_unit_test(a_slot_too_long),
		cmocka_unit_test(nothing_can_be_touched),
		cmocka_unit_test(windows),
		cmocka_unit_test(guest_memfd_mapped),
		cmocka_unit_test(guest_memfd_closed),
		cmocka_unit_test(hidden_slots_need_it_too),
		cmocka_unit_test(a_map_that_was_cut),
		cmocka_unit_test(a_process_without_memory),
		cmocka_unit_test(without_a_kernel_the_trace_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
