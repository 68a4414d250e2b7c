/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of one check: the table, the findings, the verdict. */
#ifndef RENDER_CHECK_H
#define RENDER_CHECK_H

#include <stdio.h>

#include <slotscope/check.h>

/**
 * struct check_document - all that a check's result shows; all is borrowed
 * @vm:	       which VM
 * @comm:      the VMM's name; any bytes
 * @kernel_by: what read KERNEL: "the slotscope module" or "a BPF iterator"
 * @at_ms:     when, in milliseconds since tracing began
 */
struct check_document {
	const struct check_input *input;
	const struct findings *findings;
	const struct check_rows *rows;
	const struct vm_id *vm;
	const char *comm;
	const char *kernel_by;
	int at_ms;
};

/** render_check() - for people, under 100 columns; 0 or -ENOMEM */
int render_check(FILE *out, const struct check_document *document);

/** render_check_json() - one document on one line; 0 or -ENOMEM */
int render_check_json(FILE *out, const struct check_document *document);

#endif
