#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# trace --usdt: what our VMM's static probes, and those of QEMU's names, say is what KVM
# was asked; and --events frees: what goes with a VM is what stood.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/check-lib.sh
. selftests/check-lib.sh
trap 'rm -rf "$work"' EXIT

# q FILTER - of the events of the last trace, all in one array
q() { jq -s -c "$1" "$work/trace" 2>&1; }

run slotscope trace --usdt --events frees --json --report "$work/trace" -- \
	slotscope vm -M pc -m 64M --exit-after-halt
is "$status" 0 "our VMM under --usdt: nothing is missing" || diag "$out" "$err"

# What the VMM said it would ask, and what the kernel was asked
asked='[.[] | select(.type == "request" and .request.unread == null).request |
	[.slot, .gpa, .size, .flags]]'
said='[.[] | select(.type == "probe" and .probe.name == "request").probe |
	[.arg0, .arg1, .arg2, .arg3]]'
# At its end our VMM gives back slots that have gone with their VM: nobody is asked then
is "$(q "($said)[:$(q "$asked | length")]")" "$(q "$asked")" "each request is announced by its probe, as it is asked"
cmp_nr=$(q "$asked | length")
[ "${cmp_nr:-0}" -gt 5 ]
result $? "there are some: $cmp_nr"
# shellcheck disable=SC2016 # $ is jq's
is "$(q '[.[] | select(.type == "probe" or .type == "request")] | . as $e |
	[range(1; length) | select($e[.].type == "request") |
	 select($e[. - 1].probe.name != "request" or
		$e[. - 1].time_ns > $e[.].time_ns)] | length')" 0 \
	"the probe comes right before the request, in time too"
is "$(q '[.[] | select(.type == "probe" and .probe.name == "commit")] | length > 0')" true \
	"commits"
is "$(q '[.[] | select(.type == "probe" and .probe.name == "region_map").probe |
	select(.arg0 == "pc.ram" or .arg1 == "system").form] | unique')" '["ttxx"]' \
	"regions by name"
is "$(q '[.[] | select(.type == "probe").probe.form | select(contains("?"))] | length')" 0 \
	"all arguments are read"
is "$(q '[.[] | select(.type == "change" and .change.result == 0) |
	select(.change.active_ns == null)] | length')" 0 "when each change took effect"

# Frees: what was created, less what was deleted, be it moved or reflagged
# shellcheck disable=SC2016 # $ is jq's
stood='[.[] | select(.type == "change" and .change.result == 0).change] |
	reduce .[] as $c ({}; if $c.new then .["\($c.new.as_id)/\($c.new.id)"] = $c.new
	else del(.["\($c.old.as_id)/\($c.old.id)"]) end) |
	[.[] | [.as_id, .id, .gpa, .size, .hva]] | sort'
freed='[.[] | select(.type == "free").free | [.as_id, .id, .gpa, .size, .hva]] | sort'
is "$(q "$freed")" "$(q "$stood")" "what is freed with the VM is what stood"
is "$(q '[.[] | select(.type == "free").call] | unique')" \
	"$(q '[.[] | select(.type == "vm-destroy").call]')" "tied to its end"

# In text: deeper with each step
run slotscope trace --usdt -- slotscope vm -M pc -m 64M --exit-after-halt
like "$out" "^ +[0-9.]+ +[0-9]+ {4}region [^ ]+ into system at 0x" "a region, for people"
is "$(grep -A3 -m1 ' slot word ' <<<"$out" | sed -E 's/^ +[0-9.]+ +[0-9]+ //; s/(word|request|create) .*/\1/')" \
"           slot word
             request
               create
                 it takes effect" "from the slot to when it takes effect"

# Recorded, and read again
run slotscope record --usdt -o "$work/rec" -- slotscope vm -M microvm -m 64M --exit-after-halt
run slotscope trace -i "$work/rec"
like "$out" 'section microvm.ram into memory' "probes are in a recording"

# QEMU's names; the other provider's are none of ours
run slotscope trace --usdt --json --report "$work/trace" -- build/kernel/tools/probed
is "$status" 0 "probes of QEMU's names" || diag "$out" "$err"
is "$(q '[.[] | select(.type == "probe").probe | .provider + ":" + .name + " " + .form]')" \
	'["qemu:flatview_new xx","qemu:kvm_set_user_memory xxxxxd","qemu:kvm_set_user_memory xxxxxd","qemu:kvm_set_user_memory xxxxxd","qemu:kvm_set_user_memory ddxxxxdxd","qemu:kvm_set_user_memory ddxxxxdxd"]' \
	"by how many arguments they have"
is "$(q '[.[] | select(.type == "probe" and .probe.form != "xx").probe |
	if .form == "xxxxxd" then [.arg2, .arg3, .arg4, .arg5]
	else [.arg3, .arg4, .arg5, .arg8] end]')" \
	"$(q '[.[] | select(.type == "request").request | [.gpa, .size, .hva, .result]]')" \
	"they say what was asked, and the answer"

# Silence is told
run slotscope trace --usdt -- build/kernel/tools/vms 0 1
like "$err" 'no program with static probes' "a VMM without probes: so told"
is "$status" 2 "and cannot tell"
run slotscope trace --usdt=/bin/true -- build/kernel/tools/probed
is "$status" 2 "a file without any: cannot tell"
like "$err" '/bin/true has no static probes' "it is named"
run slotscope trace --usdt=build/kernel/tools/probed --json --report "$work/trace" -- \
	sh -c 'build/kernel/tools/probed; exit 0'
is "$status $(q '[.[] | select(.type == "probe")] | length')" "0 6" \
	"behind a shell, named"

done_testing
