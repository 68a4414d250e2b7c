#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that do their worst do not take slotscope vm with them.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# cannot_run WORDS REGEX ARGS... - the guest in $work/bios cannot run on
cannot_run() {
	local words=$1 regex=$2
	shift 2
	run timeout 20 "$program" vm -m 64M --bios "$work/bios" --exit-after-halt "$@"
	is "$status" 3 "$words: status 3"
	like "$err" "cannot run on: .*$regex" "$words: it says why"
	start_vm -m 64M --bios "$work/bios" "$@"
	wait_for 'cannot run on'
	qmp query-status cont 'hmp:info mtree -f' >"$work/answers"
	like "$(sed -n 1p "$work/answers")" internal-error "$words: the monitor answers"
	like "$(sed -n 2p "$work/answers")" 'cannot run on' "$words: cont is refused"
	like "$(sed 1,2d "$work/answers")" pc.ram "$words: its memory can be looked at"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$words: it still ends when told to"
}

# lidt cs:[ffe0], lgdt cs:[ffe0] (empty tables); mov eax, cr0; or al, 1; mov cr0,
# eax; mov ax, 8; mov ds, ax
firmware "$work/bios" "2e0f011ee0ff 2e0f0116e0ff 0f20c0 0c01 0f22c0 b80800 8ed8"
cannot_run "triple fault" "at 0x[0-9a-f]+ \\(pc.bios \\+ 0x[0-9a-f]+, ROM\\): triple fault"
# A jump to a graphics card's window, where no memory is
firmware "$work/bios" "ea000000a0"
cannot_run "jump into a hole" "at 0xa0000 \\(vga-lowmem \\+ 0x0, a device.s registers\\): .*emulate" \
	--vga-window

# busy WORDS - the guest in $work/bios never rests
busy() {
	local before after nice=19
	start_vm -m 64M --bios "$work/bios" --vga-window
	wait_for 'qmp @'
	sleep 0.3
	qmp query-status stop query-status >"$work/answers"
	like "$(sed -n 1p "$work/answers")" '"running"' "$1: the monitor answers"
	like "$(sed -n 3p "$work/answers")" '"paused"' "$1: stop stops it"
	before=$(awk '{print $14 + $15}' "/proc/$vm/stat")
	sleep 0.5
	after=$(awk '{print $14 + $15}' "/proc/$vm/stat")
	result "$((after - before < 10 ? 0 : 1))" \
		"$1: stopped, it takes no time ($before, $after ticks)"
	like "$(qmp cont query-status)" '"running"' "$1: cont lets it run"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$1: it ends when told to"
}

# jmp $
firmware "$work/bios" "ebfe"
busy "endless loop"
# in al, 0x80; out 0x80, al; jmp
firmware "$work/bios" "e480 e680 ebfa"
busy "storm of port accesses"
# rep insb and outsb of 64 KiB: string accesses come many to an exit
firmware "$work/bios" "ba0204 b9ffff f36e b9ffff f36c ebf3"
busy "storm of string accesses to the debug port"
# mov ax, 0xa000; mov ds, ax; inc word [0]; jmp back to the inc
firmware "$work/bios" "b800a0 8ed8 ff060000 ebfa"
busy "storm of memory accesses where nothing is"
# mov ax, 0xf000; mov ds, ax; inc word [0]; jmp: writes to ROM
firmware "$work/bios" "b800f0 8ed8 ff060000 ebfa"
busy "storm of writes to ROM"

# A console without an end of line, and with what would talk to a terminal:
# mov dx, 0x402; mov al, 0x1b; mov cx, 1000; out dx, al; loop; hlt
firmware "$work/bios" "ba0204 b01b b9e803 ee e2fd f4"
run timeout 20 "$program" vm -m 64M --bios "$work/bios" --exit-after-halt --debugcon
is "$status" 0 "unprintable console: status 0"
out=${out//guest: /}
is "${out//$'\n'/}" "$(printf '%01000d' 0 | tr 0 .)" \
	"unprintable console: a full stop for each byte"
done_testing
