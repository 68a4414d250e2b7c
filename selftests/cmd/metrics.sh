#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope metrics: what Prometheus' own promtool says of both forms, of the alerts and
# of the dashboard's expressions; that all names are documented; files and sockets; the
# unit's list of system calls.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
slotscope=$PWD/build/user/slotscope
docs=Documentation/metrics

# parses FORM FILE - promtool takes it
parses() {
	if [ "$1" = text ]; then
		promtool check metrics <"$2"
		return
	fi
	# promtool reads OpenMetrics to store it, and then each sample has to have a time
	sed -E '/^#/! s/$/ 1700000000/' "$2" >"$2.timed"
	rm -rf "$work/blocks"
	promtool tsdb create-blocks-from openmetrics "$2.timed" "$work/blocks"
}
# names FILE - of the samples, or of the families that have none
names() { sed -nE 's/^# TYPE ([a-z_]+) .*/\1/p' "$1" | sort -u; }

# Alerts and the dashboard: without a VM
cp $docs/slotscope-alerts.yml selftests/cmd/metrics-alerts.yml "$work"
out=$(promtool check rules "$work/slotscope-alerts.yml" 2>&1)
result $? "promtool takes the alerts" || diag "$out"
out=$(promtool test rules "$work/metrics-alerts.yml" 2>&1)
result $? "each fires when it is to, and not when all is well" || diag "$out"
# shellcheck disable=SC2016 # it is Grafana's
jq -r '.. | .expr? // empty' $docs/slotscope-dashboard.json | sed 's/\$__rate_interval/5m/g' |
	jq -Rs 'split("\n") | map(select(. != "")) | { groups: [{ name: "x",
		rules: [to_entries[] | { record: "x:\(.key)", expr: .value }] }] }' >"$work/exprs.yml"
out=$(promtool check rules "$work/exprs.yml" 2>&1)
result $? "promtool takes the dashboard's expressions" || diag "$out"
is "$(jq -r '[.panels[].id] | length == (unique | length)' $docs/slotscope-dashboard.json)" true \
	"the dashboard's panels have ids of their own"

# The units: nothing that a hardened one need not have
for unit in metrics record; do
	sed 's,@PREFIX@,/usr,' user/slotscope-$unit.service.in >"$work/slotscope-$unit.service"
	out=$(systemd-analyze security --no-pager --offline=true "$work/slotscope-$unit.service" 2>&1)
	level=$(sed -nE 's/.*exposure level for .*: ([0-9]+)\.([0-9]+) .*/\1\2/p' <<<"$out")
	result $(($(("${level:-99}")) > 30)) "slotscope-$unit.service: exposure ${level:-not told} of 100, 30 at most"
	lines=$(awk '/^\[/ { on = 1 } on' "$work/slotscope-$unit.service" | grep -cE '^[A-Za-z]+=')
	like "$lines" '^[1-9]' "... which has settings"
done

# No device of the machine: what if it were replaced?
mkfifo "$work/fifo"
for args in '--listen unix:/x -o y' '--listen unix:/x -d 1' '-d 1' 'extra' '--format xml' '-d 0.5 -o x' \
	'--listen tcp:1' "-o $work/fifo" "-o $work/none/x"; do
	# shellcheck disable=SC2086 # words
	$slotscope metrics $args >"$work/out" 2>"$work/err"
	is "$? $(wc -c <"$work/out")" "3 0" "metrics $args: an error"
	like "$(cat "$work/err")" 'next: ' "... that says what to do"
done

[ -w /dev/kvm ] || { skip "metrics of a VM" "no /dev/kvm"; done_testing; exit; }
start_vm -m 64M
wait_for 'qmp @'
if ! $slotscope metrics >"$work/text" 2>"$work/err"; then
	skip "metrics of a VM" "$(head -1 "$work/err")"
	done_testing
	exit
fi
out=$(parses text "$work/text" 2>&1)
is "$? $out" "0 " "promtool takes the text, and has nothing to say of it"
$slotscope metrics --format openmetrics >"$work/om"
out=$(parses openmetrics "$work/om" 2>&1)
result $? "promtool takes OpenMetrics" || diag "$out"
is "$(tail -1 "$work/om")" "# EOF" "... which ends as it is to"
sed '$d' "$work/om" >"$work/cut"
parses openmetrics "$work/cut" >"$work/out" 2>&1
isnt_zero=$?
result $((isnt_zero == 0)) "... and without its end promtool would not"
like "$(cat "$work/text")" "^slotscope_vm_info\{pid=\"$vm\",fd=\"[0-9]+\",comm=\"[^\"]+\",vmm=\"slotscope\",name=\"\"\} 1$" \
	"the VM"
