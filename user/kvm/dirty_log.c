// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "kvm/dirty_private.h"
#include "kvm/ioctl.h"

#define PRIORITY 10

/* As KVM numbers slots: the address space in the upper half */
static uint32_t raw_id(unsigned int as_id, const struct kvm_slot *slot)
{
	return as_id << 16 | slot->id;
}

/* One slot's pages that KVM counts as dirty until it is told to clear them */
struct dirty_slot {
	uint32_t id;
	gpa_t gpa;
	uint64_t size;
	uint64_t *bits;
	UT_hash_handle hh;
};

static size_t bitmap_bytes(uint64_t pages)
{
	return (pages + 63) / 64 * sizeof(uint64_t);
}

static void forget(struct dirty_log *log, struct dirty_slot *d)
{
	HASH_DEL(log->uncleared, d);
	free(d->bits);
	free(d);
}

/* That of a slot as it is now: its number may have been another's before */
static struct dirty_slot *uncleared_of(struct dirty_log *log,
				       unsigned int as_id,
				       const struct kvm_slot *slot, bool create)
{
	uint32_t id = raw_id(as_id, slot);
	struct dirty_slot *d;

	HASH_FIND(hh, log->uncleared, &id, sizeof(id), d);
	if (d && (d->gpa != slot->gpa || d->size != slot->size)) {
		forget(log, d);
		d = NULL;
	}
	if (d || !create)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->id = id;
	d->gpa = slot->gpa;
	d->size = slot->size;
	d->bits = calloc(1, bitmap_bytes(dirty_slot_pages(slot)));
	if (!d->bits) {
		free(d);
		return NULL;
	}
	HASH_ADD(hh, log->uncleared, id, sizeof(d->id), d);
	return d;
}

/* What follows may be the consequence of the first */
static void lose(struct dirty_log *log, int code, const char *what,
		 unsigned int as_id, const struct kvm_slot *slot)
{
	const struct memory_region_info *info =
		memory_region_info(slot->region);

	if (!log->lost.code)
		error_set(&log->lost, code,
			  "%s memory slot %u of address space %u (%s, guest "
			  "0x%" PRIx64 ")",
			  what, slot->id, as_id,
			  info->ram_block ? info->ram_block->idstr : info->name,
			  slot->gpa);
}

/* It is to be; if KVM refused that, or the slot, nothing can be asked for */
static bool is_logged(struct dirty_log *log, unsigned int as_id,
		      const struct kvm_slot *slot)
{
	if (!(slot->flags & SLOT_LOG_DIRTY))
		return false;
	if (slot->error)
		lose(log, slot->error, "have KVM log writes to", as_id, slot);
	return !slot->error;
}

void dirty_log_mark(struct dirty_log *log, unsigned int as_id,
		    const struct kvm_slot *slot, uint64_t first,
		    const uint64_t *bits, uint64_t nr)
{
	const struct memory_region_info *info =
		memory_region_info(slot->region);
	unsigned int clients = memory_region_dirty_log_mask(slot->region);
	int ret;

	if (!clients)
		return;
	ret = dirty_pages_set(&log->pages, clients, info->ram_block,
			      slot->offset / DIRTY_PAGE_SIZE + first, bits, nr);
	if (ret)
		lose(log, ret, "keep account of dirty pages of", as_id, slot);
}

/* Return: KVM's bitmap of the slot, to be freed; NULL: lost */
static uint64_t *fetch_bitmap(struct dirty_log *log, unsigned int as_id,
			      const struct kvm_slot *slot)
{
	uint64_t *bits = calloc(1, bitmap_bytes(dirty_slot_pages(slot)));
	struct kvm_dirty_log request = { .slot = raw_id(as_id, slot),
					 .dirty_bitmap = bits };

	if (!bits || kvm_ioctl(log->kvm->vm_fd, KVM_GET_DIRTY_LOG, &request)) {
		lose(log, bits ? errno : ENOMEM, "fetch the dirty log of",
		     as_id, slot);
		free(bits);
		return NULL;
	}
	dirty_log_mark(log, as_id, slot, 0, bits, dirty_slot_pages(slot));
	return bits;
}

static void sync_slot(struct dirty_log *log, unsigned int as_id,
		      const struct kvm_slot *slot, uint64_t first, uint64_t end)
{
	size_t bytes = bitmap_bytes(dirty_slot_pages(slot)), i;
	struct dirty_slot *d = NULL;
	uint64_t *bits;

	if (log->kvm->dirty == KVM_DIRTY_RING)
		return; /* its pages are in the vCPUs' rings */
	bits = fetch_bitmap(log, as_id, slot);
	if (bits && log->kvm->dirty == KVM_DIRTY_CLEAR)
		d = uncleared_of(log, as_id, slot, true);
	for (i = 0; d && i < bytes / sizeof(*bits); i++)
		d->bits[i] |= bits[i];
	free(bits);
}

