// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "trace/impl.h"

/*
 * From one key to the next: a search for the first would begin each time at the
 * first bucket, and there are many.
 */
void map_clear(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	uint64_t key, prev;
	int ret = bpf_map_get_next_key(fd, NULL, &key);

	while (!ret) {
		prev = key;
		ret = bpf_map_get_next_key(fd, &prev, &key);
		if (bpf_map_delete_elem(fd, &prev))
			return;
	}
}

/* An array's elements are whole words; the mapping is whole pages */
static size_t array_bytes(const struct array *array)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (array->nr * array->size + page - 1) / page * page;
}

static int array_map(struct array *array, const struct bpf_map *map,
		     struct slotscope_error *err)
{
	*array = (struct array){
		.size = (bpf_map__value_size(map) + 7) / 8 * 8,
		.nr = bpf_map__max_entries(map),
	};
	array->base = mmap(NULL, array_bytes(array), PROT_READ | PROT_WRITE,
			   MAP_SHARED, bpf_map__fd(map), 0);
	if (array->base != MAP_FAILED)
		return 0;
	array->base = NULL;
	return error_set(err, errno, "map a BPF array");
}

static void array_unmap(struct array *array)
{
	if (array->base)
		munmap(array->base, array_bytes(array));
	array->base = NULL;
}

static void array_zero(const struct array *array)
{
	memset(array->base, 0, array->nr * array->size);
}

int arrays_map(struct tracer *t, struct slotscope_error *err)
{
	const struct {
		struct array *array;
		const struct bpf_map *map;
	} all[] = {
		{ &t->calls_of[TRACER_REQUESTS], t->skel->maps.requests },
		{ &t->calls_of[TRACER_CHANGES], t->skel->maps.changes },
		{ &t->calls_of[TRACER_CREATION], t->skel->maps.creations },
		{ &t->calls_of[TRACER_RUNS], t->skel->maps.runs },
		{ &t->vms, t->skel->maps.vms },
		{ &t->vcpus, t->skel->maps.vcpus },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(all) / sizeof(all[0]); i++)
		ret = array_map(all[i].array, all[i].map, err);
	return ret;
}

void arrays_unmap(struct tracer *t)
{
	for (int job = 0; job < TRACER_JOBS; job++)
		array_unmap(&t->calls_of[job]);
	array_unmap(&t->vms);
	array_unmap(&t->vcpus);
}

void vms_forget(const struct tracer *t)
{
	map_clear(t->skel->maps.serials);
	array_zero(&t->vms);
}

void arrays_zero(const struct tracer *t)
{
	for (int job = 0; job < TRACER_JOBS; job++)
		if (t->calls_of[job].base)
			array_zero(&t->calls_of[job]);
	vms_forget(t);
	array_zero(&t->vcpus);
}
