// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * vCPUs: in KVM_RUN or out, and what made them leave it.
 *
 * A vCPU runs up to a million times a second, so a run is no event. What is asked is
 * who was in the guest while slots changed: so behind each new generation a vCPU's
 * first entry and first leaving are told, and the rest is a comparison.
 */
#include "state.h"

#include <linux/ptrace.h>
#include <bpf/bpf_tracing.h>

#include "compat.h"

/* Generations at which a vCPU was last told to go in, and to come out */
struct vcpu_state {
	__u64 entered;
	__u64 left;
};

/* An entry that is dropped is told once more than needed */
struct vcpus_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, __u64); /* struct kvm_vcpu */
	__type(value, struct vcpu_state);
};
struct vcpus_map vcpus SEC(".maps");

/* For the kprobes: threads that are in KVM_RUN */
struct runs_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 13);
	__type(key, __u32);   /* thread */
	__type(value, __u64); /* struct kvm_vcpu */
};
struct runs_map runs SEC(".maps");

static __always_inline void run_told(const struct kvm_vcpu *vcpu,
				     const struct vm *vm, __u64 generation,
				     bool enter)
{
	struct run_record *rec = record_reserve(struct run_record, RECORD_RUN,
						vm->serial, bpf_ktime_get_ns());

	if (!rec)
		return;
	rec->head.duration_ns = 0;
	rec->generation = generation;
	rec->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	rec->enter = enter;
	__builtin_memset(rec->pad, 0, sizeof(rec->pad));
	record_submit(rec);
}

/* The first one of its kind behind a change: tell it, and remember that */
static __always_inline void run_first(const struct kvm_vcpu *vcpu,
				      const struct kvm *kvm,
				      struct vcpu_state *state,
				      __u64 generation, bool enter)
{
	__u64 key = (unsigned long)vcpu;
	struct vcpu_state fresh = { .entered = ~0ULL, .left = ~0ULL };
	struct vm *vm;

	if (!wanted(kvm))
		return;
	vm = vm_get(kvm, (void *)bpf_get_current_task(), -1, true);
	if (!vm)
		return;
	run_told(vcpu, vm, generation, enter);
	if (!state)
		state = &fresh;
	if (enter)
		state->entered = generation;
	else
		state->left = generation;
	if (state == &fresh)
		bpf_map_update_elem(&vcpus, &key, &fresh, BPF_ANY);
}

static __always_inline void run_begin(const struct kvm_vcpu *vcpu,
				      const struct kvm *kvm, __u64 generation)
{
	__u64 key = (unsigned long)vcpu;
	struct vcpu_state *state = bpf_map_lookup_elem(&vcpus, &key);

	if (!state || state->entered != generation)
		run_first(vcpu, kvm, state, generation, true);
}

static __always_inline bool exit_matters(__u32 reason, int result)
{
	if (result)
		return result < 0 && result != -4 && result != -11;
	return reason == EXIT_MEMORY_FAULT || reason == EXIT_INTERNAL_ERROR ||
	       reason == EXIT_SHUTDOWN || (tell_mmio && reason == EXIT_MMIO);
}

static __always_inline void exit_told(const struct kvm_vcpu *vcpu,
				      const struct kvm *kvm, __u32 reason,
				      int result)
{
	struct exit_record *rec;
	const void *run;
	struct vm *vm;

	if (!wanted(kvm))
		return;
	vm = vm_get(kvm, (void *)bpf_get_current_task(), -1, true);
	rec = vm ? record_reserve(struct exit_record, RECORD_EXIT, vm->serial,
				  bpf_ktime_get_ns()) :
		   NULL;
	if (!rec)
		return;
	rec->head.duration_ns = 0;
	rec->rip = compat_rip(vcpu);
	run = BPF_CORE_READ(vcpu, run);
	/* KVM's ABI: the union in struct kvm_run */
	if (bpf_probe_read_kernel(rec->data, sizeof(rec->data), run + 32))
		__builtin_memset(rec->data, 0, sizeof(rec->data));
	rec->result = result;
	rec->reason = reason;
	rec->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	rec->pad = 0;
	record_submit(rec);
}

static __always_inline void run_end(const struct kvm_vcpu *vcpu,
				    const struct kvm *kvm, __u64 generation,
				    __u32 reason, int result)
{
	__u64 key = (unsigned long)vcpu;
	struct vcpu_state *state = bpf_map_lookup_elem(&vcpus, &key);

	if (!state || state->left != generation)
		run_first(vcpu, kvm, state, generation, false);
	if (exit_matters(reason, result))
		exit_told(vcpu, kvm, reason, result);
}

SEC("slotscope.fentry/kvm_arch_vcpu_ioctl_run")
int BPF_PROG(run_fentry, struct kvm_vcpu *vcpu)
{
	run_begin(vcpu, vcpu->kvm, vcpu->kvm->memslots[0]->generation);
	return 0;
}

SEC("slotscope.fexit/kvm_arch_vcpu_ioctl_run")
int BPF_PROG(run_fexit, struct kvm_vcpu *vcpu, int result)
{
	run_end(vcpu, vcpu->kvm, vcpu->kvm->memslots[0]->generation,
		vcpu->run->exit_reason, result);
	return 0;
}

static __always_inline __u64 generation_of(const struct kvm *kvm)
{
	const struct kvm_memslots *slots = compat_memslots(kvm, 0);

	return BPF_CORE_READ(slots, generation);
}

SEC("kprobe/kvm_arch_vcpu_ioctl_run")
int BPF_KPROBE(run_kprobe, struct kvm_vcpu *vcpu)
{
	const struct kvm *kvm = BPF_CORE_READ(vcpu, kvm);
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 key = (unsigned long)vcpu;

	call_entered(&runs);
	if (!wanted(kvm))
		return 0;
	if (bpf_map_update_elem(&runs, &tid, &key, BPF_ANY))
		lose(LOSS_MAP_FULL);
	run_begin(vcpu, kvm, generation_of(kvm));
	return 0;
}

SEC("kretprobe/kvm_arch_vcpu_ioctl_run")
int BPF_KRETPROBE(run_kretprobe, int result)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *key = bpf_map_lookup_elem(&runs, &tid);
	const struct kvm_vcpu *vcpu;
	const struct kvm *kvm;

	if (!key)
		return 0;
	vcpu = (const void *)*key;
	kvm = BPF_CORE_READ(vcpu, kvm);
	run_end(vcpu, kvm, generation_of(kvm),
		BPF_CORE_READ(vcpu, run, exit_reason), result);
	bpf_map_delete_elem(&runs, &tid);
	return 0;
}

/* Its address may be another vCPU's next */
SEC("kprobe/kvm_arch_vcpu_destroy")
int BPF_KPROBE(vcpu_gone, struct kvm_vcpu *vcpu)
{
	__u64 key = (unsigned long)vcpu;

	bpf_map_delete_elem(&vcpus, &key);
	return 0;
}
