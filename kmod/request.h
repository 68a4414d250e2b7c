/* SPDX-License-Identifier: GPL-2.0-only */
/* How structs and arrays cross the boundary: the rules of the uapi header. */
#ifndef SLOTSCOPE_REQUEST_H
#define SLOTSCOPE_REQUEST_H

#include <linux/types.h>

int request_get(void *req, u32 known, u32 first, void __user *from, u32 *size);
int request_put(void __user *to, u32 size, const void *req, u32 known);

int record_size_check(u32 size, u32 first);
int records_put(u64 to, u32 size, const void *records, u32 known, u32 nr);

#endif
