// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/map_files.h"
#include "host/maps.h"
#include "host/proc_file.h"

#define TRIES	  5
#define STATM_MAX 4096

static int read_text(const struct process *process, const char *name,
		     struct host_map *out, struct slotscope_error *err)
{
	uint64_t at_ns = clock_now();
	struct proc_text file;
	int ret;

	ret = proc_read(process->dir, name, HOST_MAP_TEXT_MAX, &file);
	if (ret)
		return process_failed(process, ret, "read its memory map", err);
	/* A process that is just ending has no memory any more: an empty file */
	if (!file.len) {
		free(file.text);
		return process_failed(process, -ESRCH, "read its memory map",
				      err);
	}
	ret = host_map_parse(out, file.text, file.len, err);
	free(file.text);
	if (ret)
		return ret;
	out->truncated |= file.truncated;
	out->at_ns = at_ns;
	return 0;
}

/* Bytes in memory; more than any limit if that cannot be read */
static uint64_t resident(const struct process *process)
{
	unsigned long long pages;
	struct proc_text file;
	uint64_t bytes = UINT64_MAX;

	if (proc_read(process->dir, "statm", STATM_MAX, &file))
		return bytes;
	if (sscanf(file.text, "%*u %llu", &pages) == 1)
		bytes = pages * sysconf(_SC_PAGESIZE);
	free(file.text);
	return bytes;
}

/* The same with all that smaps adds, in place of @out; without it @out is good */
static void read_details(const struct process *process, struct host_map *out)
{
	struct slotscope_error ignored = { 0 };
	struct host_map detailed;

	if (out->truncated || out->nr > HOST_SMAPS_RANGES ||
	    resident(process) > HOST_SMAPS_RESIDENT ||
	    read_text(process, "smaps", &detailed, &ignored))
		return;
	if (detailed.truncated) {
		host_map_deinit(&detailed);
		return;
	}
	host_map_deinit(out);
	*out = detailed;
}

static int by_hva(const void *a, const void *b)
{
	const struct slot *const *x = a;
	const struct slot *const *y = b;

	return ((*x)->hva > (*y)->hva) - ((*x)->hva < (*y)->hva);
}

static void look_at_all(struct map_files *files, struct host_map *map)
{
	for (size_t i = 0; i < map->nr; i++)
		map_files_look(files, &map->ranges[i]);
}

/* Each mapping once, however many slots lie on it */
static int look_under(struct map_files *files, const struct slot_state *slots,
		      struct host_map *map)
{
	const struct slot **order;
	size_t at = 0;
	hva_t last;

	order = calloc(slots->nr_slots + 1, sizeof(*order));
	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < slots->nr_slots; i++)
		order[i] = &slots->slots[i];
	qsort(order, slots->nr_slots, sizeof(*order), by_hva);
	for (size_t i = 0; i < slots->nr_slots; i++) {
		last = order[i]->hva + (order[i]->size - 1);
		while (at < map->nr && map->ranges[at].end <= order[i]->hva)
			at++;
		for (; at < map->nr && map->ranges[at].start <= last; at++)
			map_files_look(files, &map->ranges[at]);
	}
	free(order);
	return 0;
}

static int look_at_files(const struct process *process,
			 const struct slot_state *slots, struct host_map *map)
{
	struct map_files files;
	int ret = 0;

	map_files_open(&files, process);
	if (slots)
		ret = look_under(&files, slots, map);
	else
		look_at_all(&files, map);
	map_files_close(&files);
	return ret;
}

int host_map_read(const struct process *process, const struct slot_state *slots,
		  struct host_map *out, struct slotscope_error *err)
{
	int ret, i;

	for (i = 0; i < TRIES; i++) {
		ret = read_text(process, "maps", out, err);
		if (ret == -EINVAL)
			continue;
		if (ret)
			return ret;
		read_details(process, out);
		ret = look_at_files(process, slots, out);
		if (!ret)
			return 0;
		host_map_deinit(out);
		return error_set(err, ret, "look at the files of process %d",
				 process->tgid);
	}
	process_failed(process, -EAGAIN, "read its memory map", err);
	error_why(err, "it contradicted itself %d times", TRIES);
	return error_next(err, "its mappings change too fast: stop the VM (not "
			       "the VMM), or try again");
}
