// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known work of every kind that is told beside requests and changes: what becomes of
 * guest_memfds, of memory in which there is no page, of vCPUs that cannot go on, of
 * those that wait, and of VMMs. Each thing that was done is told, and nothing else; by
 * whatever hooks.
 */
#include <linux/falloc.h>
#include <linux/userfaultfd.h>

#include <sys/stat.h>

#include "bpf-test.h"
#include "view/names.h"

#define CODE	0x1000
#define NOWHERE 0x8000	/* no slot there */
#define BARRED	0x20000 /* a slot over memory that nobody may touch */
#define AWAITED 0x30000 /* a slot that userfaultfd answers for */
#define RUNNER	7	/* id of the vCPU */
#define BREAKER 8
#define WRITTEN 5    /* pages that the guest dirties */
#define RING	4096 /* bytes of a dirty ring */
#define STATUS	11
#define PAGES	8 /* of each piece of memory */
#define WAIT_MS 60000

/* KVM's ABI; a build machine's headers may be older */
struct pre_fault {
	uint64_t gpa;
	uint64_t size;
	uint64_t flags;
	uint64_t padding[5];
};

struct new_gmem {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

struct new_attributes {
	uint64_t address;
	uint64_t size;
	uint64_t attributes;
	uint64_t flags;
};

#define PRE_FAULT  _IOWR(KVMIO, 0xd5, struct pre_fault)
#define NEW_GMEM   _IOWR(KVMIO, 0xd4, struct new_gmem)
#define ATTRIBUTES _IOW(KVMIO, 0xd2, struct new_attributes)

/* What the child did, and what came of it */
static struct done {
	int pre_fault, attributes, gmem, reset, no_ring;
	uint64_t pre_faulted;
	uint64_t gmem_ino;
	uint64_t sparse, file, barred, awaited;
	pid_t runner;
	bool memory_fault; /* this KVM tells for which memory */
} * done;

static int result_of(int ret)
{
	return ret < 0 ? -errno : ret;
}

static struct kvm_run *run_of(int vcpu)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_run *run =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

	close(kvm);
	if (vcpu < 0 || run == MAP_FAILED)
		_exit(50);
	return run;
}

/* Begin at @rip, in real mode, without a way to handle an exception */
static void start_at(int vcpu, uint64_t rip)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = { .rip = rip, .rflags = 2 };

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		_exit(51);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	sregs.ds.base = 0;
	sregs.ds.limit = 0xffffffff;
	sregs.idt.limit = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vcpu, KVM_SET_REGS, &regs))
		_exit(52);
}

/* Code for a vCPU at CODE + @at */
static void put_code(uint64_t hva, size_t at, const void *code, size_t len)
{
	memcpy((char *)(uintptr_t)hva + at, code, len);
}

static void new_slot(struct diary *diary, int vm, int id, uint64_t gpa,
		     uint64_t hva, uint32_t flags)
{
	if (ask(diary, 0, vm, slot_at(id, flags, gpa, PAGES * PAGE, hva)))
		_exit(53);
}

static void do_calls(int vm, int vcpu)
{
	struct pre_fault pre = { .gpa = CODE, .size = 3 * PAGE };
	struct new_gmem gmem = { .size = 2 * PAGE };
	struct new_attributes attributes = { .address = 4 * PAGE,
					     .size = 5 * PAGE };
	struct stat st;

	done->pre_fault = result_of(ioctl(vcpu, PRE_FAULT, &pre));
	done->pre_faulted = 3 - pre.size / PAGE;
	done->attributes = result_of(ioctl(vm, ATTRIBUTES, &attributes));
	done->no_ring = result_of(ioctl(vm, KVM_RESET_DIRTY_RINGS, 0));
	done->gmem = result_of(ioctl(vm, NEW_GMEM, &gmem));
	if (done->gmem < 0)
		return;
	fstat(done->gmem, &st);
	done->gmem_ino = st.st_ino;
	close(done->gmem);
}

