/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where what is printed goes, and how it looks there. What commands need is in cmd.h. */
#ifndef SLOTSCOPE_CMD_OUTPUT_H
#define SLOTSCOPE_CMD_OUTPUT_H

/**
 * output_style() - set render_style by the options so far, and by where it goes
 *
 * To be called again when one of these has changed.
 */
void output_style(void);

/**
 * output_end() - all was printed: write it out, and end as we were told to
 * @status: of the command
 *
 * Return: the status of the program; 3 in place of it if output was lost.
 */
int output_end(int status);

#endif
