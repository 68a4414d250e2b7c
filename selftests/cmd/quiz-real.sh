#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the quiz takes for right, of 3000 seeds, is what this machine's KVM says.
cd "$(dirname "$0")/../.." || exit 1
exec build/kernel/tools/quiz-real 0 3000
