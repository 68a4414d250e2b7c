#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random requests against the errno rules, on this machine's own KVM, without any
# module. It makes no slot above 64 MiB: what KVM keeps of a large one can be
# more than the machine has.
cd "$(dirname "$0")/../.." || exit 1
exec build/kernel/errno-random --here
