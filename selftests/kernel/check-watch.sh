#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check --watch: each change is a line, each finding one when it comes and one when it
# goes; what is mapped is looked at without a change; several changes in one check are
# told, and so is what was lost; what came and went is in the summary and the status.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
faultctl=$PWD/build/kernel/tools/faultctl
vm=
trap 'end_vm; rm -rf "$work"' EXIT

inject() {
	local got
	got=$("$faultctl" "$vm" "${@:2}" 2>&1)
	[ "$got" = "$1" ] || diag "faultctl ${*:2}: $got, not $1"
}
delete() { inject 0 region 0 0 0 0 0 0; }
put_back() { inject 0 region 0 0 0 0x400000 "$hva" 0; }

# watch NAME OPTIONS... - in the background; sets $watcher
watch() {
	slotscope check --watch --report "$work/$1" "${@:2}" 2>"$work/$1.err" 8>&- &
	watcher=$!
}
# sees NAME REGEX WORDS - it comes to be printed
sees() {
	is "$(await grep -qE "$2" "$work/$1" 2>/dev/null && echo seen)" seen "$3" ||
		diag "$(cat "$work/$1" "$work/$1.err")"
}
# ends STATUS NAME WORDS - the watcher has ended so
ends() {
	wait "$watcher"
	is $? "$1" "$3" || diag "$(cat "$work/$2" "$work/$2.err")"
}

# Three of them, of one VM; one without a trace has KVM's generations alone
mkfifo "$work/hold"
RAWVMM_MODEL=$work/model build/kernel/tools/rawvmm anon <"$work/hold" >"$work/raw" 2>&1 &
vm=$!
exec 8>"$work/hold"
await grep -q ready "$work/raw"
hva=$(slotscope --json slots --pid $vm | jq -r '.slots[0].hva')
watch generations --no-trace --pid "$vm" --model "$work/model"
generations=$watcher
watch json --json --pid "$vm" --model "$work/model"
json=$watcher
watch text --pid "$vm" --model "$work/model"
sees text ' =  agree$' "the first check"
sees json '"watch":"check".*"verdict":"agree"' "... in JSON"
sees generations ' =  agree$' "... without a trace"
delete
sees text '^ +[0-9.]+ +[0-9]+ +delete 0/0 0x0\+0x400000' "a slot is deleted: the change"
sees text ' \+  missing \(mismatch\): ' "... the finding"
sees text ' =  mismatch' "... the verdict"
sees json '"watch":"new".*"id":"missing"' "... in JSON"
sees generations ' \?  slots of address space 0 changed: generation [0-9]+, was [0-9]+$' \
	"without a trace: something changed"
sees generations ' \+  missing \(mismatch\): ' "... and is found"
put_back
sees text ' create 0/0 0x0\+0x400000' "it is put back: the change"
sees text ' -  missing \(mismatch\): ' "... the finding is gone"
sees json '"watch":"gone".*"id":"missing"' "... in JSON"
sees generations ' -  missing \(mismatch\): ' "... without a trace"
inject 0 munmap "$hva" 0x1000
sees text ' \+  unbacked \(mismatch\): ' "a page is unmapped, without a change of KVM's"
sees json '"watch":"new".*"id":"unbacked"' "... in JSON"
kill -STOP $watcher
delete
put_back
delete
put_back
kill -CONT $watcher
sees text ' =  mismatch, by one check for [234] changes' "one check for several changes says so"
kill -INT $watcher
ends 1 text "SIGINT ends it, and the status is that of a mismatch"
like "$(cat "$work/text")" 'Watched 1 VM for .*: 6 changes, ' "the summary counts"
like "$(cat "$work/text")" '  missing \(mismatch\), since .* until .*, gone: ' "... has what came and went"
like "$(cat "$work/text")" '  unbacked \(mismatch\), since [0-9.]+ s, stands: ' "... and what stands"
# Whether hugepage is told depends on where the kernel maps memory
is "$(grep -oE ' [+-]  [a-z-]+ \((mismatch|unknown)' "$work/text" | xargs)" \
	"+ missing (mismatch - missing (mismatch + unbacked (mismatch" "nothing else was found"
is "$(grep -c ' create 0/0 ' "$work/text") $(grep -c ' delete 0/0 ' "$work/text")" "3 3" "each change is one line"
watcher=$json
kill -INT $watcher
ends 1 json "the same in JSON"
is "$(jq -rc 'select(.watch == "end") | [.verdict, .exit_status, .changes, .vms, .lost,
	(.findings | map(select(.finding.kind != "note")) | map("\(.finding.id) \(.end)") | sort | unique | join(", "))] | map(tostring) | join(" ")' "$work/json" 2>&1)" \
	"mismatch 1 6 1 0 missing gone, unbacked stands" "... its last document"
exec 8>&-
wait $vm
watcher=$generations
ends 1 generations "the VMM's end ends the third"
like "$(cat "$work/generations")" '  missing \(mismatch\), since .* until .*, gone: ' "... a mismatch that is gone is told"

# A command with which nothing is wrong; none that makes a VM; and what is lost
mkfifo "$work/input"
exec 8<>"$work/input"
# shellcheck disable=SC2016  # $ is the inner shell's
watch command -- sh -c 'exec build/kernel/tools/rawvmm anon <"$0"' "$work/input"
sees command ' =  agree' "a command's VM"
sees command ' create 0/0 ' "... from its first slot on"
exec 8>&-
ends 0 command "... to its end: nothing was wrong"
like "$(cat "$work/command")" '^The views agreed at each check$' "... and is said"
watch quick -- build/kernel/tools/rawvmm anon
wait "$watcher"
like "$(cat "$work/quick")" ' create 0/0 ' "of one that ends at once all is told, whether or not there was a check"
watch none --no-trace -- true
ends 2 none "no VM: cannot tell"
like "$(cat "$work/none")" 'find a VM of the command true' "... and why"

mkfifo "$work/flood"
build/kernel/tools/refuse floods <"$work/flood" >"$work/made" 2>&1 &
vm=$!
exec 8>"$work/flood"
watch lost --pid $vm
sees lost ' =  ' "a VM before the flood"
kill -STOP $watcher
exec 8>&-
await [ -s "$work/made" ]
kill -CONT $watcher
sees lost 'LOST ' "it stands still while 40,000 requests are made: events are lost"
kill -INT $watcher
ends 2 lost "... cannot tell"
like "$(cat "$work/lost")" 'events were lost$' "... and says so at the end"
done_testing
