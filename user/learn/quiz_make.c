// SPDX-License-Identifier: GPL-2.0-or-later
/* Scenes and requests by chance: what is of no use is thrown away by quiz_make(). */
#include <errno.h>
#include <string.h>

#include "learn/quiz_make.h"

#define PAGE 0x1000ULL

/*
 * Scenes: a root, RAM in it, perhaps by two aliases with a hole between them, and
 * some windows over it, under it, or in a container
 */

struct making {
	struct learn_random *random;
	struct scene *scene;
	uint64_t unit;	/* of addresses and sizes of memory */
	uint64_t fine;	/* of those of registers */
	uint64_t units; /* that RAM has */
};

static uint64_t below(struct making *m, uint64_t n)
{
	return learn_random_below(m->random, n);
}

static void put_ram(struct making *m)
{
	uint64_t ram_size = m->units * m->unit;
	size_t ram, low, high;
	uint64_t at, hole;

	ram = scene_region(m->scene, SCENE_RAM, "ram", ram_size);
	if (learn_random_one_in(m->random, 3)) {
		scene_map(m->scene, 0, 0, ram, 0);
		return;
	}
	/* Low memory, a hole, and the rest above it */
	at = 1 + below(m, m->units - 1);
	hole = below(m, 4);
	low = scene_alias(m->scene, "ram-low", ram, 0, at * m->unit);
	high = scene_alias(m->scene, "ram-high", ram, at * m->unit,
			   ram_size - at * m->unit);
	scene_map(m->scene, 0, 0, low, 0);
	scene_map(m->scene, 0, (at + hole) * m->unit, high, 0);
}

/* @n: the nth window: what it is called tells what it is */
static size_t make_window(struct making *m, size_t n)
{
	static const char *const registers[] = { "vga", "apic", "uart",
						 "new-dev" };
	static const char *const memory[] = { "bios", "optrom", "flash",
					      "new-rom" };
	bool is_io = learn_random_one_in(m->random, 2);
	uint64_t size =
		is_io ? m->fine * (1 + below(m, 4 * m->unit / m->fine)) :
			m->unit * (1 + below(m, 4));

	return scene_region(m->scene, is_io ? SCENE_IO : SCENE_ROM,
			    is_io ? registers[n] : memory[n], size);
}

static uint64_t window_place(struct making *m, size_t region)
{
	if (m->scene->regions[region].kind == SCENE_IO)
		return m->fine * below(m, (m->units + 2) * m->unit / m->fine);
	return m->unit * below(m, m->units + 2);
}

static int32_t window_priority(struct making *m)
{
	return (int32_t)below(m, 4) - 1;
}

/* Windows in the root, or in a container of which a part may stick out */
static void put_windows(struct making *m, size_t *last)
{
	size_t nr = 1 + below(m, 3), container = 0;
	uint64_t size;

	if (learn_random_one_in(m->random, 3)) {
		size = m->unit * (2 + below(m, m->units));
		container =
			scene_region(m->scene, SCENE_CONTAINER, "pci", size);
		scene_map(m->scene, 0, m->unit * below(m, m->units), container,
			  window_priority(m));
	}
	for (size_t i = 0; i < nr; i++) {
		*last = make_window(m, i);
		scene_map(m->scene,
			  learn_random_one_in(m->random, 2) ? 0 : container,
			  window_place(m, *last), *last, window_priority(m));
	}
}

static void put_question(struct making *m, size_t window)
{
	struct scene *scene = m->scene;
	size_t added;

	scene->asked = scene->nr_steps;
	switch (below(m, 5)) {
	case 0:
		scene_step(scene, SCENE_HIDE, window, 0);
		break;
	case 1:
		scene_step(scene, SCENE_UNMAP, window, 0);
		break;
	case 2:
		scene_step(scene, SCENE_MOVE, window, window_place(m, window));
		break;
	default:
		added = make_window(m, 3);
		scene_map(scene, 0, window_place(m, added), added,
			  (int32_t)(1 + below(m, 3)));
		break;
	}
}

void quiz_make_scene(struct learn_random *random, struct quiz *out)
{
	struct making m = {
		.random = random,
		.scene = &out->scene,
		.unit = PAGE,
		.fine = PAGE,
	};
	size_t window = 0;

	memset(&out->scene, 0, sizeof(out->scene));
	out->page_size = PAGE;
	m.units = 4 + below(&m, 13);
	if (out->kind == QUIZ_SLOTS) {
		/* 4, 16 or 64 KiB; registers at parts of a page */
		out->page_size = PAGE << (2 * below(&m, 3));
		m.unit = out->page_size;
		m.fine = out->page_size / 2;
	}
	scene_region(m.scene, SCENE_CONTAINER, "system", 0);
	put_ram(&m);
	put_windows(&m, &window);
	m.scene->asked = m.scene->nr_steps;
	if (out->kind == QUIZ_COMMIT)
		put_question(&m, window);
	if (out->kind == QUIZ_WHERE)
		out->addr = below(&m, (m.units + 3) * m.unit / 16) * 16;
}

