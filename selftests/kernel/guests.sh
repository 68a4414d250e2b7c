#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests prove what their machine is, in the lab.
exec "$(dirname "$0")/../guests/run"
