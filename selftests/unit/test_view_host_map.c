// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of /proc/PID/maps and smaps, and what is derived from a mapping */
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
		" \n",
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
	/* an empty line is none of a map, and is counted */
	refuse("\n\nhello\n", 8, "line 3 ");
}

/* As Linux 6.12 writes it, shortened: proc_pid_smaps(5) */
static const char smaps[] =
	"7f0000000000-7f0008000000 rw-p 00000000 00:00 0 \n"
	"Size:             131072 kB\n"
	"KernelPageSize:        4 kB\n"
	"MMUPageSize:           4 kB\n"
	"Rss:               65536 kB\n"
	"Anonymous:         65536 kB\n"
	"THPeligible:           1\n"
	"VmFlags: rd wr mr mw me ac um uw sd \n"
	"7f0008000000-7f0008200000 rw-s 00000000 00:0e 7                          "
	"/anon_hugepage (deleted)\n"
	"KernelPageSize:     2048 kB\n"
	"Anonymous:             0 kB\n"
	"VmFlags: rd wr sh mr mw me ms de ht sd \n"
	"7f0010000000-7f0010200000 rw-p 00100000 fe:01 4097                       "
	"/VmFlags: pf\n"
	"KernelPageSize:        4 kB\n"
	"Anonymous:            12 kB\n"
	"VmFlags: rd wr mr mw me sd \n"
	"7f0020000000-7f0020010000 rw-s f0000000 00:05 9                          "
	"/dev/mem\n"
	"VmFlags: rd wr sh mr mw me ms pf io de dd zz\n";

static void smaps_says_more(void **unused)
{
	struct slotscope_error err = { 0 };
	const struct host_range *r;
	struct host_map map;

	assert_int_equal(host_map_parse(&map, smaps, strlen(smaps), &err), 0);
	assert_int_equal(map.nr, 4);
	r = map.ranges;
	assert_int_equal(r[0].file, HOST_FILE_NONE);
	assert_int_equal(r[0].page_size, 4 * KiB);
	assert_true(r[0].detailed);
	assert_int_equal(r[0].vm_flags, HOST_UFFD_MISSING | HOST_UFFD_WP);
	assert_int_equal(r[0].copied, 0);
	assert_int_equal(r[1].file, HOST_FILE_UNKNOWN);
	assert_int_equal(r[1].page_size, 2 * MiB);
	assert_int_equal(r[1].vm_flags, HOST_DONTEXPAND | HOST_HUGETLB);
	assert_int_equal(r[1].copied, 0);
	assert_string_equal(r[2].path, "/VmFlags: pf");
	assert_int_equal(r[2].vm_flags, 0);
	assert_int_equal(r[2].copied, 12 * KiB);
	assert_int_equal(r[3].page_size, 0);
	assert_int_equal(r[3].vm_flags, HOST_PFN | HOST_IO | HOST_DONTEXPAND);
	host_map_deinit(&map);

	/* maps alone does not */
	assert_int_equal(host_map_parse(&map, sample, strlen(sample), &err), 0);
	assert_false(map.ranges[0].detailed);
	host_map_deinit(&map);

	/* cut anywhere, it is no error */
	for (size_t len = 0; len <= strlen(smaps); len++) {
		assert_int_equal(host_map_parse(&map, smaps, len, &err), 0);
		host_map_deinit(&map);
	}
	refuse("Size: 4 kB\n", strlen("Size: 4 kB\n"), "line 1 ");
}

static void how_far_a_file_reaches(void **unused)
{
	struct host_range range = { .start = HVA,
				    .end = HVA + 16 * KiB,
				    .offset = 8 * KiB,
				    .inode = 9,
				    .file = HOST_FILE_REGULAR };
	static const struct {
		uint64_t reach, want;
	} cases[] = {
		{ 0, 0 },
		{ 8 * KiB, 0 },
		{ 12 * KiB, 4 * KiB },
		{ 24 * KiB, 16 * KiB },
		{ GiB, 16 * KiB },
		{ UINT64_MAX, 16 * KiB },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		range.reach = cases[i].reach;
		assert_int_equal(host_range_reach(&range), cases[i].want);
	}
	/* what has no end that we know of ends nowhere */
	range.reach = 0;
	range.file = HOST_FILE_BLOCK;
	assert_int_equal(host_range_reach(&range), 0);
	for (int file = 0; file < HOST_FILE_REGULAR; file++) {
		range.file = file;
		assert_int_equal(host_range_reach(&range), 16 * KiB);
	}
	range.file = HOST_FILE_DEVICE;
	assert_int_equal(host_range_reach(&range), 16 * KiB);
	range.file = HOST_FILE_REGULAR;
	range.vm_flags = HOST_PFN;
	assert_int_equal(host_range_reach(&range), 16 * KiB);
}

static void what_is_the_same_memory(void **unused)
{
	const struct host_range file = { .start = HVA,
					 .end = HVA + 16 * KiB,
					 .offset = 8 * KiB,
					 .dev_minor = 1,
					 .inode = 9,
					 .shared = true };
	struct host_range b = file;

	/* the same with a hole between them, or less rights */
	b.start = HVA + MiB;
	b.end = b.start + 4 * KiB;
	b.offset += MiB;
	b.read = true;
	assert_true(host_range_same_memory(&file, &b));
	b.offset += 4 * KiB;
	assert_false(host_range_same_memory(&file, &b));
	b.offset -= 4 * KiB;
	b.shared = false;
	assert_false(host_range_same_memory(&file, &b));
	b.shared = true;
	b.dev_minor = 2;
	assert_false(host_range_same_memory(&file, &b));
	b.dev_minor = 1;
	b.inode = 0;
	assert_false(host_range_same_memory(&file, &b));
	/* anonymous memory has no places that one could mix up */
	b.shared = false;
	assert_true(host_range_same_memory(
		&b, &(struct host_range){ .start = GiB, .end = 2 * GiB }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_kernel_writes),
		cmocka_unit_test(a_cut_line_ends_the_reading),
		cmocka_unit_test(refuses_what_is_no_map),
		cmocka_unit_test(smaps_says_more),
		cmocka_unit_test(how_far_a_file_reaches),
		cmocka_unit_test(what_is_the_same_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
