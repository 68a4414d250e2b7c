#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pages that a guest wrote to are those that are told, no more and no less, by
# each of KVM's ways.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
make --no-print-directory -C selftests/guests >"$work/make" 2>&1 ||
	skip_all "the guests cannot be assembled"

# What guests/dirty.S writes to
wanted='pc.ram, migration: 8 pages
  0x10000-0x10fff
  0x13000-0x13fff
  0x28000-0x28fff
  0x3f000-0x40fff
  0x57000-0x57fff
  0x80000-0x80fff
  0x90000-0x90fff'

# extension NUMBER - what KVM_CHECK_EXTENSION says
extension() {
	python3 -c 'import fcntl, sys
print(fcntl.ioctl(open("/dev/kvm"), 0xae03, int(sys.argv[1])))' "$1"
}

# halts N - wait until it has halted so often
halts() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(grep -c halted "$work/vm.err")" = "$1" ] && return
		sleep 0.05
	done
}

for how in bitmap clear ring ring=1024; do
	case $how in
	clear) [ "$(extension 168)" != 0 ] || { skip "$how" "KVM lacks KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2"; continue; } ;;
	ring*) [ "$(extension 192)$(extension 223)" != 00 ] || { skip "$how" "KVM lacks KVM_CAP_DIRTY_LOG_RING"; continue; } ;;
	esac
	start_vm -M pc -m 64M --bios build/guests/dirty.bin --dirty-log "$how" --paused
	wait_for 'qmp @'
	is "$(qmp 'hmp:info dirty_log')" "" "$how: nothing is told before it is asked for"
	is "$(qmp 'hmp:dirty_log start' 'hmp:info dirty_log -p' | grep .)" "" \
		"$how: clean after start"
	qmp cont >"$work/null"
	halts 1
	is "$(qmp 'hmp:info dirty_log -p')" "$wanted" "$how: the pages that the guest wrote to"
	is "$(qmp 'hmp:info dirty_log -p')" "$wanted" "$how: the same when asked again"
	is "$(qmp 'hmp:dirty_log clear' 'hmp:info dirty_log' | grep .)" "" "$how: clean after clear"
	qmp system_reset >"$work/null"
	halts 2
	is "$(qmp 'hmp:info dirty_log -p')" "$wanted" "$how: written once more, told once more"
	qmp 'hmp:dirty_log clear' stop 'hmp:dirty_log stop' cont system_reset >"$work/null"
	halts 3
	is "$(qmp 'hmp:info dirty_log')" "" "$how: stopped, nothing is told"
	like "$(qmp 'hmp:dirty_log stop')" 'dirty_log: ' "$how: stopped twice is an error"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$how: it ends when told to"
done

# More pages than a ring has entries: the vCPU comes out, and none is lost
if ! grep -qE '^flags.* (svm|vmx)( |$)' /proc/cpuinfo; then
	skip "3001 pages" "KVM has no CPU under it here: real mode alone"
else
	for how in bitmap clear ring=1024; do
		start_vm -M pc -m 64M --bios build/guests/dirty-many.bin --dirty-log "$how" --paused
		wait_for 'qmp @'
		qmp 'hmp:dirty_log start' cont >"$work/null"
		halts 1
		is "$(qmp 'hmp:info dirty_log -p')" "pc.ram, migration: 3001 pages
  0x100000-0xcb8fff" "3001 pages, $how: all are told"
		kill -TERM "$vm"
		wait_vm
	done
fi

# Sizes that a ring cannot have
if [ "$(extension 192)$(extension 223)" != 00 ]; then
	refused 'no power of 2' --dirty-log ring=1000
	refused 'KVM has room for [0-9]+' --dirty-log ring=1073741824
	refused 'fewer than' --dirty-log ring=16
fi
done_testing
