/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For a selftest of KVM: does KVM hold the memslots that the test thinks it made?
 *
 *	ASSERT_MEMSLOTS(vm_fd,
 *		{ .slot = 0, .memory_size = SZ_1M, .userspace_addr = (uintptr_t)ram },
 *		{ .slot = 1, .guest_phys_addr = 0xfffc0000, .memory_size = SZ_256K,
 *		  .userspace_addr = (uintptr_t)rom, .flags = KVM_MEM_READONLY });
 *	ASSERT_MEMSLOTS(vm_fd);		there are none
 *	ASSERT_MEMSLOTS_MATCH(vm);	those of struct kvm_vm of kvm_util.h
 *
 * KVM is asked by slotscope.ko (/dev/slotscope, root alone). All slots of all
 * address spaces are compared, and KVM's own indexes of them are audited where
 * the module can. If something differs, both tables are printed and what differs,
 * and the test exits with 1. Where the module is missing, the assertion says so
 * once and the test goes on as if it were not there; with SLOTSCOPE_REQUIRE=1 in
 * the environment it fails. At exit a line tells how often was compared.
 *
 * A member of an expectation has the name that the ioctl's struct gives it; a
 * region that went to KVM_SET_USER_MEMORY_REGION2 can be pasted. There are more:
 *
 *	.hidden = 1	a slot of KVM's own (TSS, identity map, APIC page). Those
 *			that nobody expects are no difference
 *	.closed = 1	a slot whose guest_memfd was closed
 *	.any = ...	what is not known: SLOTSCOPE_ANY_HVA and its like
 *
 * More assertions:
 *
 *	EXPECT_MEMSLOTS(), EXPECT_MEMSLOTS_MATCH(): the same, but they return
 *		SLOTSCOPE_SAME, SLOTSCOPE_DIFFERS (0) or SLOTSCOPE_NOT_COMPARED
 *	ASSERT_STAGE2(vm_fd);
 *		what KVM's page tables map now lies in a slot, is the page that the
 *		slot's host address has in this process (which must have made the
 *		VM), and is not to be written in a read-only slot. Nothing is faulted
 *		in. Of a guest_memfd's pages the rights alone are looked at
 *	u64 gen = slotscope_generation(vm_fd, as_id);
 *	ASSERT_MEMSLOT_SWAPS(vm_fd, as_id, &gen, 2);
 *		since then KVM has swapped the active set so many times (a slot
 *		made, or its flags changed: 1; deleted or moved: 2; refused, or
 *		nothing to do: 0). @gen is then the new one
 *	ASSERT_MEMSLOT_RULE(vm_fd, &region, errno, "overlap");
 *		what just refused @region was that rule
 *	slotscope_why(vm_fd, &region, errno)
 *		the same as a sentence: "EEXIST: slot 3 at 0x0-0x9ffff is in the way
 *		(rule overlap)"
 *	slotscope_missing(): NULL, or why nothing can be compared here
 *
 * There is no library; libc and uapi/slotscope.h are all it takes. What is not named
 * above is private.
 */
#ifndef SLOTSCOPE_KSELFTEST_H
#define SLOTSCOPE_KSELFTEST_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "uapi/slotscope.h"

/* Where <linux/kvm.h> is older than Linux 6.8 */
#ifndef KVM_MEM_GUEST_MEMFD
#define KVM_MEM_GUEST_MEMFD (1UL << 2)
#endif
#ifndef KVM_CAP_USER_MEMORY2
#define KVM_CAP_USER_MEMORY2 231
#define KVM_CAP_GUEST_MEMFD  234
#endif

enum slotscope_result {
	SLOTSCOPE_DIFFERS,
	SLOTSCOPE_SAME,
	SLOTSCOPE_NOT_COMPARED,
};

/* slotscope_expect.any */
#define SLOTSCOPE_ANY_HVA   (1U << 0)
#define SLOTSCOPE_ANY_FLAGS (1U << 1)
#define SLOTSCOPE_ANY_GPA   (1U << 2)

/**
 * struct slotscope_expect - a slot that KVM should have
 *
 * It begins as struct kvm_userspace_memory_region2 does; @slot has the address
 * space in its upper half. The rest is told above.
 */
struct slotscope_expect {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 any;
	__u32 hidden;
	__u32 closed;
};

_Static_assert(offsetof(struct slotscope_expect, userspace_addr) ==
		       offsetof(struct kvm_userspace_memory_region,
				userspace_addr),
	       "an expectation begins as KVM's region does");

#define SLOTSCOPE_LIST(...) ((const struct slotscope_expect[]){ __VA_ARGS__ })
#define SLOTSCOPE_HERE	    __FILE__, __LINE__

#define EXPECT_MEMSLOTS(vm_fd, ...)                                           \
	slotscope_compare(SLOTSCOPE_HERE, vm_fd, SLOTSCOPE_LIST(__VA_ARGS__), \
			  sizeof(SLOTSCOPE_LIST(__VA_ARGS__)) /               \
				  sizeof(struct slotscope_expect))

#define EXPECT_MEMSLOTS_MATCH(vm)                                           \
	({                                                                  \
		struct slotscope_expects slotscope_list = {};               \
		struct userspace_mem_region *slotscope_region;              \
		int slotscope_bucket;                                       \
                                                                            \
		hash_for_each((vm)->regions.slot_hash, slotscope_bucket,    \
			      slotscope_region, slot_node)                  \
			slotscope_expects_add(                              \
				&slotscope_list, &slotscope_region->region, \
				sizeof(slotscope_region->region));          \
		slotscope_compare_and_free(SLOTSCOPE_HERE, (vm)->fd,        \
					   &slotscope_list);                \
	})

#define EXPECT_STAGE2(vm_fd) slotscope_stage2(SLOTSCOPE_HERE, vm_fd)

#define EXPECT_MEMSLOT_SWAPS(vm_fd, as_id, gen, swaps) \
	slotscope_swaps(SLOTSCOPE_HERE, vm_fd, as_id, gen, swaps)

#define EXPECT_MEMSLOT_RULE(vm_fd, region, error, rule)        \
	slotscope_expect_rule(SLOTSCOPE_HERE, vm_fd, (region), \
			      sizeof(*(region)), error, rule)

#define SLOTSCOPE_OR_EXIT(result)           \
	do {                                \
		if (!(result))              \
			exit(EXIT_FAILURE); \
	} while (0)

