// SPDX-License-Identifier: GPL-2.0-or-later
/* The lanes of an address space: what is where, beside what, and what is not known */
#include <slotscope/mtree.h>

#include "check_make.h"
#include "mtree_fixture.h"
#include "picture/lanes.h"
#include "qemu/model_tree.h"

struct drawn {
	struct views v;
	struct check_rows rows;
	struct lanes_input input;
	struct lanes lanes;
};

static void draw(struct drawn *d)
{
	views_check(&d->v);
	assert_int_equal(check_rows(&d->v.made, &d->rows), 0);
	d->input.comparison = &d->v.made;
	d->input.rows = &d->rows;
	assert_int_equal(lanes_make(&d->input, &d->lanes), 0);
}

static void done(struct drawn *d)
{
	lanes_deinit(&d->lanes);
	check_rows_deinit(&d->rows);
	views_deinit(&d->v);
}

static const struct lane *lane_of(const struct drawn *d, const char *title)
{
	for (size_t i = 0; i < d->lanes.nr; i++)
		if (!strcmp(lane_title(&d->lanes.lane[i]), title))
			return &d->lanes.lane[i];
	fail_msg("no lane is called %s", title);
	return NULL;
}

/* "first-last name+offset@row; ..." */
static const char *boxes(const struct lane *lane)
{
	static char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < lane->nr; i++)
		len += snprintf(text + len, sizeof(text) - len,
				"%s%llx-%llx %s+%llx@%u", i ? "; " : "",
				(unsigned long long)lane->boxes[i].first,
				(unsigned long long)lane->boxes[i].last,
				lane->boxes[i].name ? lane->boxes[i].name : "",
				(unsigned long long)lane->boxes[i].offset,
				lane->boxes[i].row);
	return text;
}

static void a_lane_a_view(void **unused)
{
	struct drawn d = {};

	views_pc(&d.v);
	draw(&d);
	assert_int_equal(lanes_spaces(&d.input), 2);
	assert_int_equal(d.lanes.nr, 7);
	assert_string_equal(
		boxes(lane_of(&d, "meant")),
		"0-9ffff pc.ram+0@0; e0000-fffff pc.bios+100020000@0; "
		"100000-fffffff pc.ram+100000@0; "
		"fffc0000-ffffffff pc.bios+100000000@0");
	assert_string_equal(boxes(lane_of(&d, "held")),
			    "0-9ffff +0@0; e0000-fffff +0@0; "
			    "100000-fffffff +0@0; fffc0000-ffffffff +0@0");
	/* One mapping under two slots is two boxes: between them it is not seen */
	assert_string_equal(boxes(lane_of(&d, "host")),
			    "0-9ffff +0@0; e0000-fffff /bios.bin+100020000@0; "
			    "100000-fffffff +100000@0; "
			    "fffc0000-ffffffff /bios.bin+100000000@0");
	/* Nobody looked: that is said, and is not nothing */
	assert_non_null(lane_of(&d, "stage 2")->none);
	/* 0, the PAM hole, e0000, 1 MiB, the hole below the firmware, that */
	assert_int_equal(d.lanes.scale.nr, 6);
	assert_true(d.lanes.scale.pieces[1].hole);
	assert_true(d.lanes.scale.pieces[4].hole);
	done(&d);
}

static void each_address_space_has_its_own(void **unused)
{
	struct drawn d = { .input.as_id = 1 };

	views_pc(&d.v);
	draw(&d);
	assert_string_equal(boxes(lane_of(&d, "held")), "0-fffffff +0@0");
	assert_int_equal(d.lanes.scale.nr, 1);
	done(&d);
}

static void a_finding_cuts_the_scale(void **unused)
{
	const struct check_row *row;
	struct drawn d = {};

	views_init(&d.v);
	model_add(&d.v, 0, "ram", 0, 16 * MiB, HVA, 0);
	kvm_add(&d.v, 0, 0, 0, 15 * MiB, HVA, 0);
	map_add(&d.v, HVA, 16 * MiB, "rwp", NULL);
	draw(&d);
	assert_int_equal(d.lanes.scale.nr, 2);
	row = lanes_row_at(&d.input, 15 * MiB);
	assert_int_equal(row->verdict, ROW_FINDING);
	assert_int_equal(lanes_row_at(&d.input, 15 * MiB - 1)->verdict,
			 ROW_AGREE);
	assert_null(lanes_row_at(&d.input, 16 * MiB));
	done(&d);
}

static void what_cannot_be_told_is_no_hole(void **unused)
{
	struct drawn d = {};

	views_pc(&d.v);
	assert_int_equal(coverage_add_blind(&d.v.state[TRACED].coverage, 0, MiB,
					    255 * MiB, "test"),
			 0);
	slot_drop(&d.v, TRACED, 0, MiB);
	d.v.view[KERNEL].slots = NULL;
	d.v.view[KERNEL].unread = "no module";
	draw(&d);
	assert_int_equal(lane_box_at(lane_of(&d, "asked"), 0, 2 * MiB)->kind,
			 LANE_BOX_UNSEEN);
	assert_int_equal(lane_box_at(lane_of(&d, "asked"), 0, 0)->kind,
			 LANE_BOX_SLOT);
	assert_null(lane_box_at(lane_of(&d, "asked"), 0, GiB));
	assert_string_equal(lane_of(&d, "held")->none, "no module");
	done(&d);
}

