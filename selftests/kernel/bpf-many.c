// SPDX-License-Identifier: GPL-2.0-or-later
/* 5,000 VMs of one process, half of them there before the tracer looks */
#include <sys/resource.h>

#include "bpf-test.h"

#define VMS 5000

static void many(const struct child *self, struct diary *diary)
{
	struct rlimit files = { VMS + 100, VMS + 100 };
	uint64_t hva = memory_new(PAGE);
	int vms[VMS];

	diary->nr_threads = 1;
	if (setrlimit(RLIMIT_NOFILE, &files))
		_exit(50);
	for (int i = 0; i < VMS; i++) {
		if (i == VMS / 2)
			child_step(self);
		vms[i] = vm_new();
		/* A slot for every tenth: a change has to be waited for */
		if (i % 10 == 0)
			ask(diary, 0, vms[i], slot_at(i % 7, 0, 0, PAGE, hva));
		if (i == VMS / 2 - 1)
			diary->threads[0].nr = 0;
	}
	child_step(self);
	for (int i = 0; i < VMS; i++)
		close(vms[i]);
	child_step(self);
}

static void all_are_told(void)
{
	struct diary *diary = diary_new();
	struct child child = child_start(many, diary);
	const struct tracer_options options = { .tgid = child.pid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;
	struct vm_id *vms;
	size_t nr;

	slot_log_init(&log);
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_BASE_END, 0), 2 * (VMS / 2));
	EXPECT_EQ(count_events(&log, SLOT_EVENT_BASE, 0), VMS / 20);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_CREATE, 0), VMS / 2);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	ASSERT(!tracer_list(tracer, TRACER_FOLLOWED, &vms, &nr, &bpf_err), "%s",
	       bpf_err.why);
	EXPECT_EQ(nr, VMS);
	free(vms);
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(count_events(&log, SLOT_EVENT_VM_DESTROY, 0), VMS);
	expect_nothing_lost(tracer);
	expect_numbered(&log);
	EXPECT_EQ(child_end(&child), 0);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "5,000 VMs", all_are_told },
	};

	return KTAP_RUN(cases);
}
