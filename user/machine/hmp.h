/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor's commands, by text; reached by human-monitor-command. */
#ifndef SLOTSCOPE_MACHINE_HMP_H
#define SLOTSCOPE_MACHINE_HMP_H

#include <stdio.h>

#include "machine/monitor.h"

/**
 * hmp_run() - run one line
 * @out: gets what it prints, also what it has to say of a wrong command
 *
 * Return: 0, or a negative errno if @out is not whole.
 */
int hmp_run(const struct monitor_target *target, const char *line, FILE *out);

#endif
