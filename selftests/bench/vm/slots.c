// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to have N slots: by our path (memory region, commit, FlatView,
 * KVMSlot table, ioctl), and beside it the same requests in a bare loop, on another
 * VM of the same kind, in turns.
 *
 * KVM keeps some bytes for each page of a slot, and a large VM's worth of them is
 * soon more than a machine has: a slot here is one page, and all of them together
 * are 128 MiB of address space that nobody touches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kvm/ioctl.h"
#include "kvm/listener.h"
#include "render/error.h"

#define SLOT_SIZE 4096ull
#define STRIDE	  (2 * SLOT_SIZE) /* or neighbours would be one FlatRange */
#define N_MAX	  32764
#define TURNS_MAX 11

static const unsigned int sizes[] = { 10, 100, 1000, 10000, N_MAX };

/* As our path requested them, for the bare loop to do again */
static struct kvm_userspace_memory_region requests[N_MAX];
static void *ram;
static struct slotscope_error error;
static bool json;

struct times {
	uint64_t alone[TURNS_MAX];
	uint64_t one_commit[TURNS_MAX];
	uint64_t commits[TURNS_MAX];
	uint64_t bare[TURNS_MAX];
	uint64_t first[TURNS_MAX];
};

enum { ONE_COMMIT = 1, NO_IOCTL = 2 };

static void must(int ret)
{
	if (!ret)
		return;
	render_error_text(stderr, &error);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void map_slot(struct memory_model *model, struct memory_region *system,
		     struct memory_region *backing, unsigned int i)
{
	struct memory_region *part;

	must(memory_region_create_alias(model, "part", backing, i * SLOT_SIZE,
					SLOT_SIZE, &part, &error));
	must(memory_region_add_subregion(system, i * STRIDE, part, &error));
	memory_region_unref(part); /* its container has one */
}

static void note_requests(const struct kvm_slots *slots, unsigned int n)
{
	const struct kvm_slot *slot = NULL;
	unsigned int i = 0;

	while ((slot = kvm_slots_next(slots, slot)) && i < n)
		requests[i++] = (struct kvm_userspace_memory_region){
			.slot = slot->id,
			.flags = slot->flags,
			.guest_phys_addr = slot->gpa,
			.memory_size = slot->size,
			.userspace_addr = slot->hva,
		};
	if (i == n && !slot)
		return;
	error_set(&error, EPROTO, "make %u slots", n);
	error_why(&error, "the KVMSlot table has %u", kvm_slots_nr(slots));
	must(-EPROTO);
}

/* Return: nanoseconds; making model and VM, and ending them, is not in it */
static uint64_t by_our_path(unsigned int n, int how)
{
	struct ram_block_options options = { .host = ram };
	struct kvm_memory_listener listener;
	struct kvm_fault fault = { 0 };
	struct memory_region *system, *backing;
	struct memory_model *model;
	struct address_space *as;
	struct kvm_state kvm;
	uint64_t ns;

	must(kvm_init(&kvm, NULL, &error));
	must(memory_model_create(NULL, &model, &error));
	must(memory_region_create(model, "system", MEMORY_SIZE_2_64, &system,
				  &error));
	must(memory_region_create_ram(model, "ram", N_MAX * SLOT_SIZE, &options,
				      &backing, &error));
	must(address_space_create(model, "memory", system, &as, &error));
	must(kvm_memory_listener_register(&listener, &kvm, as, &fault, &error));

	if (how & NO_IOCTL)
		listener.kvm = NULL;

	ns = now_ns();
	if (how & ONE_COMMIT)
		memory_model_begin(model);
	for (unsigned int i = 0; i < n; i++)
		map_slot(model, system, backing, i);
	if (how & ONE_COMMIT)
		must(memory_model_commit(model, &error));
	ns = now_ns() - ns;

	error = listener.error;
	must(-error.code);
	if (listener.requests != (how & NO_IOCTL ? 0 : n)) {
		error_set(&error, EPROTO, "make %u slots by %u requests", n, n);
		error_why(&error, "there were %llu",
			  (unsigned long long)listener.requests);
		must(-EPROTO);
	}
	note_requests(listener.slots, n);
	kvm_memory_listener_unregister(&listener);
	kvm_deinit(&kvm);
	memory_model_destroy(model);
	return ns;
}

/* @first: what the first of them took; KVM does once what is not done yet */
static uint64_t by_bare_loop(unsigned int n, uint64_t *first)
{
	struct kvm_state kvm;
	uint64_t ns;

	must(kvm_init(&kvm, NULL, &error));
	ns = now_ns();
	for (unsigned int i = 0; i < n; i++) {
		if (ioctl(kvm.vm_fd, KVM_SET_USER_MEMORY_REGION, &requests[i]))
			must(error_set(&error, errno, "make slot %u", i));
		if (!i)
			*first = now_ns() - ns;
	}
	ns = now_ns() - ns;
	kvm_deinit(&kvm);
	return ns;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *ns, size_t nr)
{
	qsort(ns, nr, sizeof(*ns), by_value);
	return ns[nr / 2] / 1000.0;
}

static void measure(unsigned int n)
{
	unsigned int turns = n > 1000 ? 5 : TURNS_MAX;
	double one_commit, commits, bare, alone;
	struct times t;

	for (unsigned int i = 0; i < turns; i++) {
		t.one_commit[i] = by_our_path(n, ONE_COMMIT);
		t.bare[i] = by_bare_loop(n, &t.first[i]);
		t.commits[i] = by_our_path(n, 0);
		t.alone[i] = by_our_path(n, ONE_COMMIT | NO_IOCTL);
	}
	alone = median_us(t.alone, turns);
	one_commit = median_us(t.one_commit, turns);
	commits = median_us(t.commits, turns);
	bare = median_us(t.bare, turns);
	if (json)
		printf("{ \"n\": %u, \"first_us\": %.0f, \"bare_us\": %.2f, "
		       "\"one_us\": %.2f, \"each_us\": %.2f, "
		       "\"alone_us\": %.2f }",
		       n, median_us(t.first, turns), bare / n, one_commit / n,
		       commits / n, alone / n);
	else
		printf("%6u %8.0f %8.2f %8.2f %8.2f %8.2f %8.2f %9.2f\n", n,
		       median_us(t.first, turns), bare / n, one_commit / n,
		       commits / n, alone / n, one_commit / bare,
		       commits / bare);
	fflush(stdout);
}

static unsigned int slots_of_kvm(void)
{
	struct kvm_state kvm;
	unsigned int nr;

	must(kvm_init(&kvm, NULL, &error));
	nr = kvm.nr_slots;
	kvm_deinit(&kvm);
	return nr;
}

static void measure_up_to(unsigned int most, unsigned int limit)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (sizes[i] > most)
			break;
		if (json)
			fputs(i ? ",\n  " : "  ", stdout);
		if (sizes[i] <= limit)
			measure(sizes[i]);
		else
			printf(json ? "{ \"n\": %u, \"left_out\": \"this KVM "
				      "has %u slots\" }" :
				      "%7u  left out: this KVM has %u slots\n",
			       sizes[i], limit);
	}
}

