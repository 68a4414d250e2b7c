#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A VM one of whose slots changes every 3 ms: what was traced is compared with what
# KVM holds at that very generation, and of the rest only the restless slot cannot be
# told. Runs in the lab.

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT
restless=$PWD/build/kernel/tools/restless

# start HOW - a VM that changes; sets $vm
start() {
	rm -f "$work/in.$1"
	mkfifo "$work/in.$1"
	"$restless" "$1" <"$work/in.$1" >"$work/out.$1" 2>&1 &
	vm=$!
	exec 7>"$work/in.$1"
	local i
	await grep -q ready "$work/out.$1" && return
	diag "no VM: $(cat "$work/out.$1")"
}

stop() {
	exec 7>&-
	wait "$vm"
}

# of ARGS... FILTER - what jq finds in the document
of() {
	jq -r "$@" <<<"$out" 2>&1
}

# look WHAT ARGS... - one check, and what must hold of each
look() {
	local what=$1 i
	shift
	run slotscope check --pid "$vm" --json "$@"
	is "$(of '[.findings[] | select(.kind == "mismatch").sentence] | join("; ")')" "" \
		"$what: no mismatch"
	is "$(of '[.rows[] | select(.gpa == "0x0" or .gpa == "0x1000000" or .gpa == "0x2000000").verdict] | join(" ")')" \
		"agree agree agree" "$what: the slots at rest are compared, and agree"
	for i in $(of '.findings[] | select(.kind == "unknown") | .slot_id'); do
		[ "$i" = 3 ] || break
	done
	is "${i-3}" 3 "$what: nothing is unknown but of the slot that changes"
	# By BPF the slots at rest are one reader's word in both: what was seen to change is not
	# shellcheck disable=SC2016 # $walked is jq's
	is "$(of --argjson walked "$walked" '([.compared[] | select(. == "traced-kernel")] | length == 1) or
		($walked and ([.rows[] | select(.traced.id == 3 and .kernel.id == 3 and .verdict == "agree")] | length == 0))')" \
		true "$what: TRACED is compared with KERNEL, where it has a word of its own" ||
		diag "$(of -c '.compared, .rows')"
}

walked=true
start flags
look "flags, by BPF"
stop
start remake
look "made anew, by BPF"
stop
load_module
walked=false
start flags
look "flags, by the module"
run slotscope check --pid "$vm" --no-trace
like "$(tr -s ' \n' ' ' <<<"$out")" "nothing tells which|agree" "without a trace it is the whole address space, or luck"
stop
done_testing
