// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Guest memory that is long in coming: a vCPU sleeps in the kernel until whoever
 * answers userfaultfd does, or a page comes from swap. And memory that cannot be had:
 * KVM_RUN fails, and older kernels do not tell for which address.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "compat.h"
#include "faults.h"

struct faults_map faults SEC(".maps");

static __always_inline void vcpu_faults(const struct kvm_vcpu *vcpu, __u64 gpa)
{
	const struct kvm *kvm = BPF_CORE_READ(vcpu, kvm);
	struct vm *vm;

	if (!wanted(kvm))
		return;
	vm = vm_get(kvm, (void *)bpf_get_current_task(), -1, true);
	if (vm)
		fault_begin(vm->serial, BPF_CORE_READ(vcpu, vcpu_id),
			    compat_faults_by_gpa(vcpu) ? gpa : GPA_UNKNOWN, 0);
}

SEC("slotscope.fentry/kvm_mmu_page_fault")
int BPF_PROG(fault_fentry, struct kvm_vcpu *vcpu, __u64 gpa)
{
	vcpu_faults(vcpu, gpa);
	return 0;
}

SEC("slotscope.fexit/kvm_mmu_page_fault")
int BPF_PROG(fault_fexit, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error,
	     void *insn, int insn_len, int result)
{
	struct fault_call *call = fault_of_thread();

	if (call)
		fault_end(call, result);
	return 0;
}

SEC("kprobe/kvm_mmu_page_fault")
int BPF_KPROBE(fault_kprobe, struct kvm_vcpu *vcpu, __u64 gpa)
{
	left_behind(&faults);
	vcpu_faults(vcpu, gpa);
	return 0;
}

SEC("kretprobe/kvm_mmu_page_fault")
int BPF_KRETPROBE(fault_kretprobe, int result)
{
	struct fault_call *call = fault_of_thread();

	if (call)
		fault_end(call, result);
	return 0;
}

/* User space reads this map now and then: who has been in it for long is told */
SEC("iter/bpf_map_elem")
int faults_told(struct bpf_iter__bpf_map_elem *ctx)
{
	struct fault_call *call = ctx->value;
	__u32 *tid = ctx->key;
	struct fault_record *rec;

	if (!tid || !call || call->told || ending ||
	    bpf_ktime_get_ns() - call->start_ns < asleep_ns)
		return 0;
	rec = fault_record(call, FAULT_WAITS);
	if (!rec)
		return 0;
	call->told = 1;
	rec->head.tgid = call->tgid;
	rec->head.tid = *tid;
	__builtin_memcpy(rec->head.comm, call->comm, sizeof(call->comm));
	record_submit(rec);
	return 0;
}
