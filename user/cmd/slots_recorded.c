// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/recorded.h"
#include "cmd/slots_recorded.h"
#include "render/slots.h"
#include "render/style.h"
#include "render/text.h"
#include "view/fold.h"

static int show_vm(const struct session_vm *vm, const struct slot_state *state)
{
	const char *why = slot_state_doubt(state);
	char comm[3 * sizeof(vm->comm)];

	if (!why)
		why = slot_state_beginning(state);
	if (cmd_globals.json) {
		render_slots_json(stdout, state, NULL, NULL, NULL);
	} else {
		/* A process calls itself what it likes */
		text_clean(comm, sizeof(comm), sizeof(comm) - 1, vm->comm);
		if (!render_style.raw)
			printf("VM %" PRIu64 ": process %d (%s)\n", vm->number,
			       vm->id.tgid, comm);
		render_slots(stdout, state);
	}
	if (!why)
		return CMD_OK;
	cmd_notice("VM %" PRIu64 ": %s", vm->number, why);
	return CMD_UNKNOWN;
}

/**
 * struct seen - of the VMs that are meant
 * @shown: how many were there by then, and
 * @ended: had ended, which are left out
 */
struct seen {
	size_t shown;
	size_t ended;
};

/* Two tables, one behind the other, would be one for whoever reads them */
static int more_than_one(struct slotscope_error *err)
{
	error_set(err, ENOTUNIQ, "print one table");
	error_why(err, "there are several VMs");
	return error_next(err, "name one with --vm");
}

static int show(const struct recorded *recorded, size_t place, void *arg,
		struct slotscope_error *err)
{
	const struct session_vm *vm = &recorded->vms.vms[place];
	struct seen *seen = arg;
	struct slot_state state;
	int ret = fold(&recorded->log, &vm->id, &state);

	if (ret) {
		error_set(err, ret, "keep the slots of a VM");
	} else if (!state.gone) {
		ret = render_style.raw && seen->shown ? more_than_one(err) :
							show_vm(vm, &state);
		seen->shown++;
	} else {
		seen->ended++;
	}
	slot_state_deinit(&state);
	return ret;
}

int slots_recorded(const char *path, const struct moment *at,
		   const struct vm_name *name)
{
	struct seen seen = { 0 };
	int status = recorded_each(path, at, RECORDED_STATE, name, show, &seen);

	/* Silence would read as a VM without slots */
	if (!seen.shown && seen.ended)
		cmd_notice("no VM was there: %zu had ended", seen.ended);
	return status;
}
