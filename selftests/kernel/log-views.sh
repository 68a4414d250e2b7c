#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What diff, export and trace -c make of what BPF saw: two runs of our VMM are the same,
# changes lie within their requests, sums are those of the events.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
rules=$PWD/selftests/fixtures/trace-event
run_vm=(slotscope vm -m 16M --exit-after-halt)

for name in one two; do
	slotscope record --stacks --events all -o "$work/$name" -- "${run_vm[@]}" >"$work/out" 2>&1
	is $? 0 "recorded" || diag "$(cat "$work/out")"
done

run slotscope --json diff "$work/one" "$work/two"
is "$status $(jq -r .verdict <<<"$out")" "0 same" "two runs are the same" ||
	diag "$(slotscope diff "$work/one" "$work/two")"
slotscope trace --json -i "$work/one" >"$work/events"
# of TYPE - how many events
of() { jq -s "[.[] | select(.type == \"$1\")] | length" "$work/events"; }
is "$(jq '.vms[0].same' <<<"$out")" $(($(of request) + $(of change))) \
	"... by all their requests and changes"

run slotscope export --perfetto -i "$work/one" -o "$work/trace"
is "$status" 0 "exported" || diag "$err"
is "$("$rules/check" "$work/trace")" "" "slices nest, all have names"
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	is "$(/usr/bin/python3 -W ignore -m jsonschema -i "$work/trace" "$rules/trace-event.schema.json" 2>&1)" \
		"" "... as the format's schema has it"
else
	skip "the format's schema" "no python3-jsonschema"
fi
for type in request change exit vcpu kvm-call; do
	is "$(jq "[.traceEvents[] | select(.cat == \"$type\")] | length" "$work/trace")" "$(of $type)" \
		"each event of type $type is there"
done
is "$(jq '[.traceEvents[] | select(.cat == "hole")] | length' "$work/trace")" \
	"$(jq -s '[.[] | select(.change.invalid_ns)] | length' "$work/events")" "each hole is there"
is "$(jq -c '[.traceEvents[] | select(.ph == "X")] as $all |
	[$all[] | select(.cat == "change" and .args.event.call) | . as $c |
	 select([$all[] | select(.cat == "request" and .args.event.call == $c.args.event.call and
		.tid == $c.tid and .ts <= $c.ts and
		.ts + .dur >= $c.ts + $c.dur)] | length != 1) | .name]' "$work/trace")" "[]" \
	"each change lies within its request"

run slotscope --json trace -c -i "$work/one"
is "$(jq -c '[.summary.by_kind[] | select(.kind != "hole")] | group_by(.type) |
	map({key: .[0].type, value: (map(.count) | add)}) | from_entries' <<<"$out")" \
	"$(jq -sc 'map(select(.type != "stack" and .type != "lost")) | group_by(.type) |
		map({key: .[0].type, value: length}) | from_entries' "$work/events")" \
	"trace -c counts each event"
is "$(jq '[.summary.by_kind[] | select(.type == "request") | .duration.sum_ns] | add' <<<"$out")" \
	"$(jq -s '[.[] | select(.type == "request") | .duration_ns] | add' "$work/events")" \
	"... and how long requests took"
run slotscope --json trace -c --report "$work/live" -- "${run_vm[@]}"
is "$(jq '[.summary.by_kind[] | select(.type == "request") | .count] | add' "$work/live")" "$(of request)" \
	"as it runs, too"
done_testing
