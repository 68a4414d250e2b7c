// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/read_file.h"
#include "trace/log_load.h"

int log_load_text(const char *name, const char *text, size_t len,
		  struct slot_log *log, struct slotscope_error *err)
{
	struct slotscope_error inner = {};
	int ret = log_text_read(text, len, log, &inner);

	if (!ret)
		return 0;
	*err = inner;
	snprintf(err->tried, sizeof(err->tried), "%.160s: %.80s", name,
		 inner.tried);
	return ret;
}

int log_load(const char *path, struct slot_log *log, struct log_source *source,
	     struct slotscope_error *err)
{
	struct log_source found = { LOG_TEXT_NONE, RECORDING_FINISHED };
	char *text;
	size_t len;
	int ret = read_file(path, &text, &len, err);

	if (ret)
		return ret;
	/* No recording has such a line: its text is JSON, or it is none */
	if (text[0] != '{' && !memchr(text, '\0', len))
		found.text = log_text_kind(text, len);
	if (found.text)
		ret = log_load_text(read_file_name(path), text, len, log, err);
	else
		ret = recording_load(path, log, &found.state, err);
	free(text);
	if (!ret && source)
		*source = found;
	return ret;
}

static int by_serial(const void *a, const void *b)
{
	const struct vm_id *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static bool tells_of_slots(const struct slot_event *event)
{
	return event->type == SLOT_EVENT_REQUEST ||
	       event->type == SLOT_EVENT_CHANGE ||
	       event->type == SLOT_EVENT_BASE;
}

/* Those of one serial are one: with the id that its creation has, if it is there */
static size_t merge(struct vm_id *ids, size_t nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++) {
		if (kept && ids[kept - 1].serial == ids[i].serial) {
			if (ids[kept - 1].fd < 0)
				ids[kept - 1].fd = ids[i].fd;
			continue;
		}
		ids[kept++] = ids[i];
	}
	return kept;
}

int log_vms(const struct slot_log *log, struct vm_id **out, size_t *nr)
{
	struct vm_id *ids = NULL, *more;
	size_t n = 0, cap = 0;
	uint64_t before = 0;

	*out = NULL;
	*nr = 0;
	for (size_t i = 0; i < log->nr; i++) {
		const struct slot_event *event = &log->events[i];
		struct vm_id id = { .tgid = event->tgid,
				    .fd = -1,
				    .serial = event->serial };

		if (event->type == SLOT_EVENT_VM_CREATE)
			id = event->vm;
		else if (!tells_of_slots(event) || event->serial == before)
			continue;
		id.serial = event->serial;
		before = event->serial;
		more = grown(ids, n, &cap, sizeof(*ids));
		if (!more) {
			free(ids);
			return -ENOMEM;
		}
		ids = more;
		ids[n++] = id;
	}
	if (n > 1)
		qsort(ids, n, sizeof(*ids), by_serial);
	*out = ids;
	*nr = merge(ids, n);
	return 0;
}

int log_pick_vm(const char *name, const struct slot_log *log, uint64_t number,
		struct vm_id *out, struct slotscope_error *err)
{
	struct vm_id *ids;
	size_t nr;
	int ret = log_vms(log, &ids, &nr);

	if (ret)
		return error_set(err, ret, "list the VMs of %.80s", name);
	if (nr && number <= nr && (number || nr == 1)) {
		*out = ids[number ? number - 1 : 0];
		free(ids);
		return 0;
	}
	free(ids);
	ret = error_set(err, nr && !number ? ENOTUNIQ : ENOENT,
			"choose a VM of %.160s", name);
	if (!nr)
		return error_why(err, "it tells of none");
	error_why(err, "it tells of %zu VM%s", nr, nr == 1 ? "" : "s");
	return error_next(err, "name one: --vm 1 is the first");
}
