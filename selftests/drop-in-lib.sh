# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# For tests of selftests/drop-in: KVM's own selftests, built. Source it from the
# project's root, after tap.sh.

# build_kvm_tests KERNEL [-a] TEST... - sets kvm to where they are, and kvm_x86 to the
# folder there that x86/ is: x86_64 before Linux 6.15
build_kvm_tests() {
	kvm=$(selftests/drop-in/kvm-selftests "$@") ||
		{ result 1 "KVM's selftests of $1 are built" && return; done_testing; }
	kvm_x86=x86
	[ -d "$kvm/x86" ] || kvm_x86=x86_64
}

# has_kvm_test WORDS TEST - can that be tried? Not with a test that this kernel does
# not have, which is a skip; one that it has, and that was not built, is a failure
has_kvm_test() {
	[ ! -e "$kvm/$2" ] || return 0
	if [ -e "$kvm/$2.c" ]; then
		result 1 "$1: $2 is built"
	else
		skip "$1" "this kernel has no $2"
	fi
	return 1
}
