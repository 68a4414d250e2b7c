// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Losses are told, whatever causes them: what was told and what is said to be
 * lost add up to what was done.
 */
#include <sys/utsname.h>

#include <linux/userfaultfd.h>

#include <bpf/bpf.h>

#include "bpf-test.h"

#define ROUNDS 997

/* Requests without changes: one event each */
static void many_refused(const struct child *self, struct diary *diary)
{
	diary->nr_threads = 1;
	diary->vm_fd = vm_new();
	child_step(self);
	/* More than the larger ring has room for; a reader has to be let run */
	for (int i = 0; i < ROUNDS; i++) {
		ask(diary, 0, diary->vm_fd, slot_at(i, 0x80, 0, PAGE, 0));
		if (i % 199 == 198)
			usleep(1000);
	}
	child_step(self);
	for (int i = 0; i < 3; i++)
		ask(diary, 0, diary->vm_fd, slot_at(i, 0x80, 0, PAGE, 0));
	child_step(self);
}

/* LOST events of one reason; their counts */
static uint64_t lost_events(const struct slot_log *log,
			    enum slot_lost_reason reason)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < log->nr; i++)
		if (log->events[i].type == SLOT_EVENT_LOST &&
		    log->events[i].lost.reason == reason)
			sum += log->events[i].lost.count;
	return sum;
}

static void ring_overflow(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(many_refused, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.ring_bytes = 1,
						.queue_bytes = 1 };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	uint64_t lost;
	size_t told;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	told = count_events(&log, SLOT_EVENT_REQUEST, 0);
	lost = lost_events(&log, SLOT_LOST_RING_FULL);
	ktap_diag("%zu told, %llu lost", told, (unsigned long long)lost);
	EXPECT(told > 10, "next to nothing was told");
	EXPECT(lost > 100, "the ring is not small enough for this test");
	EXPECT_EQ(told + lost, ROUNDS);
	EXPECT_EQ(expect_diary(&log, diary), lost);
	EXPECT_EQ(lost_total(tracer), lost);
	EXPECT_EQ(tracer_lost(tracer)->count[SLOT_LOST_RING_FULL], lost);
	expect_numbered(&log);
	/*
	 * A ring that was read takes new ones, and they come after the loss. The
	 * first two events are those of an existing VM without slots.
	 */
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, 0), told + 3);
	EXPECT_EQ(lost_total(tracer), lost);
	expect_numbered(&log);
	EXPECT_EQ(log.events[log.nr - 1].seq, 2 + ROUNDS + 3);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* A reader that polls does not let the ring overflow */
static void reader_keeps_up(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(many_refused, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.ring_bytes = 131072 };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	char c = 0;

	slot_log_init(&log);
	ASSERT_EQ(write(child.to, &c, 1), 1);
	while (count_events(&log, SLOT_EVENT_REQUEST, 0) < ROUNDS) {
		int ret = tracer_poll(tracer, 5000, tracer_to_log, &log,
				      &bpf_err);

		if (!EXPECT(ret > 0, "poll: %d after %zu events", ret, log.nr))
			break;
	}
	expect_nothing_lost(tracer);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	EXPECT_EQ(read(child.from, &c, 1), 1);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

/* Each is 144 bytes in the ring: one batch and a quarter of it fit, all of them do not */
#define BATCHES 11
#define BATCH	131

static void batches_refused(const struct child *self, struct diary *diary)
{
	diary->nr_threads = 1;
	diary->vm_fd = vm_new();
	child_step(self);
	for (int i = 0; i < BATCHES; i++) {
		for (int j = 0; j < BATCH; j++)
			ask(diary, 0, diary->vm_fd,
			    slot_at(j, 0x80, 0, PAGE, 0));
		child_step(self);
	}
}

#define BLOCKED_RING 32768

/* The ring of that size; below 0 if there is none */
static int ring_of_blocked(void)
{
	uint32_t id = 0;

	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.type == BPF_MAP_TYPE_RINGBUF &&
		    info.max_entries == BLOCKED_RING)
			return fd;
		close(fd);
	}
	return -1;
}

