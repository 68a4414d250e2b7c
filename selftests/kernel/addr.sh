#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope addr: of a real QEMU, held against what QEMU itself answers to gpa2hva and
# against /proc; of our own VMM with a fault; of a recording.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT
qemu=$(command -v qemu-system-x86_64) || skip_all "no qemu-system-x86_64 here"
load_module

# place N FILTER - of the last document in $out
place() { jq -r ".places[$1]$2" <<<"$out"; }

"$qemu" -accel kvm -m 64M -display none -nodefaults -S -monitor none \
	-object memory-backend-memfd,id=mem,size=64M,share=on -machine pc,memory-backend=mem \
	-device VGA -qmp "unix:$work/qmp,server=on,wait=off" 2>"$work/err" &
vm=$!
for ((i = 0; i < 600; i++)); do
	[ -S "$work/qmp" ] && break
	sleep 0.1
done

run slotscope --json addr gpa:0x100800 --pid $vm --as 0
is "$status $(place 0 .views.model.name) $(place 0 .views.model.offset)" "0 mem 0x100800" \
	"by guest address: the region" || diag "$out" "$err"
is "$(place 0 .views.kernel.hva)" "$(place 0 .views.model.hva)" "KVM's host address is QEMU's (gpa2hva)"
is "$(place 0 '.path | join(">")')" "system>ram-below-4g>mem" "the way to it"
is "$(place 0 .ram_block.name) $(place 0 .ram_block.offset)" "mem 0x100800" "the RAMBlock"
hva=$(place 0 .hva)
# shellcheck disable=SC2046 # two words
set -- $(grep memfd "/proc/$vm/maps" | head -1)
is "$((hva))" "$((0x${1%%-*} + 0x100800))" "the host address is where /proc/PID/maps has the file"
is "$(place 0 .views.backing.path)" "$6 (deleted)" "the mapping's file"
is "$(place 0 .views.backing.offset)" "0x100800" "the offset in the file"
run slotscope addr "hva:$hva" --pid $vm --as 0 --no-trace
like "$out" 'guest 0x100800 in memory, 0' "by host address: the guest's"
# All of it below 4 GiB, its upper half below 1 MiB: hw/i386/x86.c
run slotscope --json addr pc.bios --pid $vm --as 0 --no-trace
is "$status $(jq -r '[.places[] | .gpa] | join(" ")' <<<"$out")" "0 0xe0000 0xfffc0000" \
	"by region: where it is"
run slotscope --json addr 0xa0000 --pid $vm --as 0 --no-trace
is "$status $(place 0 .flat.name) $(place 0 .flat.io) $(place 0 .views.kernel)" \
	"0 vga-lowmem true null" "registers: a region, and no slot" || diag "$out" "$err"
run slotscope addr 0xc0000000 --pid $vm --no-trace
is "$status" 2 "nobody's: status 2"
run slotscope addr 0x1000 --pid $vm --no-trace --no-model
like "$(tr -s '\n ' ' ' <<<"$out")" 'not looked at: MODEL: .*not looked at: TRACED: ' "what was not looked at is said" ||
	diag "$out" "$err"
run slotscope --json addr 0x1000-0x2fff --pid $vm --as 0 --no-trace
is "$(place 0 '.stage2 | length')" 0 "stage 2: no vCPU has run"
kill $vm
wait $vm 2>/dev/null

# Our own VMM, which leaves a slot out: what is wrong there
start_vm -M pc -m 64M --fault skip-slot
kill -CONT "$vm"
for ((i = 0; i < 600; i++)); do
	run slotscope --json check --pid "$vm" --no-trace
	[ "$(ids mismatch)" = missing ] && break
	sleep 0.1
done
gpa=$(jq -r '[.findings[] | select(.id == "missing")][0].gpa' <<<"$out")
run slotscope --json addr "gpa:$gpa" --pid "$vm" --no-trace
is "$status $(place 0 .verdict)" "1 missing" "a fault: status 1, and its name" || diag "$out" "$err"
end_vm

# Of a recording: what happened there, by whom
refuse=$PWD/build/kernel/tools/refuse
run slotscope check --no-model --report "$work/report" -o "$work/rec" -- "$refuse" dies
run slotscope --json addr 0xfe000000 -i "$work/rec"
is "$status $(place 0 .views.traced.id)" "1 7" "-i: whose it was, and that its refusal was fatal" || diag "$out" "$err"
is "$(jq -r '[.events[] | .type] | unique | join(" ")' <<<"$out")" "change request" "-i: what happened"
is "$(jq -r '.events[0].comm' <<<"$out")" refuse "-i: by whom"
like "$(jq -r '[.not_looked_at[].what] | join(" ")' <<<"$out")" 'MODEL KERNEL BACKING' "-i: what it does not tell"
run slotscope addr 0x1000 -i "$work/rec" --pid 1
is "$status" 3 "one of --pid and -i"
done_testing
