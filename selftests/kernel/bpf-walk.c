// SPDX-License-Identifier: GPL-2.0-or-later
/* The iterator alone, without hooks: as many slots as a VM can have, many VMs */
#include "bpf-test.h"

/* As many slots as KVM gives, found by the walk */
static void all_slots(const struct child *self, struct diary *diary)
{
	uint64_t hva = memory_new(MIB);

	diary->vm_fd = vm_new();
	for (uint32_t i = 0; i < 32764; i++) {
		struct slot_request want =
			slot_at(i, 0, 2 * i * PAGE, PAGE, hva);

		if (__ask(diary->vm_fd, &want))
			_exit(45);
	}
	child_step(self);
}

static void walk_of_all_slots(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(all_slots, diary);
	const struct tracer_options options = { .no_hooks = true };
	struct tracer *tracer = tracer_new(&options);
	struct slot_state state;
	struct vm_id vm;

	ASSERT(!tracer_find_vm(tracer, child.pid, -1, &vm, &bpf_err), "%s: %s",
	       bpf_err.tried, bpf_err.why);
	ASSERT(!tracer_snapshot(tracer, &vm, PARTY_KERNEL, &state, &bpf_err),
	       "%s: %s", bpf_err.tried, bpf_err.why);
	EXPECT(!state.coverage.truncated, "truncated");
	ASSERT_EQ(state.nr_slots, 32764);
	for (size_t i = 0; i < state.nr_slots; i++) {
		const struct slot *slot = &state.slots[i];

		if (slot->id == (int)i && slot->gpa == 2 * i * PAGE &&
		    slot->size == PAGE)
			continue;
		EXPECT(false, "slot %zu has id %d, gpa 0x%llx", i, slot->id,
		       (unsigned long long)slot->gpa);
		break;
	}
	slot_state_deinit(&state);
	EXPECT_EQ(child_end(&child), 0);
	tracer_close(tracer);
	diary_free(diary);
}

/* VMs of one process, with i slots each, the last by two descriptors more */
#define VMS 9

static void some_vms(const struct child *self, struct diary *diary)
{
	uint64_t hva = memory_new(MIB);
	int vm = -1;

	for (uint32_t i = 0; i < VMS; i++) {
		vm = vm_new();
		for (uint32_t j = 0; j < i; j++) {
			struct slot_request want =
				slot_at(j, 0, (i + 2 * j) * PAGE, PAGE, hva);

			if (__ask(vm, &want))
				_exit(45);
		}
	}
	diary->vm_fd = vm;
	if (fcntl(vm, F_DUPFD, vm) < 0 || fcntl(vm, F_DUPFD, vm) < 0)
		_exit(46);
	child_step(self);
}

static void walk_of_all_vms(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(some_vms, diary);
	const struct tracer_options options = { .no_hooks = true };
	struct tracer *tracer = tracer_new(&options);
	struct slot_state *states, alone;
	bool *owned;
	size_t nr;

	ASSERT(!tracer_snapshots(tracer, child.pid, PARTY_KERNEL, &states,
				 &owned, &nr, &bpf_err),
	       "%s: %s", bpf_err.tried, bpf_err.why);
	ASSERT_EQ(nr, VMS);
	EXPECT_EQ(states[VMS - 1].vm.fd, diary->vm_fd);
	for (size_t i = 0; i < nr; i++) {
		EXPECT(!i || states[i - 1].vm.fd < states[i].vm.fd, "order");
		EXPECT(!states[i].coverage.truncated, "truncated");
		EXPECT(owned[i], "its own");
		ASSERT_EQ(states[i].nr_slots, i);
		for (size_t j = 0; j < i; j++)
			EXPECT_EQ(states[i].slots[j].gpa, (i + 2 * j) * PAGE);
		ASSERT(!tracer_snapshot(tracer, &states[i].vm, PARTY_KERNEL,
					&alone, &bpf_err),
		       "%s: %s", bpf_err.tried, bpf_err.why);
		EXPECT_EQ(alone.nr_slots, i);
		EXPECT_EQ(alone.as[0].generation, states[i].as[0].generation);
		slot_state_deinit(&alone);
		slot_state_deinit(&states[i]);
	}
	free(states);
	free(owned);
	EXPECT_EQ(child_end(&child), 0);
	tracer_close(tracer);
	diary_free(diary);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a walk of 32764 slots", walk_of_all_slots },
		{ "a walk of all VMs of a process", walk_of_all_vms },
	};

	return KTAP_RUN(cases);
}