static void zoomed_in(void **unused)
{
	struct drawn d = {
		.input = { .zoom = true, .first = 0x90000, .last = 0x1fffff }
	};

	views_pc(&d.v);
	draw(&d);
	assert_string_equal(boxes(lane_of(&d, "meant")),
			    "90000-9ffff pc.ram+90000@0; "
			    "e0000-fffff pc.bios+100020000@0; "
			    "100000-1fffff pc.ram+100000@0");
	assert_true(d.lanes.scale.pieces[0].first == 0x90000);
	assert_true(d.lanes.scale.pieces[d.lanes.scale.nr - 1].last ==
		    0x1fffff);
	done(&d);
}

/* Of each row how much; and of what no view has, all */
static void stage2_is_how_much(void **unused)
{
	/* Some are two stretches, of which one is not as the other */
	const struct stage2_row mapped[] = {
		{ .map = { .gpa = 0, .size = 0x1000 } },
		{ .map = { .gpa = 0x1000, .size = 0x1000 } },
		{ .map = { .gpa = 0x8000, .size = 0x1000 } },
		{ .map = { .gpa = 0xc0000, .size = 0x1000 } },
		{ .map = { .gpa = 0xc1000, .size = 0x1000 } },
		{ .map = { .gpa = MiB, .size = 255 * MiB } },
		{ .map = { .as_id = 1, .gpa = 0, .size = 0x1000 } },
	};
	struct drawn d = { .input = { .stage2 = mapped, .nr_stage2 = 7 } };
	const struct lane *lane;

	views_pc(&d.v);
	draw(&d);
	lane = lane_of(&d, "stage 2");
	assert_null(lane->none);
	assert_string_equal(boxes(lane), "0-9ffff +0@0; c0000-c1fff +0@0; "
					 "100000-fffffff +0@0");
	assert_int_equal(lane->boxes[0].filled, 0x3000);
	assert_int_equal(lane->boxes[1].filled, 0x2000);
	assert_int_equal(lane->boxes[2].filled, 255 * MiB);
	lanes_deinit(&d.lanes);
	/* Of what is zoomed into it counts what is within */
	d.input.zoom = true;
	d.input.first = 0x1000;
	d.input.last = 0xc17ff;
	assert_int_equal(lanes_make(&d.input, &d.lanes), 0);
	lane = lane_of(&d, "stage 2");
	assert_int_equal(lane->nr, 2);
	assert_int_equal(lane->boxes[0].filled, 0x2000);
	assert_int_equal(lane->boxes[1].filled, 0x1800);
	done(&d);
}

/* Of a real QEMU: the flat view stands for MODEL, and whatever is seen in it is the
 * first box from the front in the regions
 */
static void regions_from_front_to_back(void **unused)
{
	struct drawn d = {};
	const struct mtree_flatview *views[QEMU_SPACES];
	struct slotscope_error err = {};
	struct model_layout layout;
	const struct lane *regions, *view;
	const struct lane_box *box;
	struct model_told told = {};
	struct model_tree tree;
	size_t len;
	char *text = read_own("q35-kvm-smm/mtree-Do.txt", &len);

	assert_int_equal(mtree_tree_parse(text, len, &told.tree, &err), 0);
	free(text);
	text = read_own("q35-kvm-smm/mtree-fo.txt", &len);
	assert_int_equal(mtree_flatviews_parse(text, len, &told.views, &err),
			 0);
	free(text);
	tree = model_tree_told(&told);
	assert_int_equal(model_tree_lay_out(&tree, &layout), 0);
	d.input.layout = &layout;
	memcpy(views, tree.views, sizeof(views));
	d.input.views = views;
	d.input.nr_views = QEMU_SPACES;
	views_pc(&d.v);
	draw(&d);
	assert_int_equal(d.lanes.nr, 6);
	regions = lane_of(&d, "regions");
	view = lane_of(&d, "flat view");
	assert_true(view->nr > 20 && regions->front >= 2);
	assert_true(regions->rows > regions->front);
	for (size_t i = 0; i < view->nr; i++) {
		for (unsigned int row = 0;; row++) {
			assert_true(row < regions->front);
			box = lane_box_at(regions, row, view->boxes[i].first);
			if (box)
				break;
		}
		assert_int_equal(box->kind, view->boxes[i].kind);
	}
	/* No two boxes of a row overlap */
	for (size_t i = 1; i < regions->nr; i++)
		assert_true(
			regions->boxes[i].row != regions->boxes[i - 1].row ||
			regions->boxes[i].first > regions->boxes[i - 1].last);
	done(&d);
	model_layout_deinit(&layout);
	model_told_deinit(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lane_a_view),
		cmocka_unit_test(each_address_space_has_its_own),
		cmocka_unit_test(a_finding_cuts_the_scale),
		cmocka_unit_test(what_cannot_be_told_is_no_hole),
		cmocka_unit_test(zoomed_in),
		cmocka_unit_test(stage2_is_how_much),
		cmocka_unit_test(regions_from_front_to_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
