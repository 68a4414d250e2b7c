/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small VM as all views have it, to be broken by tests */
#ifndef CHECK_MAKE_H
#define CHECK_MAKE_H

#include <slotscope/check.h>

#include "view_make.h"

/* The places of the views; three of them with slots */
enum { MODEL, TRACED, KERNEL, BACKING, VIEWS };
#define SLOT_VIEWS BACKING

struct views {
	struct slot_state state[SLOT_VIEWS];
	struct host_map map;
	struct slot_log log;
	struct view view[VIEWS];
	struct check_input input;
	struct comparison made;
	struct findings found; /* borrowed from the comparison */
};

/* What a QEMU's flat view can tell */
#define MODEL_FIELDS                                         \
	(SLOT_FIELD_GPA | SLOT_FIELD_SIZE | SLOT_FIELD_HVA | \
	 SLOT_FIELD_READONLY)

/* Three views that know nothing yet, of a VM with two address spaces */
static inline void views_init(struct views *v)
{
	static const enum party_id parties[] = { PARTY_MODEL, PARTY_TRACED,
						 PARTY_KERNEL, PARTY_BACKING };

	memset(v, 0, sizeof(*v));
	for (int view = 0; view < SLOT_VIEWS; view++) {
		state_make(&v->state[view], parties[view], 2);
		v->state[view].as[0].generation = 20;
		v->state[view].as[1].generation = 21;
		v->view[view].slots = &v->state[view];
	}
	for (int view = 0; view < VIEWS; view++)
		v->view[view].party = parties[view];
	v->input.views = v->view;
	v->input.nr_views = VIEWS;
	v->state[MODEL].coverage.fields = MODEL_FIELDS;
	slot_log_init(&v->log);
	v->input.log = &v->log;
	v->input.serial = 1;
	v->input.page_size = 4096;
}

static inline void views_deinit(struct views *v)
{
	comparison_deinit(&v->made);
	for (int view = 0; view < SLOT_VIEWS; view++)
		slot_state_deinit(&v->state[view]);
	host_map_deinit(&v->map);
	slot_log_deinit(&v->log);
}

static inline void model_add(struct views *v, int as_id, const char *name,
			     gpa_t gpa, uint64_t size, hva_t hva,
			     uint32_t flags)
{
	struct slot slot = slot_of(as_id, -1, gpa, size, hva, flags);

	slot.name = (char *)name;
	slot.offset = hva - HVA;
	state_add(&v->state[MODEL], slot);
}

/* KVM has it, and the tracer saw it made */
static inline void kvm_add(struct views *v, int as_id, int id, gpa_t gpa,
			   uint64_t size, hva_t hva, uint32_t flags)
{
	struct slot slot = slot_of(as_id, id, gpa, size, hva, flags);

	state_add(&v->state[TRACED], slot);
	state_add(&v->state[KERNEL], slot);
}

/* Mappings of one path are one file, whose offsets go on with the addresses */
static inline void map_add(struct views *v, hva_t start, uint64_t size,
			   const char *rights, const char *path)
{
	struct host_range *range;

	v->map.ranges = reallocarray(v->map.ranges, v->map.nr + 1,
				     sizeof(*v->map.ranges));
	assert_non_null(v->map.ranges);
	range = &v->map.ranges[v->map.nr++];
	memset(range, 0, sizeof(*range));
	range->start = start;
	range->end = start + size;
	range->read = rights[0] == 'r';
	range->write = rights[1] == 'w';
	range->shared = rights[2] == 's';
	range->path = path ? strdup(path) : NULL;
	range->file = path ? HOST_FILE_REGULAR : HOST_FILE_NONE;
	range->reach = UINT64_MAX;
	range->offset = path ? start - HVA : 0;
	for (; path && *path; path++)
		range->inode = range->inode * 31 + *path;
	v->view[BACKING].map = &v->map;
}

/*
 * Low memory, a PAM hole, high memory and firmware, as a pc has them: 640 KiB
 * and 255 MiB of pc.ram, 256 KiB of pc.bios below 4 GiB, its upper half again
 * below 1 MiB.
 */
#define BIOS_HVA (HVA + 4 * GiB)

static inline void views_pc(struct views *v)
{
	views_init(v);
	model_add(v, 0, "pc.ram", 0, 640 * KiB, HVA, 0);
	model_add(v, 0, "pc.bios", MiB - 128 * KiB, 128 * KiB,
		  BIOS_HVA + 128 * KiB, SLOT_READONLY);
	model_add(v, 0, "pc.ram", MiB, 255 * MiB, HVA + MiB, 0);
	model_add(v, 0, "pc.bios", 4 * GiB - 256 * KiB, 256 * KiB, BIOS_HVA,
		  SLOT_READONLY);
	model_add(v, 1, "pc.ram", 0, 256 * MiB, HVA, 0);
	kvm_add(v, 0, 0, 0, 640 * KiB, HVA, 0);
	kvm_add(v, 0, 1, MiB - 128 * KiB, 128 * KiB, BIOS_HVA + 128 * KiB,
		SLOT_READONLY);
	kvm_add(v, 0, 2, MiB, 255 * MiB, HVA + MiB, 0);
	kvm_add(v, 0, 3, 4 * GiB - 256 * KiB, 256 * KiB, BIOS_HVA,
		SLOT_READONLY);
	kvm_add(v, 1, 0, 0, 256 * MiB, HVA, 0);
	map_add(v, HVA, 256 * MiB, "rwp", NULL);
	map_add(v, BIOS_HVA, 256 * KiB, "r-p", "/bios.bin");
}

