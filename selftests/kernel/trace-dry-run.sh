#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --dry-run: every way to trace is tried, told, and nothing is traced.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT

# has JOB STATE - so many hooks of a job are in that state
has() { jq "[.hooks[] | select(.job == \"$1\" and .state == \"$2\")] | length" <<<"$out"; }

run slotscope --json trace --dry-run -- touch "$work/started"
is "$status $(has requests used) $(has changes used)" "0 1 1" "one hook a job is used" ||
	diag "$out" "$err"
is "$(find "$work" -name started)" "" "the command is not started"
is "$(has requests absent),$(has mappings used)" "0,0" "what was not asked for is left out"
is "$(jq '[.hooks[] | select(.state != "used" and .why == "")] | length' <<<"$out")" 0 \
	"why the others are not"
run slotscope --json record --dry-run --events all --all
is "$status $(has mappings used) $(has faults used) $(has windows used)" "0 1 1 1" \
	"record, all classes, no file" || diag "$out" "$err"
run slotscope trace --dry-run --pid $$
like "$out" '(fentry|kprobe) kvm_vm_ioctl +used' "for people"
run slotscope trace --dry-run -i /dev/null
is "$status" 3 "not of a recording"
run slotscope trace --dry-run --ptrace -- true
is "$status" 3 "nor by ptrace"

# What each costs: requests' two programs ran for each request of the proof, at least
costs() { jq -c '[.hooks[] | select(.state == "used" and .job != "walk") |
	(.runs > 0 and .run_ns > 0)] | unique' <<<"$out"; }
run slotscope --json check --dry-run --events all -- touch "$work/started"
is "$status $(costs)" "0 [true]" "check: each hook that is used has a cost" || diag "$out" "$err"
is "$(find "$work" -name started)" "" "check: the command is not started"
[ "$(jq '[.hooks[] | select(.job == "requests" and .state == "used").runs] | add' <<<"$out")" -ge 16 ]
result $? "that of requests ran at both ends of each request"
run slotscope check --dry-run --pid $$
like "$out" '(fentry|kprobe) kvm_vm_ioctl +used  [0-9]+ns a run, of [0-9]+' \
	"check: for people"
run slotscope doctor
like "$out" 'requests +(fentry|kprobe) kvm_vm_ioctl, [0-9]+ns a run, of [0-9]+' "doctor tells it, too"

done_testing
