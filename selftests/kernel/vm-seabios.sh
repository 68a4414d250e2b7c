#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SeaBIOS with System Management Mode, where KVM has it: the firmware moves SMM's
# code to SMRAM by an SMI of its own, waits for it, and closes SMRAM; without SMM it
# never gets to its last line. Each PAM and SMRAM write went through the model: the
# slots that KVM holds then are what the model shows.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
[ -r /usr/share/seabios/bios-256k.bin ] || skip_all "no SeaBIOS (package seabios)"

# with_smm BOARD [--smp N]: an SMI is for one vCPU: SeaBIOS moves its code for no other
with_smm() {
	local i
	start_vm -M "$1,smm=on" "${@:2}" -m 64M --debugcon --bios bios-256k.bin
	for ((i = 0; i < 1200; i++)); do
		grep -q 'No bootable device\.$' "$work/vm.out" && break
		kill -0 "$vm" 2>/dev/null || break
		sleep 0.1
	done
	if ! like "$(tail -1 "$work/vm.out")" 'No bootable device\.$' \
		"$*: SeaBIOS comes to its last line"; then
		diag "$(tail -3 "$work/vm.out" "$work/vm.err")"
	fi
	unlike "$(cat "$work/vm.err")" 'refused|cannot run' "$*: KVM refused nothing"
	like "$(qmp 'hmp:info mtree -f')" '000f0000-00000000000fffff .*rom.*: pc.ram' \
		"$*: PAM is as the firmware left it"
	like "$(qmp 'hmp:info mtree')" 'smram-low' "$*: SMM has RAM of its own"
	if load_module; then
		run "$PWD/build/user/slotscope" check --pid "$vm"
		if ! is "$status" 0 "$*: model and kernel agree"; then
			diag "$out" "$err"
		fi
	else
		skip "$*: model and kernel agree" "no /dev/slotscope: the module is not loaded"
	fi
	end_vm
}

run "$program" vm -M pc,smm=on -m 1M --exit-after-halt
if [ "$status" != 0 ] && [[ $err == *KVM_CAP_X86_SMM* ]]; then
	skip_all "this KVM has no System Management Mode"
fi
with_smm pc
with_smm q35
with_smm pc --smp 3
with_smm q35 --smp 2
done_testing
