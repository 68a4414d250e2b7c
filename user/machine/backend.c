// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "machine/backend.h"
#include "machine/ram.h"

#define HUGE_PAGES "/proc/sys/vm/nr_hugepages"

/* Not O_TMPFILE: neither hugetlbfs nor, before Linux 6.3, overlayfs has it */
static int open_nameless(const char *dir)
{
	char *path;
	int fd, saved;

	if (asprintf(&path, "%s/slotscope-XXXXXX", dir) < 0)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	saved = errno;
	if (fd >= 0)
		unlink(path);
	free(path);
	errno = saved;
	return fd;
}

static int open_path(struct backend *b, struct slotscope_error *err)
{
	const char *path = b->options.mem_path;
	const int flags = O_RDWR | O_CLOEXEC;

	/* Without O_NONBLOCK a device might have us wait */
	b->fd = open(path, flags | O_NONBLOCK);
	if (b->fd >= 0)
		return 0;
	if (errno == EISDIR) {
		b->fd = open_nameless(path);
	} else if (errno == ENOENT) {
		b->fd = open(path, flags | O_CREAT | O_EXCL, 0600);
		b->created = b->fd >= 0;
	}
	if (b->fd >= 0)
		return 0;
	error_set(err, errno, "open the file %s for memory-backend-file \"%s\"",
		  path, b->options.id);
	return error_next(err, "give a mem-path= that can be written: a file, "
			       "or a directory for one without a name");
}

/* Why is said later, or by @code */
static int bad_file(struct backend *b, int code, struct slotscope_error *err)
{
	error_set(err, code, "use the file %s for memory-backend-file \"%s\"",
		  b->options.mem_path, b->options.id);
	return error_next(err,
			  "give another mem-path=: a file that is empty or "
			  "not there is made as large as needed");
}

/* Of which size its pages are: only hugetlbfs has others */
static int ask_page_size(struct backend *b, struct slotscope_error *err)
{
	struct statfs fs;

	if (fstatfs(b->fd, &fs))
		return bad_file(b, errno, err);
	b->page_size = sysconf(_SC_PAGESIZE);
	if (fs.f_type == HUGETLBFS_MAGIC)
		b->page_size = fs.f_bsize;
	return 0;
}

static int check_file(struct backend *b, struct slotscope_error *err)
{
	struct stat st;
	int ret;

	if (fstat(b->fd, &st))
		return bad_file(b, errno, err);
	if (!S_ISREG(st.st_mode)) {
		bad_file(b, EINVAL, err);
		return error_why(err, "it is not a file");
	}
	ret = ask_page_size(b, err);
	if (ret)
		return ret;
	b->size = (b->options.size + b->page_size - 1) & -b->page_size;
	if (st.st_size && (uint64_t)st.st_size >= b->options.size) {
		/* Its last page may end after it: what is there reads as 0 */
		return 0;
	}
	if (st.st_size) {
		bad_file(b, EINVAL, err);
		error_why(err,
			  "it has %jd bytes, and size=%" PRIu64 " are wanted",
			  (intmax_t)st.st_size, b->options.size);
		return error_next(err, "use a smaller size=, or an empty file, "
				       "which is made as large as needed");
	}
	if (ftruncate(b->fd, b->size)) {
		error_set(err, errno, "make the file %s %" PRIu64 " MiB large",
			  b->options.mem_path, b->size >> 20);
		return error_next(err, "give a mem-path= on a file system "
				       "that can, or a smaller size=");
	}
	b->grown = true;
	return 0;
}

static unsigned int log2_of(uint64_t power)
{
	return __builtin_ctzll(power);
}

/* Which huge page a memfd gets if nobody says: "Hugepagesize: 2048 kB" */
static uint64_t default_huge_page(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Hugepagesize: %lu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return (uint64_t)kib << 10;
}

