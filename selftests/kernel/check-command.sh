#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check and trace as wrappers of a command: they see the VMs of all that it
# starts, pass its status on, keep its output apart from theirs, and end all of it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT
vms=$PWD/build/kernel/tools/vms
report=$work/report

# There is no way to KERNEL: the VM is there all the same
"$vms" 47 1 >/dev/null &
vm=$!
for options in "" --no-trace; do
	# shellcheck disable=SC2086 # a word or none
	run setpriv --bounding-set=-sys_admin,-bpf,-perfmon slotscope check --no-model --at 1 --pid $vm $options
	is "$status" 3 "check $options without module and BPF: status 3"
	like "${err//$'\n'/ }" 'nor does BPF help' "check $options without module and BPF: it says so"
	is "$(grep -c gone <<<"$err")" 0 "check $options without module and BPF: nothing is said to be gone" || diag "$err"
done
end_vm
load_module

left() { # nothing that was started is left
	is "$(pgrep -f "^$vms|slotscope[- ]vm -M|slotscope-keep|^sleep 47")" "" \
		"$1: nothing is left running"
}
checks() { jq -c 'select(.verdict)' "$report" | wc -l; }

## trace. A VMM that goes to the background, of a shell that ends before it does
run slotscope trace --report "$report" -- sh -c "(setsid $vms 2 1 3 &) ; sleep 1; exit 4"
is "$status" 4 "trace: the command's status is passed on"
like "$err" '^slotscope: all was traced; the command sh ended with status 4$' "trace: it says whose status that is"
is "$out" made "trace --report: standard output is the command's"
is "$(grep -cE ' request 0/' "$report")" 4 "trace: what a daemon asks for is seen"
is "$(grep -cE 'VM [12] destroyed' "$report")" 2 "trace: to the end of its VMs"
diag "$err"
run slotscope --json trace --report "$report" -- sh -c 'exit 9'
is "$status" 2 "trace, no VM: status 2"
like "$(cat "$report")" '^{"error":.*it ended with status 9; neither it nor what it started' \
	"trace, no VM: it says so, and how the command ended"
run slotscope trace --vm 2 --report "$report" -- "$vms" 0 1 3
is "$status $(grep -c ' request 0/' "$report")" "0 3" "trace --vm: the second VM's alone"
run slotscope trace --vm nobody --report "$report" -- "$vms" 0 1
is "$status $(grep -c request "$report")" "2 0" "trace --vm, none of that name: status 2, no event"
like "$(cat "$report")" '^slotscope: trace the VMs of' "trace --vm, none of that name: the report has the error, too"
like "$(tr -s '\n ' ' ' <<<"$err")" 'no VM is "nobody"; there was VM 1: process [0-9]+ +\(vms\)' "trace --vm, none of that name: those there are are named"
python3 -c '
import subprocess, sys
print(subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode)' \
	slotscope trace -- sh -c "$vms 0 1; kill -ALRM \$\$" >"$work/died"
is "$(cat "$work/died")" -14 "trace: it dies of the command's signal, 14 (ALRM)"
slotscope trace -- sh -c "$vms 0 1; sleep 1; $vms 47 1" 2>"$work/err" | head -1 >/dev/null
is "${PIPESTATUS[0]} $(grep -c '^slotscope: write' "$work/err")" "3 1" \
	"trace, its reader goes away: status 3, said once"
left trace

## check
run slotscope --json check --no-model --at 0.5 --at 1 --report "$report" -- \
	sh -c "(setsid $vms 47 1 2 &); sleep 47"
is "$status $(checks)" "0 4" "check, two VMs of a daemon: all are checked, twice"
is "$(jq -r '.comm + " " + .verdict' "$report" | sort -u)" "vms agree" "check, a daemon: it is what is checked"
left "check, a daemon"
run slotscope check --at 1 -- sh -c 'slotscope vm -M pc -m 64M; true'
is "$status" 0 "check, our VMM under a shell: status 0"
like "$out" 'MODEL with KERNEL' "check, our VMM under a shell: its model is found"
start=$SECONDS
run slotscope check -- true
is "$status $out" "2 " "check, no VM: status 2"
like "$(tr -s '\n ' ' ' <<<"$err")" 'next: see that it uses KVM' "check, no VM: what to look at"
like "$err" 'VM of the command true: it ended with status 0; neither' "check, no VM: it says so, and whose"
is "$((SECONDS - start < 25))" 1 "check, no VM: nothing is waited for"
for json in "" --json; do
	# shellcheck disable=SC2086 # a word or none
	run slotscope $json check --report "$report" -- sh -c 'exit 3'
	is "$status" 2 "check $json --report, no VM: status 2"
	like "$(cat "$report")" 'find a VM of the command sh.*status 3' "check $json --report, no VM: the report says so"
