/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host memory for guest RAM: where boards get what they hand to the model. */
#ifndef SLOTSCOPE_MACHINE_RAM_H
#define SLOTSCOPE_MACHINE_RAM_H

#include <stdbool.h>
#include <stdint.h>

#include <slotscope/error.h>

/* What QEMU aligns RAM to on x86, so that the host can use huge pages for it:
 * guest and host address then agree modulo 2 MiB. */
#define RAM_ALIGN (2UL << 20)

#define RAM_SIZE_MIN (1ULL << 20) /* the firmware's window ends there */

/**
 * struct ram_backing - what is mapped
 * @fd:	       a file as large as wanted; -1 for anonymous memory
 * @shared:    others see what is written
 * @reserve:   refuse now what the host may not have later
 * @page_size: of the memory, in bytes: the host's, or a huge page's
 */
struct ram_backing {
	int fd;
	bool shared;
	bool reserve;
	uint64_t page_size;
};

/**
 * ram_map_backing() - have host memory for @size bytes of guest memory
 * @name: what it is for, for errors
 * @size: bytes, a multiple of the backing's page
 * @host: set to its address, a multiple of RAM_ALIGN and of the page
 *
 * Nothing is allocated until it is touched. A page without rights follows it, so
 * that nothing else comes to lie there unnoticed.
 *
 * Return: 0 or a negative errno: then nothing is mapped.
 */
int ram_map_backing(const char *name, uint64_t size,
		    const struct ram_backing *backing, void **host,
		    struct slotscope_error *err);

/**
 * ram_map() - the same with anonymous memory that is not reserved: a guest may
 * be given more than the host has
 */
int ram_map(const char *name, uint64_t size, void **host,
	    struct slotscope_error *err);

/** ram_unmap() - give back what ram_map() gave */
void ram_unmap(void *host, uint64_t size);

/**
 * ram_parse_size() - "256M", "1.5G", "4096"
 * @text: see parse_size(); without a suffix MiB, as in QEMU's -m
 * @size: set to bytes, rounded up to 8 KiB as QEMU does
 *
 * Return: 0 or -EINVAL.
 */
int ram_parse_size(const char *text, uint64_t *size,
		   struct slotscope_error *err);

#endif
