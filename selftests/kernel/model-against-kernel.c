// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory model against KVM: random changes of the model, those of
 * unit/memory_random.h, go to a live VM through the VMM's own listener. After each
 * commit the slots that KVM holds, by the module, are what the flat view says
 * there is to be, and stand under the numbers of the KVMSlot table.
 *
 * One thing is as in QEMU, whose table takes a slot's flags from the region when it
 * makes the slot or its dirty log starts or stops: a region that becomes read-only where an
 * alias had made it so already is no change of the flat view, and its slot stays
 * writable. Such are counted.
 *
 * What to expect is told from the flat view and KVM's rules alone, not from the
 * table: RAM, and ROM that is read as such, cut to whole pages; refused where the
 * guest has no such address.
 *
 * SLOTSCOPE_SEED chooses other changes, SLOTSCOPE_COMMITS makes more of them.
 */
#include <time.h>

#include "host/module.h"
#include "kvm/kvm.h"
#include "kvm/limits.h"
#include "kvm/listener.h"

#include "kmod-test.h"

/* The tests of the model use more of it */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "../unit/memory_random.h"

/* A model is made anew after so many calls: it fills up */
#define SEQUENCE 500

#define MAX_WANTED 512

static int module = -1;
static struct slotscope_error err;
static struct request_limits limits;

/**
 * struct wanted - a slot that the flat view calls for
 * @range:   by this range of it
 * @refused: KVM will not have it
 */
struct wanted {
	struct flat_range range;
	gpa_t gpa;
	uint64_t size;
	hva_t hva;
	uint32_t flags;
	bool refused;
};

/* A model, a VM, and what ties them together */
struct pair {
	struct twin twin;
	struct kvm_state kvm;
	struct kvm_fault fault;
	struct kvm_memory_listener listener;
	struct wanted wanted[MAX_WANTED];
	size_t nr_wanted;
	struct wanted before[MAX_WANTED]; /* at the commit before */
	size_t nr_before;
};

static struct {
	uint64_t commits, calls, slots, refused, largest;
	uint64_t readonly, logged, unaligned, kept;
} seen;

static void pair_open(struct pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	pair->kvm.dev_fd = -1;
	pair->kvm.vm_fd = vm_create();
	pair->kvm.nr_slots = USER_SLOTS;
	ASSERT(!make_twin(&pair->twin, false, false, &err), "%s: %s", err.tried,
	       err.why);
	ASSERT(!kvm_memory_listener_register(&pair->listener, &pair->kvm,
					     pair->twin.as[0], &pair->fault,
					     &err),
	       "%s: %s", err.tried, err.why);
}

static void pair_close(struct pair *pair)
{
	kvm_memory_listener_unregister(&pair->listener);
	free_twin(&pair->twin);
	close(pair->kvm.vm_fd);
}

/*
 * The commit left this range's slot alone. A second client of the dirty log, or
 * the last but one that goes, changes the range but not the slot: QEMU's
 * kvm_log_start() and kvm_log_stop() look away then.
 */
static const struct wanted *unchanged(const struct pair *pair,
				      const struct flat_range *range)
{
	const struct flat_range *old;

	for (size_t i = 0; i < pair->nr_before; i++) {
		old = &pair->before[i].range;
		if (old->region == range->region && old->addr == range->addr &&
		    old->size == range->size &&
		    old->offset_in_region == range->offset_in_region &&
		    old->romd_mode == range->romd_mode &&
		    old->readonly == range->readonly &&
		    old->nonvolatile == range->nonvolatile &&
		    !old->dirty_log_mask == !range->dirty_log_mask)
			return &pair->before[i];
	}
	return NULL;
}

