// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The slots of one VM: `slotscope slots`, as text and as JSON, beside the module's
 * snapshot of them alone (SLOTSCOPE_SNAPSHOT), and beside itself where there is one
 * slot, which is what it takes to start.
 *
 *   build/bench/read [--json]
 */
#include <string.h>

#include <slotscope.h>

#include "vms.h"

static const unsigned int sizes[] = { 1, 1000, 10000, 32764 };

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define N_MAX	 32764

static struct slotscope_slot slots[N_MAX];
static struct slotscope_as spaces[4];

static double snapshot_ms(int module, int vm)
{
	double best = -1, start, ms;

	for (int i = 0; i < ROUNDS; i++) {
		struct slotscope_snapshot snapshot = {
			.size = sizeof(snapshot),
			.vm_fd = vm,
			.as_addr = (uintptr_t)spaces,
			.slot_addr = (uintptr_t)slots,
			.as_size = sizeof(spaces[0]),
			.slot_size = sizeof(slots[0]),
			.as_capacity = 4,
			.slot_capacity = N_MAX,
		};

		start = now_ms();
		if (ioctl(module, SLOTSCOPE_SNAPSHOT, &snapshot))
			return -1;
		ms = now_ms() - start;
		if (best < 0 || ms < best)
			best = ms;
	}
	return best;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int module = open(SLOTSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	char pid[16];
	const char *const text[] = { PROGRAM, "slots", "--pid", pid, NULL };
	const char *const doc[] = { PROGRAM, "slots", "--json",
				    "--pid", pid,     NULL };
	int vm = dev < 0 ? -1 : ioctl(dev, KVM_CREATE_VM, 0);
	double t, j, bare, start = 0;
	unsigned int nr = 0;

	if (vm < 0)
		left_out(json, "read", "no /dev/kvm");
	if (module < 0)
		left_out(json, "read", "the module is not loaded");
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (json)
		printf("{ \"slots\": [");
	else
		printf("%6s  %9s  %9s  %13s  %s\n", "slots", "text (ms)",
		       "JSON (ms)", "snapshot (ms)",
		       "(text, JSON less the start) / snapshot");
	for (size_t i = 0; i < NR_SIZES; i++) {
		if (!add_slots(vm, nr, sizes[i]))
			break;
		nr = sizes[i];
		fflush(stdout);
		bare = snapshot_ms(module, vm);
		t = command_ms(text);
		j = command_ms(doc);
		if (!i)
			start = t;
		if (json)
			printf("%s\n  { \"n\": %u, \"text_ms\": %.1f, "
			       "\"json_ms\": %.1f, \"snapshot_ms\": %.3f }",
			       i ? "," : "", nr, t, j, bare);
		else
			printf("%6u  %9.1f  %9.1f  %13.2f  %.1f  %.1f\n", nr, t,
			       j, bare, (t - start) / bare, (j - start) / bare);
	}
	if (json)
		printf(" ] }\n");
	return 0;
}
