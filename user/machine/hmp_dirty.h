/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's commands about pages that the guest wrote to. */
#ifndef SLOTSCOPE_MACHINE_HMP_DIRTY_H
#define SLOTSCOPE_MACHINE_HMP_DIRTY_H

#include <stdio.h>

#include "machine/monitor.h"

/**
 * hmp_dirty_log() - "start", "stop", or "clear" with or without a client's name
 *
 * After start and after clear all pages are clean. That is for migration's client
 * (all RAM that is migratable), unless another is named. The display's, "vga",
 * logs as long as there is memory that it shows.
 */
void hmp_dirty_log(const struct monitor_target *target, int argc, char **argv,
		   FILE *out);

/**
 * hmp_info_dirty_log() - what is dirty now; "-p": which pages
 *
 * A line for each RAMBlock and client that logs it, or did when pages were written
 * to that were not cleared since.
 */
void hmp_info_dirty_log(const struct monitor_target *target, int argc,
			char **argv, FILE *out);

#endif
