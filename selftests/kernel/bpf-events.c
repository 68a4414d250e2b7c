// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Classes of events beside requests and changes: known work, in prime numbers; each
 * thing that was done is told once, and what was not asked for is not told.
 */
#include "bpf-test.h"

#define LOGS	7   /* dirty logs read, each of as many dirty pages */
#define RUNS	101 /* KVM_RUN between two changes */
#define ROUNDS	11  /* changes, each with its runs */
#define DROPS	5
#define MMIOS	13
#define CODE	0x1000
#define NOWHERE 0x8000 /* no slot there */
#define PAGES	67     /* two words of a bitmap */
#define CLEARED 3

struct done {
	uint64_t hva;
};

static struct done *done;

static int run_page_size(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	close(kvm);
	return size;
}

/* In real mode: write to NOWHERE, again and again; and to each page of the slot */
static void give_code(int vcpu, uint64_t hva)
{
	/* 1: mov %al,0x8000; jmp 1b */
	static const uint8_t code[] = { 0xa2, 0x00, 0x80, 0xeb, 0xfb };
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };

	memcpy((void *)(uintptr_t)hva, code, sizeof(code));
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		_exit(50);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vcpu, KVM_SET_REGS, &regs))
		_exit(51);
}

static void work(const struct child *self, struct diary *diary)
{
	uint64_t bitmap[2], hva = memory_new(MIB), log_hva;
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };
	uint64_t cleared = (1ULL << CLEARED) - 1;
	struct kvm_clear_dirty_log clear = { .slot = 1,
					     .num_pages = 64,
					     .dirty_bitmap = &cleared };
	/* All pages of a new slot are dirty, and stay so until they are cleared */
	struct kvm_enable_cap manual = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			   KVM_DIRTY_LOG_INITIALLY_SET,
	};
	struct slot_request code, logged;
	struct kvm_run *run;
	int vm, vcpu;

	child_step(self);
	vm = vm_new();
	if (ioctl(vm, KVM_ENABLE_CAP, &manual))
		_exit(58);
	diary->nr_threads = 1;
	log_hva = hva + MIB / 2;
	done->hva = log_hva;
	code = slot_at(0, 0, CODE, PAGE, hva);
	logged =
		slot_at(1, KVM_MEM_LOG_DIRTY_PAGES, MIB, PAGES * PAGE, log_hva);
	ask(diary, 0, vm, code);
	ask(diary, 0, vm, logged);
	for (int i = 0; i < LOGS; i++)
		if (ioctl(vm, KVM_GET_DIRTY_LOG, &log))
			_exit(52);
	if (ioctl(vm, KVM_CLEAR_DIRTY_LOG, &clear) ||
	    ioctl(vm, KVM_GET_DIRTY_LOG, &log))
		_exit(57);
	log.slot = 9; /* there is none */
	if (!ioctl(vm, KVM_GET_DIRTY_LOG, &log) || errno != ENOENT)
		_exit(53);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 3);
	run = mmap(NULL, run_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	if (vcpu < 0 || run == MAP_FAILED)
		_exit(54);
	run->immediate_exit = 1;
	for (int i = 0; i < ROUNDS; i++) {
		logged.flags ^= KVM_MEM_LOG_DIRTY_PAGES;
		ask(diary, 0, vm, logged);
		for (int j = 0; j < RUNS; j++)
			if (!ioctl(vcpu, KVM_RUN, 0) || errno != EINTR)
				_exit(55);
	}
	run->immediate_exit = 0;
	give_code(vcpu, hva);
	for (int i = 0; i < MMIOS; i++)
		if (ioctl(vcpu, KVM_RUN, 0) ||
		    run->exit_reason != KVM_EXIT_MMIO)
			_exit(56);
	for (int i = 0; i < DROPS; i++) {
		madvise((void *)(uintptr_t)(log_hva + i * PAGE), PAGE,
			MADV_DONTNEED);
		/* under no slot */
		madvise((void *)(uintptr_t)(hva + MIB / 4), PAGE,
			MADV_DONTNEED);
	}
	munmap((void *)(uintptr_t)(log_hva + 2 * PAGE), PAGE);
	logged.gpa += MIB;
	ask(diary, 0, vm, logged); /* move */
	logged.size = 0;
	ask(diary, 0, vm, logged); /* delete */
	diary->vm_fd = vm;
	child_step(self);
}

static size_t count_vcpu(const struct slot_log *log, enum slot_vcpu_kind kind)
{
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++)
		nr += log->events[i].type == SLOT_EVENT_VCPU &&
		      log->events[i].vcpu.kind == kind &&
		      log->events[i].vcpu.id == 3;
	return nr;
}

static void check_calls(const struct slot_log *log)
{
	size_t nr = 0, fewer = 0, cleared = 0, refused = 0, all = 0;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_call *call = &log->events[i].kvm_call;

		if (log->events[i].type != SLOT_EVENT_CALL)
			continue;
		all++;
		if (call->kind == SLOT_CALL_CLEAR_DIRTY_LOG)
			cleared += !call->result && call->slot == 1 &&
				   call->pages == CLEARED && !call->start &&
				   call->size == 64 * PAGE;
		else if (call->kind != SLOT_CALL_DIRTY_LOG)
			continue;
		else if (call->result == -ENOENT)
			refused += call->slot == 9 &&
				   call->pages == SLOT_PAGES_UNKNOWN;
		else if (!call->result && call->slot == 1)
			nr += call->pages == PAGES;
		if (!call->result && call->kind == SLOT_CALL_DIRTY_LOG)
			fewer += call->pages == PAGES - CLEARED;
	}
	EXPECT_EQ(nr, LOGS);
	EXPECT_EQ(cleared, 1);
	EXPECT_EQ(fewer, 1);
	EXPECT_EQ(refused, 1);
	EXPECT_EQ(all, LOGS + 3);
}

