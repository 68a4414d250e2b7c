#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# KVM's own selftests, with ASSERT_MEMSLOTS_MATCH(vm) behind each statement that makes or
# changes a slot, pass as they are. (faults.sh: and fail where KVM lies.)
#
#   selftests/drop-in/asserted.sh KERNEL
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=selftests/drop-in-lib.sh
. selftests/drop-in-lib.sh
k=$1
build_kvm_tests "$k" -a set_memory_region_test memslot_modification_stress_test \
	memslot_perf_test dirty_log_test guest_memfd_test

# passes TEST ARGS... - and has compared
passes() {
	local said
	has_kvm_test "$1: passes" "$1" || return
	# shellcheck disable=SC2016  # the guest's shell shall expand it
	said=$(selftests/vm/run -q -m 2G -t 300 -k "$k" -- bash -c '
		insmod build/kmod/$(uname -r)/slotscope.ko && cd "$1" || exit
		SLOTSCOPE_REQUIRE=1 "./$2" "${@:3}"
		echo "status $?"' bash "$kvm" "$@" 2>&1)
	# 4: the test skips itself
	like "$(tail -n 1 <<<"$said")" '^status [04]$' "$1: passes" || diag "$said"
	like "$said" '^# memslots: compared [1-9][0-9]* times, 0 differed' \
		"$1: what was compared is the same"
}

passes set_memory_region_test
passes memslot_modification_stress_test -i 100 -b 16M
passes memslot_perf_test -s 32 -l 1 -f 3 -e 4
passes dirty_log_test -M dirty-log -i 3 -I 20
passes guest_memfd_test

# A test that gained the line is no worse for those who have no module, and says so
# shellcheck disable=SC2016  # the guest's shell shall expand it
said=$(selftests/vm/run -q -m 2G -t 300 -k "$k" -- bash -c '
	cd "$1" || exit
	for require in 0 1; do
		SLOTSCOPE_REQUIRE=$require ./memslot_modification_stress_test -i 10 -b 16M
		echo "status $?"
	done' bash "$kvm" 2>&1)
is "$(grep "^status" <<<"$said" | xargs)" "status 0 status 1" \
	"without the module: passes, and with SLOTSCOPE_REQUIRE fails" || diag "$said"
like "$said" '^# .*: SKIP: memslots not compared: open /dev/slotscope: .* \(load slotscope.ko\)$' \
	"without the module: skips by name"
like "$said" '^# memslots: compared 0 times, 0 differed; SKIP [1-9][0-9]* times not compared: ' \
	"without the module: counts what was not compared"
done_testing