static int open_memfd(struct backend *b, struct slotscope_error *err)
{
	const struct backend_options *o = &b->options;
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	b->page_size = sysconf(_SC_PAGESIZE);
	if (o->hugetlb) {
		b->page_size = o->hugetlb_size ? o->hugetlb_size :
						 default_huge_page();
		flags |= MFD_HUGETLB;
		/* A host without huge pages has no default; it will say so */
		if (o->hugetlb_size)
			flags |= log2_of(b->page_size) << MFD_HUGE_SHIFT;
	}
	b->fd = memfd_create(o->id, flags);
	if (b->fd < 0) {
		error_set(err, errno, "make a memfd for the backend \"%s\"",
			  o->id);
		if (!o->hugetlb)
			return -err->code;
		error_why(err, "this host has no huge pages of %" PRIu64 " KiB",
			  b->page_size >> 10);
		return error_next(err, "see /sys/kernel/mm/hugepages for the "
				       "sizes that it has");
	}
	b->size = (o->size + b->page_size - 1) & -b->page_size;
	if (ftruncate(b->fd, b->size))
		return error_set(err, errno,
				 "make the memfd of \"%s\" %" PRIu64
				 " MiB large",
				 o->id, b->size >> 20);
	/* Whoever is given the descriptor shall not pull memory from under us */
	fcntl(b->fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	return 0;
}

static int map(struct backend *b, struct slotscope_error *err)
{
	const struct ram_backing backing = {
		.fd = b->fd,
		.shared = b->options.share,
		.reserve = b->options.reserve,
		.page_size = b->page_size,
	};
	int ret = ram_map_backing(b->options.id, b->size, &backing, &b->host,
				  err);

	if (ret == -ENOMEM && b->page_size > (uint64_t)sysconf(_SC_PAGESIZE)) {
		error_why(err,
			  "there are not %" PRIu64
			  " free huge pages of %" PRIu64 " KiB",
			  b->size / b->page_size, b->page_size >> 10);
		error_next(err, "set more aside (as root: echo N >" HUGE_PAGES
				", or /sys/kernel/mm/hugepages), or use a "
				"smaller size=");
	}
	return ret;
}

static int bind_to_nodes(struct backend *b, struct slotscope_error *err)
{
	unsigned long nodes = b->options.host_nodes;

	if (b->options.policy == BACKEND_POLICY_DEFAULT)
		return 0;
	/* The last bit of the mask is not looked at: say one more */
	if (!syscall(SYS_mbind, b->host, b->size, b->options.policy, &nodes,
		     8 * sizeof(nodes) + 1, 0))
		return 0;
	error_set(err, errno,
		  "bind the backend \"%s\" to NUMA nodes of the host "
		  "(host-nodes=)",
		  b->options.id);
	return error_next(err, "see /sys/devices/system/node/online for the "
			       "nodes that it has");
}

static int populate(struct backend *b, struct slotscope_error *err)
{
	int ret = 0;

	if (!b->options.prealloc)
		return 0;
	/* A full file system says so here; at a page fault it is SIGBUS */
	if (b->fd >= 0 && b->options.share && fallocate(b->fd, 0, 0, b->size) &&
	    errno != EOPNOTSUPP)
		ret = -errno;
	if (!ret && madvise(b->host, b->size, MADV_POPULATE_WRITE))
		ret = -errno;
	if (!ret)
		return 0;
	error_set(err, ret,
		  "have all %" PRIu64
		  " MiB of the backend \"%s\" at once (prealloc=on)",
		  b->size >> 20, b->options.id);
	if (ret == -EINVAL)
		error_why(err, "the kernel cannot (MADV_POPULATE_WRITE came "
			       "with Linux 5.14)");
	return error_next(err, "use a smaller size=, or prealloc=off");
}

int backend_open(struct backend *b, const struct backend_options *options,
		 struct slotscope_error *err)
{
	int ret = 0;

	*b = (struct backend){ .options = *options, .fd = -1 };
	switch (options->kind) {
	case BACKEND_RAM:
		b->page_size = sysconf(_SC_PAGESIZE);
		b->size = (options->size + b->page_size - 1) & -b->page_size;
		break;
	case BACKEND_FILE:
		ret = open_path(b, err);
		if (!ret)
			ret = check_file(b, err);
		break;
	case BACKEND_MEMFD:
		ret = open_memfd(b, err);
		break;
	}
	if (!ret)
		ret = map(b, err);
	if (!ret)
		ret = bind_to_nodes(b, err);
	if (!ret)
		ret = populate(b, err);
	if (ret)
		backend_close(b, true);
	return ret;
}

void backend_close(struct backend *b, bool undo)
{
	ram_unmap(b->host, b->size);
	b->host = NULL;
	if (undo && b->grown && !b->created)
		(void)!ftruncate(b->fd, 0);
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
	if (undo && b->created)
		unlink(b->options.mem_path);
	b->created = b->grown = false;
}

void backend_ram_options(const struct backend *b, struct ram_block_options *ram)
{
	ram->host = b->host;
	ram->page_size = b->page_size;
	ram->fd = b->fd + 1;
	if (b->options.share)
		ram->flags |= RAM_SHARED;
}
