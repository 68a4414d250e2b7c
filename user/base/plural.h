/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "1 event", "2 events": what stands behind a noun that is counted */
#ifndef BASE_PLURAL_H
#define BASE_PLURAL_H

#include <stdint.h>

static inline const char *plural(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

/* "1 process", "2 processes" */
static inline const char *plural_es(uint64_t nr)
{
	return nr == 1 ? "" : "es";
}

#endif