# What KVM says: the same as the program's own list
slots=$($slotscope --json list | jq "[.vms[] | select(.vm.tgid == $vm) | .state.slots[] | select(.hidden | not)] | length")
got=$(sed -nE "s/^slotscope_vm_slots\{pid=\"$vm\",.*as_id=\"0\",owner=\"vmm\"\} (.*)/\1/p" "$work/text")
is "$got" "$slots" "its slots"

# Names: what there is stands in the documentation, in the alerts and panels nothing else
# shellcheck disable=SC2016 # backquotes of Markdown
doc=$(sed -nE 's/^\| `(slotscope_[a-z_]+)` \|.*/\1/p' Documentation/metrics.md | sort)
is "$doc" "$(names "$work/text")" "metrics.md lists all of them"
used=$(grep -ohE 'slotscope_[a-z_]+' $docs/*.yml $docs/*.json | sort -u)
is "$(comm -23 <(printf '%s\n' "$used") <(names "$work/text"))" "" "alerts and dashboard use no other"

# A file is whole whenever it is read, and what is no file is left alone
echo old >"$work/x.prom"
ln -s x.prom "$work/link"
$slotscope metrics -o "$work/link" 2>/dev/null
is "$? $(cat "$work/x.prom")" "3 old" "a link is not replaced"
$slotscope metrics -d 1 -o "$work/x.prom" 2>"$work/err" &
daemon=$!
written() { grep -q EOF "$work/x.prom"; }
await written
is "$(stat -c %a "$work/x.prom")" 644 "node_exporter may read it"
like "$(cat "$work/x.prom")" '^slotscope_counters_since' "counters have begun"
# Another file each time: not one that is written over
first=$(stat -c %i "$work/x.prom")
other() { [ "$(stat -c %i "$work/x.prom")" != "$first" ]; }
await other && result 0 "it is written again"
kill -INT "$daemon"
wait "$daemon"
is "$? $(find "$work" -name '.x.prom*' | wc -l)" "0 0" "a signal ends it, and nothing is left behind"

# The signal comes with the first of what it asks the kernel for
strace -qq -o "$work/calls" -e trace=bpf -e inject=bpf:signal=INT:when=1 "$slotscope" metrics \
	>"$work/out" 2>"$work/err"
is "$? $(wc -c <"$work/out")" "2 0" "a signal before it was written once: nothing, and that is not all well"

# By HTTP
sock=$work/sock
strace -f -c -S name -U name -o "$work/calls" "$slotscope" metrics --listen "unix:$sock" 2>"$work/err" &
daemon=$!
listens() { [ -S "$sock" ]; }
await listens
get() { curl -s --max-time 60 --unix-socket "$sock" "$@"; }
get http://x/metrics >"$work/text"
out=$(parses text "$work/text" 2>&1)
is "$? $out" "0 " "by HTTP: text, if nobody says"
get -H 'Accept: application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;q=0.5' \
	-D "$work/head" http://x/metrics >"$work/om"
like "$(cat "$work/head")" '^Content-Type: application/openmetrics-text; version=1.0.0' "by HTTP: OpenMetrics"
out=$(parses openmetrics "$work/om" 2>&1)
result $? "... as promtool takes it" || diag "$out"
is "$(get -o /dev/null -w '%{http_code}' http://x/other)" 404 "no other page"
kill -TERM "$(pgrep -P "$daemon")"
wait "$daemon"
strace -f -c -S name -U name -o "$work/calls.record" "$slotscope" record --all --keep 4M --for 0.5 \
	-o "$work/rec" >/dev/null 2>&1

# Each call that they make is one that their units let them make
sets() { # sets WORD... - the system calls of systemd's sets, nested, and names
	local word inner
	for word; do
		if [[ $word != @* ]]; then
			echo "$word"
			continue
		fi
		mapfile -t inner < <(systemd-analyze syscall-filter --no-pager "$word" |
			sed -nE 's/^    ([@a-z0-9_-]+)$/\1/p')
		sets "${inner[@]}"
	done
}
mv "$work/calls" "$work/calls.metrics"
for unit in metrics record; do
	read -ra rights < <(sed -nE 's/^SystemCallFilter=([^~].*)/\1/p' "user/slotscope-$unit.service.in")
	read -ra wrongs < <(sed -nE 's/^SystemCallFilter=~(.*)/\1/p' "user/slotscope-$unit.service.in")
	comm -23 <(sets "${rights[@]}" | sort -u) <(sets "${wrongs[@]}" | sort -u) >"$work/allowed"
	awk '/^-/ { on = !on; next } on { print $NF }' "$work/calls.$unit" | sort -u >"$work/made"
	like "$(cat "$work/made")" '^bpf$' "$unit: strace saw its calls"
	is "$(comm -23 "$work/made" "$work/allowed")" "" "$unit: the unit allows all of them"
done
kill -TERM "$vm"
wait_vm
done_testing
