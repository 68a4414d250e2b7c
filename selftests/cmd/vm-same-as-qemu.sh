#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine's own QEMU beside slotscope vm, started alike: both monitors' info
# mtree -f show the same guest memory, before the guest's first instruction.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
qemu=$(command -v qemu-system-x86_64) || skip_all "no qemu-system-x86_64"
case $($qemu --version) in
*"version 7.2"*) ;;
*) skip_all "$($qemu --version | head -1) is not 7.2, which the boards follow" ;;
esac
firmware "$work/bios" f4 # 64 KiB: hlt

# view FILE - ranges of the address space "memory", without QEMU's own mark
view() { sed -n '/Root memory region: system/,/^$/{s/ KVM$//;/^  /p}' "$1" | tr -d '\r'; }

# of_qemu ARGS... - its view; nothing is run
of_qemu() {
	printf '%s\n' '{"execute":"qmp_capabilities"}' \
		'{"execute":"human-monitor-command","arguments":{"command-line":"info mtree -f"}}' \
		'{"execute":"quit"}' |
		timeout 60 "$qemu" -accel kvm -nodefaults -vga none -display none -S \
			-bios "$work/bios" -qmp stdio "$@" 2>"$work/qemu.err" |
		sed -n 's/\\r\\n/\n/g;s/^{"return": "//p' >"$work/theirs"
	view "$work/theirs"
}

of_us() {
	start_vm --paused --bios "$work/bios" "$@"
	wait_for qmp || return
	qmp 'hmp:info mtree -f' >"$work/ours"
	end_vm
	view "$work/ours"
}

# same ARGS... - both take them
same() {
	local theirs
	theirs=$(of_qemu "$@")
	like "$theirs" "0000000000000000-" "QEMU $*: it has memory"
	is "$(of_us "$@")" "$theirs" "$*: the same view as QEMU's"
}

# Each board at the sizes where its split changes, and beside them. RAM that
# nobody touches costs both nothing but KVM's own tables
for m in 1M 200M 2815M 2816M 3071M 3072M 3073M 3583M 3584M 5G; do
	for board in pc q35 microvm isapc; do
		same -M $board,memory-backend=r -m $m \
			-object memory-backend-ram,id=r,size=$m,reserve=off
	done
done
same -M pc,memory-backend=r -m 64G -object memory-backend-ram,id=r,size=64G,reserve=off
for m in 1G 4G; do
	for board in pc q35 isapc; do
		same -M $board,max-ram-below-4g=1G -m $m
	done
done
same -M pc,max-ram-below-4g=1500M -m 3G
for irqchip in on split off; do
	same -M microvm,kernel-irqchip=$irqchip -m 64M
	same -M pc,kernel-irqchip=$irqchip -m 64M
done
node=memory-backend-ram,size=1536M,reserve=off
for board in pc q35; do
	same -M $board -m 3G -object $node,id=a -object $node,id=b \
		-numa node,memdev=a -numa node,memdev=b
	same -M $board -m 1G,slots=2,maxmem=4G
done
same -M microvm -m 3G -object $node,id=a -object $node,id=b \
	-numa node,memdev=a -numa node,memdev=b
same -M pc,memory-backend=f -object "memory-backend-file,id=f,size=64M,mem-path=$work/f,share=on"
same -M pc,memory-backend=f -object memory-backend-memfd,id=f,size=64M
done_testing
