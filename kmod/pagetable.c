// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>

#include "pagetable.h"

#define BIT_OF(n) (1ULL << (n))

/* Each table has 512 entries of 8 bytes */
#define INDEX_BITS 9
#define INDEX_MASK 0x1ffU

/* In both formats */
#define WRITABLE    BIT_OF(1)
#define HUGE	    BIT_OF(7)
/*
 * Of those bits that the processor ignores, KVM sets this in each entry that it
 * holds for present, leaves and tables (SPTE_MMU_PRESENT_MASK, since edea7c4fc215
 * "KVM: x86/mmu: Use a dedicated bit to track shadow/MMU-present SPTEs", 5.13).
 * The processor's own would not do: KVM has entries for MMIO with these set, and takes
 * them away from pages whose use it wants to learn of.
 */
#define MMU_PRESENT BIT_OF(11)

#define LONG_ACCESSED BIT_OF(5)
#define LONG_DIRTY    BIT_OF(6)
#define LONG_NX	      BIT_OF(63)

#define EPT_EXECUTABLE BIT_OF(2)
#define EPT_ACCESSED   BIT_OF(8)
#define EPT_DIRTY      BIT_OF(9)

/* Highest level at which an entry may map memory: 1 GiB */
#define MAX_HUGE_LEVEL 3

/**
 * pagetable_bytes() - how much one entry of a table is for
 * @level: of the table, from 1
 *
 * Return: bytes.
 */
u64 pagetable_bytes(u32 level)
{
	return BIT_OF(12 + INDEX_BITS * (level - 1));
}

/**
 * pagetable_is_present() - does KVM hold an entry for present?
 * @spte: the entry, of any level
 */
bool pagetable_is_present(u64 spte)
{
	return spte & MMU_PRESENT;
}

/**
 * pagetable_decode() - what an entry that maps memory says
 * @format: of the entry
 * @address_mask: see struct pagetable
 * @spte: the entry, present
 * @level: of the table that it stands in
 * @gpa: any address that it translates
 * @out: out
 */
void pagetable_decode(enum pagetable_format format, u64 address_mask, u64 spte,
		      u32 level, u64 gpa, struct pagetable_entry *out)
{
	u64 bytes = pagetable_bytes(level);
	bool ept = format == PAGETABLE_EPT;

	*out = (struct pagetable_entry){
		.present = true,
		.gpa = gpa & ~(bytes - 1),
		.bytes = bytes,
		/* Of a huge page the lower bits mean something else */
		.hpa = spte & address_mask & ~(bytes - 1),
		.spte = spte,
		.level = level,
		.writable = spte & WRITABLE,
		.executable = ept ? !!(spte & EPT_EXECUTABLE) :
				    !(spte & LONG_NX),
		.accessed = spte & (ept ? EPT_ACCESSED : LONG_ACCESSED),
		.dirty = spte & (ept ? EPT_DIRTY : LONG_DIRTY),
	};
}

/**
 * pagetable_find() - what maps an address, or how far nothing does
 * @table: where to look
 * @gpa: the address
 * @out: out: an entry that translates @gpa, or a hole around it
 *
 * It reads @table->level entries at most.
 *
 * Return: 0; -EINVAL if there is no table of that many levels, or none that tells
 * of @gpa; -EIO if a table could not be read, or is none.
 */
int pagetable_find(const struct pagetable *table, u64 gpa,
		   struct pagetable_entry *out)
{
	u32 level = table->level;
	u64 at = table->root, spte, bytes;

	if (level < PAGETABLE_MIN_LEVEL || level > PAGETABLE_MAX_LEVEL ||
	    gpa >= pagetable_bytes(level + 1))
		return -EINVAL;
	for (;; level--) {
		bytes = pagetable_bytes(level);
		if (table->read(table->opaque, at, gpa / bytes & INDEX_MASK,
				&spte))
			return -EIO;
		if (!pagetable_is_present(spte)) {
			*out = (struct pagetable_entry){
				.gpa = gpa & ~(bytes - 1),
				.bytes = bytes,
			};
			return 0;
		}
		if (level == 1 || spte & HUGE)
			break;
		at = spte & table->address_mask;
	}
	if (level > MAX_HUGE_LEVEL)
		return -EIO;
	pagetable_decode(table->format, table->address_mask, spte, level, gpa,
			 out);
	return 0;
}
