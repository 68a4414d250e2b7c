/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_CMD_PATH_H
#define SLOTSCOPE_CMD_PATH_H

#include <stdbool.h>

/** path_has_program() - could a shell start the first word of @command? */
bool path_has_program(const char *command);

#endif
