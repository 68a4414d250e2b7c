/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debug console: bytes written to port 0x402 become lines. */
#ifndef SLOTSCOPE_MACHINE_DEBUGCON_H
#define SLOTSCOPE_MACHINE_DEBUGCON_H

#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"

/**
 * struct debugcon - a line being written
 * @line:   told of each line, without its end; what is not printable ASCII has
 *	    become a full stop: a guest may not talk to the user's terminal
 * @opaque: for it
 */
struct debugcon {
	void (*line)(void *opaque, const char *text);
	void *opaque;
	size_t len;
	char text[160];
};

void debugcon_putc(struct debugcon *con, uint8_t c);

/** debugcon_flush() - tell of what is there, though no end of line came */
void debugcon_flush(struct debugcon *con);

/**
 * debugcon_add() - put it at its port; bytes go to machine_ops.debugcon
 *
 * QEMU's -device isa-debugcon,iobase=0x402.
 */
int debugcon_add(struct machine *m, struct slotscope_error *err);

#endif
