#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A DIMM is plugged into and taken out of a guest that runs and looks for it, and
# KVM has it when the guest has.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
grep -qE '^flags.* (svm|vmx)( |$)' /proc/cpuinfo ||
	skip_all "KVM has no CPU under it here: real mode alone"
load_module

if ! make --no-print-directory -C selftests/guests >"$work/log" 2>&1; then
	result 1 "the guest is assembled"
	diag "$(cat "$work/log")"
	done_testing
fi

# guest_says WORD - within 30 s
guest_says() {
	local i
	for ((i = 0; i < 600; i++)); do
		grep -qx "guest: $1" "$work/vm.out" && return 0
		kill -0 "$vm" 2>"$work/null" || break
		sleep 0.1
	done
	diag "the guest did not say $1, but: $(cat "$work/vm.out" "$work/vm.err")"
	return 1
}

# in_kvm - KVM's slots at 4 GiB: address space and size, for SMM has one of its own
in_kvm() {
	"$program" slots --json --pid "$vm" --from module | jq -r \
		'[.slots[] | select(.gpa == "0x100000000") | "\(.as_id):\(.size)"] | join(" ")' 2>&1
}

# agrees WORDS
agrees() {
	run "$program" check --pid "$vm"
	result "$status" "$1: slotscope check agrees" || diag "$out$err"
}

for board in pc q35; do
	nice=5 start_vm -M $board -m 64M,slots=1,maxmem=256M --debugcon \
		--bios build/guests/dimm.bin
	guest_says plug
	result $? "$board: the guest waits for a DIMM"
	is "$(in_kvm)" "" "$board: nor has KVM one"
	is "$(qmp 'hmp:object_add memory-backend-ram,id=m0,size=128M' \
		'hmp:device_add pc-dimm,id=d0,memdev=m0' | tr -d '\n')" "" "$board: it is plugged"
	guest_says unplug
	result $? "$board: the guest has found it"
	is "$(in_kvm)" "0:0x8000000 1:0x8000000" "$board: KVM has 128 MiB there"
	agrees "$board, plugged"
	is "$(qmp 'hmp:device_del d0' 'hmp:object_del m0' | tr -d '\n')" "" "$board: it is unplugged"
	guest_says "done"
	result $? "$board: the guest finds it gone"
	is "$(in_kvm)" "" "$board: and KVM has nothing there"
	agrees "$board, unplugged"
	is "$(qmp 'hmp:dirty_log start' 'hmp:object_add memory-backend-ram,id=m1,size=128M' \
		'hmp:device_add pc-dimm,id=d1,memdev=m1' | tr -d '\n')" "" \
		"$board: another is plugged while dirty pages are logged"
	is "$("$program" slots --json --pid "$vm" --from module | jq -r \
		'[.slots[] | select(.gpa == "0x100000000").flags] | join(" ")')" \
		"0x1 0x1" "$board: and KVM logs its"
	is "$(grep -c '^guest: pass: ' "$work/vm.out")" 5 "$board: all that the guest tried passed"
	is "$(grep -v -e '^guest: pass: ' -e '^guest: .*plug$' "$work/vm.out")" "guest: done" \
		"$board: and nothing failed"
	kill -TERM "$vm"
	wait_vm
	is "$status" 0 "$board: the VM ends in order"
done
done_testing
