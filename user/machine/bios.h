/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware: a file, or our own that is built in. */
#ifndef SLOTSCOPE_MACHINE_BIOS_H
#define SLOTSCOPE_MACHINE_BIOS_H

#include <stdbool.h>
#include <stdint.h>

#include <slotscope/error.h>

/**
 * struct bios - firmware to be loaded
 * @path: its file; NULL for our own
 * @fd:	  the file; -1 for our own
 * @size: bytes that pc.bios needs for it
 */
struct bios {
	const char *path;
	int fd;
	uint64_t size;
};

/**
 * bios_open() - find the firmware and check its size
 * @path: a file, or its name in /usr/share/seabios or /usr/share/qemu, whose size is a multiple of @unit and not above @max bytes;
 *	  NULL for our own, in @own_size bytes
 * @bios: bios_close() it
 */
int bios_open(const char *path, uint64_t unit, uint64_t max, uint64_t own_size,
	      struct bios *bios, struct slotscope_error *err);

/**
 * bios_load() - copy all @bios->size bytes to @dst
 * @in_ram: the guest will be able to write there; our own firmware tests it
 */
int bios_load(const struct bios *bios, void *dst, bool in_ram,
	      struct slotscope_error *err);

void bios_close(struct bios *bios);

#endif
