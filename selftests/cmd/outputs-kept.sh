#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a file has is not lost to a command that has nothing to write there, or that reads
# it; and a file that was cut is not taken for a whole one.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=${SLOTSCOPE:-$PWD/build/user/slotscope}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

region() { # SLOT GPA SIZE RESULT
	echo "ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=$1, flags=0, guest_phys_addr=$2, memory_size=$3, userspace_addr=0x7f0000000000}) = $4"
}
{ echo '1.0 ioctl(8, KVM_CREATE_VM, 0) = 9'; region 0 0 0x100000 0; } >log

# refused WORDS FILE ARGS... - status 3, says so, and FILE is what it was
refused() {
	cp "$2" before
	run bash -c '"$@" <log' - "$slotscope" "${@:3}"
	like "$status $(tr -s ' \n' ' ' <<<"$err")" '^3 .*same file' "$1: refused"
	cmp -s before "$2"
	result $? "$1: the file is what it was"
	cp before "$2"
}
refused "repro" log repro log -o log
ln -sf log link
refused "repro by another name" log repro log -o link
refused "repro, the output first" log repro -o log ./log
refused "export" log export --perfetto -i log -o log
refused "trace" log trace -i log --report log
refused "trace of standard input" log trace -i - --report log
refused "check -i" log check -i log --report log
for option in slots mtree model maps; do
	refused "check --$option" log check --$option log --report log
done
refused "check --expect" log check --expect log --report log -- true
refused "check --record" log check --expect log --record log -- true

# kept WORDS STATUS ARGS... - it fails, and old is what it was
kept() {
	echo old >old
	run "$slotscope" "${@:3}"
	is "$status $(cat old)" "$2 old" "$1: what was there is kept"
}
kept "repro of no file" 3 repro none -o old
kept "repro of no log" 3 --json repro old -o old2
kept "export of no file" 3 export --perfetto -i none -o old
kept "a command line that is wrong" 3 trace -i log --report old --nonsense
kept "options that do not go together" 3 trace -i log --report old --for 3
run "$slotscope" repro none -o new
is "$status $([ -e new ] && echo there)" "3 " "nothing written: no file is made"
echo "longer than what comes, by far" >old
run "$slotscope" trace -i none --report old
like "$status $(head -c 5 old)" '^3 slot' "an error in --report's file, in place of what it had"
seq 100000 >old
run "$slotscope" repro log -o old
run "$slotscope" repro log -o new
cmp -s old new
result $? "what is written replaces what was there"
run "$slotscope" trace -i log --report /dev/stdout
like "$status" ^0 "a report" && like "$out" '0/0 0x0' "... to what is no regular file"

# The end of a text may be in the middle of a name or a number
cut() { # WORDS FILE
	run "$slotscope" trace -i "$2"
	like "$status $(tail -1 <<<"$out")" '^2 .*LOST at least 1 event: cut' "$1: its end is missing"
	like "$(tr -s ' \n' ' ' <<<"$err")" 'no newline ends it; if it is whole, add one' "... and how to mend it"
}
{ cat log; printf '100 ioctl(4, KVM_SET_USER_M'; } >short
cut "strace's output, cut in a name" short
head -c -1 log >short
cut "strace's output without the last newline" short
{ echo 'kvm_slots_grow 0 -> 16'
	echo 'kvm_set_user_memory AddrSpace#0 Slot#0 flags=0x0 gpa=0x0 size=0x1000 ua=0x7f0000000000 guest_memfd=-1 guest_memfd_offset=0x0 ret=0'
	printf 'kvm_set_user_memory AddrSpace#0 Slot#1 flags=0x0 gpa=0x0 size=0x1000 ua=0x7f0000000000 guest_memfd=-1 guest_memfd_offset=0x0 ret=-2'; } >short
cut "QEMU's log, cut in a result" short
unlike "$out" ENOENT "... which is not told"
printf '0/0 0x0+0x100000\n0/1 0x100000+0x100' >short
run "$slotscope" check --slots short --maps /proc/self/maps
like "$(tr -s ' \n' ' ' <<<"$out$err")" 'no newline ends it' "a text of slots that is cut: it is said"
is "$(grep -c 0x100100 <<<"$out")" 0 "... and the slot that was cut is not told"

# A recording of bounded size has that size
if [ ! -w /dev/kvm ]; then
	skip "a recording" "no /dev/kvm"
else
	gcc -O1 -o churn "$OLDPWD/selftests/kernel/tools/churn.c" 2>gcc.out ||
		diag "$(cat gcc.out)"
	run "$slotscope" record --ptrace -o rec -- ./churn 3
	is "$status" 0 "a recording"
	cp rec before
	run "$slotscope" record --ptrace -o rec -- /nonexist/cmd
	cmp -s before rec
	is "$? $status" "0 3" "a command that cannot be started: the earlier one is kept"
	run "$slotscope" record --ptrace -o never -- /nonexist/cmd
	is "$status $([ -e never ] && echo there)" "3 " "... and none is made"
	run "$slotscope" record --ptrace --keep 4M -o rec -- ./churn 3
	run "$slotscope" trace -i rec
	is "$status" 0 "--keep: whole"
	for size in 3000000 $(($(stat -c %s rec) - 1)); do
		head -c "$size" rec >short
		run "$slotscope" trace -i short
		like "$status $(tail -1 <<<"$out")" '^2 .*LOST at least 1 event: cut' "--keep, cut to $size bytes"
		run bash -c '"$1" trace -i - <short' - "$slotscope"
		is "$status" 2 "... of standard input"
	done
fi
done_testing
