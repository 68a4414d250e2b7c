// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a snapshot of many slots costs whoever takes it, and the VMM: run in the
 * lab by ./run. Beside it, in the same run, a walk of the same slots that does
 * nothing else (by the tests' module), KVM's indexes audited, the walk of the BPF
 * iterator, and the VMM's ioctl beside no reader and beside one of another VM.
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

static int dev, vm, other_vm, large_vm, test;
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

static uint64_t take_details(int of_vm)
{
	static struct slotscope_detail details[SNAP_SLOTS];

	snap_prepare(snap, of_vm);
	snap->req.flags = SLOTSCOPE_DETAIL;
	snap->req.detail_addr = (uintptr_t)details;
	snap->req.detail_size = sizeof(details[0]);
	ASSERT(!ioctl(dev, SLOTSCOPE_SNAPSHOT, &snap->req), "%s",
	       strerror(errno));
	return snap->req.end_ns - snap->req.begin_ns;
}

static uint64_t with_details(void)
{
	return take_details(vm);
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

/*
 * The longest hold of a VM's srcu in a call: who changes a slot can have to wait for
 * two of them, one that began before the change and one that began in it. What the
 * counting itself takes is taken off.
 */
static uint64_t longest_hold(int of_vm, uint64_t (*run)(void))
{
	struct test_holds holds = { .vm_fd = of_vm };

	ASSERT(!ioctl(test, TEST_HOLDS, &holds), "holds: %s", strerror(errno));
	run();
	holds.vm_fd = -1;
	ASSERT(!ioctl(test, TEST_HOLDS, &holds), "holds: %s", strerror(errno));
	ASSERT(holds.nr, "nothing was held");
	return holds.longest_ns - (holds.empty_ns < holds.longest_ns ?
					   holds.empty_ns :
					   holds.longest_ns);
}

static uint64_t details_of_large(void)
{
	return take_details(large_vm);
}

static void holds(void)
{
	static const struct {
		const char *id, *what;
		int *vm;
		uint64_t (*run)(void);
	} all[] = {
		{ "hold", "longest hold, snapshot", &vm, in_kernel },
		{ "hold_details", "longest hold, with details", &vm,
		  with_details },
		{ "hold_large", "longest hold, details of 40 GiB", &large_vm,
		  details_of_large },
	};
	uint64_t ns[TURNS];
	size_t i, turn;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (turn = 0; turn < TURNS; turn++)
			ns[turn] = longest_hold(*all[i].vm, all[i].run);
		print(all[i].id, all[i].what, ns, TURNS);
	}
}

static uint64_t write_once(unsigned int i)
{
	uint64_t begin = now_ns();

	vm_set(vm, 0, i & 1 ? 0 : KVM_MEM_LOG_DIRTY_PAGES, 0, PAGE, memory);
	return now_ns() - begin;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0 && write(fd, text, strlen(text)) > 0, "%s: %s", path,
	       strerror(errno));
	close(fd);
}

/* What runs beside the writer, for ever */
static void read_symbols(void)
{
	static char text[1 << 16];

	for (;;) {
		int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);

		while (read(fd, text, sizeof(text)) > 0)
			continue;
		close(fd);
	}
}

static void read_other(void)
{
	for (;;)
		__snap_take(dev, snap, other_vm);
}

static void read_vm(void)
{
	for (;;)
		__snap_take(dev, snap, vm);
}

static void read_nicely(void)
{
	nice(19);
	read_vm();
}

static void read_throttled(void)
{
	put(CGROUP "/cgroup.procs", "0");
	read_vm();
}

/*
 * A slot's flags, on and off: what a VMM does when a migration begins. With pauses, so
 * that it comes to whatever runs beside it at any point of that.
 */
static void write_beside(const char *id, const char *what, void (*run)(void))
{
	static uint64_t ns[WRITES];
	unsigned int i, seed = 1;
	pid_t pid = run ? fork() : 0;

	ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (run && !pid)
		run();
	for (i = 0; i < WRITES; i++) {
		usleep(rand_r(&seed) % 8000);
		ns[i] = write_once(i);
	}
	if (pid) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	print(id, what, ns, WRITES);
}

/*
 * The lab has one processor: whatever runs in its kernel takes turns with the writer,
 * of up to a tick of the scheduler. So a reader of this VM is held against one who reads
 * nothing of KVM's, and one of another VM with the same slots: these keep the writer
 * from nothing but the processor.
 */
static void writes(void)
{
	write_beside("writer_alone", "change of flags, alone", NULL);
	write_beside("writer_symbols", "  beside a reader of /proc/kallsyms",
		     read_symbols);
	write_beside("writer_other", "  beside a reader of another VM",
		     read_other);
	write_beside("writer_reader", "  beside a reader of this VM", read_vm);
	write_beside("writer_nice", "  the same, with nice 19", read_nicely);

	put("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
	mkdir(CGROUP, 0755);
	put(CGROUP "/cpu.max", "2000 1000000");
	write_beside("writer_throttled", "  a reader with 2 ms of each 1 s",
		     read_throttled);
	rmdir(CGROUP);
}

static int vm_with_slots(unsigned int nr)
{
	int new = vm_create();
	unsigned int i;

	for (i = 0; i < nr; i++)
		vm_set(new, i, 0, 2 * i * PAGE, PAGE, memory + i * PAGE);
	return new;
}

/* Slots of which there is much beside them: 40 with dirty logging, of 1 GiB */
static int vm_with_large_slots(void)
{
	const uint64_t size = 1ULL << 30;
	char *large = guest_memory(size);
	int new = vm_create();
	unsigned int i;

	for (i = 0; i < 40; i++)
		vm_set(new, i, KVM_MEM_LOG_DIRTY_PAGES, i * size, size, large);
	return new;
}

int main(int argc, char **argv)
{
	unsigned int nr = getenv("SLOTS") ? atoi(getenv("SLOTS")) : USER_SLOTS;

	json = argc > 1 && !strcmp(argv[1], "--json");
	need_module_and_kvm();
	ASSERT(!__module_load("kmod-test", "slotscope_test"), "test module: %s",
	       strerror(errno));
	test = open(TEST_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT(test >= 0, "open: %s", strerror(errno));
	dev = dev_open();
	snap = snap_alloc();
	memory = guest_memory(nr * PAGE);
	vm = vm_with_slots(nr);
	other_vm = vm_with_slots(nr);
	large_vm = vm_with_large_slots();
	if (json)
		printf("{ \"slots\": %u,\n", nr);
	else
		printf("%u slots%26s %10s %10s %10s %10s\n", nr,
		       "us:", "median", "mean", "99 %", "max");
	reads();
	holds();
	writes();
	if (json)
		printf(" }\n");
	return 0;
}
