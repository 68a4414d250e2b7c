#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope diff: what differs between two runs is what was made to differ.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=$PWD/build/user/slotscope
fixtures=$PWD/selftests/fixtures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# compared A B - $counts: the same, differ, only in A, only in B; of all VMs
compared() {
	run "$slotscope" --json diff "$1" "$2"
	counts=$(jq -r '[.vms[] | [.same, .differ, .only_a, .only_b]] | transpose | map(add) | join(" ")' <<<"$out")
	verdict=$(jq -r .verdict <<<"$out")
	is "$(jq .exit_status <<<"$out")" "$status" "$1 and $2: the status is in the document"
}

# Requests as strace has them. hva: the last argument moves all host addresses
region() { # SLOT FLAGS GPA SIZE HVA RESULT
	echo "ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=$1, flags=$2, guest_phys_addr=$3, memory_size=$4, userspace_addr=$5}) = $6"
}
life() { # HIGH
	echo 'ioctl(8, KVM_CREATE_VM, 0) = 9'
	region 0 0 0 0x100000 "0x7f${1}00000000" 0
	region 1 0 0x100000 0x100000 "0x7f${1}00100000" 0
	region 2 KVM_MEM_READONLY 0xfffc0000 0x40000 "0x7f${1}10000000" 0
	region 5 0 0x80000 0x1000 "0x7f${1}20000000" '-1 EEXIST (File exists)'
	region 1 0 0 0 0 0
}
life 00 >one
life 11 | sed 's/^/[pid 77] 00:00:07.5 /; s/$/ <0.000077>/' >moved
compared one moved
is "$status $verdict $counts" "0 same 5 0 0 0" "another run of the same: other addresses, threads, times"
sed 's/0x40000,/0x20000,/' one >size
compared one size
is "$status $verdict $counts" "1 differs 4 1 0 0" "a slot of another size"
is "$(jq -c '[.vms[].edits[] | [.a.request.size, .b.request.size, .differs]]' <<<"$out")" \
	'[["0x40000","0x20000",["size"]]]' "... and that is told"
sed 's/-1 EEXIST (File exists)/0/' one >granted
compared one granted
is "$status $(jq -r '.vms[].edits[].differs[]' <<<"$out")" "1 result" "another answer"
sed '3d' one >less
compared one less
is "$status $verdict $counts" "1 differs 4 0 1 0" "a request less"
compared less one
is "$status $verdict $counts" "1 differs 4 0 0 1" "a request more"
{ sed -n 1,2p one; echo ...; sed -n 4,6p one; } >shortened
compared one shortened
is "$status $verdict $counts" "2 unknown 4 0 1 0" "where a text was shortened it cannot be told"
{ sed -n 1,2p size; echo ...; sed -n '4,$p' size; } >other
compared one other
is "$status $verdict" "1 differs" "... but that it has what a whole one has not can"
head -5 one | head -c -20 >cut-off
sed 1d one >late
compared late late
is "$status $verdict" "2 unknown" "what came before two texts begin nobody knows, even if they are the same"
like "$(jq -r '.not_compared[]' <<<"$out")" "behind the end of late" "... and that no end is told is said"
sed '3s/{.*}/0x7ffc00001000/' one >unread
compared unread unread
is "$status $verdict $(jq -c '[.a, .b | [.lost[].type]]' <<<"$out")" '2 unknown [["request"],["request"]]' \
	"arguments that could not be read: which"
run "$slotscope" diff unread one
like "$out" '^- .*request' "... as a text"
compared one cut-off
is "$status $verdict" "2 unknown" "a text that ends within a line"
compared one one
is "$status" 0 "a file is the same as itself"
run "$slotscope" diff one size
like "$out" '^-  .*0xfffc0000\+0x40000' "as a text: what A has"
like "$out" '^\+  .*0xfffc0000\+0x20000' "... what B has"
like "$out" '^ +in size$' "... in what they differ"
like "$out" 'Not compared:' "... what was not compared"
is "$(tail -1 <<<"$out")" differs "... and the verdict"

# QEMU's own log of a start, against itself with one request taken out
sed '/^#### snapshot/q' "$fixtures/pc/pc-nodefaults/ioctls.txt" >qemu
total=$(grep -c kvm_set_user_memory qemu)
line=$(grep -n kvm_set_user_memory qemu | sed -n '5s/:.*//p')
sed "${line}d" qemu >qemu-less
compared qemu qemu-less
is "$status $verdict $counts" "1 differs $((total - 1)) 0 1 0" "a QEMU trace log, one request taken out"
# Two boards: what all of them have in common no tool tells better than diff
for f in pc-3.5G pc-5G; do
	sed '/^#### snapshot/q' "$fixtures/pc/$f/ioctls.txt" >"$f"
	# QEMU: Slot#N flags=.. gpa=.. size=.. ua=.. ret=..; all but ua, as a line each
	grep -o 'kvm_set_user_memory.*' "$f" | sed 's/ua=0x[0-9a-f]*//' >"$f.plain"
done
compared pc-3.5G pc-5G
common=$(($(wc -l <pc-3.5G.plain) - $(diff --minimal pc-3.5G.plain pc-5G.plain | grep -c '^<')))
is "$status $(jq '.vms[0].same' <<<"$out")" "1 $common" "two boards: as many are the same as for diff --minimal"

# Real runs on this machine's KVM
if [ -w /dev/kvm ] && command -v strace >/dev/null; then
	traced() { # FILE ARGS...
		strace -f -e trace=ioctl -o "$1" "$slotscope" vm -m 16M --exit-after-halt "${@:2}" >vm.out 2>&1
	}
	traced run1; traced run2; traced skipped --fault skip-slot
	compared run1 run2
	is "$status $verdict $(jq '.vms[0].same > 2' <<<"$out")" "0 same true" "our VMM, run twice" ||
		diag "$("$slotscope" diff run1 run2)"
	"$slotscope" record --ptrace -o recorded -- "$slotscope" vm -m 16M --exit-after-halt >vm.out 2>&1
	compared recorded run1
	is "$status $verdict $(jq -r '[.a.kind, .b.kind] | join(", ")' <<<"$out")" \
		"0 same a recording, another tool's text" "a recording of one, and strace's of another" ||
		diag "$("$slotscope" diff recorded run1)"
	compared run1 skipped
	is "$status $verdict" "1 differs" "... and with a slot left out"
else
	skip "real runs" "no /dev/kvm, or no strace"
fi

run "$slotscope" diff one
is "$status" 3 "one file: status 3"
run "$slotscope" diff one none
like "$status $err" '^3 .*none: No such file' "no file: status 3"
run "$slotscope" --json diff one none
is "$status $(jq -r '.error.code > 0' <<<"$out")" "3 true" "... in JSON"
done_testing
