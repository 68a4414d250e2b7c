/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short ways to write states and logs in tests */
#ifndef VIEW_MAKE_H
#define VIEW_MAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <slotscope/view.h>

#define KiB	      (1ULL << 10)
#define MiB	      (1ULL << 20)
#define GiB	      (1ULL << 30)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Where the VMM of these tests has its memory */
#define HVA 0x7f0000000000ULL

static inline struct slot slot_of(int as_id, int id, gpa_t gpa, uint64_t size,
				  hva_t hva, uint32_t flags)
{
	struct slot slot = { .as_id = as_id,
			     .id = id,
			     .gpa = gpa,
			     .size = size,
			     .hva = hva,
			     .flags = flags,
			     .gmem_fd = -1,
			     .seq = 0 };

	return slot;
}

/* An event of VM 1; the time is 1000 ns for each seq */
static inline struct slot_event event_of(enum slot_event_type type,
					 uint64_t seq)
{
	struct slot_event event = { .seq = seq,
				    .time_ns = seq * 1000,
				    .serial = 1,
				    .tgid = 100,
				    .tid = 101,
				    .comm = "vmm",
				    .type = type };

	return event;
}

static inline void log_add(struct slot_log *log, struct slot_event event)
{
	assert_int_equal(slot_log_add(log, &event), 0);
}

static inline void log_vm_create(struct slot_log *log, uint64_t seq)
{
	struct slot_event event = event_of(SLOT_EVENT_VM_CREATE, seq);

	event.vm.fd = 9;
	event.vm.serial = 1;
	log_add(log, event);
}

static inline void log_base(struct slot_log *log, uint64_t seq,
			    struct slot slot)
{
	struct slot_event event = event_of(SLOT_EVENT_BASE, seq);

	event.base = slot;
	log_add(log, event);
}

static inline void log_base_end(struct slot_log *log, uint64_t seq, int as_id,
				uint64_t generation)
{
	struct slot_event event = event_of(SLOT_EVENT_BASE_END, seq);

	event.base_end.as_id = as_id;
	event.base_end.generation = generation;
	log_add(log, event);
}

static inline void log_lost(struct slot_log *log, uint64_t seq, uint64_t count)
{
	struct slot_event event = event_of(SLOT_EVENT_LOST, seq);

	event.serial = 0;
	event.lost.reason = SLOT_LOST_RING_FULL;
	event.lost.count = count;
	log_add(log, event);
}

/* size 0 in @old: a creation; in @new: a deletion */
static inline void log_change(struct slot_log *log, uint64_t seq,
			      struct slot old, struct slot new,
			      uint64_t generation, int result)
{
	struct slot_event event = event_of(SLOT_EVENT_CHANGE, seq);

	event.change.before = old;
	event.change.after = new;
	event.change.generation = generation;
	event.change.result = result;
	if (!old.size)
		event.change.kind = SLOT_CREATE;
	else if (!new.size)
		event.change.kind = SLOT_DELETE;
	else if (old.gpa != new.gpa)
		event.change.kind = SLOT_MOVE;
	else
		event.change.kind = SLOT_FLAGS_ONLY;
	log_add(log, event);
}

static inline void log_request(struct slot_log *log, uint64_t seq,
			       struct slot slot, int result)
{
	struct slot_event event = event_of(SLOT_EVENT_REQUEST, seq);

	event.request.slot = (uint32_t)slot.as_id << 16 | slot.id;
	event.request.flags = slot.flags;
	event.request.gpa = slot.gpa;
	event.request.size = slot.size;
	event.request.hva = slot.hva;
	event.request.gmem_fd = -1;
	event.request.result = result;
	log_add(log, event);
}

static inline void state_add(struct slot_state *state, struct slot slot)
{
	assert_int_equal(slot_state_add(state, &slot), 0);
}

/* A state that covers @nr_as address spaces and all fields */
static inline void state_make(struct slot_state *state, enum party_id party,
			      size_t nr_as)
{
	slot_state_init(state, party);
	assert_int_equal(slot_state_set_nr_as(state, nr_as), 0);
	for (size_t i = 0; i < nr_as; i++)
		state->as[i].covered = true;
	state->coverage.fields = SLOT_FIELDS_ALL;
}

static inline void assert_slot(const struct slot *slot, struct slot want)
{
	assert_non_null(slot);
	assert_int_equal(slot->as_id, want.as_id);
	assert_int_equal(slot->id, want.id);
	assert_true(slot->gpa == want.gpa);
	assert_true(slot->size == want.size);
	assert_true(slot->hva == want.hva);
	assert_int_equal(slot->flags, want.flags);
}

#endif
