#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a VMM died of, told by check as it sees it end and from a recording; and a
# refusal of which none died.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT
refuse=$PWD/build/kernel/tools/refuse
report=$work/report
load_module

# verdict - "fatal-refusal EEXIST overlap 7 fatal": of the last document that has one
verdict() {
	jq -r 'select(.verdict) | .findings[] | select(.errno) |
		"\(.id) \(.errno) \(.rule) \(.other.id) \(.story.outcome)"' "$report"
}

run slotscope --json check --no-model --report "$report" -o "$work/dies" -- "$refuse" dies
is "$status $(verdict)" "1 fatal-refusal EEXIST overlap 7 fatal" \
	"one that dies: status 1, and of what" || diag "$(cat "$report")" "$err"
is "$(jq -r '.findings[0] | .story | "\(.since) \(.event.comm) \(.last[0].comm)"' "$report")" \
	"event refuse refuse" "one that dies: since when, by whom, and the last change"
like "$(jq -r '.findings[0].sentence' "$report")" \
	'0xfdfff000.*slot 7 at 0xfe000000.* made [0-9]+ m?u?s before by thread [0-9]+ \(refuse\).*ended with status 3$' \
	"one that dies: by name and age"
run slotscope check --no-model --report "$report" -- "$refuse" aborts
is "$status" 1 "one that aborts: status 1"
like "$(tr -s '\n ' ' ' <"$report")" 'died of signal 6 \(SIGABRT\).* since 20[0-9-]+ [0-9:.]+, .* ago: request #' \
	"one that aborts: of what, and at what time of day"
for how in knows moves; do
	run slotscope --json check --no-model --report "$report" -- "$refuse" $how
	is "$status $(grep -c fatal-refusal "$report")" "2 0" "$how: it did not die of it"
done

# Of a command's children the trace knows how they ended
run slotscope --json check --no-model --report "$report" -- sh -c "$refuse dies; exit 0"
is "$status $(verdict)" "1 fatal-refusal EEXIST overlap 7 fatal" \
	"another process than the command: of what, too" || diag "$(cat "$report")" "$err"

# By pid
"$refuse" dies stopped &
vm=$!
run slotscope --json check --no-model --pid $vm --resume --at 60 --report "$report"
is "$status $(verdict)" "1 fatal-refusal EEXIST overlap 7 fatal" "--pid: of what it died" ||
	diag "$(cat "$report")" "$err"

# One that lives: a note, and what came of it
run slotscope --json check --no-model --at 1 --report "$report" -o "$work/retries" -- "$refuse" retries
is "$status $(verdict)" "0 refused EEXIST overlap 7 retried" "one that asks again: harmless"
run slotscope --json check --no-model --at 1 --events windows --report "$report" -o "$work/windows" -- "$refuse" retries
is "$status $(slotscope --json trace -i "$work/windows" | jq -s 'map(select(.change.active_ns)) | length > 0')" \
	"0 true" "--events: what is recorded has them" || diag "$err"
run slotscope --json check --no-model --at 1 --report "$report" -- "$refuse" stays
is "$status $(verdict)" "0 refused EEXIST overlap 7 open" "one that stays: not known"

# From a recording
run slotscope --json check -i "$work/dies" --report "$report"
is "$status $(verdict)" "1 fatal-refusal EEXIST overlap 7 fatal" "-i: of what it died" ||
	diag "$(cat "$report")" "$err"
run slotscope --json check -i "$work/retries" --report "$report"
is "$status $(verdict)" "2 refused EEXIST overlap 7 retried" "-i, of one that lives: nothing to compare with"
run slotscope --json check -i "$work/dies" --at 0 --report "$report"
is "$status $(grep -c fatal-refusal "$report")" "2 0" "-i --at: what came later has not happened"
# trace says beside the errno which rule it was, and who is in the way
run slotscope trace -i "$work/dies"
like "$(tr -s '\n ' ' ' <<<"$out")" \
	'EEXIST .*slot 7 at 0xfe000000.* is in the way \(rule overlap\), made [0-9]+ m?u?s before by thread [0-9]+ \(refuse\)' \
	"trace -i: the rule, and the other party by name and age"
run slotscope --json trace -i "$work/dies"
is "$(jq -r 'select(.why) | "\(.request.result) \(.why.rule) \(.why.other.id) \(.why.made_by == .tid)"' <<<"$out")" \
	"-17 overlap 7 true" "trace -i --json: as fields"
run slotscope check -i "$work/dies" --pid 1
is "$status" 3 "-i goes with no --pid"
run slotscope check -i "$work/dies" --vm nobody
is "$status" 2 "-i --vm: none of that name"
run slotscope check -i /dev/null
is "$status" 3 "-i: no recording"

done_testing