/* How many bytes wait in the kernel's ring: libbpf maps the two places likewise */
static uint64_t ring_waiting(int fd)
{
	volatile uint64_t *consumer, *producer;
	uint64_t waiting;

	consumer = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	producer = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	if (consumer == MAP_FAILED || producer == MAP_FAILED)
		return UINT64_MAX;
	waiting = *producer - *consumer;
	munmap((void *)consumer, PAGE);
	munmap((void *)producer, PAGE);
	return waiting;
}

/* Who drains: told by its own thread */
static struct {
	pid_t tid;
	bool deaf;
} drains;

static void drains_here(void)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	drains.tid = gettid();
	drains.deaf = sigismember(&blocked, SIGINT) &&
		      sigismember(&blocked, SIGTERM) &&
		      sigismember(&blocked, SIGCHLD);
}

/*
 * Whoever takes events is stuck in the first one, as in a write to a pipe that nobody
 * reads, until many more have come than the ring has room for; each time as many as
 * it has.
 */
struct blocked {
	struct child *child;
	struct slot_log log;
	int ring;
};

static int blocks(const struct slot_event *event, void *arg)
{
	struct blocked *b = arg;

	for (int i = 0; !b->log.nr && i < BATCHES; i++) {
		ASSERT(child_go(b->child), "the child failed");
		/* The kernel wakes who drains at a quarter */
		for (int tries = 0;
		     tries < 6000 && ring_waiting(b->ring) >= BLOCKED_RING / 4;
		     tries++)
			usleep(10000);
		ASSERT(ring_waiting(b->ring) < BLOCKED_RING / 4,
		       "nobody empties the ring");
	}
	return slot_log_add(&b->log, event);
}

static void output_that_blocks(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(batches_refused, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.ring_bytes = BLOCKED_RING,
						.thread_fn = drains_here };
	struct tracer *tracer = tracer_new(&options);
	struct blocked b = { .child = &child, .ring = ring_of_blocked() };

	slot_log_init(&b.log);
	ASSERT(b.ring >= 0, "there is no ring");
	ASSERT(tracer_poll(tracer, 60000, blocks, &b, &bpf_err) > 0,
	       "nothing came: %s", bpf_err.why);
	ASSERT(tracer_flush(tracer, blocks, &b, &bpf_err) >= 0, "%s",
	       bpf_err.why);
	expect_nothing_lost(tracer);
	EXPECT_EQ(count_events(&b.log, SLOT_EVENT_REQUEST, 0), BATCHES * BATCH);
	EXPECT_EQ(expect_diary(&b.log, diary), 0);
	EXPECT(drains.tid && drains.tid != getpid() && drains.deaf,
	       "no thread of its own drains, or it handles signals");
	expect_numbered(&b.log);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&b.log);
	close(b.ring);
	tracer_close(tracer);
	diary_free(diary);
}

/*
 * More threads at once inside of KVM than a kretprobe has room for: they wait
 * for the lock under which slots change, each for its turn.
 */
#define CROWD 41

static struct diary *shared_diary;
static pthread_barrier_t barrier;
static uint64_t hva;

static void *crowd_worker(void *arg)
{
	size_t thread = (uintptr_t)arg;

	for (int i = 0; i < 7; i++) {
		struct slot_request want =
			slot_at(thread, 0, (thread * 8 + i) * MIB, PAGE, hva);

		pthread_barrier_wait(&barrier);
		ask(shared_diary, thread, shared_diary->vm_fd, want);
		/* Its result is not that of a request whose end was missed */
		if (i % 2)
			ioctl(shared_diary->vm_fd, KVM_CHECK_EXTENSION,
			      KVM_CAP_NR_MEMSLOTS);
		want.size = 0;
		ask(shared_diary, thread, shared_diary->vm_fd, want);
	}
	return NULL;
}

