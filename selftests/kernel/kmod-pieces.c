// SPDX-License-Identifier: GPL-2.0-or-later
// LAB: -s 2 --append init_on_free=1
/*
 * A VM with so many slots that they are read in pieces, while they change. What
 * is not marked torn must be of one moment. Two processors, so that a reader that
 * holds nothing reads what is freed under it.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "kmod-test.h"

#define FIXED	 1009
#define LINKS	 97
#define LINK_ID	 2000
#define READERS	 2
#define CGROUP	 "/sys/fs/cgroup/slotscope-test"
#define MANY	 16411
#define GAP	 (4 * PAGE)
#define MORE_ID	 4000
#define MORE_GPA (1ULL << 32)

static int dev, vm;
static char *memory;
static atomic_bool stop;
static unsigned int pause_us;
static bool precedence; /* the writer's, over whoever shares its processor */
static unsigned int nr_fixed;
static unsigned int made; /* the last link */
static uint32_t flags;

/* How a reading can end */
enum ending { WHOLE, TORN, MOVED, NR_ENDINGS };

struct reader {
	pthread_t thread;
	atomic_ulong nr[NR_ENDINGS];
	char wrong[256];
};

/*
 * A chain that runs through all of the VM, between fixed slots: the next link is
 * made before the last is taken away, and lies in another piece. A walk that went
 * on in another set would see none, or three, or two that never stood together.
 */
static uint64_t link_gpa(unsigned int link)
{
	return (uint64_t)(link * 37 % LINKS * (FIXED / LINKS)) * GAP + 2 * PAGE;
}

static uint64_t fixed_gpa(unsigned int id)
{
	return (uint64_t)id * (FIXED / nr_fixed) * GAP;
}

static void *move_links(void *unused)
{
	struct sched_param param = { .sched_priority = 1 };
	unsigned int next;

	if (precedence)
		pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	for (; !stop; made = next) {
		next = (made + 1) % LINKS;
		__vm_set(vm, LINK_ID + next, 0, link_gpa(next), PAGE,
			 memory + next * PAGE);
		__vm_set(vm, LINK_ID + made, 0, 0, 0, NULL);
		if (pause_us)
			usleep(pause_us);
	}
	return NULL;
}

#define WRONG(reader, ...)                                                 \
	do {                                                               \
		if (!(reader)->wrong[0])                                   \
			snprintf((reader)->wrong, sizeof((reader)->wrong), \
				 __VA_ARGS__);                             \
	} while (0)

static void check(struct reader *reader, const struct snap *snap)
{
	bool torn = snap->as[0].flags & SLOTSCOPE_AS_TORN;
	unsigned int fixed = 0, more = 0, links[3], nr_links = 0, i;

	for (i = 0; i < snap->req.nr_slots_copied; i++) {
		const struct slotscope_slot *slot = &snap->slots[i];
		unsigned int link = slot->id - LINK_ID;

		if (slot->id >= MORE_ID) {
			more++;
		} else if (slot->id < FIXED) {
			fixed++;
			if (slot->gpa != fixed_gpa(slot->id))
				WRONG(reader, "slot %u is not its own",
				      slot->id);
		} else if (link >= LINKS || slot->gpa != link_gpa(link)) {
			WRONG(reader, "slot %u is not its own", slot->id);
		} else if (nr_links < 3) {
			links[nr_links++] = link;
		}
	}
	if (fixed != nr_fixed || (more && more != MANY))
		WRONG(reader, "%u and %u fixed slots", fixed, more);
	if (torn) {
		reader->nr[TORN]++;
		return;
	}
	reader->nr[WHOLE]++;
	if (nr_links < 1 || nr_links > 2)
		WRONG(reader, "%u links at once", nr_links);
	if (nr_links == 2 && (links[0] + 1) % LINKS != links[1] &&
	    (links[1] + 1) % LINKS != links[0])
		WRONG(reader, "links %u and %u at once", links[0], links[1]);
}

static void *read_on(void *arg)
{
	struct reader *reader = arg;
	struct snap *snap = snap_alloc();

	while (!stop) {
		snap_prepare(snap, vm);
		snap->req.flags = flags;
		if (ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req)) {
			if (errno != EAGAIN || flags & SLOTSCOPE_TORN_OK)
				WRONG(reader, "%s", strerror(errno));
			reader->nr[MOVED]++;
			continue;
		}
		if (*snap_wrong(snap))
			WRONG(reader, "%s", snap_wrong(snap));
		if (!(flags & SLOTSCOPE_TORN_OK) &&
		    snap->as[0].flags & SLOTSCOPE_AS_TORN)
			WRONG(reader, "torn, and nobody asked for it");
		check(reader, snap);
	}
	munmap(snap, sizeof(*snap));
	return NULL;
}

