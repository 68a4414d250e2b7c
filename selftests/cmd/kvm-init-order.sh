#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What slotscope vm and QEMU 7.2 both ask of KVM, they ask in one order. The
# expected side is QEMU's own strace.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
qemu=selftests/fixtures/kvm-init-pc-72.strace.txt
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
command -v strace >"$work/null" || skip_all "no strace (package strace)"

strace -f -e trace=ioctl -o "$work/raw" "$program" vm -M pc -m 128M \
	--vga-window --exit-after-halt >"$work/out" 2>&1
result $? "slotscope vm runs under strace"
whole_calls "$work/raw" >"$work/calls"
# Up to the guest's first instruction
sed -n -e 's/^[0-9]* *//' -e '/KVM_RUN/q' -e '/^ioctl(/p' "$work/calls" >"$work/ours"

# first FILE OTHER - what is in both, in FILE's order, each where it comes first.
# Pointers and numbers of descriptors differ; what a descriptor is, and a
# capability, are parts of the name
cat >"$work/order.py" <<'END'
import re, sys
def calls(path):
    seen, vm, cpu = [], None, None
    for line in open(path):
        m = re.match(r"ioctl\((\d+), (KVM_[A-Z0-9_]+)(?:, (KVM_CAP_[A-Z0-9_]+))?.*= (-?\d+)", line)
        if not m:
            continue
        call = m[2], {vm: "vm", cpu: "vcpu"}.get(m[1], "kvm"), m[3] or ""
        if m[2] == "KVM_CREATE_VM":
            vm = m[4]
        elif m[2] == "KVM_CREATE_VCPU":
            cpu = m[4]
        if call not in seen:
            seen.append(call)
    return seen
mine, other = calls(sys.argv[1]), calls(sys.argv[2])
for call in mine:
    if call in other:
        print(*call)
END
python3 "$work/order.py" "$qemu" "$work/ours" >"$work/wanted"
python3 "$work/order.py" "$work/ours" "$qemu" >"$work/got"
is "$(cat "$work/got")" "$(cat "$work/wanted")" "the common requests come in QEMU's order"
common=$(wc -l <"$work/got")
result "$((common >= 30 ? 0 : 1))" "they are many ($common)"

# The steps that must be among them
for call in KVM_CREATE_VM KVM_SET_IDENTITY_MAP_ADDR KVM_SET_TSS_ADDR \
	KVM_GET_MSR_INDEX_LIST KVM_CREATE_IRQCHIP KVM_GET_SUPPORTED_CPUID \
	KVM_CREATE_VCPU KVM_SET_CPUID2 KVM_SET_USER_MEMORY_REGION \
	KVM_SET_GSI_ROUTING KVM_CREATE_PIT2; do
	like "$(cat "$work/got")" "^$call " "$call is one of them"
done

# Memory: every request, but for host addresses
slots() {
	sed -n 's/^ioctl([0-9]*, KVM_SET_USER_MEMORY_REGION, {\(.*\), userspace_addr=.*/\1/p' "$1"
}
is "$(slots "$work/ours")" "$(slots "$qemu")" "the memslots are requested as QEMU does, one by one"

# Where the interrupt controllers are
for mode in split off; do
	strace -f -e trace=ioctl -o "$work/raw" "$program" vm -M "pc,kernel-irqchip=$mode" \
		--exit-after-halt >"$work/out" 2>&1
	result $? "kernel-irqchip=$mode: runs"
	unlike "$(cat "$work/raw")" 'KVM_CREATE_IRQCHIP|KVM_CREATE_PIT2|KVM_SET_GSI_ROUTING' \
		"kernel-irqchip=$mode: no controllers and no timer are made"
done
like "$(strace -f -e trace=ioctl "$program" vm --accel kvm,kvm-shadow-mem=1048576 \
	--exit-after-halt 2>&1)" 'KVM_SET_NR_MMU_PAGES, 0x100\) += 0' \
	"kvm-shadow-mem=1M: 256 pages"
done_testing
