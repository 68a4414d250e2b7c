// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a snapshot of many slots costs whoever takes it, and the VMM: run in the
 * lab by ./run. Beside it, in the same run, a walk of the same slots that does
 * nothing else (by the tests' module), KVM's indexes audited, the walk of the BPF
 * iterator, and the VMM's ioctl without a reader.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "kmod-test.h"

#include "test-module/slotscope_test.h"
#include "trace/tracer.h"

#define TURNS  21
#define WRITES 400
#define CGROUP "/sys/fs/cgroup/slotscope-bench"

static int dev, vm, test;
static struct snap *snap;
static char *memory;
static bool json;
static const char *comma = "";

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *id, const char *what, uint64_t *ns, size_t nr)
{
	uint64_t sum = 0;
	size_t i;

	qsort(ns, nr, sizeof(*ns), compare);
	for (i = 0; i < nr; i++)
		sum += ns[i];
	if (json)
		printf("%s\"%s\": { \"median_us\": %.1f, \"mean_us\": %.1f, "
		       "\"p99_us\": %.1f, \"max_us\": %.1f }",
		       comma, id, ns[nr / 2] / 1e3, sum / 1e3 / nr,
		       ns[(nr - 1) * 99 / 100] / 1e3, ns[nr - 1] / 1e3);
	else
		printf("%-36s %10.1f %10.1f %10.1f %10.1f\n", what,
		       ns[nr / 2] / 1e3, sum / 1e3 / nr,
		       ns[(nr - 1) * 99 / 100] / 1e3, ns[nr - 1] / 1e3);
	comma = ",\n";
	fflush(stdout);
}

static uint64_t in_kernel(void)
{
	snap_take(dev, snap, vm);
	return snap->req.end_ns - snap->req.begin_ns;
}

static uint64_t bare(void)
{
	return ioctl(test, TEST_WALK, vm);
}

static uint64_t whole(void)
{
	uint64_t begin = now_ns();

	snap_take(dev, snap, vm);
	return now_ns() - begin;
}

static uint64_t audit(void)
{
	struct slotscope_audit req = {
		.size = sizeof(req),
		.vm_fd = vm,
		.fault_size = sizeof(struct slotscope_fault),
	};

	ASSERT(!ioctl(dev, SLOTSCOPE_AUDIT, &req), "%s", strerror(errno));
	return req.end_ns - req.begin_ns;
}

static uint64_t whole_and_audit(void)
{
	uint64_t begin = now_ns();

	snap_take(dev, snap, vm);
	audit();
	return now_ns() - begin;
}

static uint64_t with_details(void)
{
	static struct slotscope_detail details[SNAP_SLOTS];

	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_DETAIL;
	snap->req.detail_addr = (uintptr_t)details;
	snap->req.detail_size = sizeof(details[0]);
	ASSERT(!ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), "%s",
	       strerror(errno));
	return snap->req.end_ns - snap->req.begin_ns;
}

static struct tracer *tracer;

/* As the program reads them where the module is not loaded */
static uint64_t by_bpf(void)
{
	const struct vm_id id = { .tgid = getpid(), .fd = vm };
	struct slotscope_error err = {};
	struct slot_state state;
	uint64_t begin = now_ns();

	ASSERT(!tracer_snapshot(tracer, &id, PARTY_KERNEL, &state, &err),
	       "%s: %s", err.tried, err.why);
	begin = now_ns() - begin;
	ASSERT(!state.coverage.truncated, "cut");
	slot_state_deinit(&state);
	return begin;
}

static uint64_t no_slots(void)
{
	uint64_t begin;

	snap_prepare(snap, vm);
	snap->req.flags = SLOTSCOPE_NO_SLOTS;
	snap->req.slot_capacity = 0;
	begin = now_ns();
	ASSERT(!ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), "%s",
	       strerror(errno));
	return now_ns() - begin;
}

static uint64_t info(void)
{
	struct slotscope_info info = { .size = sizeof(info) };
	uint64_t begin = now_ns();

	ioctl(dev, SLOTSCOPE_INFO, &info);
	return now_ns() - begin;
}

static void reads(void)
{
	static const struct {
		const char *id, *what;
		uint64_t (*run)(void);
	} all[] = {
		{ "info", "SLOTSCOPE_INFO", info },
		{ "no_slots", "snapshot, SLOTSCOPE_NO_SLOTS", no_slots },
		{ "bare", "a bare walk", bare },
		{ "kernel", "snapshot, in the kernel", in_kernel },
		{ "whole", "snapshot, with copying out", whole },
		{ "details", "with details, in the kernel", with_details },
		{ "audit", "audit, in the kernel", audit },
		{ "whole_and_audit", "snapshot, copied out, and audit",
		  whole_and_audit },
		{ "bpf", "the BPF iterator, with copying out", by_bpf },
	};
	const struct tracer_options options = { .no_hooks = true };
	struct slotscope_error err = {};
	uint64_t ns[sizeof(all) / sizeof(all[0])][TURNS];
	size_t i, turn;

	ASSERT(!tracer_open(&options, NULL, &tracer, &err), "%s: %s", err.tried,
	       err.why);
	/* In turns, so that what the machine does meanwhile hits all alike */
	for (turn = 0; turn < TURNS; turn++)
		for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			ns[i][turn] = all[i].run();
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		print(all[i].id, all[i].what, ns[i], TURNS);
	tracer_close(tracer);
}

/* A slot's flags, on and off: what a VMM does when a migration begins */
static void writes(const char *id, const char *what, unsigned int nr)
{
	static uint64_t ns[WRITES];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		uint64_t begin = now_ns();

		vm_set(vm, 0, i & 1 ? 0 : KVM_MEM_LOG_DIRTY_PAGES, 0, PAGE,
		       memory);
		ns[i] = now_ns() - begin;
	}
	print(id, what, ns, nr);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0 && write(fd, text, strlen(text)) > 0, "%s: %s", path,
	       strerror(errno));
	close(fd);
}

static pid_t start_reader(bool throttled)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (throttled)
		put(CGROUP "/cgroup.procs", "0");
	for (;;)
		__snap_take(dev, snap, vm);
}

static void stop_reader(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	unsigned int i,
		nr = getenv("SLOTS") ? atoi(getenv("SLOTS")) : USER_SLOTS;
	pid_t pid;

	json = argc > 1 && !strcmp(argv[1], "--json");
	need_module_and_kvm();
	ASSERT(!__module_load("kmod-test", "slotscope_test"), "test module: %s",
	       strerror(errno));
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT(test >= 0, "open: %s", strerror(errno));
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(nr * PAGE);
	vm = vm_create();
	for (i = 0; i < nr; i++)
		vm_set(vm, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	if (json)
		printf("{ \"slots\": %u,\n", nr);
	else
		printf("%u slots%26s %10s %10s %10s %10s\n", nr,
		       "us:", "median", "mean", "99 %", "max");
	reads();

	writes("writer_alone", "change of flags, alone", WRITES);
	pid = start_reader(false);
	writes("writer_reader", "change of flags, a reader in a loop", WRITES);
	stop_reader(pid);
	writes("writer_alone_again", "change of flags, alone again", WRITES);

	put("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
	mkdir(CGROUP, 0755);
	put(CGROUP "/cpu.max", "2000 1000000");
	pid = start_reader(true);
	writes("writer_throttled", "change of flags, reader with 2 ms of 1 s",
	       WRITES);
	stop_reader(pid);
	rmdir(CGROUP);
	if (json)
		printf(" }\n");
	return 0;
}
