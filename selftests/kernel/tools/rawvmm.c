// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that does nothing but have memory slots, of the kinds that a checker
 * must tell apart. It has no monitor, so nothing but KVM and /proc tells of it.
 * Prints "ready" and sleeps until its standard input ends.
 *
 *	rawvmm KIND...	each a slot of 4 MiB, from guest address 0 on, 16 MiB
 *			apart
 *
 *	gmem		a guest_memfd, mapped where the slot says
 *	gmem-other	the same, but the mapping shows the file 1 MiB further on
 *	gmem-anon	... but anonymous memory lies there
 *	gmem-nowhere	... but host address 0, where nothing is mapped
 *	gmem-private	a guest_memfd that cannot be mapped, over anonymous memory
 *	gmem-closed	a guest_memfd that was closed
 *	anon		anonymous memory
 *	shared		a memfd
 *	window		address space in which two pieces of a memfd are mapped
 *	hole		anonymous memory without one page
 *	short		a memfd that was truncated to 1 MiB
 *	patched		a memfd, one page of which is anonymous memory
 *	again		the memory of the slot before, at a second host address
 *	crooked		anonymous memory that may be huge pages, at a host address a
 *			page behind a multiple of their size
 *	uffd		anonymous memory that userfaultfd answers for
 *	pfn		64 KiB of /dev/mem, the host's firmware
 *
 * With RAWVMM_MODEL=FILE in its environment it writes down there what it means:
 * Documentation/model-file.md.
 *
 * "unable" and status 4 where KVM does not know what is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of <linux/kvm.h> since 6.8 and 6.18; the build machine's may be older */
struct gmem_create {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

struct region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t gpa;
	uint64_t size;
	uint64_t hva;
	uint64_t gmem_offset;
	uint32_t gmem_fd;
	uint32_t pad1;
	uint64_t pad2[14];
};

#define CREATE_GMEM _IOWR(KVMIO, 0xd4, struct gmem_create)
#define SET_REGION2 _IOW(KVMIO, 0x49, struct region2)
#define GMEM_MMAP   3 /* GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED */
#define MEM_GMEM    4 /* KVM_MEM_GUEST_MEMFD */

#define MiB	(1UL << 20)
#define SIZE	(4 * MiB)
#define OFFSET	MiB /* of a slot in its guest_memfd: 0 would hide mistakes */
#define RW	(PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static int vm;
static int last_memfd = -1;
static FILE *model;
static const char *before = "";

/*
 * What is meant, and not what is asked of KVM: from the kind that was typed, the place
 * that it has in the line, and where its memory was mapped
 */
static void write_model(unsigned int place, const char *kind, const void *at,
			uint64_t size)
{
	if (!model)
		return;
	fprintf(model,
		"%s{ \"name\": \"%s-%u\", \"gpa\": \"0x%lx\", "
		"\"size\": \"0x%lx\", \"hva\": \"0x%lx\", "
		"\"readonly\": false, \"log_dirty\": false, "
		"\"guest_memfd\": %s }",
		before, kind, place, place * 16 * MiB, size, (uintptr_t)at,
		strncmp(kind, "gmem", 4) ? "false" : "true");
	before = ",\n";
}

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static void *map(void *at, size_t size, int prot, int flags, int fd,
		 off_t offset)
{
	void *addr =
		mmap(at, size, prot, flags | (at ? MAP_FIXED : 0), fd, offset);

	if (addr == MAP_FAILED)
		die("mmap");
	return addr;
}

static int memfd(void)
{
	int fd = memfd_create("guest", 0);

	if (fd < 0 || ftruncate(fd, SIZE))
		die("memfd_create");
	last_memfd = fd;
	return fd;
}

static int guest_memfd(uint64_t flags)
{
	struct gmem_create create = { .size = 4 * SIZE, .flags = flags };
	int fd = ioctl(vm, CREATE_GMEM, &create);

	if (fd >= 0)
		return fd;
	puts("unable");
	exit(4);
}

static void set(struct region2 *region)
{
	if (!region->size)
		region->size = SIZE;
	if (region->flags & MEM_GMEM ?
		    ioctl(vm, SET_REGION2, region) :
		    ioctl(vm, KVM_SET_USER_MEMORY_REGION, region))
		die("set a slot");
}

