// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer: any text as an api.log, by both renders, which must agree */
#include <stdlib.h>

#include "replay/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replay_options options = { 0 };
	struct replay_report report[2];
	struct slotscope_error err;
	int r[2], i;

	for (i = 0; i < 2; i++) {
		options.full_render = i;
		r[i] = replay_api_log((const char *)data, size, &options,
				      &report[i], &err);
	}
	if (r[0] != r[1] || report[0].differs != report[1].differs ||
	    report[0].line != report[1].line)
		abort();
	for (i = 0; i < 2; i++)
		replay_report_deinit(&report[i]);
	return 0;
}
