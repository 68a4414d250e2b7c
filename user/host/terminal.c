// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/terminal.h"

void terminal_size(int fd, struct winsize *out)
{
	if (ioctl(fd, TIOCGWINSZ, out) || !out->ws_row || !out->ws_col)
		*out = (struct winsize){ .ws_row = 24, .ws_col = 80 };
}
