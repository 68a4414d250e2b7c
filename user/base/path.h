/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_BASE_PATH_H
#define SLOTSCOPE_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/**
 * path_find() - what execvp(3) would start
 * @name: of @len bytes
 * @file: where it is, of @size bytes
 *
 * Return: false if there is no such program, or its path is too long.
 */
bool path_find(const char *name, size_t len, char *file, size_t size);

/** path_has_program() - could a shell start the first word of @command? */
bool path_has_program(const char *command);

#endif
