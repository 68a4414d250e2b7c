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

/*
 * Generations at which a vCPU was last told to go in, and to come out: each a word
 * with a part of the vCPU's address, so that it is right or another's. Where two
 * vCPUs have one place, both are told more often than needed.
 */
struct vcpu_state {
	__u64 entered;
	__u64 left;
};

#define VCPUS_BITS 14

struct vcpus_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << VCPUS_BITS);
	__type(key, __u32);
	__type(value, struct vcpu_state);
};
struct vcpus_map vcpus SEC(".maps");

/* For the kprobes: threads that are in KVM_RUN */
struct run_call {
	__u64 owner;
	const struct kvm_vcpu *vcpu;
};

struct runs_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct run_call);
};
struct runs_map runs SEC(".maps");

static __always_inline struct vcpu_state *state_of(__u64 vcpu)
{
	__u32 at = vcpu * 0x9e3779b97f4a7c15ULL >> (64 - VCPUS_BITS);

	return bpf_map_lookup_elem(&vcpus, &at);
}

/* 40 bits of an address, the lower 23 of a generation, and the one that says "updating" */
static __always_inline __u64 state_word(__u64 vcpu, __u64 generation)
{
	return vcpu >> 6 << 24 | (generation >> 63) << 23 |
	       (generation & ((1 << 23) - 1));
}

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

/* The first one of its kind behind a change, as @told says: tell it, and remember */
static __always_inline void run_first(const struct kvm_vcpu *vcpu,
				      const struct kvm *kvm, __u64 *told,
				      __u64 word, __u64 generation, bool enter)
{
	struct vm *vm;

	if (!wanted(kvm))
		return;
	vm = vm_get(kvm, (void *)bpf_get_current_task(), -1, true);
	if (!vm)
		return;
	run_told(vcpu, vm, generation, enter);
	*told = word;
}

/* @address: the vCPU's, as a number: with a pointer the kernel lets nobody reckon */
static __always_inline void run_begin(const struct kvm_vcpu *vcpu,
				      __u64 address, const struct kvm *kvm,
				      __u64 generation)
{
	struct vcpu_state *state = state_of(address);
	__u64 word = state_word(address, generation);

	if (state && state->entered != word)
		run_first(vcpu, kvm, &state->entered, word, generation, true);
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

static __always_inline void run_end(const struct kvm_vcpu *vcpu, __u64 address,
				    const struct kvm *kvm, __u64 generation,
				    __u32 reason, int result)
{
	struct vcpu_state *state = state_of(address);
	__u64 word = state_word(address, generation);

	if (state && state->left != word)
		run_first(vcpu, kvm, &state->left, word, generation, false);
	if (exit_matters(reason, result))
		exit_told(vcpu, kvm, reason, result);
}

SEC("slotscope.fentry/kvm_arch_vcpu_ioctl_run")
int BPF_PROG(run_fentry, struct kvm_vcpu *vcpu)
{
	__u64 address = 0;

	bpf_get_func_arg(ctx, 0, &address);
	run_begin(vcpu, address, vcpu->kvm, vcpu->kvm->memslots[0]->generation);
	return 0;
}

SEC("slotscope.fexit/kvm_arch_vcpu_ioctl_run")
int BPF_PROG(run_fexit, struct kvm_vcpu *vcpu, int result)
{
	__u64 address = 0;

	bpf_get_func_arg(ctx, 0, &address);
	run_end(vcpu, address, vcpu->kvm, vcpu->kvm->memslots[0]->generation,
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
	struct run_call *call;

	call_entered(&runs);
	call = call_claim(&runs, (__u32)bpf_get_current_pid_tgid(),
			  bpf_ktime_get_ns());
	if (call)
		call->vcpu = vcpu;
	else if (wanted(kvm))
		lose(LOSS_MAP_FULL);
	run_begin(vcpu, (unsigned long)vcpu, kvm, generation_of(kvm));
	return 0;
}

SEC("kretprobe/kvm_arch_vcpu_ioctl_run")
int BPF_KRETPROBE(run_kretprobe, int result)
{
	struct run_call *call =
		call_find(&runs, (__u32)bpf_get_current_pid_tgid());
	const struct kvm_vcpu *vcpu;
	const struct kvm *kvm;

	if (!call || !call_take(&call->owner))
		return 0;
	vcpu = call->vcpu;
	kvm = BPF_CORE_READ(vcpu, kvm);
	run_end(vcpu, (unsigned long)vcpu, kvm, generation_of(kvm),
		BPF_CORE_READ(vcpu, run, exit_reason), result);
	call_release(&call->owner);
	return 0;
}

/* Its address may be another vCPU's next */
SEC("kprobe/kvm_arch_vcpu_destroy")
int BPF_KPROBE(vcpu_gone, struct kvm_vcpu *vcpu)
{
	struct vcpu_state *state = state_of((unsigned long)vcpu);
	__u64 mine = state_word((unsigned long)vcpu, 0) >> 24;

	if (!state)
		return 0;
	if (state->entered >> 24 == mine)
		state->entered = 0;
	if (state->left >> 24 == mine)
		state->left = 0;
	return 0;
}