#define ASSERT_MEMSLOTS(vm_fd, ...) \
	SLOTSCOPE_OR_EXIT(EXPECT_MEMSLOTS(vm_fd, ##__VA_ARGS__))
#define ASSERT_MEMSLOTS_MATCH(vm) SLOTSCOPE_OR_EXIT(EXPECT_MEMSLOTS_MATCH(vm))
#define ASSERT_STAGE2(vm_fd)	  SLOTSCOPE_OR_EXIT(EXPECT_STAGE2(vm_fd))
#define ASSERT_MEMSLOT_SWAPS(vm_fd, as_id, gen, swaps) \
	SLOTSCOPE_OR_EXIT(EXPECT_MEMSLOT_SWAPS(vm_fd, as_id, gen, swaps))
#define ASSERT_MEMSLOT_RULE(vm_fd, region, error, rule) \
	SLOTSCOPE_OR_EXIT(EXPECT_MEMSLOT_RULE(vm_fd, region, error, rule))

#define slotscope_why(vm_fd, region, error) \
	slotscope_explain(vm_fd, (region), sizeof(*(region)), error)

/* ------------------------------------------------------------------ output */

/* All that one failure has to say, so that it is written at once */
struct slotscope_text {
	char *at;
	size_t len;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static inline void
slotscope_say(struct slotscope_text *text, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (text->len + len + 1 > text->room) {
		text->room = (text->len + len + 1) * 2;
		text->at = realloc(text->at, text->room);
		if (!text->at)
			abort();
	}
	va_start(ap, fmt);
	vsnprintf(text->at + text->len, len + 1, fmt, ap);
	va_end(ap);
	text->len += len;
}

/* Lines of KTAP that are no result */
static inline void slotscope_print(struct slotscope_text *text)
{
	fflush(stdout);
	if (text->at)
		fwrite(text->at, 1, text->len, stdout);
	fflush(stdout);
	free(text->at);
	*text = (struct slotscope_text){};
}

/* ------------------------------------------------------------- the module */

struct slotscope_state {
	int fd;	   /* of the device; 0: not opened yet, -1: cannot be */
	int owner; /* the process that tells at its exit what was compared */
	struct slotscope_info info;
	char why[256]; /* it cannot be opened */
	bool no_audit; /* the module is older than that */
	int no_stage2; /* errno: why it does not tell it */
	unsigned int same, differ, skipped;
};

static struct slotscope_state slotscope_state;

static inline void slotscope_at_exit(void)
{
	struct slotscope_state *s = &slotscope_state;
	struct slotscope_text text = {};

	if (s->owner != getpid())
		return;
	slotscope_say(&text, "# memslots: compared %u times, %u differed",
		      s->same + s->differ, s->differ);
	if (s->skipped)
		slotscope_say(&text, "; SKIP %u times not compared: %s",
			      s->skipped, s->why);
	else if (s->no_stage2)
		slotscope_say(&text, "; SKIP stage 2 not compared: %s",
			      s->no_stage2 == ENOTTY ?
				      "slotscope.ko is too old" :
				      strerror(s->no_stage2));
	else if (s->no_audit && s->same + s->differ)
		slotscope_say(&text,
			      "; SKIP indexes not audited: slotscope.ko "
			      "%u.%u cannot",
			      s->info.major, s->info.minor);
	slotscope_say(&text, "\n");
	slotscope_print(&text);
}

static inline int slotscope_open(struct slotscope_state *s)
{
	int fd = open(SLOTSCOPE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		snprintf(s->why, sizeof(s->why),
			 "open " SLOTSCOPE_DEVICE ": %s (%s)", strerror(errno),
			 errno == ENOENT ? "load slotscope.ko" :
					   "root alone may");
		return -1;
	}
	s->info = (struct slotscope_info){ .size = sizeof(s->info) };
	if (!ioctl(fd, SLOTSCOPE_INFO, &s->info) &&
	    s->info.major == SLOTSCOPE_MAJOR)
		return fd;
	snprintf(s->why, sizeof(s->why),
		 SLOTSCOPE_DEVICE " is of version %u.%u, this test of %u.%u",
		 s->info.major, s->info.minor, SLOTSCOPE_MAJOR,
		 SLOTSCOPE_MINOR);
	close(fd);
	return -1;
}

/* The first call should be of one thread: a second descriptor would be lost */
static inline int slotscope_device(void)
{
	struct slotscope_state *s = &slotscope_state;

	if (!s->fd)
		s->fd = slotscope_open(s);
	if (s->owner != getpid()) {
		s->same = s->differ = s->skipped = 0;
		if (!s->owner)
			atexit(slotscope_at_exit);
		s->owner = getpid();
	}
	return s->fd;
}

static inline const char *slotscope_missing(void)
{
	return slotscope_device() < 0 ? slotscope_state.why : NULL;
}

/* Said once; a test that was told to compare fails */
static inline enum slotscope_result slotscope_skip(const char *file, int line)
{
	const char *require = getenv("SLOTSCOPE_REQUIRE");
	struct slotscope_state *s = &slotscope_state;
	struct slotscope_text text = {};
	bool fail = require && strcmp(require, "0");

	if (fail || !s->skipped)
		slotscope_say(&text, "# %s:%d: %s: memslots not compared: %s\n",
			      file, line, fail ? "SLOTSCOPE_REQUIRE" : "SKIP",
			      s->why);
	__atomic_add_fetch(&s->skipped, 1, __ATOMIC_RELAXED);
	slotscope_print(&text);
	return fail ? SLOTSCOPE_DIFFERS : SLOTSCOPE_NOT_COMPARED;
}

/* What KVM holds; @slots is to be freed */
struct slotscope_held {
	struct slotscope_as as[8];
	__u32 nr_as;
	struct slotscope_slot *slots;
	__u32 nr;
};

static inline int slotscope_take_once(int vm_fd, bool with_slots, __u32 room,
				      struct slotscope_held *held)
{
	struct slotscope_snapshot req = {
		.size = sizeof(req),
		.flags = with_slots ? 0 : SLOTSCOPE_NO_SLOTS,
		.vm_fd = vm_fd,
		.as_addr = (uintptr_t)held->as,
		.as_size = sizeof(held->as[0]),
		.as_capacity = sizeof(held->as) / sizeof(held->as[0]),
		.slot_addr = (uintptr_t)held->slots,
		.slot_size = sizeof(held->slots[0]),
		.slot_capacity = room,
	};

	if (ioctl(slotscope_device(), SLOTSCOPE_SNAPSHOT, &req))
		return -errno;
	if (req.nr_as > req.nr_as_copied)
		return -E2BIG;
	held->nr_as = req.nr_as;
	held->nr = req.nr_slots;
	for (__u32 i = 0; i < req.nr_as; i++)
		if (held->as[i].flags & SLOTSCOPE_AS_UPDATING)
			return -EAGAIN;
	return req.nr_slots > req.nr_slots_copied ? -ENOSPC : 0;
}

/* Slots at rest: none of them is being changed at that moment */
static inline int slotscope_take(int vm_fd, bool with_slots,
				 struct slotscope_held *held)
{
	__u32 room = with_slots ? 64 : 0;
	int ret = -EAGAIN;

	*held = (struct slotscope_held){};
	for (int i = 0; i < 10000 && (ret == -EAGAIN || ret == -ENOSPC); i++) {
		if (ret == -ENOSPC)
			room = held->nr + held->nr / 8;
		else if (i)
			sched_yield();
		free(held->slots);
		held->slots = calloc(room, sizeof(held->slots[0]));
		if (room && !held->slots)
			return -ENOMEM;
		ret = slotscope_take_once(vm_fd, with_slots, room, held);
	}
	if (ret) {
		free(held->slots);
		held->slots = NULL;
	}
	return ret;
}

/* --------------------------------------------------------------- comparing */

/* Expectations collected one by one */
struct slotscope_expects {
	struct slotscope_expect *at;
	size_t nr;
};

static inline void slotscope_expects_add(struct slotscope_expects *list,
					 const void *region, size_t size)
{
	struct slotscope_expect *to;

	list->at = realloc(list->at, (list->nr + 1) * sizeof(*to));
	if (!list->at)
		abort();
	to = &list->at[list->nr++];
	*to = (struct slotscope_expect){};
	if (size > offsetof(struct slotscope_expect, any))
		size = offsetof(struct slotscope_expect, any);
	memcpy(to, region, size);
}

static inline __u32 slotscope_number(const struct slotscope_slot *slot)
{
	return slot->as_id << 16 | slot->id;
}

static inline int slotscope_order_expect(const void *a, const void *b)
{
	__u32 x = ((const struct slotscope_expect *)a)->slot;
	__u32 y = ((const struct slotscope_expect *)b)->slot;

	return (x > y) - (x < y);
}

static inline int slotscope_order_slot(const void *a, const void *b)
{
	__u32 x = slotscope_number(a);
	__u32 y = slotscope_number(b);

	return (x > y) - (x < y);
}

/* "0-fffff rw log, hva 7f0000000000", 90 bytes at most */
#define SLOTSCOPE_ROW 112

static inline const char *slotscope_row(char *buf, __u64 gpa, __u64 bytes,
					__u64 hva, __u32 flags, bool gmem,
					__u64 gmem_offset)
{
	int n = snprintf(buf, SLOTSCOPE_ROW, "%llx-%llx %s%s hva %llx",
			 (unsigned long long)gpa,
			 (unsigned long long)(gpa + bytes - 1),
			 flags & KVM_MEM_READONLY ? "ro" : "rw",
			 flags & KVM_MEM_LOG_DIRTY_PAGES ? " log" : "",
			 (unsigned long long)hva);

	if (flags & KVM_MEM_GUEST_MEMFD)
		snprintf(buf + n, SLOTSCOPE_ROW - n,
			 gmem ? " gmem+%llx" : " gmem closed",
			 (unsigned long long)gmem_offset);
	return buf;
}

static inline const char *slotscope_row_expect(char *buf,
					       const struct slotscope_expect *e)
{
	return slotscope_row(buf, e->guest_phys_addr, e->memory_size,
			     e->userspace_addr, e->flags, !e->closed,
			     e->guest_memfd_offset);
}

static inline const char *slotscope_row_slot(char *buf,
					     const struct slotscope_slot *s)
{
	return slotscope_row(buf, s->gpa, s->bytes, s->hva, s->mem_flags,
			     s->flags & SLOTSCOPE_SLOT_GMEM, s->gmem_offset);
}

/* What is wrong with one slot: a line each; returns how many */
static inline int slotscope_differences(struct slotscope_text *text,
					const struct slotscope_expect *e,
					const struct slotscope_slot *s)
{
	const __u32 known = 0xffff | SLOTSCOPE_MEM_INVALID;
	bool gmem = s->flags & SLOTSCOPE_SLOT_GMEM;
	struct stat st;
	int nr = 0;

#define SLOTSCOPE_IF(differs, member, wanted, has)                          \
	do {                                                                \
		if (differs) {                                              \
			slotscope_say(text,                                 \
				      "#   slot %u:%u: " member             \
				      " 0x%llx expected, KVM has 0x%llx\n", \
				      s->as_id, s->id,                      \
				      (unsigned long long)(wanted),         \
				      (unsigned long long)(has));           \
			nr++;                                               \
		}                                                           \
	} while (0)

	SLOTSCOPE_IF(!(e->any & SLOTSCOPE_ANY_GPA) &&
			     e->guest_phys_addr != s->gpa,
		     "guest_phys_addr", e->guest_phys_addr, s->gpa);
	SLOTSCOPE_IF(e->memory_size != s->bytes, "memory_size", e->memory_size,
		     s->bytes);
	SLOTSCOPE_IF(!(e->any & SLOTSCOPE_ANY_HVA) &&
			     e->userspace_addr != s->hva,
		     "userspace_addr", e->userspace_addr, s->hva);
	SLOTSCOPE_IF(!(e->any & SLOTSCOPE_ANY_FLAGS) &&
			     e->flags != (s->mem_flags & known),
		     "flags", e->flags, s->mem_flags & known);
	SLOTSCOPE_IF(!e->hidden != !(s->flags & SLOTSCOPE_SLOT_HIDDEN),
		     "KVM's own (hidden)", !!e->hidden,
		     !!(s->flags & SLOTSCOPE_SLOT_HIDDEN));
	if (!(e->flags & s->mem_flags & KVM_MEM_GUEST_MEMFD))
		return nr;
	SLOTSCOPE_IF(!!e->closed == gmem, "an open guest_memfd", !e->closed,
		     gmem);
	SLOTSCOPE_IF(
		gmem && !e->closed && e->guest_memfd_offset != s->gmem_offset,
		"guest_memfd_offset", e->guest_memfd_offset, s->gmem_offset);
	/* 0: of a module that does not tell it yet */
	if (gmem && !e->closed && (int)e->guest_memfd > 0 && s->gmem_ino &&
	    !fstat((int)e->guest_memfd, &st))
		SLOTSCOPE_IF(st.st_ino != s->gmem_ino, "guest_memfd's inode",
			     st.st_ino, s->gmem_ino);
#undef SLOTSCOPE_IF
	return nr;
}

/* Rows of both tables, and below what differs */
struct slotscope_report {
	struct slotscope_text table;
	struct slotscope_text what;
	unsigned int rows; /* in the table; the rest is counted */
	unsigned int left_out;
	unsigned int differ;
};

static inline void slotscope_report(struct slotscope_report *r,
				    const struct slotscope_expect *e,
				    const struct slotscope_slot *s)
{
	char left[SLOTSCOPE_ROW] = "-", right[SLOTSCOPE_ROW] = "-";
	__u32 number = e ? e->slot : slotscope_number(s);
	bool differs = true;

	if (e && s)
		differs = slotscope_differences(&r->what, e, s);
	else if (e)
		slotscope_say(&r->what,
			      "#   slot %u:%u: expected, KVM does not have "
			      "it\n",
			      number >> 16, number & 0xffff);
	else if (s->flags & SLOTSCOPE_SLOT_HIDDEN)
		differs = false;
	else
		slotscope_say(&r->what,
			      "#   slot %u:%u: KVM has it, not expected\n",
			      number >> 16, number & 0xffff);
	r->differ += differs;
	/* thousands of slots: those that differ, and not all of them */
	if (differs ? r->rows >= 64 : r->rows >= 32) {
		r->left_out++;
		return;
	}
	r->rows++;
	if (e)
		slotscope_row_expect(left, e);
	if (s)
		slotscope_row_slot(right, s);
	slotscope_say(
		&r->table, "# %c %u:%-5u %-47s %s%s\n", differs ? '!' : ' ',
		number >> 16, number & 0xffff, left, right,
		s && s->flags & SLOTSCOPE_SLOT_HIDDEN ? " (KVM's own)" : "");
}

static inline void slotscope_merge(struct slotscope_report *r,
				   struct slotscope_expect *expects, size_t nr,
				   struct slotscope_held *held)
{
	size_t i = 0, j = 0;
	__u32 a, b;

	if (nr)
		qsort(expects, nr, sizeof(*expects), slotscope_order_expect);
	if (held->nr)
		qsort(held->slots, held->nr, sizeof(*held->slots),
		      slotscope_order_slot);
	while (i < nr || j < held->nr) {
		a = i < nr ? expects[i].slot : ~0U;
		b = j < held->nr ? slotscope_number(&held->slots[j]) : ~0U;
		slotscope_report(r, a <= b ? &expects[i] : NULL,
				 b <= a ? &held->slots[j] : NULL);
		i += a <= b;
		j += b <= a;
	}
}

static inline enum slotscope_result slotscope_cannot(const char *file, int line,
						     int vm_fd, int error)
{
	struct slotscope_text text = {};

	slotscope_say(&text, "# %s:%d: memslots of descriptor %d: %s\n", file,
		      line, vm_fd,
		      error == -EBADFD ? "it is no VM" :
		      error == -EAGAIN ? "never at rest" :
					 strerror(-error));
	slotscope_print(&text);
	__atomic_add_fetch(&slotscope_state.differ, 1, __ATOMIC_RELAXED);
	return SLOTSCOPE_DIFFERS;
}

/*
 * KVM's three indexes, and its counts: a line for each fault. Returns how many, or a
 * negative errno; a module that cannot audit finds none, which is told at exit.
 */
static inline int slotscope_audit_indexes(int vm_fd,
					  struct slotscope_text *text)
{
	static const char *const what[] = {
		[SLOTSCOPE_FAULT_SLOT] = "it is no slot",
		[SLOTSCOPE_FAULT_ID_HASH] = "id_hash does not find it",
		[SLOTSCOPE_FAULT_GFN_TREE] = "it is not in gfn_tree",
		[SLOTSCOPE_FAULT_GFN_ORDER] = "gfn_tree is not in order",
		[SLOTSCOPE_FAULT_HVA_TREE] = "it is not in hva_tree",
		[SLOTSCOPE_FAULT_HVA_RANGE] = "hva_tree has another range",
		[SLOTSCOPE_FAULT_HVA_ORDER] = "hva_tree is not in order",
		[SLOTSCOPE_FAULT_SETS] = "the two sets differ",
		[SLOTSCOPE_FAULT_NR_PAGES] = "nr_memslot_pages is wrong",
		[SLOTSCOPE_FAULT_LOOP] = "an index goes round",
		[SLOTSCOPE_FAULT_NR_DIRTY_LOGGING] =
			"nr_memslots_dirty_logging is wrong",
	};
	struct slotscope_fault faults[16] = {};
	struct slotscope_audit audit = {
		.size = sizeof(audit),
		.vm_fd = vm_fd,
		.fault_addr = (uintptr_t)faults,
		.fault_size = sizeof(faults[0]),
		.fault_capacity = sizeof(faults) / sizeof(faults[0]),
	};

	if (ioctl(slotscope_device(), SLOTSCOPE_AUDIT, &audit)) {
		if (errno != ENOTTY)
			return -errno;
		slotscope_state.no_audit = true;
		return 0;
	}
	for (__u32 i = 0; i < audit.nr_copied; i++) {
		const struct slotscope_fault *f = &faults[i];
		bool known = f->what < sizeof(what) / sizeof(what[0]) &&
			     what[f->what];

		slotscope_say(text,
			      "#   slot %u:%d at 0x%llx, %s set: %s (0x%llx, "
			      "not 0x%llx)\n",
			      f->as_id, f->id, (unsigned long long)f->gpa,
			      f->set ? "inactive" : "active",
			      known ? what[f->what] : "an unknown fault",
			      (unsigned long long)f->seen,
			      (unsigned long long)f->expected);
	}
	if (audit.nr_faults > audit.nr_copied)
		slotscope_say(text, "#   ... %u more\n",
			      audit.nr_faults - audit.nr_copied);
	return audit.nr_faults;
}

static inline enum slotscope_result
slotscope_compare(const char *file, int line, int vm_fd,
		  const struct slotscope_expect *expects, size_t nr)
{
	struct slotscope_expect *sorted;
	struct slotscope_report r = {};
	struct slotscope_held held;
	struct slotscope_text text = {}, indexes = {};
	bool differ;
	int ret, faults;

	if (slotscope_device() < 0)
		return slotscope_skip(file, line);
	ret = slotscope_take(vm_fd, true, &held);
	if (ret)
		return slotscope_cannot(file, line, vm_fd, ret);
	faults = slotscope_audit_indexes(vm_fd, &indexes);
	if (faults < 0) {
		free(held.slots);
		return slotscope_cannot(file, line, vm_fd, faults);
	}
	sorted = calloc(nr + 1, sizeof(*sorted));
	if (!sorted)
		abort();
	if (nr)
		memcpy(sorted, expects, nr * sizeof(*sorted));
	slotscope_merge(&r, sorted, nr, &held);
	free(sorted);
	free(held.slots);
	if (r.differ) {
		slotscope_say(&text,
			      "# %s:%d: memslots differ: %u of %zu expected, "
			      "%u that KVM has\n#   %-7s %-47s %s\n%s",
			      file, line, r.differ, nr, held.nr, "as:slot",
			      "expected", "KVM has", r.table.at);
		if (r.left_out)
			slotscope_say(&text, "#   ... %u more\n", r.left_out);
		slotscope_say(&text, "%s", r.what.at);
	}
	if (faults)
		slotscope_say(&text, "# %s:%d: KVM's own indexes disagree:\n%s",
			      file, line, indexes.at);
	slotscope_print(&text);
	differ = r.differ || faults;
	free(indexes.at);
	free(r.table.at);
	free(r.what.at);
	__atomic_add_fetch(differ ? &slotscope_state.differ :
				    &slotscope_state.same,
			   1, __ATOMIC_RELAXED);
	return differ ? SLOTSCOPE_DIFFERS : SLOTSCOPE_SAME;
}

static inline enum slotscope_result
slotscope_compare_and_free(const char *file, int line, int vm_fd,
			   struct slotscope_expects *list)
{
	enum slotscope_result result =
		slotscope_compare(file, line, vm_fd, list->at, list->nr);

	free(list->at);
	return result;
}

/* ----------------------------------------------------------------- stage 2 */

#define SLOTSCOPE_PAGE 4096ULL

/* What is looked at, and with what */
struct slotscope_look {
	int vm_fd;
	int pagemap;
	struct slotscope_held held;
	struct slotscope_text text;
	unsigned int wrong;
};

static inline int slotscope_maps(const struct slotscope_look *look, __u32 as_id,
				 __u64 gpa, __u64 bytes,
				 struct slotscope_mapping *maps, __u32 room,
				 struct slotscope_stage2 *req)
{
	*req = (struct slotscope_stage2){
		.size = sizeof(*req),
		.vm_fd = look->vm_fd,
		.as_id = as_id,
		.gpa = gpa,
		.bytes = bytes,
		.mapping_addr = (uintptr_t)maps,
		.mapping_size = sizeof(*maps),
		.mapping_capacity = room,
	};
	return ioctl(slotscope_device(), SLOTSCOPE_STAGE2, req) ? -errno : 0;
}

/* Address of the page that this process has there; 0 for none */
static inline __u64 slotscope_host_page(const struct slotscope_look *look,
					__u64 hva)
{
	__u64 word;

	if (pread(look->pagemap, &word, sizeof(word),
		  hva / SLOTSCOPE_PAGE * sizeof(word)) != sizeof(word) ||
	    !(word >> 63))
		return 0;
	return (word & ((1ULL << 55) - 1)) * SLOTSCOPE_PAGE;
}

static inline const struct slotscope_slot *
slotscope_slot_at(const struct slotscope_look *look, __u32 as_id, __u64 gpa)
{
	for (__u32 i = 0; i < look->held.nr; i++) {
		const struct slotscope_slot *slot = &look->held.slots[i];

		if (slot->as_id == as_id && gpa - slot->gpa < slot->bytes)
			return slot;
	}
	return NULL;
}

/* NULL, or what is wrong with the page at @gpa, and the page that it should be */
static inline const char *
slotscope_page_wrong(const struct slotscope_look *look,
		     const struct slotscope_mapping *map, __u32 as_id,
		     __u64 gpa, __u64 *host)
{
	const struct slotscope_slot *slot = slotscope_slot_at(look, as_id, gpa);

	*host = 0;
	if (!slot)
		return "no slot is there";
	if (map->flags & SLOTSCOPE_MAP_WRITABLE &&
	    slot->mem_flags & KVM_MEM_READONLY)
		return "it may be written, and the slot is read-only";
	if (slot->mem_flags & KVM_MEM_GUEST_MEMFD || !slot->hva)
		return NULL;
	*host = slotscope_host_page(look, slot->hva + (gpa - slot->gpa));
	if (!*host)
		return "the host has no page there";
	return *host == map->hpa + (gpa - map->gpa) ?
		       NULL :
		       "the host has another page";
}

/*
 * KVM unmaps a page before the host does, so that while a mapping stands both have the
 * same. The mapping is therefore read before and after the host's page, and what
 * differs is looked at again. What moves each time was never seen to be wrong.
 */
static inline void slotscope_look_at_page(struct slotscope_look *look,
					  const struct slotscope_mapping *first,
					  __u32 as_id, __u64 gpa)
{
	struct slotscope_mapping map = *first, after;
	struct slotscope_stage2 req;
	const char *why = NULL;
	int stands = 0;
	__u64 host;

	for (int i = 0; i < 16 && stands < 3; i++) {
		why = slotscope_page_wrong(look, &map, as_id, gpa, &host);
		if (!why ||
		    slotscope_maps(look, as_id, gpa, SLOTSCOPE_PAGE, &after, 1,
				   &req) ||
		    !req.nr_copied)
			return;
		stands = after.hpa - after.gpa == map.hpa - map.gpa &&
					 !((after.flags ^ map.flags) &
					   SLOTSCOPE_MAP_WRITABLE) ?
				 stands + 1 :
				 0;
		map = after;
	}
	if (stands < 3 || look->wrong++ >= 32)
		return;
	slotscope_say(
		&look->text,
		"#   0x%llx of address space %u is host page 0x%llx%s: %s",
		(unsigned long long)gpa, as_id,
		(unsigned long long)(map.hpa + (gpa - map.gpa)),
		map.flags & SLOTSCOPE_MAP_WRITABLE ? "" : ", read-only", why);
	if (host)
		slotscope_say(&look->text, ", 0x%llx",
			      (unsigned long long)host);
	slotscope_say(&look->text, "\n");
}

static inline int slotscope_look_at_as(struct slotscope_look *look, __u32 as_id)
{
	struct slotscope_mapping maps[128];
	struct slotscope_stage2 req = {};
	const __u64 end = 1ULL << 52;
	int ret;

	while (req.next_gpa < end) {
		ret = slotscope_maps(look, as_id, req.next_gpa,
				     end - req.next_gpa, maps,
				     sizeof(maps) / sizeof(maps[0]), &req);
		if (ret)
			return ret;
		for (__u32 i = 0; i < req.nr_copied; i++)
			for (__u64 at = 0; at < maps[i].bytes;
			     at += SLOTSCOPE_PAGE)
				slotscope_look_at_page(look, &maps[i], as_id,
						       maps[i].gpa + at);
	}
	return 0;
}

static inline enum slotscope_result slotscope_stage2(const char *file, int line,
						     int vm_fd)
{
	struct slotscope_look look = { .vm_fd = vm_fd };
	struct slotscope_text text = {};
	int ret;

	if (slotscope_device() < 0)
		return slotscope_skip(file, line);
	look.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (look.pagemap < 0)
		return slotscope_cannot(file, line, vm_fd, -errno);
	ret = slotscope_take(vm_fd, true, &look.held);
	for (__u32 as_id = 0; as_id < look.held.nr_as && !ret; as_id++)
		ret = slotscope_look_at_as(&look, as_id);
	free(look.held.slots);
	close(look.pagemap);
	if (ret == -ENOTTY || ret == -EOPNOTSUPP) {
		slotscope_state.no_stage2 = -ret;
		return SLOTSCOPE_NOT_COMPARED;
	}
	if (ret) {
		free(look.text.at);
		return slotscope_cannot(file, line, vm_fd, ret);
	}
	if (look.wrong)
		slotscope_say(
			&text,
			"# %s:%d: KVM's page tables have %u wrong pages:\n"
			"%s",
			file, line, look.wrong, look.text.at);
	slotscope_print(&text);
	free(look.text.at);
	__atomic_add_fetch(look.wrong ? &slotscope_state.differ :
					&slotscope_state.same,
			   1, __ATOMIC_RELAXED);
	return look.wrong ? SLOTSCOPE_DIFFERS : SLOTSCOPE_SAME;
}

/* ------------------------------------------------------------- generations */

/* 0: there is no module, or no such address space */
static inline __u64 slotscope_generation(int vm_fd, unsigned int as_id)
{
	struct slotscope_held held;

	if (slotscope_device() < 0 || slotscope_take(vm_fd, false, &held) ||
	    as_id >= held.nr_as)
		return 0;
	return held.as[as_id].generation;
}

/* Each swap of a set adds the number of address spaces */
static inline enum slotscope_result
slotscope_swaps(const char *file, int line, int vm_fd, unsigned int as_id,
		__u64 *generation, unsigned int swaps)
{
	struct slotscope_held held;
	struct slotscope_text text = {};
	__u64 before = *generation, now;
	int ret;

	if (slotscope_device() < 0)
		return slotscope_skip(file, line);
	ret = slotscope_take(vm_fd, false, &held);
	if (!ret && as_id >= held.nr_as)
		ret = -ENOENT;
	if (ret)
		return slotscope_cannot(file, line, vm_fd, ret);
	now = *generation = held.as[as_id].generation;
	if (now == before + swaps * held.nr_as) {
		__atomic_add_fetch(&slotscope_state.same, 1, __ATOMIC_RELAXED);
		return SLOTSCOPE_SAME;
	}
	slotscope_say(&text,
		      "# %s:%d: memslots of address space %u: generation %llu, "
		      "after %llu and %u swaps it should be %llu\n",
		      file, line, as_id, (unsigned long long)now,
		      (unsigned long long)before, swaps,
		      (unsigned long long)before + swaps * held.nr_as);
	slotscope_print(&text);
	__atomic_add_fetch(&slotscope_state.differ, 1, __ATOMIC_RELAXED);
	return SLOTSCOPE_DIFFERS;
}

/* ------------------------------------------------------------------- rules */

/*
 * Why KVM refused a region: the tests that it makes, in its own order, on the
 * slots that it holds now, which a refusal has not changed. Whose guest_memfd it
 * is, and the width of a guest's address, cannot be asked for: they are the answer
 * if nothing else is.
 */
struct slotscope_judge {
	const struct slotscope_expect *r; /* what was asked for */
	bool region2;
	int vm_fd;
	int error; /* positive */
	const struct slotscope_held *held;
	const struct slotscope_slot *old; /* that has the id */
	const char *rule;
	char why[192];
};

__attribute__((format(printf, 5, 6))) static inline bool
slotscope_broken(struct slotscope_judge *j, bool broken, const char *rule,
		 int error, const char *fmt, ...)
{
	va_list ap;

	if (!broken)
		return false;
	/* It would have been this errno: so there is a cause that is not seen */
	if (error != j->error)
		return true;
	j->rule = rule;
	va_start(ap, fmt);
	vsnprintf(j->why, sizeof(j->why), fmt, ap);
	va_end(ap);
	return true;
}

static inline int slotscope_cap(const struct slotscope_judge *j, int cap)
{
	int ret = ioctl(j->vm_fd, KVM_CHECK_EXTENSION, cap);

	return ret > 0 ? ret : 0;
}

/* Where user space ends. An address above is only given if it is asked for */
static inline __u64 slotscope_hva_end(void)
{
	const __u64 page = sysconf(_SC_PAGESIZE);
	__u64 end = (1ULL << 47) - page;
	void *p;

	p = mmap((void *)(uintptr_t)(1ULL << 48), page, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p != MAP_FAILED) {
		if ((uintptr_t)p >= 1ULL << 47)
			end = (1ULL << 56) - page;
		munmap(p, page);
	}
	return end;
}

static inline bool slotscope_words(struct slotscope_judge *j)
{
	const struct slotscope_expect *r = j->r;
	__u32 flags = r->flags, ids = slotscope_cap(j, KVM_CAP_NR_MEMSLOTS);
	__u32 as = slotscope_cap(j, KVM_CAP_MULTI_ADDRESS_SPACE);
	__u64 in_page = sysconf(_SC_PAGESIZE) - 1;
	__u64 hva_end = r->userspace_addr + r->memory_size;
	bool gmem = flags & KVM_MEM_GUEST_MEMFD;
	bool has_region2 = slotscope_cap(j, KVM_CAP_USER_MEMORY2);
	const __u32 v1 = KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY;

#define SLOTSCOPE_RULE(cond, rule, ...)                                   \
	do {                                                              \
		if (slotscope_broken(j, cond, rule, EINVAL, __VA_ARGS__)) \
			return true;                                      \
	} while (0)

	if (slotscope_broken(j, j->region2 && !has_region2, "region2", ENOTTY,
			     "the kernel has no KVM_SET_USER_MEMORY_REGION2"))
		return true;
	SLOTSCOPE_RULE(!j->region2 && has_region2 && flags & ~v1, "v1-flags",
		       "flags 0x%x need KVM_SET_USER_MEMORY_REGION2", flags);
	SLOTSCOPE_RULE((r->slot & 0xffff) >= ids, "slot-id",
		       "slot id %u is not below %u", r->slot & 0xffff, ids);
	SLOTSCOPE_RULE(flags & ~(v1 | KVM_MEM_GUEST_MEMFD), "flags",
		       "flags 0x%x are not known",
		       (__u32)(flags & ~(v1 | KVM_MEM_GUEST_MEMFD)));
	SLOTSCOPE_RULE(gmem && !slotscope_cap(j, KVM_CAP_GUEST_MEMFD),
		       "gmem-cap", "this VM can have no guest_memfd");
	SLOTSCOPE_RULE(gmem && flags & KVM_MEM_LOG_DIRTY_PAGES, "gmem-dirty",
		       "guest_memfd cannot have a dirty log");
	SLOTSCOPE_RULE(gmem && flags & KVM_MEM_READONLY, "gmem-readonly",
		       "guest_memfd cannot be read-only");
	SLOTSCOPE_RULE(flags & KVM_MEM_READONLY &&
			       !slotscope_cap(j, KVM_CAP_READONLY_MEM),
		       "readonly-cap", "this VM can have no read-only slots");
	SLOTSCOPE_RULE(r->memory_size & in_page, "size-align",
		       "size 0x%llx is no multiple of a page",
		       (unsigned long long)r->memory_size);
	SLOTSCOPE_RULE(r->guest_phys_addr & in_page, "gpa-align",
		       "no page begins at guest address 0x%llx",
		       (unsigned long long)r->guest_phys_addr);
	SLOTSCOPE_RULE(r->userspace_addr & in_page, "hva-align",
		       "no page begins at host address 0x%llx",
		       (unsigned long long)r->userspace_addr);
	SLOTSCOPE_RULE(hva_end < r->userspace_addr ||
			       hva_end > slotscope_hva_end(),
		       "hva-range",
		       "host addresses 0x%llx to 0x%llx are not user space's",
		       (unsigned long long)r->userspace_addr,
		       (unsigned long long)hva_end);
	SLOTSCOPE_RULE(gmem && r->guest_memfd_offset & in_page, "gmem-align",
		       "no page begins at the guest_memfd's offset 0x%llx",
		       (unsigned long long)r->guest_memfd_offset);
	SLOTSCOPE_RULE(gmem && r->guest_memfd_offset + r->memory_size <
				       r->guest_memfd_offset,
		       "gmem-wrap", "offset and size are beyond 64 bits");
	SLOTSCOPE_RULE(r->slot >> 16 >= (as ? as : 1), "as-id",
		       "there is no address space %u", r->slot >> 16);
	SLOTSCOPE_RULE(r->guest_phys_addr + r->memory_size < r->guest_phys_addr,
		       "gpa-wrap", "guest address and size are beyond 64 bits");
	SLOTSCOPE_RULE(r->memory_size / (in_page + 1) > (1ULL << 31) - 1,
		       "max-pages", "a slot has less than 2^31 pages");
	return false;
}

static inline bool slotscope_change(struct slotscope_judge *j)
{
	const struct slotscope_slot *old = j->old;
	const struct slotscope_expect *r = j->r;
	__u32 id = r->slot & 0xffff;

	if (!r->memory_size) {
		SLOTSCOPE_RULE(!old, "delete-absent",
			       "there is no slot %u to delete", id);
		return true;
	}
	if (!old)
		return false;
	SLOTSCOPE_RULE(r->flags & KVM_MEM_GUEST_MEMFD, "gmem-immutable",
		       "slot %u is there, with guest_memfd it cannot be "
		       "changed",
		       id);
	SLOTSCOPE_RULE(r->userspace_addr != old->hva, "hva-changed",
		       "slot %u has host address 0x%llx", id,
		       (unsigned long long)old->hva);
	SLOTSCOPE_RULE(r->memory_size != old->bytes, "size-changed",
		       "slot %u has 0x%llx bytes", id,
		       (unsigned long long)old->bytes);
	SLOTSCOPE_RULE((r->flags ^ old->mem_flags) & KVM_MEM_READONLY,
		       "readonly-changed", "slot %u is %s", id,
		       old->mem_flags & KVM_MEM_READONLY ? "read-only" :
							   "read-write");
	SLOTSCOPE_RULE(old->mem_flags & KVM_MEM_GUEST_MEMFD, "gmem-dropped",
		       "slot %u has guest_memfd", id);
	/* no move: flags alone, or nothing. No rule is left */
	return r->guest_phys_addr == old->gpa;
}

static inline bool slotscope_overlap(struct slotscope_judge *j)
{
	const struct slotscope_slot *s;
	__u64 gpa = j->r->guest_phys_addr;

	for (__u32 i = 0; i < j->held->nr; i++) {
		s = &j->held->slots[i];
		if (s == j->old || s->as_id != j->r->slot >> 16 ||
		    gpa + j->r->memory_size <= s->gpa ||
		    s->gpa + s->bytes <= gpa)
			continue;
		return slotscope_broken(
			j, true, "overlap", EEXIST,
			"%sslot %u at 0x%llx-0x%llx is in the "
			"way",
			s->flags & SLOTSCOPE_SLOT_HIDDEN ? "KVM's own " : "",
			s->id, (unsigned long long)s->gpa,
			(unsigned long long)(s->gpa + s->bytes - 1));
	}
	return false;
}

/* What of the same guest_memfd another slot has */
static inline const struct slotscope_slot *
slotscope_bound(const struct slotscope_judge *j, __u64 ino)
{
	const struct slotscope_expect *r = j->r;
	const struct slotscope_slot *s;

	for (__u32 i = 0; i < j->held->nr; i++) {
		s = &j->held->slots[i];
		if (s->flags & SLOTSCOPE_SLOT_GMEM && s->gmem_ino == ino &&
		    s->gmem_offset < r->guest_memfd_offset + r->memory_size &&
		    r->guest_memfd_offset < s->gmem_offset + s->bytes)
			return s;
	}
	return NULL;
}

static inline bool slotscope_gmem(struct slotscope_judge *j)
{
	const struct slotscope_expect *r = j->r;
	int fd = (int)r->guest_memfd;
	const struct slotscope_slot *bound;
	char path[40], link[40] = "";
	struct stat st;

	if (slotscope_broken(j, fcntl(fd, F_GETFD) < 0, "gmem-fd", EBADF,
			     "descriptor %d is not open", fd))
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		link[0] = '\0';
	SLOTSCOPE_RULE(!strstr(link, "kvm-gmem") && !strstr(link, "kvm_gmem"),
		       "gmem-foreign", "descriptor %d is no guest_memfd", fd);
	SLOTSCOPE_RULE(!fstat(fd, &st) &&
			       r->guest_memfd_offset + r->memory_size >
				       (__u64)st.st_size,
		       "gmem-end", "guest_memfd %d ends at 0x%llx", fd,
		       (unsigned long long)st.st_size);
#undef SLOTSCOPE_RULE
	bound = fstat(fd, &st) ? NULL : slotscope_bound(j, st.st_ino);
	/* EEXIST in newer kernels */
	if (bound && (j->error == EINVAL || j->error == EEXIST))
		return slotscope_broken(j, true, "gmem-bound", j->error,
					"that part of guest_memfd %d has slot "
					"%u already",
					fd, bound->id);
	return false;
}

static inline void slotscope_judge(struct slotscope_judge *j)
{
	const struct slotscope_expect *r = j->r;

	for (__u32 i = 0; i < j->held->nr && !j->old; i++)
		if (slotscope_number(&j->held->slots[i]) == r->slot)
			j->old = &j->held->slots[i];
	if (slotscope_words(j) || slotscope_change(j) || slotscope_overlap(j))
		return;
	if (r->flags & KVM_MEM_GUEST_MEMFD && slotscope_gmem(j))
		return;
	/* No guest has less than 36 bits; how many it has KVM does not tell */
	if ((j->error == EINVAL || j->error == EFAULT) &&
	    r->guest_phys_addr + r->memory_size > 1ULL << 36)
		slotscope_broken(j, true, "gpa-range", j->error,
				 "0x%llx is beyond the guest's addresses",
				 (unsigned long long)(r->guest_phys_addr +
						      r->memory_size - 1));
	else if (j->error == EINVAL && r->flags & KVM_MEM_GUEST_MEMFD)
		slotscope_broken(j, true, "gmem-foreign", EINVAL,
				 "guest_memfd %d is another VM's",
				 (int)r->guest_memfd);
}

/* 0, or why KVM's slots could not be read */
static inline int slotscope_judge_region(struct slotscope_judge *j, int vm_fd,
					 const void *region, size_t size,
					 int error)
{
	struct slotscope_expects list = {};
	struct slotscope_held held;
	int ret;

	*j = (struct slotscope_judge){
		.region2 = size > sizeof(struct kvm_userspace_memory_region),
		.vm_fd = vm_fd,
		.error = error < 0 ? -error : error,
	};
	if (slotscope_device() < 0)
		return -ENODEV;
	ret = slotscope_take(vm_fd, true, &held);
	if (ret)
		return ret;
	slotscope_expects_add(&list, region, size);
	j->r = list.at;
	j->held = &held;
	slotscope_judge(j);
	free(list.at);
	free(held.slots);
	return 0;
}

static inline const char *slotscope_explain(int vm_fd, const void *region,
					    size_t size, int error)
{
	static __thread char buf[320];
	struct slotscope_judge j;
	int ret = slotscope_judge_region(&j, vm_fd, region, size, error);

	if (ret == -ENODEV)
		snprintf(buf, sizeof(buf), "%s: not explained: %s",
			 strerror(j.error), slotscope_state.why);
	else if (ret)
		snprintf(buf, sizeof(buf), "%s: not explained: %s",
			 strerror(j.error), strerror(-ret));
	else if (!j.rule)
		snprintf(buf, sizeof(buf), "%s: no rule on slots explains it",
			 strerror(j.error));
	else
		snprintf(buf, sizeof(buf), "%s: %s (rule %s)",
			 strerror(j.error), j.why, j.rule);
	return buf;
}

static inline enum slotscope_result
slotscope_expect_rule(const char *file, int line, int vm_fd, const void *region,
		      size_t size, int error, const char *rule)
{
	struct slotscope_text text = {};
	struct slotscope_judge j;
	int ret = slotscope_judge_region(&j, vm_fd, region, size, error);
	bool same = !ret && j.rule && !strcmp(j.rule, rule);

	if (ret == -ENODEV)
		return slotscope_skip(file, line);
	if (ret)
		return slotscope_cannot(file, line, vm_fd, ret);
	__atomic_add_fetch(same ? &slotscope_state.same :
				  &slotscope_state.differ,
			   1, __ATOMIC_RELAXED);
	if (same)
		return SLOTSCOPE_SAME;
	slotscope_say(&text, "# %s:%d: rule %s was expected, it was: %s\n",
		      file, line, rule,
		      slotscope_explain(vm_fd, region, size, error));
	slotscope_print(&text);
	return SLOTSCOPE_DIFFERS;
}

#endif /* SLOTSCOPE_KSELFTEST_H */
