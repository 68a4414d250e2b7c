// SPDX-License-Identifier: GPL-2.0-or-later
/* What pasting did to a text of info mtree is undone; what is missing costs only that */
#include <errno.h>

#include <slotscope/mtree.h>

#include "mtree/answer.h"
#include "mtree/pasted.h"
#include "mtree_fixture.h"

/* Own names and numbers, in QEMU's format */
static const char tree_text[] =
	"address-space: memory\n"
	"  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
	"    0000000000000000-00000000000fffff (prio 0, rom): board.rom\n"
	"    0000000000100000-00000000001fffff (prio 0, i/o): bridge\n"
	"      0000000000180000-000000000018ffff (prio 0, ram): card.ram\n"
	"    0000000040000000-000000004fffffff (prio 0, ram): alias low @board.ram 0000000000000000-000000000fffffff\n"
	"\n"
	"address-space: I/O\n"
	"  0000000000000000-000000000000ffff (prio 0, i/o): io\n"
	"\n"
	"memory-region: board.ram\n"
	"  0000000000000000-000000001fffffff (prio 0, ram): board.ram\n"
	"\n";

/* Each line of @text behind @prefix, with @eol for its end; to be freed */
static char *each_line(const char *text, const char *prefix, const char *eol)
{
	char *out = NULL;
	size_t size, len;
	FILE *f = open_memstream(&out, &size);

	for (; *text; text += len + 1) {
		len = strcspn(text, "\n");
		fprintf(f, "%s%.*s%s", prefix, (int)len, text, eol);
	}
	fclose(f);
	return out;
}

static char *around(const char *before, const char *text, const char *after)
{
	char *out;

	assert_true(asprintf(&out, "%s%s%s", before, text, after) > 0);
	return out;
}

/* The flat views of @text, as printed, and what had to be assumed */
static char *views_of(const char *text, char **notes)
{
	struct slotscope_error err = { 0 };
	struct memory_model *model;
	struct mtree_tree tree;
	size_t size, note_size;
	char *out = NULL;
	FILE *f = open_memstream(&out, &size);
	FILE *g = open_memstream(notes, &note_size);

	if (mtree_tree_parse(text, strlen(text), &tree, &err))
		fail_msg("%s: %s\n%s", err.tried, err.why, text);
	if (mtree_build(&tree, MTREE_ALLOW_MISSING, g, &model, &err))
		fail_msg("%s: %s\n%s", err.tried, err.why, text);
	assert_int_equal(mtree_print(f, model, MTREE_FLATVIEW), 0);
	memory_model_destroy(model);
	mtree_tree_deinit(&tree);
	fclose(f);
	fclose(g);
	return out;
}

/* Frees @text */
static void same_views(char *text)
{
	char *notes, *wanted_notes;
	char *out = views_of(text, &notes);
	char *wanted = views_of(tree_text, &wanted_notes);

	assert_string_equal(out, wanted);
	assert_string_equal(notes, wanted_notes);
	free(text);
	free(out);
	free(notes);
	free(wanted);
	free(wanted_notes);
}

static void test_dressed(void **state)
{
	char *text;

	same_views(each_line(tree_text, "", "\r\n"));
	same_views(each_line(tree_text, "    ", "\n"));
	same_views(each_line(tree_text, "\t", "\n"));
	same_views(each_line(tree_text, "> ", "\n"));
	same_views(each_line(tree_text, ">", "\n"));
	same_views(each_line(tree_text, "> > ", "\n"));
	same_views(each_line(tree_text, ">> ", "\r\n"));
	text = each_line(tree_text, "  ", "\n");
	same_views(around("", text, "\n"));
	free(text);
	same_views(around("(qemu) info mtree\n", tree_text, "(qemu) "));
	same_views(around("```text\n", tree_text, "```\n"));
	same_views(around("\xef\xbb\xbf", tree_text, ""));
	same_views(around("$ virsh qemu-monitor-command vm --hmp info mtree\n",
			  tree_text,
			  "$"
			  " \n"));
}

