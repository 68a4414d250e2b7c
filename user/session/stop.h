/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ending at SIGINT or SIGTERM. */
#ifndef SLOTSCOPE_SESSION_STOP_H
#define SLOTSCOPE_SESSION_STOP_H

#include <signal.h>

/** stop_requested - set by SIGINT and SIGTERM after stop_on_signals() */
extern volatile sig_atomic_t stop_requested;

/** stop_on_signals() - have the signals interrupt waits instead of killing us */
void stop_on_signals(void);

#endif
