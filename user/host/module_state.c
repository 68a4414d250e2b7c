// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <sys/sysmacros.h>

#include "host/module.h"

/*
 * The upper half is internal to KVM, but for the bit that we know. What else we
 * know of it the module tells in a word of its own.
 */
#define KNOWN_FLAGS (0xffffU | SLOT_INVALID)

_Static_assert(SLOT_INVALID == SLOTSCOPE_MEM_INVALID, "one bit, two names");

static int add_as(const struct slotscope_as *from, uint32_t i,
		  struct slot_state *out)
{
	if (from->as_id != i || from->nr_copied > from->nr_slots)
		return -EPROTO;
	out->as[i] = (struct slot_as){
		.covered = true,
		.generation = from->generation,
		.updating = from->flags & SLOTSCOPE_AS_UPDATING,
		.torn = from->flags & SLOTSCOPE_AS_TORN,
	};
	return 0;
}

/*
 * A module of version 1.0 tells whether there is a file, and not which. Whether
 * it is all the slot's memory it does not tell either, nor do we guess.
 */
static void set_gmem(struct slot *slot, const struct slotscope_slot *from)
{
	if (from->flags & SLOTSCOPE_SLOT_GMEM_ONLY)
		slot->flags |= SLOT_GMEM_ONLY;
	if (!(slot->flags & SLOT_GUEST_MEMFD))
		return;
	if (!(from->flags & SLOTSCOPE_SLOT_GMEM)) {
		slot->gmem = SLOT_GMEM_CLOSED;
		return;
	}
	slot->gmem = SLOT_GMEM_OPEN;
	slot->gmem_offset = from->gmem_offset;
	slot->gmem_ino = from->gmem_ino;
	if (from->gmem_ino)
		slot->gmem_dev = makedev(from->gmem_major, from->gmem_minor);
}

static int add_slot(const struct slotscope_slot *from, struct slot_state *out)
{
	struct slot slot = {
		.as_id = from->as_id,
		.id = from->id,
		.gpa = from->gpa,
		.size = from->bytes,
		.hva = from->hva,
		.flags = from->mem_flags & KNOWN_FLAGS,
		/* KVM keeps the file and not the descriptor */
		.gmem_fd = -1,
		.hidden = from->flags & SLOTSCOPE_SLOT_HIDDEN,
	};
	int ret;

	if (from->as_id > UINT16_MAX || from->id > INT32_MAX)
		return -EPROTO;
	set_gmem(&slot, from);
	ret = slot_state_add(out, &slot);
	return ret == -EINVAL ? -EPROTO : ret;
}

/*
 * Slots come sorted, and the first of each address space are those that were
 * copied: what is missing lies above the last of them.
 */
static int add_blind(const struct slotscope_as *as,
		     const struct slotscope_slot *last, struct slot_state *out)
{
	uint64_t from = last ? last->gpa + last->bytes : 0;

	return coverage_add_blind(&out->coverage, as->as_id, from,
				  UINT64_MAX - from,
				  "the snapshot was cut here");
}

int module_to_state(const struct slotscope_snapshot *req,
		    const struct slotscope_as *as,
		    const struct slotscope_slot *slots, struct slot_state *out)
{
	bool with_slots = !(req->flags & SLOTSCOPE_NO_SLOTS);
	uint32_t i, j, next = 0;
	int ret;

	if (req->nr_as_copied > req->nr_as ||
	    req->nr_slots_copied > req->nr_slots)
		return -EPROTO;
	ret = slot_state_set_nr_as(out, req->nr_as);
	for (i = 0; i < req->nr_as_copied && !ret; i++) {
		const struct slotscope_slot *last = NULL;

		ret = add_as(&as[i], i, out);
		if (ret || as[i].nr_copied > req->nr_slots_copied - next)
			return ret ? ret : -EPROTO;
		for (j = 0; j < as[i].nr_copied && !ret; j++) {
			/* In order: who holds details against slots relies on it */
			if (last && slots[next].gpa < last->gpa)
				return -EPROTO;
			last = &slots[next++];
			ret = last->as_id == i ? add_slot(last, out) : -EPROTO;
		}
		if (!ret && as[i].nr_copied < as[i].nr_slots)
			ret = add_blind(&as[i], last, out);
	}
	if (ret)
		return ret;
	if (next != req->nr_slots_copied)
		return -EPROTO;

	out->coverage.fields = with_slots ? SLOT_FIELDS_ALL :
					    SLOT_FIELD_GENERATION;
	out->coverage.at_ns = req->begin_ns;
	out->coverage.truncated = req->nr_as_copied < req->nr_as ||
				  req->nr_slots_copied < req->nr_slots;
	slot_state_sort(out);
	return 0;
}

bool module_same_moment(const struct slot_state *before,
			const struct slot_state *after)
{
	if (before->nr_as != after->nr_as)
		return false;
	for (size_t i = 0; i < before->nr_as; i++) {
		if (!before->as[i].covered || !after->as[i].covered ||
		    before->as[i].updating || after->as[i].updating ||
		    before->as[i].torn || after->as[i].torn ||
		    before->as[i].generation != after->as[i].generation)
			return false;
	}
	return true;
}
