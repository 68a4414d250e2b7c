#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest whose RAM is in a guest_memfd: it holds.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
make --no-print-directory -C selftests/guests >"$work/make" 2>&1 ||
	skip_all "the guests cannot be assembled"

# extension NUMBER - what KVM_CHECK_EXTENSION says
extension() {
	python3 -c 'import fcntl, sys
print(fcntl.ioctl(open("/dev/kvm"), 0xae03, int(sys.argv[1])))' "$1"
}
types=$(extension 235) # KVM_CAP_VM_TYPES
flags=$(extension 244) # KVM_CAP_GUEST_MEMFD_FLAGS
if [ $((types & 2)) = 0 ] && [ $((flags & 3)) != 3 ]; then
	refused 'this KVM lacks the VM type KVM_X86_SW_PROTECTED_VM' --guest-memfd
	skip "guest_memfd" "KVM has neither KVM_X86_SW_PROTECTED_VM nor guest_memfd to be mapped"
	done_testing
fi

run timeout 60 "$program" vm -m 64M --guest-memfd --bios build/guests/ram-low.bin \
	--debugcon --exit-after-halt
is "$status" 0 "guest_memfd: status 0"
like "$out" 'pass: conventional memory holds' "guest_memfd: RAM holds"
like "$out" 'done' "guest_memfd: the guest comes to its end"
start_vm -m 64M --guest-memfd --bios build/guests/ram-low.bin
wait_for halted
like "$(ls -l "/proc/$vm/fd")" 'guest_memfd|kvm-gmem' "it has a guest_memfd"
run "$program" --json slots --pid "$vm"
is "$(python3 -c 'import json, sys
print(*(s["gpa"] for s in json.load(sys.stdin)["slots"] if int(s["flags"], 0) & 4 and s["as_id"] == 0))' \
	<<<"$out" 2>&1)" "0x0 0xe0000 0x100000" "the slots of pc.ram are of it, in the kernel"
if [ $((types & 2)) = 0 ]; then
	like "$(cat "/proc/$vm/maps")" 'rw-s .*(guest_memfd|kvm-gmem)' "it is shared: the VMM has it mapped"
	skip "private memory" "this KVM has no KVM_X86_SW_PROTECTED_VM"
else
	unlike "$(cat "/proc/$vm/maps")" 'guest_memfd|kvm-gmem' "it is private: the VMM has it not mapped"
fi
kill -TERM "$vm"
wait_vm
is "$status" 0 "it ends when told to"
done_testing
