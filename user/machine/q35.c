// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "machine/board.h"
#include "machine/chipset.h"
#include "machine/mch.h"
#include "machine/pc.h"
#include "machine/pc_common.h"

#define OWNER_HOST "dev path=/machine/q35"

struct q35 {
	struct pc_common common;
	struct mch mch;
	struct ich9 ich9;
};

static int q35_reset(struct machine *m, struct slotscope_error *err)
{
	struct q35 *q35 = m->board;

	return pc_common_reset(&q35->common, err);
}

static int q35_init(struct machine *m, struct slotscope_error *err)
{
	struct q35 *q35 = calloc(1, sizeof(*q35));
	int ret;

	if (!q35)
		return error_set(err, ENOMEM, "build a Q35");
	m->board = q35;
	q35->common.reset_port = "lpc-reset-control";
	q35->common.host = OWNER_HOST;
	q35->common.ioapic = OWNER_HOST "/ioapic";
	ret = pc_common_init_memory(&q35->common, m, err);
	if (!ret)
		ret = mch_init(&q35->mch, &q35->common.pci, err);
	if (!ret)
		ret = pc_common_init_devices(&q35->common, m, err);
	if (!ret)
		ret = ich9_init(&q35->ich9, &q35->common.pci, err);
	return ret ? ret : q35_reset(m, err);
}

const struct machine_class machine_q35 = {
	.name = "q35",
	.about = "Q35 and ICH9, of 2007, with PCI Express",
	.ram_board = RAM_BOARD_Q35,
	.check = board_check_bios,
	.init = q35_init,
	.reset = q35_reset,
};
