// SPDX-License-Identifier: GPL-2.0-or-later
/* Two texts beside each other: lines that are equal on one row. */
#include "render_make.h"
#include "render/side_by_side.h"

static void assert_rows(const char *left, const char *right, bool differing,
			const char *want)
{
	const struct side_by_side texts = { .left = left,
					    .right = right,
					    .left_title = "L",
					    .right_title = "R",
					    .differing = differing };
	struct printed p;

	print_begin(&p);
	assert_int_equal(render_side_by_side(p.out, &texts), 0);
	assert_string_equal(print_end(&p), want);
	free(p.text);
}

static void rows(void **unused)
{
	assert_rows("aa\nb\n", "aa\nb", false,
		    "  L    R\n  aa   aa\n  b    b\n");
	assert_rows("aa\nb\n", "aa\nc\n", false,
		    "  L    R\n  aa   aa\n  b  | c\n");
	assert_rows("aa\nb\n", "aa\nc\n", true, "  L    R\n  b  | c\n");
	assert_rows("", NULL, false, "  L   R\n");
}

static void one_side(void **unused)
{
	/* What follows a line that only one has is still the same line */
	assert_rows("a\nb\nc\n", "a\nc\n", false,
		    "  L   R\n  a   a\n  b <\n  c   c\n");
	assert_rows("a\nc\n", "a\nb\nc\n", true, "  L   R\n    > b\n");
	assert_rows("a\nb\n", NULL, true, "  L   R\n  a <\n  b <\n");
	assert_rows(NULL, "a\n", true, "  L   R\n    > a\n");
}

static void cleaned(void **unused)
{
	assert_rows("\x1b[2J\n", "b\n", true, "  L        R\n  \\1b[2J | b\n");
}

/* Far more lines than are looked through for an equal one */
static void long_texts(void **unused)
{
	char *left = malloc(200000), *right = malloc(200000);
	size_t i, l = 0, r = 0, rows = 0;
	struct side_by_side texts = { .left = left,
				      .right = right,
				      .left_title = "",
				      .right_title = "",
				      .differing = true };
	struct printed p;
	const char *c;

	for (i = 0; i < 5000; i++) {
		l += sprintf(left + l, "left %zu\n", i);
		r += sprintf(right + r, "right %zu\n", i);
	}
	print_begin(&p);
	assert_int_equal(render_side_by_side(p.out, &texts), 0);
	for (c = print_end(&p); *c; c++)
		rows += *c == '\n';
	assert_int_equal(rows, 5001);
	free(p.text);
	free(right);
	free(left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(one_side),
		cmocka_unit_test(cleaned),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
