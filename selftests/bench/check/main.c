// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a cross-check costs, beside a qsort of the same records (the slots of all
 * views, what is mapped under them, and the events of the log, in random order) in the
 * same run: as many slots as KVM allows in each of four views, a log of 100,000 events,
 * and whatever can be wrong with them.
 *
 *	check [--json]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <slotscope/check.h>

#define SLOTS	32764
#define EVENTS	100000
#define REFUSED 10000
#define TURNS	5
#define PAGE	4096ULL
#define HVA	0x7f0000000000ULL

enum { MODEL, TRACED, KERNEL, BACKING, VIEWS };

struct vm {
	struct slot_state states[BACKING];
	struct host_map map;
	struct slot_log log;
	struct view views[VIEWS];
	struct request_limits limits;
	struct check_input input;
};

static uint64_t random_state = 42;

static uint64_t random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL >> 33;
}

static void must(int ret)
{
	if (!ret)
		return;
	fprintf(stderr, "check: %s\n", strerror(-ret));
	exit(3);
}

/* Of the processor: who else runs here does not count */
static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static struct slot slot_at(size_t i)
{
	const struct slot slot = { .id = i,
				   .gpa = i * 2 * PAGE,
				   .size = PAGE,
				   .hva = HVA + i * 2 * PAGE,
				   .gmem_fd = -1 };

	return slot;
}

static void log_event(struct vm *vm, struct slot_event event)
{
	event.seq = vm->log.nr + 1;
	event.time_ns = event.seq * 1000;
	event.serial = 1;
	event.tgid = 100;
	event.tid = 100;
	/* a change, and then the request that made it */
	event.call = event.seq / 2;
	must(slot_log_add(&vm->log, &event));
}

static void log_request(struct vm *vm, struct slot slot, int result)
{
	struct slot_event event = { .type = SLOT_EVENT_REQUEST };

	event.request.slot = slot.id;
	event.request.flags = slot.flags;
	event.request.gpa = slot.gpa;
	event.request.size = slot.size;
	event.request.hva = slot.hva;
	event.request.gmem_fd = slot.gmem_fd;
	event.request.region2 = slot.flags & SLOT_GUEST_MEMFD;
	event.request.result = result;
	log_event(vm, event);
}

static void log_change(struct vm *vm, enum slot_change_kind kind,
		       struct slot before, struct slot after,
		       uint64_t generation)
{
	struct slot_event event = { .type = SLOT_EVENT_CHANGE };

	event.change.kind = kind;
	event.change.before = before;
	event.change.after = after;
	event.change.generation = generation;
	log_event(vm, event);
}

static void log_create(struct vm *vm, struct slot slot, uint64_t generation)
{
	const struct slot none = { .gmem_fd = -1 };

	log_change(vm, SLOT_CREATE, none, slot, generation);
	log_request(vm, slot, 0);
}

/* A migration: dirty logging on and off again */
static void log_dirty(struct vm *vm, struct slot slot, uint64_t generation)
{
	struct slot dirty = slot;

	dirty.flags |= SLOT_LOG_DIRTY;
	log_change(vm, SLOT_FLAGS_ONLY, slot, dirty, generation);
	log_request(vm, dirty, 0);
	log_change(vm, SLOT_FLAGS_ONLY, dirty, slot, generation + 1);
	log_request(vm, slot, 0);
}

static struct host_range range_at(size_t i)
{
	const struct slot slot = slot_at(i);
	const struct host_range range = { .start = slot.hva,
					  .end = slot.hva + slot.size,
					  .read = true,
					  .write = true };

	return range;
}

