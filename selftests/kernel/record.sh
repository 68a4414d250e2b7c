#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope record --all --keep: a VM that was there before, one that comes later and asks
# for more than the file has room for; what is kept is right for both, also after kill -9.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
churn=$PWD/build/kernel/tools/churn

# told FILE PID [OPTIONS] - slots of a process's VM as the recording has them
told() {
	slotscope --json slots -i "$1" --vm "$2:" "${@:3}" 2>"$work/err" |
		jq -c 'select(.slots) | [.slots[] | [.as_id, .id, .gpa, .size, .hva, .hidden]] | sort'
}
# held PID - as KVM has them
held() {
	slotscope --json slots --pid "$1" --from bpf 2>"$work/err" |
		jq -c 'select(.slots) | [.slots[] | [.as_id, .id, .gpa, .size, .hva, .hidden]] | sort'
}
is_told() { [ -n "$(told "$work/rec" "$1")" ]; }
# has_dropped - it has gone round once
has_dropped() { slotscope trace -i "$work/rec" 2>/dev/null | grep -q 'not kept'; }

slotscope vm -M pc -m 64M >"$work/vm.out" 2>&1 </dev/null &
vm=$!
await grep -q 'has halted' "$work/vm.out"
slotscope record --all --keep 4M -o "$work/rec" 2>"$work/record.err" &
recorder=$!
await is_told $vm
is "$(told "$work/rec" $vm)" "$(held $vm)" "a VM that was there before: its slots are those that KVM has"

# Our own programs prove their hooks by VMs, which are told of, too
requests() {
	slotscope --json trace -i "$work/rec" 2>"$work/err" |
		jq -s "[.[] | select(.comm == \"churn\" and .type == \"request\")] | $1"
}
has_all() { [ "$(requests length)" -ge 8 ]; }
"$churn" 3
await has_all
is "$(requests length)" 8 "one that came later: all of its 8 requests"
began=$(slotscope --json trace -i "$work/rec" 2>"$work/err" | jq -s '.[0].time_ns')
at=$(requests ".[2] | (.time_ns + .duration_ns - $began + 1) / 1e9")
is "$(slotscope --json slots -i "$work/rec" --at "$at" --vm churn 2>"$work/err" |
	jq -c '[.slots[] | select(.hidden | not).id] | sort')" "[0,1,2]" \
	"behind its third request it had three slots"

# The file is the past of a VM that is looked at now
slotscope vm -M pc -m 5G --fault ignore-refusal >"$work/bad.out" 2>&1 </dev/null &
bad=$!
await grep -q 'has halted' "$work/bad.out"
past() { slotscope --json "$1" --pid $bad --history "$work/rec" "${@:2}" 2>"$work/err"; }
past check >"$work/check"
is "$?" 1 "history: status 1"
is "$(jq -c '[.history.state, .history.created, .history.blind_ns]' "$work/check")" \
	'["whole",true,0]' "history: from the VM's making on, and nothing is missing"
is "$(jq -c '.findings[] | select(.id == "ignored-failure") | [.story.since, .story.event.tid, .errno]' "$work/check")" \
	"[\"event\",$bad,\"EINVAL\"]" "who asked for what was refused is told, who did before anybody looked"
seq=$(jq '.findings[] | select(.id == "ignored-failure") | .seq' "$work/check")
is "$(slotscope --json trace -i "$work/rec" 2>"$work/err" | jq -c "select(.seq == $seq) | [.type, .tgid]")" \
	"[\"request\",$bad]" "by its number in the recording"
is "$(past addr gpa:0 | jq '[.events[] | select(.type == "change")] | length > 2')" true \
	"addr: what happened there"
mkdir -p /var/lib/slotscope
ln -s "$work/rec" /var/lib/slotscope/flight.rec
like "$(slotscope check --pid $vm 2>&1)" \
	'history: from /var/lib/slotscope/flight.rec, from [-0-9]+ [0-9:.]+ and on to' \
	"the flight recorder's file is found; one that was there before it: since then"
rm /var/lib/slotscope/flight.rec

# Some of it may be lost where the machine is slow: then it takes longer
for ((i = 0; i < 20; i++)); do
	"$churn" 3000
	has_dropped && break
done
has_dropped
result $? "the oldest is dropped"
[ "$(stat -c %s "$work/rec")" -le $(((4 << 20) + 8192)) ]
result $? "the file is no larger"
is "$(told "$work/rec" $vm)" "$(held $vm)" "what is left still has the slots of the one that was there"
is "$(told "$work/rec" $vm --at 0)" "$(held $vm)" "from its beginning on"
like "$(slotscope check -i "$work/rec" --vm $vm: 2>&1)" "began after the VM did" "check reads it"
{ kill -9 $recorder && wait $recorder; } 2>/dev/null
slotscope trace -i "$work/rec" >"$work/text" 2>"$work/err"
is "$?" 2 "killed: status 2"
like "$(tail -1 "$work/text")" 'LOST at least 1 event: cut' "its end is missing"
is "$(told "$work/rec" $vm)" "$(held $vm)" "and the slots are there"
is "$(past check | jq -c '[.history.state, .history.blind_ns > 0]')" '["whole",true]' \
	"the past of a VM is there, too, up to where no slot changed any more"
slotscope vm -M pc -m 64M >"$work/new.out" 2>&1 </dev/null &
new=$!
await grep -q 'has halted' "$work/new.out"
is "$(slotscope --json check --pid $new --history "$work/rec" 2>"$work/err" | jq -r .history.state)" no-vm \
	"one that came later has none there"
kill -9 $vm $bad $new
wait $vm $bad $new 2>/dev/null

slotscope record -o "$work/rec" -- "$churn" 1 2>"$work/err" >&2
like "$(slotscope slots -i "$work/rec" 2>&1)" '^slotscope: no VM was there: 1 had ended$' \
	"all that there was has ended: it is said"
slotscope record --all --for 1 -o "$work/rec" 2>"$work/err"
is "$?" 2 "where there is no VM: status 2"
done_testing
