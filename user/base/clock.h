/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks. Not pure: who is has the time handed to it. */
#ifndef SLOTSCOPE_BASE_CLOCK_H
#define SLOTSCOPE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock_read() - what a clock shows, in nanoseconds */
uint64_t clock_read(clockid_t clock);

/** clock_now() - CLOCK_MONOTONIC in nanoseconds: the time that events bear */
uint64_t clock_now(void);

/** clock_now_ms() - the same in milliseconds, to reckon deadlines with */
int64_t clock_now_ms(void);

#endif
