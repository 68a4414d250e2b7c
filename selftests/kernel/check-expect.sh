#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check --expect: what KVM holds, against slots that a file has.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
load_module
start_vm -M microvm -m 64M --paused
kill -CONT $vm
trap 'end_vm; rm -rf "$work"' EXIT
for ((i = 0; i < 600; i++)); do slotscope list --json 2>/dev/null | grep -q "$vm" && break; sleep 0.1; done

slotscope slots --json --pid $vm >"$work/slots"
jq -r '(.state // .).slots[] | "\(.as_id)/\(.id) \(.gpa)+\(.size) @\(.hva) " +
	(if .readonly or (.flags | tostring | test("ro|readonly|0x2")) then "ro" else "" end)' \
	"$work/slots" >"$work/expected" 2>"$work/err" || diag "$(cat "$work/err") $(head -c 600 "$work/slots")"
diag "$(cat "$work/expected")"
check() { run slotscope --json check --pid $vm --no-trace --expect "$work/$1"; }

check expected
is "$status $(ids mismatch)" "0 " "as it is: agree" || diag "$out $err"
like "$(jq -r '.compared[]? // .compared' <<<"$out" 2>/dev/null; echo "$out")" 'model' "as it is: MODEL was compared"

# wrong WORDS ID SED - one word otherwise
wrong() {
	sed "$3" "$work/expected" >"$work/wrong"
	cmp -s "$work/expected" "$work/wrong" && diag "$3 changes nothing"
	check wrong
	is "$status $(ids mismatch)" "1 $2" "$1" || diag "$(jq -r '.findings[].sentence' <<<"$out")"
}
# shellcheck disable=SC2016  # $ is sed's
wrong "a slot that KVM does not have" missing '$a 0/9 0x40000000+0x1000'
wrong "a slot that is not expected" extra '1d'
wrong "another host address" wrong-hva '1s/@0x\([0-9a-f]*\)000/@0x\1000000/'
wrong "read-only" flags '1s/$/ro/'
wrong "dirty log" flags '1s/$/log/'
wrong "another number" slot-id '1s,0/[0-9]*,0/77,'

sed 's, @[^ ]*,,; s,/[0-9]* ,/* ,' "$work/expected" >"$work/few"
check few
is "$status $(ids mismatch)" "0 " "without numbers and host addresses: agree" || diag "$out"

# What can be read once is read once, though a VM is read several times
run slotscope --json check --pid $vm --no-trace --at 0 --at 0.5 --expect <(cat "$work/expected")
is "$status $(jq -r .verdict <<<"$out" | sort | uniq -c | xargs)" "0 2 agree" "a pipe: agree, twice" || diag "$out"
mkfifo "$work/fifo"
cat "$work/expected" >"$work/fifo" &
run timeout 60 slotscope --json check --pid $vm --no-trace --expect "$work/fifo"
is "$status $(ids mismatch)" "0 " "a FIFO: agree" || diag "$out"
run sh -c "slotscope --json check --pid $vm --no-trace --expect - <$work/wrong"
is "$status $(ids mismatch)" "1 slot-id" "standard input: compared" || diag "$out"

# What slotscope slots prints is a view again, as JSON and as text; and so are files that
# a VMM and /proc have
cat /proc/$vm/maps >"$work/maps"
slotscope slots --pid $vm >"$work/table"
run slotscope --json check --slots "$work/slots" --maps "$work/maps"
json="$status $(ids mismatch)|$(jq -c '[.rows[] | [.gpa, .size]]' <<<"$out")"
run slotscope --json check --slots "$work/table" --maps "$work/maps"
is "$status $(ids mismatch)|$(jq -c '[.rows[] | [.gpa, .size]]' <<<"$out")" "$json" "slots as text are slots as JSON"
like "$json" '^[02] \|\[\[' "... of which nothing is contradicted, later on, without the VM"
mkfifo "$work/end"
RAWVMM_MODEL=$work/model build/kernel/tools/rawvmm anon shared anon <"$work/end" >"$work/raw" &
raw=$!
exec 8>"$work/end"
for ((i = 0; i < 600; i++)); do grep -q ready "$work/raw" && break; sleep 0.1; done
run slotscope --json check --pid $raw --no-trace --model "$work/model"
is "$status $(ids mismatch)" "0 " "a VMM's own word of what it means: agree" || diag "$out $err $(cat "$work/model")"
like "$(jq -r '.compared | join(" ")' <<<"$out")" 'model-kernel' "... and it was compared"
jq '.ranges[1].gpa = "0x8000000"' "$work/model" >"$work/moved"
run slotscope --json check --pid $raw --no-trace --model "$work/moved"
is "$status $(ids mismatch)" "1 moved" "a VMM that means another place: moved" || diag "$out"
exec 8>&-
wait $raw

echo 'no slot' >"$work/bad"
check bad
is "$status" 3 "no text of slots: status 3"
like "$out$err" 'line 1 of .*AS/ID' "no text of slots: says the line"
check absent
is "$status" 3 "no file: status 3"
done_testing