static void gmem_slot(struct region2 *region, const char *name)
{
	const char *kind = name[4] ? name + 5 : "";
	int fd = guest_memfd(!strcmp(kind, "private") ? 0 : GMEM_MMAP);
	void *at = NULL;

	if (!strcmp(kind, ""))
		at = map(NULL, SIZE, RW, MAP_SHARED, fd, OFFSET);
	else if (!strcmp(kind, "other"))
		at = map(NULL, SIZE, RW, MAP_SHARED, fd, OFFSET + MiB);
	else if (strcmp(kind, "nowhere"))
		at = map(NULL, SIZE, RW, PRIVATE, -1, 0);
	region->flags = MEM_GMEM;
	region->gmem_fd = fd;
	region->gmem_offset = OFFSET;
	region->hva = (uintptr_t)at;
	write_model(region->slot, name, at, SIZE);
	set(region);
	if (!strcmp(kind, "closed"))
		close(fd);
}

static void answer_faults(void *at)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)at, SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		die("userfaultfd");
}

/* KVM maps by 2 MiB where guest and host address are congruent by that */
static void *map_crooked(void)
{
	char *at = map(NULL, 2 * SIZE, PROT_NONE, PRIVATE, -1, 0);

	at += -(uintptr_t)at % (2 * MiB) + 4096;
	map(at, SIZE, RW, PRIVATE, -1, 0);
	if (madvise(at, SIZE, MADV_HUGEPAGE))
		die("madvise");
	return at;
}

static void slot(uint32_t id, const char *kind)
{
	struct region2 region = { .slot = id, .gpa = id * 4 * SIZE };
	char *at;
	int fd = -1;

	if (!strncmp(kind, "gmem", 4)) {
		gmem_slot(&region, kind);
		return;
	}
	if (!strcmp(kind, "anon") || !strcmp(kind, "hole") ||
	    !strcmp(kind, "uffd")) {
		at = map(NULL, SIZE, RW, PRIVATE, -1, 0);
	} else if (!strcmp(kind, "pfn")) {
		fd = open("/dev/mem", O_RDWR);
		region.size = 65536;
		at = map(NULL, region.size, RW, MAP_SHARED, fd, 0xf0000);
	} else if (!strcmp(kind, "shared") || !strcmp(kind, "short") ||
		   !strcmp(kind, "patched")) {
		fd = memfd();
		at = map(NULL, SIZE, RW, MAP_SHARED, fd, 0);
	} else if (!strcmp(kind, "again")) {
		at = map(NULL, SIZE, RW, MAP_SHARED, last_memfd, 0);
	} else if (!strcmp(kind, "crooked")) {
		at = map_crooked();
	} else if (!strcmp(kind, "window")) {
		at = map(NULL, SIZE, PROT_NONE, PRIVATE, -1, 0);
		fd = memfd();
		map(at + MiB, MiB, RW, MAP_SHARED, fd, 0);
		map(at + 3 * MiB, MiB, RW, MAP_SHARED, fd, 2 * MiB);
	} else {
		errno = EINVAL;
		die(kind);
	}
	region.hva = (uintptr_t)at;
	write_model(id, kind, at, region.size ? region.size : SIZE);
	set(&region);
	if (!strcmp(kind, "hole") && munmap(at + MiB, 4096))
		die("munmap");
	if (!strcmp(kind, "patched"))
		map(at + MiB, 4096, RW, PRIVATE, -1, 0);
	if (!strcmp(kind, "uffd"))
		answer_faults(at);
	if (!strcmp(kind, "short") && ftruncate(fd, MiB))
		die("ftruncate");
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		die("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		die("KVM_CREATE_VM");
	if (getenv("RAWVMM_MODEL")) {
		model = fopen(getenv("RAWVMM_MODEL"), "we");
		if (!model)
			die("RAWVMM_MODEL");
		fputs("{ \"version\": 1, \"vmm\": \"rawvmm\", \"ranges\": [\n",
		      model);
	}
	for (int i = 1; i < argc; i++)
		slot(i - 1, argv[i]);
	if (model) {
		fputs(" ] }\n", model);
		fclose(model);
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
