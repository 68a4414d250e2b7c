#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope-drgn reads of the kernel's memory what the module tells, and check takes it as
# KERNEL. Types are those of slotscope.ko's debug info: no kernel's is at hand here.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
rawvmm=$PWD/build/kernel/tools/rawvmm
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
/usr/bin/python3 -c 'import drgn' 2>/dev/null || skip_all "no drgn (python3-drgn)"
load_module
# by_drgn ARGS... - with the program's own libraries, and no cache of bytecode
by_drgn() {
	run /usr/bin/python3 -B bindings/drgn/slotscope-drgn -s "build/kmod/$(uname -r)/slotscope.ko" "$@"
}
start() {
	"$rawvmm" "$@" >"$work/$1" < <(exec sleep 1000) &
	pids+=($!)
	await grep -qs ready "$work/$1"
}
start anon shared hole
start short
# what is of the moment of a look, and what the kernel's memory has not
told() { jq -cS '[.address_spaces, .slots, .view]' <<<"$1"; }
for pid in "${pids[@]}"; do
	run slotscope slots --json --pid "$pid"
	module=$out
	by_drgn --pid "$pid"
	is "$status $(told "$out")" "0 $(told "$module")" "process $pid: as the module tells" || diag "$err"
	printf '%s\n' "$out" >"$work/slots.$pid"
done
by_drgn --list
is "$(awk '{ print $3, $4 }' <<<"$out" | sort)" "$(printf '%s 3\n%s 1\n' "${pids[@]}" | sort)" "--list: both"
by_drgn
is "$status" 3 "two, and none named: an error"
cat "/proc/${pids[0]}/maps" >"$work/maps"
slotscope slots --json --pid "${pids[0]}" >"$work/slots.module"
# said FILE - what check says of such slots: status, rows, findings
said() {
	run slotscope check --json --slots "$1" --maps "$work/maps"
	echo "$status $(jq -c '[(.rows | length), [.findings[] | .id, .sentence]]' <<<"$out")"
}
by_module=$(said "$work/slots.module")
is "$(said "$work/slots.${pids[0]}")" "$by_module" "check says of it what it says of the module's"
like "$by_module" '^[0-2] \[[1-9]' "... which is not nothing"
done_testing
