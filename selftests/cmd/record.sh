#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope record, and slots -i --at: what a VM held at a time, by a file that is whole,
# that was kept in part, whose writer was killed. Without root, by --ptrace.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
cc=${CC:-gcc}
# Slot 0 comes and goes, round after round: with an argument for ever
"$cc" -O1 -o "$work/churn" selftests/kernel/tools/churn.c 2>"$work/gcc" ||
	skip_all "$cc cannot: $(cat "$work/gcc")"

# slots_at FILE [OPTIONS] - ids of the slots that there were
slots_at() { "$program" --json slots -i "$@" 2>"$work/err" | jq -c '[.slots[].id] | sort'; }
# when FILE N - seconds from the first event on to just behind the end of request N
when() {
	"$program" --json trace -i "$1" 2>"$work/err" | jq -s --argjson n "$2" '
		([.[] | select(.type == "request")][$n - 1]) as $r |
		($r.time_ns + $r.duration_ns - .[0].time_ns + 1) / 1e9'
}

"$program" record --ptrace -o "$work/rec" -- "$work/churn" 3 >"$work/out" 2>&1
is "$?" 0 "a recording: status 0"
is "$(slots_at "$work/rec")" "[1,2]" "at its end"
# It makes 1 and 2, then 0 comes and goes three times
is "$(slots_at "$work/rec" --at "$(when "$work/rec" 1)")" "[1]" "behind the first request"
is "$(slots_at "$work/rec" --at "$(when "$work/rec" 2)")" "[1,2]" "behind the second"
is "$(slots_at "$work/rec" --at "$(when "$work/rec" 3)")" "[0,1,2]" "slot 0 came"
is "$(slots_at "$work/rec" --at "$(when "$work/rec" 4)")" "[1,2]" "and went"
third=$(when "$work/rec" 3)
is "$(slots_at - --at "$third" <"$work/rec")" "[0,1,2]" "of standard input"
unlike "$("$program" slots -i "$work/rec")" 'generation [0-9]' "requests alone tell no generation"
for look in slots check; do
	"$program" $look -i "$work/rec" --at 1000 >"$work/out" 2>&1
	is "$?" 3 "$look: a time beyond its end is refused"
	like "$(cat "$work/out")" 'it ends [0-9.]+ s before' "$look: and it is said how far"
done
"$program" slots -i "$work/rec" --at "2000-01-01 00:00" >"$work/out" 2>&1
is "$?" 2 "a time before its beginning: cannot tell"
like "$(tr -s ' \n' ' ' <"$work/out")" 'begins [0-9.]+ s after' "and it is said how far"
now=$(date '+%F %T.%N')
"$program" record --ptrace -o "$work/rec" -- "$work/churn" 1 >"$work/out" 2>&1
"$program" slots -i "$work/rec" --at "$now" >"$work/out" 2>&1
is "$?" 2 "a time of the clock before it began"
"$program" slots -i "$work/rec" --vm 7 >"$work/out" 2>&1
is "$?" 2 "a VM that is not there"

# Kept in part: far more requests than there is room for
"$program" record --ptrace --keep 4M -o "$work/kept" -- "$work/churn" 30000 >"$work/out" 2>&1
is "$?" 0 "--keep 4M: status 0"
[ "$(stat -c %s "$work/kept")" -le $(((4 << 20) + 8192)) ]
result $? "the file is no larger"
"$program" --json trace -i "$work/kept" >"$work/trace" 2>"$work/err"
is "$?" 0 "what was dropped is no loss"
like "$(head -1 "$work/trace")" '"reason":"dropped"' "and it is told"
is "$(jq -s '[.[] | select(.type == "base")] | length > 1' "$work/trace")" true \
	"the slots that stood are told first"
# The VM, 60002 requests, and how it ended
is "$(jq -s -c '.[-1] | [.seq, .type, .["process-exit"].status]' "$work/trace")" '[60004,"process-exit",0]' \
	"up to the last event"
"$program" record --ptrace --keep 5M -o "$work/more" -- "$work/churn" 30000 >"$work/out" 2>&1
run "$program" --json diff "$work/kept" "$work/more"
is "$status $(jq -r '.verdict, (.a.dropped > .b.dropped)' <<<"$out" | xargs)" "2 unknown true" \
	"of an equal run more was kept: it cannot be told"
run "$program" diff "$work/kept" "$work/kept"
like "$status $(tr -s ' \n' ' ' <<<"$out")" '^2 .*older events that were not kept: [0-9]+ of .*kept .*unknown' \
	"nor with itself, and what was not kept is told"
"$program" record --ptrace -o "$work/rec" -- "$work/churn" 1 >"$work/out" 2>&1
run "$program" diff "$work/rec" "$work/rec"
is "$status" 0 "one that is whole is the same as itself"
run "$program" record --ptrace --for 1 -o "$work/half" -- "$work/churn" 1000000000
run "$program" --json diff "$work/half" "$work/half"
is "$status $(jq -r '.vms[0].verdict' <<<"$out")" "0 same" "one whose command we ended has its end, too"
is "$(slots_at "$work/kept")" "[1,2]" "the slots at its end"
is "$(slots_at "$work/kept" --at 0 | jq -c 'map(select(. > 0))')" "[1,2]" \
	"those that never changed are there at the beginning of what is kept, too"
like "$("$program" check -i "$work/kept" 2>&1)" "began after the VM did" \
	"check knows that it does not know what was before"

# Read while it is written, and when its writer is dead
"$program" record --ptrace --keep 4M -o "$work/killed" -- "$work/churn" 1000000000 \
	>"$work/out" 2>&1 &
recorder=$!
for ((i = 0; i < 600; i++)); do
	"$program" trace -i "$work/killed" >"$work/text" 2>"$work/err"
	grep -q 'not kept' "$work/text" && break
	sleep 0.1
done
like "$(cat "$work/text")" 'older events were not kept' "read while it goes round"
like "$(cat "$work/err")" "still being written" "and it is said that it is"
for verb in repro "export --perfetto -i" "check -i" "addr 0x10000 -i"; do
	# shellcheck disable=SC2086 # words
	"$program" $verb "$work/killed" >"$work/out" 2>"$work/err"
	like "$(cat "$work/err")" "still being written" "$verb says so"
done
"$program" diff "$work/killed" "$work/rec" >"$work/out" 2>"$work/err"
like "$? $(cat "$work/err")" "^[12] .*killed is still being written" "diff says so"
"$program" slots -i "$work/killed" >"$work/text" 2>"$work/err"
is "$?" 0 "its slots can be told meanwhile"
like "$(cat "$work/err")" "still being written" "it is said there, too"
like "$(cat "$work/text")" "0 +2 0" "and are"
{ kill -9 "$recorder" && wait "$recorder"; } 2>"$work/err"
"$program" trace -i "$work/killed" >"$work/text" 2>"$work/err"
is "$?" 2 "killed: status 2"
like "$(tail -1 "$work/text")" "LOST at least 1 event: cut" "what is missing is its end"
is "$(grep -c LOST "$work/text")" 1 "and nothing else"

for size in 1M 9G x -5M 4MB; do
	"$program" record --ptrace --keep=$size -o "$work/rec" -- true >"$work/out" 2>&1
	is "$?" 3 "--keep $size is refused"
done
"$program" record --ptrace --keep 4M -o - -- true 2>"$work/err" | cat >"$work/out"
is "${PIPESTATUS[0]}" 3 "--keep into a pipe is refused"
done_testing
