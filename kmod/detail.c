// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM hangs an array on a slot for each of these, of an entry for a page, or for a
 * huge page. As long as the slot is held by srcu none of them is freed; some come
 * only when they are first needed, with all entries 0. vCPUs write to them.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include <slotscope.h>

#include "compat/kvm.h"
#include "detail.h"

/* In a part, from entry @from on, @nr entries: what is counted of them */
typedef u64 (*count_fn)(const void *books, u64 from, u64 nr);

/*
 * One array of a slot.
 * @books: it; NULL: there is none
 * @nr:    its entries
 * @count: what counts them
 */
struct part {
	const void *books;
	u64 nr;
	count_fn count;
};

/* An entry is a word, 64 pages. Bits behind the last page are never set */
static u64 count_dirty(const void *books, u64 from, u64 nr)
{
	const unsigned long *word = (const unsigned long *)books + from;
	u64 found = 0;

	for (; nr; nr--, word++)
		found += hweight_long(READ_ONCE(*word));
	return found;
}

static struct part dirty_part(const struct kvm_memory_slot *slot)
{
	return (struct part){
		.books = READ_ONCE(slot->dirty_bitmap),
		.nr = DIV_ROUND_UP(slot->npages, BITS_PER_LONG),
		.count = count_dirty,
	};
}

#ifdef COMPAT_HAS_SLOT_BOOKS
static u64 count_disallowed(const void *books, u64 from, u64 nr)
{
	const struct kvm_lpage_info *info =
		(const struct kvm_lpage_info *)books + from;
	u64 found = 0;

	for (; nr; nr--, info++)
		found += !!READ_ONCE(info->disallow_lpage);
	return found;
}

static u64 count_tracked(const void *books, u64 from, u64 nr)
{
	const unsigned short *track = (const unsigned short *)books + from;
	u64 found = 0;

	for (; nr; nr--, track++)
		found += !!READ_ONCE(*track);
	return found;
}

/* KVM's own rule for the length of these arrays: one that is reached into counts */
static struct part huge_part(const struct kvm_memory_slot *slot, u32 i)
{
	u32 shift = compat_huge_shift(i) - PAGE_SHIFT;
	gfn_t last = slot->base_gfn + slot->npages - 1;

	return (struct part){
		.books = compat_huge_books(slot, i),
		.nr = (last >> shift) - (slot->base_gfn >> shift) + 1,
		.count = count_disallowed,
	};
}

static struct part track_part(const struct kvm_memory_slot *slot)
{
	return (struct part){
		.books = compat_write_track(slot),
		.nr = slot->npages,
		.count = count_tracked,
	};
}

static void describe_books(struct slotscope_detail *to,
			   const struct kvm_memory_slot *slot)
{
	u32 i;

	BUILD_BUG_ON(COMPAT_NR_HUGE > SLOTSCOPE_HUGE);
	if (compat_write_track(slot))
		to->flags |= SLOTSCOPE_DETAIL_WRITE_TRACK;
	if (compat_has_rmap(slot))
		to->flags |= SLOTSCOPE_DETAIL_RMAP;
	/* KVM's own slots can be without */
	while (to->nr_huge < COMPAT_NR_HUGE &&
	       compat_huge_books(slot, to->nr_huge)) {
		i = to->nr_huge++;
		to->huge[i].page_shift = compat_huge_shift(i);
		to->huge[i].nr_pages = huge_part(slot, i).nr;
	}
}

#define PARTS (2 + COMPAT_NR_HUGE)
#else
static void describe_books(struct slotscope_detail *to,
			   const struct kvm_memory_slot *slot)
{
}

#define PARTS 1
#endif

static struct part part_of(const struct kvm_memory_slot *slot, u32 part)
{
#ifdef COMPAT_HAS_SLOT_BOOKS
	if (part == 1)
		return track_part(slot);
	if (part > 1)
		return huge_part(slot, part - 2);
#endif
	return dirty_part(slot);
}

static void add_to_part(struct slotscope_detail *to, u32 part, u64 found)
{
	if (part == 0)
		to->nr_dirty += found;
	else if (part == 1)
		to->nr_write_tracked += found;
	else
		to->huge[part - 2].nr_disallowed += found;
}

/*
 * Was there, when the slot was begun, what this part is of? What came since is left
 * out, so that flags and numbers agree.
 */
static bool is_described(const struct slotscope_detail *to, u32 part)
{
	if (part == 0)
		return to->flags & SLOTSCOPE_DETAIL_DIRTY;
	if (part == 1)
		return to->flags & SLOTSCOPE_DETAIL_WRITE_TRACK;
	return part - 2 < to->nr_huge;
}

static void describe(struct slotscope_detail *to,
		     const struct kvm_memory_slot *slot)
{
	*to = (struct slotscope_detail){};
	if (READ_ONCE(slot->dirty_bitmap))
		to->flags |= SLOTSCOPE_DETAIL_DIRTY;
	describe_books(to, slot);
}

/**
 * detail_count() - count on, what KVM keeps beside a slot
 * @to:     the record, begun anew if @at is at its beginning
 * @slot:   the slot, held; each time the same
 * @at:     where to go on; moved on
 * @budget: how many entries may be looked at; lessened by those that were
 *
 * Return: true if it is complete, which is said in @to->flags, too.
 */
bool detail_count(struct slotscope_detail *to,
		  const struct kvm_memory_slot *slot, struct detail_at *at,
		  u32 *budget)
{
	if (!at->part && !at->next)
		describe(to, slot);
	for (; at->part < PARTS; at->part++, at->next = 0) {
		struct part part = part_of(slot, at->part);
		u64 nr;

		if (!is_described(to, at->part))
			continue;
		nr = min_t(u64, part.nr - at->next, *budget);
		add_to_part(to, at->part, part.count(part.books, at->next, nr));
		*budget -= nr;
		at->next += nr;
		if (at->next < part.nr)
			return false;
	}
	to->flags |= SLOTSCOPE_DETAIL_TOLD;
	return true;
}
