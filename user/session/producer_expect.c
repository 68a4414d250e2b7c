// SPDX-License-Identifier: GPL-2.0-or-later
/* MODEL of one who knows what slots there should be: a file */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pasted.h"
#include "base/read_file.h"
#include "session/producers.h"
#include "view/slots_text.h"

#define HOW "give a file with AS/ID GPA+SIZE [@HVA] [FLAGS], a slot a line"

int expect_probe(void *ctx, struct slotscope_error *err)
{
	const struct subject *subject = ctx;

	return subject->expect ? 0 : error_set(err, ENOENT, "expect slots");
}

/* MODEL as the file has it, of a VM with so many address spaces */
static int slots_of(const struct expected *expected, size_t nr_as,
		    struct slot_state *out, struct slotscope_error *err)
{
	struct slotscope_error line = {};
	/* It is read in place */
	char *text = strdup(expected->text);
	int ret = 0;

	slot_state_init(out, PARTY_MODEL);
	if (!text || slot_state_set_nr_as(out, nr_as))
		ret = error_set(err, ENOMEM, "read %s", expected->name);
	if (!ret) {
		ret = slots_from_text(text, out, &line);
		if (ret) {
			error_set(err, line.code, "%s of %s", line.tried,
				  expected->name);
			error_why(err, "%s", line.why);
			error_next(err, HOW);
		}
	}
	free(text);
	if (ret) {
		slot_state_deinit(out);
		slot_state_init(out, PARTY_MODEL);
	}
	return ret;
}

int expected_read(const char *path, struct expected *out,
		  struct slotscope_error *err)
{
	struct slot_state state;
	size_t len;
	int ret;

	*out = (struct expected){ .name = read_file_name(path) };
	ret = read_file(path, &out->text, &len, err);
	if (ret)
		return error_next(err, HOW);
	if (memchr(out->text, '\0', len)) {
		ret = error_set(err, EINVAL, "read %s", out->name);
		error_why(err, "it is no text of slots");
		error_next(err, HOW);
	}
	if (!ret) {
		out->unended = pasted_unended(out->text, len);
		ret = slots_of(out, UINT16_MAX + 1, &state, err);
		slot_state_deinit(&state);
	}
	if (ret)
		expected_deinit(out);
	return ret;
}

void expected_deinit(struct expected *expected)
{
	free(expected->text);
	expected->text = NULL;
}

int expect_read(void *ctx, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err)
{
	const struct subject *subject = ctx;
	int ret = slots_of(subject->expect, subject->nr_as, out, err);

	out->vm = subject->vm;
	out->coverage.at_ns = clock_now();
	return ret;
}