static void vm_init(struct vm *vm)
{
	const enum party_id parties[] = { PARTY_MODEL, PARTY_TRACED,
					  PARTY_KERNEL, PARTY_BACKING };
	struct slot_event born = { .type = SLOT_EVENT_VM_CREATE };
	uint64_t generation = 0;
	struct slot slot;

	memset(vm, 0, sizeof(*vm));
	for (int i = 0; i < VIEWS; i++)
		vm->views[i].party = parties[i];
	for (int i = 0; i < BACKING; i++) {
		slot_state_init(&vm->states[i], parties[i]);
		must(slot_state_set_nr_as(&vm->states[i], 1));
		vm->states[i].as[0].covered = true;
		vm->states[i].coverage.fields = SLOT_FIELDS_ALL;
		vm->views[i].slots = &vm->states[i];
	}
	vm->states[MODEL].coverage.fields = SLOT_FIELD_GPA | SLOT_FIELD_SIZE |
					    SLOT_FIELD_HVA |
					    SLOT_FIELD_READONLY;
	slot_log_init(&vm->log);
	born.vm.serial = 1;
	log_event(vm, born);
	for (size_t i = 0; i < SLOTS; i++) {
		slot = slot_at(i);
		log_create(vm, slot, ++generation);
		for (int view = 0; view < BACKING; view++)
			must(slot_state_add(&vm->states[view], &slot));
	}
	for (size_t i = 0; vm->log.nr < EVENTS; i++, generation += 2)
		log_dirty(vm, slot_at(i % SLOTS), generation + 1);
	for (int i = 0; i < BACKING; i++)
		vm->states[i].as[0].generation = generation;
	vm->map.ranges = calloc(SLOTS, sizeof(*vm->map.ranges));
	must(vm->map.ranges ? 0 : -ENOMEM);
	for (vm->map.nr = 0; vm->map.nr < SLOTS; vm->map.nr++)
		vm->map.ranges[vm->map.nr] = range_at(vm->map.nr);
	vm->views[BACKING].map = &vm->map;
	vm->limits = (struct request_limits){ .page_size = PAGE,
					      .nr_slots = 32764,
					      .nr_as = 1,
					      .max_pages = (1ULL << 31) - 1,
					      .hva_end = 1ULL << 47,
					      .gpa_last = (1ULL << 48) - 1,
					      .region2 = CAN,
					      .readonly = CAN };
	vm->input = (struct check_input){ .views = vm->views,
					  .nr_views = VIEWS,
					  .log = &vm->log,
					  .serial = 1,
					  .page_size = PAGE,
					  .limits = &vm->limits };
}

static void vm_deinit(struct vm *vm)
{
	for (int i = 0; i < BACKING; i++)
		slot_state_deinit(&vm->states[i]);
	free(vm->map.ranges);
	slot_log_deinit(&vm->log);
}

/* What can be wrong */

static void all_agrees(struct vm *vm)
{
	(void)vm;
}

static void half_on_other_memory(struct vm *vm)
{
	for (size_t i = 0; i < SLOTS; i += 2)
		vm->states[KERNEL].slots[i].hva += PAGE;
}

static void half_missing(struct vm *vm)
{
	struct slot_state *kernel = &vm->states[KERNEL];

	for (size_t i = 0; i < SLOTS / 2; i++)
		kernel->slots[i] = kernel->slots[2 * i];
	kernel->nr_slots = SLOTS / 2;
}

/* A page within a slot, for a number that is free */
static void refused_each(struct vm *vm)
{
	struct slot slot;

	for (size_t i = 0; i < REFUSED; i++) {
		slot = slot_at(random_next() % SLOTS);
		slot.id = SLOTS - 1;
		slot.hva += (i + 1) * PAGE;
		log_request(vm, slot, -EEXIST);
	}
}

/* Over all the slots there are */
static void refused_all_over(struct vm *vm)
{
	struct slot slot;

	for (size_t i = 0; i < REFUSED; i++) {
		slot = slot_at(0);
		slot.id = 32763;
		slot.size = SLOTS * 2 * PAGE;
		slot.hva += (i + 1) * PAGE;
		log_request(vm, slot, -EEXIST);
	}
}

static void refused_and_missing(struct vm *vm)
{
	half_missing(vm);
	refused_all_over(vm);
}

static void refused_memfd(struct vm *vm)
{
	struct slot slot;

	for (size_t i = 0; i < REFUSED; i++) {
		slot = slot_at(SLOTS + i);
		slot.id = 32763;
		slot.flags = SLOT_GUEST_MEMFD;
		slot.gmem_fd = 9;
		log_request(vm, slot, -EINVAL);
	}
}

