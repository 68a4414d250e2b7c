#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope vm runs a guest, and ends when and how it should.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

passed='^guest: firmware: passed: RAM holds, isa-bios is pc.bios, ROM refuses writes$'

# From 1M, which the firmware fills, over both sides of the split, to more than
# the machine has
for m in 1M 256M 3580M 3584M 5G; do
	run "$program" vm -M pc -m $m --debugcon --exit-after-halt
	is "$status" 0 "-m $m: status 0"
	like "$out" "$passed" "-m $m: the guest finds its memory right"
	like "$err" "pid [0-9]+, -M pc -m $m, qmp @slotscope-qmp-[0-9]+\$" \
		"-m $m: it says what runs"
	# 69 bytes on the debug port; one write to ROM
	like "$err" 'has halted, after 69 port and 1 memory exit$' \
		"-m $m: it says that the guest has halted"
done

# What it says is what it was asked to say
run "$program" vm -m 64M --exit-after-halt
is "$out" "" "without --debugcon: nothing on standard output"
run "$program" vm -m 64M --exit-after-halt -v
like "$out" "$passed" "-v shows the debug console too"
run "$program" vm -m 64M --exit-after-halt --debugcon --json
is "$err" "" "--json: nothing on standard error"
is "$(python3 -c 'import json, sys
print(*(json.loads(l)["event"] for l in sys.stdin))' <<<"$out" 2>&1)" \
	"started guest halted ending" "--json: an object a line"

# Memory that is not touched is not there
start_vm -m 5G
wait_for halted
rss=$(awk '/^VmHWM/ {print $2}' "/proc/$vm/status")
result "$((rss > 0 && rss < 32768 ? 0 : 1))" "-m 5G: has needed less than 32 MiB ($rss KiB)"

# It ends by signals and by quit, and leaves nothing
address=@slotscope-qmp-$vm
like "$(cat /proc/net/unix)" "$address\$" "its monitor listens"
kill -TERM "$vm"
wait_vm
is "$status" 0 "SIGTERM: status 0"
like "$(cat "$work/vm.err")" 'ends$' "it says that it ends"
unlike "$(cat /proc/net/unix)" "$address" "no socket is left"
unset address
start_vm -m 64M
wait_for halted
# sent by hand: bash has background jobs ignore SIGINT, signalfd does not care
kill -INT "$vm"
wait_vm
is "$status" 0 "SIGINT: status 0"
start_vm -m 64M
wait_for halted
is "$(qmp quit)" "{}" "quit is answered"
wait_vm
is "$status" 0 "quit: status 0"

# Killed, it leaves nothing but the file it was told to make
start_vm -m 64M --qmp "unix:$work/qmp"
wait_for halted
end_vm
[ -S "$work/qmp" ]
result $? "kill -9: the named socket stays"
start_vm -m 64M --qmp "unix:$work/qmp"
wait_for halted
result $? "and the next one takes its place"
address=$work/qmp
like "$(qmp query-status)" running "and is asked there"
unset address
kill -TERM "$vm"
wait_vm
[ ! -e "$work/qmp" ]
result $? "told to end, it removes the socket"

# A terminal that goes away leaves nothing behind either, unless nohup says to stay
start_vm -m 64M --qmp "unix:$work/qmp"
wait_for halted
kill -HUP "$vm"
wait_vm
is "$status" 0 "SIGHUP: status 0"
[ ! -e "$work/qmp" ]
result $? "SIGHUP: the socket is removed"
trap '' HUP
start_vm -m 64M
trap - HUP
wait_for halted
kill -HUP "$vm"
sleep 0.3
like "$(qmp query-status)" running "SIGHUP ignored (nohup): it runs on"
kill -TERM "$vm"
wait_vm
is "$status" 0 "SIGHUP ignored: it ends when told to"

# --stopped: before it has opened anything of KVM
start_vm -m 64M --stopped
wait_for 'stops, before it opens KVM'
sleep 0.2
is "$(awk '{print $3}' "/proc/$vm/stat")" T "--stopped: it has stopped"
unlike "$(ls -l "/proc/$vm/fd")" kvm "--stopped: KVM is not open"
kill -CONT "$vm"
wait_for halted
result $? "--stopped: goes on after SIGCONT"
like "$(ls -l "/proc/$vm/fd")" 'anon_inode:kvm-vm' "and has a VM then"
kill -TERM "$vm"
wait_vm

# --paused: not an instruction before cont
start_vm -m 64M --paused --debugcon
wait_for 'qmp @'
sleep 0.3
like "$(qmp query-status)" '"prelaunch".*"running": false' "--paused: prelaunch"
is "$(cat "$work/vm.out")" "" "--paused: the guest has not run"
qmp cont >"$work/cont"
wait_for halted
like "$(cat "$work/vm.out")" "$passed" "--paused: it runs after cont"
kill -TERM "$vm"
wait_vm
done_testing
