/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line on standard error that tells what takes long (base/progress.h): on a terminal
 * alone, once nothing was printed for a second. It is erased before anything else is
 * printed, and at the end.
 */
#ifndef SLOTSCOPE_CMD_PROGRESS_LINE_H
#define SLOTSCOPE_CMD_PROGRESS_LINE_H

/** progress_line_start() - show it from now on, where that makes sense */
void progress_line_start(void);

/** progress_line_stop() - no more: somebody else prints to the terminal now */
void progress_line_stop(void);

#endif