/* A VM of its own: one that has rings has no bitmaps */
static void reset_rings(struct diary *diary, uint64_t hva)
{
	/* for five pages from 0x2000 on: mov %al,(%bx); add $0x1000,%bx; then hlt */
	static const uint8_t code[] = { 0xbb, 0x00, 0x20, 0xb9, WRITTEN,
					0x00, 0x88, 0x07, 0x81, 0xc3,
					0x00, 0x10, 0xe2, 0xf8, 0xf4 };
	struct kvm_enable_cap cap = { .cap = KVM_CAP_DIRTY_LOG_RING,
				      .args[0] = RING };
	int vm = vm_new(), vcpu;
	struct kvm_dirty_gfn *ring;
	struct kvm_run *run;

	if (ioctl(vm, KVM_ENABLE_CAP, &cap))
		_exit(54);
	new_slot(diary, vm, 0, CODE, hva, KVM_MEM_LOG_DIRTY_PAGES);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, RUNNER);
	run = run_of(vcpu);
	ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
		    KVM_DIRTY_LOG_PAGE_OFFSET * PAGE);
	if (ring == MAP_FAILED)
		_exit(55);
	put_code(hva, 0, code, sizeof(code));
	start_at(vcpu, CODE);
	if (ioctl(vcpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_HLT)
		_exit(56);
	for (size_t i = 0; i < RING / sizeof(*ring); i++)
		if (ring[i].flags & KVM_DIRTY_GFN_F_DIRTY)
			ring[i].flags |= KVM_DIRTY_GFN_F_RESET;
	done->reset = result_of(ioctl(vm, KVM_RESET_DIRTY_RINGS, 0));
}

/* Where no page is, and beside what slots have */
static void change_memory(uint64_t outside)
{
	const int rw = PROT_READ | PROT_WRITE;
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	char *sparse = (char *)(uintptr_t)done->sparse;
	char *other = (char *)(uintptr_t)outside;

	if (mprotect(sparse, PAGE, PROT_READ) ||
	    mprotect(sparse + PAGE, 2 * PAGE, rw) ||
	    mprotect(other, PAGE, PROT_READ) ||
	    /* a hole, and something in it; then half of that grows again */
	    munmap(sparse + 4 * PAGE, 3 * PAGE) ||
	    mmap(sparse + 4 * PAGE, PAGE, rw, anon, -1, 0) == MAP_FAILED ||
	    mremap(sparse + 4 * PAGE, PAGE, 2 * PAGE, 0) == MAP_FAILED ||
	    mmap(other, PAGE, rw, anon, -1, 0) == MAP_FAILED ||
	    madvise(sparse, PAGE, MADV_DONTNEED))
		_exit(57);
	/* there is a hole: what came before it has other rights all the same */
	if (!mprotect(sparse + 5 * PAGE, 3 * PAGE, PROT_READ) ||
	    errno != ENOMEM)
		_exit(58);
}

static void change_file(int file)
{
	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE,
		      2 * PAGE) ||
	    ftruncate(file, 6 * PAGE))
		_exit(59);
}

static void fail_to_run(int vm, int vcpu, struct kvm_run *run, uint64_t code)
{
	/* mov $0x2000,%ax; mov %ax,%ds; mov 0x3,%al: BARRED + 3; hlt */
	static const uint8_t barred[] = { 0xb8, 0x00, 0x20, 0x8e, 0xd8,
					  0xa0, 0x03, 0x00, 0xf4 };
	/*
	 * fnsave NOWHERE: nothing that KVM can do in the processor's place. (With
	 * rip there, an emulated SVM hands KVM zeros for instructions.)
	 */
	static const uint8_t saves[] = { 0xdd, 0x36, 0x00, 0x90 };
	static const uint8_t breaks[] = { 0xcc };

	put_code(code, 0, barred, sizeof(barred));
	put_code(code, 0x80, saves, sizeof(saves));
	put_code(code, 0x100, breaks, sizeof(breaks));
	start_at(vcpu, CODE);
	if (!ioctl(vcpu, KVM_RUN, 0) || errno != EFAULT)
		_exit(60);
	done->memory_fault = run->exit_reason == 39; /* KVM_EXIT_MEMORY_FAULT */
	start_at(vcpu, CODE + 0x80);
	if (ioctl(vcpu, KVM_RUN, 0) ||
	    run->exit_reason != KVM_EXIT_INTERNAL_ERROR)
		_exit(61);
	/* One that does nothing after that: an emulated SVM does not recover */
	vcpu = ioctl(vm, KVM_CREATE_VCPU, BREAKER);
	run = run_of(vcpu);
	start_at(vcpu, CODE + 0x100);
	if (ioctl(vcpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_SHUTDOWN)
		_exit(62);
}

static void *run_into_wait(void *arg)
{
	int vcpu = *(int *)arg;

	done->runner = gettid();
	start_at(vcpu, CODE + 0x200);
	if (ioctl(vcpu, KVM_RUN, 0))
		_exit(63);
	return NULL;
}

static int userfaultfd_for(uint64_t hva)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .range = { hva, PAGES * PAGE },
				       .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg))
		_exit(64);
	return fd;
}

