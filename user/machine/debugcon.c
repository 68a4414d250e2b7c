// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/debugcon.h"

void debugcon_flush(struct debugcon *con)
{
	if (!con->len)
		return;
	con->text[con->len] = '\0';
	con->len = 0;
	con->line(con->opaque, con->text);
}

void debugcon_putc(struct debugcon *con, uint8_t c)
{
	if (c == '\r')
		return;
	if (c == '\n') {
		debugcon_flush(con);
		return;
	}
	con->text[con->len++] = c >= ' ' && c < 0x7f ? (char)c : '.';
	if (con->len == sizeof(con->text) - 1)
		debugcon_flush(con);
}
