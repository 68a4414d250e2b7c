// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests: each one is told once, with its arguments and its result, whatever
 * refuses it, and by whichever of the hooks.
 */
#include "bpf-test.h"

/* Primes, so that no count is right by chance */
#define ROUNDS	23
#define THREADS 3

static const unsigned int modes[] = {
	0,
	1U << TRACER_FENTRY,
	1U << TRACER_FENTRY | 1U << TRACER_KPROBE,
};
static unsigned int mode; /* options.avoid of the case that runs */

static struct tracer *open_on(pid_t tgid)
{
	const struct tracer_options options = { .tgid = tgid, .avoid = mode };
	struct tracer *tracer = tracer_new(&options);
	const struct tracer_hook *requests, *changes;

	requests = tracer_hook_used(tracer_report(tracer), TRACER_REQUESTS);
	changes = tracer_hook_used(tracer_report(tracer), TRACER_CHANGES);
	ASSERT(requests, "nothing tells requests");
	EXPECT(!(mode & 1U << requests->method), "%s is used",
	       tracer_method_names[requests->method]);
	ktap_diag("requests by %s of %s, changes by %s",
		  tracer_method_names[requests->method], requests->target,
		  changes ? tracer_method_names[changes->method] : "nothing");
	return tracer;
}

/*
 * System calls are the last resort: a kernel that preempts loses some of them.
 * What is lost must be counted.
 */
static void expect_all_told(const struct tracer *tracer,
			    const struct slot_log *log,
			    const struct diary *diary)
{
	size_t missing = expect_diary(log, diary);

	if (!(mode & 1U << TRACER_KPROBE))
		expect_nothing_lost(tracer);
	EXPECT_EQ(lost_total(tracer), missing);
	EXPECT_EQ(count_events(log, SLOT_EVENT_REQUEST, 0) + missing,
		  diary_total(diary));
	expect_numbered(log);
}

static uint64_t hva;
static struct diary *shared_diary;

/* Life of some slots, both ioctls, in address space 0 and 1 */
static void *worker(void *arg)
{
	size_t thread = (uintptr_t)arg;
	struct diary *diary = shared_diary;
	int vm = diary->vm_fd;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t slot = thread * 100 + i;
		uint64_t gpa = (thread * 1000 + i) * MIB;
		struct slot_request want = slot_at(slot, 0, gpa, 5 * PAGE, hva);

		if (i % 5 == 4)
			want.slot |= 1 << 16;
		want.region2 = i % 3 == 1;
		want.gmem_offset = want.region2 ? 7 * PAGE : 0;
		ask(diary, thread, vm, want); /* create */
		want.flags = KVM_MEM_LOG_DIRTY_PAGES;
		ask(diary, thread, vm, want); /* flags */
		ask(diary, thread, vm, want); /* nothing */
		want.gpa += 64 * PAGE;
		ask(diary, thread, vm, want); /* move */
		want.slot += 50;
		ask(diary, thread, vm, want); /* EEXIST */
		want.slot -= 50;
		want.size = 0;
		if (i % 2)
			ask(diary, thread, vm, want); /* delete */
	}
	return NULL;
}

static void threads(const struct child *self, struct diary *diary)
{
	pthread_t workers[THREADS];

	shared_diary = diary;
	hva = memory_new(MIB);
	child_step(self);
	diary->vm_fd = vm_new();
	diary->nr_threads = THREADS;
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i], NULL, worker, (void *)i))
			_exit(43);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(workers[i], NULL);
	child_step(self);
}

