#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope trace --pid: goes along with a process that runs already, to its end,
# the end of the time, or a signal.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh

# trace, record ARGS... - in the background, until it has begun; sets $tracer
trace() { begin trace "$@"; }
record() { begin record "$@"; }
begin() {
	: >"$work/trace.err" # what the tracer before said is not awaited
	slotscope "$@" --pid $vm >"$work/trace" 2>"$work/trace.err" &
	tracer=$!
	local i
	await grep -q 'has no VM yet' "$work/trace.err" && return
	diag "it did not begin: $(cat "$work/trace.err")"
}

# To the end of the process, which makes its VM only now
start_vm -M pc -m 64M --exit-after-halt
trace
kill -CONT $vm
wait $tracer
is "$?" 0 "to the end of the process: status 0"
like "$(cat "$work/trace")" 'request 0/0 0x0\+' "what it asked for is told"
like "$(cat "$work/trace")" 'create' "what KVM did is told"
is "$([ -e /proc/$vm/fd/0 ] && echo there)" "" "it ended no sooner than the process"
wait $vm

# At a signal, recording
start_vm -M pc -m 64M
record -o "$work/rec"
kill -CONT $vm
for ((i = 0; i < 600; i++)); do
	[ "$(slotscope trace -i "$work/rec" 2>/dev/null | grep -c request)" -gt 5 ] && break
	sleep 0.1
done
# Of its threads the one that empties the rings can do nothing else
drains=$(grep -lx slotscope-drain /proc/$tracer/task/*/comm)
is "$(sed -n 's/^CapEff:\s*//p' "${drains%comm}status")" 0000000000000000 "a thread without rights empties the rings"
# Until then KVM stays, since a reloaded one would be silent
run modprobe -r kvm_amd
unlike "$status" '^0$' "KVM cannot be unloaded under it"
is "$([ -e /proc/$tracer/fd/0 ] && echo there)" there "it is there all the time"
kill -INT $tracer
wait $tracer
is "$?" 0 "recording, to a signal: status 0"
run slotscope trace -i "$work/rec"
is "$status" 0 "the recording is whole"
like "$out" 'request 0/0 0x0\+' "it holds what was asked for"
end_vm

# For a time
start_vm -M pc -m 64M
trace --for 1
wait $tracer
is "$?" 2 "for a time in which there was no VM: status 2"
like "$(cat "$work/trace.err")" "made none meanwhile" "it says so"
end_vm
done_testing
