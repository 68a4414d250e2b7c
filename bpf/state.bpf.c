// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps and variables that all programs share */
#include "state.h"

struct ring_map ring SEC(".maps");
struct vms_map vms SEC(".maps");
struct serials_map serials SEC(".maps");
struct followed_map followed SEC(".maps");
struct vmms_map vmms SEC(".maps");

const volatile bool tell_calls;
const volatile bool tell_vcpus;
const volatile bool tell_mmio;
const volatile bool tell_frees;
const volatile bool preempts;
const volatile __u32 calls_mask;
const volatile __u64 page_size;

volatile struct event_filter filter;
volatile bool follow_all;
volatile bool stacks_wanted;
volatile bool ending;
volatile bool names_watched;
volatile __u64 names_changed;
volatile __u32 wakeup_bytes;
volatile __u32 stack_wakeup_bytes;
volatile bool destroy_seen;
volatile bool changes_seen;
volatile __u64 vm_fops;
volatile __u64 last_serial;
volatile __u64 last_call;
volatile __u64 asleep_ns;
volatile __u32 lost[LOSSES];

char LICENSE[] SEC("license") = "Dual BSD/GPL";
