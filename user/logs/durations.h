/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Durations, counted in classes: however many there are, memory is bounded. Number,
 * least, most and sum are exact; the median is, to 1 in 256 of itself. Pure.
 */
#ifndef LOGS_DURATIONS_H
#define LOGS_DURATIONS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct durations - all zero is none. In nanoseconds
 * @sum: stays at UINT64_MAX once there
 *
 * The rest is private.
 */
struct durations {
	uint64_t nr;
	uint64_t min;
	uint64_t max;
	uint64_t sum;
	struct durations_class *classes; /* by number */
	size_t nr_classes;
	size_t cap;
};

void durations_deinit(struct durations *durations);

/** durations_add() - one more; 0 or -ENOMEM */
int durations_add(struct durations *durations, uint64_t ns);

/** durations_merge() - those of another, too; 0 or -ENOMEM */
int durations_merge(struct durations *into, const struct durations *from);

/** durations_median() - half of them are no longer; 0 without any */
uint64_t durations_median(const struct durations *durations);

#endif
