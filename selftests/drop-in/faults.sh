#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kvm.ko that lies about slots (selftests/vm/faulty-kvm): each of its faults is found
# by the drop-in, by the line ASSERT_MEMSLOTS_MATCH(vm) in each of KVM's own selftests,
# and by slotscope check without a MODEL.
#
#   selftests/drop-in/faults.sh KERNEL
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=selftests/drop-in-lib.sh
. selftests/drop-in-lib.sh
k=$1
if ! ko=$(selftests/vm/faulty-kvm -k "$k"); then
	result 1 "a kvm.ko with faults is built for $k"
	done_testing
fi
build_kvm_tests "$k" -a set_memory_region_test memslot_modification_stress_test \
	memslot_perf_test dirty_log_test guest_memfd_test
own=$PWD/build/kselftest
make -s -C selftests/kselftest OUTPUT="$own" >/dev/null || exit 1
program=$PWD/build/user/slotscope
rawvmm=$PWD/build/kernel/tools/rawvmm

# Which, and how: less than their defaults, as what they find they find at once
tests() {
	cat <<-END
		set_memory_region_test
		memslot_modification_stress_test -i 10 -b 16M
		memslot_perf_test -s 32 -l 1 -f 0 -e 0
		dirty_log_test -M dirty-log -i 3 -I 20
		guest_memfd_test
	END
}

# All that shall find the fault, and what each says. (Where KVM does not find a slot by
# its number, it cannot delete any: check wants a VMM that never does.)
# shellcheck disable=SC2016  # the guest's shell shall expand it
inside='
	fault=$1 ko=$2 own=$3 kvm=$4 program=$5 rawvmm=$6
	modprobe -r kvm_amd kvm
	insmod "$ko" && modprobe kvm_amd && insmod build/kmod/$(uname -r)/slotscope.ko || exit
	echo "$fault" >/sys/module/kvm/parameters/fault
	export SLOTSCOPE_REQUIRE=1
	finds() {
		echo "== $1"
		timeout 60 "./$@"
		echo "status $?"
	}
	cd "$own" && finds slots
	cd "$kvm" && [ "$fault" ] && while read -r words; do
		[ ! -e "${words%% *}" ] || finds $words
	done
	set -- "$program" vm --paused -M pc -m 64M
	[ "$fault" != id-hash ] || set -- "$rawvmm" anon shared
	mkfifo /tmp/never && exec 9<>/tmp/never
	"$program" --json check --no-model --at 0.5 --report /tmp/report -- "$@" \
		>/tmp/out 2>&1 <&9
	printf "== check\nstatus %s\n" $?
	jq -r "[.findings[] | select(.kind == \"mismatch\").id] | unique | join(\" \")" \
		/tmp/report || cat /tmp/out'

# with FAULT - sets all to what is said in a guest of its own: a kernel that was lied to
# may fall
with() {
	local list
	fault=$1
	list=$(tests | base64 -w0)
	all=$(selftests/vm/run -q -m 2G -t 500 -k "$k" -- bash -c \
		"base64 -d <<<$list | { $inside
		}" bash "$fault" "$ko" "$own" "$kvm" "$program" "$rawvmm" 2>&1)
}

# of NAME - what that one said
of() { awk -v name="== $1" '/^== / { on = $0 == name; next } on' <<<"$all"; }

# found_by NAME REGEX - it failed, and said why
found_by() {
	local said
	said=$(of "$1")
	like "$said" '^status 1$' "$fault: $1 fails" || diag "$all"
	like "$said" "$2" "$fault: $1 says what differs"
}

# found_by_all REGEX - by each of KVM's own tests
found_by_all() {
	local test
	while read -r test _; do
		has_kvm_test "$fault: $test finds it" "$test" || continue
		if [ "$test" = guest_memfd_test ] &&
			! grep -q 'test_guest_memfd_guest' "$kvm/$test.c"; then
			skip "$fault: $test finds it" "that of $k makes no slot"
			continue
		fi
		found_by "$test" "$1"
	done < <(tests)
}

with ''
like "$(of slots)" '^# Totals: pass:[1-9][0-9]* fail:0' "no fault: slots passes" || diag "$all"
is "$(of check)" "status 0" "no fault: check finds nothing"

# None of KVM's own tests keeps a read-only slot
with readonly
found_by slots 'slot 0:0: flags 0x2 expected, KVM has 0x0$'
found_by check '(^| )answered'

with short
found_by slots 'slot 0:1: memory_size 0x200000 expected, KVM has 0x1ff000$'
found_by_all 'slot 0:[0-9]*: memory_size 0x[0-9a-f]*000 expected, KVM has 0x[0-9a-f]*000$'
found_by check '(^| )answered'

with hva
found_by slots 'slot 0:1: userspace_addr 0x[0-9a-f]*000 expected, KVM has 0x[0-9a-f]*000$'
found_by_all 'slot 0:[0-9]*: userspace_addr 0x[0-9a-f]*000 expected, KVM has 0x[0-9a-f]*000$'
found_by check '(^| )answered'

with hva-tree
found_by slots 'hva_tree has another range'
found_by_all 'slot 0:[0-9]* .*: hva_tree has another range'
found_by check '^index$'

with id-hash
found_by slots 'id_hash does not find it'
found_by_all 'slot 0:[0-9]* .*: id_hash does not find it'
found_by check '^index$'
done_testing
