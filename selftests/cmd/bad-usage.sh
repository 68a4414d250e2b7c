#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong command lines: one message that says what, why and what next; status 3;
# nothing on standard output, but in JSON mode a JSON error there.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refused() { # refused REGEX ARGS...
	local regex=$1
	shift
	run "$program" "$@"
	is "$status" 3 "slotscope $*: status 3"
	like "${err//$'\n'/ }" "$regex" "slotscope $*: says why"
	is "$out" "" "slotscope $*: nothing on standard output"
	run "$program" --json "$@"
	is "$status" 3 "slotscope --json $*: status 3"
	is "$(jq -r '.error | [.code, .tried, .why, .next] | all(. != null and . != "")' \
		<<<"$out" 2>&1)" true \
		"slotscope --json $*: a whole JSON error"
}

run "$program"
is "$status" 3 "slotscope alone: status 3, nothing was done"
like "$out" '^usage: slotscope' "slotscope alone: a short help"
like "$(wc -l <<<"$out")" '^1?[0-9]$' "... of less than twenty lines"
run "$program" --json
like "$(jq -r .error.why <<<"$out")" 'no command' "slotscope --json alone: a JSON error"
refused 'no command "frobnicate"' frobnicate
refused 'no option like --frobnicate' --frobnicate
for c in check list top slots trace vm model doctor; do
	refused 'no option' "$c" --frobnicate
done
for c in list top slots vm doctor; do
	refused '(argument|extra|word)' "$c" stray-word
done
refused '.' check
refused 'not a process number' check --pid x
refused 'not a process number' check --pid -1
refused 'not a process number' slots --pid 99999999999999999999
refused 'needs an argument' check --pid
refused 'number of seconds' check --pid 1 --at never
refused 'number of seconds' top -d soon
refused '0.1 is the least' top -d 0
refused 'number from 1 on' top -n 0
refused 'its number.*PID:FD' check --pid 1 --vm 0
refused 'its number.*PID:FD' trace --pid 1 --vm 1:x
refused 'it is empty' check --pid 1 --vm ''
refused 'numbered from 1' check --pid 1 --vm 0
refused 'no descriptor' check --pid 1 --vm 1:2:3
refused 'write --pid 120' slots 120
refused 'that process: --pid 123' check 123
refused 'open /none: No such.*next: give a file with AS/ID' check --pid 1 --expect /none
echo '0/0 0x0+0x1000 rx' >"$work/flags"
: >"$work/nothing"
refused '"rx" is none of rw, ro, log, gmem' check --pid 1 --expect "$work/flags"
refused 'it is empty +next' trace -i "$work/nothing"
refused 'not a recording of slotscope' trace -i /etc/passwd
refused 'name a file that slotscope record' trace -i /none
refused '\-\-fd goes with --pid' check --fd 3 -- true
# The second of two would be looked at, and the first passed over
for c in check slots trace map addr why tree; do
	refused 'process 1 was named before' "$c" --pid 1 --pid 2
done
refused 'descriptor 3 was named before' check --pid 1 --fd 3 --fd 4
for c in "trace" "slots" "check" "map" "export --perfetto"; do
	# shellcheck disable=SC2086  # words
	refused 'was named for the same before' $c -i /none -i /etc/passwd
done
refused '\-\-to-end goes with a COMMAND' check --to-end --pid 1
refused 'write the report to /none/x' trace --report /none/x --pid 1
refused 'number of seconds' trace --pid 1 --for -1
# Did you mean
refused 'did you mean check\?' chekc
refused 'did you mean record\?' recrod
refused 'slotscope check --pid 1234' 1234
refused 'slotscope check -- sh' sh
refused 'did you mean check\?' help chek
refused 'did you mean --record\?' check --recrod x
refused 'did you mean --json\?' --jsn
refused '"zhs" \(did you mean zsh\?\)' completion zhs
refused 'may be --resume, --record or --report' check --re
refused '\-pid has one dash +next: write --pid' check -pid 12
refused '\-\-json takes no value' list --json=yes
refused 'auto, always or never' list --color=blue
# QEMU's own
refused 'option of QEMU.* KVM is all there is' vm -enable-kvm
refused 'option of QEMU.*no disks' vm -cdrom x
refused 'option of QEMU.*write --paused' vm -S
refused 'option of QEMU.*slotscope check -- qemu' check -enable-kvm
refused 'option of QEMU.*slotscope check -- qemu' -m 1G
refused '.' slots
refused '.' trace
# --json may stand behind what is wrong
for words in "slots --pid x" "check --frobnicate" "check --at never" "trace --for -1" \
	"list --frobnicate" "vm -M nothing" "model replay --frobnicate" "doctor stray-word"; do
	# shellcheck disable=SC2086  # words
	run "$program" $words --json
	is "$status $(jq -r .error.code <<<"$out" 2>&1) $err" "3 22 " \
		"slotscope $words --json: a JSON error"
done
run "$program" check --pid x -- ls --json
is "$out" "" "check -- COMMAND --json: that is the command's"

for how in --version -V version; do
	run "$program" $how
	like "$status $out" '^0 slotscope [0-9]' "$how prints the version"
done
run "$program" help
is "$out" "$("$program" --help)" "help prints what --help prints"
run "$program" check -p x
like "$err" 'not a process number' "-p is --pid everywhere"
run "$program" slots -p x
like "$err" 'not a process number' "... of slots, too"
run "$program" -j check -p x
is "$(jq .error.code <<<"$out")" 22 "-j is --json"
run "$program" --help
is "$status" 0 "--help: status 0"
like "$out" 'Exit status: 0' "--help tells the exit statuses"

# A process may have any name: a newline in it begins no line of an error
mkfifo "$work/never"
perl -e '$0 = "a\nb\033c"; open(my $f, ">", shift); open(my $g, "<", shift)' "$work/named" "$work/never" &
named=$!
has_name() { [ -e "$work/named" ]; }
await has_name
"$program" check --no-trace --pid $named >"$work/out" 2>"$work/err"
is "$(grep -c '^b' "$work/err")" 0 "a newline in a process's name"
like "$(cat "$work/err")" '\(a\\0ab\\1bc\)' "... is seen as such"
kill $named
wait $named 2>/dev/null
done_testing
