/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RAMBlock: host memory that regions stand for */
#ifndef SLOTSCOPE_MEMORY_RAM_BLOCK_H
#define SLOTSCOPE_MEMORY_RAM_BLOCK_H

#include <slotscope/memory.h>

void ram_block_free(struct memory_model *model, struct ram_block *block);

#endif
