#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests prove what their machine is, on this machine's own KVM.
exec "$(dirname "$0")/../guests/run"