static void crowd(const struct child *self, struct diary *diary)
{
	pthread_t workers[CROWD];

	shared_diary = diary;
	hva = memory_new(MIB);
	diary->nr_threads = CROWD;
	diary->vm_fd = vm_new();
	pthread_barrier_init(&barrier, NULL, CROWD);
	child_step(self);
	for (size_t i = 0; i < CROWD; i++)
		if (pthread_create(&workers[i], NULL, crowd_worker, (void *)i))
			_exit(43);
	for (size_t i = 0; i < CROWD; i++)
		pthread_join(workers[i], NULL);
	/* What is missing at the end of a thread's life is told at once */
	child_step(self);
}

static void crowd_by(unsigned int avoid, unsigned int nr_calls,
		     enum slot_lost_reason reason, bool some)
{
	struct diary *diary = diary_new();
	struct child child = child_start(crowd, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.avoid = avoid,
						.nr_calls = nr_calls };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	size_t told, missing, changes, made = 0;
	uint64_t twice = 0;

	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	told = count_events(&log, SLOT_EVENT_REQUEST, 0);
	changes = count_events(&log, SLOT_EVENT_CHANGE, 0);
	missing = expect_diary(&log, diary);
	for (size_t i = 0; i < CROWD; i++)
		for (size_t j = 0; j < diary->threads[i].nr; j++)
			made += !diary->threads[i].done[j].result;
	ktap_diag("%zu of %zu requests told, %zu of %zu changes, %llu lost",
		  told, diary_total(diary), changes, made,
		  (unsigned long long)lost_total(tracer));
	EXPECT_EQ(told + missing, diary_total(diary));
	/* A call may be lost twice by fentry: no room for it, its end skipped */
	if (avoid & 1U << TRACER_KPROBE &&
	    lost_total(tracer) > missing + made - changes)
		twice = lost_total(tracer) - (missing + made - changes);
	EXPECT_EQ(lost_total(tracer), missing + made - changes + twice);
	EXPECT(twice <= tracer_lost(tracer)->count[SLOT_LOST_MISSED],
	       "%llu more lost than missing", (unsigned long long)twice);
	if (some)
		EXPECT(tracer_lost(tracer)->count[reason] > 10,
		       "next to nothing was lost so: this is no test");
	expect_numbered(&log);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void too_many_for_kretprobes(void)
{
	crowd_by(1U << TRACER_FENTRY, 0, SLOT_LOST_MISSED, true);
}

/* Where the kernel preempts, some are lost; where it does not, none */
static void crowd_by_fentry(void)
{
	crowd_by(1U << TRACER_KPROBE, 0, SLOT_LOST_MISSED, false);
}

static void no_room_for_calls(void)
{
	crowd_by(1U << TRACER_KPROBE, 5, SLOT_LOST_MAP_FULL, true);
}

/* Memory whose first touch waits for ever; @fd tells of each that waits */
static void *memory_that_waits(int *fd)
{
	/* Where a caller of 32 bits could have it */
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (page == MAP_FAILED || *fd < 0 || ioctl(*fd, UFFDIO_API, &api) ||
	    ioctl(*fd, UFFDIO_REGISTER, &range))
		_exit(45);
	return page;
}

/* A thread that is in one of KVM's functions until the process ends */
struct waiter {
	int fd;
	unsigned long cmd;
	void *page;
};

static void *wait_in_kvm(void *arg)
{
	struct waiter *waiter = arg;

	ioctl(waiter->fd, waiter->cmd, waiter->page);
	return NULL;
}

static void fill_kvm(struct waiter *waiter, size_t nr)
{
	struct uffd_msg msg;
	pthread_t worker;
	int fd;

	waiter->page = memory_that_waits(&fd);
	for (size_t i = 0; i < nr; i++)
		if (pthread_create(&worker, NULL, wait_in_kvm, waiter))
			_exit(43);
	for (size_t i = 0; i < nr; i++)
		if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
			_exit(44);
}

#define UNSEEN 3

/* As many as there are kretprobes for are in kvm_dev_ioctl() already */
static void creates_in_a_crowd(const struct child *self, struct diary *diary)
{
	struct waiter waiter = { .cmd = KVM_GET_MSR_INDEX_LIST };

	(void)diary;
	waiter.fd = open("/dev/kvm", O_RDWR);
	child_step(self);
	fill_kvm(&waiter, CROWD);
	for (int i = 0; i < UNSEEN; i++)
		vm_new();
	child_step(self);
}

/* In kvm_vm_ioctl(); and one in a request, which is not over and not lost */
static void asks_in_a_crowd(const struct child *self, struct diary *diary)
{
	struct waiter waiter = { .cmd = KVM_GET_DIRTY_LOG };
	struct waiter asks = { .cmd = KVM_SET_USER_MEMORY_REGION };

	hva = memory_new(MIB);
	diary->nr_threads = 1;
	diary->vm_fd = waiter.fd = asks.fd = vm_new();
	child_step(self);
	fill_kvm(&waiter, CROWD);
	fill_kvm(&asks, 1);
	for (int i = 0; i < UNSEEN; i++)
		ask(diary, 0, diary->vm_fd, slot_at(i, 0, i * MIB, PAGE, hva));
	child_step(self);
}

/* By the end of the trace all is told or counted, though no thread has ended */
static struct tracer *
finish_after(void (*run)(const struct child *self, struct diary *diary),
	     struct diary *diary, struct child *child, struct slot_log *log)
{
	struct tracer_options options = { .avoid = 1U << TRACER_FENTRY };
	struct tracer *tracer;
	int ret;

