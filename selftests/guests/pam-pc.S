// SPDX-License-Identifier: GPL-2.0-or-later
// PAM and SMRAM of 440FX.
// @args -M pc -m 64M --vga-window
#define HOST_ID 0x12378086
#define PAM1	0x5a
#define SMRAM	0x72
#include "pam.h"
