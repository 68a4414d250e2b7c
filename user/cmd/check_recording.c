// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope check -i FILE: what a recording tells of VMs, be they long gone. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "check/sample.h"
#include "cmd/check_recording.h"
#include "cmd/cmd.h"
#include "cmd/verdict.h"
#include "host/process.h"
#include "kvm/limits.h"
#include "trace/recording.h"

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
static int load(const char *path, struct recording_info *info,
		struct slot_log *log, struct slotscope_error *err)
{
	struct recording_reader *reader;
	int ret = recording_open(path, &reader, err);

	if (ret)
		return ret;
	ret = recording_read_all(reader, path, log, err);
	*info = *recording_info(reader);
	recording_close(reader);
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

static int check_vm(const struct slot_log *log,
		    const struct recording_info *info,
		    const struct request_limits *limits,
		    const struct session_vms *vms, size_t place,
		    struct slotscope_error *err)
{
	const struct session_vm *vm = &vms->vms[place];
	const struct slot_event *last = &log->events[log->nr - 1];
	const uint64_t now = last->time_ns + last->duration_ns;
	struct check_input input = {
		.limits = limits,
		.log = log,
		.serial = vm->id.serial,
	};
	struct check_document document = {
		.vm = &vm->id,
		.number = vms->nr > 1 ? vm->number : 0,
		.comm = vm->comm,
		.at_ms = -1,
	};
	struct sample sample;
	int ret = sample_of_log(log, &vm->id, &sample);

	if (ret)
		return error_set(err, ret, "keep the slots of a VM");
	sample_input(&sample, &input);
	if (info->real_ns)
		document.real_ns = info->real_ns + (now - info->time_ns);
	ret = verdict_print(&input, &document, now, err);
	sample_deinit(&sample);
	return ret;
}

static int none_is_meant(const char *path, const struct vm_name *name,
			 const struct session_vms *vms)
{
	struct slotscope_error err = {};

	error_set(&err, ENOENT, "check a VM of the recording %.160s", path);
	if (vms->nr) {
		vm_name_none(name, vms, &err);
		error_next(&err, "name one of those with --vm");
	} else {
		error_why(&err, "there is no VM in it%s",
			  "; a recording begins with those that are there");
		error_next(&err, "see what is in it: slotscope trace");
	}
	return cmd_cannot_tell(&err);
}

/* A mismatch is worse than not knowing */
static int worse(int a, int b)
{
	if (a == CMD_MISMATCH || b == CMD_MISMATCH)
		return CMD_MISMATCH;
	return a > b ? a : b;
}

int check_recording(const char *path, const struct vm_name *name, int at_ms)
{
	struct recording_info info;
	struct request_limits limits = {};
	struct slotscope_error err = {};
	struct session_vms vms = {};
	struct slot_log log;
	int ret, status = CMD_OK;
	bool any = false;

	slot_log_init(&log);
	ret = load(path, &info, &log, &err);
	if (!ret) {
		cut(&log, at_ms);
		if (is_of_this_boot(&info) &&
		    kvm_limits_probe(-1, &limits, &(struct slotscope_error){}))
			limits = (struct request_limits){};
		if (list_vms(&log, &vms))
			ret = error_set(&err, ENOMEM, "keep the list of VMs");
	}
	for (size_t i = 0; i < vms.nr && ret >= 0; i++) {
		if (!vm_name_fits(name, &vms.vms[i]))
			continue;
		any = true;
		ret = check_vm(&log, &info, &limits, &vms, i, &err);
		status = worse(status, ret);
	}
	if (ret < 0)
		status = cmd_fail(&err);
	else if (!any)
		status = none_is_meant(path, name, &vms);
	session_vms_deinit(&vms);
	slot_log_deinit(&log);
	return status;
}
