#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of the checker, of the VMM, or of both, at many moments: nothing stays
# attached, pinned or running, and the module and KVM can be unloaded.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
trap 'rm -rf "$work"' EXIT
before=$(programs)

settled() { # wait until the kernel has freed what it frees later
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(programs)" = "$before" ] && return
		sleep 0.1
	done
}

for who in checker vmm both; do
	for delay in 0.05 0.13 0.29 0.53 0.97; do
		slotscope vm -M pc -m 64M --stopped >/dev/null 2>&1 &
		vm=$!
		sleep 0.1
		slotscope check --pid $vm --at 0.3 --at 1 --resume >/dev/null 2>&1 &
		checker=$!
		sleep $delay
		case $who in
		checker) kill -9 $checker ;;
		vmm) kill -9 $vm ;;
		both) kill -9 $vm $checker ;;
		esac
		[ $who = vmm ] || wait $checker 2>/dev/null
		[ $who != vmm ] || { wait $checker; diag "checker: status $?"; }
		kill -CONT $vm 2>/dev/null
		kill -9 $vm 2>/dev/null
		wait $vm 2>/dev/null
	done
	settled
	is "$(programs)" "$before" "$who killed: no BPF program stays"
done

# A command that the checker started dies with it
slotscope check --at 5 -- slotscope vm -M pc -m 64M >/dev/null 2>&1 &
checker=$!
sleep 1.5
child=$(pgrep -P $checker)
like "$child" '^[0-9]+$' "the checker has a child"
kill -9 $checker
wait $checker 2>/dev/null
for ((i = 0; i < 600; i++)); do [ -e "/proc/$child" ] || break; sleep 0.1; done
is "$([ -e "/proc/$child" ] && echo there)" "" "the child ended with the checker"

# A QEMU that is stopped is not asked; one whose monitor is taken neither: both
# are told at once, and by name
has() { # PID TEXT - is there a descriptor of that kind? Waits for it
	local i
	for ((i = 0; i < 600; i++)); do
		readlink "/proc/$1/fd/"* | grep -q "$2" && return
		sleep 0.1
	done
	diag "process $1 has no $2"
}
qemu-system-x86_64 -accel kvm -nodefaults -display none -S -M microvm -m 64M \
	-qmp "unix:$work/qmp,server=on,wait=off" 2>"$work/qemu.err" &
vm=$!
has $vm kvm-vm
python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print(s.recv(9), flush=True)
time.sleep(99)' "$work/qmp" >"$work/client" &
client=$!
await [ -s "$work/client" ]
run slotscope --json check --no-trace --pid $vm
is "$status $(ids unknown)" "2 unread" "QMP that is taken: the model is unread"
like "$out" "process $client \(python3\) has it" "QMP that is taken: it says who has it"
kill -STOP $vm
run slotscope --json check --no-trace --pid $vm
is "$status $(ids unknown)" "2 unread" "a stopped QEMU: the model is unread"
like "$out" "it is stopped, by a signal or a debugger" "a stopped QEMU: it says so"
kill -9 $vm $client
wait $vm $client 2>/dev/null

# Ctrl-C is heard while a monitor keeps us waiting
slotscope vm -M pc -m 64M >/dev/null 2>&1 &
vm=$!
has $vm kvm-vm
python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
time.sleep(99)' "$work/silent" &
client=$!
await [ -S "$work/silent" ]
slotscope check --no-trace --pid $vm --qmp "$work/silent" >"$work/out" 2>"$work/err" &
checker=$!
has $checker socket
sleep 1
kill -INT $checker
for ((i = 0; i < 600; i++)); do [ -e /proc/$checker/fd/0 ] || break; sleep 0.1; done
is "$([ -e /proc/$checker/fd/0 ] && echo there)" "" "a signal ends a check that waits for QEMU"
wait $checker
is $? 3 "it has no verdict"
like "$(cat "$work/out" "$work/err")" "a signal asked to stop" "it says why"
kill -9 $vm $client
wait $vm $client 2>/dev/null

settled
is "$(find /sys/fs/bpf -mindepth 1 -type f 2>/dev/null)" "" "nothing is pinned"
rmmod slotscope
result $? "the module can be unloaded"
modprobe -r kvm_amd
result $? "kvm_amd can be unloaded"
done_testing
