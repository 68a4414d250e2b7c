/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of x86 processors with 512 entries of 64 bits, as KVM fills them for
 * its guests. Pure: it is handed the entries, and a test in userspace includes
 * pagetable.c.
 *
 * Sources: AMD64 Architecture Programmer's Manual, volume 2, 5.3 and 15.25 (nested
 * paging has the format of long mode); Intel SDM, volume 3C, 28.3.2, tables 28-1
 * to 28-7 (EPT). The two have in common where the address, the right to write, and
 * the mark of a huge page are; the rest differs.
 */
#ifndef SLOTSCOPE_PAGETABLE_H
#define SLOTSCOPE_PAGETABLE_H

#include <linux/types.h>

/**
 * enum pagetable_format - what the bits of an entry mean
 * @PAGETABLE_LONG: as in long mode: nested paging (NPT), and shadow page tables
 * @PAGETABLE_EPT:  Intel's extended page tables
 */
enum pagetable_format {
	PAGETABLE_LONG,
	PAGETABLE_EPT,
};

/* Tables of more or fewer levels are nobody's */
#define PAGETABLE_MIN_LEVEL 3
#define PAGETABLE_MAX_LEVEL 5

/**
 * struct pagetable_entry - what an entry that maps memory says, or a hole
 * @present: it maps; else there is nothing from @gpa on for @bytes, and no more is
 *	     said
 * @gpa:   the first address that it translates
 * @bytes: how many
 * @hpa:   what @gpa is translated to
 * @spte:  the entry itself
 * @level: of the table that it stands in: 1, 2 or 3
 * @writable: the right to write
 * @executable: the right to execute
 * @accessed: the processor has used it, where it tells
 * @dirty: it was written through it, where the processor tells
 */
struct pagetable_entry {
	bool present;
	u64 gpa;
	u64 bytes;
	u64 hpa;
	u64 spte;
	u32 level;
	bool writable;
	bool executable;
	bool accessed;
	bool dirty;
};

/**
 * struct pagetable - a table, from its root
 * @format: of its entries
 * @level:  of the root
 * @root:   address of its page
 * @address_mask: bits of an entry that are an address; others there are KVM's, or of
 *	    memory encryption
 * @read:   get entry @index of the table at @table; not 0 if that is no memory
 * @opaque: for @read
 */
struct pagetable {
	enum pagetable_format format;
	u32 level;
	u64 root;
	u64 address_mask;
	int (*read)(void *opaque, u64 table, u32 index, u64 *spte);
	void *opaque;
};

u64 pagetable_bytes(u32 level);
bool pagetable_is_present(u64 spte);
void pagetable_decode(enum pagetable_format format, u64 address_mask, u64 spte,
		      u32 level, u64 gpa, struct pagetable_entry *out);
int pagetable_find(const struct pagetable *table, u64 gpa,
		   struct pagetable_entry *out);

#endif
