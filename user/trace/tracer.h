/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer: what VMMs ask of KVM and what KVM's memslots become, as events,
 * from BPF programs that hook into KVM. Nothing is pinned: all of it dies with
 * the process that opened it.
 *
 *	struct tracer_options options = { .tgid = pid };
 *
 *	if (tracer_open(&options, NULL, &tracer, &err))
 *		return cmd_fail(&err);
 *	slot_log_init(&log);
 *	while (!done)
 *		tracer_poll(tracer, 100, tracer_to_log, &log, &err);
 *	...
 *	tracer_flush(tracer, tracer_to_log, &log, &err);
 *	tracer_find_vm(tracer, pid, fd, &vm, &err);
 *	fold(&log, &vm, &traced);
 *	...
 *	tracer_finish(tracer, tracer_to_log, &log, &err);
 *	tracer_close(tracer);
 *
 * A process is followed with all that it does to come by a VM: with the named one
 * those that share its memory, and every process that any of these makes from
 * then on, however far down and whoever becomes its parent. A VM is traced from
 * the moment at which a followed process makes it, has it open when tracing
 * begins, or asks something of it; and then whole, whoever asks or changes.
 *
 * What an open tracer guarantees:
 *
 * - A VM that exists when it opens is told by BASE events, up to a BASE_END for
 *   each address space; one created later by VM_CREATE. Either comes before the
 *   VM's first request or change in the log.
 * - A change is told once, at its end; so are requests, whatever refuses them. A
 *   request comes after the changes it made, under the same number (call). Changes of one VM come in the order
 *   in which they took effect (KVM makes them under one lock), those of one
 *   thread in the order in which it did them. Beyond that the order is that in
 *   which things ended, as far as two processors can agree on it.
 * - What could not be recorded is told by a LOST event at the place where it is
 *   missing, and counted in tracer_lost(). So is a change that no hook told, by
 *   the generation that jumps with it. A LOST event with a count of n takes
 *   the place of n events: the next one's seq is n above its own.
 *
 * While it is open, KVM cannot be unloaded: one that is loaded again would be
 * another one, and silent. A tracer belongs to one thread at a time. It has one of
 * its own, which takes events out of the kernel's ring into memory as that fills up:
 * whoever polls may print, write or wait for a while, and nothing is lost up to
 * options.queue_bytes. Beyond that it is counted, as said.
 */
#ifndef TRACE_TRACER_H
#define TRACE_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <slotscope/error.h>
#include <slotscope/view.h>

#include "unwind/sample.h"

struct tracer;

/* What hooks are needed for, each job filled by one of several hooks */
enum tracer_job {
	TRACER_REQUESTS, /* what VMMs ask; without it only changes are seen */
	TRACER_CHANGES,	 /* what KVM does; without it no generations */
	TRACER_CREATION, /* VMs from their first moment */
	TRACER_DESTRUCTION,
	TRACER_PROCESSES, /* follow what processes make; without it only themselves */
	TRACER_WINDOWS,	   /* when a change takes effect */
	TRACER_RUNS,	   /* vCPUs that go into KVM_RUN, and come out */
	TRACER_MAPPINGS,   /* what is taken from under slots */
	TRACER_VCPU_CALLS, /* what is asked of vCPUs about memory */
	TRACER_GMEM,	   /* guest_memfds that are closed */
	TRACER_MMAP,	   /* what is mapped, and */
	TRACER_MREMAP,	   /* mapped elsewhere, and */
	TRACER_MPROTECT,   /* given other rights under slots, and */
	TRACER_UFFD,	   /* put into userfaultfd's hands */
	TRACER_FAULTS,	   /* memory that vCPUs need, and */
	TRACER_USERFAULTS, /* that userfaultfd is to answer for */
	TRACER_FREES,	   /* slots that go with their VM */
	TRACER_PROBES,	   /* static probes of VMMs */
	TRACER_WALK,	   /* find VMs that exist, and read their slots */
	TRACER_JOBS,
};

