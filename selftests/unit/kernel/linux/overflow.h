/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of the kernel's own header, what kmod/btf.c takes of it */
#ifndef SELFTESTS_UNIT_KERNEL_LINUX_OVERFLOW_H
#define SELFTESTS_UNIT_KERNEL_LINUX_OVERFLOW_H

#define check_mul_overflow(a, b, to) __builtin_mul_overflow(a, b, to)

#endif
