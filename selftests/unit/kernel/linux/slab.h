/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of the kernel's own header, what kmod/btf.c takes of it */
#ifndef SELFTESTS_UNIT_KERNEL_LINUX_SLAB_H
#define SELFTESTS_UNIT_KERNEL_LINUX_SLAB_H

#include <stdlib.h>

#define GFP_KERNEL		      0
#define kvmalloc_array(nr, size, gfp) ((void)(gfp), calloc(nr, size))
#define kvfree(data)		      free(data)

#endif
