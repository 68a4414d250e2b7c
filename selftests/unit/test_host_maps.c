// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies under a process's addresses: our own process is the example */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "host/map_files.h"
#include "host/maps.h"
#include "host_make.h"
#include "view_make.h"

#define PAGE 4096UL

static struct host_map map;

static void read_own(const struct slot_state *slots)
{
	struct slotscope_error err = { 0 };
	struct process process;

	assert_int_equal(process_open(getpid(), &process, &err), 0);
	assert_int_equal(host_map_read(&process, slots, &map, &err), 0);
	process_close(&process);
}

static const struct host_range *at(const void *addr)
{
	const struct host_range *range = host_map_find(&map, (uintptr_t)addr);

	assert_non_null(range);
	return range;
}

/* Only who may look at map_files learns what is mapped there */
static bool may_look(void)
{
	struct host_range range = { .file = HOST_FILE_UNKNOWN };
	int fd = memfd_create("may", 0);
	void *addr = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	assert_true(addr != MAP_FAILED);
	read_own(NULL);
	range = *at(addr);
	host_map_deinit(&map);
	munmap(addr, PAGE);
	close(fd);
	return range.file != HOST_FILE_UNKNOWN;
}

static void files(void **unused)
{
	char name[] = "/tmp/slotscope-test-XXXXXX";
	int memfd = memfd_create("ram", 0);
	int deleted = mkstemp(name);
	int null = open("/dev/zero", O_RDWR);
	char *mem, *file, *device, *anon, *shared;

	if (!may_look())
		skip();
	assert_true(memfd >= 0 && deleted >= 0 && null >= 0);
	assert_int_equal(ftruncate(memfd, 16 * PAGE), 0);
	assert_int_equal(ftruncate(deleted, 2 * PAGE + 1), 0);
	unlink(name);
	mem = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd,
		   4 * PAGE);
	file = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		    deleted, 0);
	device = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, null, 0);
	anon = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file[0] = 1;
	read_own(NULL);
	assert_int_equal(at(mem)->file, HOST_FILE_REGULAR);
	assert_int_equal(at(mem)->reach, 16 * PAGE);
	assert_int_equal(host_range_reach(at(mem)), 8 * PAGE);
	assert_true(at(mem)->detailed);
	assert_int_equal(at(mem)->page_size, PAGE);
	assert_int_equal(at(mem)->copied, 0);
	/* a part of a page can be touched like all of it */
	assert_int_equal(at(file)->file, HOST_FILE_REGULAR);
	assert_int_equal(host_range_reach(at(file)), 3 * PAGE);
	assert_int_equal(at(file)->copied, PAGE);
	assert_int_equal(at(device)->file, HOST_FILE_DEVICE);
	assert_int_equal(at(anon)->file, HOST_FILE_NONE);
	/* this one has a file that nobody made */
	assert_int_equal(at(shared)->file, HOST_FILE_REGULAR);
	assert_int_equal(host_range_reach(at(shared)), PAGE);
	host_map_deinit(&map);

	assert_int_equal(ftruncate(memfd, 6 * PAGE), 0);
	assert_int_equal(ftruncate(deleted, 0), 0);
	read_own(NULL);
	assert_int_equal(host_range_reach(at(mem)), 2 * PAGE);
	assert_int_equal(host_range_reach(at(file)), 0);
	host_map_deinit(&map);

	/* a hole is filled by whoever touches it: the file reaches as far */
	assert_int_equal(ftruncate(memfd, 16 * PAGE), 0);
	assert_int_equal(fallocate(memfd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   4 * PAGE, 8 * PAGE),
			 0);
	read_own(NULL);
	assert_int_equal(host_range_reach(at(mem)), 8 * PAGE);
	host_map_deinit(&map);
	munmap(mem, 8 * PAGE);
	munmap(file, 8 * PAGE);
	munmap(device, PAGE);
	munmap(anon, PAGE);
	munmap(shared, PAGE);
	close(memfd);
	close(deleted);
	close(null);
}

static void only_what_slots_lie_on(void **unused)
{
	int fd = memfd_create("ram", 0);
	struct slot_state slots;
	char *addr, *other;

	if (!may_look())
		skip();
	assert_int_equal(ftruncate(fd, 8 * PAGE), 0);
	/* the other one's file is another, too: it would be told along */
	addr = mmap(NULL, 8 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	other = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	state_make(&slots, PARTY_KERNEL, 1);
	state_add(&slots, slot_of(0, 1, MiB, PAGE, (uintptr_t)addr, 0));
	state_add(&slots, slot_of(0, 0, 0, PAGE, (uintptr_t)addr + PAGE, 0));
	read_own(&slots);
	assert_int_equal(at(addr)->file, HOST_FILE_REGULAR);
	assert_int_equal(at(other)->file, HOST_FILE_UNKNOWN);
	host_map_deinit(&map);
	slot_state_deinit(&slots);
	munmap(addr, 8 * PAGE);
	munmap(other, PAGE);
	close(fd);
}

static void userfaultfd_is_told(void **unused)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	char *addr;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		skip();
	addr = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)addr + PAGE;
	reg.range.len = PAGE;
	assert_int_equal(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
	read_own(NULL);
	assert_int_equal(at(addr)->vm_flags & HOST_UFFD_MISSING, 0);
	assert_int_equal(at(addr + PAGE)->vm_flags & HOST_UFFD_MISSING,
			 HOST_UFFD_MISSING);
	assert_int_equal(at(addr + PAGE)->end, (uintptr_t)addr + 2 * PAGE);
	host_map_deinit(&map);
	munmap(addr, 8 * PAGE);
	close(fd);
}

/* Files that are none, by what stat(2) and statfs(2) say of them */
static void judgement(void **unused)
{
	static const struct {
		uint32_t mode;
		uint64_t size, fs, page;
		enum host_file file;
		uint64_t reach;
	} cases[] = {
		{ S_IFREG, 5, TMPFS_MAGIC, PAGE, HOST_FILE_REGULAR, PAGE },
		{ S_IFREG, 0, TMPFS_MAGIC, PAGE, HOST_FILE_REGULAR, 0 },
		{ S_IFREG, 3 * MiB, HUGETLBFS_MAGIC, 2 * MiB, HOST_FILE_REGULAR,
		  4 * MiB },
		{ S_IFCHR, 0, TMPFS_MAGIC, PAGE, HOST_FILE_DEVICE, 0 },
		/* anonymous inodes: of kind nothing, or (since 6.16) regular */
		{ 0, 0, ANON_INODE_FS_MAGIC, PAGE, HOST_FILE_DEVICE, 0 },
		{ S_IFREG, 0, ANON_INODE_FS_MAGIC, PAGE, HOST_FILE_DEVICE, 0 },
		{ S_IFREG, 0, 0x5646494f, PAGE, HOST_FILE_DEVICE, 0 },
		{ S_IFBLK, 0, TMPFS_MAGIC, PAGE, HOST_FILE_BLOCK, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_range range = { .reach = 1 };

		map_files_judge(cases[i].mode, cases[i].size, cases[i].fs,
				cases[i].page, &range);
		assert_int_equal(range.file, cases[i].file);
		assert_int_equal(range.reach, cases[i].reach);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(only_what_slots_lie_on),
		cmocka_unit_test(userfaultfd_is_told),
		cmocka_unit_test(judgement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
