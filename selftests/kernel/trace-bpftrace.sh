#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope trace and bpftrace, side by side, count as many requests. It takes long: the
# lab translates all of LLVM.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT

command -v bpftrace >/dev/null || skip_all "no bpftrace (package bpftrace)"
bpftrace -e 'kprobe:kvm_vm_ioctl /arg1 == 0x4020ae46 && comm == "vms"/ { @ = count(); }
	BEGIN { printf("ready\n"); }' >"$work/bpftrace" 2>&1 &
peer=$!
for ((i = 0; i < 3000; i++)); do
	grep -q ready "$work/bpftrace" && break
	sleep 0.1
done
run slotscope trace --json --report "$work/trace" -- build/kernel/tools/vms 0 17 89
is "$status" 0 "two VMs, with 17 and 89 slots: nothing is lost" || diag "$err"
kill -INT $peer
wait $peer
is "$(jq -s '[.[] | select(.type == "request")] | length' "$work/trace") $(sed -n 's/^@: //p' "$work/bpftrace")" \
	"106 106" "bpftrace counts as many" || diag "$(cat "$work/bpftrace")"
done_testing