static void from_several_threads(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(threads, diary);
	struct tracer *tracer = open_on(child.pid);
	struct slot_log log;
	uint64_t prev = 0, serial = 0;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(child_end(&child), 0);
	EXPECT_EQ(diary_total(diary), THREADS * (ROUNDS * 5 + ROUNDS / 2));
	expect_all_told(tracer, &log, diary);
	for (size_t i = 0; i < log.nr; i++) {
		const struct slot_event *event = &log.events[i];

		if (event->type != SLOT_EVENT_REQUEST)
			continue;
		if (!serial)
			serial = event->serial;
		EXPECT(event->duration_ns > 0, "request %zu took no time", i);
		EXPECT(!strncmp(event->comm, "bpf-requests", 12),
		       "comm is %.16s", event->comm);
		EXPECT_EQ(event->serial, serial);
		if (event->tid != diary->threads[0].tid)
			continue;
		EXPECT(event->time_ns > prev,
		       "request %zu began before the one before it ended", i);
		prev = event->time_ns + event->duration_ns;
	}
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* In a process of its own: what it asks of our VM is refused with EIO */
static void ask_from_outside(struct diary *diary, int vm)
{
	pid_t pid = fork();

	if (!pid) {
		ask(diary, 1, vm, slot_at(1, 0, 0, PAGE, hva));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Arguments in a page that is not in memory: a file's, never touched */
static void ask_from_file(struct diary *diary, int vm)
{
	struct slot_request want = slot_at(900, 0, 0x900 * MIB, PAGE, hva);
	struct kvm_userspace_memory_region region = {
		.slot = want.slot,
		.guest_phys_addr = want.gpa,
		.memory_size = want.size,
		.userspace_addr = want.hva,
	};
	int fd = memfd_create("arguments", MFD_CLOEXEC);
	void *args;

	if (pwrite(fd, &region, sizeof(region), 0) != sizeof(region))
		_exit(44);
	args = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	want.result = ioctl(vm, KVM_SET_USER_MEMORY_REGION, args) ? -errno : 0;
	diary->threads[0].done[diary->threads[0].nr++] = want;
}

static void ask_unreadable(struct diary *diary, int vm)
{
	struct slot_request want = { .unread = true, .gmem_fd = -1 };
	void *hole = mmap(NULL, 2 * PAGE, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap((char *)hole + PAGE, PAGE);
	want.result = ioctl(vm, KVM_SET_USER_MEMORY_REGION, NULL) ? -errno : 0;
	diary->threads[0].done[diary->threads[0].nr++] = want;
	/* The last byte is missing */
	want.result = ioctl(vm, KVM_SET_USER_MEMORY_REGION,
			    (char *)hole + PAGE - 31) ?
			      -errno :
			      0;
	diary->threads[0].done[diary->threads[0].nr++] = want;
}

/* KVM's rules for a region, one after the other */
static void refusals(const struct child *self, struct diary *diary)
{
	struct slot_request want, good = slot_at(5, 0, 16 * MIB, 3 * PAGE, 0);
	int vm, kvm;

	good.hva = hva = memory_new(MIB);
	child_step(self);
	diary->nr_threads = 2;
	diary->vm_fd = vm = vm_new();
	kvm = open("/dev/kvm", O_RDWR);
	ask(diary, 0, vm, good);
#define REFUSED(change)                  \
	do {                             \
		want = good;             \
		change;                  \
		ask(diary, 0, vm, want); \
		want.region2 = true;     \
		ask(diary, 0, vm, want); \
	} while (0)
	REFUSED(want.flags = 0x80);
	REFUSED(want.flags = KVM_MEM_READONLY);
	REFUSED(want.size = 0x1234);
	REFUSED(want.gpa++);
	REFUSED(want.hva += 8);
	REFUSED(want.hva = 1ULL << 63);
	REFUSED(want.slot = 32764);
	REFUSED(want.slot = 0xffff);
	REFUSED(want.slot |= 7 << 16);
	REFUSED(want.gpa = -PAGE; want.size = 2 * PAGE);
	REFUSED(want.slot = 6; want.size = 0);
	REFUSED(want.slot = 6; want.gpa += PAGE);
	REFUSED(want.size -= PAGE);
	REFUSED(want.hva += PAGE);
	REFUSED(want.slot = 6; want.gpa = 1ULL << 51);
#undef REFUSED
	ask_unreadable(diary, vm);
	ask_from_file(diary, vm);
	ask_from_outside(diary, vm);
	/* Not requests to a VM, though they look like it: not to be told */
	want = good;
	__ask(kvm, &want);
	__ask(-1, &want);
	__ask(0, &want);
	ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY);
	child_step(self);
}

static void whatever_refuses_them(void)
{
	/* The outside process is another one: trace all */
	static const int wanted[] = { -EINVAL, -EEXIST, -EFAULT, -EIO, 0 };
	struct diary *diary = diary_new();
	struct child child = child_start(refusals, diary);
	struct tracer *tracer = open_on(0);
	struct slot_log log;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(child_end(&child), 0);
	EXPECT_EQ(diary->threads[0].nr, 1 + 2 * 15 + 2 + 1);
	EXPECT_EQ(diary->threads[1].nr, 1);
	expect_all_told(tracer, &log, diary);
	/* The workload is what it is meant to be */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t nr = 0;

		for (size_t j = 0; j < log.nr; j++)
			nr += log.events[j].type == SLOT_EVENT_REQUEST &&
			      log.events[j].request.result == wanted[i];
		EXPECT(nr, "no request ended with %d", wanted[i]);
	}
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

#define IN_MODE(name, nr)             \
	static void name##_##nr(void) \
	{                             \
		mode = modes[nr];     \
		name();               \
	}
IN_MODE(from_several_threads, 0)
IN_MODE(from_several_threads, 1)
IN_MODE(from_several_threads, 2)
IN_MODE(whatever_refuses_them, 0)
IN_MODE(whatever_refuses_them, 1)
IN_MODE(whatever_refuses_them, 2)

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "requests of several threads", from_several_threads_0 },
		{ "requests of several threads, without fentry",
		  from_several_threads_1 },
		{ "requests of several threads, by system calls",
		  from_several_threads_2 },
		{ "requests that are refused", whatever_refuses_them_0 },
		{ "requests that are refused, without fentry",
		  whatever_refuses_them_1 },
		{ "requests that are refused, by system calls",
		  whatever_refuses_them_2 },
	};

	return KTAP_RUN(cases);
}
