#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod-stage2 again, where KVM has shadow page tables instead of nested paging.
set -u
cd "$(dirname "$0")/../.." || exit 1

modprobe -r kvm_amd
modprobe kvm_amd npt=0
if [ "$(cat /sys/module/kvm_amd/parameters/npt)" != N ]; then
	echo "Bail out! kvm_amd does not take npt=0"
	exit 1
fi
exec build/kernel/kmod-stage2
