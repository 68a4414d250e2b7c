// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/death.h"

/* 1, 0 or -ENOMEM */
static int finds_stop(const struct slot_log *log, uint64_t serial,
		      const struct sample *sample)
{
	struct check_input input = { .log = log, .serial = serial };
	struct comparison comparison;
	bool found = false;
	int ret;

	sample_input(sample, &input);
	ret = crosscheck(&input, &comparison);
	if (ret)
		return ret;
	for (size_t i = 0; i < comparison.findings.nr; i++)
		found |= comparison.findings.items[i].id == FINDING_STOPPED;
	comparison_deinit(&comparison);
	return found;
}

int death_of(const struct slot_log *log, const struct vm_id *vm,
	     const struct vm_end *end, struct sample *out)
{
	struct last_words words;
	bool refused;
	int ret;

	last_words_of(&words, log, vm->serial);
	refused = last_words_refused(&words, end);
	if (!refused && !last_words_stopped(&words, end))
		return 0;
	ret = sample_of_log(log, vm, out);
	out->ended = true;
	out->end = *end;
	if (!ret)
		ret = refused ? 1 : finds_stop(log, vm->serial, out);
	if (ret <= 0)
		sample_deinit(out);
	return ret;
}
