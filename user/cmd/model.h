/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two halves of slotscope model */
#ifndef SLOTSCOPE_CMD_MODEL_H
#define SLOTSCOPE_CMD_MODEL_H

#include <stddef.h>

#include "cmd/cmd.h"
#include "replay/replay.h"

/** model_replay() - slotscope model replay; returns an enum cmd_exit */
int model_replay(int argc, char **argv, const struct replay_options *options);

/**
 * model_mtree() - slotscope model mtree; returns an enum cmd_exit
 * @against: file with the text of info mtree -f; NULL to print
 */
int model_mtree(const char *path, const char *against);

#endif
