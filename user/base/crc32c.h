/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLOTSCOPE_BASE_CRC32C_H
#define SLOTSCOPE_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/**
 * crc32c() - CRC-32C (Castagnoli; RFC 3720, 12.1), to be carried on
 * @crc: 0, or what it was up to @data
 *
 * A table of our own: zlib has another polynomial, which finds fewer errors in
 * records of our length; Debian's libcrc32c is C++, with its run time, for these
 * ten lines.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
