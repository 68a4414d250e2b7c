/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNWIND_GO_ELF_H
#define UNWIND_GO_ELF_H

#include <libelf.h>

#include "unwind/go_table.h"

/**
 * go_elf_table() - the table of a Go program
 * @table: as long as @elf is open
 *
 * Return: false if it is no Go program, or of a form that is not known here.
 */
bool go_elf_table(Elf *elf, struct go_table *table);

#endif
