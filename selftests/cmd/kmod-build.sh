#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "make kmod" signs where a key is given, and refuses a kernel that is not served with a
# sentence.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

selftests/vm/fetch -k 6.12 --headers >/dev/null 2>&1
kdir=$(selftests/vm/kdir -k 6.12) || skip_all "the headers of 6.12 cannot be had"
release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h")
common=$(echo "${kdir%-amd64}"-common)
ko=$work/build/kmod/$release/slotscope.ko

run make kmod KDIR="$kdir" BUILD="$work/build"
is "$status" 0 "make kmod: status 0"
is "$(modinfo -F signer "$ko")" "" "without a key nothing is signed"

openssl req -new -x509 -newkey rsa:2048 -nodes -days 1 -subj "/CN=throwaway/" \
	-outform DER -out "$work/key.der" -keyout "$work/key" 2>/dev/null
run make kmod KDIR="$kdir" BUILD="$work/build" KMOD_SIGN_KEY="$work/key" KMOD_SIGN_CERT="$work/key.der"
is "$status" 0 "make kmod KMOD_SIGN_KEY=: status 0"
is "$(modinfo -F signer "$ko")" throwaway "it is signed by that key"
is "$(modinfo -F sig_hashalgo "$ko")" sha256 "with the kernel's hash"
run make kmod KDIR="$kdir" BUILD="$work/build" KMOD_SIGN_KEY="$work/no-key"
is "$((status != 0))" 1 "a key that is not there fails the build"

# other NAME HEADER SED - build it with that header changed
other() {
	local tree=$common
	[ -e "$tree/include/$2" ] || tree=$kdir
	mkdir -p "$work/$1/${2%/*}"
	sed "$3" "$tree/include/$2" >"$work/$1/$2"
	is "$(cmp -s "$tree/include/$2" "$work/$1/$2" && echo same)" "" "$1: the header is another"
	run make kmod KDIR="$kdir" BUILD="$work/$1/build" CC="gcc -I$work/$1"
}

# refused NAME HEADER SED SENTENCE
refused() {
	other "$1" "$2" "$3"
	is "$((status != 0))" 1 "$1: the build fails"
	is "$(grep -c "error: #error \"slotscope: $4" <<<"$err")" 1 "$1: and says why"
}
refused too-old linux/kvm_host.h \
	's/#define kvm_for_each_memslot_in_gfn_range/#define kvm_old/' 'this kernel is too old'
refused no-kvm generated/autoconf.h '/CONFIG_KVM_MODULE /d' 'this kernel has no KVM'
refused no-btf generated/autoconf.h '/CONFIG_DEBUG_INFO_BTF /d' 'this kernel has no BTF'

# Compiled alone: none of these kernels is there to load it
built() {
	other "$1" generated/autoconf.h "$2"
	is "$status" 0 "$1: it is built"
}
built kvm-built-in 's/CONFIG_KVM\(_AMD\|_INTEL\|\)_MODULE /CONFIG_KVM\1 /'
built intel-alone '/CONFIG_KVM_AMD_MODULE /d'
done_testing
