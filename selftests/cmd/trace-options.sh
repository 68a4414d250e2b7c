#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filters, classes and static probes of trace and record, --dry-run of check: what is no
# value, and what does not go together, is refused before anything is traced.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
program=build/user/slotscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# refused REGEX ARGS... - status 3, with that for a reason; the command is not started
refused() {
	local regex=$1
	shift
	run "$program" "$@" -- touch "$work/started"
	is "$status" 3 "slotscope $*: status 3"
	like "${err//$'\n'/ }" "$regex" "slotscope $*: says why"
}

for c in trace 'record -o /dev/null'; do
	for value in x -1 256 0x100 1,2 '' 1x; do
		# shellcheck disable=SC2086 # two words are meant
		refused 'address space' $c --as "$value"
	done
	for value in x -1 65536 '' 3-4; do
		# shellcheck disable=SC2086
		refused 'slot' $c --slot "$value"
	done
	for value in x - 5-3 1-2-3 0x10- -5 '' 0x10000000000000000 1-0x10000000000000000; do
		# shellcheck disable=SC2086
		refused 'guest memory' $c --gpa "$value"
	done
	for value in '' x 'calls,' 'calls,,mmio' ',frees' 'all,x'; do
		# shellcheck disable=SC2086
		refused 'class of events' $c --events "$value"
	done
	# shellcheck disable=SC2086
	for option in '--as 0' '--slot 1' '--gpa 0-1' --failed-only '--events frees' --usdt --dry-run; do
		refused 'ptrace' $c --ptrace $option
	done
done
refused 'keep' record -o /dev/null --keep 64M --slot 1
refused 'no-trace' check --dry-run --no-trace
is "$(find "$work" -name started)" "" "no command was started"

# Of a recording there is nothing left to choose
for option in '--as 0' '--slot 1' '--gpa 0-1' --failed-only '--events frees' --usdt --dry-run; do
	# shellcheck disable=SC2086
	run "$program" trace -i /dev/null $option
	is "$status" 3 "trace -i with $option: status 3"
	like "$(tr -s '\n ' ' ' <<<"$err")" '(does|do) not go with -i' "trace -i with $option: says so"
done
run "$program" trace --all --usdt
is "$status" 3 "--all --usdt names no program: status 3"
like "${err//$'\n'/ }" '--usdt=FILE' "and says what would"
run "$program" check --dry-run -i /dev/null
is "$status" 3 "check --dry-run of a recording: status 3"
# What a text or --ptrace has is requests: that no change was seen is said
cat >"$work/strace" <<-END
	ioctl(3, KVM_CREATE_VM, 0) = 4
	ioctl(4, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000000000}) = 0
END
run "$program" trace -i "$work/strace"
is "$status" 0 "strace's text: status 0"
like "$err" 'it has requests alone' "strace's text: what KVM made of them was not seen"
# Without a time nothing is said of time
like "$out" '^ +- +0  request 0/0 0x0\+0x1000 @0x7f0000000000 = 0$' "strace's text: no times, none is made up"
done_testing
