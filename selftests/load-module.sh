# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests in the lab: source it from the project's root.

# load_module - for what asks KVM itself; fails where it was not built
load_module() { [ -e /dev/slotscope ] || insmod "build/kmod/$(uname -r)/slotscope.ko"; }