/* Only what KVM told may be cleared: a page written since is not known yet */
static void clear_bitmap(struct dirty_log *log, unsigned int as_id,
			 const struct kvm_slot *slot, uint64_t first,
			 uint64_t end)
{
	struct dirty_slot *d = uncleared_of(log, as_id, slot, false);
	uint64_t pages = dirty_slot_pages(slot), begin = first & ~63ULL, i;
	uint64_t stop = (end + 63) & ~63ULL;
	struct kvm_clear_dirty_log request = { .slot = raw_id(as_id, slot) };
	uint64_t *bits;

	if (!d)
		return;
	/* KVM takes whole words, but at the slot's end */
	if (stop > pages)
		stop = pages;
	bits = calloc(1, bitmap_bytes(stop - begin));
	if (!bits) {
		lose(log, ENOMEM, "clear the dirty log of", as_id, slot);
		return;
	}
	memcpy(bits, d->bits + begin / 64, bitmap_bytes(stop - begin));
	for (i = begin; i < first; i++)
		bits[0] &= ~(1ULL << i % 64);
	for (i = end; i < stop; i++)
		bits[(i - begin) / 64] &= ~(1ULL << i % 64);
	request.first_page = begin;
	request.num_pages = stop - begin;
	request.dirty_bitmap = bits;
	if (kvm_ioctl(log->kvm->vm_fd, KVM_CLEAR_DIRTY_LOG, &request))
		lose(log, errno, "clear the dirty log of", as_id, slot);
	else
		for (i = 0; i < bitmap_bytes(stop - begin) / sizeof(*bits); i++)
			d->bits[begin / 64 + i] &= ~bits[i];
	free(bits);
}

static bool is_ram(const struct memory_region_section *section)
{
	return memory_region_info(section->region)->ram_block;
}

/*
 * A write that we have made, which KVM does not know of: a device's DMA, or the
 * guest's own that came out of KVM, since its slot was away for a moment.
 */
static void ram_written(void *opaque, const struct memory_region *region,
			uint64_t offset, uint64_t len)
{
	struct dirty_log *log = opaque;
	unsigned int clients = memory_region_dirty_log_mask(region);
	uint64_t page = offset / DIRTY_PAGE_SIZE;
	uint64_t end = (offset + len - 1) / DIRTY_PAGE_SIZE + 1;
	const uint64_t bits = UINT64_MAX;
	uint64_t nr;
	int ret = 0;

	for (; clients && page < end && !ret; page += nr) {
		nr = end - page < 64 ? end - page : 64;
		ret = dirty_pages_set(&log->pages, clients,
				      memory_region_info(region)->ram_block,
				      page, &bits, nr);
	}
	if (ret && !log->lost.code)
		error_set(&log->lost, ENOMEM,
			  "keep account of a write to RAM %s at 0x%" PRIx64,
			  memory_region_info(region)->ram_block->idstr, offset);
}

static unsigned int as_id_of(const struct dirty_log *log,
			     const struct memory_region_section *section)
{
	return section->address_space != log->cpus->events->memory;
}

/* Its slots, as far as they lie in a section; they are cut as sections are */
static void for_each_slot(struct dirty_log *log,
			  const struct memory_region_section *section,
			  void (*run)(struct dirty_log *log, unsigned int as_id,
				      const struct kvm_slot *slot,
				      uint64_t first, uint64_t end))
{
	unsigned int as_id = as_id_of(log, section);
	const struct kvm_slots *slots = log->slots[as_id]->slots;
	memory_size_t addr = section->offset_within_address_space;
	memory_size_t end = addr + section->size;
	const struct kvm_slot *slot;
	memory_size_t stop;

	/* Between slots: a ragged edge, or a refusal */
	for (; addr < end; addr = stop) {
		slot = kvm_slots_find_from(slots, addr);
		if (!slot || slot->gpa >= end)
			return;
		if (addr < slot->gpa)
			addr = slot->gpa;
		stop = (memory_size_t)slot->gpa + slot->size;
		if (stop > end)
			stop = end;
		if (is_logged(log, as_id, slot))
			run(log, as_id, slot,
			    ((gpa_t)addr - slot->gpa) / DIRTY_PAGE_SIZE,
			    (stop - slot->gpa + DIRTY_PAGE_SIZE - 1) /
				    DIRTY_PAGE_SIZE);
	}
}

