// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree that MODEL comes from, laid beside QEMU's flat views: what they do not
 * confirm is not told as seen or hidden.
 */
#include "qemu/model_tree.h"
#include "render/tree_json.h"

#include "mtree_fixture.h"

#define TREE                                                                    \
	"address-space: memory\n"                                               \
	"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"           \
	"    0000000000000000-0000000000ffffff (prio 0, ram): alias low @ram "  \
	"0000000000001000-0000000001000fff\n"                                   \
	"    00000000000a0000-00000000000bffff (prio 1, i/o): vga\n"            \
	"    0000000003000000-0000000003000fff (prio 0, i/o): off [disabled]\n" \
	"\nmemory-region: ram\n"                                                \
	"  0000000000000000-0000000001000fff (prio 0, ram): ram\n\n"
#define HEAD                                          \
	"FlatView #0\n AS \"memory\", root: system\n" \
	" Root memory region: system\n"
#define LOW \
	"  0000000000000000-000000000009ffff (prio 0, ram): ram @0000000000001000\n"
#define VGA "  00000000000a0000-00000000000bffff (prio 1, i/o): vga\n"
#define HIGH \
	"  00000000000c0000-0000000000ffffff (prio 0, ram): ram @00000000000c1000\n"

static struct json_object *tree_json(const char *text, const char *flat)
{
	struct model_told told = { .have = true };
	struct slotscope_error err = { 0 };
	struct model_tree tree;
	struct json_object *obj;

	if (mtree_tree_parse(text, strlen(text), &told.tree, &err) ||
	    mtree_flatviews_parse(flat, strlen(flat), &told.views, &err))
		fail_msg("%s: %s", err.tried, err.why);
	tree = model_tree_told(&told);
	obj = model_tree_to_json(&tree);
	assert_non_null(obj);
	model_told_deinit(&told);
	return obj;
}

/* The same of a text that tells no kinds */
static struct json_object *tree_json_of_rights(const char *text,
					       const char *flat)
{
	struct model_told told = { .have = true };
	struct slotscope_error err = { 0 };
	struct model_tree tree;
	struct json_object *obj;

	assert_int_equal(mtree_tree_parse(text, strlen(text), &told.tree, &err),
			 0);
	assert_int_equal(mtree_flatviews_parse(flat, strlen(flat), &told.views,
					       &err),
			 0);
	mtree_flatviews_forget_kinds(&told.views);
	tree = model_tree_told(&told);
	obj = model_tree_to_json(&tree);
	assert_non_null(obj);
	model_told_deinit(&told);
	return obj;
}

static struct json_object *get(struct json_object *obj, const char *member)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(obj, member, &value));
	return value;
}

/* The region of that name */
static struct json_object *region(struct json_object *tree, const char *name)
{
	struct json_object *regions = get(tree, "regions"), *one;

	for (size_t i = 0; i < json_object_array_length(regions); i++) {
		one = json_object_array_get_idx(regions, i);
		assert_int_equal(json_object_get_int(get(one, "id")), i);
		if (!strcmp(json_object_get_string(get(one, "name")), name))
			return one;
	}
	fail_msg("no region %s", name);
	return NULL;
}