/* A name may hold what looks like a prompt, a quote or an ellipsis */
static void test_names_stay(void **state)
{
	static const char text[] =
		"address-space: memory\n"
		"  0000000000000000-ffffffffffffffff (prio 0, i/o): > (qemu) ...\n"
		"\n";
	struct slotscope_error err = { 0 };
	struct mtree_tree tree;

	assert_int_equal(mtree_tree_parse(text, strlen(text), &tree, &err), 0);
	assert_string_equal(tree.nodes[0].name, "> (qemu) ...");
	assert_int_equal(tree.left_out, 0);
	mtree_tree_deinit(&tree);
}

static char *as_json(const char *text)
{
	char *escaped = each_line(text, "", "\\r\\n");
	char *out = around("{\"return\": \"", escaped, "\"}\n");

	free(escaped);
	return out;
}

/* Frees @json */
static void same_answer(char *json)
{
	struct slotscope_error err = { 0 };
	size_t len;
	char *out;

	assert_int_equal(mtree_answer(json, strlen(json), &out, &len, &err), 0);
	assert_non_null(out);
	assert_int_equal(strlen(out), len);
	same_views(out);
	free(json);
}

static void test_json(void **state)
{
	struct slotscope_error err = { 0 };
	char *answer = as_json(tree_text), *out;
	size_t len;

	same_answer(strdup(answer));
	same_answer(
		around("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"
		       "{\"return\": {}}\n",
		       answer,
		       "{\"timestamp\": {\"seconds\": 1, \"microseconds\": "
		       "2}, \"event\": \"STOP\"}\n"));
	answer[strlen(answer) - 2] = '\0'; /* the object's end */
	same_answer(strdup(answer + strlen("{\"return\": ")));
	free(answer);
	/* What is none is left alone */
	assert_int_equal(mtree_answer(tree_text, strlen(tree_text), &out, &len,
				      &err),
			 0);
	assert_null(out);
}

static void refused(const char *text, const char *why)
{
	struct slotscope_error err = { 0 };
	size_t len;
	char *out;

	assert_int_equal(mtree_answer(text, strlen(text), &out, &len, &err),
			 -EINVAL);
	assert_null(out);
	if (!strstr(err.why, why))
		fail_msg("%s: not because %s", err.why, why);
}

static void test_bad_json(void **state)
{
	struct slotscope_error err = { 0 };
	size_t len;
	char *out;

	refused("{\"return\": \"address-space: mem", "ends within it");
	refused("{\"return\": \"a\"}\nrubbish", "is none");
	refused("{\"error\": {\"class\": \"GenericError\"}}", "failed");
	refused("{\"return\": {}}", "no answer");
	assert_int_equal(mtree_unpaste("a\0b", 3, &out, &len, &err), -EINVAL);
	assert_null(out);
}

/* Lines stay in their places, so that an error names the one that people see */
static void test_line_numbers(void **state)
{
	static const char text[] = "```\n(qemu) info mtree\n"
				   "> address-space: memory\n"
				   ">   rubbish\n";
	struct slotscope_error err = { 0 };
	struct mtree_tree tree;

	assert_int_equal(mtree_tree_parse(text, strlen(text), &tree, &err),
			 -EINVAL);
	assert_non_null(strstr(err.tried, "line 4 "));
}

/* @text has the views @wanted, and a note that holds @note */
static void parts(const char *text, const char *wanted, const char *note)
{
	char *notes, *out = views_of(text, &notes);

	if (!strstr(out, wanted))
		fail_msg("%s\nis not in\n%s", wanted, out);
	if (!strstr(notes, note))
		fail_msg("\"%s\" is not assumed:\n%s", note, notes);
	free(out);
	free(notes);
}

#define HEAD "address-space: memory\n"
#define ROOT "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
#define DEEP "      0000000000180000-000000000018ffff (prio 0, ram): card.ram\n"
#define FLAT_DEEP \
	"  0000000000180000-000000000018ffff (prio 0, ram): card.ram\n"

