#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real QEMU whose memory changes as it does in a VM's life: devices with memory and
# DIMMs are plugged, mapped and unplugged (what a guest's driver and firmware would write
# is written by QEMU's monitor), it is saved and loaded, migrates to the end and goes on,
# is reset. After each step the views agree, with nothing unknown; and the step shows.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
vm=
trap 'end_vm; rm -rf "$work"' EXIT
truncate -s 1M "$work/disk" # over which QEMU puts a qcow2 of its own
qemu-system-x86_64 -accel kvm -M pc -m 64M,slots=2,maxmem=1G -nodefaults -vga none -S \
	-display none -qmp "unix:$work/qmp,server=on,wait=off" \
	-drive "if=none,id=disk,format=raw,snapshot=on,file=$work/disk" -device virtio-balloon-pci,addr=7 \
	-object memory-backend-ram,id=shm,size=1M,share=on \
	-object memory-backend-ram,id=mem0,size=128M 2>"$work/qemu.err" &
vm=$!
await [ -S "$work/qmp" ] || diag "$(cat "$work/qemu.err")"

# agrees HAS WORDS - the ranges of MODEL that are HAS (an extended regular expression),
# as "as_id:gpa+size flags of its slot"; the rest is only to agree
agrees() {
	run slotscope --json check --pid "$vm" --no-trace
	is "$status $(jq -r '.verdict, .findings[].sentence' <<<"$out")" "0 agree" "$3: agree" ||
		diag "$out $err"
	is "$(jq -r --arg name "$1" '[.rows[] | select(.as_id == 0 and .model.name == $name) |
		"\(.gpa)+\(.size) \(.kernel.flags)"] | join(", ")' <<<"$out")" "$2" "$3: it shows"
}
# config DEVICE REGISTER WIDTH VALUE - the lines that write it; h: 2 bytes, w: 4
config() {
	printf 'o /w 0xcf8 0x%x\n' $((0x80000000 | $1 << 11 | $2))
	echo "o /$3 0xcfc $4"
}
lines() {
	local all
	mapfile -t all < <("$@")
	hmp "${all[@]}"
}
map_bar() { # of device 5, at 0xe0000000
	config 5 0x18 w 0xe0000000
	config 5 0x1c w 0
	config 5 4 h 2
}
eject_device() { printf 'o /w 0xae10 0\no /w 0xae08 %d\n' $((1 << $1)); }
eject_dimm() { printf 'o /w 0xa00 0\no /b 0xa14 8\n'; }

agrees shm '' "at reset"
hmp 'device_add ivshmem-plain,id=d5,addr=5,memdev=shm,master=on'
agrees shm '' "a device is plugged"
lines map_bar
agrees shm '0xe0000000+0x100000 0x0' "its BAR is mapped"
lines config 5 0x18 w 0xe4000000
agrees shm '0xe4000000+0x100000 0x0' "its BAR is moved"
lines config 5 0x18 w 0x1000000
agrees shm '' "its BAR is moved below RAM, which hides it"
lines config 5 0x18 w 0xe4000000
hmp 'device_add pc-dimm,id=dimm0,memdev=mem0'
agrees mem0 '0x100000000+0x8000000 0x0' "a DIMM is plugged"
agrees shm '0xe4000000+0x100000 0x0' "... beside the BAR"

hmp 'savevm one'
# the log of dirty pages that saving has begun ends once the VM runs
agrees mem0 '0x100000000+0x8000000 0x1' "saved"
lines config 5 4 h 0
agrees shm '' "the BAR is switched off"
hmp 'loadvm one'
agrees shm '0xe4000000+0x100000 0x1' "loaded: the BAR is there again"

hmp 'migrate_set_parameter max-bandwidth 64k' 'migrate -d "exec:cat >/dev/null"'
logged() {
	run slotscope --json check --pid "$vm" --no-trace
	[ "$(jq -r '[.rows[] | select(.as_id == 0 and .model.name == "mem0").kernel.flags] | first' <<<"$out")" = 0x1 ]
}
for ((i = 0; i < 60; i++)); do logged && break; done
agrees mem0 '0x100000000+0x8000000 0x1' "it migrates: dirty pages are logged"
hmp 'migrate_set_parameter max-bandwidth 8G'
migrated() { hmp 'info migrate' | grep -q 'Migration status: completed'; }
for ((i = 0; i < 120; i++)); do migrated && break; sleep 0.5; done
hmp cont stop
agrees mem0 '0x100000000+0x8000000 0x0' "it has migrated, and goes on all the same"

hmp 'balloon 32'
agrees mem0 '0x100000000+0x8000000 0x0' "a balloon that no guest inflates"
hmp 'device_del d5'
lines eject_device 5
agrees shm '' "the device is unplugged"
hmp 'device_del dimm0'
lines eject_dimm
agrees mem0 '' "the DIMM is unplugged"
is "$(hmp 'info memory-devices')" '' "... QEMU has none any more"
hmp system_reset
agrees pc.bios '0xe0000+0x20000 0x2, 0xfffc0000+0x40000 0x2' "reset"
done_testing
