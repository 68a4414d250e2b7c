/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the tracer share. What is traced is done by child processes
 * that write down, in shared memory, what they asked and what KVM answered;
 * the tracer's events are held against that.
 */
#ifndef SELFTESTS_KERNEL_BPF_TEST_H
#define SELFTESTS_KERNEL_BPF_TEST_H

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <slotscope/view.h>

#include "kvm/region2.h"
#include "trace/tracer.h"

#include "../kselftest/ktap.h"

#define PAGE 4096ULL
#define MIB  (1ULL << 20)

#define MAX_THREADS 64
#define MAX_DONE    4096

/**
 * struct diary - what a child did; shared with the parent
 * @done: by thread, what was asked, in order, with the result
 */
struct diary {
	int vm_fd;
	size_t nr_threads;
	struct {
		pid_t tid;
		size_t nr;
		struct slot_request done[MAX_DONE];
	} threads[MAX_THREADS];
};

static inline struct diary *diary_new(void)
{
	struct diary *diary = mmap(NULL, sizeof(*diary), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
				   -1, 0);

	if (diary == MAP_FAILED)
		ktap_bail("mmap: %s", strerror(errno));
	diary->vm_fd = -1;
	return diary;
}

static inline void diary_free(struct diary *diary)
{
	munmap(diary, sizeof(*diary));
}

static inline size_t diary_total(const struct diary *diary)
{
	size_t nr = 0;

	for (size_t i = 0; i < diary->nr_threads; i++)
		nr += diary->threads[i].nr;
	return nr;
}

/* A VM; children have no way to fail a test but to end with a status */
static inline int vm_new(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0) {
		perror("# KVM_CREATE_VM");
		_exit(40);
	}
	close(kvm);
	return vm;
}

/* Memory for slots; never touched */
static inline uint64_t memory_new(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		_exit(41);
	return (uintptr_t)memory;
}

/* Ask; the result is left in @request */
static inline int __ask(int vm, struct slot_request *request)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = request->slot,
		.flags = request->flags,
		.guest_phys_addr = request->gpa,
		.memory_size = request->size,
		.userspace_addr = request->hva,
		.guest_memfd_offset = request->gmem_offset,
		.guest_memfd = request->gmem_fd,
	};
	int ret = ioctl(vm,
			request->region2 ? KVM_SET_USER_MEMORY_REGION2 :
					   KVM_SET_USER_MEMORY_REGION,
			&region);

	request->result = ret ? -errno : 0;
	return request->result;
}

/* Ask, and write it down as thread @thread's */
static inline int ask(struct diary *diary, size_t thread, int vm,
		      struct slot_request request)
{
	int ret = __ask(vm, &request);

	diary->threads[thread].tid = gettid();
	diary->threads[thread].done[diary->threads[thread].nr++] = request;
	return ret;
}

static inline struct slot_request slot_at(uint32_t slot, uint32_t flags,
					  uint64_t gpa, uint64_t size,
					  uint64_t hva)
{
	return (struct slot_request){
		.slot = slot,
		.flags = flags,
		.gpa = gpa,
		.size = size,
		.hva = hva,
		.gmem_fd = -1,
	};
}

/**
 * struct child - a process that does something when told to
 *
 * It runs a function of three steps, each begun by child_go() and ended by
 * child_step(), so that a test can open a tracer in between.
 */
struct child {
	pid_t pid;
	int to, from;
};

static inline void child_step(const struct child *child)
{
	char c = 0;

	if (write(child->from, &c, 1) != 1 || read(child->to, &c, 1) != 1)
		_exit(42);
}

static inline struct child child_start(void (*run)(const struct child *self,
						   struct diary *diary),
				       struct diary *diary)
{
	struct child child, self;
	int to[2], from[2];
	char c;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		ktap_bail("pipe2: %s", strerror(errno));
	fflush(stdout);
	child.pid = fork();
	if (child.pid < 0)
		ktap_bail("fork: %s", strerror(errno));
	if (!child.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		close(from[0]);
		self = (struct child){ .to = to[0], .from = from[1] };
		run(&self, diary);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	child.to = to[1];
	child.from = from[0];
	/* Its first child_step() */
	if (read(child.from, &c, 1) != 1)
		ktap_bail("child %d ended early", child.pid);
	return child;
}

/* Let it go on; true once it has come to its next step, false if it ended */
static inline bool child_go(const struct child *child)
{
	char c = 0;

	return write(child->to, &c, 1) == 1 && read(child->from, &c, 1) == 1;
}

/* Let it end; its wait status */
static inline int child_end(struct child *child)
{
	int status;

	while (child_go(child))
		;
	waitpid(child->pid, &status, 0);
	close(child->to);
	close(child->from);
	return status;
}

/* Tracers */
static struct slotscope_error bpf_err;

static inline struct tracer *tracer_new(const struct tracer_options *options)
{
	struct tracer *tracer;

	if (tracer_open(options, NULL, &tracer, &bpf_err)) {
		ktap_diag("%s: %s. %s", bpf_err.tried, bpf_err.why,
			  bpf_err.next);
		siglongjmp(ktap.leave, (ktap.failures++, 1));
	}
	return tracer;
}

/* All that has happened, added to @log */
static inline void flush_to(struct tracer *tracer, struct slot_log *log)
{
	int ret = tracer_flush(tracer, tracer_to_log, log, &bpf_err);

	ASSERT(ret >= 0, "flush: %s: %s", bpf_err.tried, bpf_err.why);
}

static inline uint64_t lost_total(const struct tracer *tracer)
{
	uint64_t sum = 0;

	for (int i = 0; i < SLOT_LOST_REASONS; i++)
		sum += tracer_lost(tracer)->count[i];
	return sum;
}

static inline void expect_nothing_lost(const struct tracer *tracer)
{
	const struct slot_lost *lost = tracer_lost(tracer);

	EXPECT(!lost_total(tracer),
	       "lost: ring full %llu, missed %llu, map full %llu, unread %llu",
	       (unsigned long long)lost->count[SLOT_LOST_RING_FULL],
	       (unsigned long long)lost->count[SLOT_LOST_MISSED],
	       (unsigned long long)lost->count[SLOT_LOST_MAP_FULL],
	       (unsigned long long)lost->count[SLOT_LOST_UNREAD]);
}

static inline size_t count_events(const struct slot_log *log,
				  enum slot_event_type type, pid_t tgid)
{
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++)
		nr += log->events[i].type == type &&
		      (!tgid || log->events[i].tgid == tgid);
	return nr;
}

