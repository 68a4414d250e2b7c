// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/screen.h"
#include "host/terminal.h"

#define ALTERNATE "\033[?1049h"
#define ORIGINAL  "\033[?1049l"
#define HIDE	  "\033[?25l"
#define SHOW	  "\033[?25h"
#define HOME	  "\033[H"
#define REST	  "\033[K" /* of the line: erase */
#define BELOW	  "\033[J"

static struct termios found;
static bool has_keys;

bool screen_is_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

void screen_open(void)
{
	struct termios keys;

	has_keys = !tcgetattr(STDIN_FILENO, &found);
	if (has_keys) {
		keys = found;
		keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		keys.c_cc[VMIN] = 0;
		keys.c_cc[VTIME] = 0;
		keys.c_cc[VSUSP] = _POSIX_VDISABLE;
		tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	}
	fputs(ALTERNATE HIDE, stdout);
	fflush(stdout);
}

void screen_close(void)
{
	fputs(SHOW ORIGINAL, stdout);
	fflush(stdout);
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &found);
	has_keys = false;
}

static size_t count_lines(const char *text)
{
	size_t nr = 0;

	while ((text = strchr(text, '\n'))) {
		nr++;
		text++;
	}
	return nr;
}

void screen_show(char *text)
{
	struct winsize size;
	size_t lines = count_lines(text), room, shown = 0;
	char *end;

	terminal_size(STDOUT_FILENO, &size);
	room = size.ws_row;
	fputs(HOME, stdout);
	for (; (end = strchr(text, '\n')) && shown < room; text = end + 1) {
		*end = '\0';
		if (shown)
			fputs("\r\n", stdout);
		if (lines > room && shown + 1 == room)
			printf("%zu more lines" REST, lines - shown);
		else
			printf("%.*s" REST, size.ws_col, text);
		shown++;
	}
	fputs(BELOW, stdout);
}

char screen_key(int wait_ms)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	if (!has_keys || poll(&in, 1, wait_ms) <= 0 ||
	    read(STDIN_FILENO, &key, 1) != 1)
		return 0;
	return key;
}
