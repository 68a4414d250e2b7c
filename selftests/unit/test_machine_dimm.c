// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where DIMMs go. Slots and addresses are those that qemu-system-x86_64 7.2.22
 * chose, or refused, for the same device_add pc-dimm in the same order.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "machine/dimm.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define ANY UINT64_MAX

/* What becomes of a device_add: id, size, addr=, slot=, and then */
#define PLUGGED(id, size, addr, slot, at, got)                  \
	{                                                       \
		id, size, addr, slot, 0, at, got, NULL, 2 * MIB \
	}
#define PLUGGED_PAGES(id, size, addr, slot, at, got, align)   \
	{                                                     \
		id, size, addr, slot, 0, at, got, NULL, align \
	}
#define REFUSED(id, size, addr, slot, ret, why)               \
	{                                                     \
		id, size, addr, slot, ret, 0, 0, why, 2 * MIB \
	}

/* One device_add, and what comes of it */
struct step {
	const char *id;
	uint64_t size;
	gpa_t addr;    /* wanted; ANY: none is */
	uint64_t slot; /* likewise */
	int ret;
	gpa_t at;	 /* for ret 0 */
	uint64_t got;	 /* slot */
	const char *why; /* otherwise */
	uint64_t align;	 /* 0: 2 MiB */
};

static void create(struct machine *m, const struct machine_options *o)
{
	struct slotscope_error err = {};

	*m = (struct machine){ .options = o,
			       .layout = ram_layout(RAM_BOARD_PC, o) };
	assert_int_equal(memory_model_create(NULL, &m->model, &err), 0);
	assert_int_equal(memory_map_init(m->model, m, &err), 0);
	assert_int_equal(memory_region_create(m->model, "device-memory",
					      m->layout.device_size ?
						      m->layout.device_size :
						      1,
					      &m->device_memory, &err),
			 0);
	assert_int_equal(memory_region_add_subregion(m->system_memory,
						     m->layout.device_start,
						     m->device_memory, &err),
			 0);
}

/* Is the region shown at @addr? */
static bool shown(struct machine *m, gpa_t addr, struct memory_region *region)
{
	const struct flat_view *view = address_space_get_flat_view(m->memory);
	const struct flat_range *r = flat_view_lookup(view, addr);
	bool is = r && r->region == region && r->addr == addr;

	flat_view_unref(view);
	return is;
}

static int plug(struct machine *m, struct dimms *dimms, const struct step *s)
{
	struct slotscope_error err = {};
	struct dimm d = {
		.size = s->size,
		.align = s->align,
		.addr_given = s->addr != ANY,
		.addr = s->addr,
		.slot_given = s->slot != ANY,
		.slot = s->slot,
	};
	int ret;

	print_message("# %s\n", s->id);
	snprintf(d.id, sizeof(d.id), "%s", s->id);
	assert_int_equal(memory_region_create_ram(m->model, s->id, s->size,
						  NULL, &d.region, &err),
			 0);
	ret = dimm_plug(m, dimms, &d, &err);
	assert_int_equal(ret, -err.code);
	assert_int_equal(ret, s->ret);
	if (ret) {
		if (!strstr(err.why, s->why))
			fail_msg("no \"%s\" in \"%s\"", s->why, err.why);
		assert_null(memory_region_info(d.region)->container);
		memory_region_unref(d.region);
		return ret;
	}
	assert_int_equal(d.addr, s->at);
	assert_int_equal(d.slot, s->got);
	assert_true(shown(m, s->at, d.region));
	return 0;
}

static void run(const struct machine_options *o, const struct step *steps,
		size_t nr)
{
	struct dimms dimms = {};
	struct machine m;
	size_t i, plugged = 0;

	create(&m, o);
	for (i = 0; i < nr; i++) {
		if (!plug(&m, &dimms, &steps[i]))
			plugged++;
		assert_int_equal(dimms.nr, plugged);
	}
	for (i = 1; i < dimms.nr; i++)
		assert_true(dimms.list[i - 1].addr < dimms.list[i].addr);
	memory_model_destroy(m.model);
}

#define RUN(options, steps) \
	run(options, steps, sizeof(steps) / sizeof((steps)[0]))

static void places_as_qemu_does(void **unused)
{
	const struct machine_options o = { .ram_size = GIB,
					   .max_ram = 3 * GIB,
					   .ram_slots = 3 };
	static const struct step steps[] = {
		PLUGGED("d0", 128 * MIB, ANY, ANY, 0x100000000, 0),
		REFUSED("small", MIB, ANY, ANY, -EINVAL, "0x200000"),
		REFUSED("d1", 2 * MIB, 0x100000000, ANY, -EBUSY, "\"d0\""),
		REFUSED("d1", 2 * MIB, 0x140100000, ANY, -EINVAL, "0x200000"),
		REFUSED("d1", 2 * MIB, 0x400000000, ANY, -EINVAL,
			"0x100000000 to 0x23fffffff"),
		REFUSED("d1", 2 * MIB, 0x140000000, 0, -EBUSY, "\"d0\""),
		REFUSED("d1", 2 * MIB, 0x140000000, 3, -EINVAL, "slots 0 to 2"),
		PLUGGED("d1", 2 * MIB, 0x140000000, 2, 0x140000000, 2),
		REFUSED("d0", 2 * MIB, ANY, ANY, -EEXIST, "already"),
		PLUGGED("d2", 64 * MIB, ANY, ANY, 0x108000000, 1),
		REFUSED("d3", 64 * MIB, ANY, ANY, -ENOSPC, "3 slots"),
	};

	RUN(&o, steps);
}

