#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest at work is left alone: nobody asks it all the time whether it has halted.
# And which guests --exit-after-halt ends: those that nothing can wake.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# switches - how often the main thread has gone to sleep or was made to
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$vm/task/$vm/status"; }

firmware "$work/busy" ebfe # jmp to itself
firmware "$work/idle" fbf4ebfc # sti; hlt; again
firmware "$work/halt" faf4ebfc # cli; hlt; again
for guest in busy idle; do
	start_vm -m 64M --exit-after-halt --bios "$work/$guest"
	wait_for 'qmp @'
	before=$(switches)
	sleep 1.5
	after=$(switches)
	# Looks after 16, 32, ... 512 ms: 6 in the first second; each may take a few
	if ! result $((after - before > 100)) "$guest: the main thread sleeps"; then
		diag "$((after - before)) context switches in 1.5 s"
	fi
	unlike "$(cat "$work/vm.err")" halted "$guest: not taken for halted"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$guest: SIGTERM ends it, status 0"
done
start_vm -m 64M --exit-after-halt --bios "$work/halt"
wait_vm
is "$status" 0 "halted with interrupts off: it ends by itself"
like "$(cat "$work/vm.err")" 'the guest has halted' "it says why"
done_testing
