// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/pasted.h"
#include "base/progress.h"
#include "base/read_file.h"
#include "trace/log_load.h"
#include "trace/recording_format.h"
#include "trace/recording_source.h"

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

/**
 * struct log_reader - private
 * @recording: or, if that is NULL,
 * @log:       of a text, of which
 * @next:      is to come
 * @unended:   its last line was not taken
 */
struct log_reader {
	char *name;
	struct recording_reader *recording;
	struct slot_log log;
	size_t next;
	bool unended;
};

/* The rest of it is a text; 0 if it is, 1 if it is none that we know */
static int read_text(struct log_reader *r, struct recording_source *source,
		     struct slotscope_error *err)
{
	ssize_t len = source_rest(source, READ_FILE_MAX, err);
	const char *text;

	if (len < 0)
		return len;
	text = (const char *)source_bytes(source);
	/* JSON of ours is no tool's text, and says so itself */
	if (text[0] == '{' || memchr(text, '\0', len) ||
	    !log_text_kind(text, len))
		return 1;
	r->unended = pasted_unended(text, len);
	return log_load_text(source->path, text, len, &r->log, err);
}

static int open_log(struct log_reader *r, const char *path,
		    struct slotscope_error *err)
{
	struct recording_source source;
	int ret = source_open(&source, path, err);
	ssize_t got = ret ?: source_need(&source, RECORDING_MAGIC_BYTES, err);

	if (got < 0)
		error_next(err, "name a file that slotscope record, strace or "
				"QEMU has written");
	r->name = strdup(read_file_name(path));
	if (got >= 0 && !r->name)
		got = error_set(err, ENOMEM, "open %s", path);
	ret = got < 0 || recording_is(source_bytes(&source), got) ?
		      1 :
		      read_text(r, &source, err);
	if (got >= 0 && ret == 1)
		return recording_open_source(&source, &r->recording, err);
	source_close(&source);
	return got < 0 ? got : ret;
}

int log_open(const char *path, struct log_reader **reader,
	     struct slotscope_error *err)
{
	PROGRESS("reading events");
	struct log_reader *r = calloc(1, sizeof(*r));
	int ret;

	*reader = NULL;
	if (!r)
		return error_set(err, ENOMEM, "open %s", path);
	ret = open_log(r, path, err);
	if (!ret)
		*reader = r;
	else
		log_close(r);
	return ret;
}

int log_read(struct log_reader *r, struct slot_event *event,
	     struct slotscope_error *err)
{
	if (r->recording)
		return recording_read(r->recording, event, err);
	if (r->next == r->log.nr)
		return 0;
	*event = r->log.events[r->next++];
	return 1;
}

bool log_unended(const struct log_reader *r)
{
	return r->unended;
}

struct recording_reader *log_recording(const struct log_reader *r)
{
	return r->recording;
}

bool log_growing(const struct log_reader *r)
{
	return r->recording &&
	       recording_state(r->recording) == RECORDING_GROWING;
}

void log_close(struct log_reader *r)
{
	if (!r)
		return;
	recording_close(r->recording);
	slot_log_deinit(&r->log);
	free(r->name);
	free(r);
}

int log_read_all(struct log_reader *r, struct slot_log *log,
		 struct slotscope_error *err)
{
	PROGRESS("reading events");
	struct slot_event event;
	int ret;

	while ((ret = log_read(r, &event, err)) > 0) {
		ret = slot_log_add(log, &event);
		if (ret)
			return error_set(err, ret, "keep the events of %.160s",
					 r->name);
	}
	return ret;
}

int log_load(const char *path, struct slot_log *log, bool *growing,
	     struct slotscope_error *err)
{
	struct log_reader *reader;
	int ret = log_open(path, &reader, err);

	*growing = false;
	if (!ret)
		ret = log_read_all(reader, log, err);
	if (!ret)
		*growing = log_growing(reader);
	log_close(reader);
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

/* The VMs of which a log has requests or changes, by serial; free() @out */
static int list_vms(const struct slot_log *log, struct vm_id **out, size_t *nr)
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
	int ret = list_vms(log, &ids, &nr);

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
