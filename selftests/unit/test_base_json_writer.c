// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON written as it comes: byte for byte what json-c makes of a tree */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json_value.h"
#include "base/json_writer.h"

static unsigned int seed = 1;

static uint64_t any_number(void)
{
	uint64_t bits = (uint64_t)rand_r(&seed) << 33 ^
			(uint64_t)rand_r(&seed) << 11 ^ rand_r(&seed);

	return bits >> rand_r(&seed) % 64;
}

/* Bytes of all kinds: plain, to be escaped, UTF-8 and none, long and empty */
static void any_string(char *str, size_t size)
{
	static const char *const parts[] = {
		"plain",	"\"",
		"\\",		"/",
		"\n\r\t\b\f",	"\x01\x1f\x7f",
		"\xff",		"\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xed\xa0\x80", "\xc0\xaf",
		"\xe2\x82",
	};
	size_t nr = rand_r(&seed) % 12, len = 0;

	str[0] = '\0';
	while (nr--)
		len += snprintf(str + len, size - len, "%s",
				parts[rand_r(&seed) % 13]);
}

/* The same values to both; @member is NULL in an array, which has few kinds */
static void any_values(struct json_writer *w, struct json_object *tree,
		       bool array, int depth)
{
	static const char *const names[] = { "one", NULL, "three" };
	struct json_object *part;
	char member[16], str[128];
	uint64_t number;

	for (int i = rand_r(&seed) % 8; i > 0; i--) {
		snprintf(member, sizeof(member), "m%d", i);
		number = any_number();
		switch (array ? 6 + rand_r(&seed) % 2 : rand_r(&seed) % 9) {
		case 0:
			json_put_u64(tree, member, number);
			json_write_u64(w, member, number);
			break;
		case 1:
			json_put_s64(tree, member, number);
			json_write_s64(w, member, number);
			break;
		case 2:
			json_put_hex(tree, member, number);
			json_write_hex(w, member, number);
			break;
		case 3:
			json_put_bool(tree, member, number & 1);
			json_write_bool(w, member, number & 1);
			break;
		case 4:
			json_put_null(tree, member);
			json_write_null(w, member);
			break;
		case 5:
			any_string(str, sizeof(str));
			json_put_str(tree, member, str);
			json_write_str(w, member, str);
			break;
		case 6:
		case 7:
			if (depth > 5)
				break;
			part = number & 1 ? json_object_new_array() :
					    json_object_new_object();
			if (number & 1)
				json_begin_array(w, array ? NULL : member);
			else
				json_begin_object(w, array ? NULL : member);
			any_values(w, part, number & 1, depth + 1);
			if (number & 1)
				json_end_array(w);
			else
				json_end_object(w);
			assert_int_equal(array ? json_add(tree, part) :
						 json_put(tree, member, part),
					 0);
			break;
		default:
			json_put_bits(tree, member, names, 3, number & 7);
			json_write_bits(w, member, names, 3, number & 7);
		}
	}
}

static void as_json_c(void **state)
{
	for (int i = 0; i < 3000; i++) {
		struct json_object *tree = json_object_new_object();
		struct json_text text = { 0 };
		struct json_writer w;

		json_writer_init(&w, json_text_put, &text);
		json_begin_object(&w, NULL);
		any_values(&w, tree, false, 0);
		json_end_object(&w);
		json_writer_flush(&w);
		assert_string_equal(
			text.text,
			json_object_to_json_string_ext(
				tree, JSON_C_TO_STRING_PLAIN |
					      JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(tree);
		tree = json_text_tree(&text);
		assert_non_null(tree);
		json_object_put(tree);
	}
}

static void ends_of_numbers(void **state)
{
	static const char want[] = "[0,18446744073709551615,"
				   "-9223372036854775808,-1,"
				   "\"0x0\",\"0xffffffffffffffff\",null,"
				   "0.000,1.045,18446744073709551.615]";
	struct json_text text = { 0 };
	struct json_writer w;

	json_writer_init(&w, json_text_put, &text);
	json_begin_array(&w, NULL);
	json_write_u64(&w, NULL, 0);
	json_write_u64(&w, NULL, UINT64_MAX);
	json_write_s64(&w, NULL, INT64_MIN);
	json_write_s64(&w, NULL, -1);
	json_write_hex(&w, NULL, 0);
	json_write_hex(&w, NULL, UINT64_MAX);
	json_write_str(&w, NULL, NULL);
	json_write_thousandths(&w, NULL, 0);
	json_write_thousandths(&w, NULL, 1045);
	json_write_thousandths(&w, NULL, UINT64_MAX);
	json_end_array(&w);
	json_writer_flush(&w);
	assert_string_equal(text.text, want);
	free(text.text);
}

/* More than the writer holds at once, in one string and in many */
static void long_ones(void **state)
{
	const size_t len = 3 * JSON_WRITER_BUF + 1;
	struct json_text text = { 0 };
	char *str = malloc(len + 1);
	struct json_writer w;

	memset(str, 'x', len);
	str[len] = '\0';
	json_writer_init(&w, json_text_put, &text);
	json_begin_array(&w, NULL);
	for (int i = 0; i < 3000; i++)
		json_write_str(&w, NULL, "abc");
	json_write_str(&w, NULL, str);
	json_end_array(&w);
	json_writer_flush(&w);
	assert_int_equal(text.len, 3000 * 6 + len + 4);
	assert_memory_equal(text.text + 1 + 2999 * 6, "\"abc\",\"xxx", 10);
	assert_string_equal(text.text + text.len - 4, "xx\"]");
	free(text.text);
	free(str);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_json_c),
		cmocka_unit_test(ends_of_numbers),
		cmocka_unit_test(long_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
