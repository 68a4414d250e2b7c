// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slots are kept in an array by number and in a tree by guest address. They
 * never overlap, as the sections that they stand for do not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "kvm/slots.h"
#include "memory/treap.h"

#define LISTENER_PRIORITY 10

struct entry {
	struct kvm_slot slot;
	uint32_t kvm_flags; /* what KVM was told last */
	bool created;	    /* KVM has it, as far as its answers tell */
	bool stuck;	    /* KVM refused to delete it: its number is lost */
	struct treap_node by_gpa;
};

/* A section that waits for the end of its commit */
struct queued {
	struct memory_region_section section;
	bool add;
};

struct kvm_slots {
	struct kvm_slots_options options;
	struct memory_listener *listener;
	struct entry **entries; /* by number; NULL where free */
	uint32_t cap;
	uint32_t nr;
	uint32_t first_free; /* no lower number is free */
	struct treap by_gpa;
	struct queued *queue;
	size_t nr_queue;
	size_t cap_queue;
};

/* Where a section lies once cut to whole pages */
struct span {
	gpa_t gpa;
	uint64_t size;
	uint64_t offset; /* in the region */
};

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

static struct entry *find_exact(const struct kvm_slots *slots, gpa_t gpa,
				uint64_t size)
{
	struct entry *e = at_or_below(slots, gpa);

	return e && e->slot.gpa == gpa && e->slot.size == size ? e : NULL;
}

/* The lowest entry that has a byte in common with the range */
static struct entry *find_overlap(const struct kvm_slots *slots, gpa_t gpa,
				  uint64_t size)
{
	struct entry *e = at_or_below(slots, gpa);
	struct treap_node *next;

	if (e && gpa - e->slot.gpa < e->slot.size)
		return e;
	next = e ? treap_next(&e->by_gpa) : treap_first(&slots->by_gpa);
	if (!next)
		return NULL;
	e = entry_of(next);
	return e->slot.gpa - gpa < size ? e : NULL;
}

static void problem(struct kvm_slots *slots, const struct slotscope_error *err)
{
	if (slots->options.problem)
		slots->options.problem(slots->options.opaque, err);
}

static void about_section(struct slotscope_error *err, int code,
			  const struct memory_region *region, gpa_t gpa,
			  uint64_t size)
{
	error_set(err, code,
		  "give guest memory 0x%" PRIx64 "-0x%" PRIx64 " (%s) a slot",
		  gpa, gpa + size - 1, memory_region_info(region)->name);
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
	int r = slots->options.request(slots->options.opaque, &req);

	if (!r)
		return 0;
	error_set(&err, r,
		  "set memory slot %u of address space %u (%s, guest 0x%" PRIx64
		  ", 0x%" PRIx64 " bytes, flags 0x%x)",
		  e->slot.id, slots->options.as_id,
		  memory_region_info(e->slot.region)->name, req.gpa, size,
		  flags);
	problem(slots, &err);
	return r;
}

/* Create it, or change its flags */
static void set_entry(struct kvm_slots *slots, struct entry *e)
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

static uint32_t region_flags(const struct kvm_slots *slots,
			     const struct memory_region *region)
{
	const struct memory_region_info *info = memory_region_info(region);
	uint32_t flags = 0;

	if (memory_region_dirty_log_mask(region))
		flags |= SLOT_LOG_DIRTY;
	if ((info->readonly || (info->rom_device && info->romd_mode)) &&
	    !slots->options.no_readonly_mem)
		flags |= SLOT_READONLY;
	if (info->ram_block->guest_memfd >= 0)
		flags |= SLOT_GUEST_MEMFD;
	return flags;
}

static void add_entry(struct kvm_slots *slots, struct memory_region *region,
		      const struct span *span, uint32_t flags)
{
	hva_t hva = memory_region_info(region)->ram_block->hva;
	struct slotscope_error err = { 0 };
	struct entry *e;

	about_section(&err, ENOMEM, region, span->gpa, span->size);
	e = alloc_entry(slots, &err);
	if (!e) {
		problem(slots, &err);
		return;
	}
	e->slot.gpa = span->gpa;
	e->slot.size = span->size;
	e->slot.hva = hva ? hva + span->offset : 0;
	e->slot.flags = flags;
	e->slot.region = region;
	e->slot.offset = span->offset;
	treap_insert(&slots->by_gpa, &e->by_gpa, &gpa_ops);
	set_entry(slots, e);
}

static void del_entry(struct kvm_slots *slots, struct entry *e)
{
	treap_erase(&slots->by_gpa, &e->by_gpa, &gpa_ops);
	/* What KVM never took needs no deletion, and it would refuse */
	if (e->created)
		e->slot.error = request(slots, e, 0, 0, false);
	if (e->created && e->slot.error)
		e->stuck = true;
	else
		free_entry(slots, e);
}

/* Cut a section to whole pages. Return: false if nothing is left */
static bool align(const struct kvm_slots *slots,
		  const struct memory_region_section *section,
		  struct span *span)
{
	uint64_t mask = slots->options.page_size - 1;
	gpa_t gpa = section->offset_within_address_space;
	uint64_t cut = -gpa & mask;

