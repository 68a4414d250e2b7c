#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults made in a real QEMU while it runs, by system calls that it makes itself
# without knowing (tools/faultctl.c): each is found, by its name and alone, by a
# checker that attaches after the fact; and is gone when the fault is undone.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
faultctl=$PWD/build/kernel/tools/faultctl

# At reset, paused: nothing moves but what we move. q35 has SMM, so two
# address spaces
qemu-system-x86_64 -accel kvm -M q35 -m 64M -nodefaults -vga none -S \
	-display none -qmp "unix:$work/qmp,server=on,wait=off" &
vm=$!
trap 'end_vm; rm -rf "$work"' EXIT
await [ -S "$work/qmp" ]

# Attached late, TRACED begins with what KERNEL holds: it is left out, to be fast
check() { run slotscope --json check --pid $vm --no-trace; }
# both STATUS IDS WORDS - exit status and the mismatches of the last check
both() {
	is "$status $(ids mismatch)" "$1 $2" "$3"
	is "$(ids unknown)" "" "$3: nothing unknown"
}

# roots - mismatches that do not follow from another one
roots() {
	jq -r '[.findings[] | select(.kind == "mismatch" and .cause == null).id] |
		unique | join(" ")' <<<"$out"
}

# inject WORDS... - 0 expected
inject() {
	local got
	got=$("$faultctl" $vm "$@" 2>&1)
	[ "$got" = 0 ] || diag "faultctl $*: $got"
}

check
is "$status $(ids mismatch)" "0 " "whole: status 0, no mismatch"
whole=$out

# kernel AS_ID NAME - the largest slot there whose MODEL is NAME: "id gpa size hva"
kernel() {
	tail -1 <<<"$whole" | jq -r --argjson space "$1" --arg name "$2" '
		def hex: ltrimstr("0x") | explode | reduce .[] as $c (0; . * 16 +
			if $c > 96 then $c - 87 else $c - 48 end);
		[.rows[] | select(.as_id == $space and .model.name == $name)] |
		max_by(.size | hex) |
		[.kernel.id, .gpa, .size, .kernel.hva] | join(" ")'
}
read -r ram ram_gpa ram_size ram_hva <<<"$(kernel 0 pc.ram)"
read -r bios bios_gpa bios_size bios_hva <<<"$(kernel 0 pc.bios)"
read -r smm smm_gpa smm_size smm_hva <<<"$(kernel 1 pc.ram)"
diag "slots: 0/$ram at $ram_gpa, 0/$bios at $bios_gpa, 1/$smm at $smm_gpa"
free=400            # an id that QEMU does not have yet
nowhere=0x40000000  # where it has no RAM

delete() { inject region "$1" "$2" 0 0 0 0; }
put_ram() { inject region 0 "$ram" "$ram_gpa" "$ram_size" "$ram_hva" 0; }

delete 0 "$ram"
check
both 1 missing "slot deleted"
like "$(jq -r '.findings[].sentence' <<<"$out")" "$ram_gpa.*KERNEL has no slot" \
	"slot deleted: the sentence says where"

# Then put back in another way than it should be
inject region 0 "$ram" $nowhere "$ram_size" "$ram_hva" 0
check
both 1 moved "slot at another guest address"
delete 0 "$ram"

inject region 0 "$ram" "$ram_gpa" "$ram_size" $((ram_hva - 0x1000)) 0
check
is "$status $(roots)" "1 wrong-hva" "slot on other host memory"
delete 0 "$ram"

inject region 0 "$ram" "$ram_gpa" $((ram_size / 2)) "$ram_hva" 0
check
both 1 extent "half of a slot"
is "$(jq -r '.findings[] | select(.id == "extent") | .gpa, .size' <<<"$out")" \
	"$(printf '0x%x\n0x%x' $((ram_gpa + ram_size / 2)) $((ram_size - ram_size / 2)))" \
	"half of a slot: the other half is told"
delete 0 "$ram"

inject region 0 "$ram" "$ram_gpa" "$ram_size" "$ram_hva" 2
check
both 1 flags "RAM made read-only"
delete 0 "$ram"

put_ram
check
both 0 "" "RAM put back under its own id"

delete 0 "$bios"
inject region 0 "$bios" "$bios_gpa" "$bios_size" "$bios_hva" 0
check
both 1 flags "ROM made writable"
delete 0 "$bios"
inject region 0 $free "$bios_gpa" "$bios_size" "$bios_hva" 2
check
both 0 "" "ROM under another id: MODEL knows no ids"
delete 0 $free
inject region 0 "$bios" "$bios_gpa" "$bios_size" "$bios_hva" 2

inject region 0 $free $nowhere 0x100000 "$ram_hva" 0
check
both 1 extra "a slot too much"
delete 0 $free

# The second address space, which only SMM sees
delete 1 "$smm"
check
both 1 missing "slot of SMM deleted"
is "$(jq -r '.findings[].as_id' <<<"$out")" 1 "slot of SMM deleted: address space 1"
inject region 1 "$smm" "$smm_gpa" "$smm_size" $((smm_hva + 0x1000)) 0
check
is "$status $(roots)" "1 wrong-hva" "slot of SMM on other host memory"
delete 1 "$smm"
delete 0 "$ram"
inject region 1 "$smm" "$smm_gpa" "$smm_size" "$smm_hva" 0
inject region 1 $free $nowhere "$ram_size" "$ram_hva" 0
check
like "$(ids mismatch)" 'moved|as-id' "RAM of the first in the second address space"
delete 1 $free
put_ram

# Below the slots
page=$((ram_hva + 0x200000))
inject mprotect $page 0x1000 0
check
both 1 perms "a page without rights"
inject mprotect $page 0x1000 1
check
both 1 perms "a page that cannot be written"
inject mprotect $page 0x1000 3
inject munmap $page 0x1000
check
both 1 unbacked "a page unmapped"
is "$(jq -r '[.findings[] | select(.id == "unbacked" and .as_id == 0)] | .[] | .gpa, .size' <<<"$out")" \
	"$(printf '0x%x\n0x1000' $((ram_gpa + page - ram_hva)))" \
	"a page unmapped: that page, and no other"
inject mprotect "$bios_hva" 0x1000 1
"$faultctl" $vm mmap $page 0x1000 >/dev/null
check
both 0 "" "a ROM that cannot be written, the page mapped again"

# Watched from before: refused, and nobody noticed
slotscope --json check --pid $vm --at 0 --at 6 >"$work/out" 2>"$work/err" &
checker=$!
await [ -s "$work/out" ]
delete 0 "$ram"
is "$("$faultctl" $vm region 0 "$ram" "$ram_gpa" "$ram_size" \
	$((ram_hva + 1)) 0)" -22 "KVM refuses an address within a page"
wait $checker
status=$?
out=$(cat "$work/out")
both 1 "ignored-failure missing" "refused and ignored"
is "$(tail -1 <<<"$out" | jq -r '.findings as $f | $f[] |
	select(.id == "missing") | $f[.cause].id')" ignored-failure \
	"refused and ignored: it is the cause"
put_ram
run slotscope --json check --pid $vm
both 0 "" "all undone, and traced"
is "$(awk '{ print $3 }' /proc/$vm/stat)" S "QEMU lives, and sleeps"
done_testing
