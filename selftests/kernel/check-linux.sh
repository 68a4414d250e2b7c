#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# LAB: -t 3600
# A real QEMU whose guest is Linux, under check --watch from its first system call to its
# end: memory is plugged, used and unplugged by Linux's own drivers (a DIMM, virtio-mem,
# a balloon, ivshmem's BAR), it migrates while Linux writes, and reboots. The changes of
# each step are those that the step is made of, and no finding comes of any. So for
# Debian's QEMU and, where selftests/vm/fetch --qemu has brought it, the newest.
# SLOTSCOPE_CACHE is where that is, HOME's otherwise.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
vm=
trap 'end_vm; rm -rf "$work"' EXIT
cache=${SLOTSCOPE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/slotscope}
kernel=$cache/kernels/6.12
drivers=$kernel/lib/modules/$(cat "$kernel/release")/kernel/drivers/virtio

# The initramfs: init, and two modules that need no others
mkdir -p "$work/root/"{proc,sys,dev}
cp build/kernel/guest/linux-init "$work/root/init"
mknod "$work/root/dev/console" c 5 1
for module in virtio_balloon virtio_mem; do
	xz -dc "$drivers/$module.ko.xz" >"$work/root/$module.ko"
	echo "/$module.ko" >>"$work/root/list"
done
(cd "$work/root" && find . | cpio -o -H newc --quiet) >"$work/initrd"

# patiently COMMAND... - Linux takes its time, a guest in a guest
patiently() {
	local i
	for ((i = 0; i < 4; i++)); do await "$@" && return; done
	return 1
}
console() { tail -c "+$((mark + 1))" "$work/console" 2>/dev/null | tr -d '\r'; }
says() { console | grep -qE "^guest: $1\$"; }

# begin - a step: what watch and guest say from now on is the step's
begin() {
	mark=$(stat -c %s "$work/console" 2>/dev/null || echo 0)
	told=$(stat -c %s "$work/watch" 2>/dev/null || echo 0)
}
watched() { tail -c "+$((told + 1))" "$work/watch"; }
# changes - what watch told of KVM's since, each change as "what gpa+size flags"
changes() {
	watched | sed -nE 's/^ +[0-9.]+ +[0-9]+ +(create|delete|move|flags) [0-9]+\/[0-9]+ ([^ ]+) @[^ ]+( .*)? gen .*/\1 \2\3/p'
}
changed() { changes | grep -qE "$1"; }
# steady WORDS - no finding has come, but notes
steady() {
	is "$(watched | grep -E ' [+-]  [a-z-]+ \((mismatch|unknown)| =  (mismatch|unknown)|LOST')" '' \
		"$name: $1: nothing is found" || diag "$(watched)"
}
# step WORDS CHANGE - watch tells of a change like it, and all agrees
step() {
	is "$(await changed "$2" && echo told)" told "$name: $1: watch tells of it" ||
		diag "$(watched)"
	run slotscope --json check --pid "$vm" --no-trace --qmp "$work/check"
	is "$status $(jq -r '.verdict, (.findings[] | select(.kind != "note").sentence)' <<<"$out")" "0 agree" \
		"$name: $1: agree" || diag "$err"
	steady "$1"
}
blocks() { console | sed -nE 's/^guest: [0-9]+ kB, ([0-9]+) blocks$/\1/p' | tail -1; }
more_blocks() { [ "$(blocks)" ] && [ "$(blocks)" -gt "$1" ]; }
fewer_blocks() { [ "$(blocks)" ] && [ "$(blocks)" -lt "$1" ]; }
answers() { hmp "$1" | tr -d '\r' | grep -qE "$2"; }

