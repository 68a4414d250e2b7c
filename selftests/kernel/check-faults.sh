#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each fault of slotscope vm is found, by its name, by a checker that is given
# the pid alone; without the fault the same check agrees.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module

checked() { # checked VM-ARGS... - status, out, err of the check
	start_vm "$@"
	run slotscope --json check --pid "$vm" --at 1.5 --resume
	end_vm
}

for size in 256M 5G; do
	checked -M pc -m $size
	is "$status" 0 "-m $size whole: status 0"
	is "$(ids mismatch)" "" "-m $size whole: no mismatch"
	is "$(ids unknown)" "" "-m $size whole: nothing unknown"

	checked -M pc -m $size --fault skip-slot
	is "$status" 1 "-m $size skip-slot: status 1"
	is "$(ids mismatch)" missing "-m $size skip-slot: missing, and nothing else"

	checked -M pc -m $size --fault unmap
	is "$status" 1 "-m $size unmap: status 1"
	is "$(ids mismatch)" unbacked "-m $size unmap: unbacked, and nothing else"

	checked -M pc -m $size --fault ignore-refusal
	is "$status" 1 "-m $size ignore-refusal: status 1"
	is "$(ids mismatch)" "ignored-failure missing" \
		"-m $size ignore-refusal: ignored-failure, and what is missing by it"
	is "$(jq -r '.findings as $f | $f[] | select(.id == "missing") | $f[.cause].id' <<<"$out")" \
		ignored-failure "-m $size ignore-refusal: one the cause of the other"
done

# The same faults, found late, without the VM's history
for fault in skip-slot:missing unmap:unbacked ignore-refusal:missing; do
	slotscope vm -M pc -m 1G --fault ${fault%:*} >/dev/null 2>&1 &
	vm=$!
	sleep 1
	run slotscope --json check --pid $vm
	end_vm
	is "$status" 1 "${fault%:*}, attached late: status 1"
	is "$(ids mismatch)" "${fault#*:}" "${fault%:*}, attached late: ${fault#*:}"
done
done_testing
