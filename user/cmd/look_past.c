// SPDX-License-Identifier: GPL-2.0-or-later
/* What happened to a VM before it was looked at */
#include "cmd/look.h"

int look_past(const struct checker *checker, struct check_input *input,
	      uint64_t now_ns, uint64_t real_ns, struct look_past *out,
	      struct slotscope_error *err)
{
	const struct past_file *file = &checker->past;
	int ret;

	*out = (struct look_past){ .words = { .file = file->path,
					      .now_ns = now_ns,
					      .real_ns = real_ns } };
	ret = checker_story(checker, &out->log, &out->words.past, err);
	if (ret < 0)
		return ret;
	input->log = ret ? &out->log : &checker->log;
	if (file->path && file->why[0]) {
		out->words.why = file->why;
		out->told = !checker->options.history_is_default;
	} else if (ret) {
		out->told = !checker->options.history_is_default ||
			    out->words.past.state != PAST_NO_VM;
	}
	return 0;
}
