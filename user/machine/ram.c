// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/ram.h"

#define RAM_SIZE_MIN (1ULL << 20) /* the firmware's window ends there */
#define RAM_SIZE_MAX (1ULL << 52) /* no x86 CPU has more address bits */

static int reserve_failed(const char *name, uint64_t size,
			  struct slotscope_error *err)
{
	error_set(err, errno, "reserve %" PRIu64 " KiB of memory for %s",
		  size >> 10, name);
	return error_next(err, "use a smaller -m, or see ulimit -v and "
			       "/proc/sys/vm/overcommit_memory");
}

int ram_map(const char *name, uint64_t size, void **host,
	    struct slotscope_error *err)
{
	size_t guard = sysconf(_SC_PAGESIZE);
	size_t total = size + RAM_ALIGN + guard, head;
	char *map, *ram;
	int ret;

	map = mmap(NULL, total, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return reserve_failed(name, size, err);
	ram = (char *)(((uintptr_t)map + RAM_ALIGN - 1) & -RAM_ALIGN);
	if (mprotect(ram, size, PROT_READ | PROT_WRITE)) {
		ret = reserve_failed(name, size, err);
		munmap(map, total);
		return ret;
	}
	/* Give back all but the memory and its guard */
	head = ram - map;
	if (head)
		munmap(map, head);
	if (head < RAM_ALIGN)
		munmap(ram + size + guard, RAM_ALIGN - head);
	/* Where the kernel has neither, only speed is lost */
	madvise(ram, size, MADV_HUGEPAGE);
	madvise(ram, size, MADV_DONTFORK);
	*host = ram;
	return 0;
}

void ram_unmap(void *host, uint64_t size)
{
	if (host)
		munmap(host, size + sysconf(_SC_PAGESIZE));
}

static int suffix_shift(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *at;

	if (!*suffix)
		return 20;
	at = strchr(letters, toupper((unsigned char)suffix[0]));
	if (!at || suffix[1])
		return -1;
	return 10 * (at - letters + 1);
}

int ram_parse_size(const char *text, uint64_t *size,
		   struct slotscope_error *err)
{
	unsigned long long value;
	char *end;
	int shift;

	error_set(err, EINVAL, "read the memory size \"%.40s\"", text);
	error_next(err, "give a size such as -m 256M or -m 5G");
	errno = 0;
	value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]))
		return error_why(err, "it is no number");
	shift = suffix_shift(end);
	if (shift < 0)
		return error_why(err, "\"%.40s\" is none of K, M, G and T",
				 end);
	if (errno || value > RAM_SIZE_MAX >> shift)
		return error_why(err, "it is more than an x86 CPU can address");
	value = ((value << shift) + 8191) & ~8191ULL;
	if (value < RAM_SIZE_MIN)
		return error_why(err, "a PC needs 1M at least");
	memset(err, 0, sizeof(*err));
	*size = value;
	return 0;
}
