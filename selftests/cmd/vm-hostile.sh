#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that do their worst (selftests/guests/hostile-*.S): slotscope vm neither
# crashes nor hangs, its monitor answers meanwhile, and nothing is left of it.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
address=$work/qmp

if ! make --no-print-directory -C selftests/guests >"$work/log" 2>&1; then
	result 1 "the guests are assembled"
	diag "$(cat "$work/log")"
	done_testing
fi

# told REGEX SECONDS - has the guest said so?
told() {
	local i
	for ((i = 0; i < $2 * 20; i++)); do
		grep -qE -e "$1" "$work/vm.out" && return 0
		kill -0 "$vm" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

# survives WORDS END ARGS... - it runs, and ends by END: quit or TERM. With $stops it
# may stop before, and say so: without --keep-vcpus-out, the memory that another
# vCPU runs in can lack a slot for a moment, as in QEMU 7.2. For no other reason: the
# guest runs where no register reaches
survives() {
	local words=$1 how=$2 i or=
	[ -z "${stops:-}" ] || or='|"internal-error"'
	shift 2
	start_vm --qmp "unix:$address" --debugcon "$@"
	wait_for 'qmp '
	for i in 1 2 3; do
		sleep 0.2
		qmp query-status stop 'hmp:info mtree -f' query-status cont \
			>"$work/answers" 2>&1
		like "$(sed -n 1p "$work/answers")" '"running"'"$or" "$words: round $i: it runs"
		# below SMM's address spaces; PAM may have hidden all but some RAM
		like "$(cat "$work/answers")" 'FlatView #0' "$words: round $i: memory is told of"
		like "$(tail -2 "$work/answers" | head -1)" '"paused"'"$or" "$words: round $i: it stops"
	done
	if [ "${rounds:-}" ]; then
		told 'rounds done' "$rounds"
		result $? "$words: it has come round"
	fi
	if grep -q internal-error "$work/answers"; then
		# its code, or TRAMPOLINE of smp.h: one that starts late is still there
		like "$(cat "$work/vm.err")" \
			'cannot run on: .* at 0x(1[0-9a-f]{4}|8000) .*RAM\): .*--keep-vcpus-out' \
			"$words: it says why it stopped"
	fi
	ends "$words" "$how"
}

# ends WORDS END - $vm ends when told to, and leaves nothing
ends() {
	if [ "$2" = quit ]; then
		like "$(qmp quit 2>&1)" '^\{\}$' "$1: quit is taken"
	else
		kill -TERM "$vm"
	fi
	wait_vm
	is "$status" 0 "$1: it ends when told to ($2)"
	is "$(grep -E 'runtime error|Sanitizer' "$work/vm.err")" "" "$1: no sanitizer complains"
	is "$(ls -A "$TMPDIR"; ls -d "$address" 2>/dev/null)" "" "$1: nothing is left behind"
}

for board in pc q35; do
	for guest in ports map; do
		stops=
		[ $guest != map ] || stops=1
		rounds=30 nice=19 survives "$board, hostile-$guest" quit -M $board -m 64M --smp 2 \
			--bios build/guests/hostile-$guest.bin --vga-window --test-device
	done
done
stops='' nice=19 survives "q35, hostile-map, vCPUs kept out" TERM -M q35 -m 64M --smp 3 \
	--bios build/guests/hostile-map.bin --keep-vcpus-out --dirty-log bitmap
stops=1 nice=19 survives "pc, hostile-map, 1 MiB" TERM -M pc -m 1M --smp 2 \
	--bios build/guests/hostile-map.bin
stops=
rounds=10 survives "all vCPUs halted for good" quit -M q35 -m 64M --smp 4 \
	--bios build/guests/hostile-halt.bin

# mov dx, 0xcf9; mov al, 6; out dx, al; jmp $
firmware "$work/bios" "baf90c b006 ee ebfe"
nice=19 survives "reset loop" quit -m 64M --smp 2 --bios "$work/bios"

# One vCPU that cannot go on stops them all
start_vm -M pc -m 64M --smp 4 --qmp "unix:$address" --bios build/guests/hostile-triple.bin
wait_for 'cannot run on'
like "$(cat "$work/vm.err")" 'triple fault' "triple faults: it says so"
is "$(grep -c 'cannot run on' "$work/vm.err")" 1 "triple faults: once"
like "$(qmp 'hmp:info mtree -f')" pc.ram "triple faults: the monitor answers"
ends "triple faults" quit

# ljmp to 1 MiB, where a machine of 1 MiB has nothing
firmware "$work/bios" "ea1000ffff"
start_vm -M pc -m 1M --qmp "unix:$address" --bios "$work/bios"
wait_for 'cannot run on'
like "$(cat "$work/vm.err")" 'at 0x100000 .*emulate' "jump into the PCI hole: it says so"
ends "jump into the PCI hole" quit

# Q35's configuration window over all RAM below 256 MiB, and a jump to there: mov
# eax, 80000060; mov dx, 0xcf8; out dx, eax; mov dx, 0xcfc; mov eax, 1; out dx, eax;
# ljmp 0:1000
firmware "$work/bios" "66b860000080 baf80c 66ef bafc0c 66b801000000 66ef ea00100000"
start_vm -M q35 -m 64M --qmp "unix:$address" --bios "$work/bios" --keep-vcpus-out
wait_for 'cannot run on'
like "$(cat "$work/vm.err")" \
	'at 0x1000 \(pcie-mmcfg-mmio \+ 0x1000, a device.s registers\): .*no memory' \
	"a window over its own code: it says so"
ends "a window over its own code" quit
done_testing
