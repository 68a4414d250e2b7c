#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What slotscope vm --explain tells of the second address space, that of System
# Management Mode. strace is the witness.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
command -v strace >/dev/null || skip_all "no strace"

strace -f -qq -e trace=ioctl -e signal=none -o "$work/strace" \
	timeout 60 "$program" vm -M pc -m 5G --explain --json --exit-after-halt \
	>"$work/json" 2>"$work/err" </dev/null
result $? "--explain runs"
if jq 'select(.event == "call" and .request == "KVM_CHECK_EXTENSION") |
	select(.text | contains("KVM_CAP_X86_SMM")) | .result == 0' "$work/json" | grep -qx true; then
	skip "the second address space" "this KVM has no SMM"
	done_testing
	exit
fi

# "slot flags gpa size hva", a line each, of all requests until the guest runs
requests='s/.*KVM_SET_USER_MEMORY_REGION, \{slot=([0-9]+), flags=([A-Z_|0-9]+), guest_phys_addr=([0-9a-fx]+), memory_size=([0-9]+), userspace_addr=(0x[0-9a-f]+)\}\).* = 0$/\1 \2 \3 \4 \5/p'
whole_calls "$work/strace" | sed -n '/KVM_RUN/q;p' | sed -nE "$requests" >"$work/all"
awk '$1 >= 65536' "$work/all" >"$work/seen"
jq -r 'select(.request == "KVM_SET_USER_MEMORY_REGION") | "\(.text) = \(.result)"' "$work/json" |
	sed -nE "$requests" | awk '$1 >= 65536' >"$work/told"
is "$(cat "$work/told")" "$(cat "$work/seen")" "its requests are those that strace saw"

# SMRAM is closed at power on: what SMM sees is what all see. The slots that are
# left of address space 0 are those, under other numbers
# shellcheck disable=SC2016 # they are awk's
left='{ if ($4 == 0) delete slot[$1]; else slot[$1] = $2 " " $3 " " $4 " " $5 }
END { for (i in slot) print slot[i] }'
is "$(awk "$left" "$work/seen" | sort)" \
	"$(awk '$1 < 65536' "$work/all" | awk "$left" | sort)" \
	"both address spaces have the same memory"
like "$(wc -l <"$work/seen")" '^[1-9]' "there is some"

# Each belongs to the step that tells what it is for, and makes a KVMSlot of as_id 1
jq -s -r '(map(select(.event == "step")) | map({key: "\(.step)", value: .}) | from_entries) as $steps |
	def about($n): if $n == 0 then [] else [$steps["\($n)"].function] + about($steps["\($n)"].in) end;
	.[] | select(.request == "KVM_SET_USER_MEMORY_REGION") |
	(.text | capture("slot=(?<n>[0-9]+)").n | tonumber >= 65536) as $second |
	(about(.step) | index("register_smram_listener") != null) as $smram |
	"\($second) \($smram)"' "$work/json" | sort | uniq >"$work/where"
is "$(cat "$work/where")" $'false false\ntrue true' \
	"requests from 65536 on, and no others, are told under register_smram_listener()"
is "$(jq -r 'select(.event == "change" and .structure == "KVMSlot" and .how == "new") |
	.fields[] | select(.field == "as_id") | .after' "$work/json" | grep -c '^1$')" \
	"$(wc -l <"$work/seen")" "each makes a KVMSlot of as_id 1"
done_testing
