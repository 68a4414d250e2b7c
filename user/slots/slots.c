// SPDX-License-Identifier: GPL-2.0-or-later
/* The listener: from sections to slots, in each mode. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "slots/table.h"
#include "slots/watch.h"

#define LISTENER_PRIORITY 10

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
	slots_about(&err, EINVAL, region, span);
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
	slots_problem(slots, &err);
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
			slots_add(slots, region, &span,
				  region_flags(slots, region));
		} else {
			e = slots_find_exact(slots, span.gpa, span.size);
			if (e)
				slots_del(slots, e);
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

	while ((e = slots_find_overlap(slots, span.gpa, span.size))) {
		old = e->slot;
		if (add && span.gpa >= old.gpa &&
		    span.gpa + span.size <= old.gpa + old.size &&
		    hva - span.gpa == old.hva - old.gpa) {
			e->slot.flags = flags;
			if (flags != e->kvm_flags)
				slots_set(slots, e);
			return;
		}
		slots_del(slots, e);
		if (old.gpa < span.gpa) {
			part.gpa = old.gpa;
			part.size = span.gpa - old.gpa;
			part.offset = old.offset;
			slots_add(slots, old.region, &part, flags);
		}
		if (old.gpa + old.size > span.gpa + span.size) {
			part.gpa = span.gpa + span.size;
			part.size = old.gpa + old.size - part.gpa;
			part.offset = old.offset + (part.gpa - old.gpa);
			slots_add(slots, old.region, &part, flags);
		}
	}
	if (add)
		slots_add(slots, region, &span, flags);
}

static void set_section(struct kvm_slots *slots,
			const struct memory_region_section *section, bool add)
{
	struct span span;
	NARRATE(KVM_SET_PHYS_MEM, watch_kvm_slots, slots, "%s",
		add ? "add" : "remove");

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
		e = slots_find_exact(slots, span.gpa, span.size);
		if (!e)
			return;
		e->slot.flags = region_flags(slots, section->region);
		if (e->slot.flags != e->kvm_flags)
			slots_set(slots, e);
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
	if (!slots)
		return;
	memory_listener_unregister(slots->listener);
	slots_free(slots);
}
