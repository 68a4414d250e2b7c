#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Why a vCPU does not go on: beyond its file's end, without a slot, with a page that
# userfaultfd is to bring; each told by one who comes later and is given the pid, and
# from a recording. One that waits in the guest goes on.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'end_vm; rm -rf "$work"' EXIT
load_module
stops=$PWD/build/kernel/tools/stops

vcpu() { jq -r ".vcpus[0]$1" <<<"$out"; }
said() { grep -qs "$1" "$work/said"; }
start() {
	rm -f "$work/said"
	"$stops" "$1" >"$work/said" 2>&1 &
	vm=$!
}
# under ID - the finding that the stopped one of the last check stands under
under() {
	jq -r '.findings as $f | $f[] | select(.id == "stopped") |
		if .cause == null then "nothing" else $f[.cause].id end' <<<"$out"
}
cat >"$work/model" <<'JSON'
{ "version": 1, "ranges": [
	{ "gpa": "0x0", "size": "0x10000", "name": "low" },
	{ "gpa": "0x20000", "size": "0x10000", "name": "high" } ] }
JSON

start well
await said runs
in_run() { grep -q '^16 .* 0xae80 ' "/proc/$vm/syscall"; }
await in_run
run slotscope --json why --pid $vm
is "$status $(vcpu .verdict)" "0 not-stopped" "a healthy one is in KVM_RUN: nobody saw it go on" || diag "$out" "$err"
end_vm

start nothing
await said 'came back'
run slotscope --json why --pid $vm
is "$status $(vcpu .exit.reason) $(vcpu .gpa) $(vcpu .breaks)" "0 mmio 0x22000 slot" \
	"without a slot: where, and what breaks; nobody says that it is meant" || diag "$out" "$err"
run slotscope --json check --pid $vm --no-trace --model "$work/model"
is "$status $(under)" "1 missing" "a model says so: stopped, under what is missing" || diag "$out" "$err"
end_vm

start file
await said 'came back: EFAULT'
run slotscope --json why --pid $vm
if said 'exit 39'; then
	is "$status $(vcpu .verdict) $(vcpu .gpa) $(vcpu .breaks)" "1 stopped 0x22000 file" \
		"beyond the file's end: the file breaks the way" || diag "$out" "$err"
	run slotscope --json check --pid $vm --no-trace --model "$work/model"
	is "$status $(under)" "1 unbacked" "check: stopped, under what is unbacked" || diag "$out"
	is "$(jq -r '.findings[] | select(.id == "stopped").story.next' <<<"$out")" \
		"slotscope why --pid $vm" "the one command to run next"
	run slotscope addr gpa:0x22000 --pid $vm --no-trace
	like "$(tr -s '\n ' ' ' <<<"$out")" "BEYOND the file's end" "addr: the same place"
else
	is "$status $(vcpu .verdict)" "0 not-run" "where KVM tells no address: its VMM does not run it" ||
		diag "$out" "$err"
	skip "the link that breaks" "this KVM has no KVM_EXIT_MEMORY_FAULT"
fi
end_vm
slotscope record -o "$work/rec" --events vcpus,mmio,faults -- "$stops" file >"$work/said" 2>&1 &
vm=$!
await said 'came back'
kill -INT $vm
wait $vm
run slotscope --json why -i "$work/rec"
is "$status $(vcpu .verdict) $(vcpu .exit.errno) $(vcpu .gpa)" "1 stopped EFAULT 0x22000" \
	"from a recording: KVM_RUN's errno, and on which address" || diag "$out" "$err"

start uffd
if await said 'runs\|userfaultfd' && said userfaultfd; then
	skip "a page that nobody brings" "no userfaultfd here"
else
	asleep() { grep -q handle_userfault "/proc/$vm/task/"*/stack; }
	await asleep
	run slotscope --json why --pid $vm
	is "$status $(vcpu .asleep)" "0 true" "it sleeps in userfaultfd" || diag "$out" "$err"
fi
end_vm

run slotscope why --pid 1
is "$status" 3 "no VM: an error"
run slotscope why
is "$status" 3 "neither --pid nor -i"
done_testing
