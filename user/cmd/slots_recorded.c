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
static int show(const struct recorded *recorded, size_t place, void *arg,
		struct slotscope_error *err)
{
	const struct session_vm *vm = &recorded->vms.vms[place];
	const struct vm_name *name = arg;
	struct slot_state state;
	int ret = fold(&recorded->log, &vm->id, &state);

	if (ret)
		error_set(err, ret, "keep the slots of a VM");
	else if (!state.gone)
		ret = show_vm(vm, &state);
	else if (name->text && !cmd_globals.json)
		printf("VM %" PRIu64 " had ended\n", vm->number);
	slot_state_deinit(&state);
	return ret;
}

int slots_recorded(const char *path, const struct moment *at,
		   const struct vm_name *name)
{
	return recorded_each(path, at, RECORDED_STATE, name, show,
			     (void *)name);
}
