#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What slotscope vm cannot do it says before it does half of it: what was tried,
# why it failed, what to do; status 3.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

refused 'bits of physical address' -m 4096T
bits=$(sed -n 's/^address sizes.*: \([0-9]*\) bits physical.*/\1/p' /proc/cpuinfo | head -1)
if [ "${bits:-64}" -le 44 ]; then
	# RAM of half the address space fits, but not around the hole
	refused "$bits bits of physical address" -m $((1 << (bits - 30)))G
else
	skip "-m of all physical addresses" "the host has $bits bits: too much to reserve"
fi

truncate -s 64K "$work/unreadable"
chmod 0 "$work/unreadable"
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$work"
	run setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$program" vm --bios "$work/unreadable"
	is "$status" 3 "firmware that may not be read: status 3"
	like "$err" 'Permission denied' "firmware that may not be read: says why"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$program" vm -m 64M
	is "$status" 3 "/dev/kvm may not be opened: status 3"
	like "$err" 'open /dev/kvm' "it says what was tried"
	like "$err" 'root' "it says what to do"
else
	skip "no rights" "needs root to become another user"
fi

refused '1 to 107 bytes' --qmp 'unix:'
refused '1 to 107 bytes' --qmp "unix:/$(printf '%0200d' 0)"
refused 'No such file' --qmp unix:/nonexistent/qmp

# No memory: the limit stands for the machine's
run bash -c 'ulimit -v 2000000; exec "$0" vm -m 64G --exit-after-halt' "$program"
is "$status" 3 "no room for 64G: status 3"
like "$err" 'pc.ram' "it names what there is no room for"
like "$err" 'ulimit|smaller -m' "it says what to do"

# No descriptors left
run bash -c 'ulimit -n 4; exec "$0" vm -m 64M --exit-after-halt' "$program"
is "$status" 3 "no descriptors: status 3"
like "$err" 'Too many open files' "it says why"
done_testing
