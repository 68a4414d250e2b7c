/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's RAMBlocks, as the human monitor's "info ramblock" lists them. */
#ifndef SLOTSCOPE_QEMU_RAM_BLOCKS_H
#define SLOTSCOPE_QEMU_RAM_BLOCKS_H

#include <slotscope/addr.h>

#include "qemu/qmp.h"

/**
 * ram_blocks_parse() - read that list; pure
 * @text: trusted in nothing
 * @out:  free() it
 *
 * Return: how many, which is above 0; -EINVAL for text that is no such list; or
 * -ENOMEM.
 */
int ram_blocks_parse(const char *text, struct addr_block **out);

/**
 * ram_blocks_read() - ask for it
 *
 * Return: how many; -EPROTO if QEMU does not know the question; -ENOMEM; or as
 * qmp_hmp().
 */
int ram_blocks_read(struct qmp *q, struct addr_block **out,
		    struct slotscope_error *err);

#endif