static void test_left_out(void **state)
{
	static const char *const marks[] = {
		"...", "    ....", "[...]", "[snip]", "\xe2\x80\xa6", "<snip>"
	};
	struct slotscope_error err = { 0 };
	struct memory_model *model;
	struct mtree_tree tree;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		/* The bridge that it is in was left out, and may move nothing */
		text = around(HEAD ROOT, marks[i], "\n" DEEP);
		parts(text, FLAT_DEEP, "\"...\" (1)");
		free(text);
	}
	/* Its header was left out, or its root, or both */
	parts("...\n" HEAD ROOT DEEP, "AS \"memory\", root: system",
	      "\"...\" (1)");
	parts(HEAD "...\n" DEEP, FLAT_DEEP, "root that is not in the text (1)");
	parts("    0000000000180000-000000000018ffff (prio 0, ram): card.ram\n"
	      "    0000000000200000-00000000002fffff (prio 0, ram): more\n"
	      "\n" HEAD ROOT,
	      "AS \"memory\", root: system",
	      "root that is not in the text (1)");
	/* A verdict is not to rest on it */
	text = around(HEAD ROOT, "...\n", DEEP);
	assert_int_equal(mtree_tree_parse(text, strlen(text), &tree, &err), 0);
	assert_int_equal(mtree_build(&tree, MTREE_REFUSE_MISSING, NULL, &model,
				     &err),
			 -EINVAL);
	assert_non_null(strstr(err.why, "left out"));
	mtree_tree_deinit(&tree);
	free(text);
}

static void test_no_address_space(void **state)
{
	parts("memory-region: system\n" ROOT DEEP,
	      "AS \"system\", root: system",
	      "region system is shown as an address space");
}

/* An alias's target without section: of memory its kind is known, and what is shown */
static void test_absent_target(void **state)
{
	parts(HEAD ROOT
	      "    0000000040000000-000000004fffffff (prio 0, ram): alias low @board.ram 0000000010000000-000000001fffffff\n",
	      "  0000000040000000-000000004fffffff (prio 0, ram): board.ram "
	      "@0000000010000000",
	      "board.ram (ram) has nothing in it");
	parts(HEAD ROOT
	      "    0000000040000000-000000004fffffff (prio 0, i/o): alias pci @hole 0000000000000000-000000000fffffff\n"
	      "    0000000050000000-000000005fffffff (prio 0, ram): ram\n",
	      "system\n  0000000050000000-000000005fffffff (prio 0, ram): ram",
	      "nothing is shown of hole");
}

static size_t nr_ranges(const char *text, size_t left_out, bool kvm)
{
	struct slotscope_error err = { 0 };
	struct mtree_flatviews views;
	size_t nr;

	if (mtree_flatviews_parse(text, strlen(text), &views, &err))
		fail_msg("%s: %s", err.tried, err.why);
	assert_int_equal(views.nr, 1);
	assert_int_equal(views.left_out, left_out);
	nr = views.views[0].nr_ranges;
	assert_int_equal(views.views[0].ranges[nr - 1].kvm, kvm);
	mtree_flatviews_deinit(&views);
	return nr;
}

#define RANGE "  0000000000000000-00000000000bffff (prio 0, ram): pc.ram"
#define NEXT  "  0000000000100000-00000000001fffff (prio 0, ram): pc.ram"

static void test_flat(void **state)
{
	/* QEMU 4.1 and 4.2 print the accelerator's name, others KVM's */
	assert_int_equal(nr_ranges("FlatView #0\n" RANGE " kvm kvm\n", 0, true),
			 1);
	assert_int_equal(nr_ranges("FlatView #0\n" RANGE " KVM\n", 0, true), 1);
	assert_int_equal(nr_ranges("FlatView #0\n" RANGE " tcg\n", 0, false),
			 1);
	/* 2.9 and 2.10 */
	assert_int_equal(nr_ranges("address-space (flat view): memory\n" RANGE
				   "\n" NEXT "\n",
				   0, false),
			 2);
	/* From the middle on, or with a middle that is not there */
	assert_int_equal(nr_ranges("Root memory region: system\n" RANGE "\n", 0,
				   false),
			 1);
	assert_int_equal(nr_ranges(RANGE "\n" NEXT "\n", 0, false), 2);
	assert_int_equal(nr_ranges("FlatView #0\n" RANGE "\n  ...\n" NEXT "\n",
				   1, false),
			 2);
	assert_int_equal(nr_ranges("> FlatView #0\n> " RANGE "\n> " NEXT "\n",
				   0, false),
			 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dressed),
		cmocka_unit_test(test_names_stay),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_bad_json),
		cmocka_unit_test(test_line_numbers),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_no_address_space),
		cmocka_unit_test(test_absent_target),
		cmocka_unit_test(test_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
