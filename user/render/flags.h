/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_FLAGS_H
#define RENDER_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include <slotscope/view.h>

#define FLAGS_TEXT 48

/** flags_rights_text() - "rw" or "ro", then what flags_text() has besides */
void flags_rights_text(char text[FLAGS_TEXT], uint32_t flags, bool hidden);

/* Room for what gmem_text() writes */
#define GMEM_TEXT 64

/**
 * gmem_text() - which file: "inode 77+0x1000", "fd 12+0x1000", "closed", or ""
 *
 * The inode is that which ls -i /proc/PID/fd shows, and which stands in
 * /proc/PID/maps where the VMM has it mapped.
 */
void gmem_text(char text[GMEM_TEXT], const struct slot *slot);

/** flags_text() - "ro,log,gmem,moving,kvm" and unknown bits in hexadecimal */
void flags_text(char text[FLAGS_TEXT], uint32_t flags, bool hidden);

#endif