enum tracer_method {
	TRACER_FENTRY,
	TRACER_KPROBE,
	TRACER_TRACEPOINT,
	TRACER_RAW_TRACEPOINT,
	TRACER_ITERATOR,
	TRACER_UPROBE,
	TRACER_METHODS,
};

/* Events beside requests and changes. What is not asked for costs nothing */
enum tracer_class {
	TRACER_CLASS_CALLS = 1U << 0,	 /* SLOT_EVENT_CALL */
	TRACER_CLASS_VCPUS = 1U << 1,	 /* SLOT_EVENT_VCPU and _EXIT */
	TRACER_CLASS_MMIO = 1U << 2,	 /* EXIT with SLOT_EXIT_MMIO, too */
	TRACER_CLASS_WINDOWS = 1U << 3,	 /* slot_change.invalid_ns, active_ns */
	TRACER_CLASS_MAPPINGS = 1U << 4, /* SLOT_EVENT_MAPPING */
	TRACER_CLASS_FAULTS = 1U << 5,	 /* SLOT_EVENT_FAULT */
	TRACER_CLASS_FREES = 1U << 6,	 /* SLOT_EVENT_FREE */
	TRACER_CLASSES = 7,		 /* their number */
	TRACER_CLASSES_ALL = (1U << TRACER_CLASSES) - 1,
};

/**
 * tracer_stack_fn - takes the stack of a request, before the request
 * @sample: valid during the call
 *
 * Return: the number that the request is to carry (slot_event.stack); 0 for none.
 */
typedef uint64_t (*tracer_stack_fn)(const struct stack_sample *sample,
				    void *arg);

/**
 * struct tracer_filter - which requests and changes are told
 * @serial:	 of the VM of this number alone; 0: of all
 * @tgid:	 of the VMs of this process alone, or of that at
 * @fd:		 this descriptor of it, where that is known; -1: all. @tgid 0: any
 * @failed_only: those that failed
 * @with_as:	 those of address space @as_id
 * @with_slot:	 those of slots with number @slot
 * @with_gpa:	 those with some guest memory from @first_gpa to @last_gpa: of a change
 *		 its slot before or after. A deletion asks for that of the slot that
 *		 it deletes
 *
 * The kernel decides, and what it leaves out costs no more than to look at it. The
 * request is told with each change that it made. What is left out of the VMs that are
 * meant is told, by number, as LOST events (SLOT_LOST_FILTERED): nothing that follows a
 * log can take this one for whole. All zero: all are told.
 */
struct tracer_filter {
	uint64_t serial;
	pid_t tgid;
	int fd;
	bool failed_only;
	bool with_as, with_slot, with_gpa;
	uint16_t as_id;
	uint16_t slot;
	uint64_t first_gpa, last_gpa;
};

/**
 * struct tracer_options - what to trace; all zero is a good default
 * @tgid:	 the process to follow, see above. 0: all processes
 * @ring_bytes:	 the kernel's room for events that wait to be taken from it; rounded
 *		 up to what it takes. 0: TRACER_RING_BYTES
 * @queue_bytes: room, here, for what was taken from it and waits for tracer_poll(); as
 *		 much again for stacks. It is memory only when it is needed. 0:
 *		 TRACER_QUEUE_BYTES
 * @thread_fn:	 called first in the thread that takes it: rights_only_think(). NULL:
 *		 that keeps the rights that the process has
 * @nr_calls:	 how many threads may be inside of a request (or change) at the
 *		 same time and be remembered; rounded up to a power of two. 0:
 *		 TRACER_NR_CALLS
 * @stack_fn:	 who makes requests is to be told, too; NULL: not
 * @stack_ring_bytes: as @ring_bytes, for stacks. 0: TRACER_STACK_RING_BYTES
 * @classes:	 TRACER_CLASS_*. MMIO brings VCPUS with it
 * @asleep_ns:	 a fault that takes as long is told by TRACER_CLASS_FAULTS. 0:
 *		 TRACER_ASLEEP_NS
 * @filter:	 leave out requests and changes
 * @probes:	 static probes are to be told, too (SLOT_EVENT_PROBE): of each program
 *		 that tracer_watch_probes() names
 * @avoid:	 1U << enum tracer_method: not to be used. For tests, and for a
 *		 kernel on which one does harm
 * @avoid_target: nor is this kernel function. For tests; NULL: none
 * @brief:	 it is for a moment: what is quickly attached and detached comes first
 *		 (kprobes), though it costs a VMM more
 * @measure:	 count how long the programs run while they are proven
 * @no_hooks:	 attach nothing: tracer_list(), tracer_find_vm() and
 *		 tracer_snapshot() work, there are no events
 * @verbose:	 copy what libbpf says (but for debugging) to stderr
 */
