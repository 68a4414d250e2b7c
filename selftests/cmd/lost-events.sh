#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who reads events says so where some were lost, or nothing tells what there was before
# them: addr, slots -i, repro, and check of what slots -i printed. No KVM, no root.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=$PWD/build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

region() { # SLOT GPA SIZE HVA
	echo "ioctl(9, KVM_SET_USER_MEMORY_REGION, {slot=$1, flags=0, guest_phys_addr=$2, memory_size=$3, userspace_addr=$4}) = 0"
}
create() { echo 'ioctl(8, KVM_CREATE_VM, 0) = 9'; }
words() { tr -s ' \n' ' ' <<<"$out"; }
doubts() { jq -r '[.in_doubt[].what] | join(" ")' <<<"$out"; }
unseen() { jq -r '[.not_looked_at[].what] | join(" ")' <<<"$out"; }

region 0 0 0x10000 0x7f0000000000 >late
{ create; cat late; } >whole
{ create; cat late; echo "..."; } >lost
{ create; echo "..."; } >empty
{ create; cat late; region 1 0x100000 0x10000 0x7f0000100000; region 1 0 0 0; } >deleted
{ create; region 1 0x100000 0x10000 0x7f0000100000; region 1 0x200000 0x10000 0x7f0000100000; } >moved

# addr
run "$slotscope" addr 0x100 -i whole
is "$status" 0 "addr: a log that is whole: status 0"
unlike "$out" "in doubt|TRACED:" "... and nothing in doubt"
run "$slotscope" addr 0x100 -i lost
is "$status" 2 "addr: events lost, a slot there: status 2"
like "$(words)" "in doubt: TRACED: events were lost" "... and it is said"
run "$slotscope" --json addr 0x100 -i lost
is "$status $(doubts)" "2 TRACED" "... in JSON, too"
run "$slotscope" addr 0x100000 -i lost
like "$status $(words)" "^2 .*in doubt: TRACED: events were lost" "addr: events lost, no slot there"
run "$slotscope" addr 0x100 -i empty
like "$status $(words)" "^2 .*in doubt: TRACED: events were lost" "addr: all of them lost"
run "$slotscope" addr 0x100000 -i late
like "$status $(words)" "^2 .*not looked at: TRACED: tracing began" "addr: nothing tells how it began"
run "$slotscope" --json addr 0x100000 -i late
is "$status $(unseen | grep -o TRACED)" "2 TRACED" "... in JSON, too"
run "$slotscope" addr 0x100 -i late
is "$status" 0 "addr: what was seen to be made is known all the same"
requests() { jq -r '[.events[] | select(.type == "request").seq] | join(" ")' <<<"$out"; }
run "$slotscope" --json addr 0x100000 -i deleted
is "$status $(requests)" "2 3 4" "addr: the request that deleted the slot is among its events"
run "$slotscope" --json addr 0x100 -i deleted
is "$status $(requests)" "0 2" "... and among no other's"
run "$slotscope" --json addr 0x100000 -i moved
is "$status $(requests)" "2 2 3" "addr: so is the one that moved it away"

# slots -i, repro
run "$slotscope" slots -i whole
is "$status $err" "0 " "slots -i: a log that is whole: status 0, and nothing said"
run "$slotscope" slots -i late
is "$status" 2 "slots -i: nothing tells how it began: status 2"
like "$err" "nothing tells how it began" "... and it is said"
run "$slotscope" repro whole -o repro.c
is "$status $err" "0 " "repro: a log that is whole: status 0, and nothing said"
run "$slotscope" repro late -o repro.c
like "$status $err" "^2 .*nothing tells how it began" "repro: nothing tells how it began"
like "$(tr -s ' *\n' ' ' <repro.c)" "nothing tells how it began" "... in the program, too"

# What slots -i prints is read as what it is
cat >model <<'END'
{ "version": 1, "vmm": "a test", "ranges": [ { "gpa": "0x0", "size": "0x10000", "hva": "0x7f0000000000" } ] }
END
check() {
	"$slotscope" slots -i "$1" >table 2>err
	run "$slotscope" --json check --model model --slots table
}
verdict() { jq -r '"\(.verdict) \(.compared | join(" "))"' <<<"$out"; }
check whole
is "$status $(verdict)" "0 agree model-traced" "its text is TRACED, no KERNEL" || diag "$out $err"
check lost
is "$status $(verdict)" "2 unknown " "of events that were lost: cannot tell" || diag "$out $err"
like "$(cat table)" "events were lost" "the text says so itself"
check late
is "$status $(verdict)" "0 agree model-traced" "without a beginning: what it has is compared"
is "$(jq '.views.traced.coverage.blind | length > 0' <<<"$out")" true "... and the rest is blind"

# Agree is not said of all
run "$slotscope" check --model model --slots late
like "$status $out" "agree, as far as can be told:" "check: the first line says that not all could be told"
run "$slotscope" check --model model --slots whole
like "$status $out" "agree: 1 range" "... which a log that is whole does not"
done_testing
