#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A KVM that is interrupted while it makes a VM is asked again; one that lacks what
# is needed is named with it, and nothing is left behind. kvm-shim.c plays that KVM.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=selftests/vm-lib.sh
. selftests/vm-lib.sh
[ -w /dev/kvm ] || skip_all "no /dev/kvm"
make --no-print-directory -C selftests "$PWD/build/cmd/kvm-shim.so" >"$work/log" 2>&1
result $? "the shim is built" || { diag "$(cat "$work/log")"; done_testing; }
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

# shimmed SETTING ARGS... - slotscope vm on that KVM
shimmed() {
	local setting=$1
	shift
	run timeout 20 env "$setting" LD_PRELOAD="$PWD/build/cmd/kvm-shim.so" \
		"$program" vm -m 64M --qmp "unix:$TMPDIR/qmp" --exit-after-halt "$@"
}

shimmed KVM_SHIM_EINTR=3
is "$status" 0 "interrupted three times: it runs"
is "$(grep -c 'shim: interrupted, 1 of KVM open' <<<"$err")" 3 \
	"it asked again each time, with /dev/kvm open"
like "$err" 'ends with 0 of KVM open' "and closes all at its end"

# lacks CAPABILITY MEANING ARGS...
lacks() {
	local name=$1 meaning=$2 number
	shift 2
	number=$(printf '#include <linux/kvm.h>\n%s\n' "$name" | gcc -E -P - | tail -1)
	shimmed "KVM_SHIM_LACKS=$number" "$@"
	is "$status" 3 "without $name: status 3"
	# its lines are broken where they are full
	err=$(tr -s ' \n' ' ' <<<"$err")
	like "$err" "shim: lacks $number, [1-9][0-9]* of KVM open" "without $name: it was asked for"
	like "$err" "check KVM for $name: .*$meaning" "without $name: what it means"
	like "$err" 'use a newer kernel' "without $name: what to do"
	like "$err" 'ends with 0 of KVM open' "without $name: all is closed"
	is "$(ls -A "$TMPDIR")" "" "without $name: no file is left"
}

lacks KVM_CAP_IMMEDIATE_EXIT 'a vCPU can be stopped'
lacks KVM_CAP_USER_MEMORY 'guest memory'
lacks KVM_CAP_DESTROY_MEMORY_REGION_WORKS 'deleted'
lacks KVM_CAP_JOIN_MEMORY_REGIONS_WORKS 'spans them'
lacks KVM_CAP_SET_TSS_ADDR 'pages'
lacks KVM_CAP_EXT_CPUID 'CPU'
lacks KVM_CAP_MP_STATE 'halted vCPU'
lacks KVM_CAP_VCPU_EVENTS 'reset'
lacks KVM_CAP_DEBUGREGS 'debug registers'
lacks KVM_CAP_READONLY_MEM 'ROM'
lacks KVM_CAP_SET_IDENTITY_MAP_ADDR 'firmware'
lacks KVM_CAP_IRQCHIP 'kernel-irqchip=on'
lacks KVM_CAP_PIT2 'timer'
lacks KVM_CAP_SPLIT_IRQCHIP 'kernel-irqchip=split' -M pc,kernel-irqchip=split
done_testing
