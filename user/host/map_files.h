/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process has mapped, looked at by /proc/PID/map_files */
#ifndef HOST_MAP_FILES_H
#define HOST_MAP_FILES_H

#include <slotscope/view.h>

#include "host/process.h"

/**
 * struct map_files - the mapped files of one process
 * @dir:       map_files of the process; -1: nothing can be learnt
 * @last:      the range that was looked at last: its neighbours are often of the
 *	       same file, which is not asked again
 * @page_size: of the host
 */
struct map_files {
	int dir;
	const struct host_range *last;
	uint64_t page_size;
};

void map_files_open(struct map_files *files, const struct process *process);
void map_files_close(struct map_files *files);

/**
 * map_files_look() - learn what @range is of, and how far that reaches
 *
 * Sets @range's file, reach and, where it is on hugetlbfs, page_size. Files
 * that were deleted, and those that never had a name (memfd), are no exception.
 * Nothing is set if the mapping is not there any more or may not be looked at.
 */
void map_files_look(struct map_files *files, struct host_range *range);

/**
 * map_files_judge() - what a file is
 * @mode, @size: st_mode and st_size
 * @fs_type:     f_type of statfs(2): what is a regular file by @mode may be made
 *	         up by a driver, and its size says nothing then
 * @out:	 @file is set, and @reach for a regular file, in whole @page_size
 *
 * Pure.
 */
void map_files_judge(uint32_t mode, uint64_t size, uint64_t fs_type,
		     uint64_t page_size, struct host_range *out);

#endif
