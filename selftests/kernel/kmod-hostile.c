// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots while everything moves: slots that change under them, descriptors
 * that are closed and used again, signals, many readers. Each snapshot must be
 * whole and true for one moment. SECONDS in the environment: how long each case
 * runs (default 2).
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <time.h>

#include "kmod-test.h"

#define READERS 3

static int dev, vm;
static char *memory;
static atomic_bool stop;
static unsigned int seconds = 2;

/* What a helper thread found; printed by main() */
struct reader {
	pthread_t thread;
	atomic_ulong taken, invalid;
	unsigned long updating, refused, slots;
	char wrong[256];
};

#define WRONG(reader, ...)                                                 \
	do {                                                               \
		if (!(reader)->wrong[0])                                   \
			snprintf((reader)->wrong, sizeof((reader)->wrong), \
				 __VA_ARGS__);                             \
	} while (0)

/* Has each read something, and one of them, if @in_transition, such a slot? */
static bool have_read(struct reader *readers, bool in_transition)
{
	unsigned long invalid = 0;
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		if (!readers[i].taken)
			return false;
		invalid += readers[i].invalid;
	}
	return invalid || !in_transition;
}

static void run_for_a_while(void *(*read)(void *), void *(*disturb)(void *),
			    bool in_transition)
{
	struct reader readers[READERS] = { 0 };
	pthread_t disturber;
	struct timespec end;
	unsigned int i;

	stop = false;
	for (i = 0; i < READERS; i++)
		pthread_create(&readers[i].thread, NULL, read, &readers[i]);
	pthread_create(&disturber, NULL, disturb, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL))
		; /* a signal */
	AWAIT(have_read(readers, in_transition));
	EXPECT(have_read(readers, in_transition),
	       "too little was read, or no slot in transition");
	stop = true;
	pthread_join(disturber, NULL);
	for (i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT(!readers[i].wrong[0], "reader %u: %s", i,
		       readers[i].wrong);
		ktap_diag("reader %u: %lu snapshots, %lu slots, %lu updating, "
			  "%lu in transition, %lu refused",
			  i, readers[i].taken, readers[i].slots,
			  readers[i].updating, readers[i].invalid,
			  readers[i].refused);
	}
}

/*
 * The writer keeps FIXED slots, and a chain: the next link is made before the
 * last is taken away, so at any moment there are one or two, neighbours. A
 * reader that walks a set while it is modified would see none, or more, or
 * links that never stood together.
 */
#define FIXED	 61
#define LINKS	 97
#define LINK_ID	 1000
#define LINK_GPA (1024 * MIB)

static uint64_t link_gpa(unsigned int link)
{
	/* Far from in order, so that the tree is turned all the time */
	return LINK_GPA + link * 37 % LINKS * MIB;
}

static void *move_slots(void *unused)
{
	unsigned int link, next, n = 0;

	for (link = 0; !stop; link = next) {
		next = (link + 1) % LINKS;
		__vm_set(vm, LINK_ID + next, 0, link_gpa(next), PAGE,
			 memory + next * PAGE);
		__vm_set(vm, LINK_ID + link, 0, 0, 0, NULL);
		/* Flags of a fixed slot, and a move there and back */
		__vm_set(vm, n % FIXED, n & 1 ? KVM_MEM_LOG_DIRTY_PAGES : 0,
			 n % FIXED * MIB, MIB, memory + n % FIXED * MIB);
		__vm_set(vm, FIXED, 0, (n & 1 ? 512 : 256) * MIB, PAGE, memory);
		n++;
	}
	return NULL;
}

static void check_chain(struct reader *reader, const struct snap *snap)
{
	unsigned int links[3], nr_links = 0, fixed = 0, movers = 0, i;

	for (i = 0; i < snap->req.nr_slots_copied; i++) {
		const struct slotscope_slot *slot = &snap->slots[i];
		unsigned int link = slot->id - LINK_ID;

		if (slot->mem_flags & SLOTSCOPE_MEM_INVALID)
			reader->invalid++;
		if (slot->id < FIXED) {
			fixed++;
			if (slot->gpa != slot->id * MIB || slot->bytes != MIB ||
			    slot->hva != (uintptr_t)memory + slot->id * MIB)
				WRONG(reader, "slot %u is not its own",
				      slot->id);
		} else if (slot->id == FIXED) {
			movers++;
			if (slot->gpa != 256 * MIB && slot->gpa != 512 * MIB)
				WRONG(reader, "the mover is nowhere");
		} else if (link >= LINKS || slot->gpa != link_gpa(link) ||
			   slot->hva != (uintptr_t)memory + link * PAGE) {
			WRONG(reader, "slot %u is not its own", slot->id);
		} else if (nr_links < 3) {
			links[nr_links++] = link;
		}
	}
	if (fixed != FIXED || movers != 1)
		WRONG(reader, "%u fixed slots, %u movers", fixed, movers);
	if (nr_links < 1 || nr_links > 2)
		WRONG(reader, "%u links at once", nr_links);
	if (nr_links == 2 && (links[0] + 1) % LINKS != links[1] &&
	    (links[1] + 1) % LINKS != links[0])
		WRONG(reader, "links %u and %u at once", links[0], links[1]);
}