	/* No RAM is that large; and the last page cannot wrap */
	if (section->size >= MEMORY_SIZE_2_64 || cut >= section->size)
		return false;
	span->gpa = gpa + cut;
	span->size = ((uint64_t)section->size - cut) & ~mask;
	span->offset = section->offset_within_region + cut;
	return span->size;
}

/*
 * What becomes a slot: RAM and ROM, and a ROM device in ROM mode. QEMU dies at
 * a read-only region without RAM, and at one whose pages KVM cannot map.
 */
static bool wants_slot(struct kvm_slots *slots, struct memory_region *region,
		       const struct span *span)
{
	const struct memory_region_info *info = memory_region_info(region);
	uint64_t mask = slots->options.page_size - 1;
	struct slotscope_error err = { 0 };

	if (!info->ram &&
	    (slots->options.no_readonly_mem ||
	     !(info->readonly || info->rom_device) || !info->romd_mode))
		return false;
	about_section(&err, EINVAL, region, span->gpa, span->size);
	if (!info->ram_block) {
		error_why(&err, "the region is read-only, so that KVM should "
				"map it, but has no RAM behind it");
		error_next(&err, "set read-only on RAM, or on an alias");
	} else if ((info->ram_block->hva + span->offset) & mask) {
		error_why(&err,
			  "guest and host address differ within a page: at "
			  "guest page 0x%" PRIx64 " begins host 0x%" PRIx64,
			  span->gpa, info->ram_block->hva + span->offset);
		error_next(&err,
			   "map the region, or the alias, so that offset and "
			   "guest address agree modulo 0x%" PRIx64,
			   slots->options.page_size);
	} else {
		return true;
	}
	problem(slots, &err);
	return false;
}

/* 7.2: slots are what the sections are, cut to the largest size */
static void set_exact(struct kvm_slots *slots, struct memory_region *region,
		      struct span span, bool add)
{
	uint64_t left = span.size;
	struct entry *e;

	while (left) {
		span.size = left < slots->options.max_slot_size ?
				    left :
				    slots->options.max_slot_size;
		if (add) {
			add_entry(slots, region, &span,
				  region_flags(slots, region));
		} else {
			e = find_exact(slots, span.gpa, span.size);
			if (e)
				del_entry(slots, e);
		}
		span.gpa += span.size;
		span.offset += span.size;
		left -= span.size;
	}
}

/* 2.8: what the section overlaps goes; what stood out of it comes again */
static void set_split(struct kvm_slots *slots, struct memory_region *region,
		      struct span span, bool add)
{
	uint32_t flags = region_flags(slots, region);
	hva_t hva = memory_region_info(region)->ram_block->hva + span.offset;
	struct kvm_slot old;
	struct span part;
	struct entry *e;

	while ((e = find_overlap(slots, span.gpa, span.size))) {
		old = e->slot;
		if (add && span.gpa >= old.gpa &&
		    span.gpa + span.size <= old.gpa + old.size &&
		    hva - span.gpa == old.hva - old.gpa) {
			e->slot.flags = flags;
			if (flags != e->kvm_flags)
				set_entry(slots, e);
			return;
		}
		del_entry(slots, e);
		if (old.gpa < span.gpa) {
			part.gpa = old.gpa;
			part.size = span.gpa - old.gpa;
			part.offset = old.offset;
			add_entry(slots, old.region, &part, flags);
		}
		if (old.gpa + old.size > span.gpa + span.size) {
			part.gpa = span.gpa + span.size;
			part.size = old.gpa + old.size - part.gpa;
			part.offset = old.offset + (part.gpa - old.gpa);
			add_entry(slots, old.region, &part, flags);
		}
	}
	if (add)
		add_entry(slots, region, &span, flags);
}

static void set_section(struct kvm_slots *slots,
			const struct memory_region_section *section, bool add)
{
	struct span span;

	if (!align(slots, section, &span))
		return;
	/* What the region is now does not matter to what goes */
	if (add ? !wants_slot(slots, section->region, &span) :
		  !memory_region_info(section->region)->ram_block)
		return;
	if (slots->options.mode == KVM_SLOTS_SPLIT)
		set_split(slots, section->region, span, add);
	else
		set_exact(slots, section->region, span, add);
}

static void run_queue(struct kvm_slots *slots)
{
	size_t i;

	for (i = 0; i < slots->nr_queue; i++)
		if (!slots->queue[i].add)
			set_section(slots, &slots->queue[i].section, false);
	for (i = 0; i < slots->nr_queue; i++)
		if (slots->queue[i].add)
			set_section(slots, &slots->queue[i].section, true);
	slots->nr_queue = 0;
}