/* The vCPU needs a page, and gets it once the parent has seen that it waits */
static void wait_for_page(const struct child *self, int vcpu, uint64_t code,
			  uint64_t hva)
{
	/* mov $0x3000,%ax; mov %ax,%ds; mov 0x1005,%al; hlt */
	static const uint8_t reads[] = { 0xb8, 0x00, 0x30, 0x8e, 0xd8,
					 0xa0, 0x05, 0x10, 0xf4 };
	struct uffdio_zeropage zero = { .range = { hva + PAGE, PAGE } };
	struct uffdio_range range = { hva, PAGES * PAGE };
	int fd = userfaultfd_for(hva);
	pthread_t thread;

	put_code(code, 0x200, reads, sizeof(reads));
	pthread_create(&thread, NULL, run_into_wait, &vcpu);
	child_step(self);
	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		_exit(65);
	pthread_join(thread, NULL);
	if (ioctl(fd, UFFDIO_UNREGISTER, &range))
		_exit(66);
}

static uint64_t file_memory(int file)
{
	void *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED, file, 0);

	if (file < 0 || memory == MAP_FAILED)
		_exit(67);
	return (uintptr_t)memory;
}

static void work(const struct child *self, struct diary *diary)
{
	uint64_t code = memory_new(PAGES * PAGE), ring = memory_new(MIB);
	uint64_t outside = memory_new(PAGES * PAGE);
	int file = memfd_create("backing", MFD_CLOEXEC), vm, vcpu;
	struct kvm_run *run;

	if (ftruncate(file, PAGES * PAGE))
		_exit(68);
	done->sparse = memory_new(PAGES * PAGE);
	done->file = file_memory(file);
	done->barred = memory_new(PAGES * PAGE);
	mprotect((void *)(uintptr_t)done->barred, PAGES * PAGE, PROT_NONE);
	done->awaited = memory_new(PAGES * PAGE);
	/* Now, not when a guest has read it: then it would be a page anew */
	memset((void *)(uintptr_t)code, 0, PAGES * PAGE);
	child_step(self);
	diary->nr_threads = 1;
	vm = vm_new();
	new_slot(diary, vm, 0, CODE, code, 0);
	new_slot(diary, vm, 1, MIB, done->sparse, 0);
	new_slot(diary, vm, 2, 2 * MIB, done->file, 0);
	new_slot(diary, vm, 3, BARRED, done->barred, 0);
	new_slot(diary, vm, 4, AWAITED, done->awaited, 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, RUNNER);
	run = run_of(vcpu);
	do_calls(vm, vcpu);
	reset_rings(diary, ring);
	change_memory(outside);
	change_file(file);
	fail_to_run(vm, vcpu, run, code);
	wait_for_page(self, vcpu, code, done->awaited);
	_exit(STATUS);
}

/* How often something was told that @is says; all of the type are to be among them */
static size_t count_if(const struct slot_log *log, enum slot_event_type type,
		       bool (*is)(const struct slot_event *event))
{
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++)
		nr += log->events[i].type == type && is(&log->events[i]);
	return nr;
}

#define IS(name, condition)                                                    \
	static bool name(const struct slot_event *event)                       \
	{                                                                      \
		const struct slot_call *call __maybe_unused =                  \
			&event->kvm_call;                                      \
		const struct slot_mapping *m __maybe_unused = &event->mapping; \
		const struct slot_exit *exit __maybe_unused = &event->exit;    \
		const struct slot_fault *fault __maybe_unused = &event->fault; \
                                                                               \
		return (condition);                                            \
	}
#define __maybe_unused __attribute__((unused))

IS(pre_fault, call->kind == SLOT_CALL_PRE_FAULT && call->slot == RUNNER &&
		      call->start == CODE && call->size == 3 * PAGE &&
		      call->pages == done->pre_faulted &&
		      call->result == done->pre_fault)
