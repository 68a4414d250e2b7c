/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a check came to: compared, laid beside the log, and printed. */
#ifndef SLOTSCOPE_CMD_VERDICT_H
#define SLOTSCOPE_CMD_VERDICT_H

#include "render/check.h"

/**
 * verdict_print() - compare and print one VM
 * @input:    of views and log
 * @document: what is to be told beside the comparison; the rest is filled here
 * @now_ns:   CLOCK_MONOTONIC that ages are counted to
 *
 * Return: as findings_exit_status(), or a negative errno.
 */
int verdict_print(const struct check_input *input,
		  struct check_document *document, uint64_t now_ns,
		  struct slotscope_error *err);

#endif
