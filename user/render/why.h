/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why vCPUs do not go on, for people and for programs */
#ifndef RENDER_WHY_H
#define RENDER_WHY_H

#include <stdio.h>

#include <slotscope/why.h>

struct told_past;

/**
 * struct why_document - what is to be told; all is borrowed
 * @vm:     which VM; NULL: of files
 * @past:   the recording that the VM's past is of; NULL: say nothing of it
 * @source: what to name to look again: "--pid 12", "-i FILE"
 */
struct why_document {
	const struct stops *stops;
	const struct vm_id *vm;
	const struct told_past *past;
	const char *source;
};

/** render_why() - some lines a vCPU */
void render_why(FILE *out, const struct why_document *document);

/** render_why_json() - all of it as one document; 0 or -ENOMEM */
int render_why_json(FILE *out, const struct why_document *document);

#endif
