// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include <slotscope/mtree.h>

#include "mtree_fixture.h"

#define RANGE(first, last, rest) "  " first "-" last " (prio 0, " rest "\n"
#define A			 "0000000000000000"
#define B			 "0000000000000fff"
#define C			 "0000000000001000"
#define D			 "0000000000001fff"

static int flat(const char *text, struct mtree_flatviews *views,
		struct slotscope_error *err)
{
	memset(err, 0, sizeof(*err));
	return mtree_flatviews_parse(text, strlen(text), views, err);
}

static int tree(const char *text, struct mtree_tree *t,
		struct slotscope_error *err)
{
	memset(err, 0, sizeof(*err));
	return mtree_tree_parse(text, strlen(text), t, err);
}

static void test_flatviews(void **state)
{
	struct mtree_flatviews views;
	const struct mtree_flatview *v;
	struct slotscope_error err = { 0 };
	size_t len;
	char *text = read_own("q35-kvm-smm/mtree-fo.txt", &len);

	assert_int_equal(mtree_flatviews_parse(text, len, &views, &err), 0);
	/* The reader keeps a copy of its own */
	memset(text, 'x', len);
	free(text);
	assert_int_equal(views.nr, 4);
	assert_true(views.owned);
	assert_false(views.cut);
	v = mtree_flatviews_find(&views, "memory");
	assert_non_null(v);
	assert_ptr_equal(v, mtree_flatviews_find(&views, "cpu-memory-0"));
	assert_int_equal(v->nr_as, 2);
	assert_string_equal(v->root, "system");
	assert_string_equal(v->ranges[2].name, "pc.ram");
	assert_int_equal(v->ranges[2].kind, MTREE_ROM);
	assert_int_equal(v->ranges[2].first, 0xc0000);
	assert_int_equal(v->ranges[2].offset, 0xc0000);
	assert_string_equal(v->ranges[2].owner, "obj path=/objects/pc.ram");
	assert_null(v->ranges[2].parent);
	v = mtree_flatviews_find(&views, "mch");
	assert_non_null(v);
	assert_int_equal(v->nr_ranges, 0);
	assert_null(mtree_flatviews_find(&views, "mc"));
	mtree_flatviews_deinit(&views);
}

static void test_kvm_mark(void **state)
{
	struct mtree_flatviews views;
	const struct mtree_flatview *v;
	struct slotscope_error err = { 0 };
	size_t len, i;
	char *text = read_own("microvm-kvm/mtree-f.txt", &len);

	assert_int_equal(mtree_flatviews_parse(text, len, &views, &err), 0);
	free(text);
	assert_false(views.owned);
	v = mtree_flatviews_find(&views, "memory");
	for (i = 0; i < v->nr_ranges; i++)
		assert_int_equal(v->ranges[i].kvm,
				 v->ranges[i].kind == MTREE_RAM);
	mtree_flatviews_deinit(&views);
}

/* Newer QEMUs call a root "container", though it answers: "io" does */
static void test_container_range(void **state)
{
	struct mtree_flatviews views;
	struct slotscope_error err;

	assert_int_equal(flat("FlatView #0\n AS \"I/O\", root: io\n"
			      " Root memory region: io\n" RANGE(
				      A, B, "container): io") "\n",
			      &views, &err),
			 0);
	assert_int_equal(views.views[0].ranges[0].kind, MTREE_IO);
	mtree_flatviews_deinit(&views);
}

/* -d adds a part whose lines are of no concern */
static void test_dispatch(void **state)
{
	struct mtree_flatviews views;
	struct slotscope_error err;

	assert_int_equal(
		flat("FlatView #0\n AS \"a\", root: r\n"
		     " Root memory region: r\n" RANGE(
			     A, B,
			     "ram): x") "  Dispatch\n    Physical sections\n      #0 @.. [ROOT]\n"
					"\nFlatView #1\n AS \"b\", root: s\n"
					" Root memory region: s\n" RANGE(
						A, B, "ram): y") "\n",
		     &views, &err),
		0);
	assert_int_equal(views.nr, 2);
	assert_int_equal(views.views[0].nr_ranges, 1);
	assert_string_equal(views.views[1].ranges[0].name, "y");
	mtree_flatviews_deinit(&views);
}