static void fills_gaps_from_below(void **unused)
{
	const struct machine_options o = { .ram_size = GIB,
					   .max_ram = GIB + 128 * MIB,
					   .ram_slots = 4 };
	static const struct step steps[] = {
		PLUGGED("d0", 64 * MIB, 0x104000000, ANY, 0x104000000, 0),
		PLUGGED("d1", 32 * MIB, ANY, ANY, 0x100000000, 1),
		REFUSED("d2", 64 * MIB, ANY, ANY, -ENOSPC,
			"96 MiB of the 128 MiB"),
		REFUSED("d1", 32 * MIB, ANY, ANY, -EEXIST, "already"),
		PLUGGED("d3", 32 * MIB, ANY, ANY, 0x102000000, 2),
		REFUSED("d4", 2 * MIB, ANY, ANY, -ENOSPC,
			"128 MiB of the 128 MiB"),
	};

	RUN(&o, steps);
}

static void goes_where_the_fixture_has_them(void **unused)
{
	/* fixtures/qemu-7.2/pc-dimm-hot/hot2: m1 is a memfd's, of 4 KiB pages */
	const struct machine_options o = { .ram_size = GIB,
					   .max_ram = 8 * GIB,
					   .ram_slots = 4 };
	static const struct step steps[] = {
		PLUGGED("d0", GIB, ANY, ANY, 0x100000000, 0),
		PLUGGED_PAGES("d1", 256 * MIB, 0x180000000, ANY, 0x180000000, 1,
			      4096),
		PLUGGED_PAGES("d2", 12 * 1024, ANY, ANY, 0x140000000, 2, 4096),
		PLUGGED("d3", 2 * MIB, ANY, ANY, 0x140200000, 3),
	};

	RUN(&o, steps);
}

static void finds_no_gap_in_pieces(void **unused)
{
	const struct machine_options o = { .ram_size = GIB,
					   .max_ram = 4 * GIB,
					   .ram_slots = 4 };
	static const struct step steps[] = {
		PLUGGED("d0", 2 * MIB, 0x140000000, ANY, 0x140000000, 0),
		PLUGGED("d1", 2 * MIB, 0x1c0000000, ANY, 0x1c0000000, 1),
		PLUGGED("d2", 2 * MIB, 0x240000000, ANY, 0x240000000, 2),
		REFUSED("d3", 3056 * MIB, ANY, ANY, -ENOSPC, "no gap"),
		REFUSED("d3", 3056 * MIB, 0x1c0200000, ANY, -EBUSY, "\"d2\""),
		PLUGGED("d3", 2046 * MIB, ANY, ANY, 0x140200000, 3),
	};

	RUN(&o, steps);
}

static void ends_where_the_room_ends(void **unused)
{
	const struct machine_options o = { .ram_size = GIB,
					   .max_ram = 2 * GIB,
					   .ram_slots = 1 };
	static const struct step steps[] = {
		REFUSED("d0", GIB, 0x140200000, ANY, -EINVAL,
			"0x100000000 to 0x17fffffff"),
		REFUSED("d0", GIB, 0xc0000000, ANY, -EINVAL, "0x17fffffff"),
		REFUSED("d0", GIB, 0xffffffffc0000000, ANY, -EINVAL,
			"0x17fffffff"),
		PLUGGED("d0", GIB, 0x140000000, ANY, 0x140000000, 0),
	};

	RUN(&o, steps);
}

static void needs_slots(void **unused)
{
	static const struct step step =
		REFUSED("d0", GIB, ANY, ANY, -ENODEV, "no slots");
	const struct machine_options without[] = {
		{ .ram_size = GIB },
		{ .ram_size = GIB, .max_ram = GIB },
		{ .ram_size = GIB, .max_ram = 2 * GIB },
	};
	size_t i;

	for (i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		run(&without[i], &step, 1);
}

static void unplugs(void **unused)
{
	const struct machine_options o = { .ram_size = GIB,
					   .max_ram = 3 * GIB,
					   .ram_slots = 3 };
	static const struct step steps[] = {
		PLUGGED("d0", 64 * MIB, ANY, ANY, 0x100000000, 0),
		PLUGGED("d1", 64 * MIB, ANY, ANY, 0x104000000, 1),
		PLUGGED("d2", 64 * MIB, ANY, ANY, 0x108000000, 2),
	};
	static const struct step again =
		PLUGGED("d3", 64 * MIB, ANY, ANY, 0x104000000, 1);
	struct slotscope_error err = {};
	struct memory_region *region;
	struct dimms dimms = {};
	struct machine m;
	size_t i;

	create(&m, &o);
	for (i = 0; i < 3; i++)
		assert_int_equal(plug(&m, &dimms, &steps[i]), 0);
	assert_null(dimm_find(&dimms, ""));
	assert_null(dimm_find(&dimms, "d"));
	region = dimm_find(&dimms, "d1")->region;
	assert_int_equal(dimm_unplug(&m, &dimms, dimm_find(&dimms, "d1"), &err),
			 0);
	assert_int_equal(dimms.nr, 2);
	assert_null(dimm_find(&dimms, "d1"));
	assert_false(shown(&m, 0x104000000, region));
	assert_true(shown(&m, 0x108000000, dimm_find(&dimms, "d2")->region));
	memory_region_unref(region);
	assert_int_equal(plug(&m, &dimms, &again), 0);
	memory_model_destroy(m.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_as_qemu_does),
		cmocka_unit_test(fills_gaps_from_below),
		cmocka_unit_test(goes_where_the_fixture_has_them),
		cmocka_unit_test(finds_no_gap_in_pieces),
		cmocka_unit_test(ends_where_the_room_ends),
		cmocka_unit_test(needs_slots),
		cmocka_unit_test(unplugs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
