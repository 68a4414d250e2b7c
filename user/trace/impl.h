/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the tracer: what its files share */
#ifndef TRACE_IMPL_H
#define TRACE_IMPL_H

#include <bpf/libbpf.h>

#include "../../bpf/events.h"
#include "slotscope.skel.h"

#include "base/clock.h"
#include "trace/drain.h"
#include "trace/proof.h"
#include "trace/stream.h"
#include "trace/tracer.h"

/* Programs of one hook at the most */
#define HOOK_PROGRAMS 4

/* A request whose stack was read before the request was handed over */
struct named_call {
	uint64_t call;
	uint64_t stack;
};

/* A BPF array in this process's memory; @size of an element */
struct array {
	uint8_t *base;
	size_t size;
	uint32_t nr;
};

/**
 * struct tracer - private
 * @kvm_fd:  /dev/kvm: probes do not survive an unloading of KVM, nor hold it
 * @report:  which hooks are used
 * @preempts: this kernel preempts tasks inside of the kernel
 * @counts_skips: this kernel counts kprobes' programs that it skips
 * @kvm_btf_fd: while loading: KVM's BTF in the kernel; 0 if KVM is built in
 * @nr_kernel_types: types in the kernel's own BTF; a module's have numbers from there on
 * @function_ids: of each hook in @report: its target there
 * @links:   of each hook in @report, one a program
 * @misses:  of each program: how often the kernel skipped it, so far
 * @proving: the events in the ring are the proof's
 * @events:  what the programs tell, and
 * @stacks:  those of requests; open where somebody asks for them
 * @drainer: takes both out of the kernel's rings
 * @calls_of: calls in flight by job: the tables of bpf/calls.h
 * @vms:     and @vcpus: what the programs know of them
 * @calls:   requests that are still to come, and the numbers of their stacks
 * @waits:   iterator over faults that are being served; NULL: nobody asked
 * @probe_links: to static probes of programs
 * @walks:   number of the last walk
 * @told:    a bit a serial: the log has this VM's beginning
 * @nr_told: bytes of @told
 * @walked:  where the iterator leaves slots
 */
struct tracer {
	struct tracer_options options;
	int kvm_fd;
	struct slotscope_bpf *skel;
	struct drained events, stacks;
	struct drainer drainer;
	struct array calls_of[TRACER_JOBS];
	struct array vms, vcpus;
	struct named_call *calls;
	size_t nr_calls, cap_calls;
	struct stream stream;
	struct tracer_report report;
	bool preempts;
	bool counts_skips;
	int kvm_btf_fd;
	int nr_kernel_types;
	int function_ids[TRACER_MAX_HOOKS];
	struct bpf_link *links[TRACER_MAX_HOOKS][HOOK_PROGRAMS];
	uint64_t misses[TRACER_MAX_HOOKS][HOOK_PROGRAMS];
	struct bpf_link *waits;
	struct bpf_link **probe_links;
	size_t nr_probe_links, cap_probe_links;
	bool proving;
	uint32_t walks;
	uint8_t *told;
	size_t nr_told;
	struct slot_record *walked;
	size_t walked_bytes;
};

/* preflight.c: what can be known before anything is loaded */
int preflight(const struct tracer_options *options,
	      struct slotscope_error *err);
bool kernel_preempts(void);
bool kernel_readable(void);

/* log.c: libbpf's messages, and the one that matters in an error */
void log_capture(bool verbose);
void log_forget(void);
const char *log_cause(void);
int error_bpf(struct slotscope_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* hook_table.c: the programs that there are */
struct hook_candidate {
	enum tracer_job job;
	enum tracer_method method;
	const char *target;
	unsigned int nr_params;
	size_t programs[HOOK_PROGRAMS]; /* of a call: its beginning, its end */
};

extern const struct hook_candidate hook_candidates[];
extern const size_t nr_hook_candidates;

void hooks_init(struct tracer_report *report);
/* Whether somebody asked for what a job is for */
bool hook_job_asked(const struct tracer *t, enum tracer_job job);
struct tracer_hook *hook_of_job(struct tracer_report *report,
				enum tracer_job job);
struct bpf_program *hook_program(const struct tracer *t, size_t hook, int i);
void hook_settle(struct tracer_hook *hook, enum tracer_hook_state state,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* hooks.c: which of them to use */
int hooks_open(struct tracer *t);
void hooks_choose(struct tracer *t);
int hooks_load(struct tracer *t);
int hooks_prove(struct tracer *t, struct kvm_proof *proof,
		struct slotscope_error *err);
void hooks_detach(struct tracer *t);
/* How long the programs in use have run, where the kernel counts it */
int hooks_measure(struct tracer *t, struct kvm_proof *proof,
		  struct slotscope_error *err);

/* ring.c: from the queue into the stream */
int ring_drain(struct tracer *t, int (*count)(struct tracer *t),
	       struct slotscope_error *err);
bool ring_told(struct tracer *t, uint64_t serial);

/* waits.c: who waits for memory, by now */
int waits_open(struct tracer *t, struct slotscope_error *err);
int waits_tell(struct tracer *t, struct slotscope_error *err);

/* probes.c: static probes of programs */
int probes_prove(struct tracer *t, struct slotscope_error *err);
void probes_close(struct tracer *t);

/* stack_ring.c: who made requests */
int stack_ring_drain(struct tracer *t, struct slotscope_error *err);
/* From what became of a request's stack to its number */
int stack_ring_name(struct tracer *t, struct slot_event *event,
		    struct slotscope_error *err);

/* missed.c: calls that the kernel did not show to a program */
int missed_count(struct tracer *t);
int missed_finish(struct tracer *t);
void missed_restart(struct tracer *t);

/* followed.c: which processes' VMs are traced */
int followed_begin(struct tracer *t, pid_t tgid, struct slotscope_error *err);
bool followed_proved(struct tracer *t, char *why, size_t size);

/* maps.c: hash maps; and arrays that this process sees as the programs do */
void map_clear(const struct bpf_map *map);
int arrays_map(struct tracer *t, struct slotscope_error *err);
void arrays_unmap(struct tracer *t);
void arrays_zero(const struct tracer *t);
void vms_forget(const struct tracer *t);

/* walk.c: the iterators */
struct walk {
	struct walk_record *vms;
	size_t nr;
};

int walk_open(struct tracer *t, struct slotscope_error *err);
int need_walk(struct tracer *t, struct slotscope_error *err);
int walk_run(struct tracer *t, const struct walk_request *request,
	     struct walk *walk, struct slotscope_error *err);
int walk_processes(struct tracer *t, const struct walk_request *request,
		   struct task_record **processes, size_t *nr,
		   struct slotscope_error *err);
int walk_slots(struct tracer *t, pid_t tgid, int fd,
	       bool (*interferes)(const struct walk_record *vm),
	       struct walk *walk, struct slotscope_error *err);
/* Another set of slots became the active one during the walk */
bool walk_torn(const struct walk_record *vm);
/* That, or a change was between its swap of the sets and its end */
bool walk_moved(const struct walk_record *vm);
int walk_prove(struct tracer *t, struct kvm_proof *proof,
	       struct slotscope_error *err);

/* vms.c: what it found */
int base_all(struct tracer *t, struct slotscope_error *err);
int base_serial(struct tracer *t, pid_t tgid, uint64_t serial);

#endif
