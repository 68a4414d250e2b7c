/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a view that may not be true any more, until a commit renders them */
#ifndef SLOTSCOPE_MEMORY_WINDOWS_H
#define SLOTSCOPE_MEMORY_WINDOWS_H

#include <slotscope/memory.h>

/* A part of a view that may not be true any more: [start, end) */
struct window {
	memory_size_t start;
	memory_size_t end;
};

struct windows {
	struct window *list;
	size_t nr;
	size_t cap;
	bool all; /* the whole view */
};

void windows_settle(struct windows *windows);

#endif
