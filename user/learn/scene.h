/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small machine, told as the calls that a board makes of the memory API: regions,
 * where they are mapped, and one commit that is asked about. It can be printed, and
 * played on the memory model, which says what follows: flat view, slots, requests.
 * Pure.
 */
#ifndef LEARN_SCENE_H
#define LEARN_SCENE_H

#include <stdio.h>

#include <slotscope/kvm_slots.h>

#include "learn/ranges.h"

#define SCENE_REGIONS 12
#define SCENE_STEPS   24

enum scene_kind {
	SCENE_CONTAINER,
	SCENE_RAM,
	SCENE_ROM,
	SCENE_IO,
	SCENE_ALIAS,
};

/**
 * struct scene_region - one region
 * @size:   bytes; 0 is 2^64, of a container
 * @target: of an alias: place of what it shows, which comes before it
 * @offset: ... and where in that it begins
 */
struct scene_region {
	enum scene_kind kind;
	char name[RANGE_NAME_MAX];
	uint64_t size;
	size_t target;
	uint64_t offset;
};

enum scene_step_kind {
	SCENE_MAP, /* at @addr of @container with @priority */
	SCENE_UNMAP,
	SCENE_MOVE, /* to @addr */
	SCENE_SHOW,
	SCENE_HIDE,
};

struct scene_step {
	enum scene_step_kind kind;
	size_t region;
	size_t container;
	uint64_t addr;
	int32_t priority;
};

/**
 * struct scene - the machine
 * @regions: the first is the root of the address space "memory"
 * @steps:   in order
 * @asked:   those from this place on are one transaction, and its commit is what is
 *	     asked about; @nr_steps: none is
 */
struct scene {
	struct scene_region regions[SCENE_REGIONS];
	size_t nr_regions;
	struct scene_step steps[SCENE_STEPS];
	size_t nr_steps;
	size_t asked;
};

/** scene_region() - add one; its place. Nothing is added that there is no room for */
size_t scene_region(struct scene *scene, enum scene_kind kind, const char *name,
		    uint64_t size);
size_t scene_alias(struct scene *scene, const char *name, size_t target,
		   uint64_t offset, uint64_t size);
/** scene_map() - a step: map a region */
void scene_map(struct scene *scene, size_t container, uint64_t addr,
	       size_t region, int32_t priority);
/** scene_step() - a step of another kind; @addr of SCENE_MOVE */
void scene_step(struct scene *scene, enum scene_step_kind kind, size_t region,
		uint64_t addr);

/** scene_print() - the calls, a line each, with @indent before it */
void scene_print(const struct scene *scene, FILE *out, const char *indent);

/* Requests, as they were made; for whoever makes them of a real KVM */
#define SCENE_REQUESTS 128

/**
 * struct scene_played - what follows
 * @before:   the flat view before what is asked
 * @after:    and in the end
 * @slots:    KVM's, in the end
 * @requests: what the commit that is asked about has KVM do
 * @all:      each request of the play, in order, @nr_all; its @region is NULL
 * @asked_from: of those the first one that is in @requests
 */
struct scene_played {
	struct ranges before;
	struct ranges after;
	struct ranges slots;
	struct ranges requests;
	struct kvm_slot_request all[SCENE_REQUESTS];
	size_t nr_all;
	size_t asked_from;
};

/**
 * scene_play() - have the model say
 * @page_size: of the host, to which slots are cut
 *
 * Return: 0, or a negative errno: the model refuses a step, -E2BIG for more ranges
 * than fit, -ENOMEM.
 */
int scene_play(const struct scene *scene, uint64_t page_size,
	       struct scene_played *out, struct slotscope_error *err);

/**
 * scene_stack() - what lies at an address, one above the other
 * @out: "rom (priority 1), ram (priority 0)": by what hides what, the first is seen
 *
 * Only what can be seen at all: containers and what is hidden or not mapped is left
 * out.
 */
void scene_stack(const struct scene *scene, uint64_t addr, char *out,
		 size_t size);

#endif
