#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope list says the same by the module, which is asked for all VMs at once, and by
# BPF and /proc; and of VMs whose processes are not seen from here, that there are some.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT

# vms NR_SLOTS... - a process with such VMs
vms() {
	build/kernel/tools/vms 1000 "$@" >"$work/vms.$1" &
	pids+=($!)
	await grep -q made "$work/vms.$1"
}
vms 3 5 0
vms 2
# Each slot shows the same page: agree, and noted. Without a slot nothing is compared.
# A process has vCPUs of one VM or the other: of several it is not known
expected="${pids[0]} vms - 12K 3/0 ? agree, noted
${pids[0]} vms - 20K 5/0 ? agree, noted
${pids[0]} vms - 0K 0/0 ? not compared
${pids[1]} vms - 8K 2/0 empty agree, noted"
# rows - of the table in $out, without the descriptors
rows() { awk 'NR > 1 { $2 = ""; sub("  ", " "); print }' <<<"$out"; }
# states - the same of a JSON document
states() {
	jq -r '.vms[] | "\(.vm.tgid) \(.comm) \(.state.slots | length) \(.verdict)"' <<<"$out"
}
states="${pids[0]} vms 3 agree
${pids[0]} vms 5 agree
${pids[0]} vms 0 not-compared
${pids[1]} vms 2 agree"
run slotscope list
is "$status $(rows)" "0 $expected" "by BPF"
by_bpf=$out
load_module
run slotscope list
is "$status $(rows)" "0 $expected" "by the module"
is "$out" "$by_bpf" "the descriptors, too"
run slotscope --json list
is "$status $(states)" "0 $states" "by the module, in JSON"

run unshare -p -f --mount-proc slotscope list
is "$status" 2 "from another pid namespace: cannot tell all"
is "$out" "4 VMs are held by processes that have no pid here: they are in another pid namespace" \
	"from another pid namespace: there are some"
run unshare -p -f --mount-proc slotscope --json list
is "$(jq -c '[.vms, .processes_not_looked_into]' <<<"$out")" '[[],4]' "... in JSON"
kill -9 "${pids[@]}"
wait "${pids[@]}" 2>/dev/null
run slotscope list
is "$status $out" "0 no VMs" "without VMs"
done_testing
