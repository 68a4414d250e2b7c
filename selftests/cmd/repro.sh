#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope repro: each program is built with libc and linux-libc-dev alone, and run on
# this machine's KVM: what it says, KVM says.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
slotscope=$PWD/build/user/slotscope
fixtures=$PWD/selftests/fixtures
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# built WORDS ARGS... - write, build, run: "the same", or $out tells
built() {
	run "$slotscope" repro "${@:2}" -o repro.c
	is "$status $err" "0 " "$1: written" || return
	gcc -std=gnu99 -Wall -Wextra -Werror -o repro repro.c >gcc.out 2>&1 ||
		{ result 1 "$1: builds"; diag "$(head -5 gcc.out)"; return; }
	run ./repro
}
requests() { grep -c '^	{ [0-9]*, [01], ' repro.c; }

sed '/^#### snapshot/q' "$fixtures/pc/pc-nodefaults/ioctls.txt" >trace
built "a QEMU's start" trace
is "$status ${out%%:*}" "0 the same" "... ends in the same slots" || diag "$out"
is "$(requests)" "$(grep -c kvm_set_user_memory trace)" "... by as many requests"
built "a QEMU's start, minimized" --minimize trace
is "$status ${out%%:*}" "0 the same" "... ends in the same slots" || diag "$out"
slots=$(sed -n 's/.*, \([0-9]*\) slots at the end/\1/p' <<<"$out")
is "$(requests)" "$slots" "... by one request a slot: none was only for the way"

# a failure each: what KVM answered on some machine is what it answers here
region() { # SLOT FLAGS GPA SIZE HVA RESULT
	echo "ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=$1, flags=$2, guest_phys_addr=$3, memory_size=$4, userspace_addr=$5}) = $6"
}
# fails NAME NEEDED LINE... - of all requests so many are needed for the failure
fails() {
	{
		echo 'ioctl(8, KVM_CREATE_VM, 0) = 9'
		region 0 0 0 0x100000 0x7f0000000000 0
		region 1 0 0x100000 0x100000 0x7f0000100000 0
		region 2 KVM_MEM_READONLY 0xfffc0000 0x40000 0x7f1000000000 0
		region 1 0 0 0 0 0
		region 1 0 0x200000 0x100000 0x7f0000200000 0
		region 1 KVM_MEM_LOG_DIRTY_PAGES 0x200000 0x100000 0x7f0000200000 0
		printf '%s\n' "${@:3}"
	} >"$1"
	built "$1" "$1"
	is "$status ${out%%:*}" "0 the same" "... fails in the same way" || diag "$out"
	built "$1, minimized" --minimize "$1"
	is "$status ${out%%:*}" "0 the same" "... fails in the same way" || diag "$out"
	is "$(requests)" "$2" "... with what it needs alone" || diag "$(grep '^	{' repro.c)"
}
fails overlap 2 "$(region 5 0 0x80000 0x1000 0x7f2000000000 '-1 EEXIST (File exists)')"
fails size-align 1 "$(region 5 0 0x80000000 0x800 0x7f2000000000 '-1 EINVAL (Invalid argument)')" "$(region 6 0 0x90000000 0x1000 0x7f3000000000 0)"
fails hva-align 1 "$(region 5 0 0x80000000 0x1000 0x7f2000000001 '-1 EINVAL (Invalid argument)')"
fails hva-range 1 "$(region 5 0 0x80000000 0x1000 0xffff800000000000 '-1 EINVAL (Invalid argument)')"
fails read-only-changed 2 "$(region 2 0 0xfffc0000 0x40000 0x7f1000000000 '-1 EINVAL (Invalid argument)')"
fails size-changed 3 "$(region 1 KVM_MEM_LOG_DIRTY_PAGES 0x200000 0x80000 0x7f0000200000 '-1 EINVAL (Invalid argument)')"
fails no-such-flag 1 "$(region 5 0x80000000 0x80000000 0x1000 0x7f2000000000 '-1 EINVAL (Invalid argument)')"
fails delete-absent 1 "$(region 7 0 0 0 0 '-1 EINVAL (Invalid argument)')"

# What came out otherwise is said, and is no success
sed 's/EEXIST (File exists)/EINVAL (Invalid argument)/' overlap >otherwise
built "an answer that this KVM does not give" otherwise
like "$status $out" '^1 .*File exists, and was Invalid argument' "... is told"
sed '$s/.*/ioctl(9, KVM_SET_USER_MEMORY_REGION, 0x7ffe10) = 0/' overlap >unread
run "$slotscope" repro unread -o repro.c
like "$status $err" '^2 .*may end otherwise' "a request that could not be read: status 2, and said"
like "$(head -8 repro.c)" '1 requests could not be read' "... in the program, too"

# A test for the drop-in
run "$slotscope" repro --kselftest overlap -o drop.c
is "$status" 0 "--kselftest: written"
run gcc -O2 -Wall -Wextra -Wno-unused-parameter -Werror -I"$OLDPWD/selftests/kselftest" -o drop drop.c -lpthread
is "$status $err" "0 " "--kselftest: builds in the drop-in"
run ./drop
like "$status $(tr '\n' ' ' <<<"$out")" '^[04] .*(ok 1|SKIP)' "--kselftest: runs, or is skipped without the module" || diag "$out $err"

run "$slotscope" repro none
like "$status $err" '^3 .*none: No such file' "no file: status 3"
echo nonsense >nonsense
run "$slotscope" --json repro nonsense
is "$status $(jq -r '.error.code > 0' <<<"$out")" "3 true" "no log: status 3, an error in JSON"
run "$slotscope" repro
is "$status" 3 "without a file: status 3"
done_testing
