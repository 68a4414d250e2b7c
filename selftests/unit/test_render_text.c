// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for people: cleaned, cut, wrapped; and errors */
#include <errno.h>

#include <json-c/json.h>

#include "render_make.h"
#include "render/error.h"
#include "render/style.h"

static void assert_clean(const char *src, size_t max, const char *want)
{
	char buf[64];

	text_clean(buf, sizeof(buf), max, src);
	assert_string_equal(buf, want);
}

static void cleaned(void **unused)
{
	char tiny[3];

	assert_clean("pc.ram", 20, "pc.ram");
	assert_clean("", 20, "");
	assert_clean("\x1b[31m", 20, "\\1b[31m");
	assert_clean("a\tb\nc\x7f", 20, "a\\09b\\0ac\\7f");
	assert_clean("\xc3\xa9", 20, "\\c3\\a9");
	/* exactly as long as there is room; one more is cut */
	assert_clean("0123456789", 10, "0123456789");
	assert_clean("0123456789a", 10, "0123456...");
	/* an escape is whole or not there */
	assert_clean("01234567\x01", 10, "0123456...");
	assert_clean("01234\x01"
		     "6789",
		     10, "01234...");
	assert_clean("012345", 2, "..");
	/* the buffer counts, too */
	text_clean(tiny, sizeof(tiny), 20, "abcdef");
	assert_string_equal(tiny, "..");
	text_clean(tiny, 1, 20, "abcdef");
	assert_string_equal(tiny, "");
}

static void wrapped(void **unused)
{
	struct printed p;
	char word[200];

	print_begin(&p);
	text_wrap(p.out, "* ", 2, "one two\nthree");
	assert_string_equal(print_end(&p), "* one two\n  three\n");
	free(p.text);

	/* 9 words of 10 and spaces are 98 columns behind "* "; not 10 */
	print_begin(&p);
	text_wrap(p.out, "", 4,
		  "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee "
		  "ffffffffff gggggggggg hhhhhhhhhh iiiiiiiiii j");
	assert_string_equal(print_end(&p),
			    "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd "
			    "eeeeeeeeee ffffffffff gggggggggg hhhhhhhhhh "
			    "iiiiiiiiii\n    j\n");
	free(p.text);

	/* A command is one word, and wider than a line if it has to be */
	print_begin(&p);
	text_wrap(p.out, "", 4,
		  "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee "
		  "ffffffffff gggggggggg hhhhhhhhhh (`i i` or `j\nj)");
	assert_string_equal(print_end(&p),
			    "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd "
			    "eeeeeeeeee ffffffffff gggggggggg hhhhhhhhhh "
			    "(`i i` or\n    `j\n    j)\n");
	free(p.text);
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	word[1] = word[198] = '`';
	word[100] = ' ';
	print_begin(&p);
	text_wrap(p.out, "", 2, word);
	assert_int_equal(strcspn(print_end(&p), "\n"), 199);
	free(p.text);

	memset(word, '\x02', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	print_begin(&p);
	text_wrap(p.out, "    ", 4, word);
	assert_for_people(print_end(&p));
	/* all of it is there: 3 columns a byte */
	assert_true(p.len > 199 * 3);
	free(p.text);
}

static void prose(void **unused)
{
	struct printed p;

	render_style.columns = 21;
	print_begin(&p);
	assert_int_equal(text_prose(p.out, "1. ",
				    "one two three four\nfive\n\n"
				    "  a drawing  wider than a line\n"
				    "six seven eight nine ten\n"),
			 0);
	assert_string_equal(print_end(&p), "1. one two three\nfour five\n\n"
					   "  a drawing  wider than a line\n"
					   "six seven eight nine\nten\n");
	free(p.text);
	print_begin(&p);
	assert_int_equal(text_prose(p.out, "", "no end"), 0);
	assert_string_equal(print_end(&p), "no end\n");
	free(p.text);
	render_style.columns = RENDER_COLUMNS;
}

static void errors(void **unused)
{
	struct slotscope_error err = { 0 };
	struct json_object *obj;
	struct json_object *part;
	struct json_object *value;
	struct printed p;

	error_set(&err, ENOENT, "open /dev/slotscope");
	error_next(&err, "load the module");
	print_begin(&p);
	render_error_text(p.out, &err);
	assert_string_equal(print_end(&p),
			    "slotscope: open /dev/slotscope: No such file or "
			    "directory\n  next: load the module\n");
	free(p.text);

	print_begin(&p);
	render_error_json(p.out, &err);
	obj = json_tokener_parse(print_end(&p));
	assert_true(json_object_object_get_ex(obj, "error", &part));
	assert_true(json_object_object_get_ex(part, "code", &value));
	assert_int_equal(json_object_get_int(value), ENOENT);
	assert_true(json_object_object_get_ex(part, "next", &value));
	assert_string_equal(json_object_get_string(value), "load the module");
	json_object_put(obj);
	free(p.text);

	/* hostile, and without advice */
	error_set(&err, EINVAL, "read \"\x1b]0;\xff\"");
	error_why(&err, "a\nb");
	print_begin(&p);
	render_error_text(p.out, &err);
	assert_for_people(print_end(&p));
	assert_null(strstr(p.text, "next:"));
	free(p.text);
	print_begin(&p);
	render_error_json(p.out, &err);
	/* one line, whatever is in it; strict JSON and UTF-8 */
	print_end(&p);
	assert_ptr_equal(strchr(p.text, '\n'), p.text + p.len - 1);
	assert_null(strchr(p.text, '\x1b'));
	assert_null(strchr(p.text, '\xff'));
	obj = json_tokener_parse(p.text);
	assert_non_null(obj);
	json_object_put(obj);
	free(p.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleaned),
		cmocka_unit_test(wrapped),
		cmocka_unit_test(prose),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