/* A second, and on until a reading ends as @wanted */
static struct reader run(uint32_t with_flags, unsigned int with_pause,
			 enum ending wanted)
{
	struct reader readers[READERS] = { 0 }, all = { 0 };
	pthread_t writer;
	unsigned int i, end;

	stop = false;
	flags = with_flags;
	pause_us = with_pause;
	for (i = 0; i < READERS; i++)
		pthread_create(&readers[i].thread, NULL, read_on, &readers[i]);
	pthread_create(&writer, NULL, move_links, NULL);
	sleep(getenv("SECONDS") ? atoi(getenv("SECONDS")) : 1);
	AWAIT(readers[0].nr[wanted] || readers[1].nr[wanted] ||
	      readers[0].wrong[0] || readers[1].wrong[0]);
	stop = true;
	pthread_join(writer, NULL);
	for (i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		EXPECT(!readers[i].wrong[0], "reader %u: %s", i,
		       readers[i].wrong);
		for (end = 0; end < NR_ENDINGS; end++)
			all.nr[end] += readers[i].nr[end];
	}
	ktap_diag("%lu whole, %lu torn, %lu not read", all.nr[WHOLE],
		  all.nr[TORN], all.nr[MOVED]);
	return all;
}

static void prepare(unsigned int nr)
{
	unsigned int i;

	vm = vm_create();
	nr_fixed = nr;
	for (i = 0; i < nr; i++)
		vm_set(vm, i, 0, fixed_gpa(i), PAGE, memory + i * PAGE);
	vm_set(vm, LINK_ID, 0, link_gpa(0), PAGE, memory);
	made = 0;
}

static void whole_where_there_is_time(void)
{
	struct reader all;

	prepare(FIXED);
	all = run(0, 20000, WHOLE);
	EXPECT(all.nr[WHOLE] > 0, "nothing was read");
	close(vm);
}

/*
 * All in one piece: whoever holds nothing meanwhile walks a set that the other
 * processor changes
 */
static void one_piece_is_of_one_moment(void)
{
	struct reader all;
	unsigned int turn;

	prepare(29);
	for (turn = 0; turn < 2; turn++) {
		all = run(0, 0, WHOLE);
		EXPECT(all.nr[WHOLE] > 0, "nothing was read");
	}
	close(vm);
}

/* One processor for all: between two pieces the writer has its turn */
static void share_a_processor(cpu_set_t *before)
{
	cpu_set_t one;

	sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT(!sched_setaffinity(0, sizeof(one), &one), "setaffinity: %s",
	       strerror(errno));
}

static void more_slots(void)
{
	unsigned int i;

	prepare(FIXED);
	for (i = 0; i < MANY; i++)
		vm_set(vm, MORE_ID + i, 0, MORE_GPA + i * GAP, PAGE,
		       memory + i * PAGE);
}

static void torn_is_told(void)
{
	struct reader all;
	cpu_set_t cpus;

	more_slots();
	share_a_processor(&cpus);
	/*
	 * It takes eight walks in a row that the writer comes into: it wakes up
	 * more often than a walk of so many slots takes, and has precedence
	 */
	precedence = true;
	all = run(SLOTSCOPE_TORN_OK, 200, TORN);
	EXPECT(all.nr[TORN] > 0, "nothing was torn");
	EXPECT_EQ(all.nr[MOVED], 0);
	all = run(0, 200, MOVED);
	EXPECT(all.nr[MOVED] > 0, "all was read");
	EXPECT_EQ(all.nr[TORN], 0);
	precedence = false;
	sched_setaffinity(0, sizeof(cpus), &cpus);
	close(vm);
}

/* The VM is held while it is read, whoever closes it */
static atomic_bool was_read;

static void *close_it(void *unused)
{
	AWAIT(was_read);
	usleep(300);
	close(vm);
	return NULL;
}

static void closed_between_two_pieces(void)
{
	struct snap *snap = snap_alloc();
	unsigned int i, turn;
	pthread_t closer;

	for (turn = 0; turn < 9; turn++) {
		vm = vm_create();
		for (i = 0; i < FIXED; i++)
			vm_set(vm, i, 0, i * GAP, PAGE, memory + i * PAGE);
		was_read = false;
		pthread_create(&closer, NULL, close_it, NULL);
		while (!__snap_take(dev, snap, vm)) {
			EXPECT_EQ(snap->req.nr_slots, FIXED);
			was_read = true;
		}
		EXPECT_EQ(errno, EBADF);
		EXPECT(was_read, "nothing was read");
		pthread_join(closer, NULL);
	}
	munmap(snap, sizeof(*snap));
}

static void *read_until_closed(void *arg)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	while (!__snap_take(dev, arg, vm))
		;
	return NULL;
}

static void *in_its_way(void *unused)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	while (!stop)
		;
	return NULL;
}

/*
 * A reader that does not run, as somebody has precedence on its processor, is
 * between two pieces nearly always. What it reads must be there when it goes on,
 * though nobody else has the VM any more.
 */
