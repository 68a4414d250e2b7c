#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What slotscope gives up, as the kernel tells it; what it starts has the user's own; and a
# user who has some capabilities alone gets as far as these go.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
vm='' trace=''
trap 'kill $vm $trace 2>/dev/null; rm -rf "$work"' EXIT
[ "$(id -u)" = 0 ] || skip_all "this is not root: there is nothing to give up"
# where others can run it
chmod 755 "$work"
cp build/user/slotscope build/user/slotscope-vm "$work"
program=$work/slotscope

# caps PID - effective ones, as hex digits; bit CAPS NUMBER - is it among them?
caps() { sed -n 's/^CapEff:\s*//p' "/proc/$1/status"; }
bit() { echo $((0x$1 >> $2 & 1)); }
mine=$(caps self)

# Each command is in the table, also the one that shells ask
commands=$(build/user/slotscope complete -- '' | cut -f1)
like "$commands" '^check$' "the commands are told"
for c in $commands complete; do
	grep -qE "^	\\{ \"$c\", " user/cmd/rights.c || missing+="$c "
done
is "${missing-}" "" "user/cmd/rights.c has every command"

# At once: before it has opened what it is to read
mkfifo "$work/never"
$program diff "$work/never" "$work/never" >/dev/null 2>&1 &
trace=$!
await grep -q '^NoNewPrivs:.1' /proc/$trace/status
result $? "diff: it gains nothing by an exec"
now=$(caps $trace)
# SYS_ADMIN, SYS_PTRACE, NET_ADMIN
is "$(for n in 21 19 12; do bit "$now" $n; done | xargs)" "0 0 0" "diff: what reads files alone has no more than that"
is "$(bit "$now" 1)" "$(bit "$mine" 1)" "diff: what it needs is there"
kill $trace
wait $trace 2>/dev/null
trace=''

# What it starts: all that we have. fd 3: it may not write to the report
# shellcheck disable=SC2016 # for the command's shell
run $program check --no-trace --report "$work/report" -- \
	sh -c 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status'
is "$(awk '{print $2}' <<<"$out" | xargs)" "$mine 0 0" "check -- COMMAND: it has all that we have"
# shellcheck disable=SC2016 # likewise
run $program trace --ptrace --report "$work/report" -- \
	sh -c 'grep -E "^CapEff:" /proc/self/status'
is "$(awk '{print $2}' <<<"$out")" "$mine" "trace --ptrace -- COMMAND: so has this"

# While it waits, what traces has given up what it does not need
mkfifo "$work/go"
# shellcheck disable=SC2016 # likewise
$program trace --ptrace --report "$work/report" -- sh -c 'echo >"$1"; read -r _ <"$1"' sh "$work/go" &
trace=$!
read -r _ <"$work/go"
now=$(caps $trace)
# SYS_MODULE, NET_ADMIN, SETUID, CHOWN, SYS_CHROOT
is "$(for n in 16 12 7 0 18; do bit "$now" $n; done | xargs)" "0 0 0 0 0" "trace: what it never needs is gone"
# SYS_PTRACE, KILL: where we have them ourselves
is "$(bit "$now" 19) $(bit "$now" 5)" "$(bit "$mine" 19) $(bit "$mine" 5)" "trace: what it needs is there"
is "$(sed -n 's/^NoNewPrivs:\s*//p' /proc/$trace/status)" 1 "trace: and it gains nothing by an exec"
if $program --version | grep -q +seccomp; then
	is "$(sed -n 's/^Seccomp:\s*//p' /proc/$trace/status)" 2 "trace: system calls are filtered"
else
	skip "trace: system calls are filtered" "built without libseccomp"
fi
echo >"$work/go"
wait $trace
trace=''

# What is started otherwise, by learn and vm, is no less
run $program vm --version
like "$out" '^slotscope-vm ' "vm becomes slotscope-vm"

if [ ! -w /dev/kvm ]; then
	skip "a user with capabilities" "no /dev/kvm here"
	done_testing
fi
$program vm -m 16M --paused >/dev/null 2>"$work/vm" &
vm=$!
await grep -q 'pid' "$work/vm" || diag "$(cat "$work/vm")"
# as NAME... - by somebody who has these capabilities and no others
as() {
	local list words
	read -ra words <<<"$1"
	list=$(printf ',+%s' "${@:2}")
	run setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps="-all${list%,+}" \
		--ambient-caps="-all${list%,+}" --bounding-set="-all${list%,+}" \
		"$program" --json "${words[@]}"
}
vms() { jq -r --argjson pid $vm '[.vms[] | select(.vm.tgid == $pid)] | length' <<<"$out"; }
as list ''
is "$status $(vms)" "2 0" "list by a user without capabilities: it cannot tell, and says so"
as list sys_ptrace dac_read_search
is "$(vms)" 1 "list by a user with SYS_PTRACE and DAC_READ_SEARCH: the VM is there" || diag "$status $out"
as "slots --pid $vm" sys_ptrace dac_read_search
is "$status" 3 "slots needs more than these"
like "$out" 'CAP_SYS_ADMIN' "and says what"
run $program --json slots --pid $vm
theirs=$(jq -c '.slots' <<<"$out") root=$status
# dac_override: for /dev/kvm, where that has no group of its own
as "slots --pid $vm" sys_ptrace dac_read_search sys_admin bpf perfmon syslog dac_override
if [ $root = 0 ]; then
	is "$status $(jq -c '.slots' <<<"$out")" "0 $theirs" "slots by a user with those: as root has it" ||
		diag "$err $out"
else
	skip "slots by a user with those" "root cannot read them here either"
fi
done_testing
