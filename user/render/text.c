// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "render/color.h"
#include "render/style.h"
#include "render/text.h"

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

void text_clean(char *dst, size_t size, size_t max, const char *src)
{
	size_t at = 0;
	size_t fits = 0; /* how much may stay if "..." must follow */
	char escape[4];
	size_t len;

	if (max > size - 1)
		max = size - 1;
	for (; *src; src++) {
		if (printable(*src))
			snprintf(escape, sizeof(escape), "%c", *src);
		else
			snprintf(escape, sizeof(escape), "\\%02x",
				 (unsigned char)*src);
		len = strlen(escape);
		if (at + len > max) {
			at = fits;
			for (int i = 0; i < 3 && at < max; i++)
				dst[at++] = '.';
			break;
		}
		memcpy(dst + at, escape, len);
		at += len;
		if (at + 3 <= max)
			fits = at;
	}
	dst[at] = '\0';
}

static int put_char(FILE *out, char c)
{
	if (printable(c))
		return fputc(c, out) == EOF ? 0 : 1;
	return fprintf(out, "\\%02x", (unsigned char)c);
}

static size_t width(const char *word, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += printable(word[i]) ? 1 : 3;
	return columns;
}

/* The next word: up to a blank, but for those between backquotes */
static size_t word_len(const char *text, bool *command)
{
	size_t len = strcspn(text, " \n`"), end;

	*command = false;
	if (text[len] == '`') {
		end = len + 1 + strcspn(text + len + 1, "\n`");
		*command = text[end] == '`';
		len = *command ? end + 1 : len;
	}
	return len + strcspn(text + len, " \n");
}

static size_t new_line(FILE *out, int indent)
{
	fprintf(out, "\n%*s", indent, "");
	return indent;
}

void text_fill(FILE *out, const char *first, int indent, unsigned int columns,
	       const char *text)
{
	const size_t max = columns;
	size_t column = color_width(first);
	int hang = indent;  /* of the lines of this paragraph */
	bool begun = false; /* a word stands on this line */
	bool command;
	size_t len;

	fputs(first, out);
	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		if (*text == '\n') {
			text++;
			hang = indent + (int)strspn(text, " ");
			column = *text == '\n' || !*text ? new_line(out, 0) :
							   new_line(out, hang);
			begun = false;
			continue;
		}
		len = word_len(text, &command);
		if (begun && column + 1 + width(text, len) > max) {
			column = new_line(out, hang);
			begun = false;
		}
		if (begun) {
			fputc(' ', out);
			column++;
		}
		begun = true;
		/*
		 * A word wider than a line is cut where the line ends; not what
		 * is to be typed
		 */
		for (; len; len--, text++) {
			if (!command && column + width(text, 1) > max)
				column = new_line(out, hang);
			column += put_char(out, *text);
		}
	}
	fputc('\n', out);
}

void text_wrap(FILE *out, const char *first, int indent, const char *text)
{
	text_fill(out, first, indent, render_style.columns - 1, text);
}

static bool is_prose(const char *line)
{
	return *line && *line != ' ' && *line != '\n';
}

int text_prose(FILE *out, const char *first, const char *text)
{
	char *paragraph = malloc(strlen(text) + 1);
	size_t len = 0, line;

	if (!paragraph)
		return -ENOMEM;
	for (; *text; text += line + !!text[line]) {
		line = strcspn(text, "\n");
		if (!is_prose(text)) {
			fprintf(out, "%s%.*s\n", first, (int)line, text);
			first = "";
			continue;
		}
		memcpy(paragraph + len, text, line);
		len += line;
		paragraph[len++] = ' ';
		if (text[line] && is_prose(text + line + 1))
			continue;
		paragraph[len - 1] = '\0';
		text_wrap(out, first, 0, paragraph);
		first = "";
		len = 0;
	}
	free(paragraph);
	return 0;
}
