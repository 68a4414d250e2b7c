#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Output that cannot be written: one rule for all commands. It is said, once, and
# the status is 3, be it a full disk or a reader that has gone away.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PWD/build/user:$PATH

commands=(
	"slotscope --help"
	"slotscope --version"
	"slotscope check --help"
	"slotscope list"
	"slotscope --json list"
	# More than a buffer of stdio
	"slotscope --json explain"
	"slotscope doctor"
	"slotscope model mtree selftests/fixtures/mtree/q35-kvm-smm/mtree-Do.txt"
	"slotscope slots --pid $$"
	"slotscope --json slots --pid $$"
)

said() { grep -c "^slotscope: write to standard output: $1" "$work/err"; }

for command in "${commands[@]}"; do
	# What prints nothing on standard output has nothing to lose
	# shellcheck disable=SC2086 # words
	run $command
	[ "$out" ] || continue
	# shellcheck disable=SC2086
	$command >/dev/full 2>"$work/err" </dev/null
	is "$? $(said 'No space')" "3 1" "$command, a full disk: status 3, said once"
	# The reader is gone before it begins
	mkfifo "$work/pipe"
	# shellcheck disable=SC2086,SC2094
	(exec 3<>"$work/pipe" 4>"$work/pipe" 3<&-; exec $command >&4 2>"$work/err" </dev/null)
	is "$? $(said 'Broken pipe')" "3 1" "$command, nobody reads: status 3, said once"
	rm "$work/pipe"
done
run slotscope check --no-trace --report /dev/full --json --pid $$
is "$status" 3 "check --report, a full disk: status 3"
like "$err" '^slotscope: write to /dev/full: No space' "check --report, a full disk: the file is named"
done_testing