static void answered_wrong(struct vm *vm)
{
	for (size_t i = 2; i < vm->log.nr; i += 4)
		vm->log.events[i].request.hva += PAGE;
}

static const struct {
	const char *name;
	void (*spoil)(struct vm *vm);
} cases[] = {
	{ "all agrees", all_agrees },
	{ "every second on other memory", half_on_other_memory },
	{ "every second missing", half_missing },
	{ "10000 refused, one slot in the way", refused_each },
	{ "10000 refused, all slots in the way", refused_all_over },
	{ "... and every second missing", refused_and_missing },
	{ "10000 refused guest_memfd slots", refused_memfd },
	{ "every second answered wrongly", answered_wrong },
};

static int by_gpa(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;

	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

static int by_start(const void *a, const void *b)
{
	const struct host_range *x = a;
	const struct host_range *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int by_seq(const void *a, const void *b)
{
	const struct slot_event *x = a;
	const struct slot_event *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static void shuffle(void *items, size_t nr, size_t size)
{
	char *bytes = items;
	char swap[1024];
	size_t j;

	for (size_t i = nr; i-- > 1;) {
		j = random_next() % (i + 1);
		memcpy(swap, bytes + i * size, size);
		memcpy(bytes + i * size, bytes + j * size, size);
		memcpy(bytes + j * size, swap, size);
	}
}

static double sort_ms(const void *items, size_t nr, size_t size,
		      int (*order)(const void *, const void *))
{
	void *copy = malloc(nr * size + 1);
	double begin, ms;

	if (!copy)
		exit(3);
	memcpy(copy, items, nr * size);
	shuffle(copy, nr, size);
	begin = now_ms();
	qsort(copy, nr, size, order);
	ms = now_ms() - begin;
	free(copy);
	return ms;
}

static double peer_ms(const struct vm *vm)
{
	double ms = sort_ms(vm->log.events, vm->log.nr,
			    sizeof(struct slot_event), by_seq) +
		    sort_ms(vm->map.ranges, vm->map.nr,
			    sizeof(struct host_range), by_start);

	for (int i = 0; i < BACKING; i++)
		ms += sort_ms(vm->states[i].slots, vm->states[i].nr_slots,
			      sizeof(struct slot), by_gpa);
	return ms;
}

static double check_ms(const struct vm *vm, size_t *found)
{
	struct comparison comparison;
	struct check_rows rows;
	double begin, ms;

	begin = now_ms();
	must(crosscheck(&vm->input, &comparison));
	must(check_rows(&comparison, &rows));
	ms = now_ms() - begin;
	*found = comparison.findings.nr;
	check_rows_deinit(&rows);
	comparison_deinit(&comparison);
	return ms;
}

static double best(double a, double b)
{
	return a && a < b ? a : b;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	double check, peer;
	struct vm vm;
	size_t found;

	if (json)
		printf("{ \"slots\": %d, \"events\": %d, \"cases\": [", SLOTS,
		       EVENTS);
	else
		printf("A cross-check of %d slots in each view and %d events "
		       "beside a qsort of the same records (best of %d)\n"
		       "%-38s %8s %8s %8s %6s\n",
		       SLOTS, EVENTS, TURNS, "", "findings", "check ms",
		       "qsort ms", "ratio");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check = 0;
		peer = 0;
		vm_init(&vm);
		cases[i].spoil(&vm);
		for (int turn = 0; turn < TURNS; turn++) {
			check = best(check, check_ms(&vm, &found));
			peer = best(peer, peer_ms(&vm));
		}
		vm_deinit(&vm);
		if (json)
			printf("%s{ \"case\": \"%s\", \"findings\": %zu, "
			       "\"check_ms\": %.2f, \"qsort_ms\": %.2f }",
			       i ? ",\n" : "\n", cases[i].name, found, check,
			       peer);
		else
			printf("%-38s %8zu %8.1f %8.1f %6.1f\n", cases[i].name,
			       found, check, peer, check / peer);
		fflush(stdout);
	}
	if (json)
		puts("] }");
	return 0;
}
