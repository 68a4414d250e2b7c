/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check --watch: VMs are checked at each change, and what changed is told. */
#ifndef SLOTSCOPE_CMD_WATCH_H
#define SLOTSCOPE_CMD_WATCH_H

#include "session/checker.h"

/**
 * watch() - check until a signal asks to stop, or there is nothing left to check
 * @checker: open; what it traces tells of changes. Without a tracer KVM's own
 *	     generations do
 *
 * There is never more than one check at a time: it is made after the changes that
 * there are by then, and told for how many it stands. What is meant and what is mapped
 * may change without KVM: without a change there is a check now and then.
 *
 * Errors are printed. Return: an enum cmd_exit, the worst of all checks: of a mismatch
 * that has gone again, too.
 */
int watch(struct checker *checker);

#endif
