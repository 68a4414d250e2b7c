// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stddef.h>

#include "session/stop.h"

volatile sig_atomic_t stop_requested;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD };

#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct {
	struct sigaction action;
	bool changed;
} found[NR_SIGNALS];

static void on_signal(int signal)
{
	(void)signal;
	stop_requested = 1;
}

static void change(int signal, void (*handler)(int))
{
	const struct sigaction action = { .sa_handler = handler };
	struct sigaction before;

	for (size_t i = 0; i < NR_SIGNALS; i++) {
		if (signals[i] != signal || sigaction(signal, &action, &before))
			continue;
		if (!found[i].changed)
			found[i].action = before;
		found[i].changed = true;
	}
}

void stop_on_signals(void)
{
	struct sigaction hangup;

	change(SIGINT, on_signal);
	change(SIGTERM, on_signal);
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN) /* nohup(1) */
		change(SIGHUP, on_signal);
}

void stop_ignore_sigpipe(void)
{
	change(SIGPIPE, SIG_IGN);
}

void stop_heed_children(void)
{
	change(SIGCHLD, SIG_DFL);
}

void stop_as_found(void)
{
	for (size_t i = 0; i < NR_SIGNALS; i++)
		if (found[i].changed)
			sigaction(signals[i], &found[i].action, NULL);
}