static void test_bad_flatviews(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "mtree: extraneous characters\n", "not the head" },
		{ "address-space: x\n", "a tree begins there" },
		{ "memory-region: x\n", "a tree begins there" },
		{ "FlatView #0\nx\n", "not expected" },
		{ "FlatView #0\n" RANGE(C, D, "ram): x") RANGE(A, B, "ram): y"),
		  "order" },
		{ "FlatView #0\n" RANGE(A, C, "ram): x") RANGE(C, D, "ram): y"),
		  "order" },
		{ "FlatView #0\n" RANGE(B, A, "ram): x"), "order" },
		{ "FlatView #0\n  " RANGE(A, B, "ram): x"), "order" },
	};
	struct mtree_flatviews views;
	struct slotscope_error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (flat(bad[i].text, &views, &err) != -EINVAL ||
		    !strstr(err.why, bad[i].why) || !strstr(err.tried, "line"))
			fail_msg("%zu: %s: %s", i, err.tried, err.why);
	}
	memset(&err, 0, sizeof(err));
	assert_int_equal(mtree_flatviews_parse("FlatView #0\n\0\n", 14, &views,
					       &err),
			 -EINVAL);
	assert_non_null(strstr(err.why, "NUL"));
	assert_int_equal(flat("", &views, &err), 0);
	assert_int_equal(views.nr, 0);
	mtree_flatviews_deinit(&views);
}

static void test_tree(void **state)
{
	struct slotscope_error err;
	struct mtree_tree t;

	/* Two address spaces with one root, one without, a target */
	assert_int_equal(tree("address-space: b\naddress-space: a\n"
			      "  " A "-" D " (prio 0, i/o): root\n"
			      "    " A "-" B " (prio 1, ram): alias x @ram " C
			      "-" D " [disabled]\n"
			      "    " C "-" D " (prio 0, i/o): dir\n"
			      "      " C "-" D " (prio 0, romd): leaf\n"
			      "\n"
			      "address-space: none\n"
			      "\n"
			      "memory-region: ram\n"
			      "  " A "-" D " (prio 0, nv-ram): ram\n"
			      "\n",
			      &t, &err),
			 0);
	assert_int_equal(t.nr_as, 3);
	assert_string_equal(t.as[0].name, "b");
	assert_string_equal(t.as[1].name, "a");
	assert_int_equal(t.as[0].section, 0);
	assert_int_equal(t.as[1].section, 0);
	assert_int_equal(t.as[2].section, 1);
	assert_int_equal(t.nr_sections, 3);
	assert_int_equal(t.sections[1].nr, 0);
	assert_string_equal(t.sections[2].name, "ram");
	assert_int_equal(t.nr_nodes, 5);
	assert_int_equal(t.nodes[0].parent, -1);
	assert_int_equal(t.nodes[0].next, 4);
	assert_int_equal(t.nodes[1].parent, 0);
	assert_string_equal(t.nodes[1].alias, "ram");
	assert_int_equal(t.nodes[1].alias_start, 0x1000);
	assert_true(t.nodes[1].disabled);
	assert_int_equal(t.nodes[3].parent, 2);
	assert_int_equal(t.nodes[3].kind, MTREE_ROMD);
	assert_true(t.nodes[4].nonvolatile);
	assert_true(t.disabled);
	assert_false(t.owned);
	assert_false(t.cut);
	assert_int_equal(t.hidden, 0);
	mtree_tree_deinit(&t);
}

