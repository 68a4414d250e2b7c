#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does the debug kernel see bugs, and does the lab see that it does? A module has one of
# each kind; a guest each, as the first report is the last that some of them make.
#
#   test-debug.sh debug|debug-kcsan
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck source=selftests/tap.sh
. selftests/tap.sh
k=$1
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

cp selftests/vm/test-module/* "$tmp"
if ! make -C "$(selftests/vm/kdir -k "$k")" M="$tmp" modules >"$tmp/log" 2>&1; then
	cat "$tmp/log" >&2
	exit 1
fi

# with BUG - what the lab says, and its status on the last line
with() {
	selftests/vm/run -q -t 300 -k "$k" -- insmod "$tmp/lab_bug.ko" "act=$1" 2>&1
	echo "status $?"
}

# sees BUG REGEX
sees() {
	local said
	said=$(with "$1")
	is "$(tail -n 1 <<<"$said")" "status 125" "$1: the guest fails"
	like "$said" "$2" "$1: and says why" || diag "$said"
}

memory_and_locks() {
	is "$(with none)" "status 0" "without a bug nothing is seen"
	sees use-after-free 'BUG: KASAN: slab-use-after-free in use_after_free'
	sees out-of-bounds 'BUG: KASAN: slab-out-of-bounds in out_of_bounds'
	sees lock-order 'WARNING: possible circular locking dependency detected'
	sees sleep 'BUG: (sleeping function called from invalid context|scheduling while atomic)'
	sees rcu 'WARNING: suspicious RCU usage'
	sees leak 'unreferenced object 0x'
	sees timer 'ODEBUG: free active .*timer_list'
	sees shift 'UBSAN: shift-out-of-bounds'
}

# The kernel has races of its own, now and then, which are no failure: what is asked is
# that it looked
data_races() {
	local said
	said=$(with none)
	is "$(tail -n 1 <<<"$said")" "status 0" "without a race of the module's nothing fails"
	like "$said" 'KCSAN watched [1-9][0-9]* accesses' "and the kernel looked" || diag "$said"
	sees race 'BUG: KCSAN: data-race in race_here \[lab_bug\]'
	sees race-below 'BUG: KCSAN: data-race in kstrtou8'
}

case $k in
debug) memory_and_locks ;;
*) data_races ;;
esac
done_testing