static void the_reader_keeps_the_vm(void)
{
	struct snap *snap = snap_alloc();
	unsigned int turn, kept = 0;
	cpu_set_t all, other;
	pthread_t reader, spinner;

	SKIP_IF(vendor_users() < 0, "no kvm_amd whose users could be counted");
	SKIP_IF(sysconf(_SC_NPROCESSORS_ONLN) < 2, "one processor");
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&other);
	CPU_SET(1, &other);
	sched_setaffinity(0, sizeof(other), &other);
	for (turn = 0; turn < 50 && !kept; turn++) {
		prepare(FIXED);
		stop = false;
		pthread_create(&reader, NULL, read_until_closed, snap);
		usleep(50000);
		pthread_create(&spinner, NULL, in_its_way, NULL);
		usleep(50000);
		close(vm);
		kept += vendor_users() > 0;
		stop = true;
		pthread_join(spinner, NULL);
		pthread_join(reader, NULL);
	}
	EXPECT(kept, "the VM went while it was read, in each of %u turns",
	       turn);
	/* The last steps of a VM's end come after close() */
	AWAIT(!vendor_users());
	EXPECT_EQ(vendor_users(), 0);
	sched_setaffinity(0, sizeof(all), &all);
	munmap(snap, sizeof(*snap));
}

static void make_many(void)
{
	unsigned int i;

	vm = vm_create();
	for (i = 0; i < MANY; i++)
		vm_set(vm, i, 0, i * GAP, PAGE, memory + i * PAGE);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* From begin_ns to end_ns is the reading, and that is most of the call */
static void times_enclose_the_reading(void)
{
	struct snap *snap = snap_alloc();
	uint64_t begin, end, best = 0;
	unsigned int i;

	make_many();
	for (i = 0; i < 9; i++) {
		begin = now_ns();
		snap_take(dev, snap, vm);
		end = now_ns();
		EXPECT(snap->req.begin_ns >= begin, "it began before the call");
		EXPECT(snap->req.end_ns <= end, "it ended after the call");
		EXPECT_EQ(snap->req.nr_slots, MANY);
		begin = 100 * (snap->req.end_ns - snap->req.begin_ns) /
			(end - begin);
		if (begin > best)
			best = begin;
	}
	EXPECT(best >= 20, "reading is at most %llu %% of the call",
	       (unsigned long long)best);
	munmap(snap, sizeof(*snap));
	close(vm);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0 && write(fd, text, strlen(text)) > 0, "%s: %s", path,
	       strerror(errno));
	close(fd);
}

static long peak(void)
{
	FILE *file = fopen(CGROUP "/memory.peak", "re");
	long bytes = -1;

	if (file && fscanf(file, "%ld", &bytes) != 1)
		bytes = -1;
	if (file)
		fclose(file);
	return bytes;
}

/* In a child: what the records for MANY slots add to its cgroup's peak, in KiB */
static int charged(void)
{
	struct snap *snap = snap_alloc();
	long before;

	put(CGROUP "/cgroup.procs", "0");
	/* All that the call writes to is there */
	memset(snap->as, 1, sizeof(snap->as));
	memset(snap->slots, 1, (MANY + 1000) * sizeof(snap->slots[0]));
	snap_prepare(snap, vm);
	snap->req.slot_capacity = 0;
	if (ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req))
		return -1;
	before = peak();
	if (before < 0 || __snap_take(dev, snap, vm))
		return -1;
	return (peak() - before) / 1024;
}

static void the_caller_pays_for_the_records(void)
{
	const int records = MANY * sizeof(struct slotscope_slot) / 1024;
	int pipes[2], kib = -1;
	pid_t pid;

	SKIP_IF(access("/sys/fs/cgroup/cgroup.controllers", F_OK),
		"there is no cgroup2 here");
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	make_many();
	ASSERT(!pipe(pipes), "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		kib = charged();
		_exit(write(pipes[1], &kib, sizeof(kib)) != sizeof(kib));
	}
	waitpid(pid, NULL, 0);
	ASSERT_EQ(read(pipes[0], &kib, sizeof(kib)), sizeof(kib));
	/* Some of it was charged in advance */
	EXPECT(kib >= records / 2, "%d KiB were charged for %d KiB of records",
	       kib, records);
	rmdir(CGROUP);
	close(vm);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(whole_where_there_is_time),
		KTAP_CASE(one_piece_is_of_one_moment),
		KTAP_CASE(torn_is_told),
		KTAP_CASE(closed_between_two_pieces),
		KTAP_CASE(the_reader_keeps_the_vm),
		KTAP_CASE(times_enclose_the_reading),
		KTAP_CASE(the_caller_pays_for_the_records),
	};

	need_module_and_kvm();
	dev = dev_open();
	memory = guest_memory(128 * MIB);
	return KTAP_RUN(cases);
}