struct tracer_options {
	pid_t tgid;
	size_t ring_bytes;
	size_t queue_bytes;
	void (*thread_fn)(void);
	unsigned int nr_calls;
	tracer_stack_fn stack_fn;
	void *stack_arg;
	size_t stack_ring_bytes;
	unsigned int classes;
	uint64_t asleep_ns;
	struct tracer_filter filter;
	bool probes;
	unsigned int avoid;
	const char *avoid_target;
	bool brief;
	bool measure;
	bool no_hooks;
	bool verbose;
};

#define TRACER_RING_BYTES	(4U << 20)
#define TRACER_QUEUE_BYTES	(64U << 20)
#define TRACER_STACK_RING_BYTES (16U << 20)
#define TRACER_NR_CALLS		1024
#define TRACER_ASLEEP_NS	100000000

enum tracer_hook_state {
	TRACER_HOOK_UNUSED,   /* not needed: another one does the job */
	TRACER_HOOK_ABSENT,   /* this kernel lacks what it needs */
	TRACER_HOOK_REFUSED,  /* the kernel did not let it attach */
	TRACER_HOOK_UNPROVEN, /* attached, but did not tell our own request */
	TRACER_HOOK_USED,     /* proven by requests of our own, and in use */
};

/**
 * struct tracer_hook - one way to do a job, and how it fared
 * @target: the kernel function or tracepoint
 * @why:    for people; may be empty for hooks that are used or unused
 * @runs:   with options.measure, of one that is used: how often its programs ran for
 *	    the requests of our own, and
 * @run_ns: how long in all: in them alone, without the way there and back. 0 runs: it
 *	    is not known
 */
struct tracer_hook {
	enum tracer_job job;
	enum tracer_method method;
	const char *target;
	enum tracer_hook_state state;
	uint64_t runs;
	uint64_t run_ns;
	char why[256];
};

#define TRACER_MAX_HOOKS 44

/**
 * struct tracer_report - which hook does which job
 * @hooks: by job, and of one job in no order that means something
 */
struct tracer_report {
	struct tracer_hook hooks[TRACER_MAX_HOOKS];
	size_t nr_hooks;
};

/* Words for reports and JSON, by value of the enums */
extern const char *const tracer_job_names[TRACER_JOBS];
extern const char *const tracer_class_names[TRACER_CLASSES];
extern const char *const tracer_method_names[TRACER_METHODS];
extern const char *const tracer_hook_state_names[TRACER_HOOK_USED + 1];

/** tracer_hook_used() - the hook that does @job, or NULL if none does */
const struct tracer_hook *tracer_hook_used(const struct tracer_report *report,
					   enum tracer_job job);

/**
 * tracer_classes_parse() - "calls,windows", or "all", as TRACER_CLASS_*
 *
 * Return: 0, or -EINVAL with @err naming those that there are.
 */
int tracer_classes_parse(const char *text, unsigned int *classes,
			 struct slotscope_error *err);

/**
 * tracer_class_used() - does an open tracer tell of this class?
 *
 * One that was asked for and is not told is as good as lost: say so.
 */
bool tracer_class_used(const struct tracer_report *report,
		       enum tracer_class class);