IS(attributes, call->kind == SLOT_CALL_ATTRIBUTES && call->start == 4 * PAGE &&
		       call->size == 5 * PAGE &&
		       call->result == done->attributes)
IS(create_gmem, call->kind == SLOT_CALL_GUEST_MEMFD && call->size == 2 * PAGE &&
			call->result == done->gmem)
IS(no_ring, call->kind == SLOT_CALL_RESET_RINGS && call->result &&
		    call->result == done->no_ring)
IS(reset_ring, call->kind == SLOT_CALL_RESET_RINGS && call->result > 0 &&
		       call->result == done->reset &&
		       call->pages == (uint64_t)done->reset)
IS(close_gmem, event->gmem_close.ino == done->gmem_ino)

#define MAPPING(name, which, where, page, pages, err, nr)                 \
	IS(name, m->kind == SLOT_MAPPING_##which &&                       \
			 m->hva == done->where + (page)*PAGE &&           \
			 m->size == (pages)*PAGE && m->result == (err) && \
			 m->syscall == SYS_##nr)
MAPPING(read_only, PROTECT, sparse, 0, 1, 0, mprotect)
MAPPING(writable, PROTECT, sparse, 1, 2, 0, mprotect)
MAPPING(holed, PROTECT, sparse, 5, 3, -ENOMEM, mprotect)
MAPPING(unmapped, UNMAP, sparse, 4, 3, 0, munmap)
MAPPING(filled, MAP, sparse, 4, 1, 0, mmap)
MAPPING(grown, MAP, sparse, 5, 1, 0, mremap)
MAPPING(dropped, CLEAR, sparse, 0, 1, 0, madvise)
MAPPING(punched, CLEAR, file, 1, 2, 0, fallocate)
MAPPING(cut, CLEAR, file, 6, 2, 0, ftruncate)
MAPPING(unregistered, UFFD_END, awaited, 0, PAGES, 0, ioctl)
IS(registered, m->kind == SLOT_MAPPING_UFFD && m->hva == done->awaited &&
		       m->size == PAGES * PAGE && m->slot == 4 && m->uffd == 1)

IS(barred,
   exit->vcpu == RUNNER && exit->result == -EFAULT && exit->rip == CODE + 5 &&
	   (done->memory_fault ? exit->reason == SLOT_EXIT_MEMORY_FAULT &&
					 exit->gpa / PAGE == BARRED / PAGE :
				 exit->reason == SLOT_EXIT_ERRNO))
IS(nowhere, exit->reason == SLOT_EXIT_INTERNAL_ERROR && exit->vcpu == RUNNER &&
		    exit->rip == CODE + 0x80 && !exit->result)
IS(broke, exit->reason == SLOT_EXIT_SHUTDOWN && exit->vcpu == BREAKER)

IS(denied, fault->kind == SLOT_FAULT_FAILED && fault->vcpu == RUNNER &&
		   fault->gpa / PAGE == BARRED / PAGE &&
		   fault->result == -EFAULT)
IS(waits, fault->kind == SLOT_FAULT_WAITS && fault->vcpu == RUNNER &&
		  fault->uffd && fault->hva == done->awaited + PAGE &&
		  fault->gpa / PAGE == AWAITED / PAGE + 1 &&
		  event->tid == done->runner)
IS(served, fault->kind == SLOT_FAULT_SERVED && fault->vcpu == RUNNER &&
		   fault->uffd && fault->hva == done->awaited + PAGE &&
		   event->tid == done->runner)

static void check_calls(const struct slot_log *log, bool vcpu_calls)
{
	EXPECT_EQ(count_if(log, SLOT_EVENT_CALL, pre_fault), vcpu_calls);
	EXPECT_EQ(count_if(log, SLOT_EVENT_CALL, attributes), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_CALL, create_gmem), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_CALL, no_ring), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_CALL, reset_ring), 1);
	/* A page may be in the ring more than once */
	EXPECT(done->reset >= WRITTEN, "%d pages were reset", done->reset);
	EXPECT_EQ(count_events(log, SLOT_EVENT_CALL, 0), 4 + vcpu_calls);
}