/* slots [--json] [N]: up to N slots */
int main(int argc, char **argv)
{
	unsigned int limit, most = N_MAX;

	json = argc > 1 && !strcmp(argv[1], "--json");
	if (argc > 1 + json)
		most = strtoul(argv[1 + json], NULL, 10);
	if (access("/dev/kvm", R_OK | W_OK)) {
		puts(json ? "{ \"left_out\": \"no /dev/kvm\" }" :
			    "bench vm/slots: left out: no /dev/kvm");
		return 0;
	}
	ram = mmap(NULL, N_MAX * SLOT_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED)
		must(error_set(&error, errno, "map 128 MiB for slots"));
	limit = slots_of_kvm();
	if (json) {
		puts("{ \"slots\": [");
		measure_up_to(most, limit);
		puts(" ] }");
		return 0;
	}
	puts("N slots of a page each, on an empty VM: microseconds for a slot, medians.\n"
	     "BARE: a loop of ioctls, FIRST: its first one. ONE: our path, all in one commit.\n"
	     "EACH: a commit for each. ALONE: ONE without the ioctl.");
	printf("%6s %8s %8s %8s %8s %8s %8s %9s\n", "N", "FIRST", "BARE", "ONE",
	       "EACH", "ALONE", "ONE/BARE", "EACH/BARE");
	measure_up_to(most, limit);
	return 0;
}