/**
 * tracer_open() - load the BPF programs, prove the hooks, begin to trace
 * @options: what to trace; NULL for the defaults
 * @report:  filled as far as things got, also when it fails; may be NULL
 * @tracer:  the tracer; tracer_close() it
 *
 * Each hook is proven before it is trusted: a throw-away VM of our own is
 * created, given slots and destroyed, and the hook has to tell exactly that (on
 * Linux 6.12 a hook of kvm_vm_ioctl attaches and never fires). If it does not,
 * the next one is tried. Events begin before this returns: a VMM that is
 * started afterwards is seen from its first ioctl.
 *
 * A job that no hook can do does not fail the opening as long as requests or
 * changes are seen; @report and tracer_report() tell. It takes some
 * milliseconds, and as long as KVM needs to destroy a VM.
 *
 * Return: 0, or a negative errno:
 * -EPERM    not root (CAP_SYS_ADMIN), or the kernel is locked down
 * -ENODEV   KVM is not loaded, or has no hardware to work with
 * -ENOTSUP  no BTF, or no hook works; @err names what is missing
 * -EINVAL   not in the first PID namespace, where pids mean something else
 * -ESRCH    there is no process @options->tgid
 * -ENOMEM   memory, or RLIMIT_MEMLOCK on an old kernel
 */
int tracer_open(const struct tracer_options *options,
		struct tracer_report *report, struct tracer **tracer,
		struct slotscope_error *err);

/**
 * tracer_watch_probes() - tell when followed processes come by a program's probes
 * @path: an ELF file; which process runs it does not matter
 * @nr:	  probes in it that we know, and are told from now on
 * @unwatched: that we know, and cannot be told: @err says why the last of them
 *
 * Of a tracer that was opened with options.probes. What a file is called matters not:
 * /proc/PID/exe will do.
 *
 * Return: 0; -ENOENT if it has none that we know; -ENOTSUP if this kernel tells none;
 * or another negative errno.
 */
int tracer_watch_probes(struct tracer *tracer, const char *path, size_t *nr,
			size_t *unwatched, struct slotscope_error *err);

/** tracer_close() - detach all; what was not polled is dropped. NULL is fine */
void tracer_close(struct tracer *tracer);

/** tracer_report() - which hooks are used; lives as long as the tracer */
const struct tracer_report *tracer_report(const struct tracer *tracer);

/**
 * tracer_event_fn - takes one event
 * @event: valid during the call
 *
 * Return: 0 to go on; anything else ends the poll, which returns it. Events not
 * yet given stay for the next poll.
 */
typedef int (*tracer_event_fn)(const struct slot_event *event, void *arg);

/** tracer_to_log() - a tracer_event_fn that adds to the struct slot_log @arg */
int tracer_to_log(const struct slot_event *event, void *arg);

/**
 * tracer_poll() - wait for events and hand them over
 * @timeout_ms: how long to wait for the first; 0 not to wait, -1 for ever
 *
 * The kernel does not wake us for each event (that would cost the VMM more than
 * recording does): they arrive up to TRACER_DELAY_MS late, and at once only
 * when the ring fills up. A signal ends the wait early.
 *
 * Return: the number of events handed over (0: time is up, or a signal), what
 * @fn returned, or a negative errno with @err filled.
 */
int tracer_poll(struct tracer *tracer, int timeout_ms, tracer_event_fn fn,
		void *arg, struct slotscope_error *err);

#define TRACER_DELAY_MS 20

/**
 * tracer_flush() - hand over all that has happened up to now
 *
 * To be called before a snapshot of another view: what ended before the call
 * has been given to @fn when it returns. Never waits.
 *
 * Return: as tracer_poll().
 */
int tracer_flush(struct tracer *tracer, tracer_event_fn fn, void *arg,
		 struct slotscope_error *err);

/**
 * tracer_finish() - hand over all that is left, and end tracing
 *
 * Detaches the hooks, and looks for calls whose end was not seen: of a call that
 * has no end yet only those are no loss that its thread is still in. What
 * happens later is not told. May take some milliseconds.
 *
 * Return: as tracer_poll().
 */
int tracer_finish(struct tracer *tracer, tracer_event_fn fn, void *arg,
		  struct slotscope_error *err);

