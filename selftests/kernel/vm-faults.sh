#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The faults of slotscope vm are real, and neither its guest nor its monitor
# notices. That a checker finds them is check-faults.sh.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# A guest that writes to 1 MiB, where the slot is that the faults act on, and
# shows what it reads back: "Z" if there is memory. mov ax, 0xffff; mov ds, ax;
# mov byte [0x10], 'Z'; mov al, [0x10]; mov dx, 0x402; out dx, al; hlt
firmware "$work/bios" "b8ffff 8ed8 c60610005a a01000 ba0204 ee f4"

# is_mapped HVA - in the address space of $vm
is_mapped() {
	python3 - "$vm" "$1" <<-'END'
		import sys
		at = int(sys.argv[2], 16)
		for line in open("/proc/%s/maps" % sys.argv[1]):
		    start, end = (int(x, 16) for x in line.split()[0].split("-"))
		    if start <= at < end:
		        sys.exit("r" not in line.split()[1])
		sys.exit(1)
	END
}

for m in 64M 5G; do
	start_vm -m $m
	wait_for halted
	whole=$(qmp 'hmp:info mtree -f' 'hmp:info mtree -o -D')
	kill -TERM "$vm"
	wait_vm
	for fault in skip-slot unmap ignore-refusal; do
		start_vm -m $m --fault $fault --debugcon
		wait_for halted
		like "$(cat "$work/vm.out")" 'firmware: passed' "-m $m, $fault: the guest carries on"
		like "$(cat "$work/vm.err")" "fault $fault: .* 0x[0-9a-f]+" "-m $m, $fault: it says what it broke"
		qmp 'hmp:info mtree -f' 'hmp:info mtree -o -D' query-status >"$work/answers"
		is "$(sed '$d' "$work/answers")" "$whole" \
			"-m $m, $fault: the monitor tells of whole memory"
		like "$(tail -1 "$work/answers")" '"running"' "-m $m, $fault: it runs"
		if [ $fault = unmap ]; then
			gpa=$(sed -n 's/.* KiB at \(0x[0-9a-f]*\) have no.*/\1/p' "$work/vm.err")
			hva=$(qmp "hmp:gpa2hva $gpa" | sed -n 's/.* is //p')
			mapfile -t many < <(yes 'hmp:info mtree -o -D' | head -50)
			qmp "${many[@]}" >/dev/null
			! is_mapped "$hva"
			result $? "-m $m, $fault: no memory is at $gpa ($hva), and none comes to be"
			hva=$(qmp "hmp:gpa2hva $((gpa - 4096))" | sed -n 's/.* is //p')
			is_mapped "$hva"
			result $? "-m $m, $fault: the page before is there"
		fi
		kill -TERM "$vm"
		wait_vm
		is "$status" 0 "-m $m, $fault: it ends as it should"
	done
done

# From inside
run "$program" vm -m 64M --bios "$work/bios" --debugcon --exit-after-halt
is "$out" "guest: Z" "the guest finds memory at 1 MiB"
like "$err" 'and 0 memory exits' "without an exit"
for fault in skip-slot ignore-refusal; do
	run "$program" vm -m 64M --bios "$work/bios" --debugcon --exit-after-halt --fault $fault
	is "$status" 0 "$fault: status 0"
	# Without a slot each access comes out, and the model answers, as in QEMU
	is "$out" "guest: Z" "$fault: the guest finds the model's memory"
	like "$err" 'and [1-9][0-9]* memory exits?' "$fault: by exits: KVM has none there"
done
done_testing
