// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "trace/recording_notes.h"

char *recording_notes(const struct tracer_options *options,
		      const struct tracer_report *report)
{
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