/* @member of the one place of that region */
static const char *place(struct json_object *tree, const char *name,
			 const char *member)
{
	struct json_object *places = get(tree, "places"), *one, *found = NULL;
	int id = json_object_get_int(get(region(tree, name), "id"));

	for (size_t i = 0; i < json_object_array_length(places); i++) {
		one = json_object_array_get_idx(places, i);
		if (json_object_get_int(get(one, "region")) != id)
			continue;
		assert_null(found);
		found = one;
	}
	assert_non_null(found);
	return json_object_to_json_string_ext(
		get(found, member),
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void test_confirmed(void **state)
{
	struct json_object *tree = tree_json(TREE, HEAD LOW VGA HIGH "\n");

	assert_string_equal(place(tree, "ram", "shown"),
			    "[{\"gpa\":\"0x0\",\"size\":\"0xa0000\"},"
			    "{\"gpa\":\"0xc0000\",\"size\":\"0xf40000\"}]");
	assert_string_equal(place(tree, "low", "shown"),
			    place(tree, "ram", "shown"));
	/* By the alias, whose neighbour it is: places are system, vga, ... */
	assert_string_equal(place(tree, "ram", "hidden"),
			    "[{\"gpa\":\"0xa0000\",\"size\":\"0x20000\","
			    "\"by\":1,\"why\":\"priority\"}]");
	assert_string_equal(place(tree, "ram", "offset"), "\"0x1000\"");
	assert_string_equal(place(tree, "ram", "not_known"), "[]");
	assert_string_equal(place(tree, "off", "hidden"),
			    "[{\"gpa\":\"0x3000000\",\"size\":\"0x1000\","
			    "\"by\":null,\"why\":\"disabled\"}]");
	assert_string_equal(place(tree, "off", "enabled"), "false");
	assert_string_equal(place(tree, "system", "size"),
			    "\"0x10000000000000000\"");
	json_object_put(tree);
}

static void test_regions(void **state)
{
	struct json_object *tree = tree_json(TREE, HEAD LOW VGA HIGH "\n");
	struct json_object *low = region(tree, "low");
	struct json_object *alias = get(low, "alias");

	assert_string_equal(json_object_get_string(get(low, "kind")), "alias");
	assert_int_equal(json_object_get_int(get(alias, "region")),
			 json_object_get_int(get(region(tree, "ram"), "id")));
	assert_string_equal(json_object_get_string(get(alias, "offset")),
			    "0x1000");
	assert_int_equal(
		json_object_get_int(get(low, "parent")),
		json_object_get_int(get(region(tree, "system"), "id")));
	assert_null(get(region(tree, "ram"), "parent"));
	assert_string_equal(
		json_object_get_string(get(region(tree, "system"), "kind")),
		"container");
	assert_string_equal(
		json_object_get_string(get(region(tree, "vga"), "kind")),
		"mmio");
	json_object_put(tree);
}

/* A flat view of another moment, or of a tree that we render wrongly */
static void test_differs(void **state)
{
	struct json_object *tree;

	/* ram goes on below the registers */
	tree = tree_json(
		TREE, HEAD
		"  0000000000000000-0000000000ffffff (prio 0, ram): ram @0000000000001000\n\n");
	assert_string_equal(place(tree, "vga", "shown"), "[]");
	assert_string_equal(place(tree, "vga", "not_known"),
			    "[{\"gpa\":\"0xa0000\",\"size\":\"0x20000\"}]");
	assert_string_equal(place(tree, "ram", "hidden"), "[]");
	assert_string_equal(place(tree, "ram", "not_known"),
			    "[{\"gpa\":\"0xa0000\",\"size\":\"0x20000\"}]");
	assert_string_equal(place(tree, "ram", "shown"),
			    "[{\"gpa\":\"0x0\",\"size\":\"0xa0000\"},"
			    "{\"gpa\":\"0xc0000\",\"size\":\"0xf40000\"}]");
	json_object_put(tree);

	/* A hole, another offset, and read-only: each is another thing */
	tree = tree_json(TREE, HEAD VGA HIGH "\n");
	assert_string_equal(place(tree, "ram", "not_known"),
			    "[{\"gpa\":\"0x0\",\"size\":\"0xa0000\"}]");
	json_object_put(tree);
	tree = tree_json(
		TREE, HEAD LOW VGA
		"  00000000000c0000-0000000000ffffff (prio 0, ram): ram @00000000000c0000\n\n");
	assert_string_equal(place(tree, "ram", "not_known"),
			    "[{\"gpa\":\"0xc0000\",\"size\":\"0xf40000\"}]");
	json_object_put(tree);
	tree = tree_json(
		TREE, HEAD LOW VGA
		"  00000000000c0000-0000000000ffffff (prio 0, rom): ram @00000000000c1000\n\n");
	assert_string_equal(place(tree, "ram", "not_known"),
			    "[{\"gpa\":\"0xc0000\",\"size\":\"0xf40000\"}]");
	json_object_put(tree);

	/* It has nothing where the tree has nothing; then other memory */
	tree = tree_json(TREE, HEAD
			 "  0000000000000000-000000000009ffff (prio 0, ram): "
			 "ram @0000000000001000\n" VGA HIGH
			 "  0000000002000000-0000000002ffffff (prio 0, ram): "
			 "other\n\n");
	assert_string_equal(place(tree, "ram", "not_known"), "[]");
	assert_string_equal(place(tree, "system", "not_known"),
			    "[{\"gpa\":\"0x2000000\",\"size\":"
			    "\"0x1000000\"}]");
	json_object_put(tree);
	/* A hole that ends before what the tree has begins; all is one piece */
	tree = tree_json(
		"address-space: memory\n"
		"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
		"    0000000000003000-0000000000003fff (prio 0, i/o): io\n\n",
		HEAD
		"  0000000000001000-0000000000001fff (prio 0, i/o): was\n\n");
	assert_string_equal(place(tree, "system", "not_known"),
			    "[{\"gpa\":\"0x1000\",\"size\":\"0x1000\"},"
			    "{\"gpa\":\"0x3000\",\"size\":\"0x1000\"}]");
	json_object_put(tree);
	/* Pieces that follow each other are one */
	tree = tree_json(TREE, HEAD LOW "\n");
	assert_string_equal(place(tree, "system", "not_known"),
			    "[{\"gpa\":\"0xa0000\",\"size\":"
			    "\"0xf60000\"}]");
	json_object_put(tree);

	/* Nothing is confirmed without a flat view */
	tree = tree_json(TREE, "FlatView #0\n AS \"I/O\", root: io\n"
			       " Root memory region: io\n"
			       "  No rendered FlatView\n\n");
	assert_string_equal(place(tree, "ram", "shown"), "[]");
	assert_string_equal(place(tree, "ram", "hidden"), "[]");
	/* but that it is disabled */
	assert_string_equal(place(tree, "off", "not_known"), "[]");
	json_object_put(tree);
}

/* "gpa size kind region; ..." of the one flat view, '-' for no region */
static const char *ranges_of(struct json_object *tree)
{
	struct json_object *views = get(tree, "flat_views"), *ranges, *one;
	struct json_object *region;
	static char text[1024];
	size_t len = 0;

	assert_int_equal(json_object_array_length(views), 1);
	ranges = get(json_object_array_get_idx(views, 0), "ranges");
	for (size_t i = 0; i < json_object_array_length(ranges); i++) {
		one = json_object_array_get_idx(ranges, i);
		if (!json_object_object_get_ex(one, "region", &region))
			region = NULL;
		len += snprintf(
			text + len, sizeof(text) - len, "%s%s %s %s %s",
			i ? "; " : "", json_object_get_string(get(one, "gpa")),
			json_object_get_string(get(one, "size")),
			json_object_get_string(get(one, "kind")),
			region ? json_object_get_string(get(
					 json_object_array_get_idx(
						 get(tree, "regions"),
						 json_object_get_int(region)),
					 "name")) :
				 "-");
	}
	return text;
}

/* Of what is seen in several pieces, each is held against the flat view */
static void test_pieces(void **state)
{
	struct json_object *tree = tree_json(
		"address-space: memory\n"
		"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
		"    0000000000000000-0000000000007fff (prio 0, ram): ram\n"
		"    0000000000006000-0000000000006fff (prio 1, i/o): io\n"
		"    000000000000a000-000000000000afff (prio 0, i/o): apart\n"
		"    0000000000010000-0000000000010fff (prio 0, i/o): box\n"
		"      0000000000012000-0000000000012fff (prio 0, i/o): beyond\n"
		"    ffffffffffff0000-ffffffffffffffff (prio 0, i/o): top\n\n",
		HEAD
		"  0000000000000000-0000000000000fff (prio 0, ram): ram\n"
		"  0000000000001000-0000000000001fff (prio 0, ram): other\n"
		"  0000000000002000-0000000000005fff (prio 0, ram): ram "
		"@0000000000002000\n"
		"  0000000000006000-0000000000006fff (prio 1, i/o): io\n"
		"  0000000000007000-0000000000007fff (prio 0, ram): other\n"
		"  000000000000a000-000000000000afff (prio 0, i/o): apart\n"
		"  ffffffffffff0000-ffffffffffffffff (prio 0, i/o): top\n\n");

	assert_string_equal(place(tree, "ram", "shown"),
			    "[{\"gpa\":\"0x0\",\"size\":\"0x1000\"},"
			    "{\"gpa\":\"0x2000\",\"size\":\"0x4000\"}]");
	assert_string_equal(place(tree, "ram", "not_known"),
			    "[{\"gpa\":\"0x1000\",\"size\":\"0x1000\"},"
			    "{\"gpa\":\"0x7000\",\"size\":\"0x1000\"}]");
	/* What of it is in front of it is none of these */
	assert_string_equal(place(tree, "ram", "hidden"),
			    "[{\"gpa\":\"0x6000\",\"size\":\"0x1000\","
			    "\"by\":1,\"why\":\"priority\"}]");
	assert_string_equal(
		place(tree, "system", "shown"),
		"[{\"gpa\":\"0x0\",\"size\":\"0x1000\"},"
		"{\"gpa\":\"0x2000\",\"size\":\"0x5000\"},"
		"{\"gpa\":\"0xa000\",\"size\":\"0x1000\"},"
		"{\"gpa\":\"0xffffffffffff0000\",\"size\":\"0x10000\"}]");
	assert_string_equal(ranges_of(tree),
			    "0x0 0x1000 ram ram; 0x1000 0x1000 ram -; "
			    "0x2000 0x4000 ram ram; 0x6000 0x1000 mmio io; "
			    "0x7000 0x1000 ram -; 0x8000 0x2000 hole -; "
			    "0xa000 0x1000 mmio apart; "
			    "0xb000 0xfffffffffffe5000 hole -; "
			    "0xffffffffffff0000 0x10000 mmio top");
	/* Of what has no room there is a region, and no place */
	region(tree, "beyond");
	assert_int_equal(json_object_array_length(get(tree, "places")), 6);
	json_object_put(tree);
}

#define RIGHTS                                                       \
	"address-space: memory\n"                                    \
	"  0000000000000000-ffffffffffffffff (prio 0, RW): system\n" \
	"    0000000000000000-0000000000000fff (prio 0, R-): rom\n\n"

/* QEMU before 2.9: what it does not tell is null, and is held against nothing */
static void test_rights(void **state)
{
	struct json_object *tree = tree_json_of_rights(
		RIGHTS, HEAD "  0000000000000000-0000000000000fff (prio 0, "
			     "ram): rom\n\n");

	assert_null(get(region(tree, "rom"), "kind"));
	assert_null(get(region(tree, "system"), "kind"));
	assert_string_equal(place(tree, "rom", "not_known"), "[]");
	json_object_put(tree);
}

/* A text may lack what an alias shows: the rest is told */
static void test_missing(void **state)
{
	struct json_object *tree = tree_json(
		"address-space: memory\n"
		"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
		"    0000000000000000-0000000000000fff (prio 0, ram): alias low "
		"@lost 0000000000000000-0000000000000fff\n\n",
		HEAD "  No rendered FlatView\n\n");

	assert_string_equal(place(tree, "low", "gpa"), "\"0x0\"");
	json_object_put(tree);
}

/* Of a text of another address space nothing is memory, nor SMM's */
static void test_other_space(void **state)
{
	struct json_object *tree = tree_json(
		"address-space: I/O\n"
		"  0000000000000000-000000000000ffff (prio 0, i/o): io\n\n",
		HEAD "  No rendered FlatView\n\n");

	assert_int_equal(json_object_array_length(get(tree, "places")), 0);
	json_object_put(tree);
	/* A text without address spaces has memory's */
	tree = tree_json("memory-region: system\n"
			 "  0000000000000000-ffffffffffffffff (prio 0, i/o): "
			 "system\n\n",
			 HEAD "  No rendered FlatView\n\n");
	assert_string_equal(place(tree, "system", "as_id"), "0");
	json_object_put(tree);
}

/* All that a QEMU shows is found in its tree, and is confirmed */
static void check_real(const char *tree_name, const char *flat_name)
{
	size_t len, nr = 0;
	char *text = read_own(tree_name, &len),
	     *flat = read_own(flat_name, &len);
	struct json_object *tree = tree_json(text, flat), *views, *ranges, *one;
	struct json_object *places = get(tree, "places");

	views = get(tree, "flat_views");
	for (size_t v = 0; v < json_object_array_length(views); v++) {
		ranges = get(json_object_array_get_idx(views, v), "ranges");
		for (size_t i = 0; i < json_object_array_length(ranges); i++) {
			one = json_object_array_get_idx(ranges, i);
			if (!strcmp(json_object_get_string(get(one, "kind")),
				    "hole"))
				continue;
			nr++;
			assert_non_null(get(one, "region"));
		}
	}
	assert_true(nr > 5);
	for (size_t i = 0; i < json_object_array_length(places); i++)
		assert_int_equal(json_object_array_length(get(
					 json_object_array_get_idx(places, i),
					 "not_known")),
				 0);
	json_object_put(tree);
	free(text);
	free(flat);
}

static void test_real(void **state)
{
	check_real("q35-kvm-smm/mtree-Do.txt", "q35-kvm-smm/mtree-f.txt");
	check_real("microvm-kvm/mtree-Do.txt", "microvm-kvm/mtree-f.txt");
	check_real("../pc/pc-nodefaults/mtree-Do.txt",
		   "../pc/pc-nodefaults/mtree-f.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirmed),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_other_space),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
