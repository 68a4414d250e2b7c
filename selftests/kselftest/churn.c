// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads make, move, reflag and delete slots while vCPUs run. In each round
 * all of them stop, and what KVM holds is what they left; while they run, each
 * look at it is whole: the slots that nobody touches are there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>

#include "world.h"

#define CHURNERS 3
#define IDS	 8 /* slots of each churner */
#define ROUNDS	 20
#define CHANGES	 50	    /* of each churner in a round */
#define AREA	 (16 * MIB) /* of guest addresses of each churner */
#define SIZE	 (16 * PAGE)

static struct world w;
static char *ram;
static pthread_barrier_t round_begins, round_ends;
static bool stop;

struct churner {
	pthread_t thread;
	unsigned int number;
	unsigned int seed;
	unsigned int failed;
	char why[160];
	struct slotscope_expect slots[IDS]; /* a size of 0: not there */
};

/* Its own ids, in both address spaces, and its own guest addresses */
static __u32 slot_number(const struct churner *c, unsigned int i)
{
	return (i % w.nr_as) << 16 | (c->number * IDS + i + 1);
}

static void change(struct churner *c)
{
	unsigned int i = rand_r(&c->seed) % IDS;
	struct slotscope_expect *old = &c->slots[i], new = *old;
	unsigned int place = rand_r(&c->seed) % 16;

	new.slot = slot_number(c, i);
	new.guest_phys_addr = (c->number + 1) * AREA + (i * 16 + place) * SIZE;
	new.userspace_addr = (uintptr_t)ram + (c->number * IDS + i) * SIZE;
	if (!old->memory_size)
		new.memory_size = SIZE;
	else if (place < 4)
		new.memory_size = 0;
	else if (place < 8)
		new.flags ^= KVM_MEM_LOG_DIRTY_PAGES;
	if (!new.memory_size)
		new = (struct slotscope_expect){ .slot = new.slot };
	if (world_ioctl(&w, &new)) {
		if (!c->failed++)
			snprintf(c->why, sizeof(c->why), "slot 0x%x: %s",
				 new.slot, strerror(errno));
		return;
	}
	*old = new;
}

static void *churn(void *arg)
{
	struct churner *c = arg;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&round_begins);
		for (int i = 0; i < CHANGES; i++)
			change(c);
		pthread_barrier_wait(&round_ends);
	}
	return NULL;
}

/* A vCPU of its own, all over the guest's memory, slot or no slot */
static void *run_guest(void *arg)
{
	struct guest *guest = arg;
	unsigned int seed = guest->smm;
	unsigned long broke = 0;
	uint8_t value;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		uint64_t gpa = AREA + rand_r(&seed) % (CHURNERS * AREA);

		broke += guest_read(guest, gpa, &value) == GUEST_BROKE;
		broke += guest_write(guest, gpa, value) == GUEST_BROKE;
		if (broke)
			break;
	}
	return (void *)broke;
}

static void look(struct churner *churners)
{
	struct slotscope_expect all[WORLD_SLOTS];
	size_t nr = 0;

	for (unsigned int i = 0; i < w.nr; i++)
		all[nr++] = w.slots[i];
	for (int c = 0; c < CHURNERS; c++)
		for (int i = 0; i < IDS; i++)
			if (churners[c].slots[i].memory_size)
				all[nr++] = churners[c].slots[i];
	EXPECT(slotscope_compare(__FILE__, __LINE__, w.vm, all, nr) &&
		       EXPECT_STAGE2(w.vm),
	       "after a round");
}

/* Of a moment within a round, so only what nobody touches is known */
static void glance(void)
{
	struct slotscope_held held;
	unsigned int i, j;
	int ret = slotscope_take(w.vm, true, &held);

	/* always being changed is no fault */
	if (ret == -EAGAIN)
		return;
	ASSERT(!ret, "SLOTSCOPE_SNAPSHOT: %s", strerror(-ret));
	for (i = 0; i < w.nr; i++) {
		for (j = 0; j < held.nr; j++)
			if (slotscope_number(&held.slots[j]) == w.slots[i].slot)
				break;
		EXPECT(j < held.nr, "slot 0x%x is not there", w.slots[i].slot);
	}
	free(held.slots);
}

static void while_vcpus_run(void)
{
	struct churner churners[CHURNERS] = {};
	pthread_t vcpus[2];
	struct guest guests[2];
	void *broke;

	world_open(&w);
	ram = guest_memory(CHURNERS * IDS * SIZE);
	pthread_barrier_init(&round_begins, NULL, CHURNERS + 1);
	pthread_barrier_init(&round_ends, NULL, CHURNERS + 1);
	for (unsigned int i = 0; i < w.nr_as; i++) {
		guests[i] = guest_create(w.vm, 2 + i, i);
		pthread_create(&vcpus[i], NULL, run_guest, &guests[i]);
	}
	for (unsigned int i = 0; i < CHURNERS; i++) {
		churners[i].number = i;
		churners[i].seed = i + 1;
		pthread_create(&churners[i].thread, NULL, churn, &churners[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&round_begins);
		glance();
		pthread_barrier_wait(&round_ends);
		look(churners);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < CHURNERS; i++) {
		pthread_join(churners[i].thread, NULL);
		EXPECT(!churners[i].failed, "thread %u: %u changes failed: %s",
		       i, churners[i].failed, churners[i].why);
	}
	for (unsigned int i = 0; i < w.nr_as; i++) {
		pthread_join(vcpus[i], &broke);
		EXPECT(!broke, "vCPU %u broke", 2 + i);
		guest_close(&guests[i]);
	}
	world_close(&w);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(while_vcpus_run),
	};

	world_need();
	return KTAP_RUN(cases);
}