static void want(struct pair *pair, const struct flat_range *range)
{
	const struct memory_region_info *info =
		memory_region_info(range->region);
	uint64_t cut = -range->addr & (PAGE - 1);
	uint64_t offset = range->offset_in_region + cut;
	struct wanted *w = &pair->wanted[pair->nr_wanted];
	const struct wanted *old;

	/* registers, and a ROM device whose writes and reads are trapped */
	if (!info->ram_block || !(info->ram || range->romd_mode) ||
	    cut >= range->size)
		return;
	w->gpa = range->addr + cut;
	w->size = ((uint64_t)range->size - cut) & ~(PAGE - 1);
	w->hva = info->ram_block->hva + offset;
	if (!w->size)
		return;
	/* guest and host address differ within a page: no slot can do that */
	if (w->hva & (PAGE - 1)) {
		seen.unaligned++;
		return;
	}
	w->flags = range->dirty_log_mask ? SLOT_LOG_DIRTY : 0;
	if (info->readonly || info->rom_device)
		w->flags |= SLOT_READONLY;
	w->range = *range;
	old = unchanged(pair, range);
	if (old && (old->flags ^ w->flags) & SLOT_READONLY) {
		w->flags ^= SLOT_READONLY;
		seen.kept++;
	}
	w->refused = w->gpa + (w->size - 1) > limits.gpa_last;
	ASSERT(++pair->nr_wanted < MAX_WANTED, "too many");
}

static void want_all(struct pair *pair)
{
	const struct flat_view *view =
		address_space_get_flat_view(pair->twin.as[0]);
	const struct flat_range *range;

	memcpy(pair->before, pair->wanted, sizeof(pair->wanted));
	pair->nr_before = pair->nr_wanted;
	pair->nr_wanted = 0;
	flat_view_for_each(range, view)
		want(pair, range);
	flat_view_unref(view);
}

static void show_slot(const char *who, gpa_t gpa, uint64_t size, hva_t hva,
		      uint32_t flags)
{
	ktap_diag("%s: 0x%llx, 0x%llx bytes, hva 0x%llx, flags 0x%x", who,
		  (unsigned long long)gpa, (unsigned long long)size,
		  (unsigned long long)hva, flags);
}

/* Does KVM hold, under the table's number, what is wanted? */
static bool is_held(struct pair *pair, const struct wanted *w,
		    const struct slot *slot)
{
	const struct kvm_slot *entry =
		kvm_slots_find(pair->listener.slots, w->gpa);

	if (slot->gpa != w->gpa || slot->size != w->size ||
	    slot->hva != w->hva || slot->flags != w->flags || slot->hidden) {
		show_slot("KVM holds", slot->gpa, slot->size, slot->hva,
			  slot->flags);
		return false;
	}
	if (!entry || entry->error || (int64_t)entry->id != slot->id) {
		ktap_diag("slot %d in KVM, %s %d, error %d in the table",
			  slot->id, entry ? "slot" : "none",
			  entry ? (int)entry->id : -1,
			  entry ? entry->error : 0);
		return false;
	}
	return true;
}

/* The table knows that KVM would not have it, and why */
static bool is_refused(struct pair *pair, const struct wanted *w)
{
	const struct kvm_slot *entry =
		kvm_slots_find(pair->listener.slots, w->gpa);

	if (entry && entry->error == -EINVAL)
		return true;
	ktap_diag("refused by KVM, %s by the table",
		  entry ? strerror(-entry->error) : "not known");
	return false;
}

static bool compare(struct pair *pair, const struct slot_state *kernel)
{
	const struct wanted *w;
	size_t at = 0;
	size_t i;

	for (i = 0; i < pair->nr_wanted; i++) {
		w = &pair->wanted[i];
		if (w->refused ? is_refused(pair, w) :
				 at < kernel->nr_slots &&
					 is_held(pair, w, &kernel->slots[at])) {
			at += !w->refused;
			continue;
		}
		show_slot("the model wants", w->gpa, w->size, w->hva, w->flags);
		return false;
	}
	if (at < kernel->nr_slots) {
		show_slot("KVM holds, and nothing in the model explains",
			  kernel->slots[at].gpa, kernel->slots[at].size,
			  kernel->slots[at].hva, kernel->slots[at].flags);
		return false;
	}
	if (kvm_slots_nr(pair->listener.slots) == pair->nr_wanted)
		return true;
	ktap_diag("%u slots in the table, %zu wanted",
		  kvm_slots_nr(pair->listener.slots), pair->nr_wanted);
	return false;
}

