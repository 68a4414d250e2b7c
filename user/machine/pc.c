// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "machine/board.h"
#include "machine/chipset.h"
#include "machine/i440fx.h"
#include "machine/pc.h"
#include "machine/pc_common.h"

struct pc {
	struct pc_common common;
	struct i440fx bridge;
	struct piix piix;
};

static int pc_reset(struct machine *m, struct slotscope_error *err)
{
	struct pc *pc = m->board;

	return pc_common_reset(&pc->common, err);
}

static int pc_init(struct machine *m, struct slotscope_error *err)
{
	struct pc *pc = calloc(1, sizeof(*pc));
	int ret;

	if (!pc)
		return error_set(err, ENOMEM, "build a PC");
	m->board = pc;
	pc->common.reset_port = "piix3-reset-control";
	pc->common.host = I440FX_OWNER;
	pc->common.ioapic = I440FX_OWNER "/ioapic";
	ret = pc_common_init_memory(&pc->common, m, err);
	if (!ret)
		ret = i440fx_init(&pc->bridge, &pc->common.pci, err);
	if (!ret)
		ret = pc_common_init_devices(&pc->common, m, err);
	if (!ret)
		ret = piix_init(&pc->piix, &pc->common.pci, err);
	return ret ? ret : pc_reset(m, err);
}

const struct machine_class machine_pc = {
	.name = "pc",
	.about = "i440FX and PIIX, of 1996",
	.ram_board = RAM_BOARD_PC,
	.check = board_check_bios,
	.init = pc_init,
	.reset = pc_reset,
};
