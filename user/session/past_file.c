// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/progress.h"
#include "host/vm_birth.h"
#include "kvm/prove.h"
#include "session/past_file.h"
#include "session/stop.h"

#define WAIT_MS	 5000 /* a recorder on a busy machine is that late */
#define PAUSE_NS 5000000

/* As far apart as clocks may be that nobody has set in between */
#define SET_NS 1000000000ULL

static int no_file(const char *path, int code, struct slotscope_error *err)
{
	error_set(err, code, "read the history in %.160s", path);
	return error_next(err, "name a file that slotscope record writes, or "
			       "leave --history out");
}

int past_file_open(const char *path, const char *boot_id, struct past_file *out,
		   struct slotscope_error *err)
{
	struct stat st;
	int ret;

	*out = (struct past_file){ .path = path };
	slot_log_init(&out->log);
	if (stat(path, &st))
		return no_file(path, errno, err);
	/* A pipe would be waited for */
	if (!S_ISREG(st.st_mode)) {
		no_file(path, EINVAL, err);
		return error_why(err, "it is no regular file");
	}
	ret = recording_open(path, &out->reader, err);
	if (ret == -EAGAIN) {
		snprintf(out->why, sizeof(out->why),
			 "its recorder has only begun");
		return 0;
	}
	if (ret)
		return ret;
	out->info = *recording_info(out->reader);
	out->info.notes = NULL;
	if (!out->info.boot_id[0] || strcmp(out->info.boot_id, boot_id))
		snprintf(out->why, sizeof(out->why),
			 "it is of another boot, or of another machine");
	return 0;
}

/**
 * struct wanted - the VMs whose events are kept
 * @last: that was looked for
 */
struct wanted {
	const pid_t *tgids;
	size_t nr_tgids;
	uint64_t *serials;
	size_t nr, cap;
	uint64_t last;
};

static bool is_wanted(struct wanted *wanted, uint64_t serial)
{
	if (serial == wanted->last)
		return true;
	for (size_t i = wanted->nr; i--;) {
		if (wanted->serials[i] != serial)
			continue;
		wanted->last = serial;
		return true;
	}
	return false;
}

/* Whose a VM is, is told before all else of it */
static int want(struct wanted *wanted, const struct slot_event *event)
{
	uint64_t *more;
	pid_t tgid;

	switch (event->type) {
	case SLOT_EVENT_VM_CREATE:
		tgid = event->vm.tgid;
		break;
	case SLOT_EVENT_BASE:
	case SLOT_EVENT_BASE_END:
		tgid = event->tgid;
		break;
	default:
		return 0;
	}
	for (size_t i = 0; i < wanted->nr_tgids; i++) {
		if (wanted->tgids[i] != tgid)
			continue;
		more = grown(wanted->serials, wanted->nr, &wanted->cap,
			     sizeof(*more));
		if (!more)
			return -ENOMEM;
		wanted->serials = more;
		more[wanted->nr++] = event->serial;
		wanted->last = event->serial;
		break;
	}
	return 0;
}

static int take(struct past_file *file, struct wanted *wanted,
		const struct slot_event *event)
{
	const uint64_t end_ns = event->time_ns + event->duration_ns;
	bool loss = event->type == SLOT_EVENT_LOST;
	int ret = 0;

	if (end_ns > file->end_ns)
		file->end_ns = end_ns;
	file->end_seq = event->seq;
	if (loss && event->lost.count > 1)
		file->end_seq += event->lost.count - 1;
	if (event->serial && !is_wanted(wanted, event->serial)) {
		ret = want(wanted, event);
		if (ret || event->serial != wanted->last)
			return ret;
	}
	/* What ended is no VM that is there now; of whom a probe is nobody knows */
	if (!event->serial && !loss)
		return 0;
	return slot_log_add(&file->log, event);
}

/* All that there is by now */
static int read_on(struct past_file *file, struct wanted *wanted,
		   struct slotscope_error *err)
{
	struct slot_event event;
	int ret = 0;

	while (!stop_requested &&
	       (ret = recording_read(file->reader, &event, err)) > 0)
		if (take(file, wanted, &event))
			return error_set(err, ENOMEM,
					 "keep the events of %.160s",
					 file->path);
	if (stop_requested) {
		error_set(err, EINTR, "read the history in %.160s", file->path);
		return error_why(err, "a signal asked to stop");
	}
	file->growing = recording_state(file->reader) == RECORDING_GROWING;
	return ret;
}

/* It is written some time after it happened, and only if something does */
static int wait_until(struct past_file *file, struct wanted *wanted,
		      uint64_t until_ns, struct slotscope_error *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const int64_t ends = clock_now_ms() + WAIT_MS;
	struct slotscope_error ignored = {};
	struct kvm_proof own;
	int ret = 0;

	/* Of one process nobody can say when it will do anything */
	if (file->info.tgid || kvm_proof_init(&own, &ignored))
		return 0;
	if (!kvm_proof_create_vm(&own, &ignored)) {
		while (!ret && file->growing && file->end_ns <= until_ns &&
		       clock_now_ms() < ends) {
			nanosleep(&pause, NULL);
			ret = read_on(file, wanted, err);
		}
		kvm_proof_destroy_vm(&own);
	}
	kvm_proof_deinit(&own);
	return ret;
}

int past_file_read(struct past_file *file, const pid_t *tgids, size_t nr,
		   uint64_t until_ns, struct slotscope_error *err)
{
	PROGRESS("reading the history");
	struct wanted wanted = { .tgids = tgids, .nr_tgids = nr };
	int ret = read_on(file, &wanted, err);

	if (!ret && file->growing && file->end_ns <= until_ns)
		ret = wait_until(file, &wanted, until_ns, err);
	free(wanted.serials);
	file->read = !ret;
	return ret;
}

uint64_t past_file_born_ns(const struct past_file *file, const struct vm_id *vm)
{
	const uint64_t now = clock_now();
	const uint64_t real = clock_read(CLOCK_REALTIME);
	const uint64_t then = file->info.real_ns - file->info.time_ns;
	const uint64_t set = real - now > then ? real - now - then :
						 then - (real - now);
	uint64_t born;

	/* The clock was set meanwhile: what it showed then is nothing to go by */
	if (!file->info.real_ns || set > SET_NS ||
	    vm_birth(vm->tgid, vm->fd, &born) || born < real - now)
		return UINT64_MAX;
	return born - (real - now) + SET_NS;
}

void past_file_close(struct past_file *file)
{
	recording_close(file->reader);
	slot_log_deinit(&file->log);
	*file = (struct past_file){ 0 };
}
