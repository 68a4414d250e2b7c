#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slotscope trace --stacks on a real QEMU: the frames are those that gdb finds, and
# the names those that the symbol table has.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh

qemu=$(command -v qemu-system-x86_64) || skip_all "no qemu-system-x86_64 here"
args=(-accel kvm -m 64M -display none -nodefaults -S -monitor none)

# await_requests WORD FILE - until it tells of some
await_requests() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ -e "$2" ] && [ "$(grep -c "$1" "$2")" -gt 5 ] && return
		sleep 0.1
	done
	diag "no requests: $(cat "$work/err")"
}

# The first request's stack, and that all requests have one
slotscope trace --stacks --json --report "$work/trace" -- \
	"$qemu" "${args[@]}" 2>"$work/err" &
tracer=$!
await_requests '"type":"request"' "$work/trace"
kill -INT $tracer
wait $tracer
is "$?" 0 "nothing is lost: status 0"
frames=$(jq -c 'select(.type == "stack") | .stack' "$work/trace" | head -1)
is "$(jq -r .end <<<"$frames")" whole "the stack ends where the thread began"
is "$(jq -c 'select(.type == "request" and .stack == null)' "$work/trace")" "" \
	"each request has a stack"
is "$(jq -s '[.[] | select(.type == "stack") | .stack.frames] | length ==
	(unique | length)' "$work/trace")" true "each stack is told once"
is "$(jq -s '[.[] | select(.type == "request").stack] -
	[.[] | select(.type == "stack").stack.id]' -c "$work/trace")" "[]" \
	"each stack that is named is told"

# A build-id that is the file's own
readelf -n "$qemu" >"$work/notes" 2>/dev/null
is "$(jq -r '[.frames[] | select(.file | endswith("qemu-system-x86_64")).build_id] |
	unique | join(" ")' <<<"$frames")" \
	"$(sed -n 's/.*Build ID: //p' "$work/notes")" "the build-id is readelf's"

# In text: the same frames, by name or by address and build-id
slotscope trace --stacks --report "$work/text" -- "$qemu" "${args[@]}" 2>>"$work/err" &
tracer=$!
await_requests ' request ' "$work/text"
kill -INT $tracer
wait $tracer
like "$(cat "$work/text")" '#1 +kvm_vm_ioctl\+0x[0-9a-f]+ \(qemu-system-x86_64\)' \
	"functions have names"
is "$(grep -c '#0 ' "$work/text")" \
	"$(grep -o 'stack [0-9]*$' "$work/text" | sort -u | wc -l)" \
	"each stack is printed once"

# gdb finds as many, at the same places of the same pages
if ! command -v gdb >/dev/null; then
	echo "ok $((++tap_n)) - gdb finds the same frames # SKIP no gdb here"
	done_testing
	exit
fi
# shellcheck disable=SC2016  # $rsi and $pc are gdb's
gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'set backtrace past-main on' \
	-ex 'set backtrace past-entry on' -ex 'set pagination off' \
	-ex 'handle SIGUSR1 nostop noprint' -ex 'catch syscall ioctl' \
	-ex 'condition 1 $rsi == 0x4020ae46' -ex run \
	-ex 'printf "#0 at %#lx\n", $pc' -ex bt -ex kill \
	--args "$qemu" "${args[@]}" >"$work/gdb" 2>&1
theirs=$(grep '^#0 at' "$work/gdb" | grep -o '0x[0-9a-f]*'
	sed -n '/^#0 at/,$p' "$work/gdb" | grep -oE '^#[1-9][0-9]* +0x[0-9a-f]+' |
		grep -o '0x.*')
[ -n "$theirs" ] || diag "$(cat "$work/gdb")"
is "$(jq -r '.frames[].offset' <<<"$frames" | sed 's/.*\(...\)$/\1/' | xargs)" \
	"$(echo "$theirs" | sed 's/.*\(...\)$/\1/' | xargs)" \
	"gdb finds the same $(wc -w <<<"$theirs") frames"
done_testing
