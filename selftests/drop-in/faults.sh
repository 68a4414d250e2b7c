#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kvm.ko that lies about slots (selftests/vm/faulty-kvm): each of its faults is found
# by the drop-in, and by the line ASSERT_MEMSLOTS_MATCH(vm) in KVM's own selftests.
#
#   selftests/drop-in/faults.sh KERNEL
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
k=$1
ko=$(selftests/vm/faulty-kvm -k "$k") || skip_all "no kvm.ko with faults for $k"
own=$PWD/build/kselftest
kvm=$(selftests/drop-in/kvm-selftests "$k" -a set_memory_region_test \
	memslot_modification_stress_test memslot_perf_test dirty_log_test guest_memfd_test)
make -s -C selftests/kselftest OUTPUT="$own" >/dev/null || exit 1

# with FAULT COMMAND... - what it says in a guest of its own: a kernel that was lied to
# may fall. It is cut short: what it finds it finds at once
with() {
	local fault=$1
	shift
	# shellcheck disable=SC2016  # the guest's shell shall expand it
	selftests/vm/run -q -m 2G -t 120 -k "$k" -- bash -c '
		modprobe -r kvm_amd kvm
		insmod "$3" && modprobe kvm_amd && insmod build/kmod/$(uname -r)/slotscope.ko || exit
		cd "$2" && echo "$1" >/sys/module/kvm/parameters/fault
		export SLOTSCOPE_REQUIRE=1
		timeout 60 "${@:4}"
		echo "status $?"' bash "$fault" "$1" "$ko" "${@:2}" 2>&1
}

# finds FAULT REGEX DIR TEST... - it fails, and says why
finds() {
	local fault=$1 regex=$2 said
	shift 2
	[ -e "$1/${2#./}" ] || { skip "$fault: ${2#./} finds it" "it cannot be built on $k"; return; }
	said=$(with "$fault" "$@")
	like "$(tail -n 1 <<<"$said")" '^status 1$' "$fault: ${2#./} fails" || diag "$said"
	like "$said" "$regex" "$fault: ${2#./} says what differs"
}

said=$(with '' "$own" ./slots)
like "$said" '^# Totals: pass:[67] fail:0' "no fault: slots passes" || diag "$said"
finds readonly 'slot 0:0: flags 0x2 expected, KVM has 0x0$' "$own" ./slots
finds short 'slot 0:1: memory_size 0x200000 expected, KVM has 0x1ff000$' "$own" ./slots
finds hva 'slot 0:1: userspace_addr 0x[0-9a-f]*000 expected, KVM has 0x[0-9a-f]*000$' "$own" ./slots
finds hva-tree 'slot 0x1: at 0x3fefff the guest still has the page that the host has taken away|hva.tree' "$own" ./slots
finds id-hash 'slot 0x1: KVM does not find it by its number|id.hash' "$own" ./slots
short='slot 0:[0-9]*: memory_size 0x[0-9a-f]*000 expected, KVM has 0x[0-9a-f]*000$'
finds short "$short" "$kvm" ./set_memory_region_test
finds short "$short" "$kvm" ./memslot_modification_stress_test -i 10 -b 16M
finds short "$short" "$kvm" ./memslot_perf_test -s 32 -l 1 -f 0 -e 0
finds short "$short" "$kvm" ./dirty_log_test -i 3 -I 20
hva='slot 0:[0-9]*: userspace_addr '
finds hva "$hva" "$kvm" ./memslot_modification_stress_test -i 10 -b 16M
finds hva-tree 'slot 0:1 .*: hva_tree has another range' "$kvm" \
	./memslot_modification_stress_test -i 10 -b 16M
finds id-hash 'slot 0:1 .*: id_hash does not find it' "$kvm" \
	./memslot_modification_stress_test -i 10 -b 16M
if grep -q 'test_guest_memfd_guest' "$kvm/guest_memfd_test.c" 2>/dev/null; then
	finds short "$short" "$kvm" ./guest_memfd_test
else
	skip "short: guest_memfd_test finds it" "on $k it makes no slot"
fi

# The program finds it, too, without a MODEL: KVM has said yes to something else, or its
# indexes disagree. (Where it does not find a slot by its number, it cannot delete any:
# that takes a VMM that never does.)
program=$PWD/build/user
rawvmm=$PWD/build/kernel/tools/rawvmm
# shellcheck disable=SC2016  # the guest's shell shall expand it
said=$(with '' "$program" bash -c '
	mkfifo /tmp/never && exec 9<>/tmp/never
	for fault in "" readonly short hva hva-tree id-hash; do
		echo "$fault" >/sys/module/kvm/parameters/fault
		set -- "$1" ./slotscope vm --paused -M pc -m 64M
		[ "$fault" != id-hash ] || set -- "$1" "$1" anon shared
		./slotscope --json check --no-model --at 0.5 --report /tmp/report -- \
			"${@:2}" >/tmp/out 2>&1 <&9
		echo "check $fault: $? $(jq -r "[.findings[] | select(.kind == \"mismatch\").id] |
			unique | join(\" \")" /tmp/report)"
	done' bash "$rawvmm")
like "$said" '^check : 0 $' "no fault: check --no-model finds nothing" || diag "$said"
for fault in readonly short hva; do
	like "$said" "^check $fault: 1 (.* )?answered" "$fault: check --no-model finds it" ||
		diag "$said"
done
for fault in hva-tree id-hash; do
	like "$said" "^check $fault: 1 index$" "$fault: check --no-model finds it, and nothing else" ||
		diag "$said"
done
done_testing
