// SPDX-License-Identifier: GPL-2.0-or-later
/* slotscope check -i FILE: what a recording tells of VMs, be they long gone. */
#include <errno.h>

#include "check/sample.h"
#include "cmd/check_recording.h"
#include "cmd/cmd.h"
#include "cmd/recorded.h"
#include "cmd/verdict.h"

static int check_vm(const struct recorded *recorded, size_t place, void *arg,
		    struct slotscope_error *err)
{
	const struct session_vm *vm = &recorded->vms.vms[place];
	struct check_input input = {
		.limits = &recorded->limits,
		.log = &recorded->log,
		.serial = vm->id.serial,
	};
	struct check_document document = {
		.vm = &vm->id,
		.number = recorded->vms.nr > 1 ? vm->number : 0,
		.comm = vm->comm,
		.real_ns = recorded_real(recorded),
		.at_ms = -1,
	};
	struct sample sample;
	int ret = sample_of_log(&recorded->log, &vm->id, &sample);

	if (ret)
		return error_set(err, ret, "keep the slots of a VM");
	sample_input(&sample, &input);
	ret = verdict_print(&input, &document, recorded_now(recorded), err);
	sample_deinit(&sample);
	return ret;
}

int check_recording(const char *path, const struct vm_name *name, int at_ms)
{
	const struct moment at = moment_after_ms(at_ms);

	return recorded_each(path, &at, RECORDED_HISTORY, name, check_vm, NULL);
}