/* Return: false if there is no memory for it */
static bool enqueue(struct kvm_slots *slots,
		    const struct memory_region_section *section, bool add)
{
	if (slots->nr_queue == slots->cap_queue) {
		size_t cap = slots->cap_queue ? slots->cap_queue * 2 : 16;
		struct queued *queue;

		queue = reallocarray(slots->queue, cap, sizeof(*queue));
		if (!queue)
			return false;
		slots->queue = queue;
		slots->cap_queue = cap;
	}
	slots->queue[slots->nr_queue++] =
		(struct queued){ .section = *section, .add = add };
	return true;
}

static void on_section(struct kvm_slots *slots,
		       const struct memory_region_section *section, bool add)
{
	if (slots->options.mode == KVM_SLOTS_QUEUED) {
		if (enqueue(slots, section, add))
			return;
		/* Earlier than it should, but in the right order */
		run_queue(slots);
	}
	set_section(slots, section, add);
}

static void region_add(void *opaque,
		       const struct memory_region_section *section)
{
	on_section(opaque, section, true);
}

static void region_del(void *opaque,
		       const struct memory_region_section *section)
{
	on_section(opaque, section, false);
}

/* Does something that goes overlap something that comes? */
static bool queue_overlaps(const struct kvm_slots *slots)
{
	const struct queued *a, *b, *end = slots->queue + slots->nr_queue;

	/* Each kind is sorted by address: the deletions lie before the rest */
	for (b = slots->queue; b < end && !b->add; b++)
		;
	for (a = slots->queue; a < end && !a->add && b < end;) {
		gpa_t ga = a->section.offset_within_address_space;
		gpa_t gb = b->section.offset_within_address_space;

		if (ga + a->section.size <= gb)
			a++;
		else if (gb + b->section.size <= ga)
			b++;
		else
			return true;
	}
	return false;
}

static void commit(void *opaque)
{
	struct kvm_slots *slots = opaque;
	bool inhibit;

	if (!slots->nr_queue)
		return;
	inhibit = slots->options.inhibit && queue_overlaps(slots);
	if (inhibit)
		slots->options.inhibit(slots->options.opaque, true);
	run_queue(slots);
	if (inhibit)
		slots->options.inhibit(slots->options.opaque, false);
}

static void update_flags(struct kvm_slots *slots,
			 const struct memory_region_section *section)
{
	struct span span;
	uint64_t left;
	struct entry *e;

	if (!align(slots, section, &span))
		return;
	for (left = span.size; left; left -= span.size) {
		span.size = left < slots->options.max_slot_size ?
				    left :
				    slots->options.max_slot_size;
		e = find_exact(slots, span.gpa, span.size);
		if (!e)
			return;
		e->slot.flags = region_flags(slots, section->region);
		if (e->slot.flags != e->kvm_flags)
			set_entry(slots, e);
		span.gpa += span.size;
	}
}

static void log_start(void *opaque, const struct memory_region_section *section,
		      uint8_t old_mask, uint8_t new_mask)
{
	if (!old_mask)
		update_flags(opaque, section);
}

static void log_stop(void *opaque, const struct memory_region_section *section,
		     uint8_t old_mask, uint8_t new_mask)
{
	if (!new_mask)
		update_flags(opaque, section);
}

static const struct memory_listener_ops listener_ops = {
	.region_add = region_add,
	.region_del = region_del,
	.log_start = log_start,
	.log_stop = log_stop,
	.commit = commit,
};

static int check_options(const struct kvm_slots_options *options,
			 struct slotscope_error *err)
{
	uint64_t mask = options->page_size - 1;

	if (options->page_size && !(options->page_size & mask) &&
	    options->max_slot_size && !(options->max_slot_size & mask) &&
	    options->request)
		return 0;
	error_set(err, EINVAL, "keep the memory slots of address space %u",
		  options->as_id);
	if (!options->request)
		return error_why(err, "there is nothing to call for a request");
	return error_why(err, "the page size must be a power of 2, and the "
			      "largest slot a number of pages");
}

int kvm_slots_create(struct address_space *as,
		     const struct kvm_slots_options *options,
		     struct kvm_slots **out, struct slotscope_error *err)
{
	struct kvm_slots *slots = calloc(1, sizeof(*slots));
	int r;

	if (!slots)
		return error_set(err, ENOMEM, "keep memory slots");
	slots->options = *options;
	if (!slots->options.nr_slots)
		slots->options.nr_slots = 32764;
	if (!slots->options.page_size)
		slots->options.page_size = 4096;
	if (!slots->options.max_slot_size)
		slots->options.max_slot_size = -slots->options.page_size;
	r = check_options(&slots->options, err);
	if (!r)
		r = memory_listener_register(
			as, options->as_id ? "kvm-smram" : "kvm-memory",
			LISTENER_PRIORITY, &listener_ops, slots,
			&slots->listener, err);
	if (r) {
		free(slots);
		return r;
	}
	*out = slots;
	return 0;
}

void kvm_slots_destroy(struct kvm_slots *slots)
{
	uint32_t id;

	if (!slots)
		return;
	memory_listener_unregister(slots->listener);
	/* What could not be deleted */
	for (id = 0; id < slots->cap; id++)
		free(slots->entries[id]);
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
