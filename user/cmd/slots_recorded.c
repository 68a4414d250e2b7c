// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"
#include "cmd/cmd.h"
#include "cmd/recorded.h"
#include "cmd/slots_recorded.h"
#include "render/slots.h"
#include "view/fold.h"

static int show_vm(const struct session_vm *vm, const struct slot_state *state)
{
	const char *why = slot_state_doubt(state);

	if (!why)
		why = slot_state_beginning(state);
	if (cmd_globals.json) {
		render_slots_json(stdout, state, NULL, NULL, NULL);
	} else {
		printf("VM %" PRIu64 ": process %d (%s)\n", vm->number,
		       vm->id.tgid, vm->comm);
		render_slots(stdout, state);
	}
	if (!why)
		return CMD_OK;
	fprintf(stderr, "slotscope: VM %" PRIu64 ": %s\n", vm->number, why);
	return CMD_UNKNOWN;
}

/* One that had ended by then is told of only to who names it */
static int show(const struct recorded *recorded, const struct session_vm *vm,
		bool named, struct slotscope_error *err)
{
	struct slot_state state;
	int ret = fold(&recorded->log, &vm->id, &state);

	if (ret)
		error_set(err, ret, "keep the slots of a VM");
	else if (!state.gone)
		ret = show_vm(vm, &state);
	else if (named && !cmd_globals.json)
		printf("VM %" PRIu64 " had ended\n", vm->number);
	slot_state_deinit(&state);
	return ret;
}

int slots_recorded(const char *path, const struct moment *at,
		   const struct vm_name *name)
{
	struct slotscope_error err = {};
	struct recorded recorded;
	int ret, status = CMD_OK;
	bool any = false;

	ret = recorded_load(path, at, RECORDED_STATE, &recorded, &err);
	for (size_t i = 0; ret >= 0 && i < recorded.vms.nr; i++) {
		const struct session_vm *vm = &recorded.vms.vms[i];

		if (!vm_name_fits(name, vm))
			continue;
		any = true;
		ret = show(&recorded, vm, name->text, &err);
		if (ret > status)
			status = ret;
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
