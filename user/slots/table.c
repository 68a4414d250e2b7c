// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table: an array by number, and a tree by guest address. Slots never
 * overlap, as the sections that they stand for do not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "memory/probes.h"
#include "slots/table.h"

static struct entry *entry_of(const struct treap_node *node)
{
	return container_of(node, struct entry, by_gpa);
}

static bool gpa_before(const struct treap_node *a, const struct treap_node *b)
{
	return entry_of(a)->slot.gpa < entry_of(b)->slot.gpa;
}

static const struct treap_ops gpa_ops = { .before = gpa_before };

/* The entry with the highest address that is not above @gpa */
static struct entry *at_or_below(const struct kvm_slots *slots, gpa_t gpa)
{
	struct treap_node *node = slots->by_gpa.root;
	struct entry *found = NULL;

	while (node) {
		struct entry *e = entry_of(node);

		if (e->slot.gpa <= gpa) {
			found = e;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return found;
}

struct entry *slots_find_exact(const struct kvm_slots *slots, gpa_t gpa,
			       uint64_t size)
{
	struct entry *e = at_or_below(slots, gpa);

	return e && e->slot.gpa == gpa && e->slot.size == size ? e : NULL;
}

/* The slot that holds @gpa, or else the next one above @gpa, or NULL */
static struct entry *find_from(const struct kvm_slots *slots, gpa_t gpa)
{
	struct entry *e = at_or_below(slots, gpa);
	struct treap_node *next;

	if (e && gpa - e->slot.gpa < e->slot.size)
		return e;
	next = e ? treap_next(&e->by_gpa) : treap_first(&slots->by_gpa);
	return next ? entry_of(next) : NULL;
}

/* The lowest entry that has a byte in common with the range */
struct entry *slots_find_overlap(const struct kvm_slots *slots, gpa_t gpa,
				 uint64_t size)
{
	struct entry *e = find_from(slots, gpa);

	if (!e || e->slot.gpa <= gpa)
		return e;
	return e->slot.gpa - gpa < size ? e : NULL;
}

void slots_problem(struct kvm_slots *slots, const struct slotscope_error *err)
{
	if (slots->options.problem)
		slots->options.problem(slots->options.opaque, err);
}

void slots_about(struct slotscope_error *err, int code,
		 const struct memory_region *region, const struct span *span)
{
	error_set(err, code,
		  "give guest memory 0x%" PRIx64 "-0x%" PRIx64 " (%s) a slot",
		  span->gpa, span->gpa + span->size - 1,
		  memory_region_info(region)->name);
}

static void inhibit(struct kvm_slots *slots, bool out)
{
	if (slots->options.inhibit)
		slots->options.inhibit(slots->options.opaque, out);
}

/*
 * A page that is written to after the log was fetched is lost if the log goes:
 * no vCPU may run between the two.
 */
static int make_request(struct kvm_slots *slots, const struct entry *e,
			const struct kvm_slot_request *req)
{
	bool ends = slots->options.log_ends && e->created &&
		    e->kvm_flags & SLOT_LOG_DIRTY &&
		    !(req->size && req->flags & SLOT_LOG_DIRTY);
	int r;

	if (ends) {
		inhibit(slots, true);
		slots->options.log_ends(slots->options.opaque, &e->slot);
	}
	PROBE4(request, req->slot, req->gpa, req->size, req->flags);
	r = slots->options.request(slots->options.opaque, req);
	if (ends)
		inhibit(slots, false);
	return r;
}

/* Tell KVM what @e is now, or with @size 0 that it is gone */
static int request(struct kvm_slots *slots, struct entry *e, uint64_t size,
		   uint32_t flags, bool pre_delete)
{
	const struct ram_block *block =
		memory_region_info(e->slot.region)->ram_block;
	struct kvm_slot_request req = {
		.slot = e->slot.id | (uint32_t)slots->options.as_id << 16,
		.flags = flags,
		.gpa = e->slot.gpa,
		.size = size,
		.hva = e->slot.hva,
		.gmem_fd = block->guest_memfd,
		.gmem_offset = block->guest_memfd < 0 ? 0 : e->slot.offset,
		.pre_delete = pre_delete,
		.region = e->slot.region,
		.offset = e->slot.offset,
	};
	struct slotscope_error err = { 0 };
	int r;

	r = make_request(slots, e, &req);
	if (!r)
		return 0;
	error_set(&err, r,
		  "set memory slot %u of address space %u (%s, guest 0x%" PRIx64
		  ", 0x%" PRIx64 " bytes, flags 0x%x)",
		  e->slot.id, slots->options.as_id,
		  memory_region_info(e->slot.region)->name, req.gpa, size,
		  flags);
	slots_problem(slots, &err);
	return r;
}

/* Create it, or change its flags */
void slots_set(struct kvm_slots *slots, struct entry *e)
{
	uint32_t changed = e->kvm_flags ^ e->slot.flags;

	/* KVM does not change the read-only flag of a slot that stands */
	if (e->created && changed & SLOT_READONLY) {
		e->slot.error = request(slots, e, 0, e->slot.flags, true);
		if (e->slot.error)
			return;
		e->created = false;
	}
	e->slot.error = request(slots, e, e->slot.size, e->slot.flags, false);
	if (e->slot.error)
		return;
	e->created = true;
	e->kvm_flags = e->slot.flags;
}

static bool grow(struct kvm_slots *slots)
{
	uint32_t cap = slots->cap ? slots->cap * 2 : 16;
	struct entry **entries;
	uint32_t i;

	if (cap > slots->options.nr_slots)
		cap = slots->options.nr_slots;
	entries = reallocarray(slots->entries, cap, sizeof(*entries));
	if (!entries)
		return false;
	for (i = slots->cap; i < cap; i++)
		entries[i] = NULL;
	slots->entries = entries;
	slots->cap = cap;
	return true;
}

/* The lowest free number */
static struct entry *alloc_entry(struct kvm_slots *slots,
				 struct slotscope_error *err)
{
	uint32_t id = slots->first_free;
	struct entry *e;

	while (id < slots->cap && slots->entries[id])
		id++;
	slots->first_free = id;
	if (id == slots->options.nr_slots) {
		err->code = ENOSPC;
		error_why(err, "all %u slots are in use", id);
		error_next(err, "use fewer, larger pieces of memory");
		return NULL;
	}
	if (id == slots->cap && !grow(slots))
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->slot.id = id;
	slots->entries[id] = e;
	slots->first_free = id + 1;
	slots->nr++;
	return e;
}

static void free_entry(struct kvm_slots *slots, struct entry *e)
{
	uint32_t id = e->slot.id;

	slots->entries[id] = NULL;
	if (id < slots->first_free)
		slots->first_free = id;
	slots->nr--;
	free(e);
}

void slots_add(struct kvm_slots *slots, struct memory_region *region,
	       const struct span *span, uint32_t flags)
{
	hva_t hva = memory_region_info(region)->ram_block->hva;
	struct slotscope_error err = { 0 };
	struct entry *e;

	slots_about(&err, ENOMEM, region, span);
	e = alloc_entry(slots, &err);
	if (!e) {
		slots_problem(slots, &err);
		return;
	}
	e->slot.gpa = span->gpa;
	e->slot.size = span->size;
	e->slot.hva = hva ? hva + span->offset : 0;
	e->slot.flags = flags;
	e->slot.region = region;
	e->slot.offset = span->offset;
	treap_insert(&slots->by_gpa, &e->by_gpa, &gpa_ops);
	slots_set(slots, e);
}

void slots_del(struct kvm_slots *slots, struct entry *e)
{
	treap_erase(&slots->by_gpa, &e->by_gpa, &gpa_ops);
	/* What KVM never took needs no deletion, and it would refuse */
	if (e->created)
		e->slot.error = request(slots, e, 0, 0, false);
	if (!e->created || !e->slot.error) {
		free_entry(slots, e);
		return;
	}
	/* It stays to be seen, with the region's name */
	e->stuck = true;
	memory_region_ref(e->slot.region);
}

void slots_free(struct kvm_slots *slots)
{
	struct entry *e;
	uint32_t id;

	for (id = 0; id < slots->cap; id++) {
		e = slots->entries[id];
		if (e && e->stuck)
			memory_region_unref(e->slot.region);
		free(e);
	}
	free(slots->entries);
	free(slots->queue);
	free(slots);
}

uint32_t kvm_slots_nr(const struct kvm_slots *slots)
{
	return slots->nr;
}

const struct kvm_slot *kvm_slots_next(const struct kvm_slots *slots,
				      const struct kvm_slot *slot)
{
	uint32_t id;

	for (id = slot ? slot->id + 1 : 0; id < slots->cap; id++)
		if (slots->entries[id])
			return &slots->entries[id]->slot;
	return NULL;
}

const struct kvm_slot *kvm_slots_find(const struct kvm_slots *slots, gpa_t gpa)
{
	const struct entry *e = at_or_below(slots, gpa);

	return e && gpa - e->slot.gpa < e->slot.size ? &e->slot : NULL;
}

const struct kvm_slot *kvm_slots_find_from(const struct kvm_slots *slots,
					   gpa_t gpa)
{
	const struct entry *e = find_from(slots, gpa);

	return e ? &e->slot : NULL;
}
