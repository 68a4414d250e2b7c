/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two halves of slotscope model */
#ifndef SLOTSCOPE_CMD_MODEL_H
#define SLOTSCOPE_CMD_MODEL_H

#include <stddef.h>

#include "cmd/cmd.h"
#include "replay/replay.h"

/**
 * model_read_text() - read a whole file
 * @path: "-" is standard input
 * @out:  free() it
 *
 * Return: 0 or a negative errno with @err filled; EFBIG above a GiB.
 */
int model_read_text(const char *path, char **out, size_t *len,
		    struct slotscope_error *err);

/** model_replay() - slotscope model replay; returns an enum cmd_exit */
int model_replay(int argc, char **argv, const struct replay_options *options);

/**
 * model_mtree() - slotscope model mtree; returns an enum cmd_exit
 * @against: file with the text of info mtree -f; NULL to print
 */
int model_mtree(const char *path, const char *against);

#endif
