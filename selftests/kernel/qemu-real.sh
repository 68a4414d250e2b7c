#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# MODEL of a real QEMU on KVM with SMM, which only the lab is sure to have: the
# unit test skips half of itself where there is no /dev/kvm.
set -u
cd "$(dirname "$0")/../.." || exit 1
CMOCKA_MESSAGE_OUTPUT=TAP exec build/unit/test_qemu_real
