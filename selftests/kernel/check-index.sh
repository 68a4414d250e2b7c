#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# KVM's own indexes of the slots of a VM that is up, damaged one at a time by the
# tests' module: check names which, and the slot, and nothing else; mended, it agrees.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
vm=
trap 'end_vm; rm -rf "$work"' EXIT
test_module=build/kmod-test/$(uname -r)/slotscope_test.ko
[ -e "$test_module" ] || skip_all "no $test_module"

slotscope vm --paused -M pc -m 64M >"$work/vm.out" 2>"$work/vm.err" &
vm=$!
await grep -q "slotscope-qmp-$vm" /proc/net/unix

check() { run slotscope --json check --pid "$vm" --no-trace; }
# faults - "what as_id:slot" of each, as the audit has them
faults() {
	jq -r '[.views.kernel.audit.faults[] | "\(.what) \(.as_id):\(.slot_id // "-")"] |
		join(", ")' <<<"$out" 2>&1
}
agrees() {
	is "$status $(ids mismatch)$(ids unknown)" "0 " "$1" || diag "$out $err"
}

check
agrees "without the module: status 0"
like "$(jq -r .views.kernel.audit.none <<<"$out")" 'BPF' \
	"without the module: why nobody audited"
load_module
insmod "$test_module" || exit 1
damage=build/kernel/tools/damage
check
agrees "whole"
is "$(jq -c '.views.kernel.audit | [.slots > 3, .nr_faults, .faults]' <<<"$out")" \
	'[true,0,[]]' "whole: all slots were audited, and no fault"
slots=$(jq -c '[.rows[] | [.gpa, .kernel]]' <<<"$out")
# the slot of the RAM at 1 MiB, and its number of address space 0
slot=$(jq -r '.rows[] | select(.as_id == 0 and .gpa == "0x100000").kernel.id' <<<"$out")
run slotscope check --pid "$vm" --no-trace
like "$out" 'own indexes of [1-9][0-9]* slots' "whole: the summary says that it looked" ||
	diag "$out"

# damaged WHAT ID VALUE FAULTS SENTENCE - found alone; mended again
damaged() {
	local old name="$1 of slot $2"
	old=$($damage "$vm" "$1" "$2" "$3" 2>&1)
	check
	is "$status $(ids mismatch)" "1 index" "$name: status 1, index alone" || diag "$out $err"
	is "$(ids unknown)" "${6:-}" "$name: nothing is lost but ${6:-nothing}"
	like "$(faults)" "^$4$" "$name: what is wrong"
	like "$(jq -r '.findings[] | select(.id == "index").sentence' <<<"$out")" "$5" \
		"$name: the sentence says where"
	[ "$1" = id-hash ] && is "$(jq -c '[.rows[] | [.gpa, .kernel]]' <<<"$out")" "$slots" \
		"$name: what KVM holds is told as before"
	$damage "$vm" "$1" "$2" "$old" >/dev/null || diag "$name: not mended ($old)"
	check
	agrees "$name: mended"
}
damaged id-hash "$slot" 0 "id-hash 0:$slot, sets 0:$slot" \
	"about slot $slot at 0x100000 of address space 0: the id hash"
# (it is before others then)
damaged hva-start "$slot" 0x1000 "hva-range 0:$slot(, hva-order 0:[0-9]+)*" "the hva tree .* 0x1000,"
damaged gfn-tree "$slot" 0 "gfn-tree 0:$slot, nr-pages 0:-" "slot $slot .* not in the gfn tree"
damaged nr-pages 0 12345 "nr-pages 0:-" "counts 12345 pages"
damaged npages "$slot" 0 "slot 0:$slot, .*, nr-pages 0:-" "slot $slot .* no slot" unread

# With a trace, and for people
old=$($damage "$vm" id-hash "$slot" 0)
run slotscope check --pid "$vm"
is "$status" 1 "with a trace: status 1"
like "$out" "^index \(mismatch\): KVM's own indexes disagree about slot $slot" \
	"with a trace: said to people"
like "$out" '^mismatch: .* 2 mismatches, 0 unknown' "with a trace: and nothing else" || diag "$out"
$damage "$vm" id-hash "$slot" "$old" >/dev/null
done_testing