static void check_mappings(const struct slot_log *log)
{
	bool (*const all[])(const struct slot_event *) = {
		read_only, writable, holed,	   unmapped,   filled, grown,
		dropped,   punched,  unregistered, registered, cut,
	};
	const size_t nr = sizeof(all) / sizeof(all[0]);

	for (size_t i = 0; i < nr; i++) {
		size_t told = count_if(log, SLOT_EVENT_MAPPING, all[i]);

		/* The kernel takes what is behind a file's end away twice */
		EXPECT(told == 1 || (told == 2 && all[i] == cut),
		       "mapping %zu of %zu: told %zu times", i, nr, told);
	}
	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];
		bool known = event->type != SLOT_EVENT_MAPPING;

		for (size_t j = 0; j < nr; j++)
			known |= all[j](event);
		EXPECT(known, "told %s of +0x%llx in system call %d",
		       slot_mapping_kind_names[event->mapping.kind],
		       (unsigned long long)event->mapping.size,
		       event->mapping.syscall);
	}
}

static void check_exits(const struct slot_log *log)
{
	EXPECT_EQ(count_if(log, SLOT_EVENT_EXIT, barred), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_EXIT, nowhere), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_EXIT, broke), 1);
	EXPECT_EQ(count_events(log, SLOT_EVENT_EXIT, 0), 3);
}

static void check_faults(const struct slot_log *log)
{
	EXPECT_EQ(count_if(log, SLOT_EVENT_FAULT, denied), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_FAULT, waits), 1);
	EXPECT_EQ(count_if(log, SLOT_EVENT_FAULT, served), 1);
}

static void until_it_waits(struct tracer *tracer, struct slot_log *log)
{
	for (int ms = 0; ms < WAIT_MS; ms += 10) {
		flush_to(tracer, log);
		if (count_if(log, SLOT_EVENT_FAULT, waits))
			return;
		usleep(10000);
	}
}

static void all_told(unsigned int avoid)
{
	struct diary *diary = diary_new();
	struct child child = child_start(work, diary);
	const struct tracer_options options = { .tgid = child.pid,
						.classes = TRACER_CLASSES_ALL &
							   ~TRACER_CLASS_MMIO,
						.asleep_ns = 1000000000,
						.avoid = avoid };
	struct tracer *tracer = tracer_new(&options);
	const struct tracer_report *report = tracer_report(tracer);
	bool hooks = tracer_class_used(report, TRACER_CLASS_FAULTS);
	struct slot_log log;

	slot_log_init(&log);
	EXPECT_EQ(hooks, !(avoid & 1U << TRACER_KPROBE));
	if (!child_go(&child)) {
		int status = child_end(&child);

		ASSERT(false, "the child ended, 0x%x", status);
	}
	if (hooks)
		until_it_waits(tracer, &log);
	EXPECT_EQ(WEXITSTATUS(child_end(&child)), STATUS);
	flush_to(tracer, &log);
	EXPECT_EQ(expect_diary(&log, diary), 0);
	expect_nothing_lost(tracer);
	expect_numbered(&log);
	check_calls(&log, tracer_hook_used(report, TRACER_VCPU_CALLS));
	/* its gone file, wherever it can be told */
	EXPECT_EQ(count_if(&log, SLOT_EVENT_GMEM_CLOSE, close_gmem),
		  done->gmem >= 0 && tracer_hook_used(report, TRACER_GMEM));
	if (hooks) {
		check_mappings(&log);
		check_exits(&log);
		check_faults(&log);
	}
	EXPECT_EQ(count_events(&log, SLOT_EVENT_PROCESS_EXIT, 0), 1);
	for (size_t i = 0; i < log.nr; i++)
		if (log.events[i].type == SLOT_EVENT_PROCESS_EXIT) {
			EXPECT_EQ(log.events[i].tgid, child.pid);
			EXPECT_EQ(log.events[i].process_exit.status,
				  STATUS << 8);
		}
	slot_log_deinit(&log);
	tracer_close(tracer);
	diary_free(diary);
}

static void by_fentry(void)
{
	all_told(0);
}

static void by_kprobe(void)
{
	all_told(1U << TRACER_FENTRY);
}

static void by_system_calls(void)
{
	all_told(1U << TRACER_FENTRY | 1U << TRACER_KPROBE);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "each kind is told", by_fentry },
		{ "each kind, by kprobes", by_kprobe },
		{ "what system calls tell, by them", by_system_calls },
	};

	done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return KTAP_RUN(cases);
}