/*
 * Requests
 */

#define HVA	  0x7f0000000000ULL
#define HVA_APART 0x1000000ULL

static void make_slots(struct learn_random *random, struct quiz_request *out)
{
	uint64_t gpa = 0;

	out->nr = 1 + learn_random_below(random, QUIZ_SLOTS_MAX - 1);
	for (size_t i = 0; i < out->nr; i++) {
		uint64_t size = PAGE * (1 + learn_random_below(random, 16));

		gpa += PAGE * learn_random_below(random, 4);
		out->slots[i] = (struct slot){
			.id = (int32_t)i,
			.gpa = gpa,
			.size = size,
			.hva = HVA + i * HVA_APART,
			.flags = learn_random_one_in(random, 4) ?
					 SLOT_READONLY :
					 0,
			.gmem_fd = -1,
		};
		gpa += size;
	}
}

/* One word of a request made another; several may be */
static void spoil(struct learn_random *random, struct slot_request *request)
{
	switch (learn_random_below(random, 12)) {
	case 0:
		request->size += 0x200 * (1 + learn_random_below(random, 7));
		break;
	case 1:
		request->gpa += 0x200 * (1 + learn_random_below(random, 7));
		break;
	case 2:
		request->hva += 0x200 * (1 + learn_random_below(random, 7));
		break;
	case 3:
		request->slot = 0x8000 + learn_random_below(random, 16);
		break;
	case 4:
		request->flags |= 1U << (8 + learn_random_below(random, 8));
		break;
	case 5:
		request->gpa = UINT64_MAX - PAGE + 1;
		request->size = PAGE * (1 + learn_random_below(random, 3));
		break;
	case 6:
		request->size += PAGE;
		break;
	case 7:
		request->hva += PAGE;
		break;
	case 8:
		request->flags ^= SLOT_READONLY;
		break;
	case 9:
		request->flags ^= SLOT_LOG_DIRTY;
		break;
	case 10:
		request->gpa += PAGE * (1 + learn_random_below(random, 20));
		break;
	default:
		request->size = 0;
		break;
	}
}

static int foresee(struct quiz_request *out)
{
	struct request_foresight foresight;
	struct slot_state state;
	int ret;

	slot_state_init(&state, PARTY_KERNEL);
	ret = slot_state_set_nr_as(&state, 1);
	for (size_t i = 0; i < out->nr && !ret; i++)
		ret = slot_state_add(&state, &out->slots[i]);
	if (!ret) {
		state.as[0].covered = true;
		state.coverage.fields = SLOT_FIELDS_ALL;
		slot_state_sort(&state);
		request_foresee(&state, &out->request, &out->limits,
				&foresight);
		ret = foresight.nr == 1 ? 0 : -EAGAIN;
	}
	if (!ret) {
		const struct slot *other = foresight.may[0].other;

		out->outcome = foresight.may[0];
		out->outcome.other = NULL;
		for (size_t i = 0; other && i < out->nr; i++)
			if (out->slots[i].id == other->id)
				out->outcome.other = &out->slots[i];
	}
	slot_state_deinit(&state);
	return ret;
}

int quiz_make_request(struct learn_random *random, struct quiz_request *out)
{
	const struct slot *base;
	size_t spoilt = learn_random_below(random, 3);
	size_t at;

	*out = (struct quiz_request){
		.limits = {
			.page_size = PAGE,
			.nr_slots = 32764,
			.nr_as = 1,
			.max_pages = (1ULL << 31) - 1,
			.hva_end = 0x7ffffffff000,
			.gpa_last = (1ULL << 36) - 1,
			.gpa_error = EINVAL,
			.gmem_drop = CAN_NOT,
			.region2 = CAN,
			.readonly = CAN,
			.guest_memfd = CAN_NOT,
		},
	};
	make_slots(random, out);
	at = learn_random_below(random, out->nr + 1);
	base = &out->slots[at < out->nr ? at : 0];
	out->request = (struct slot_request){
		.slot = (uint32_t)at,
		.flags = base->flags,
		.gpa = base->gpa,
		.size = base->size,
		.hva = base->hva,
		.gmem_fd = -1,
	};
	if (at == out->nr) {
		/* A new one: free, or in somebody's way */
		base = &out->slots[out->nr - 1];
		out->request.gpa = base->gpa + base->size;
		out->request.hva = HVA + at * HVA_APART;
		out->request.flags = 0;
		out->request.gpa -= PAGE * learn_random_below(random, 2);
	}
	for (size_t i = 0; i < spoilt + (at < out->nr); i++)
		spoil(random, &out->request);
	return foresee(out);
}
