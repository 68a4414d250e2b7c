#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's SeaBIOS in real QEMU and in slotscope vm: it says the same on the debug
# console, first and last, asks for the same memslots up to the first instruction,
# and leaves the same slots. The expected side is QEMU, run here and now.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
bios=/usr/share/seabios/bios-256k.bin
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
[ -r $bios ] || skip_all "no SeaBIOS (package seabios)"
command -v strace >"$work/null" || skip_all "no strace (package strace)"
command -v qemu-system-x86_64 >"$work/null" ||
	skip_all "no QEMU (package qemu-system-x86)"
last='No bootable device\.'

# traced NAME LOG COMMAND... - until its firmware's last line is in LOG, a minute
# at most; its ioctls are in NAME.calls then
traced() {
	local name=$1 log=$2 tracer i
	shift 2
	: >"$log"
	strace -f -e trace=ioctl -o "$work/$name.st" "$@" >"$work/$name.out" 2>"$work/$name.err" &
	tracer=$!
	for ((i = 0; i < 1200; i++)); do
		grep -q "$last" "$log" && break
		kill -0 "$tracer" 2>/dev/null || break
		sleep 0.05
	done
	# strace passes its own end on to nobody; its child is ours to end
	local child
	child=$(cat "/proc/$tracer/task/$tracer/children" 2>/dev/null)
	# shellcheck disable=SC2086  # one word
	[ -z "$child" ] || kill -TERM $child
	wait "$tracer"
	whole_calls "$work/$name.st" >"$work/$name.calls"
	grep -q "$last" "$log"
}

# requests NAME - slot, flags, address, size of each; "run" before the first
# instruction. Host addresses differ from process to process
requests() {
	sed -n -e 's/.*KVM_SET_USER_MEMORY_REGION, {\(.*\), userspace_addr=.*= \(.*\)/\1 = \2/p' \
		-e 's/.*KVM_RUN.*/run/p' "$work/$1.calls" | awk '$0 != "run" || !ran++'
}

# slots NAME - what all requests together leave: address, size, flags
slots() {
	requests "$1" | sed -n 's/^slot=\([0-9]*\), flags=\([A-Z_0-9]*\), guest_phys_addr=\([0-9a-fx]*\), memory_size=\([0-9]*\) = 0$/\1 \3 \4 \2/p' |
		awk '$3 == 0 { delete slot[$1]; next }
		     { slot[$1] = $2 " " $3 " " $4 }
		     END { for (i in slot) print slot[i] }' | sort
}

# up_to_reset NAME - the requests before the first instruction
up_to_reset() { requests "$1" | sed '/^run$/q'; }

both() {
	local board=$1 size=$2 name="$1 $2"
	traced qemu "$work/qemu.log" qemu-system-x86_64 -M "$board" -accel kvm -m "$size" \
		-nodefaults -vga none -display none -global kvm-apic.vapic=off -global apic.vapic=off \
		-chardev "file,id=d,path=$work/qemu.log" \
		-device isa-debugcon,iobase=0x402,chardev=d
	if ! result $? "$name: SeaBIOS comes to its last line in QEMU"; then
		diag "$(cat "$work/qemu.err")"
		return
	fi
	traced ours "$work/ours.out" "$program" vm -M "$board" -m "$size" \
		--debugcon --bios bios-256k.bin
	if ! result $? "$name: SeaBIOS comes to its last line in slotscope vm"; then
		diag "$(tail -5 "$work/ours.out" "$work/ours.err")"
		return
	fi
	sed -n 's/^guest: //p' "$work/ours.out" | sed '/^$/d' >"$work/ours.log"
	is "$(head -1 "$work/ours.log")" "$(head -1 "$work/qemu.log")" \
		"$name: it says its banner as in QEMU"
	is "$(grep 'Running on' "$work/ours.log")" "$(grep 'Running on' "$work/qemu.log")" \
		"$name: it knows board and KVM as in QEMU"
	is "$(grep '^PCI: init bdf' "$work/ours.log")" "$(grep '^PCI: init bdf' "$work/qemu.log")" \
		"$name: it finds the same PCI functions"
	is "$(up_to_reset ours)" "$(up_to_reset qemu)" \
		"$name: up to the first instruction, the requests are QEMU's"
	is "$(requests ours)" "$(requests qemu)" \
		"$name: so are those of the firmware's PAM writes, one by one"
	is "$(slots ours)" "$(slots qemu)" "$name: the slots left in KVM are QEMU's"
	like "$(slots ours)" '^0xf0000 65536 0$' "$name: the BIOS's own RAM is one of them"
}

# Without and with RAM above 4 GiB
both pc 64M
both pc 3584M
both q35 200M
# With less of the interrupt controllers in the kernel, SeaBIOS does what it did
both pc,kernel-irqchip=split 64M
both q35,kernel-irqchip=off 64M
both q35 5G
done_testing
