#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# KVM's own selftests under slotscope: none of them notices, nothing is lost, and no
# finding is made of what KVM's own developers do on purpose, while some of what they
# do was compared.
#
#   selftests/drop-in/traced.sh KERNEL
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
# shellcheck source=selftests/drop-in-lib.sh
. selftests/drop-in-lib.sh
k=$1

# The test and its arguments: less than its defaults, which are for hardware
tests() {
	cat <<-END
		set_memory_region_test
		memslot_modification_stress_test -i 100 -b 16M
		memslot_perf_test -s 64 -l 1 -f 3 -e 4
		dirty_log_test -M dirty-log -i 3 -I 20
		guest_memfd_test
		demand_paging_test -b 16M
		kvm_page_table_test -b 16M
		dirty_log_perf_test -b 16M -i 2
		kvm_binary_stats_test
		coalesced_io_test
		x86/smm_test
		x86/dirty_log_page_splitting_test -b 16M
		x86/userspace_io_test
		x86/state_test
		x86/svm_vmcall_test
		x86/set_sregs_test
	END
}

# shellcheck disable=SC2046  # names without blanks
build_kvm_tests "$k" $(tests | cut -d' ' -f1)

# Prints, of each test: its name, its status alone, under trace and under check, the
# events lost, the requests, how many readings there were and how many of them agree,
# and the mismatches
# shellcheck disable=SC2016  # the guest's shell shall expand it
inside='
	insmod build/kmod/$(uname -r)/slotscope.ko || exit
	program=$PWD/build/user/slotscope
	cd "$1" || exit
	# what page splitting wants
	echo 64 >/proc/sys/vm/nr_hugepages
	while read -r test args; do
		[ -e "$test" ] || { echo "$test absent"; continue; }
		timeout 120 ./$test $args >/tmp/alone 2>&1
		alone=$?
		timeout 120 $program trace --json --report /tmp/trace -- ./$test $args >/tmp/out 2>&1
		traced=$?
		timeout 120 $program check --no-model --json --to-end --report /tmp/check \
			--at 0 --at 0.1 --at 0.3 --at 1 --at 2 --at 4 \
			-- ./$test $args >/tmp/out2 2>&1
		checked=$?
		echo "$test $alone $traced $checked" \
			"$(jq -s "map(select(.type == \"lost\")) | length" /tmp/trace)" \
			"$(jq -s "map(select(.type == \"request\")) | length" /tmp/trace)" \
			"$(jq -rs "\"\(length) \([.[] | select(.verdict == \"agree\")] | length)\"" /tmp/check)" \
			"$(jq -rs "[.[].findings[]? | select(.kind == \"mismatch\").id] | unique | join(\",\")" /tmp/check)"
		[ "$alone $traced" = "0 0" ] || tail -n 3 /tmp/alone /tmp/out | sed "s/^/# /"
		[ "$checked" = 0 ] || tail -c 300 /tmp/out2 | sed "s/^/# /"
	done'
said=$(tests | sed "s,^x86/,$kvm_x86/," | base64 -w0)
said=$(selftests/vm/run -q -m 2G -t 3000 -k "$k" -- bash -c \
	"base64 -d <<<$said >/tmp/tests; ${inside//done/done </tmp/tests}" bash "$kvm" 2>&1)
ran=0 compared=0 asked=0
while read -r test alone traced checked lost requests readings agree mismatches; do
	case "$test $alone" in
	'#'*) diag "${test#?} $alone $traced $checked $lost $requests $readings $agree $mismatches" ;;
	*' absent') has_kvm_test "$test: runs as without" "$test" ;;
	*' 4') skip "$test" "it skips itself" ;;
	*)
		is "$alone $traced $lost" "0 0 0" "$test: runs as without, nothing lost ($requests requests)"
		# 2: a moment with nothing to compare, as it made its VM later, or was done
		like "$checked $mismatches" '^[02] $' "$test: no mismatch (of $readings readings $agree agree)"
		ran=$((ran + 1)) compared=$((compared + agree)) asked=$((asked + requests))
		;;
	esac
done <<<"$said"
# Nothing in what was not looked at is no news
like "$asked $compared" '^[1-9][0-9]* [1-9]' \
	"of $ran tests $asked requests were seen, and $compared readings compared"
done_testing
