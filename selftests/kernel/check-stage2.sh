#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# KVM's page tables of a real QEMU: check --stage2 finds nothing wrong while it runs, and
# an entry that the tests' module makes wrong, where it is.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
vm=
trap 'end_vm; rm -rf "$work"' EXIT
test_module=build/kmod-test/$(uname -r)/slotscope_test.ko
[ -e "$test_module" ] || skip_all "no $test_module"

qemu-system-x86_64 -accel kvm -M pc -m 64M -nodefaults -vga none -display none \
	-chardev "file,id=bios,path=$work/bios" -device isa-debugcon,iobase=0x402,chardev=bios &
vm=$!
for ((i = 0; i < 1200; i++)); do
	grep -q "No bootable device" "$work/bios" 2>/dev/null && break
	sleep 0.1
done
like "$(cat "$work/bios")" "No bootable device" "the firmware has run"

check() { run slotscope --json check --pid "$vm" --no-trace --no-model --stage2; }
# stage2 - "bytes are told, moving, faults"
stage2() { jq -c '.views.kernel.stage2 | [.bytes > 100000, .moving, .nr_faults]' <<<"$out"; }

check
is "$status $(ids unknown)" "2 unread" "without the module: cannot tell"
like "$(jq -r '.findings[].sentence' <<<"$out")" "page tables.*BPF cannot" "without it: why"
slots() { run slotscope --json slots --pid "$vm" "$@"; }
slots --stage2 all
is "$status $(jq -c '[.stage2.mappings, .stage2.unread]' <<<"$out")" \
	'2 [[],"BPF cannot read them"]' "slots without the module: not told" || diag "$out"
slots --details
is "$status $(jq -c '[(.details | keys), (.slots | length > 2)]' <<<"$out")" \
	'2 [["not_told"],true]' "slots without the module: the slots, and no details" || diag "$out"
load_module
insmod "$test_module" || exit 1
run slotscope --json check --pid "$vm" --no-trace --no-model
is "$(jq -c .views.kernel.stage2 <<<"$out")" null "not asked for: not looked at"
check
is "$status $(ids mismatch)$(ids unknown)" "0 " "while it runs: status 0" || diag "$out"
is "$(stage2)" "[true,0,0]" "while it runs: something was looked at"
is "$(jq -c '.views.kernel.stage2.mapped | [length > 2, all(.is == "same" or .is == "not-compared")]' <<<"$out")" \
	'[true,true]' "... and it is told what they map" || diag "$out"
run slotscope check --pid "$vm" --no-trace --no-model --stage2 --html "$work/page.html"
like "$(grep -o '"mapped":[^]]*' "$work/page.html")" '"as_id":0,"gpa":"0x' "a page has it, for its lane"
like "$out" "[KMG]iB in KVM's page tables with" "the summary says that it looked" || diag "$out"

# No vCPU runs while an entry is wrong
kill -STOP "$vm"
for ((i = 0; i < 600; i++)); do
	[[ $(cat /proc/"$vm"/task/*/stat | cut -d' ' -f3 | sort -u) == T ]] && break
	sleep 0.1
done
damage=build/kernel/tools/damage
# spte GFN VALUE - put there; prints what was
spte() { "$damage" "$vm" spte "$1" "$2"; }
# A page of the firmware that it has touched since its slots changed last
gfn='' good=0
for ((i = 0xf0; i < 0x100; i++)); do
	gfn=$(printf 0x%x "$i")
	good=$(spte "$gfn" 0)
	spte "$gfn" "$good" >/dev/null
	((good >> 11 & 1)) && break
done
is $((good >> 11 & 1)) 1 "stopped: the firmware's page is mapped" || diag "entry $good"
# row - sets $row to what maps that page, in address space 0, as slots has it
row() {
	slots --stage2 "$gfn"000
	row=$(jq -r '.stage2.mappings[] | select(.as_id == 0) |
		"\(.gpa) \(.size) \(.hpa) \(.is) \(.host)"' <<<"$out")
}
hpa() { printf '0x%x' $(($1 & 0xffffffffff000)); }
row
is "$row" "${gfn}000 0x1000 $(hpa "$good") same $(hpa "$good")" \
	"slots: what the firmware's page is mapped to" || diag "$out"
run slotscope slots --pid "$vm" --stage2 all
like "$out" "[KMG]iB mapped there" "slots, as a table" || diag "$out"
is "$(awk 'length > 80' <<<"$out")" "" "slots, as a table: 80 columns"
spte "$gfn" $((good + 0x1000)) >/dev/null
row
is "$row" "${gfn}000 0x1000 $(hpa $((good + 0x1000))) other-page $(hpa "$good")" \
	"slots: another page, and which the host has" || diag "$out"
spte "$gfn" "$good" >/dev/null

# What is beside the slots: by what the machine was made with, and by sums
slots --details --stage2 0xfffff000+0x1000
is "$status" 0 "details: status 0"
is "$(jq -c '.details.vm | [.type, .vcpus, .owner, .dirty_ring_bytes]' <<<"$out")" \
	'[0,1,true,0]' "details: of the VM" || diag "$out"
pages=$(jq -r '.slots[].size' <<<"$out" | { n=0; while read -r size; do n=$((n + size / 4096)); done; echo "$n"; })
is "$(jq .details.vm.pages <<<"$out")" "$pages" "details: KVM's count of pages is that of the slots"
is "$(jq -c '[.details.slots, .slots | length] | .[0] == .[1]' <<<"$out")" true "details: one for each slot"
is "$(jq -c '[.details.address_spaces[0].end, (.details.slots[0].huge_pages[0] | [.size, .pages, .disallowed])]' <<<"$out")" \
	'["0x100000000",["0x200000",1,1]]' "details: the end of memory; 640 KiB are no huge page" || diag "$out"
run slotscope slots --pid "$vm" --details
is "$(awk 'length > 80' <<<"$out")" "" "details, as a table: 80 columns"
like "$out" "VM: type 0, 1 vCPU, .* references, $pages pages in slots" "details, as a table: of the VM" || diag "$out"
run slotscope slots --pid "$vm" --stage2 0x1g
is "$status" 3 "a range that is none"
run slotscope slots --pid "$vm" --stage2 0x10000000000000
is "$status" 3 "a range beyond all memory"
check
is "$status $(stage2)" "0 [true,0,0]" "stopped: status 0" || diag "$out"

# wrong VALUE SENTENCE NAME - found, alone; and gone once it is mended
wrong() {
	spte "$gfn" "$1" >/dev/null
	check
	is "$status $(ids mismatch) $(ids unknown)" "1 stage2 " "$3: status 1, stage2 alone" ||
		diag "$out"
	is "$(jq -c '.findings[] | select(.id == "stage2") | [.gpa, .size]' <<<"$out")" \
		"[\"${gfn}000\",\"0x1000\"]" "$3: where"
	like "$(jq -r '.findings[] | select(.id == "stage2").sentence' <<<"$out")" "$2" "$3: what"
	spte "$gfn" "$good" >/dev/null
	check
	is "$status $(stage2)" "0 [true,0,0]" "$3: mended"
}
wrong $((good ^ 0x1000)) "${gfn}000-${gfn}fff of address space 0 to host page 0x.*, and host address 0x.* has page 0x" \
	"another page"
spte "$gfn" 0 >/dev/null
check
is "$status $(stage2)" "0 [true,0,0]" "not mapped is never wrong"
spte "$gfn" "$good" >/dev/null
kill -CONT "$vm"
check
is "$status $(ids mismatch)" "0 " "it goes on: status 0" || diag "$out"
done_testing
