// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/events.h"
#include "trace/generations.h"

/**
 * struct generations_vm - by serial
 * @created: it was seen to be made
 * @losses:  told up to the last change
 */
struct generations_vm {
	uint64_t serial;
	bool created;
	struct {
		bool known;
		uint64_t at;
		uint64_t losses;
	} as[WALK_MAX_AS];
};

void generations_deinit(struct generations *g)
{
	free(g->vms);
	*g = (struct generations){ 0 };
}

/* The first VM whose number is not below @serial */
static size_t place_of(const struct generations *g, uint64_t serial)
{
	size_t low = 0, high = g->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (g->vms[mid].serial < serial)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct generations_vm *vm_of(struct generations *g, uint64_t serial)
{
	size_t at = place_of(g, serial);

	if (at < g->nr && g->vms[at].serial == serial)
		return &g->vms[at];
	if (g->nr == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 8;
		struct generations_vm *bigger =
			reallocarray(g->vms, cap, sizeof(*bigger));

		if (!bigger)
			return NULL;
		g->vms = bigger;
		g->cap = cap;
	}
	memmove(&g->vms[at + 1], &g->vms[at], (g->nr - at) * sizeof(*g->vms));
	g->nr++;
	g->vms[at] = (struct generations_vm){ .serial = serial };
	return &g->vms[at];
}

int generations_created(struct generations *g, uint64_t serial)
{
	struct generations_vm *vm = vm_of(g, serial);

	if (!vm)
		return -ENOMEM;
	vm->created = true;
	for (uint16_t i = 0; i < WALK_MAX_AS; i++) {
		vm->as[i].known = true;
		vm->as[i].at = i;
	}
	return 0;
}

int generations_read(struct generations *g, uint64_t serial, uint16_t as_id,
		     uint64_t generation)
{
	struct generations_vm *vm;

	if (as_id >= WALK_MAX_AS)
		return 0;
	vm = vm_of(g, serial);
	if (!vm)
		return -ENOMEM;
	vm->as[as_id].known = true;
	vm->as[as_id].at = generation;
	return 0;
}

int generations_change(struct generations *g, uint64_t serial, uint16_t as_id,
		       uint64_t before, uint64_t after, uint64_t losses)
{
	struct generations_vm *vm;
	bool missing;

	if (as_id >= WALK_MAX_AS)
		return 0;
	vm = vm_of(g, serial);
	if (!vm)
		return -ENOMEM;
	/* What was read may include changes that are told only now */
	missing = vm->as[as_id].known && before > vm->as[as_id].at &&
		  losses == vm->as[as_id].losses;
	if (!vm->as[as_id].known || after > vm->as[as_id].at)
		vm->as[as_id].at = after;
	vm->as[as_id].known = true;
	/* With that which is told of this */
	vm->as[as_id].losses = losses + missing;
	return missing;
}

bool generations_whole(const struct generations *g, uint64_t serial)
{
	size_t at = place_of(g, serial);

	return at < g->nr && g->vms[at].serial == serial && g->vms[at].created;
}

void generations_destroyed(struct generations *g, uint64_t serial)
{
	size_t at = place_of(g, serial);

	if (at == g->nr || g->vms[at].serial != serial)
		return;
	g->nr--;
	memmove(&g->vms[at], &g->vms[at + 1], (g->nr - at) * sizeof(*g->vms));
}
