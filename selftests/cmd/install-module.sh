#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# "make install-module DESTDIR=..." writes below DESTDIR, and nowhere else.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

selftests/vm/fetch -k 6.12 --headers >/dev/null 2>&1
kdir=$(selftests/vm/kdir -k 6.12) || skip_all "the headers of 6.12 cannot be had"
release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$kdir/include/generated/utsrelease.h")

# What is in the machine's own folder of modules
machine() { find /lib/modules/ -newer "$work/before" 2>/dev/null; }

for how in DESTDIR INSTALL_MOD_PATH; do
	root=$work/$how
	touch "$work/before"
	run make install-module KDIR="$kdir" $how="$root"
	is "$status" 0 "make install-module $how=: status 0"
	[ "$status" = 0 ] || diag "$err"
	is "$(cd "$root" 2>/dev/null && find . -name 'slotscope.ko*' | sed 's/\.xz$//')" \
		"./lib/modules/$release/updates/slotscope.ko" \
		"make install-module $how=: the module is below it"
	is "$(machine)" "" "make install-module $how=: nothing else is written"
done
done_testing
