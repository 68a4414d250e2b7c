#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The benches of a VM as JSON: short runs, for their form alone. What they measure is
# no test.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh

if ! out=$(make --no-print-directory -C selftests/bench "$PWD"/build/bench/{slots,start,first_run.so} 2>&1); then
	result 1 "bench: builds"
	diag "$out"
	done_testing
fi
if [ -w /dev/kvm ]; then
	run build/bench/slots --json 100
	is "$(jq -c '[.slots[] | select(.bare_us > 0 and .one_us > 0) | .n]' <<<"$out")" '[10,100]' \
		"slots: figures for 10 and 100, as JSON"
else
	run build/bench/slots --json 100
	is "$(jq -r .left_out <<<"$out")" "no /dev/kvm" "slots: says in JSON what is missing"
fi
run build/bench/start --json 1
is "$(jq -r 'if .left_out then "pc microvm" else
	[.machines[] | select(.slotscope_ms > 0 and .qemu_ms > 0) | .machine] | join(" ") end' <<<"$out")" \
	"pc microvm" "start: figures for both boards, or why not, as JSON"
done_testing
