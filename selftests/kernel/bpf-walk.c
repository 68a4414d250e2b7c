// SPDX-License-Identifier: GPL-2.0-or-later
/* The iterator alone, without hooks: as many slots as a VM can have */
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

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a walk of 32764 slots", walk_of_all_slots },
	};

	return KTAP_RUN(cases);
}