	*child = child_start(run, diary);
	options.tgid = child->pid;
	tracer = tracer_new(&options);
	slot_log_init(log);
	ASSERT(child_go(child), "the child failed");
	ret = tracer_finish(tracer, tracer_to_log, log, &bpf_err);
	ASSERT(ret >= 0, "finish: %s: %s", bpf_err.tried, bpf_err.why);
	expect_numbered(log);
	return tracer;
}

static void requests_at_the_end(void)
{
	struct diary *diary = diary_new();
	struct child child;
	struct slot_log log;
	struct tracer *tracer =
		finish_after(asks_in_a_crowd, diary, &child, &log);

	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, 0), 0);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_CHANGE, 0), UNSEEN);
	EXPECT_EQ(lost_total(tracer), UNSEEN);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void creations_at_the_end(void)
{
	struct diary *diary = diary_new();
	struct child child;
	struct slot_log log;
	struct tracer *tracer =
		finish_after(creates_in_a_crowd, diary, &child, &log);
	size_t told = count_events(&log, SLOT_EVENT_VM_CREATE, 0);

	EXPECT_EQ(told, 0);
	EXPECT_EQ(lost_total(tracer), UNSEEN);
	kill(child.pid, SIGKILL);
	waitpid(child.pid, NULL, 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

#if defined(__x86_64__)

#define NR_IOCTL_32 54 /* of arch/x86/entry/syscalls/syscall_32.tbl */

static int ioctl_32(int fd, unsigned int cmd, void *arg)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(NR_IOCTL_32), "b"(fd), "c"(cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void *wait_in_kvm_32(void *arg)
{
	struct waiter *waiter = arg;
	int ret = ioctl_32(waiter->fd, waiter->cmd, waiter->page);

	return (void *)(intptr_t)ret;
}

/* A request by the 32-bit entry that is under way for two steps */
static void asks_by_32_bits(const struct child *self, struct diary *diary)
{
	struct waiter asks = { .cmd = KVM_SET_USER_MEMORY_REGION };
	struct uffdio_zeropage zero = { .range = { .len = PAGE } };
	struct uffd_msg msg;
	pthread_t worker;
	void *ret;
	int fd;

	(void)diary;
	/* Without CONFIG_IA32_EMULATION: SIGSEGV, here */
	ioctl_32(-1, 0, NULL);
	asks.fd = vm_new();
	child_step(self);
	asks.page = memory_that_waits(&fd);
	if (pthread_create(&worker, NULL, wait_in_kvm_32, &asks) ||
	    read(fd, &msg, sizeof(msg)) != sizeof(msg))
		_exit(44);
	child_step(self);
	/* Slot 0 of no size: there is none */
	zero.range.start = (uintptr_t)asks.page;
	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero) || pthread_join(worker, &ret) ||
	    (intptr_t)ret != -EINVAL)
		_exit(49);
	child_step(self);
}

static bool has_32bit_entry(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		ioctl_32(-1, 0, NULL);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

/* A thread that waits in a call is in it, by whatever entry it came */
static void in_flight_by_32_bits(unsigned int avoid)
{
	struct diary *diary;
	struct child child;
	struct tracer_options options = { .avoid = avoid };
	const struct tracer_hook *hook;
	struct tracer *tracer;
	struct slot_log log;

	if (!has_32bit_entry())
		SKIP("this kernel has no 32-bit entry");
	diary = diary_new();
	child = child_start(asks_by_32_bits, diary);
	options.tgid = child.pid;
	tracer = tracer_new(&options);
	hook = tracer_hook_used(tracer_report(tracer), TRACER_REQUESTS);
	ASSERT(hook, "requests are not told");
	if (hook->method == TRACER_TRACEPOINT) {
		EXPECT(strstr(hook->why, "32-bit"), "not said: \"%s\"",
		       hook->why);
		kill(child.pid, SIGKILL);
		waitpid(child.pid, NULL, 0);
		tracer_close(tracer);
		diary_free(diary);
		SKIP("requests are seen by a tracepoint, which says it");
	}
	slot_log_init(&log);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, 0), 0);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_REQUEST, 0), 1);
	expect_nothing_lost(tracer);
	expect_numbered(&log);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

