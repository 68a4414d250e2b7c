/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's commands about pages that the guest wrote to. */
#ifndef SLOTSCOPE_MACHINE_HMP_DIRTY_H
#define SLOTSCOPE_MACHINE_HMP_DIRTY_H

#include <stdio.h>

#include "machine/monitor.h"

/**
 * hmp_dirty_log() - "start", "stop" or "clear"
 *
 * After start and after clear all pages are clean. For migration's client: all
 * RAM that is migratable.
 */
void hmp_dirty_log(const struct monitor_target *target, int argc, char **argv,
		   FILE *out);

/** hmp_info_dirty_log() - what is dirty now; "-p": which pages */
void hmp_info_dirty_log(const struct monitor_target *target, int argc,
			char **argv, FILE *out);

#endif
