/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a check came to: compared, laid beside the log, and printed. */
#ifndef SLOTSCOPE_CMD_VERDICT_H
#define SLOTSCOPE_CMD_VERDICT_H

#include "check/sample.h"
#include "render/check.h"

/**
 * verdict_limits() - what KVM allows, to say why it refused something
 * @kernel: what was read of KERNEL; or NULL
 * @limits: zero; filled if the log has a request that failed
 *
 * It takes a VM of our own to find out, so only if there is something to say. Without
 * it less is said.
 */
void verdict_limits(const struct check_input *input,
		    const struct sampled *kernel,
		    struct request_limits *limits);

/** verdict_page() - for --html's page, if there is one; 0 or -ENOMEM */
int verdict_page(const struct check_document *document);

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
