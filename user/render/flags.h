/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RENDER_FLAGS_H
#define RENDER_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#define FLAGS_TEXT 48

/** flags_rights_text() - "rw" or "ro", then what flags_text() has besides */
void flags_rights_text(char text[FLAGS_TEXT], uint32_t flags, bool hidden);

/** flags_text() - "ro,log,gmem,moving,kvm" and unknown bits in hexadecimal */
void flags_text(char text[FLAGS_TEXT], uint32_t flags, bool hidden);

#endif
