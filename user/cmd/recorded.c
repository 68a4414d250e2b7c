// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/recorded.h"
#include "host/process.h"
#include "kvm/limits.h"
#include "trace/log_load.h"

/* Rules of another machine's kernel are not ours to ask for */
static bool is_of_this_boot(const struct recording_info *info)
{
	struct process self;
	struct slotscope_error ignored = {};
	struct vm_id id;
	bool same;

	if (process_open(getpid(), &self, &ignored))
		return false;
	same = !process_vm_id(&self, -1, &id, &ignored) &&
	       !strcmp(id.boot_id, info->boot_id);
	process_close(&self);
	return same;
}

/* The events, and from the header what the times in them are */
static int load(struct recorded *out, struct slotscope_error *err)
{
	struct log_reader *reader;
	int ret = log_open(out->path, &reader, err);

	if (ret)
		return ret;
	ret = log_read_all(reader, &out->log, err);
	/* A text says nothing of when it was */
	if (log_recording(reader))
		out->info = *recording_info(log_recording(reader));
	out->info.notes = NULL;
	log_close(reader);
	return ret;
}

/* What came after @at_ms is to come yet */
static void cut(struct slot_log *log, int at_ms)
{
	const uint64_t ns = (uint64_t)at_ms * 1000000;
	size_t nr = 0;

	while (at_ms >= 0 && nr < log->nr &&
	       log->events[nr].time_ns + log->events[nr].duration_ns <=
		       log->events[0].time_ns + ns)
		nr++;
	if (at_ms >= 0)
		log->nr = nr;
}

static int list_vms(const struct slot_log *log, struct session_vms *vms)
{
	const struct slot_event *event;
	int ret = 0;

	for (size_t i = 0; i < log->nr && !ret; i++) {
		event = &log->events[i];
		ret = session_vms_event(vms, event);
		if (!ret && event->serial)
			ret = session_vms_learn(vms, event);
	}
	return ret;
}

int recorded_load(const char *path, int at_ms, struct recorded *out,
		  struct slotscope_error *err)
{
	int ret;

	*out = (struct recorded){ .path = path };
	slot_log_init(&out->log);
	ret = load(out, err);
	if (ret)
		return ret;
	cut(&out->log, at_ms);
	if (is_of_this_boot(&out->info) &&
	    kvm_limits_probe(-1, &out->limits, &(struct slotscope_error){}))
		out->limits = (struct request_limits){};
	ret = list_vms(&out->log, &out->vms);
	return ret ? error_set(err, ret, "keep the list of VMs") : 0;
}

void recorded_deinit(struct recorded *recorded)
{
	session_vms_deinit(&recorded->vms);
	slot_log_deinit(&recorded->log);
}

uint64_t recorded_now(const struct recorded *recorded)
{
	const struct slot_log *log = &recorded->log;

	return log->nr ? log->events[log->nr - 1].time_ns +
				 log->events[log->nr - 1].duration_ns :
			 0;
}

uint64_t recorded_real(const struct recorded *recorded)
{
	const struct recording_info *info = &recorded->info;

	return info->real_ns ? info->real_ns + (recorded_now(recorded) -
						info->time_ns) :
			       0;
}

int recorded_none(const struct recorded *recorded, const struct vm_name *name,
		  struct slotscope_error *err)
{
	error_set(err, ENOENT, "look at a VM of the recording %.160s",
		  recorded->path);
	if (recorded->vms.nr) {
		vm_name_none(name, &recorded->vms, err);
		return error_next(err, "name one of those with --vm");
	}
	error_why(err, "there is no VM in it; a recording begins with those "
		       "that are there");
	return error_next(err, "see what is in it: slotscope trace");
}
