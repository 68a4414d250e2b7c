/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_BASE_SIZE_TEXT_H
#define SLOTSCOPE_BASE_SIZE_TEXT_H

#include <stdint.h>

#define SIZE_TEXT 32

/*
 * How a size of memory is printed: in a sentence, and in a cell of a table. (Where a
 * number is to be compared or typed it is bytes, in hexadecimal.)
 */

/** size_text() - "255 MiB"; exact, or rounded to a tenth. Return: @buf */
const char *size_text(char buf[SIZE_TEXT], uint64_t size);

/**
 * size_cell() - "255M"; as ls -h has them, but never rounded up: "512K", "1.5G"
 *
 * At most five columns. Return: @buf
 */
const char *size_cell(char buf[SIZE_TEXT], uint64_t size);

/** SIZE_IN_TEXT() - size_text() where one is needed for an expression alone */
#define SIZE_IN_TEXT(size) size_text((char[SIZE_TEXT]){ 0 }, size)

#endif