static void count(const struct pair *pair, const struct slot_state *kernel)
{
	seen.slots += kernel->nr_slots;
	if (kernel->nr_slots > seen.largest)
		seen.largest = kernel->nr_slots;
	for (size_t i = 0; i < pair->nr_wanted; i++) {
		seen.refused += pair->wanted[i].refused;
		seen.readonly += !!(pair->wanted[i].flags & SLOT_READONLY);
		seen.logged += !!(pair->wanted[i].flags & SLOT_LOG_DIRTY);
	}
}

static bool holds_what_is_wanted(struct pair *pair)
{
	struct slot_state kernel;
	bool same;

	want_all(pair);
	ASSERT(!module_snapshot(module, pair->kvm.vm_fd, &kernel, &err),
	       "%s: %s", err.tried, err.why);
	same = compare(pair, &kernel);
	count(pair, &kernel);
	slot_state_deinit(&kernel);
	return same;
}

/* A call made; true unless KVM and model differ after the commits it made */
static bool step(struct pair *pair, const struct call *call)
{
	uint64_t before = pair->twin.belief[0].nr_begins;
	struct twin *twin = &pair->twin;

	seen.calls++;
	if (!do_call(twin, call, &err))
		note_stale(twin, call);
	ASSERT(!nudge(twin, &err), "%s: %s", err.tried, err.why);
	if (twin->depth || twin->belief[0].nr_begins == before)
		return true;
	seen.commits += twin->belief[0].nr_begins - before;
	return holds_what_is_wanted(pair);
}

static void align_call(struct call *call)
{
	switch (call->kind) {
	case CALL_MAP:
	case CALL_SIZE:
	case CALL_ADDRESS:
	case CALL_ALIAS_OFFSET:
		call->value &= ~(PAGE - 1);
		break;
	default:
		break;
	}
}

static void random_changes(uint64_t seed, bool aligned)
{
	const char *env = getenv("SLOTSCOPE_COMMITS");
	uint64_t commits = env ? strtoull(env, NULL, 0) : 10000;
	struct timespec begin, end;
	uint64_t state = seed;
	static struct pair pair;
	struct call call;
	bool same = true;

	memset(&seen, 0, sizeof(seen));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (same && seen.commits < commits) {
		pair_open(&pair);
		for (int i = 0; i < SEQUENCE && same; i++) {
			random_call(&state, &call);
			if (aligned)
				align_call(&call);
			same = step(&pair, &call);
		}
		EXPECT(same,
		       "seed 0x%" PRIx64 ", commit %" PRIu64 ", by the call "
		       "\"%s\" r%u r%u 0x%" PRIx64 " %d",
		       seed, seen.commits, call_names[call.kind], call.a,
		       call.b, call.value, call.priority);
		pair_close(&pair);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	ktap_diag("seed 0x%" PRIx64 ": %" PRIu64 " commits, %" PRIu64
		  " calls, %.1f s",
		  seed, seen.commits, seen.calls,
		  end.tv_sec - begin.tv_sec +
			  (end.tv_nsec - begin.tv_nsec) / 1e9);
	ktap_diag("slots compared %" PRIu64 " (read-only %" PRIu64
		  ", dirty log %" PRIu64 "; at most %" PRIu64 " at once), "
		  "refused %" PRIu64 ", not to be mapped %" PRIu64
		  ", read-only kept %" PRIu64,
		  seen.slots, seen.readonly, seen.logged, seen.largest,
		  seen.refused, seen.unaligned, seen.kept);
	/* A comparison of nothing would agree as well */
	EXPECT(seen.slots > seen.commits / 4 && seen.readonly && seen.logged &&
		       seen.refused,
	       "there was too little to compare");
}

static uint64_t seed_of_run(void)
{
	const char *env = getenv("SLOTSCOPE_SEED");

	return env ? strtoull(env, NULL, 0) : 1;
}

static void unaligned_changes(void)
{
	random_changes(seed_of_run(), false);
	EXPECT(seen.unaligned, "all could be mapped");
}

static void page_aligned_changes(void)
{
	random_changes(seed_of_run(), true);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(page_aligned_changes),
		KTAP_CASE(unaligned_changes),
	};

	need_module_and_kvm();
	module = module_open(NULL, &err);
	ASSERT(module >= 0, "%s: %s", err.tried, err.why);
	ASSERT(!kvm_limits_probe(-1, &limits, &err), "%s: %s", err.tried,
	       err.why);
	return KTAP_RUN(cases);
}
