// SPDX-License-Identifier: GPL-2.0-or-later
/* MODEL of one who knows what slots there should be: a file */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/producers.h"
#include "view/slots_text.h"

#define FILE_MAX (16 << 20) /* room for many times the slots of a VM */
#define HOW	 "give a file with AS/ID GPA+SIZE [@HVA] [FLAGS], a slot a line"

int expect_probe(void *ctx, struct slotscope_error *err)
{
	const struct subject *subject = ctx;

	return subject->expect ? 0 : error_set(err, ENOENT, "expect slots");
}

static int read_all(int fd, struct expected *out, struct slotscope_error *err)
{
	size_t len = 0;
	ssize_t n;

	out->text = malloc(FILE_MAX + 1);
	if (!out->text)
		return error_set(err, ENOMEM, "read %s", out->name);
	while ((n = read(fd, out->text + len, FILE_MAX - len)) > 0)
		len += n;
	if (n < 0) {
		error_set(err, errno, "read %s", out->name);
		return error_next(err, HOW);
	}
	if (len == FILE_MAX || memchr(out->text, '\0', len)) {
		error_set(err, EINVAL, "read %s", out->name);
		error_why(err, "it is no text of slots");
		return error_next(err, HOW);
	}
	out->text[len] = '\0';
	return 0;
}

int expected_read(const char *path, struct expected *out,
		  struct slotscope_error *err)
{
	bool standard = !strcmp(path, "-");
	struct slot_state state;
	int fd, ret;

	*out = (struct expected){ standard ? "standard input" : path, NULL };
	fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_set(err, errno, "open %s", path);
		return error_next(err, HOW);
	}
	ret = read_all(fd, out, err);
	if (!standard)
		close(fd);
	if (!ret) {
		ret = expected_slots(out, UINT16_MAX + 1, &state, err);
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

int expected_slots(const struct expected *expected, size_t nr_as,
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

int expect_read(void *ctx, const struct slot_state *upto,
		struct slot_state *out, struct slotscope_error *err)
{
	const struct subject *subject = ctx;
	int ret = expected_slots(subject->expect, subject->nr_as, out, err);

	out->vm = subject->vm;
	out->coverage.at_ns = clock_now();
	return ret;
}
