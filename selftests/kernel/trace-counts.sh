#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope trace counts what others count: the kernel's own probe events (tracefs);
# trace-bpftrace.sh has bpftrace. The numbers of slots are primes, so that no sum of
# others is one of them. And what filters leave out is said, by number.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
tracefs=/sys/kernel/tracing
clean() {
	echo '!hist:keys=cmd' >"$tracefs/events/counted/request/trigger"
	echo '!hist:keys=common_pid' >"$tracefs/events/counted/change/trigger"
	echo '-:counted/request' >>"$tracefs/kprobe_events"
	echo '-:counted/change' >>"$tracefs/kprobe_events"
	rm -rf "$work"
}
trap 'clean 2>"$work/clean"' EXIT

# KVM_SET_USER_MEMORY_REGION, by the tests' own VMM alone: not by our proof's VM
echo 'p:counted/request kvm_vm_ioctl cmd=%si:u32' >>"$tracefs/kprobe_events" || skip_all "no probe events"
echo 'p:counted/change kvm_set_memslot' >>"$tracefs/kprobe_events"
echo 'hist:keys=cmd if cmd == 0x4020ae46 && COMM == "vms"' >"$tracefs/events/counted/request/trigger"
echo 'hist:keys=common_pid if COMM == "vms"' >"$tracefs/events/counted/change/trigger"

# hits EVENT - how often the kernel counted it
hits() { sed -n 's/^ *Hits: //p' "$tracefs/events/counted/$1/hist"; }
# seen TYPE - how many events of a type the trace has
seen() { jq -s "[.[] | select(.type == \"$1\")] | length" "$work/trace"; }

run slotscope trace --json --report "$work/trace" -- build/kernel/tools/vms 0 13 101 7
is "$status" 0 "three VMs, with 13, 101 and 7 slots: nothing is lost" || diag "$err"
is "$(seen request) $(hits request)" "121 121" "requests: as many as were made, and as the kernel counts"
is "$(seen change) $(hits change)" "121 121" "changes: likewise"
is "$(jq -s -c '[.[] | select(.type == "request").serial] | group_by(.) | map(length) | sort' \
	"$work/trace")" "[7,13,101]" "each VM's own"

# Filtered: what is left out is said, requests and changes alike
run slotscope trace --slot 3 --json --report "$work/trace" -- build/kernel/tools/vms 0 13
is "$status $(seen request) $(seen change)" "0 1 1" "--slot: its request and its change alone" ||
	diag "$err"
like "$err" '24 requests or changes were filtered out' "the other 12 of each are counted"
run slotscope trace --failed-only --json --report "$work/trace" -- build/kernel/tools/vms 0 13
is "$(seen request)" 0 "--failed-only: none"
like "$err" '26 requests or changes were filtered out' "all 13 of each are counted"
run slotscope record --gpa 0x0 -o "$work/rec" -- build/kernel/tools/vms 0 13
run slotscope check -i "$work/rec"
is "$status" 2 "a filtered recording is no agreement"
like "$(tr -s '\n ' ' ' <<<"$out")" '24 requests or changes were filtered out' "and it says why"

done_testing
