// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "trace/recording_notes.h"

char *recording_notes(const struct tracer_options *options,
		      const struct tracer_report *report)
{
	const struct tracer_filter *f = &options->filter;
	char *notes = NULL;
	size_t len;
	FILE *out = open_memstream(&notes, &len);

	if (!out)
		return NULL;
	if (options->tgid)
		fprintf(out, "filter=process %d and what it starts\n",
			options->tgid);
	else
		fputs("filter=none: every VM\n", out);
	if (f->serial)
		fprintf(out, "filter=VM %" PRIu64 "\n", f->serial);
	if (f->tgid)
		fprintf(out, "filter=VM of process %d, descriptor %d\n",
			f->tgid, f->fd);
	if (f->with_as)
		fprintf(out, "filter=address space %u\n", f->as_id);
	if (f->with_slot)
		fprintf(out, "filter=slot %u\n", f->slot);
	if (f->with_gpa)
		fprintf(out,
			"filter=guest memory 0x%" PRIx64 "-0x%" PRIx64 "\n",
			f->first_gpa, f->last_gpa);
	if (f->failed_only)
		fputs("filter=failed only\n", out);
	for (int i = 0; i < TRACER_CLASSES; i++)
		if (options->classes & 1U << i)
			fprintf(out, "events=%s\n", tracer_class_names[i]);
	if (!report)
		fputs("hook=requests ptrace\n", out);
	for (size_t i = 0; report && i < report->nr_hooks; i++) {
		const struct tracer_hook *hook = &report->hooks[i];

		if (hook->state == TRACER_HOOK_USED)
			fprintf(out, "hook=%s %s %s\n",
				tracer_job_names[hook->job],
				tracer_method_names[hook->method],
				hook->target);
	}
	fclose(out);
	return notes;
}
