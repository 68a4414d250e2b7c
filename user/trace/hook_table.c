// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF programs that there are, by job and by how they attach; and what was found
 * out of each. Which of them to use is found in hooks.c.
 */
#include <stdio.h>

#include "trace/impl.h"

const char *const tracer_job_names[TRACER_JOBS] = {
	[TRACER_REQUESTS] = "requests",
	[TRACER_CHANGES] = "changes",
	[TRACER_CREATION] = "creation",
	[TRACER_DESTRUCTION] = "destruction",
	[TRACER_PROCESSES] = "processes",
	[TRACER_WALK] = "walk",
	[TRACER_WINDOWS] = "windows",
	[TRACER_RUNS] = "runs",
	[TRACER_MAPPINGS] = "mappings",
	[TRACER_VCPU_CALLS] = "vcpu-calls",
	[TRACER_GMEM] = "guest-memfd",
	[TRACER_MMAP] = "mmap",
	[TRACER_MREMAP] = "mremap",
	[TRACER_MPROTECT] = "mprotect",
	[TRACER_UFFD] = "userfaultfd",
	[TRACER_FAULTS] = "faults",
	[TRACER_USERFAULTS] = "userfaults",
	[TRACER_FREES] = "frees",
	[TRACER_PROBES] = "probes",
};

const char *const tracer_method_names[TRACER_METHODS] = {
	[TRACER_FENTRY] = "fentry",
	[TRACER_KPROBE] = "kprobe",
	[TRACER_TRACEPOINT] = "tracepoint",
	[TRACER_RAW_TRACEPOINT] = "raw tracepoint",
	[TRACER_ITERATOR] = "iterator",
	[TRACER_UPROBE] = "uprobe",
};

const char *const tracer_hook_state_names[TRACER_HOOK_USED + 1] = {
	[TRACER_HOOK_UNUSED] = "unused",   [TRACER_HOOK_ABSENT] = "absent",
	[TRACER_HOOK_REFUSED] = "refused", [TRACER_HOOK_UNPROVEN] = "unproven",
	[TRACER_HOOK_USED] = "used",
};

#define PROGRAM(program) offsetof(struct slotscope_bpf, progs.program)

/* The function behind a system call bears the architecture's name */
#if defined(__x86_64__)
#define SYSCALL(name) "__x64_sys_" name
#elif defined(__aarch64__)
#define SYSCALL(name) "__arm64_sys_" name
#else
#define SYSCALL(name) "__riscv_sys_" name
#endif

/*
 * The candidates, by job. What fentry hooks must take as many
 * parameters as our program believes: a kernel that has changed them has
 * another function by the same name (kvm_set_memslot: 244893fa2859 "KVM:
 * Dynamically allocate "new" memslots from the get-go", 5.17). Of a job's candidates by
 * one method a later one is for kernels that lack the function of the earlier.
 */