life() { # life NAME QEMU VIRTIO-MEM-OPTIONS
	local before
	name=$1
	rm -f "$work"/{qmp,watch,check,monitor,console,pid}
	mark=0 told=0
	slotscope check --watch --report "$work/watch" --qmp "$work/monitor" -- \
		"$2" -accel kvm -cpu host -M pc -m 192M,slots=2,maxmem=2G -nodefaults \
		-vga none -display none -serial "file:$work/console" -pidfile "$work/pid" \
		-qmp "unix:$work/qmp,server=on,wait=off" -qmp "unix:$work/monitor,server=on,wait=off" \
		-qmp "unix:$work/check,server=on,wait=off" -kernel "$kernel/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 quiet memhp_default_state=online_movable mitigations=off nokaslr \
tsc=reliable no_timer_check lpj=5000000 cryptomgr.notests random.trust_cpu=1 panic=-1" \
		-device virtio-balloon-pci,addr=6 \
		-object memory-backend-ram,id=vmem,size=512M \
		-device "virtio-mem-pci,addr=7,id=vm0,memdev=vmem,requested-size=0$3" \
		-object memory-backend-ram,id=shm,size=1M,share=on \
		-object memory-backend-ram,id=mem0,size=128M >"$work/qemu.err" 2>&1 &
	watcher=$!
	is "$(patiently says '[0-9]+ kB, [0-9]+ blocks' && echo up)" up "$name: Linux is up" ||
		diag "$(cat "$work/qemu.err" "$work/watch"; console)"
	vm=$(cat "$work/pid")
	steady "it boots"

	begin
	before=$(blocks)
	: "${before:=$(tr -d '\r' <"$work/console" | sed -nE 's/^guest: [0-9]+ kB, ([0-9]+) blocks$/\1/p' | tail -1)}"
	hmp 'device_add pc-dimm,id=dimm0,memdev=mem0'
	is "$(patiently more_blocks "$before" && echo online)" online "$name: Linux uses the DIMM"
	step "a DIMM is plugged" '^create 0x1[0-9a-f]+\+0x8000000$'
	begin
	hmp 'device_del dimm0'
	is "$(patiently fewer_blocks "$((before + 1))" && echo offline)" offline "$name: Linux gives it back"
	step "the DIMM is unplugged" '^delete 0x1[0-9a-f]+\+0x8000000$'

	begin
	hmp 'qom-set /machine/peripheral/vm0 requested-size 134217728'
	is "$(patiently more_blocks "$before" && echo more)" more "$name: Linux uses virtio-mem"
	run slotscope --json check --pid "$vm" --no-trace --qmp "$work/check"
	is "$status $(jq -r .verdict <<<"$out")" "0 agree" "$name: virtio-mem grows: agree"
	[ -z "$3" ] || step "virtio-mem grows by slots" '^create 0x[0-9a-f]+\+0x[0-9a-f]+$'
	begin
	hmp 'qom-set /machine/peripheral/vm0 requested-size 0'
	is "$(patiently fewer_blocks "$((before + 1))" && echo fewer)" fewer "$name: Linux gives it back"
	run slotscope --json check --pid "$vm" --no-trace --qmp "$work/check"
	is "$status $(jq -r .verdict <<<"$out")" "0 agree" "$name: virtio-mem shrinks: agree"
	[ -z "$3" ] || step "virtio-mem shrinks by slots" '^delete 0x[0-9a-f]+\+0x[0-9a-f]+$'
	steady "virtio-mem"

	begin
	hmp 'balloon 160'
	is "$(patiently answers 'info balloon' 'actual=160$' && echo inflated)" inflated "$name: Linux fills the balloon"
	run slotscope --json check --pid "$vm" --no-trace --qmp "$work/check"
	is "$status $(jq -r .verdict <<<"$out")" "0 agree" "$name: with a balloon: agree"
	is "$(changes)" "" "$name: ... no slot changed for it"
	hmp 'balloon 192'
	is "$(patiently answers 'info balloon' 'actual=192$' && echo deflated)" deflated "$name: ... and empties it"
	steady "the balloon"

	begin
	hmp 'device_add ivshmem-plain,id=d5,addr=5,memdev=shm,master=on'
	is "$(patiently says '.* is on' && echo on)" on "$name: Linux maps ivshmem's memory"
	step "its BAR is mapped" '^create 0x[0-9a-f]+\+0x100000$'
	begin
	hmp 'device_del d5'
	step "the device is unplugged" '^delete 0x[0-9a-f]+\+0x100000$'

	begin
	hmp 'migrate_set_parameter max-bandwidth 64k' 'migrate -d "exec:cat >/dev/null"'
	step "it migrates: writing is logged" '^flags 0x100000\+0x[0-9a-f]+ .*log'
	hmp 'migrate_set_parameter max-bandwidth 8G' 'migrate_set_parameter downtime-limit 60000'
	is "$(patiently answers 'info migrate' 'tatus:[[:space:]]+completed' && echo migrated)" migrated \
		"$name: it has migrated while Linux wrote"
	begin
	hmp cont
	step "it goes on here" '^flags 0x100000\+0x[0-9a-f]+'

	begin
	hmp system_reset
	is "$(patiently says '[0-9]+ kB, [0-9]+ blocks' && echo up)" up "$name: Linux is up again"
	steady "it reboots"
	hmp quit
	wait "$watcher"
	is $? 0 "$name: nothing was wrong in all its life"
	like "$(tail -1 "$work/watch")" '^The views agreed at each check$' "$name: ... and watch says so" ||
		diag "$(tail -20 "$work/watch")"
	unlike "$(cat "$work/watch")" 'LOST|events? were lost' "$name: ... and lost nothing"
}

life "QEMU 7.2" "$(command -v qemu-system-x86_64)" ''
if [ -x "$cache/qemu/newest/qemu-system-x86_64" ]; then
	life "the newest QEMU" "$cache/qemu/newest/qemu-system-x86_64" ,dynamic-memslots=on
else
	skip "the newest QEMU" "selftests/vm/fetch --qemu has not been run"
fi
done_testing
