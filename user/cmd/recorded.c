// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/read_file.h"
#include "cmd/cmd.h"
#include "cmd/recorded.h"
#include "host/process.h"
#include "kvm/limits.h"
#include "session/course.h"
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

/* Go to the moment that is meant; the first event was read */
static int go_to(struct recorded *out, const struct moment *at,
		 enum recorded_want want, struct recording_reader *recording,
		 struct slotscope_error *err)
{
	int ret;

	if (at->kind == MOMENT_END)
		return 0;
	ret = moment_ns(at, out->first_ns, &out->info, &out->at_ns, err);
	if (ret || !recording || want == RECORDED_HISTORY)
		return ret;
	ret = recording_seek(recording, out->at_ns, err);
	if (ret > 0)
		out->log.nr = 0;
	return ret < 0 ? ret : 0;
}

/* Nobody knows how things stood after the last that was told of them */
static int is_beyond(const struct recorded *out,
		     const struct recording_reader *recording,
		     struct slotscope_error *err)
{
	const uint64_t end_ns = recording ? recording_last_ns(recording) :
					    recorded_now(out);

	if (out->at_ns == UINT64_MAX || out->at_ns <= end_ns || out->growing)
		return 0;
	error_set(err, ERANGE, "tell how things stood by %.160s", out->path);
	error_why(err, "it ends %.3f s before that",
		  (out->at_ns - end_ns) / 1e9);
	return error_next(err, "give a time in it; without one it is its end");
}

/* The events, and from the header what the times in them are */
static int load(struct recorded *out, const struct moment *at,
		enum recorded_want want, struct slotscope_error *err)
{
	struct recording_reader *recording;
	struct log_reader *reader;
	struct slot_event event;
	int ret = log_open(out->path, &reader, err);

	if (ret)
		return ret;
	recording = log_recording(reader);
	/* A text says nothing of when it was */
	if (recording)
		out->info = *recording_info(recording);
	out->info.notes = NULL;
	ret = log_read(reader, &event, err);
	if (ret > 0) {
		out->first_ns = event.time_ns;
		ret = slot_log_add(&out->log, &event);
		if (ret)
			error_set(err, ret, "keep the events of %.160s",
				  out->path);
	}
	if (!ret)
		ret = go_to(out, at, want, recording, err);
	if (!ret)
		ret = log_read_all(reader, &out->log, err);
	out->growing = !ret && log_growing(reader);
	if (!ret)
		ret = is_beyond(out, recording, err);
	/* What will come is later than a moment that was there by now */
	if (!ret && recording && out->at_ns > recording_last_ns(recording))
		recorded_tell_growing(out->path, out->growing);
	log_close(reader);
	slot_log_until(&out->log, out->at_ns);
	return ret;
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
	/* What is recorded was */
	session_vms_gone(vms);
	return ret;
}

int recorded_load(const char *path, const struct moment *at,
		  enum recorded_want want, struct recorded *out,
		  struct slotscope_error *err)
{
	int ret;

	*out = (struct recorded){ .path = path, .at_ns = UINT64_MAX };
	slot_log_init(&out->log);
	ret = load(out, at, want, err);
	if (ret)
		return ret;
	if (is_of_this_boot(&out->info) &&
	    kvm_limits_probe(-1, &out->limits, &(struct slotscope_error){}))
		out->limits = (struct request_limits){};
	ret = list_vms(&out->log, &out->vms);
	return ret ? error_set(err, ret, "keep the list of VMs") : 0;
}

void recorded_tell_growing(const char *path, bool growing)
{
	if (growing)
		cmd_notice("%.160s is still being written",
			   read_file_name(path));
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
	if (recorded->at_ns < recorded->first_ns) {
		error_why(err, "what is kept in it begins %.3f s after that",
			  (recorded->first_ns - recorded->at_ns) / 1e9);
		return error_next(err, "give a later time");
	}
	error_why(err, "there is no VM in it; a recording begins with those "
		       "that are there");
	return error_next(err, "see what is in it: slotscope trace");
}

int recorded_each(const char *path, const struct moment *at,
		  enum recorded_want want, const struct vm_name *name,
		  recorded_look_fn *look, void *arg)
{
	struct slotscope_error err = {};
	struct recorded recorded;
	int ret, status = CMD_OK;
	bool any = false;

	ret = recorded_load(path, at, want, &recorded, &err);
	for (size_t i = 0; ret >= 0 && i < recorded.vms.nr; i++) {
		if (!vm_name_fits(name, &recorded.vms.vms[i]))
			continue;
		any = true;
		ret = look(&recorded, i, arg, &err);
		status = ret < 0 ? status : course_worse(status, ret);
	}
	if (ret < 0) {
		status = cmd_fail(&err);
	} else if (!any) {
		recorded_none(&recorded, name, &err);
		status = cmd_cannot_tell(&err);
	}
	recorded_deinit(&recorded);
	return status;
}
