/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that shows a text in place of the one before: the alternate screen, by
 * the sequences that every terminal since the VT100 and xterm has. Keys are read as
 * they are pressed, if standard input is a terminal.
 */
#ifndef SLOTSCOPE_CMD_SCREEN_H
#define SLOTSCOPE_CMD_SCREEN_H

#include <stdbool.h>

/** screen_is_terminal() - is standard output one? */
bool screen_is_terminal(void);

/**
 * screen_open() - go to the alternate screen
 *
 * Also a SIGTSTP from the keyboard is off: who stops us would be left in it.
 */
void screen_open(void);

/** screen_close() - back to what was there before */
void screen_close(void);

/**
 * screen_show() - show a text, cut to the terminal's size as it is now
 * @text: whole lines of printable ASCII. It is changed
 *
 * Of more lines than there is room for, the last one tells how many there are.
 */
void screen_show(char *text);

/**
 * screen_key() - the next key that was pressed
 * @wait_ms: how long to wait for one
 *
 * Return: 0 without one.
 */
char screen_key(int wait_ms);

#endif
