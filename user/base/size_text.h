/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_BASE_SIZE_TEXT_H
#define SLOTSCOPE_BASE_SIZE_TEXT_H

#include <stdint.h>

#define SIZE_TEXT 32

/** size_text() - "255 MiB"; exact, or rounded to a tenth. Return: @buf */
const char *size_text(char buf[SIZE_TEXT], uint64_t size);

#endif
