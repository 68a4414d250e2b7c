#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --history FILE: which files it takes, and with what; that one is of this VM is proven in
# selftests/unit/test_logs_past.c, and in the lab
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

# said WORDS ARGUMENTS... - an error that says so: status 3, before anything is looked at
said() {
	"$program" "${@:2}" >"$work/out" 2>"$work/err"
	is "$?" 3 "${*:2}: status 3"
	like "$(tr -s ' \n' ' ' <"$work/err")" "$1" "${*:2}: $1"
	is "$(cat "$work/out")" "" "${*:2}: nothing is printed"
}
"$program" record --ptrace -o "$work/rec" -- "$program" vm --exit-after-halt >"$work/out" 2>&1
is "$?" 0 "a recording"
mkfifo "$work/fifo"
echo "hello" >"$work/text"
head -c 10 "$work/rec" >"$work/short"
for look in check "addr gpa:0" why; do
	# shellcheck disable=SC2086 # words
	said 'No such file' $look --pid $$ --history "$work/nothing"
done
said 'no regular file' check --pid $$ --history "$work/fifo"
said 'no regular file' check --pid $$ --history "$work"
said 'text' check --pid $$ --history "$work/text"
said 'short' check --pid $$ --history "$work/short"
said 'before' check --pid $$ --history "$work/rec" --history "$work/rec"
said 'not both' check --pid $$ --history "$work/rec" --no-history
said 'one look' check --history "$work/rec" -- true
said 'one look' check --watch --pid $$ --history "$work/rec"
said 'one look' check --record "$work/new" --pid $$ --history "$work/rec"
said 'one look' check --no-trace --pid $$ --history "$work/rec"
said 'one look' addr gpa:0 --no-trace --pid $$ --history "$work/rec"
said 'go' check -i "$work/rec" --history "$work/rec"
said 'one look' addr gpa:0 -i "$work/rec" --history "$work/rec"
said 'one look' why -i "$work/rec" --history "$work/rec"

# A VM that is there: what is not used is told, and nothing is guessed from it
"$program" vm --paused -m 8M >"$work/vm" 2>&1 </dev/null &
vm=$!
await grep -q qmp "$work/vm"
why() { # why FILE - why that is not this VM's past
	"$program" --json check --pid $vm --history "$1" 2>"$work/err" | tee "$work/check" |
		jq -r '.history | select(.state == "not-read").why'
}
# A digit of the boot's id is another one, and the CRC of its record fits
python3 - "$work/rec" "$work/other" <<'PYTHON'
import sys

data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"boot_id=")
length = int.from_bytes(data[at - 12 : at - 8], "little")
data[at + 8] = ord("0") if data[at + 8] != ord("0") else ord("1")
crc = 0xFFFFFFFF
for byte in data[at - 12 : at - 4] + data[at : at + length]:
    crc ^= byte
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
data[at - 4 : at] = (crc ^ 0xFFFFFFFF).to_bytes(4, "little")
open(sys.argv[2], "wb").write(data)
PYTHON
is "$(why "$work/other")" "it is of another boot, or of another machine" "another boot's"
is "$(selftests/json-schema check "$work/check")" "" "as its schema has it"
"$program" check --pid $vm --history "$work/other" >"$work/out" 2>&1
like "$(tr -s ' \n' ' ' <"$work/out")" "history: not from $work/other: it is of another boot" "in text, too"
if [ "$("$program" --json check --pid $vm 2>"$work/err" | jq -r '.views.traced.unread // empty')" ]; then
	is "$(why "$work/rec")" "nothing can be traced that it would lead to" "where nothing can be traced"
fi
kill $vm

done_testing