static inline bool same_request(const struct slot_request *a,
				const struct slot_request *b)
{
	return a->region2 == b->region2 && a->unread == b->unread &&
	       a->result == b->result && a->slot == b->slot &&
	       a->flags == b->flags && a->gpa == b->gpa && a->size == b->size &&
	       a->hva == b->hva &&
	       (!a->region2 ||
		(a->gmem_fd == b->gmem_fd && a->gmem_offset == b->gmem_offset));
}

static inline void show_request(const char *what, const struct slot_request *r)
{
	ktap_diag("%s: slot 0x%x flags 0x%x gpa 0x%llx size 0x%llx hva 0x%llx "
		  "region2 %d gmem %d+0x%llx unread %d: %d",
		  what, r->slot, r->flags, (unsigned long long)r->gpa,
		  (unsigned long long)r->size, (unsigned long long)r->hva,
		  r->region2, r->gmem_fd, (unsigned long long)r->gmem_offset,
		  r->unread, r->result);
}

/*
 * What the log tells of the diary's requests is right, in order, and nothing
 * else; the number of those that it does not tell
 */
static inline size_t expect_diary(const struct slot_log *log,
				  const struct diary *diary)
{
	size_t missing = 0;

	for (size_t t = 0; t < diary->nr_threads; t++) {
		const struct slot_request *done = diary->threads[t].done;
		size_t nr = diary->threads[t].nr, at = 0;

		for (size_t i = 0; i < log->nr; i++) {
			const struct slot_event *event = &log->events[i];
			size_t skip = 0;

			if (event->type != SLOT_EVENT_REQUEST ||
			    event->tid != diary->threads[t].tid)
				continue;
			while (at + skip < nr &&
			       !same_request(&event->request, &done[at + skip]))
				skip++;
			if (at + skip == nr) {
				EXPECT(false, "thread %zu, after request %zu",
				       t, at);
				show_request("told", &event->request);
				if (at < nr)
					show_request("done", &done[at]);
				return 0;
			}
			missing += skip;
			at += skip + 1;
		}
		missing += nr - at;
	}
	return missing;
}

/* Numbers follow each other, but for what LOST events stand for */
static inline void expect_numbered(const struct slot_log *log)
{
	uint64_t next = 1;

	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];

		if (!EXPECT_EQ(event->seq, next))
			return;
		next += event->type == SLOT_EVENT_LOST ? event->lost.count : 1;
	}
}

/* Two views of a VM are the same, slot by slot, generations too */
static inline void expect_same_state(const struct slot_state *a,
				     const struct slot_state *b)
{
	EXPECT_EQ(a->nr_slots, b->nr_slots);
	for (size_t i = 0; i < a->nr_slots && i < b->nr_slots; i++) {
		const struct slot *x = &a->slots[i], *y = &b->slots[i];

		if (x->as_id == y->as_id && x->id == y->id &&
		    x->gpa == y->gpa && x->size == y->size &&
		    x->hva == y->hva && x->flags == y->flags &&
		    x->hidden == y->hidden)
			continue;
		EXPECT(false,
		       "slot %zu: as %u id %d gpa 0x%llx size 0x%llx "
		       "flags 0x%x; as %u id %d gpa 0x%llx size 0x%llx "
		       "flags 0x%x",
		       i, x->as_id, x->id, (unsigned long long)x->gpa,
		       (unsigned long long)x->size, x->flags, y->as_id, y->id,
		       (unsigned long long)y->gpa, (unsigned long long)y->size,
		       y->flags);
		return;
	}
	for (size_t i = 0; i < a->nr_as && i < b->nr_as; i++)
		EXPECT(a->as[i].generation == b->as[i].generation,
		       "address space %zu: generation %llu, and %llu", i,
		       (unsigned long long)a->as[i].generation,
		       (unsigned long long)b->as[i].generation);
}

#endif