/* The slot of a view that holds an address, to be changed in place */
static inline struct slot *slot_at(struct views *v, int view, int as_id,
				   gpa_t gpa)
{
	struct slot *slot =
		(struct slot *)slot_state_find(&v->state[view], as_id, gpa);

	assert_non_null(slot);
	return slot;
}

static inline void slot_drop(struct views *v, int view, int as_id, gpa_t gpa)
{
	struct slot_state *state = &v->state[view];
	struct slot *slot = slot_at(v, view, as_id, gpa);
	size_t at = slot - state->slots;

	free(slot->name);
	state->nr_slots--;
	memmove(slot, slot + 1, (state->nr_slots - at) * sizeof(*slot));
}

/* KVM and the tracer's view of it */
static inline void kvm_drop(struct views *v, int as_id, gpa_t gpa)
{
	slot_drop(v, TRACED, as_id, gpa);
	slot_drop(v, KERNEL, as_id, gpa);
}

/*
 * There is no MODEL. Only it can say that the firmware is meant to be in two places
 * (else aliased): here it is in one
 */
static inline void model_lacks(struct views *v)
{
	v->view[MODEL].slots = NULL;
	kvm_drop(v, 0, MiB - 128 * KiB);
}

static inline void views_check(struct views *v)
{
	comparison_deinit(&v->made);
	for (int view = 0; view < SLOT_VIEWS; view++)
		slot_state_sort(&v->state[view]);
	assert_int_equal(crosscheck(&v->input, &v->made), 0);
	v->found = v->made.findings;
}

/* "MODEL-KERNEL, KERNEL-BACKING": what was compared */
static inline void assert_compared(const struct views *v, const char *want)
{
	const struct compared_pair *pair;
	char got[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < v->made.nr_pairs; i++) {
		pair = &v->made.pairs[i];
		if (pair->compared)
			len += snprintf(
				got + len, sizeof(got) - len, "%s%s-%s",
				len ? ", " : "",
				party_of(v->view[pair->expected].party)->name,
				party_of(v->view[pair->actual].party)->name);
	}
	assert_string_equal(got, want);
}

static inline void print_findings(const struct findings *found)
{
	for (size_t i = 0; i < found->nr; i++)
		print_message("  %s: %s\n", finding_id_name(found->items[i].id),
			      found->items[i].sentence);
}

/* Nothing but @nr findings, and among them exactly one of @id */
static inline const struct finding *only(struct views *v, enum finding_id id,
					 size_t nr)
{
	const struct finding *found = NULL;

	for (size_t i = 0; i < v->found.nr; i++) {
		if (v->found.items[i].id != id)
			continue;
		if (found)
			nr = SIZE_MAX; /* a second one */
		found = &v->found.items[i];
	}
	if (!found || v->found.nr != nr) {
		print_findings(&v->found);
		fail_msg("want one %s among %zu findings", finding_id_name(id),
			 nr);
	}
	return found;
}

static inline void none_found(struct views *v)
{
	if (v->found.nr)
		print_findings(&v->found);
	assert_int_equal(v->found.nr, 0);
}

static inline void assert_cause(const struct views *v,
				const struct finding *finding,
				const struct finding *cause)
{
	assert_int_not_equal(finding->cause, FINDING_NO_CAUSE);
	assert_ptr_equal(&v->found.items[finding->cause], cause);
}

static inline void assert_place(const struct finding *finding, int as_id,
				gpa_t gpa, uint64_t size)
{
	if (finding->as_id != as_id || finding->gpa != gpa ||
	    finding->size != size)
		fail_msg("%s is at %d:%llx+%llx, not at %d:%llx+%llx: %s",
			 finding_id_name(finding->id), finding->as_id,
			 (unsigned long long)finding->gpa,
			 (unsigned long long)finding->size, as_id,
			 (unsigned long long)gpa, (unsigned long long)size,
			 finding->sentence);
}

static inline void assert_says(const struct views *v,
			       const struct finding *finding, int view,
			       const char *part)
{
	char *says = comparison_says(&v->made, finding, view);

	if (!says || !strstr(says, part))
		fail_msg("%s: %s says \"%s\", not \"%s\"",
			 finding_id_name(finding->id),
			 party_of(v->view[view].party)->name,
			 says ? says : "nothing", part);
	free(says);
}

#endif