#else

static void in_flight_by_32_bits(unsigned int avoid)
{
	(void)avoid;
	SKIP("the 32-bit entry of this architecture is not known here");
}

#endif

static void in_flight_by_32_bits_fentry(void)
{
	in_flight_by_32_bits(1U << TRACER_KPROBE);
}

static void in_flight_by_32_bits_kprobe(void)
{
	in_flight_by_32_bits(1U << TRACER_FENTRY);
}

/* What a kernel before 6.7 skips of kprobes' programs, it does not count */
static void uncounted_is_said(void)
{
	const struct tracer_options options = { .tgid = getpid(),
						.avoid = 1U << TRACER_FENTRY };
	struct tracer *tracer = tracer_new(&options);
	const struct tracer_hook *hook =
		tracer_hook_used(tracer_report(tracer), TRACER_REQUESTS);
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	sscanf(uts.release, "%u.%u", &major, &minor);
	ASSERT(hook, "requests are not told");
	EXPECT(!hook->why[0] == (major > 6 || (major == 6 && minor >= 7)),
	       "on %s it is said: \"%s\"", uts.release, hook->why);
	tracer_close(tracer);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a ring that overflows", ring_overflow },
		{ "a reader that keeps up", reader_keeps_up },
		{ "an output that blocks", output_that_blocks },
		{ "more threads than kretprobes have room for",
		  too_many_for_kretprobes },
		{ "many threads, by fentry", crowd_by_fentry },
		{ "more calls in flight than there is room for",
		  no_room_for_calls },
		{ "requests without an end, at the end", requests_at_the_end },
		{ "creations without an end, at the end",
		  creations_at_the_end },
		{ "where the kernel does not count, that is said",
		  uncounted_is_said },
		{ "a 32-bit request in flight, by fentry",
		  in_flight_by_32_bits_fentry },
		{ "a 32-bit request in flight, by kprobe",
		  in_flight_by_32_bits_kprobe },
	};

	return KTAP_RUN(cases);
}