done
is "$err" '{"notice":"the command sh ended with status 3"}' "check --json: no error but the command's status on standard error"
like "$(jq -r .error.next "$report")" 'see what it said itself' "check, a command that failed: its own words count"
run slotscope check --no-model --at 0.5 --at 4 -- sh -c "$vms 2 1; exit 7"
is "$status" 2 "check, it ends before the second --at: status 2"
like "$(tr -s '\n ' ' ' <<<"$err")" 'check at 4\.0 s: the VM was gone after [0-3]\.[0-9] s next: try --at [0-3]' "check, it ends before the second --at: it says so"
like "$err" 'the command sh ended with status 7' "check, it ends before the second --at: and how"
like "$out" '^agree' "check, it ends before the second --at: the first is printed"
# VMs that come and go between the checks; one without memory has nothing to check
run slotscope --json check --no-model --report "$report" --at 1 -- sh -c "$vms 0 1 1; $vms 47 1"
is "$status $(jq -r '.verdict // .error.why' "$report" | xargs)" \
	"2 agree 2 of 3 VMs were there at no check: 1, 2" "check, two VMs at no check: status 2, they are named"
run slotscope --json check --no-model --report "$report" --at 1 --vm 3 -- sh -c "$vms 0 1 1; $vms 47 1"
is "$status $(jq -r '.verdict // .error.why' "$report")" "0 agree" "check --vm of the one that stays: agree"
run slotscope --json check --no-model --report "$report" --at 1 -- sh -c "$vms 0 0; $vms 47 1"
is "$status $(jq -r '.verdict // .error.why' "$report")" "0 agree" "check, one without memory at no check: agree"
run slotscope check --no-model --at 0.5 --vm vms --to-end --report "$report" -- sh -c "$vms 3 1; exit 4"
is "$status $out" "4 made" "check --to-end --report: the command's status and output"
is "$err" "slotscope: the views agree; the command sh ended with status 4" "check --to-end: it says whose status that is"
like "$(cat "$report")" '^agree' "check --to-end --report: the verdict is in the file"
# A VM without a slot: two views of nothing are no agreement
for words in "" --no-trace; do
	# shellcheck disable=SC2086 # a word or none
	run slotscope check --no-model $words --at 0.5 -- "$vms" 47 0
	is "$status" 2 "check $words, a VM without slots: status 2"
	unlike "$out" '^agree' "check $words, a VM without slots: no agreement"
