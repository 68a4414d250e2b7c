// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/keyval.h"
#include "machine/ram.h"
#include "narrate/narrate.h"

#define RAM_SIZE_UNIT 8192ULL
#define RAM_SIZE_MAX  (1ULL << 52) /* no x86 CPU has more address bits */

static int reserve_failed(const char *name, uint64_t size,
			  struct slotscope_error *err)
{
	error_set(err, errno, "reserve %" PRIu64 " KiB of memory for %s",
		  size >> 10, name);
	return error_next(err,
			  "use less memory, or see ulimit -v and "
			  "/proc/sys/vm/overcommit_memory (and reserve=off "
			  "of memory backends)");
}

int ram_map_backing(const char *name, uint64_t size,
		    const struct ram_backing *backing, void **host,
		    struct slotscope_error *err)
{
	int flags = MAP_FIXED | (backing->shared ? MAP_SHARED : MAP_PRIVATE);
	size_t guard = sysconf(_SC_PAGESIZE), align = RAM_ALIGN, total, head;
	char *map, *ram, *at;
	int ret;
	NARRATE(QEMU_ANON_RAM_ALLOC, NULL, NULL, "\"%s\", 0x%" PRIx64, name,
		size);

	if (backing->page_size > align)
		align = backing->page_size;
	total = size + align + guard;
	map = mmap(NULL, total, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	narrate_mmap(map,
		     "mmap(NULL, %zu, PROT_NONE, "
		     "MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0)",
		     total);
	if (map == MAP_FAILED)
		return reserve_failed(name, size, err);
	ram = (char *)(((uintptr_t)map + align - 1) & -align);
	if (backing->fd < 0)
		flags |= MAP_ANONYMOUS;
	if (!backing->reserve)
		flags |= MAP_NORESERVE;
	at = mmap(ram, size, PROT_READ | PROT_WRITE, flags, backing->fd, 0);
	narrate_mmap(at,
		     "mmap(0x%" PRIxPTR ", %" PRIu64 ", PROT_READ|PROT_WRITE, "
		     "MAP_FIXED|%s%s%s, %d, 0)",
		     (uintptr_t)ram, size,
		     flags & MAP_SHARED ? "MAP_SHARED" : "MAP_PRIVATE",
		     flags & MAP_ANONYMOUS ? "|MAP_ANONYMOUS" : "",
		     flags & MAP_NORESERVE ? "|MAP_NORESERVE" : "",
		     backing->fd);
	if (at == MAP_FAILED) {
		ret = reserve_failed(name, size, err);
		munmap(map, total);
		return ret;
	}
	/* Give back all but the memory and its guard */
	head = ram - map;
	if (head)
		munmap(map, head);
	if (head < align)
		munmap(ram + size + guard, align - head);
	/* Where the kernel has neither, only speed is lost */
	madvise(ram, size, MADV_HUGEPAGE);
	madvise(ram, size, MADV_DONTFORK);
	*host = ram;
	return 0;
}

int ram_map(const char *name, uint64_t size, void **host,
	    struct slotscope_error *err)
{
	const struct ram_backing anonymous = { .fd = -1 };

	return ram_map_backing(name, size, &anonymous, host, err);
}

void ram_unmap(void *host, uint64_t size)
{
	if (host)
		munmap(host, size + sysconf(_SC_PAGESIZE));
}

int ram_parse_size(const char *text, uint64_t *size,
		   struct slotscope_error *err)
{
	const char *why;
	uint64_t bytes;

	why = parse_size(text, 20, &bytes);
	if (!why && bytes > RAM_SIZE_MAX)
		why = "it is more than an x86 CPU can address";
	/* The least that is not less once it is rounded up */
	if (!why && bytes <= RAM_SIZE_MIN - RAM_SIZE_UNIT)
		why = "a PC needs 1M at least";
	if (!why) {
		*size = (bytes + RAM_SIZE_UNIT - 1) & -RAM_SIZE_UNIT;
		return 0;
	}
	error_set(err, EINVAL, "read the memory size \"%.40s\"", text);
	error_next(err, "give a size such as -m 256M or -m 5G");
	return error_why(err, "%s", why);
}
