#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bindings/python/slotscope.py over the shared library, by Python's unittest; and against
# a VM that is live, where one can be made.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
export SLOTSCOPE_LIBRARY=$PWD/build/user/libslotscope.so.0 SLOTSCOPE_PROGRAM=$PWD/build/user/slotscope
if [ -w /dev/kvm ]; then
	start_vm -m 64M
	wait_for 'qmp @'
	# What reads the slots here: BPF, or the module
	! "$SLOTSCOPE_PROGRAM" slots --pid "$vm" >/dev/null 2>&1 || export SLOTSCOPE_PID=$vm
fi
out=$(/usr/bin/python3 -B selftests/python/test_slotscope.py -v 2>&1)
failed=$?
while IFS= read -r line; do
	case $line in
	*' ... ok') result 0 "${line%% *}" ;;
	*' ... skipped '*) skip "${line%% *}" "${line##* skipped }" ;;
	*' ... '*) result 1 "${line%% *}" ;;
	esac
done <<<"$out"
like "$out" '^Ran [1-9]' "it ran"
is "$failed" 0 "all passed" || diag "$out"
# Whoever loads it by the name that is installed finds it, or is told what was looked for
like "$(SLOTSCOPE_LIBRARY=$work/none /usr/bin/python3 -B -c 'import sys; sys.path.insert(0, "bindings/python"); import slotscope' 2>&1)" \
	"OSError: $work/none" "no library: Python says which"
done_testing