static void check_exits(const struct slot_log *log)
{
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_exit *exit = &log->events[i].exit;

		if (log->events[i].type != SLOT_EVENT_EXIT)
			continue;
		nr++;
		EXPECT_EQ((int)exit->reason, SLOT_EXIT_MMIO);
		EXPECT_EQ(exit->vcpu, 3);
		EXPECT_EQ(exit->gpa, NOWHERE);
		EXPECT_EQ(exit->len, 1);
		EXPECT(exit->write, "told as a read");
		/* at the instruction, or behind it */
		EXPECT(exit->rip == CODE || exit->rip == CODE + 3,
		       "rip is 0x%llx", (unsigned long long)exit->rip);
	}
	EXPECT_EQ(nr, MMIOS);
}

static void check_mappings(const struct slot_log *log)
{
	size_t drops = 0, unmaps = 0, others = 0;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_mapping *m = &log->events[i].mapping;
		uint64_t page = done->hva + drops * PAGE;

		if (log->events[i].type != SLOT_EVENT_MAPPING)
			continue;
		if (m->syscall == SYS_madvise &&
		    m->kind == SLOT_MAPPING_CLEAR && m->slot == 1 &&
		    m->hva == page && m->size == PAGE && m->args[0] == page &&
		    m->args[2] == MADV_DONTNEED)
			drops++;
		else if (m->syscall == SYS_munmap &&
			 m->kind == SLOT_MAPPING_UNMAP && m->slot == 1 &&
			 m->hva == done->hva + 2 * PAGE && m->size == PAGE)
			unmaps++;
		else
			others++;
	}
	EXPECT_EQ(drops, DROPS);
	EXPECT_EQ(unmaps, 1);
	EXPECT_EQ(others, 0);
}

static void check_windows(const struct slot_log *log, bool asked)
{
	size_t holes = 0, others = 0, without = 0;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];
		const struct slot_change *c = &event->change;

		if (event->type != SLOT_EVENT_CHANGE)
			continue;
		holes += c->invalid_ns && c->active_ns >= c->invalid_ns &&
			 (c->kind == SLOT_MOVE || c->kind == SLOT_DELETE);
		others +=
			!c->invalid_ns && c->active_ns &&
			(c->kind == SLOT_CREATE || c->kind == SLOT_FLAGS_ONLY);
		without += !c->invalid_ns && !c->active_ns;
	}
	EXPECT_EQ(holes, asked ? 2 : 0);
	EXPECT_EQ(others, asked ? 2 + ROUNDS : 0);
	EXPECT_EQ(without, asked ? 0 : 4 + ROUNDS);
}

static void all_told(unsigned int classes, unsigned int avoid)
{
	struct diary *diary = diary_new();
	struct child child = child_start(work, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.classes = classes,
						.avoid = avoid };
	struct tracer *tracer = tracer_new(&options);
	struct slot_log log;

	slot_log_init(&log);
	for (int i = 0; i < TRACER_CLASSES; i++)
		if (classes & 1U << i)
			EXPECT(tracer_class_used(tracer_report(tracer),
						 1U << i),
			       "nothing tells %s", tracer_class_names[i]);
	if (classes)
		for (size_t i = 0; i < tracer_report(tracer)->nr_hooks; i++) {
			const struct tracer_hook *hook =
				&tracer_report(tracer)->hooks[i];

			ktap_diag("%s by %s: %s %s",
				  tracer_job_names[hook->job],
				  tracer_method_names[hook->method],
				  tracer_hook_state_names[hook->state],
				  hook->why);
		}
	ASSERT(child_go(&child), "the child failed");
	flush_to(tracer, &log);
	EXPECT_EQ(child_end(&child), 0);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	expect_nothing_lost(tracer);
	expect_numbered(&log);
	if (classes & TRACER_CLASS_CALLS)
		check_calls(&log);
	else
		EXPECT_EQ(count_events(&log, SLOT_EVENT_CALL, 0), 0);
	if (classes & TRACER_CLASS_VCPUS) {
		EXPECT_EQ(count_vcpu(&log, SLOT_VCPU_CREATE), 1);
		EXPECT_EQ(count_vcpu(&log, SLOT_VCPU_ENTER), ROUNDS);
		EXPECT_EQ(count_vcpu(&log, SLOT_VCPU_LEAVE), ROUNDS);
		check_exits(&log);
	} else {
		EXPECT_EQ(count_events(&log, SLOT_EVENT_VCPU, 0), 0);
		EXPECT_EQ(count_events(&log, SLOT_EVENT_EXIT, 0), 0);
	}
	if (classes & TRACER_CLASS_MAPPINGS)
		check_mappings(&log);
	else
		EXPECT_EQ(count_events(&log, SLOT_EVENT_MAPPING, 0), 0);
	check_windows(&log, classes & TRACER_CLASS_WINDOWS);
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void none_asked(void)
{
	all_told(0, 0);
}

static void all_asked(void)
{
	all_told(TRACER_CLASSES_ALL, 0);
}

static void by_kprobe(void)
{
	all_told(TRACER_CLASSES_ALL, 1U << TRACER_FENTRY);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "nothing is told that was not asked for", none_asked },
		{ "each class tells what was done", all_asked },
		{ "each class, by kprobes", by_kprobe },
	};

	done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return KTAP_RUN(cases);
}
