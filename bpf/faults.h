/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Faults of guest memory that are being served */
#ifndef SLOTSCOPE_BPF_FAULTS_H
#define SLOTSCOPE_BPF_FAULTS_H

#include "state.h"

/**
 * struct fault_call - one of them
 * @vcpu: -1: not of a vCPU
 * @uffd: it came to userfaultfd
 * @told: that it waits
 */
struct fault_call {
	__u64 start_ns;
	__u64 serial;
	__u64 gpa;
	__u64 hva;
	__s32 vcpu;
	__u32 tgid;
	__u8 uffd;
	__u8 told;
	__u8 pad[6];
	char comm[16];
};

struct faults_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 13);
	__type(key, __u32); /* thread */
	__type(value, struct fault_call);
};
extern struct faults_map faults SEC(".maps");

static __always_inline struct fault_call *fault_of_thread(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&faults, &tid);
}

/** fault_begin() - the current thread needs guest memory */
static __always_inline void fault_begin(__u64 serial, int vcpu, __u64 gpa,
					__u64 hva)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)pid_tgid;
	struct fault_call call = {
		.start_ns = bpf_ktime_get_ns(),
		.serial = serial,
		.gpa = gpa,
		.hva = hva,
		.vcpu = vcpu,
		.tgid = pid_tgid >> 32,
		.uffd = hva != 0,
	};

	bpf_get_current_comm(call.comm, sizeof(call.comm));
	if (bpf_map_update_elem(&faults, &tid, &call, BPF_ANY))
		lose(LOSS_MAP_FULL);
}

static __always_inline struct fault_record *
fault_record(const struct fault_call *call, enum fault_kind kind)
{
	struct fault_record *rec = record_reserve(struct fault_record,
						  RECORD_FAULT, call->serial,
						  call->start_ns);

	if (!rec)
		return NULL;
	rec->gpa = call->gpa;
	rec->hva = call->hva;
	rec->vcpu = call->vcpu;
	rec->kind = kind;
	rec->result = 0;
	rec->uffd = call->uffd;
	__builtin_memset(rec->pad, 0, sizeof(rec->pad));
	return rec;
}

/** fault_end() - it has it, or @result says why not. Signals do not count */
static __always_inline void fault_end(struct fault_call *call, long result)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	bool failed = result < 0 && result != -4 && result != -11;
	bool late = call->told ||
		    bpf_ktime_get_ns() - call->start_ns >= asleep_ns;
	struct fault_record *rec = NULL;

	if ((failed || late) && !ending)
		rec = fault_record(call, failed ? FAULT_FAILED : FAULT_SERVED);
	if (rec) {
		rec->result = failed ? result : 0;
		record_submit(rec);
	}
	bpf_map_delete_elem(&faults, &tid);
}

#endif
