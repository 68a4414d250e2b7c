// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From exec to the first KVM_RUN: slotscope vm beside the machine's QEMU, in turns.
 * The clock is read before exec and, by a library that is preloaded (first_run.c), at
 * that ioctl: no tracer stops either of them.
 *
 *   build/bench/start [--json] [ROUNDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 99

static const char *const machines[] = { "pc", "microvm" };

#define NR_MACHINES (sizeof(machines) / sizeof(machines[0]))

enum who { OURS, QEMU, WHO };

/* Milliseconds to the first KVM_RUN, and those of them that are not KVM's ioctls */
enum what { ALL, OWN, WHAT };

static double ms[NR_MACHINES][WHO][WHAT][ROUNDS_MAX];
static char library[4096], bios[] = "/tmp/slotscope-bench-XXXXXX";

static void left_out(bool json, const char *why)
{
	if (json)
		printf("{ \"left_out\": \"%s\" }\n", why);
	else
		printf("bench vm/start: left out: %s\n", why);
	exit(0);
}

static void become(enum who who, const char *machine, int tell)
{
	const char *const ours[] = { "build/user/slotscope",
				     "vm",
				     "--exit-after-halt",
				     "-M",
				     machine,
				     NULL };
	/* A firmware of zeroes: what it does nobody sees */
	const char *const qemu[] = { "qemu-system-x86_64",
				     "-accel",
				     "kvm",
				     "-nodefaults",
				     "-display",
				     "none",
				     "-no-user-config",
				     "-bios",
				     bios,
				     "-M",
				     machine,
				     NULL };
	const char *const *argv = who == OURS ? ours : qemu;
	int null = open("/dev/null", O_RDWR);
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", tell);
	setenv("BENCH_TELL", fd, 1);
	setenv("LD_PRELOAD", library, 1);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool one(enum who who, size_t machine, int round)
{
	struct timespec from;
	uint64_t told[2];
	bool ok;
	int p[2];
	pid_t pid;

	if (pipe(p))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = vfork();
	if (!pid)
		become(who, machines[machine], p[1]);
	close(p[1]);
	ok = read(p[0], told, sizeof(told)) == sizeof(told);
	close(p[0]);
	waitpid(pid, NULL, 0);
	/* the first round fills caches */
	if (round < 0)
		return ok;
	ms[machine][who][ALL][round] =
		told[0] / 1e6 - (from.tv_sec * 1e3 + from.tv_nsec / 1e6);
	ms[machine][who][OWN][round] =
		ms[machine][who][ALL][round] - told[1] / 1e6;
	return ok;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sort_all(int rounds)
{
	double *first = &ms[0][0][0][0];

	for (size_t i = 0; i < NR_MACHINES * WHO * WHAT; i++)
		qsort(first + i * ROUNDS_MAX, rounds, sizeof(*first), compare);
}

/*
 * The least is what it takes: all that disturbs it adds to it. How much it was
 * disturbed the median tells.
 */
static void print_machine(size_t m, bool json, int rounds)
{
	double *ours = ms[m][OURS][ALL], our_own = ms[m][OURS][OWN][0];
	double *qemu = ms[m][QEMU][ALL], qemu_own = ms[m][QEMU][OWN][0];

	if (json)
		printf("  { \"machine\": \"%s\", \"slotscope_ms\": %.2f, "
		       "\"slotscope_median_ms\": %.2f, "
		       "\"slotscope_own_ms\": %.2f, \"qemu_ms\": %.2f, "
		       "\"qemu_median_ms\": %.2f, \"qemu_own_ms\": %.2f }%s\n",
		       machines[m], ours[0], ours[rounds / 2], our_own, qemu[0],
		       qemu[rounds / 2], qemu_own,
		       m + 1 < NR_MACHINES ? "," : " ] }");
	else
		printf("%-8s %6.1f %7.1f %5.1f  %6.1f %7.1f %5.1f  %6.1f %6.1f\n",
		       machines[m], ours[0], ours[rounds / 2], our_own, qemu[0],
		       qemu[rounds / 2], qemu_own, qemu[0] / ours[0],
		       qemu_own / our_own);
}

static void print(bool json, int rounds)
{
	sort_all(rounds);
	if (json)
		printf("{ \"rounds\": %d, \"machines\": [\n", rounds);
	else
		printf("From exec to the first KVM_RUN, ms; the least of %d, the "
		       "median, and the least without KVM's ioctls.\n"
		       "RATIO: of the least; OWN: of those without.\n"
		       "%-8s slotscope              QEMU                    "
		       "RATIO    OWN\n",
		       rounds, "-M");
	for (size_t m = 0; m < NR_MACHINES; m++)
		print_machine(m, json, rounds);
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	int rounds = argc > 1 + json ? atoi(argv[1 + json]) : 15;
	const char *failed = NULL;
	char *end;
	ssize_t n;
	size_t m;
	int fd;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 3;
	if (access("/dev/kvm", W_OK))
		left_out(json, "no /dev/kvm");
	n = readlink("/proc/self/exe", library, sizeof(library) - 32);
	end = n > 0 ? strrchr(library, '/') : NULL;
	fd = mkstemp(bios);
	if (!end || fd < 0 || ftruncate(fd, 65536))
		left_out(json, "no place for a firmware");
	strcpy(end, "/first_run.so");
	for (int round = -1; round < rounds && !failed; round++) {
		for (m = 0; m < NR_MACHINES * WHO && !failed; m++) {
			if (!one(m % WHO, m / WHO, round))
				failed = m % WHO == OURS ?
						 "slotscope vm did not start" :
						 "no QEMU that starts here";
		}
	}
	unlink(bios);
	if (failed)
		left_out(json, failed);
	print(json, rounds);
	return 0;
}
