// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that is to be traced, and what each thing that it does costs it: the median of
 * its instructions, where QEMU counts them for its clock (-icount shift=0); one line a
 * kind of call, to FILE.
 *
 *	vmm FILE [WAIT]	 WAIT: a file; wait until it is there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <linux/kvm.h>

#define PAGE   4096ull
#define SIZE   (16 * PAGE)
#define ROUNDS 151
#define LOOP   100000

/* Each kind of call, in the order of a round */
enum { ADD, FLAGS, SAME, LOG, MOVE, DROP, REMOVE, REFUSED, OTHER, RUN, KINDS };

static const char *const names[KINDS] = {
	"add",	"flags",  "same",    "dirty_log", "move",
	"drop", "remove", "refused", "other",	  "run",
};

static uint64_t took[KINDS][ROUNDS];

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "vmm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Is a tick an instruction? A loop of two says so */
static void need_icount(void)
{
	uint64_t n = LOOP, begin = __rdtsc();

	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(n));
	begin = __rdtsc() - begin;
	if (begin >= 2 * LOOP && begin < 2 * LOOP + LOOP / 2)
		return;
	fprintf(stderr, "vmm: %d instructions take %llu ticks: no -icount\n",
		2 * LOOP, (unsigned long long)begin);
	exit(1);
}

static int asked(int fd, unsigned long cmd, void *arg, uint64_t *ticks)
{
	uint64_t begin = __rdtsc();
	int ret = ioctl(fd, cmd, arg);

	*ticks = __rdtsc() - begin;
	return ret;
}

/* What a process has used of the processor, in ns; and its parent */
static uint64_t process_ns(pid_t pid, pid_t *parent)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	in = fopen(path, "re");
	must(in && fscanf(in, "%*d (%*[^)]) %*c %d", parent) == 1, path);
	fclose(in);
	snprintf(path, sizeof(path), "cat /proc/%d/task/*/schedstat", pid);
	in = popen(path, "re");
	for (unsigned long long one;
	     in && fscanf(in, "%llu%*[^\n]", &one) == 1;)
		ns += one;
	if (in)
		pclose(in);
	return ns;
}

/* Who traces us is our parent, or its parent; whoever else is there just waits */
static uint64_t tracer_ns(void)
{
	pid_t parent = getppid(), grandparent, other;
	uint64_t ns = process_ns(parent, &grandparent);

	return ns + process_ns(grandparent, &other);
}

static void round_of(int vm, int vcpu, char *memory, int i)
{
	struct kvm_userspace_memory_region slot = {
		.slot = 1,
		.memory_size = SIZE,
		.userspace_addr = (uintptr_t)memory,
	};
	struct kvm_userspace_memory_region none = { .slot = 0x7fff,
						    .memory_size = PAGE };
	uint64_t bitmap = 0, begin;
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = &bitmap };

	must(!asked(vm, KVM_SET_USER_MEMORY_REGION, &slot, &took[ADD][i]),
	     "add");
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES;
	must(!asked(vm, KVM_SET_USER_MEMORY_REGION, &slot, &took[FLAGS][i]),
	     "flags");
	must(!asked(vm, KVM_SET_USER_MEMORY_REGION, &slot, &took[SAME][i]),
	     "same");
	must(!asked(vm, KVM_GET_DIRTY_LOG, &log, &took[LOG][i]), "dirty log");
	slot.guest_phys_addr = SIZE;
	must(!asked(vm, KVM_SET_USER_MEMORY_REGION, &slot, &took[MOVE][i]),
	     "move");
	memory[0] = 1;
	begin = __rdtsc();
	madvise(memory, PAGE, MADV_DONTNEED);
	took[DROP][i] = __rdtsc() - begin;
	slot.memory_size = 0;
	must(!asked(vm, KVM_SET_USER_MEMORY_REGION, &slot, &took[REMOVE][i]),
	     "remove");
	must(asked(vm, KVM_SET_USER_MEMORY_REGION, &none, &took[REFUSED][i]) <
		     0,
	     "a number past the limit");
	asked(vm, KVM_CHECK_EXTENSION, (void *)KVM_CAP_USER_MEMORY,
	      &took[OTHER][i]);
	asked(vcpu, KVM_RUN, NULL, &took[RUN][i]); /* tells of a change */
	must(asked(vcpu, KVM_RUN, NULL, &took[RUN][i]) < 0 && errno == EINTR,
	     "KVM_RUN");
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 300000000 };
	int kvm, vm, vcpu;
	struct kvm_run *run;
	uint64_t before;
	char *memory;
	FILE *out;

	must(argc > 1, "FILE");
	need_icount();
	while (argc > 2 && access(argv[2], F_OK))
		nanosleep(&pause, NULL);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	must(vm >= 0, "KVM_CREATE_VM");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(vcpu >= 0 && run != MAP_FAILED && memory != MAP_FAILED, "vCPU");
	run->immediate_exit = 1;
	memset(memory, 1, SIZE);
	before = tracer_ns();
	for (int i = 0; i < ROUNDS; i++)
		round_of(vm, vcpu, memory, i);
	/* What waits for the reader is its, too */
	nanosleep(&pause, NULL);
	before = tracer_ns() - before;
	out = fopen(argv[1], "we");
	must(out != NULL, argv[1]);
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(took[kind], ROUNDS, sizeof(took[kind][0]), compare);
		fprintf(out, "%s %llu\n", names[kind],
			(unsigned long long)took[kind][ROUNDS / 2]);
	}
	/* Six of a round are requests */
	fprintf(out, "reader %llu\n",
		(unsigned long long)before / (6 * ROUNDS));
	return fclose(out) ? 1 : 0;
}
