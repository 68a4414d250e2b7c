// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of /proc/PID/maps */
#include <errno.h>

#include "view_make.h"

/* As a kernel writes it: proc(5) */
static const char sample[] =
	"55d0c8a00000-55d0c8a02000 r--p 00000000 fe:01 1835044                    "
	"/usr/bin/a b\n"
	"7f0000000000-7f0008000000 rw-p 00000000 00:00 0 \n"
	"7f0008000000-7f0008001000 ---p 00000000 00:00 0 \n"
	"7f0010000000-7f0010200000 rw-s 00100000 00:01 4097                       "
	"/memfd:pc.ram (deleted)\n"
	"7ffd1c0de000-7ffd1c0ff000 rw-p 00000000 00:00 0                          "
	"[stack]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
	"[vsyscall]\n";

static void reads_what_the_kernel_writes(void **unused)
{
	struct slotscope_error err = { 0 };
	struct host_map map;

	assert_int_equal(host_map_parse(&map, sample, strlen(sample), &err), 0);
	assert_int_equal(map.nr, 6);
	assert_false(map.truncated);
	assert_true(map.ranges[0].start == 0x55d0c8a00000);
	assert_true(map.ranges[0].end == 0x55d0c8a02000);
	assert_true(map.ranges[0].read);
	assert_false(map.ranges[0].write);
	assert_false(map.ranges[0].shared);
	assert_int_equal(map.ranges[0].dev_major, 0xfe);
	assert_int_equal(map.ranges[0].dev_minor, 1);
	assert_int_equal(map.ranges[0].inode, 1835044);
	assert_string_equal(map.ranges[0].path, "/usr/bin/a b");
	assert_null(map.ranges[1].path);
	assert_true(map.ranges[1].write);
	assert_false(map.ranges[2].read);
	assert_true(map.ranges[3].shared);
	assert_int_equal(map.ranges[3].offset, 0x100000);
	assert_string_equal(map.ranges[3].path, "/memfd:pc.ram (deleted)");
	assert_true(map.ranges[5].start == 0xffffffffff600000);

	assert_null(host_map_find(&map, 0));
	assert_ptr_equal(host_map_find(&map, 0x7f0000000000), &map.ranges[1]);
	assert_ptr_equal(host_map_find(&map, 0x7f0007ffffff), &map.ranges[1]);
	assert_ptr_equal(host_map_find(&map, 0x7f0008000000), &map.ranges[2]);
	assert_null(host_map_find(&map, 0x7f0008001000));
	assert_null(host_map_find(&map, UINT64_MAX));
	host_map_deinit(&map);
}

static void a_cut_line_ends_the_reading(void **unused)
{
	struct slotscope_error err = { 0 };
	struct host_map map;
	size_t lines;

	/* cut anywhere: the whole lines count, the rest is not known */
	for (size_t len = 0; len <= strlen(sample); len++) {
		lines = 0;
		for (size_t i = 0; i < len; i++)
			lines += sample[i] == '\n';
		assert_int_equal(host_map_parse(&map, sample, len, &err), 0);
		assert_int_equal(map.nr, lines);
		assert_int_equal(map.truncated,
				 len > 0 && sample[len - 1] != '\n');
		host_map_deinit(&map);
	}
}

static void refuse(const char *text, size_t len, const char *line)
{
	struct slotscope_error err = { 0 };
	struct host_map map;

	assert_int_equal(host_map_parse(&map, text, len, &err), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_non_null(strstr(err.tried, line));
	assert_int_equal(map.nr, 0);
}

static void refuses_what_is_no_map(void **unused)
{
	static const char *const bad[] = {
		"\n",
		"hello\n",
		"7f0000001000-7f0000000000 rw-p 00000000 00:00 0 \n",
		"7f0000000000-7f0000000000 rw-p 00000000 00:00 0 \n",
		"7f0000000000-7f0000001000 rwzp 00000000 00:00 0 \n",
		"7f0000000000-7f0000001000 rw-x 00000000 00:00 0 \n",
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 \n",
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0x\n",
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 -1 \n",
		"-7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n",
		"17f00000000000000-17f00000000001000 rw-p 0 00:00 0 \n",
		"7f0000000000-7f0000001000 rw-p 00000000 00:100000000 0 \n",
	};
	static const char nul[] =
		"7f0000000000-7f0000001000 rw-p 00000000 00:00 0 a\0b\n";
	static const char back[] =
		"7f0000001000-7f0000003000 rw-p 00000000 00:00 0 \n"
		"7f0000002000-7f0000004000 rw-p 00000000 00:00 0 \n";

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuse(bad[i], strlen(bad[i]), "line 1 ");
	refuse(nul, sizeof(nul) - 1, "line 1 ");
	refuse(back, strlen(back), "line 2 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_kernel_writes),
		cmocka_unit_test(a_cut_line_ends_the_reading),
		cmocka_unit_test(refuses_what_is_no_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
