/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pager, as git and systemd have it: for what is longer than the terminal, and only
 * there. Its program is $SLOTSCOPE_PAGER, else $PAGER, else less -FRSX.
 */
#ifndef SLOTSCOPE_CMD_PAGER_H
#define SLOTSCOPE_CMD_PAGER_H

#include <stdbool.h>

/**
 * pager_begin() - what goes to stdout from now on is all there will be
 *
 * It is kept until it is known whether it fits the screen. Nothing happens where
 * standard output is no terminal, or there is no pager. Has been begun: nothing.
 */
void pager_begin(void);

/**
 * pager_settle() - print what is kept now, without a pager if there is none yet
 *
 * To be called before something goes elsewhere that was to stand behind it.
 */
void pager_settle(void);

/**
 * pager_end() - print what is kept; wait until nobody reads any more
 *
 * Return: true: there was a pager. Then it is no failure of ours if it took not all.
 */
bool pager_end(void);

#endif
