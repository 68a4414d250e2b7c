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
refused "check --history" log check --history log --report log --pid $$
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

# A FIFO that nobody reads holds nobody up; one that somebody reads gets it all
mkfifo fifo
# output WORDS FILE - a command of ours that writes it
output() {
	local words
	read -ra words <<<"$1 $2"
	[[ $1 != record* ]] || words+=(-- true)
	run timeout 60 "$slotscope" "${words[@]}"
}
outputs=("trace -i log --report" "trace -i log --html" "export --perfetto -i log -o" "repro log -o")
[ ! -w /dev/kvm ] || outputs+=("record --ptrace -o")
for words in "${outputs[@]}"; do
	output "$words" fifo
	like "$status $(tr -s ' \n' ' ' <<<"$err")" '^3 .*nobody reads.*start its reader' "$words: a FIFO without a reader"
done
exec 9<>fifo
run "$slotscope" trace -i log --report fifo
is "$status" 0 "one that somebody reads" &&
	like "$(timeout 60 dd bs=64k count=1 status=none <&9)" '0/0 0x0' "... gets it all"
exec 9<&-

# What others have put in the way
if [ "$(id -u)" != 0 ]; then
	skip "what another user has put in the way" "this is not root: all is ours"
else
	mkdir theirs shared folder
	chown nobody theirs
	chmod 1777 shared
	echo mine >mine
	ln -s "$work/mine" theirs/link
	ln -s "$work/none" theirs/dangling
	ln -s "$work/folder" theirs/folder
	ln -s ../folder theirs/relative
	chown -h nobody theirs/*
	ln mine theirs/hard
	ln -s theirs/link through
	mkdir folder/deep
	ln -s ../../theirs/link folder/deep/through
	echo theirs >shared/theirs
	chown nobody shared/theirs
	mkfifo -m 666 shared/fifo
	chown nobody shared/fifo
	exec 9<>shared/fifo
	for words in "${outputs[@]}" "metrics -o"; do
		for trap in theirs/{link,dangling,hard,folder/new,relative/new} through folder/deep/through shared/{theirs,fifo}; do
			# It replaces what is there, and so writes to nothing of anybody else's
			[[ $words != metrics* || $trap == theirs/*/* ]] || continue
			output "$words" "$trap"
			like "$status $(tr -s ' \n' ' ' <<<"$err")" '^3 .*(another user|another name).*next: ' "$words $trap: refused"
		done
	done
	run "$slotscope" learn 2 --start theirs/folder
	like "$status $(tr -s ' \n' ' ' <<<"$err")" '^3 .*another user' "learn --start theirs/folder: refused"
	is "$(cat mine shared/theirs) $([ -e none ] && echo none) $(find folder ! -type d)" "mine
theirs  folder/deep/through" "nothing is written, and nothing made"
	exec 9<&-
	# What is left to it
	for place in theirs/new theirs/new shared/new shared/new folder/deep/../new; do
		run "$slotscope" repro log -o $place
		is "$status $(head -c 2 $place)" "0 /*" "$place: written" || diag "$err"
	done
	ln -s theirs/new own
	run "$slotscope" repro log -o own
	is "$status$err" 0 "a link of our own is followed"
	ln -s theirs/later own-dangling
	run "$slotscope" repro log -o own-dangling
	is "$status $(head -c 2 theirs/later)" "0 /*" "... also to what is not there"
fi
# The ways of a path
mkdir -p ways/a ways/b
ln -s ../b ways/a/b
ln -s loop ways/loop
for place in ways/a/b/x ways/./a//b/../b/x "$work/ways/a/b/x" ways/a/../a/b/x; do
	rm -f ways/b/x
	run "$slotscope" repro log -o "$place"
	is "$status $(head -c 2 ways/b/x)" "0 /*" "$place: written" || diag "$err"
done
for place in ways/loop ways/ ways/new/ ways/none/x log/x ""; do
	run "$slotscope" repro log -o "$place"
	is "$status $(find ways ! -type d | sort | xargs)" "3 ways/a/b ways/b/x ways/loop" "${place:-an empty path}: refused"
done

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