/* Without -D the children of a disabled region stand under nothing */
static void test_hidden(void **state)
{
	struct slotscope_error err;
	struct mtree_tree t;

	assert_int_equal(tree("address-space: a\n"
			      "  " A "-" D " (prio 0, i/o): root\n"
			      "      " A "-" B " (prio 0, i/o): lost\n"
			      "        " A "-" B " (prio 0, i/o): lost too\n"
			      "    " C "-" D " (prio 0, i/o): kept\n"
			      "\n",
			      &t, &err),
			 0);
	assert_int_equal(t.hidden, 2);
	assert_true(t.nodes[1].hidden);
	assert_true(t.nodes[2].hidden);
	assert_int_equal(t.nodes[2].parent, 1);
	assert_false(t.nodes[3].hidden);
	assert_int_equal(t.nodes[3].parent, 0);
	assert_int_equal(t.nodes[0].next, 4);
	mtree_tree_deinit(&t);
}

static void test_bad_trees(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "FlatView #0\n", "a flat view begins there" },
		{ "FlatView #x\n", "no line" },
		{ "address-space: a\n\n  " A "-" B " (prio 0, ram): x\n",
		  "header" },
		{ "address-space: a\n  " A "-" B " (prio 0, ram): x\n"
		  "  " A "-" B " (prio 0, ram): y\n",
		  "second root" },
		{ "address-space: a\n  unknown command: 'info mtree'\n",
		  "no line" },
	};
	struct slotscope_error err;
	char deep[2000];
	struct mtree_tree t;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (tree(bad[i].text, &t, &err) != -EINVAL ||
		    !strstr(err.why, bad[i].why))
			fail_msg("%zu: %s: %s", i, err.tried, err.why);
	}
	snprintf(deep, sizeof(deep), "address-space: a\n%1000s%s\n", "",
		 A "-" B " (prio 0, ram): x");
	assert_int_equal(tree(deep, &t, &err), -EINVAL);
	assert_non_null(strstr(err.why, "deep"));
}

/*
 * Cut anywhere, a text is read or refused; cut within a section, that shows
 */
static void test_every_prefix(void **state)
{
	static const char *const names[] = { "q35-kvm-smm/mtree-fo.txt",
					     "q35-kvm-smm/mtree-Do.txt",
					     "microvm-kvm/mtree-f.txt" };
	size_t i, len, whole;

	for (i = 0; i < 3; i++) {
		char *text = read_own(names[i], &whole);

		for (len = 0; len < whole; len++) {
			/* On the heap at its exact size: ASan guards the end */
			char *part = memcpy(malloc(len + !len), text, len);
			struct slotscope_error err = { 0 };
			struct mtree_flatviews views;
			struct mtree_tree t;
			bool cut;

			if (!mtree_flatviews_parse(part, len, &views, &err)) {
				cut = views.cut;
				if (views.nr)
					assert_int_equal(
						cut, memcmp(part + len - 2,
							    "\n\n", 2) != 0);
				mtree_flatviews_deinit(&views);
			}
			if (!mtree_tree_parse(part, len, &t, &err)) {
				if (t.nr_sections)
					assert_int_equal(
						t.cut, memcmp(part + len - 2,
							      "\n\n", 2) != 0);
				mtree_tree_deinit(&t);
			}
			free(part);
		}
		free(text);
	}
}

static void test_mutations(void **state)
{
	uint64_t x = 88172645463325252ULL;
	struct slotscope_error err;
	struct mtree_flatviews views;
	struct mtree_tree t;
	size_t whole, i;
	char *text = read_own("q35-kvm-smm/mtree-fo.txt", &whole);
	char *bytes = malloc(whole);

	for (i = 0; i < 3000; i++) {
		int changes = 1 + i % 8;

		memcpy(bytes, text, whole);
		while (changes--) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			bytes[x % whole] = (char)(x >> 32);
		}
		memset(&err, 0, sizeof(err));
		if (!mtree_flatviews_parse(bytes, whole, &views, &err))
			mtree_flatviews_deinit(&views);
		if (!mtree_tree_parse(bytes, whole, &t, &err))
			mtree_tree_deinit(&t);
	}
	free(bytes);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flatviews),
		cmocka_unit_test(test_kvm_mark),
		cmocka_unit_test(test_container_range),
		cmocka_unit_test(test_dispatch),
		cmocka_unit_test(test_bad_flatviews),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_bad_trees),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