const struct hook_candidate hook_candidates[] = {
	{ TRACER_REQUESTS,
	  TRACER_FENTRY,
	  "kvm_vm_ioctl",
	  3,
	  { PROGRAM(request_fentry), PROGRAM(request_fexit) } },
	{ TRACER_REQUESTS,
	  TRACER_KPROBE,
	  "kvm_vm_ioctl",
	  3,
	  { PROGRAM(request_kprobe), PROGRAM(request_kretprobe) } },
	{ TRACER_REQUESTS,
	  TRACER_TRACEPOINT,
	  "syscalls/sys_enter_ioctl",
	  0,
	  { PROGRAM(request_enter), PROGRAM(request_exit) } },
	{ TRACER_CHANGES,
	  TRACER_FENTRY,
	  "kvm_set_memslot",
	  4,
	  { PROGRAM(change_fentry), PROGRAM(change_fexit) } },
	{ TRACER_CHANGES,
	  TRACER_KPROBE,
	  "kvm_set_memslot",
	  4,
	  { PROGRAM(change_kprobe), PROGRAM(change_kretprobe) } },
	{ TRACER_CREATION,
	  TRACER_FENTRY,
	  "kvm_dev_ioctl",
	  3,
	  { PROGRAM(create_fexit) } },
	{ TRACER_CREATION,
	  TRACER_KPROBE,
	  "kvm_dev_ioctl",
	  3,
	  { PROGRAM(create_kprobe), PROGRAM(create_kretprobe) } },
	{ TRACER_DESTRUCTION,
	  TRACER_FENTRY,
	  "kvm_destroy_vm",
	  1,
	  { PROGRAM(destroy_fentry) } },
	{ TRACER_DESTRUCTION,
	  TRACER_KPROBE,
	  "kvm_destroy_vm",
	  1,
	  { PROGRAM(destroy_kprobe) } },
	{ TRACER_DESTRUCTION,
	  TRACER_FENTRY,
	  "kvm_arch_pre_destroy_vm",
	  1,
	  { PROGRAM(pre_destroy_fentry) } },
	{ TRACER_DESTRUCTION,
	  TRACER_KPROBE,
	  "kvm_arch_pre_destroy_vm",
	  1,
	  { PROGRAM(pre_destroy_kprobe) } },
	{ TRACER_PROCESSES,
	  TRACER_RAW_TRACEPOINT,
	  "sched_process_fork",
	  0,
	  { PROGRAM(process_fork), PROGRAM(process_exit), PROGRAM(process_free),
	    PROGRAM(process_rename) } },
	{ TRACER_WINDOWS,
	  TRACER_FENTRY,
	  "kvm_swap_active_memslots",
	  2,
	  { PROGRAM(swap_fexit) } },
	{ TRACER_WINDOWS,
	  TRACER_KPROBE,
	  "kvm_swap_active_memslots",
	  2,
	  { PROGRAM(swap_kprobe) } },
	{ TRACER_RUNS,
	  TRACER_FENTRY,
	  "kvm_arch_vcpu_ioctl_run",
	  1,
	  { PROGRAM(run_fentry), PROGRAM(run_fexit), PROGRAM(vcpu_gone) } },
	{ TRACER_RUNS,
	  TRACER_KPROBE,
	  "kvm_arch_vcpu_ioctl_run",
	  1,
	  { PROGRAM(run_kprobe), PROGRAM(run_kretprobe), PROGRAM(vcpu_gone) } },
	{ TRACER_MAPPINGS,
	  TRACER_FENTRY,
	  "kvm_mmu_notifier_invalidate_range_start",
	  2,
	  { PROGRAM(mapping_fentry) } },
	{ TRACER_MAPPINGS,
	  TRACER_KPROBE,
	  "kvm_mmu_notifier_invalidate_range_start",
	  2,
	  { PROGRAM(mapping_kprobe) } },
	{ TRACER_VCPU_CALLS,
	  TRACER_FENTRY,
	  "kvm_vcpu_ioctl",
	  3,
	  { PROGRAM(vcpu_call_fentry), PROGRAM(vcpu_call_fexit) } },
	{ TRACER_VCPU_CALLS,
	  TRACER_KPROBE,
	  "kvm_vcpu_ioctl",
	  3,
	  { PROGRAM(vcpu_call_kprobe), PROGRAM(vcpu_call_kretprobe) } },
	{ TRACER_GMEM,
	  TRACER_FENTRY,
	  "kvm_gmem_release",
	  2,
	  { PROGRAM(gmem_fentry) } },
	{ TRACER_GMEM,
	  TRACER_KPROBE,
	  "kvm_gmem_release",
	  2,
	  { PROGRAM(gmem_kprobe) } },
	{ TRACER_MMAP,
	  TRACER_FENTRY,
	  "vm_mmap_pgoff",
	  6,
	  { PROGRAM(mmap_fexit) } },
	{ TRACER_MMAP,
	  TRACER_KPROBE,
	  "vm_mmap_pgoff",
	  6,
	  { PROGRAM(mmap_kprobe), PROGRAM(mmap_kretprobe) } },
	{ TRACER_MREMAP,
	  TRACER_FENTRY,
	  SYSCALL("mremap"),
	  1,
	  { PROGRAM(mremap_fexit) } },
	{ TRACER_MREMAP,
	  TRACER_KPROBE,
	  SYSCALL("mremap"),
	  1,
	  { PROGRAM(mremap_kprobe), PROGRAM(mremap_kretprobe) } },
	{ TRACER_MPROTECT,
	  TRACER_FENTRY,
	  "do_mprotect_pkey",
	  4,
	  { PROGRAM(mprotect_fentry), PROGRAM(mprotect_fexit) } },
	{ TRACER_MPROTECT,
	  TRACER_KPROBE,
	  "do_mprotect_pkey",
	  4,
	  { PROGRAM(mprotect_kprobe), PROGRAM(mprotect_kretprobe) } },
	{ TRACER_UFFD,
	  TRACER_FENTRY,
	  "userfaultfd_ioctl",
	  3,
	  { PROGRAM(uffd_fexit) } },
	{ TRACER_UFFD,
	  TRACER_KPROBE,
	  "userfaultfd_ioctl",
	  3,
	  { PROGRAM(uffd_kprobe), PROGRAM(uffd_kretprobe) } },
	{ TRACER_FAULTS,
	  TRACER_FENTRY,
	  "kvm_mmu_page_fault",
	  5,
	  { PROGRAM(fault_fentry), PROGRAM(fault_fexit) } },
	{ TRACER_FAULTS,
	  TRACER_KPROBE,
	  "kvm_mmu_page_fault",
	  5,
	  { PROGRAM(fault_kprobe), PROGRAM(fault_kretprobe) } },
	{ TRACER_USERFAULTS,
	  TRACER_FENTRY,
	  "handle_userfault",
	  2,
	  { PROGRAM(userfault_fentry), PROGRAM(userfault_fexit) } },
	{ TRACER_USERFAULTS,
	  TRACER_KPROBE,
	  "handle_userfault",
	  2,
	  { PROGRAM(userfault_kprobe), PROGRAM(userfault_kretprobe) } },
	{ TRACER_FREES,
	  TRACER_FENTRY,
	  "kvm_arch_free_memslot",
	  2,
	  { PROGRAM(free_fentry) } },
	{ TRACER_FREES,
	  TRACER_KPROBE,
	  "kvm_arch_free_memslot",
	  2,
	  { PROGRAM(free_kprobe) } },
	{ TRACER_PROBES,
	  TRACER_UPROBE,
	  "static probes",
	  0,
	  { PROGRAM(probe_hit) } },
	{ TRACER_WALK,
	  TRACER_ITERATOR,
	  "task_file",
	  0,
	  { PROGRAM(walk_files), PROGRAM(walk_tasks) } },
};