/* Equal generations, none updating: equal slots */
static void check_generation(struct reader *reader, const struct snap *snap,
			     struct snap *last)
{
	size_t bytes = snap->req.nr_slots_copied * sizeof(snap->slots[0]);

	if (snap->as[0].flags & SLOTSCOPE_AS_UPDATING) {
		reader->updating++;
		return;
	}
	if (last->req.nr_as &&
	    last->as[0].generation == snap->as[0].generation &&
	    (last->req.nr_slots_copied != snap->req.nr_slots_copied ||
	     memcmp(last->slots, snap->slots, bytes)))
		WRONG(reader, "two sets of slots with generation %llu",
		      (unsigned long long)snap->as[0].generation);
	if (last->req.nr_as && last->as[0].generation > snap->as[0].generation)
		WRONG(reader, "the generation went back");
	last->req = snap->req;
	memcpy(last->as, snap->as, sizeof(last->as));
	memcpy(last->slots, snap->slots, bytes);
}

static void *read_chain(void *arg)
{
	struct reader *reader = arg;
	struct snap *snap = snap_alloc(), *last = snap_alloc();

	while (!stop) {
		if (__snap_take(dev, snap, vm)) {
			WRONG(reader, "%s", strerror(errno));
			break;
		}
		reader->taken++;
		reader->slots += snap->req.nr_slots;
		if (snap->req.nr_slots != snap->req.nr_slots_copied)
			WRONG(reader, "truncated");
		if (*snap_wrong(snap))
			WRONG(reader, "%s", snap_wrong(snap));
		check_chain(reader, snap);
		check_generation(reader, snap, last);
	}
	munmap(snap, sizeof(*snap));
	munmap(last, sizeof(*last));
	return NULL;
}

static void prepare_chain(void)
{
	unsigned int i;

	vm = vm_create();
	for (i = 0; i < FIXED; i++)
		vm_set(vm, i, 0, i * MIB, MIB, memory + i * MIB);
	vm_set(vm, FIXED, 0, 256 * MIB, PAGE, memory);
	vm_set(vm, LINK_ID, 0, link_gpa(0), PAGE, memory);
}

static void slots_change_meanwhile(void)
{
	prepare_chain();
	/* Between the two changes of which a deletion consists */
	run_for_a_while(read_chain, move_slots, true);
	close(vm);
}

static void on_signal(int sig)
{
}

static void signals_arrive_meanwhile(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct itimerval timer = { { 0, 300 }, { 0, 300 } }, off = { 0 };

	prepare_chain();
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	run_for_a_while(read_chain, move_slots, false);
	setitimer(ITIMER_REAL, &off, NULL);
	close(vm);
}

/*
 * One descriptor number: a VM with 5 slots, one with 11, something else, or
 * nothing. Never a mixture.
 */
static void *replace_vm(void *unused)
{
	int five = __vm_create(), eleven = -1, event = eventfd(0, 0);
	unsigned int i;

	for (i = 0; i < 5; i++)
		__vm_set(five, i, 0, i * MIB, PAGE, memory);
	while (!stop) {
		dup2(five, vm);
		close(eleven);
		eleven = __vm_create();
		for (i = 0; i < 11; i++)
			__vm_set(eleven, i, 0, i * MIB, PAGE, memory);
		dup2(event, vm);
		dup2(eleven, vm);
		close(vm);
	}
	close(five);
	close(eleven);
	close(event);
	return NULL;
}

static void *read_replaced(void *arg)
{
	struct reader *reader = arg;
	struct snap *snap = snap_alloc();

	while (!stop) {
		reader->taken++;
		if (__snap_take(dev, snap, vm)) {
			reader->refused++;
			if (errno != EBADF && errno != EBADFD)
				WRONG(reader, "%s", strerror(errno));
			continue;
		}
		reader->slots += snap->req.nr_slots;
		if (snap->req.nr_slots != 5 && snap->req.nr_slots != 11)
			WRONG(reader, "%u slots", snap->req.nr_slots);
		if (*snap_wrong(snap))
			WRONG(reader, "%s", snap_wrong(snap));
	}
	munmap(snap, sizeof(*snap));
	return NULL;
}

static void the_vm_is_closed_meanwhile(void)
{
	/* A number that nothing else gets while the VM is closed */
	vm = 700;
	run_for_a_while(read_replaced, replace_vm, false);
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(slots_change_meanwhile),
		KTAP_CASE(signals_arrive_meanwhile),
		KTAP_CASE(the_vm_is_closed_meanwhile),
	};

	need_module_and_kvm();
	if (getenv("SECONDS"))
		seconds = atoi(getenv("SECONDS"));
	dev = dev_open();
	memory = guest_memory(128 * MIB);
	return KTAP_RUN(cases);
}