done
run slotscope check --no-model --at 0.5 -- "$vms" 47 0
like "$out" 'no slots in any view: nothing to compare' "check, a VM without slots: it says so"
run slotscope check --expect - --at 0.5 -- "$vms" 47 0 </dev/null
is "$status" 0 "check --expect none, a VM without slots: status 0"
like "$out" '^agree: no slots, as expected' "check --expect none, a VM without slots: it says so"
# Our VMM listens a while after its VM is there
run slotscope check --at 0 -- slotscope vm -M pc -m 64M --fault skip-slot
unlike "$out" 'has no monitor' "check --at 0 of our VMM: it is not said to have no monitor"
is "$status" 1 "check --at 0 of our VMM with a fault: the model is waited for, mismatch" || diag "$out"
# One that is waited for is told of, and not waited for in vain
# until_told WORD ARGS... - check with them, until that stands in its notices; sets err
until_told() {
	: >"$work/err"
	slotscope check "${@:2}" >"$work/out" 2>"$work/err" &
	local pid=$!
	await grep -q -e "$1" "$work/err"
	kill -INT $pid
	wait $pid
	err=$(cat "$work/err")
}
until_told waiting --no-model --vm nosuch -- "$vms" 47 1
like "$(tr -s '\n ' ' ' <<<"$err")" 'no VM is "nosuch"; there is VM 1: .*waiting for it' "check --vm, none of that name: it says at once that it waits"
until_told '-accel kvm' -- qemu-system-x86_64 -M pc -m 64M -nodefaults -display none
like "$err" 'has no VM yet; waiting for one .*-accel kvm' "check of a QEMU without KVM: it says that it waits, and for what"
left check
"$vms" 47 0 >"$work/made" &
vm=$!
await [ -s "$work/made" ]
run slotscope slots --pid $vm
like "$out" '^no slots' "slots, a VM without any: it says so"
run slotscope check --pid $vm --vm 7
like "$(tr -s '\n ' ' ' <<<"$err")" 'no VM is "7"; there is VM 1: ' "check --vm 7: that is mistyped"
unlike "$err" 'slotscope list' "check --vm 7: no other command is needed"
run slotscope check --pid $vm --fd 99
like "$err" 'next: give one that is: --fd [0-9]' "check --fd 99: which there are"
echo '0/0 0x1000+0x1000 rw' | slotscope --json check --no-trace --pid $vm --expect - >"$work/out"
is "$? $(jq -r '.findings[].id' "$work/out")" "1 missing" "check --expect -: standard input is read"
slotscope --json check --no-trace --pid $vm --at 0 --at 0.1 --expect <(echo '0/0 0x1000+0x1000 rw') >"$work/out"
is "$? $(jq -r '.findings[].id' "$work/out" | xargs)" "1 missing missing" "check --expect of a pipe: it is read once for all checks"
end_vm

# The VMs of a process that runs: all of them, or one of them
"$vms" 47 1 2 >"$work/made" &
vm=$!
await [ -s "$work/made" ]
few=(slotscope --json check --no-model --no-trace --report "$report" --pid)
run "${few[@]}" $vm
is "$status $(checks)" "0 2" "check --pid, two VMs: each is checked"
fd=$(jq -r .vm.fd "$report" | tail -1)
for name in "--fd $fd" "--vm $vm:$fd" "--vm 2"; do
	# shellcheck disable=SC2086 # two words
	run "${few[@]}" $vm $name
	is "$status $(jq -r .vm.fd "$report")" "0 $fd" "check --pid $name: that one"
done
run "${few[@]}" $vm --vm 3
is "$status $(jq -r .error.why "$report" | grep -c 'VM 1: .*VM 2: ')" "3 1" \
	"check --pid --vm, not there: status 3, those there are are named"
end_vm
sh -c "$vms 47 1; true" >"$work/made" &
vm=$!
await [ -s "$work/made" ]
child=$(pgrep -P $vm)
run "${few[@]}" $vm
is "$status $(jq -r .error.next "$report")" "3 check that: --pid $child" \
	"check --pid of a shell whose child is the VMM: it says which to check"
kill "$child"
wait $vm 2>/dev/null

# The VMM's first thread has ended. Before Linux 6.9 the module cannot be given its VM
agrees() { # STATUS WORDS
	if grep -q 'through another this kernel gives no descriptor' "$report"; then
		is "$1 $(jq -r .verdict "$report")" "2 unknown" "$2"
	else
		is "$1 $(jq -r .verdict "$report")" "0 agree" "$2"
	fi
}
"$vms" -t 47 1 >"$work/made" &
vm=$!
await [ -s "$work/made" ]
is "$(awk '{print $3}' /proc/$vm/stat)" Z "a VMM whose first thread has ended"
run "${few[@]}" $vm
agrees "$status" "check --pid of it: agree"
run slotscope --json list
is "$(jq ".vms[] | select(.vm.tgid == $vm).vm.fd" <<<"$out" | wc -l)" 1 "list: it is there" || diag "$out"
end_vm
run slotscope --json check --no-model --at 1 --report "$report" -- "$vms" -t 47 1
agrees "$status" "check -- of it: agree"

# A terminal's SIGINT goes to the VMM, too
setsid -w timeout -s INT 6 slotscope check --no-model --at 30 -- "$vms" 47 1 >"$work/out" 2>"$work/err"
like "$(cat "$work/err")" 'make 1 of 1 check: a signal asked to stop' "SIGINT while --at is waited for: that is the error"
left SIGINT
done_testing
