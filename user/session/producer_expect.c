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

int expect_probe(void *ctx, struct slotscope_error *err)
{
	const struct subject *subject = ctx;

	return subject->expect ? 0 : error_set(err, ENOENT, "expect slots");
}

/* Return: the text, to be freed; NULL with @err */
static char *read_all(const char *path, struct slotscope_error *err)
{
	char *text = NULL;
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		error_set(err, errno, "open %s", path);
		return NULL;
	}
	text = malloc(FILE_MAX + 1);
	if (!text) {
		error_set(err, ENOMEM, "read %s", path);
		goto out;
	}
	while ((n = read(fd, text + len, FILE_MAX - len)) > 0)
		len += n;
	if (n < 0 || len == FILE_MAX || memchr(text, '\0', len)) {
		error_set(err, n < 0 ? errno : EINVAL, "read %s", path);
		if (n >= 0)
			error_why(err, "it is no text of slots");
		free(text);
		text = NULL;
		goto out;
	}
	text[len] = '\0';
out:
	close(fd);
	return text;
}

int expect_file_read(const char *path, size_t nr_as, struct slot_state *out,
		     struct slotscope_error *err)
{
	char *text = read_all(path, err);
	struct slotscope_error line = {};
	int ret = text ? 0 : -err->code;

	slot_state_init(out, PARTY_MODEL);
	if (!ret && slot_state_set_nr_as(out, nr_as))
		ret = error_set(err, ENOMEM, "read %s", path);
	if (!ret) {
		ret = slots_from_text(text, out, &line);
		if (ret) {
			error_set(err, line.code, "%s of %s", line.tried, path);
			error_why(err, "%s", line.why);
			error_next(err, "write AS/ID GPA+SIZE [@HVA] [FLAGS], "
					"a slot a line");
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
	int ret = expect_file_read(subject->expect, subject->nr_as, out, err);

	out->vm = subject->vm;
	out->coverage.at_ns = clock_now();
	return ret;
}
