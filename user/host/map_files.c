// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "host/map_files.h"
#include "host/proc_file.h"

/* Of drivers/vfio: in no header */
#define VFIO_FS_MAGIC 0x5646494f

#define SECTOR \
	512 /* the unit of /sys/dev/block/.../size, whatever the disk's */
#define SECTOR_TEXT 64

void map_files_open(struct map_files *files, const struct process *process)
{
	*files = (struct map_files){
		.dir = openat(process->dir, "map_files",
			      O_PATH | O_DIRECTORY | O_CLOEXEC),
		.page_size = sysconf(_SC_PAGESIZE),
	};
}

void map_files_close(struct map_files *files)
{
	if (files->dir >= 0)
		close(files->dir);
}

static uint64_t round_up(uint64_t size, uint64_t page_size)
{
	return size + (page_size - size % page_size) % page_size;
}

void map_files_judge(uint32_t mode, uint64_t size, uint64_t fs_type,
		     uint64_t page_size, struct host_range *out)
{
	out->reach = 0;
	if (S_ISBLK(mode)) {
		out->file = HOST_FILE_BLOCK;
	} else if (!S_ISREG(mode) || fs_type == ANON_INODE_FS_MAGIC ||
		   fs_type == VFIO_FS_MAGIC) {
		out->file = HOST_FILE_DEVICE;
	} else {
		out->file = HOST_FILE_REGULAR;
		out->reach = round_up(size, page_size);
	}
}

/* Return: bytes, or 0 if that cannot be learnt */
static uint64_t block_size(dev_t dev)
{
	char path[64];
	struct proc_text file;
	uint64_t sectors;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/size", major(dev),
		 minor(dev));
	if (proc_read(AT_FDCWD, path, SECTOR_TEXT, &file))
		return 0;
	sectors = strtoull(file.text, NULL, 10);
	free(file.text);
	return sectors * SECTOR;
}

static void look(const struct map_files *files, int fd,
		 struct host_range *range)
{
	uint64_t page_size = files->page_size;
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return;
	if ((uint32_t)fs.f_type == HUGETLBFS_MAGIC && fs.f_bsize > 0) {
		page_size = fs.f_bsize;
		range->page_size = page_size;
	}
	map_files_judge(st.st_mode, st.st_size, (uint32_t)fs.f_type, page_size,
			range);
	if (range->file != HOST_FILE_BLOCK)
		return;
	range->reach = round_up(block_size(st.st_rdev), page_size);
	if (!range->reach)
		range->file = HOST_FILE_DEVICE;
}

static bool is_same_file(const struct host_range *a, const struct host_range *b)
{
	return a && a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor;
}

void map_files_look(struct map_files *files, struct host_range *range)
{
	char name[40];
	int fd;

	if (!range->inode || files->dir < 0)
		return;
	if (is_same_file(files->last, range)) {
		range->file = files->last->file;
		range->reach = files->last->reach;
		if (!range->page_size)
			range->page_size = files->last->page_size;
		return;
	}
	snprintf(name, sizeof(name), "%" PRIx64 "-%" PRIx64, range->start,
		 range->end);
	fd = openat(files->dir, name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	look(files, fd, range);
	close(fd);
	files->last = range;
}
