#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope metrics counts what happens while it watches: changes, refusals by their rule,
# gaps; and with the module tells what KVM has beside the slots.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
refuse=$PWD/build/kernel/tools/refuse
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
# has REGEX - a line of the last text
has() { grep -qsE -e "$1" "$work/m.prom"; }
# of PID NAME LABELS - the value of a metric of that process's VM
of() { sed -nE "s/^slotscope_vm_$2\{pid=\"$1\",fd=\"[0-9]+\"${3-}\} (.*)/\1/p" "$work/m.prom"; }

slotscope metrics -d 1 -o "$work/m.prom" 2>"$work/err" &
metrics=$!
pids+=("$metrics")
await has '^slotscope_watching\{what="changes"\} 1' || diag "$(cat "$work/err")"
"$refuse" retries >"$work/made" &
one=$!
pids+=("$one")
await has "slot_changes_total.pid=.$one.*\} 3"
await has "verdict.pid=.$one.*agree.*\} 1"
is "$(of $one slot_changes_total) $(of $one requests_refused_total) $(of $one events_lost_total) $(of $one gaps_total)" \
	"3 1 0 0" "made, deleted, made; once in vain" || diag "$(cat "$work/err" "$work/m.prom")"
is "$(of $one requests_refused_by_rule_total ',rule="overlap"')" 1 "... for another slot was in the way"
is "$(of $one slots ',as_id="0",owner="vmm"') $(of $one readable)" "1 1" "one slot"
slotscope vm -m 64M >"$work/vm" 2>&1 </dev/null &
pc=$!
pids+=("$pc")
await has "gaps_total.pid=.$pc.* [1-9]"
like "$(of $pc gaps_total) $(of $pc gap_seconds_total)" '^[1-9][0-9]* [0-9]+\.0*[1-9]' "RAM that PAM cuts had no slot for a while"
kill -INT "$metrics"
wait "$metrics"
is $? 0 "ends at SIGINT"
load_module
slotscope metrics --details >"$work/m.prom" 2>"$work/err"
# Four bytes for each that slots --details counts
pages=$(slotscope slots --json --details --pid "$pc" | jq '[.details.slots[].huge_pages[]? | .pages] | add')
is "$(of "$pc" slot_metadata_bytes ',kind="huge_pages"')" $((${pages:-0} * 4)) "--details: KVM's books of huge pages"
like "$pages" '^[1-9]' "... of which there are some"
done_testing