static void log_sync(void *opaque, const struct memory_region_section *section)
{
	struct dirty_log *log = opaque;

	if (!log->kvm || !is_ram(section))
		return;
	for_each_slot(log, section, sync_slot);
	if (log->kvm->dirty != KVM_DIRTY_RING)
		return;
	/* Out of KVM, they have nothing left in the CPU's own buffers */
	vcpus_keep_out(log->cpus);
	dirty_log_reap(log);
	vcpus_let_in(log->cpus);
}

static void log_clear(void *opaque, const struct memory_region_section *section)
{
	struct dirty_log *log = opaque;

	if (log->kvm && log->kvm->dirty == KVM_DIRTY_CLEAR && is_ram(section))
		for_each_slot(log, section, clear_bitmap);
}

void dirty_log_ends(struct dirty_log *log,
		    const struct kvm_memory_listener *slots,
		    const struct kvm_slot *slot)
{
	unsigned int as_id = log->slots[1] == slots;
	struct dirty_slot *d;

	if (!log->kvm)
		return;
	if (log->kvm->dirty == KVM_DIRTY_RING) {
		dirty_log_reap(log);
		return;
	}
	/* With no client left, nobody wants it */
	if (memory_region_dirty_log_mask(slot->region))
		free(fetch_bitmap(log, as_id, slot));
	/* A slot made later under the same number begins anew */
	d = uncleared_of(log, as_id, slot, false);
	if (d)
		forget(log, d);
}

static const struct memory_listener_ops ops = {
	.log_sync = log_sync,
	.log_clear = log_clear,
};

#define REAP_MS 1000

/* A ring that is full has its vCPU come out; most are emptied before */
static void *reaper(void *opaque)
{
	struct dirty_log *log = opaque;
	struct big_lock *lock = log->cpus->lock;

	big_lock(lock);
	while (!log->want_quit) {
		big_lock_wait_ms(lock, &log->wake, REAP_MS);
		dirty_log_reap(log);
	}
	big_unlock(lock);
	return NULL;
}

static int start_reaper(struct dirty_log *log, struct slotscope_error *err)
{
	sigset_t all, old;
	int ret;

	if (log->kvm->dirty != KVM_DIRTY_RING)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&log->reaper, NULL, reaper, log);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return error_set(err, ret,
				 "start the thread that empties dirty rings");
	log->has_reaper = true;
	return 0;
}

int dirty_log_register(struct dirty_log *log, struct kvm_state *kvm,
		       struct kvm_memory_listener *slots, struct vcpus *cpus,
		       struct slotscope_error *err)
{
	int ret;

	*log = (struct dirty_log){
		.kvm = kvm,
		.slots[0] = slots,
		.cpus = cpus,
	};
	pthread_cond_init(&log->wake, NULL);
	ret = memory_listener_register(cpus->events->memory, "kvm-dirty-log",
				       PRIORITY, &ops, log, &log->listeners[0],
				       err);
	if (!ret) {
		cpus->dirty = log;
		memory_model_on_ram_written(
			address_space_model(cpus->events->memory), ram_written,
			log);
		ret = start_reaper(log, err);
	}
	if (ret)
		dirty_log_unregister(log);
	return ret;
}

int dirty_log_add_smram(struct dirty_log *log, struct address_space *as,
			struct kvm_memory_listener *slots,
			struct slotscope_error *err)
{
	log->slots[1] = slots;
	return memory_listener_register(as, "kvm-dirty-log-smram", PRIORITY,
					&ops, log, &log->listeners[1], err);
}

void dirty_log_unregister(struct dirty_log *log)
{
	struct dirty_slot *d, *next;

	if (!log->cpus)
		return;
	log->cpus->dirty = NULL;
	memory_model_on_ram_written(
		address_space_model(log->cpus->events->memory), NULL, NULL);
	log->kvm = NULL;
	if (log->has_reaper) {
		log->want_quit = true;
		pthread_cond_signal(&log->wake);
		big_unlock(log->cpus->lock);
		pthread_join(log->reaper, NULL);
		big_lock(log->cpus->lock);
	}
	memory_listener_unregister(log->listeners[1]);
	memory_listener_unregister(log->listeners[0]);
	HASH_ITER(hh, log->uncleared, d, next)
	forget(log, d);
	dirty_pages_deinit(&log->pages);
	pthread_cond_destroy(&log->wake);
	*log = (struct dirty_log){};
}

void dirty_log_clear(struct dirty_log *log, struct memory_model *model,
		     unsigned int client)
{
	struct ram_block *block;

	for (block = ram_block_first(model); block;
	     block = ram_block_next(block)) {
		dirty_pages_clear(&log->pages, client, block);
		if (block->region)
			memory_region_clear_dirty(block->region, 0,
						  block->used_length);
	}
}
