/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the main() of each of our programs is made of. */
#ifndef SLOTSCOPE_CMD_PROGRAM_H
#define SLOTSCOPE_CMD_PROGRAM_H

/**
 * program_main() - run a program
 * @run: the program, which returns an enum cmd_exit
 *
 * Standard descriptors that are closed are filled before it; after it what was
 * printed is flushed, and if that fails, said: a full disk shows at the last write
 * at the latest.
 *
 * Return: the status to leave with.
 */
int program_main(int argc, char **argv, int (*run)(int argc, char **argv));

#endif
