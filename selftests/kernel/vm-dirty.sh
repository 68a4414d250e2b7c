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

off='no writes are logged; dirty_log start begins it'
clean='pc.ram, migration: 0 pages
pc.rom, migration: 0 pages
pc.bios, migration: 0 pages'
# What guests/dirty.S writes to
wanted='pc.ram, migration: 8 pages
  0x10000-0x10fff
  0x13000-0x13fff
  0x28000-0x28fff
  0x3f000-0x40fff
  0x57000-0x57fff
  0x80000-0x80fff
  0x90000-0x90fff
pc.rom, migration: 0 pages
pc.bios, migration: 0 pages'

# extension NUMBER - what KVM_CHECK_EXTENSION says
extension() {
	python3 -c 'import fcntl, sys
print(fcntl.ioctl(open("/dev/kvm"), 0xae03, int(sys.argv[1])))' "$1"
}

# halts N - wait until it has halted so often
halts() {
	local i
	for ((i = 0; i < 1200; i++)); do
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
	is "$(qmp 'hmp:info dirty_log')" "$off" "$how: nothing is told before it is asked for"
	is "$(qmp 'hmp:dirty_log start' 'hmp:info dirty_log -p' | grep .)" "$clean" \
		"$how: clean after start"
	qmp cont >"$work/null"
	halts 1
	is "$(qmp 'hmp:info dirty_log -p')" "$wanted" "$how: the pages that the guest wrote to"
	is "$(qmp 'hmp:info dirty_log -p')" "$wanted" "$how: the same when asked again"
	is "$(qmp 'hmp:dirty_log clear' 'hmp:info dirty_log' | grep .)" "$clean" \
		"$how: clean after clear"
	qmp system_reset >"$work/null"
	halts 2
	is "$(qmp 'hmp:info dirty_log -p')" "$wanted" "$how: written once more, told once more"
	qmp 'hmp:dirty_log clear' stop 'hmp:dirty_log stop' cont system_reset >"$work/null"
	halts 3
	is "$(qmp 'hmp:info dirty_log')" "$off" "$how: stopped, nothing is told"
	like "$(qmp 'hmp:dirty_log stop')" 'dirty_log: ' "$how: stopped twice is an error"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$how: it ends when told to"
done

# told - what the monitor tells, but for firmware: where that is RAM, KVM may count
# what is read as written
told() {
	qmp 'hmp:info dirty_log -p' | awk '/^[^ ]/ { keep = !/^pc\.(bios|rom),/ } keep'
}

# More pages than a ring has entries: the vCPU comes out, and none is lost
if ! grep -qE '^flags.* (svm|vmx)( |$)' /proc/cpuinfo; then
	skip "3001 pages" "KVM has no CPU under it here: real mode alone"
else
	for how in bitmap clear ring=1024; do
		start_vm -M pc -m 64M --bios build/guests/dirty-many.bin --dirty-log "$how" --paused
		wait_for 'qmp @'
		qmp 'hmp:dirty_log start' cont >"$work/null"
		halts 1
		is "$(told)" "pc.ram, migration: 3001 pages
  0x100000-0xcb8fff" "3001 pages, $how: all are told"
		kill -TERM "$vm"
		wait_vm
	done
fi

# Two who want to know: a display, of its own memory and all the time, and migration
vga() { # CLIENT - what guests/dirty-vga.S writes to
	printf 'vga.vram, %s: 21 pages
  0x0-0xfff
  0x2000-0x3fff
  0x100000-0x110fff
  0x7ff000-0x7fffff' "$1"
}
ram='pc.ram, migration: 2 pages
  0x200000-0x200fff
  0x3ff000-0x3fffff'
no_ram='pc.ram, migration: 0 pages'
no_vga='vga.vram, vga: 0 pages'
no_migration='vga.vram, migration: 0 pages'

# lines LINE... - one below the other
lines() { printf '%s\n' "$@"; }

if ! grep -qE '^flags.* (svm|vmx)( |$)' /proc/cpuinfo; then
	skip "a display's memory" "KVM has no CPU under it here: real mode alone"
else
	for how in bitmap clear ring; do
		start_vm -M isapc -m 16M --vga-window --bios build/guests/dirty-vga.bin \
			--dirty-log "$how" --paused
		wait_for 'qmp @'
		# KVM may count all pages of a new slot as written to, with clear
		qmp 'hmp:dirty_log clear vga' >"$work/null"
		is "$(told)" "$no_vga" "vga, $how: a display's memory is logged from the start"
		qmp cont >"$work/null"
		halts 1
		is "$(told)" "$(vga vga)" "vga, $how: the pages that the guest wrote to"
		qmp 'hmp:dirty_log start' >"$work/null"
		is "$(told)" "$(lines "$no_ram" "$no_migration" "$(vga vga)")" \
			"vga, $how: migration's start leaves the display's"
		qmp system_reset >"$work/null"
		halts 2
		is "$(told)" "$(lines "$ram" "$(vga migration)" "$(vga vga)")" \
			"vga, $how: both are told"
		qmp 'hmp:dirty_log clear' >"$work/null"
		is "$(told)" "$(lines "$no_ram" "$no_migration" "$(vga vga)")" \
			"vga, $how: clear is migration's"
		qmp 'hmp:dirty_log clear vga' >"$work/null"
		is "$(told)" "$(lines "$no_ram" "$no_migration" "$no_vga")" \
			"vga, $how: clear vga is the display's"
		qmp system_reset >"$work/null"
		halts 3
		qmp 'hmp:dirty_log clear vga' >"$work/null"
		is "$(told)" "$(lines "$ram" "$(vga migration)" "$no_vga")" \
			"vga, $how: and the display's alone"
		qmp 'hmp:dirty_log stop' 'hmp:dirty_log clear migration' system_reset >"$work/null"
		halts 4
		is "$(told)" "$(vga vga)" "vga, $how: migration has stopped, the display has not"
		kill -TERM "$vm"
		wait_vm
	done
fi

# What is written to while nobody logs it any more is told as such
start_vm -M pc -m 64M --bios build/guests/dirty.bin --paused
wait_for 'qmp @'
qmp 'hmp:dirty_log start' cont >"$work/null"
halts 1
is "$(qmp 'hmp:dirty_log stop' 'hmp:info dirty_log' | grep .)" \
	"pc.ram, migration: 8 pages, until logging was stopped" "what is left of a log that was stopped"
for words in '' clear\ ram start\ vga nonsense clear\ vga\ now; do
	is "$(qmp "hmp:dirty_log $words")" 'dirty_log: start, stop, clear or clear vga is expected' \
		"dirty_log $words: says what is expected"
done
is "$(qmp 'hmp:info dirty_log -x')" 'dirty_log: only -p is expected' "info dirty_log -x: likewise"
kill -TERM "$vm"
wait_vm

# Sizes that a ring cannot have
if [ "$(extension 192)$(extension 223)" != 00 ]; then
	refused 'no power of 2' --dirty-log ring=1000
	refused 'KVM has room for [0-9]+' --dirty-log ring=1073741824
	refused 'fewer than' --dirty-log ring=16
fi
done_testing