/**
 * tracer_lost() - what was lost so far, by reason
 *
 * Complete as of the last poll or flush; each loss has been told as an event.
 */
const struct slot_lost *tracer_lost(const struct tracer *tracer);

/**
 * struct tracer_process - a process that is followed
 * @start_time: field 22 of its /proc/PID/stat, which tells it from another one
 *		that has its number later
 */
struct tracer_process {
	pid_t tgid;
	uint64_t start_time;
	char comm[16];
};

/**
 * tracer_followed() - the followed processes that have not ended
 * @processes: array to be freed by the caller; NULL if there are none
 *
 * A zombie has ended. Without options.tgid these are all processes.
 *
 * Return: 0, or a negative errno: -ENOTSUP if this kernel has no iterator.
 */
int tracer_followed(struct tracer *tracer, struct tracer_process **processes,
		    size_t *nr, struct slotscope_error *err);

#define TRACER_FOLLOWED (-1) /* in place of a process: all that are followed */

/**
 * tracer_list() - the VMs that exist
 * @tgid: only that process's; 0 for all processes; TRACER_FOLLOWED
 * @vms:  array to be freed by the caller; NULL if there are none
 *
 * A VM whose descriptor is in several processes or under several numbers is
 * listed once: with its VMM, that is, the process whose memory it maps, if that
 * is among them, and the lowest number there.
 *
 * Return: 0 or a negative errno.
 */
int tracer_list(struct tracer *tracer, pid_t tgid, struct vm_id **vms,
		size_t *nr_vms, struct slotscope_error *err);

/**
 * tracer_find_vm() - the VM behind a descriptor
 * @tgid: a process that has it open
 * @fd:	  the descriptor there; -1 for the only VM in @tgid
 * @vm:	  filled; @serial is the one that events carry
 *
 * Return: 0; -ENOENT if there is none; -EEXIST if there are several and @fd is
 * -1 (@err lists them); or another negative errno.
 */
int tracer_find_vm(struct tracer *tracer, pid_t tgid, int fd, struct vm_id *vm,
		   struct slotscope_error *err);

/**
 * tracer_owns_memory() - are the slots' host addresses those of @vm's process?
 *
 * They are of the process that made the VM. One that inherited a descriptor, or
 * was sent it, holds the VM and has other memory at those addresses.
 *
 * Return: 1 if so, 0 if not; -ENOENT if the VM is gone; or another negative errno.
 */
int tracer_owns_memory(struct tracer *tracer, const struct vm_id *vm,
		       struct slotscope_error *err);

/**
 * tracer_snapshot() - the slots that KVM holds now, by walking them
 * @vm:	    tgid and fd say which; from tracer_list() or tracer_find_vm()
 * @party:  what the state calls itself; PARTY_KERNEL if it stands in for the
 *	    module's
 * @out:    initialised here; the caller deinits it, also after an error
 *
 * No lock is taken: the walk is done again if the generation moved meanwhile.
 * Should it move every time, the state is marked truncated. Fields: all. The
 * descriptor behind a slot's guest_memfd is not known (-1).
 *
 * Return: 0; -ENOENT if the VM is gone; or another negative errno.
 */
int tracer_snapshot(struct tracer *tracer, const struct vm_id *vm,
		    enum party_id party, struct slot_state *out,
		    struct slotscope_error *err);

/**
 * tracer_snapshots() - the slots of all VMs of a process, in one walk
 * @states: one a VM, by descriptor, the lowest of a VM's. The caller deinits each
 *	    and frees them, also after an error
 * @owned:  of each, whether its slots' host addresses are this process's, as
 *	    tracer_owns_memory() says; the caller frees it. NULL: nobody asks
 * @nr:	    their number
 *
 * VMs whose slots moved meanwhile, or for which there was no more room, are left
 * out: tracer_snapshot() reads one alone, and tries longer.
 */
int tracer_snapshots(struct tracer *tracer, pid_t tgid, enum party_id party,
		     struct slot_state **states, bool **owned, size_t *nr,
		     struct slotscope_error *err);

#endif
