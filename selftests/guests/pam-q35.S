// SPDX-License-Identifier: GPL-2.0-or-later
// PAM and SMRAM of Q35.
// @args -M q35 -m 64M --vga-window
#define HOST_ID 0x29c08086
#define PAM1	0x91
#define SMRAM	0x9d
#include "pam.h"
