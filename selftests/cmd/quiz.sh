#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope quiz: problems by a seed, answers judged, an exit status that is earned.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
slotscope=build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run $slotscope quiz -s 7 -n 10
is "$status" 0 "problems alone: status 0"
is "$(grep -cE '^[0-9]+ \([a-z]+\)' <<<"$out")" 10 "as many as asked for"
unlike "$out" '^answer' "and no answer among them"
first=$out
run $slotscope quiz -s 7 -n 10
is "$out" "$first" "the same seed, the same problems"
run $slotscope quiz -s 8 -n 10
[ "$out" != "$first" ]
result $? "another seed, others"
run $slotscope quiz
like "$out" '^seed [0-9]+$' "without a seed one is chosen and told"
run $slotscope quiz -s 7 -n 10 --answers
is "$(grep -c '^answer: ' <<<"$out")" 10 "--answers prints them"
sed -n 's/^answer: //p' <<<"$out" >"$work/right"

$slotscope quiz -s 7 -n 10 -c <"$work/right" >"$work/out"
is "$?" 0 "its own answers: status 0"
is "$(tail -1 "$work/out")" "10 of 10 right" "all are right"
# Turned round and written otherwise
sed -E 's/(^|[ -])([0-9a-f]+)-([0-9a-f]+)/\10x\2-0x\3/g; s/, /;/g' "$work/right" >"$work/otherwise"
$slotscope quiz -s 7 -n 10 -c <"$work/otherwise" >"$work/out"
is "$?" 0 "with 0x, and semicolons: status 0" || diag "$(cat "$work/out")"
sed '3s/.*/0-1 nobody/' "$work/right" >"$work/one"
$slotscope quiz -s 7 -n 10 -k view -c <"$work/one" >"$work/out"
is "$?" 1 "answers to other problems: status 1"
$slotscope quiz -s 7 -n 3 -k view --answers | sed -n 's/^answer: //p' | sed '2s/^0-/1-/' |
	$slotscope quiz -s 7 -n 3 -k view -c >"$work/out"
is "$?" 1 "a wrong one: status 1"
is "$(grep -cE '^(right|wrong: )' "$work/out")" 3 "each is judged"
like "$(grep ^wrong "$work/out")" 'begin' "and what is wrong is told"
is "$(tail -1 "$work/out")" "2 of 3 right" "and counted"
head -2 "$work/right" | $slotscope quiz -s 7 -n 10 -c >"$work/out"
is "$?" 2 "answers that are not there: status 2"
is "$(grep -c '^no answer' "$work/out")" 8 "are told as such, and are not wrong"
echo '?' | $slotscope quiz -s 7 -n 1 -k view -c >"$work/out"
is "$?" 2 "what cannot be read: status 2"
like "$(cat "$work/out")" 'not readable: .*FIRST-LAST' "with how to write it"
unlike "$(cat "$work/out")" '^answer' "and is not answered"

$slotscope quiz --json -s 7 -n 10 -c <"$work/right" >"$work/json"
is "$?" 0 "as JSON: status 0"
is "$(jq -r '[.problems[].verdict] | unique | join(" ")' "$work/json")" right "all right"
is "$(jq -r '.problems[].answer' "$work/json")" "$(cat "$work/right")" "with the answers"
is "$(jq -r '[.problems[] | select(.reason | length > 20)] | length' "$work/json")" 10 "and a reason for each"
is "$($slotscope quiz --json -s 7 -n 10 | jq -r '[.problems[] | has("answer")] | any')" false \
	"no answer before it was asked for"
is "$($slotscope quiz --json -s 7 -n 2 -c </dev/null | jq -r '[.problems[].verdict] | join(" ")')" \
	"missing missing" "a missing one is said to be"

for bad in '-s x' '-n 0' '-k soup' '-c --answers' 'word'; do
	# shellcheck disable=SC2086 # several words
	run $slotscope quiz $bad
	is "$status" 3 "quiz $bad: status 3"
done
# On a terminal it waits, and asks again for what could not be read
if command -v script >"$work/null"; then
	{ echo '?'; $slotscope quiz -s 7 -n 2 --answers | sed -n 's/^answer: //p'; } >"$work/typed"
	script -qec "$slotscope quiz -s 7 -n 2" /dev/null <"$work/typed" >"$work/out" 2>&1
	is "$?" 0 "on a terminal, asked again and right: status 0"
	like "$(cat "$work/out")" 'not readable' "what could not be read may be said again"
	like "$(cat "$work/out")" '2 of 2 right' "and counts once"
else
	skip "on a terminal" "no script (package bsdutils)"
fi
done_testing
