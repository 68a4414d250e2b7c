/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What signals do to us, and do not do to what we start. */
#ifndef SLOTSCOPE_SESSION_STOP_H
#define SLOTSCOPE_SESSION_STOP_H

#include <signal.h>

/** stop_requested - set by SIGINT, SIGTERM and SIGHUP after stop_on_signals() */
extern volatile sig_atomic_t stop_requested;

/** stop_on_signals() - have the signals interrupt waits instead of killing us */
void stop_on_signals(void);

/**
 * stop_ignore_sigpipe() - a write to a pipe that nobody reads fails with EPIPE
 *
 * To be called when the program begins.
 */
void stop_ignore_sigpipe(void);

/** stop_heed_children() - be told of children's ends, whatever our parent ignored */
void stop_heed_children(void);

/** stop_as_found() - all as it was before the above: for a command we start */
void stop_as_found(void);

#endif
