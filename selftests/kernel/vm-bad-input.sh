#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What slotscope vm cannot do it says before it does half of it: what was tried,
# why it failed, what to do; status 3.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"

refused() { # refused REGEX ARGS... - REGEX has to be in the message
	local regex=$1
	shift
	run timeout 20 "$program" --json vm --exit-after-halt "$@"
	is "$status" 3 "vm $*: status 3"
	like "$(python3 -c 'import json, sys
e = json.loads(sys.stdin.read())["error"]
assert e["code"] and e["next"]
print(e["tried"] + ": " + e["why"])' <<<"$out" 2>&1)" "$regex" "vm $*: says why"
}

for m in 0 0G '' -1 1.5G 5X 5GB 1016K 99999999999999999999G; do
	refused "memory size \"$m\"" -m "$m"
done
for machine in nonsense '' q35 PC; do
	refused "machine \"$machine\": there is no such board" -M "$machine"
done
refused 'no such fault' --fault nonsense
refused 'bits of physical address|reserve' -m 4096T
bits=$(sed -n 's/^address sizes.*: \([0-9]*\) bits physical.*/\1/p' /proc/cpuinfo | head -1)
if [ "${bits:-64}" -le 44 ]; then
	# RAM of half the address space fits, but not around the hole
	refused "$bits bits of physical address" -m $((1 << (bits - 30)))G
else
	skip "-m of all physical addresses" "the host has $bits bits: too much to reserve"
fi

refused "open the firmware $work/none: No such file" --bios "$work/none"
refused 'not a file' --bios "$work"
mkfifo "$work/fifo"
refused 'not a file' --bios "$work/fifo"
: >"$work/empty"
refused '0 bytes' --bios "$work/empty"
truncate -s 65535 "$work/short"
refused '65535 bytes, which is no multiple' --bios "$work/short"
truncate -s 17M "$work/large"
refused 'room for 16777216' --bios "$work/large"
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
	like "$err" '/dev/kvm.*(root|group)|root|group' "it says what to do"
else
	skip "no rights" "needs root to become another user"
fi

refused '2 to 107 bytes' --qmp 'unix:'
refused '2 to 107 bytes' --qmp "unix:/$(printf '%0200d' 0)"
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