const size_t nr_hook_candidates =
	sizeof(hook_candidates) / sizeof(hook_candidates[0]);

_Static_assert(sizeof(hook_candidates) / sizeof(hook_candidates[0]) <=
		       TRACER_MAX_HOOKS,
	       "struct tracer_report");

void hooks_init(struct tracer_report *report)
{
	*report = (struct tracer_report){ .nr_hooks = nr_hook_candidates };
	for (size_t i = 0; i < nr_hook_candidates; i++) {
		report->hooks[i].job = hook_candidates[i].job;
		report->hooks[i].method = hook_candidates[i].method;
		report->hooks[i].target = hook_candidates[i].target;
	}
}

const struct tracer_hook *tracer_hook_used(const struct tracer_report *report,
					   enum tracer_job job)
{
	for (size_t i = 0; i < report->nr_hooks; i++)
		if (report->hooks[i].job == job &&
		    report->hooks[i].state == TRACER_HOOK_USED)
			return &report->hooks[i];
	return NULL;
}

/* What a class needs; a job that is 0, as requests are, ends the list */
static const enum tracer_job class_jobs[TRACER_CLASSES][6] = {
	{ TRACER_VCPU_CALLS },
	{ TRACER_RUNS },
	{ TRACER_RUNS },
	{ TRACER_CHANGES, TRACER_WINDOWS },
	{ TRACER_MAPPINGS, TRACER_MMAP, TRACER_MREMAP, TRACER_MPROTECT,
	  TRACER_UFFD },
	{ TRACER_FAULTS, TRACER_USERFAULTS },
	{ TRACER_DESTRUCTION, TRACER_FREES },
};

/* The others are there for requests and changes, which are always told */
bool hook_job_asked(const struct tracer *t, enum tracer_job job)
{
	bool of_class = false;

	if (job == TRACER_PROBES)
		return t->options.probes;
	for (size_t i = 0; i < TRACER_CLASSES; i++)
		for (const enum tracer_job *of = class_jobs[i];
		     *of != TRACER_REQUESTS; of++) {
			if (*of != job || job == TRACER_CHANGES ||
			    job == TRACER_DESTRUCTION)
				continue;
			of_class = true;
			if (t->options.classes & 1U << i)
				return true;
		}
	return !of_class;
}

bool tracer_class_used(const struct tracer_report *report,
		       enum tracer_class class)
{
	const enum tracer_job *job = class_jobs[__builtin_ctz(class)];

	if (class & (TRACER_CLASS_CALLS | TRACER_CLASS_VCPUS) &&
	    !tracer_hook_used(report, TRACER_REQUESTS))
		return false;
	for (; *job != TRACER_REQUESTS; job++)
		if (!tracer_hook_used(report, *job))
			return false;
	return true;
}

struct tracer_hook *hook_of_job(struct tracer_report *report,
				enum tracer_job job)
{
	for (size_t i = 0; i < report->nr_hooks; i++)
		if (report->hooks[i].job == job)
			return &report->hooks[i];
	return NULL;
}

struct bpf_program *hook_program(const struct tracer *t, size_t hook, int i)
{
	size_t offset = hook_candidates[hook].programs[i];

	return offset ? *(struct bpf_program **)((char *)t->skel + offset) :
			NULL;
}

void hook_settle(struct tracer_hook *hook, enum tracer_hook_state state,
		 const char *fmt, ...)
{
	va_list ap;

	hook->state = state;
	va_start(ap, fmt);
	vsnprintf(hook->why, sizeof(hook->why), fmt, ap);
	va_end(ap);
}
